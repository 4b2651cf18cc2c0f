"""Keys that end: who can replace them hears of it in time, and not again and again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import tests.django_world as world
from tests.kernel.builders import person

from safeconduct.kernel.notices.key_reminders import remind, remind_of_vault
from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties.keys import Scope, create_key, revoke_key
from safeconduct.kernel.parties.models import ApiKey, StaffRole
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope
from safeconduct.kernel.vault import regions, rotation

NOW = datetime.now(UTC)
OWNER = Actor("test", "owner")


@pytest.fixture(autouse=True)
def empty_database() -> None:
    world.forget_everything()


def key(*, used: bool = True) -> ApiKey:
    """A key that ends in 180 days."""
    with staff_scope():
        made = create_key("shop", (Scope.EVENTS_WRITE,), OWNER, at=NOW)[0]
        if used:
            ApiKey.objects.filter(id=made.id).update(last_used_on=(NOW + timedelta(days=170)).date())
    return made


def test_each_administrator_is_told_three_weeks_and_three_days_before_once_each() -> None:
    administrators, _lead = [person(StaffRole.ADMINISTRATOR) for _ in range(2)], person(StaffRole.LEAD)
    made = key()
    told = [remind(NOW + timedelta(days=day)) for day in (150, 158, 160, 160, 170, 176, 178, 179, 181)]
    assert told == [0, 0, 2, 0, 0, 0, 2, 0, 0]
    with staff_scope():
        copies = NoticeCopy.objects.filter(notice__code="key.ending").select_related("notice")
        assert {copy.person_id for copy in copies} == {one.id for one in administrators}
        assert {copy.notice.values["key"] for copy in copies} == {made.id}


def test_a_key_that_nobody_uses_or_that_was_revoked_ends_without_a_word() -> None:
    person(StaffRole.ADMINISTRATOR)
    key(used=False)
    gone = key()
    with staff_scope():
        revoke_key(gone.id, OWNER, at=NOW)
    assert remind(NOW + timedelta(days=170)) == 0


def vault_key_made(at: datetime | None) -> None:
    regions.newest()
    with engine_scope():
        query("UPDATE vault_region_key SET made_at = %s", [at])


def test_administrators_hear_that_the_vaults_key_is_to_be_replaced_until_somebody_does() -> None:
    first, _lead = person(StaffRole.ADMINISTRATOR), person(StaffRole.LEAD)
    vault_key_made(NOW)
    told = [remind_of_vault(NOW + timedelta(days=day)) for day in (200, 335, 336, 337, 365, 366, 370, 395, 396)]
    assert told == [0, 0, 1, 0, 0, 1, 0, 0, 1]
    with staff_scope():
        copies = list(NoticeCopy.objects.filter(notice__code="vault_key.old").select_related("notice"))
    assert {copy.person_id for copy in copies} == {first.id}
    rotation.rotate_region(now=NOW)
    assert remind_of_vault(NOW + timedelta(days=1)) == 0, "the new one is of now"


def test_a_key_of_which_nobody_knows_its_age_counts_as_due_and_is_said_each_month() -> None:
    person(StaffRole.ADMINISTRATOR)
    vault_key_made(None)
    assert [remind_of_vault(NOW + timedelta(days=day)) for day in (0, 0, 40)] == [1, 0, 1]
