"""Break-glass: a member of staff who lost every key comes in again, and everybody hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import tests.django_world as world
from allauth.account.forms import default_token_generator
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client, override_settings
from django.utils import timezone
from tests.console.test_console import signed_in
from tests.kernel.builders import START, person

from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.notices.rendering import reader_of, render
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


OWN = "a sentence of my own choice"


def chosen(client: Client, link: str, password: str = OWN) -> bool:
    """Whether somebody who opens the link may choose a password there."""
    answer = client.get(link)
    if answer.status_code != 302:
        return False
    given = {"password1": password, "password2": password}
    return client.post(answer.headers["Location"], given).status_code == 302


def enters(client: Client, user: User, password: str = OWN) -> bool:
    return client.post("/accounts/login/", {"login": user.email, "password": password}).status_code == 302


@override_settings(STAFF_PASSKEY_ONLY=True)
def test_who_lost_every_key_chooses_a_password_and_the_console_asks_for_a_new_passkey_first() -> None:
    old, user = signed_in()
    old.get("/console/")
    administrator = person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        link = let_in_again(user.email, WHY, at=timezone.now())
        assert not Authenticator.objects.filter(user=user).exists()
        told = NoticeCopy.objects.select_related("notice").filter(person=administrator)
        (said,) = [copy.notice for copy in told]
        assert set(NoticeCopy.objects.values_list("person_id", flat=True)) == {administrator.id, user.id}
        (event,) = security_events.of_person(user.id, since=START)
    assert (event.kind, event.level, event.why) == ("break_glass", "alert", WHY)
    assert str(user) not in repr(said.values), "the name is sealed where the notice lies"
    assert str(user) in render(said.code, said.values, reader_of("es", "UTC", timezone.now())).subject
    assert old.get("/console/").headers["Location"].startswith("/accounts/login/")
    fresh = Client()
    assert chosen(fresh, link) and enters(fresh, user)
    assert fresh.get("/console/").headers["Location"] == "/accounts/2fa/"


def test_the_operator_learns_no_password_and_until_the_person_has_chosen_there_is_none() -> None:
    user = person(StaffRole.LEAD)
    with staff_scope():
        user.set_password(OWN)
        user.save()
        link = let_in_again(user.email, WHY, at=timezone.now())
        assert not User.objects.get(id=user.id).has_usable_password()
    assert not enters(Client(), user)
    assert chosen(Client(), link, "another sentence of my own")
    assert enters(Client(), user, "another sentence of my own")
    with staff_scope():
        assert User.objects.get(id=user.id).password_until is None
        recovered = [event for event in security_events.of_person(user.id, since=START) if event.kind == "recovered"]
    assert [event.facts["by"] for event in recovered] == ["operator"]


def test_the_link_opens_once() -> None:
    user = person(StaffRole.LEAD)
    with staff_scope():
        link = let_in_again(user.email, WHY, at=timezone.now())
    assert chosen(Client(), link)
    assert not chosen(Client(), link, "what a thief would choose")
    assert enters(Client(), user)


def test_after_ten_minutes_the_link_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    user = person(StaffRole.LEAD)
    with staff_scope():
        link = let_in_again(user.email, WHY, at=timezone.now())
    monkeypatch.setattr(default_token_generator, "_now", lambda: datetime.now() + timedelta(minutes=11))  # noqa: DTZ005
    assert not chosen(Client(), link)


@pytest.mark.parametrize(("hours", "opens"), [(1, True), (-1, False)])
def test_the_password_that_is_handed_over_opens_until_its_end(hours: int, opens: bool) -> None:
    """That of the first member of staff, which `safeconduct people invite` makes."""
    user = person(StaffRole.LEAD, password=OWN, password_until=timezone.now() + timedelta(hours=hours))
    assert enters(Client(), user) is opens


def test_who_is_let_in_again_after_being_shut_out_signs_in_anew() -> None:
    client, user = signed_in()
    assert client.get("/console/").status_code == 200
    administrator = person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        staff.deactivate(user.id, administrator, at=timezone.now())
    with staff_scope():
        staff.reactivate(user.id, administrator, at=timezone.now())
    assert client.get("/console/").headers["Location"].startswith("/accounts/login/")


def test_it_is_for_staff_only() -> None:
    member = person(StaffRole.NONE)
    with staff_scope(), pytest.raises(NoSuchPerson):
        let_in_again(member.email, WHY, at=START)
