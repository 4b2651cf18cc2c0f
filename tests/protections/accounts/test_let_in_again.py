"""Break-glass: a member of staff who lost every key comes in again, and everybody hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import tests.django_world as world
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client, override_settings
from django.utils import timezone
from tests.console.test_console import signed_in
from tests.kernel.builders import START, person

from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties import security_events, staff
from safeconduct.kernel.parties.errors import NoSuchPerson
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.accounts.sign_in.break_glass import let_in_again

WHY = "Lost her key; I know her and saw her today."


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    world.forget_everything()
    cache.clear()
    yield


@override_settings(STAFF_PASSKEY_ONLY=True)
def test_who_lost_every_key_gets_a_password_and_the_console_asks_for_a_new_passkey_first() -> None:
    old, user = signed_in()
    old.get("/console/")
    administrator = person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        password = let_in_again(user.email, WHY, at=timezone.now())
        assert not Authenticator.objects.filter(user=user).exists()
        told = set(NoticeCopy.objects.values_list("person_id", flat=True))
        (event,) = security_events.of_person(user.id, since=START)
    assert told == {administrator.id, user.id}
    assert (event.kind, event.level, event.why) == ("break_glass", "alert", WHY)
    assert old.get("/console/").headers["Location"].startswith("/accounts/login/")
    fresh = Client()
    assert fresh.post("/accounts/login/", {"login": user.email, "password": password}).status_code == 302
    assert fresh.get("/console/").headers["Location"] == "/accounts/2fa/"


@pytest.mark.parametrize(("hours", "opens"), [(23, True), (25, False)])
def test_the_password_that_is_handed_over_ends_after_a_day(hours: int, opens: bool) -> None:
    user = person(StaffRole.LEAD)
    with staff_scope():
        password = let_in_again(user.email, WHY, at=timezone.now() - timedelta(hours=hours))
    answer = Client().post("/accounts/login/", {"login": user.email, "password": password})
    assert (answer.status_code == 302) is opens


def test_the_password_that_the_person_chooses_then_does_not_end() -> None:
    user, fresh, own = person(StaffRole.LEAD), Client(), "a sentence of my own choice"
    with staff_scope():
        password = let_in_again(user.email, WHY, at=timezone.now())
    fresh.post("/accounts/login/", {"login": user.email, "password": password})
    given = {"oldpassword": password, "password1": own, "password2": own}
    assert fresh.post("/accounts/password/change/", given).status_code == 302
    with staff_scope():
        assert User.objects.get(id=user.id).password_until is None
    assert Client().post("/accounts/login/", {"login": user.email, "password": own}).status_code == 302
    assert Client().post("/accounts/login/", {"login": user.email, "password": password}).status_code == 200


def test_who_is_let_in_again_after_being_shut_out_signs_in_anew() -> None:
    client, user = signed_in()
    assert client.get("/console/").status_code == 200
    administrator = person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        staff.deactivate(user.id, administrator, at=timezone.now())
    with staff_scope():
        staff.reactivate(user.id, administrator)
    assert client.get("/console/").headers["Location"].startswith("/accounts/login/")


def test_it_is_for_staff_only() -> None:
    member = person(StaffRole.NONE)
    with staff_scope(), pytest.raises(NoSuchPerson):
        let_in_again(member.email, WHY, at=START)
