"""What an administrator does to somebody's access stands in the record, and who loses a second step hears of it."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings
from tests.console.test_console import signed_in
from tests.console.test_staff_passkeys import has_a_passkey, shown

from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties.models import SecurityEvent, StaffRole, User
from safeconduct.kernel.parties.staff import has_second_factor
from safeconduct.kernel.scope import staff_scope


def colleague() -> tuple[Client, User]:
    return signed_in(StaffRole.LEAD)


def does(verb: str, to: User, **given: str) -> int:
    administrator, _who = signed_in(StaffRole.ADMINISTRATOR)
    return administrator.post(f"/console/people/{to.id}/{verb}/", given).status_code


@pytest.mark.parametrize(
    ("verb", "given", "kind"),
    [("role", {"role": "analyst"}, "role_changed"), ("deactivate", {}, "shut_out"), ("reactivate", {}, "let_in")],
)
def test_it_is_written_down_by_whom(verb: str, given: dict[str, str], kind: str) -> None:
    _client, lead = colleague()
    assert does(verb, lead, **given) == 303
    with staff_scope():
        event = SecurityEvent.objects.get(person=lead, kind=kind)
    assert (event.role, event.seller_key) == ("administrator", None) and event.actor != lead.id


def test_a_second_step_that_is_taken_away_ends_sessions_and_is_told() -> None:
    client, lead = colleague()
    assert client.get("/console/").status_code == 200
    assert does("reset-second-step", lead) == 303
    assert client.get("/console/").status_code == 302
    with staff_scope():
        assert not has_second_factor(lead)
        assert StoredNotice.objects.filter(person=lead, values__what="factors_reset").count() == 1


@override_settings(STAFF_PASSKEY_ONLY=True)
def test_where_passkeys_are_all_that_counts_one_administrator_alone_takes_none_away() -> None:
    _client, lead = colleague()
    administrator, who = signed_in(StaffRole.ADMINISTRATOR)
    has_a_passkey(who)
    shown(administrator, who, "webauthn")
    assert "reset-second-step" not in administrator.get("/console/people/").content.decode()
    assert administrator.post(f"/console/people/{lead.id}/reset-second-step/").status_code == 409
    with staff_scope():
        assert has_second_factor(lead)
