"""An owner signs somebody of the shop out everywhere, and cannot touch anybody else's."""

from __future__ import annotations

import pytest
from django.test import Client

from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties.models import MemberRole, Membership, SecurityEvent, User
from safeconduct.kernel.scope import staff_scope
from tests.portal import shops


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def at_work(user: User) -> Client:
    client = Client()
    client.force_login(user)
    assert client.get("/portal/").status_code == 200
    return client


def membership_of(user: User) -> str:
    with staff_scope():
        return Membership.objects.get(person=user).id


def test_a_members_sessions_end_once_the_owner_has_shown_who_they_are() -> None:
    owner, member = shops.member("sel-1"), shops.member("sel-1", role=MemberRole.SUPPORT)
    boss, working = at_work(owner), at_work(member)
    page = f"/portal/people/{membership_of(member)}/sessions/"
    assert page in shops.read(boss, "/portal/people/")
    assert "/accounts/reauthenticate/" in boss.post(page).headers["Location"]
    assert working.get("/portal/").status_code == 200, "whoever sits at an open session signs nobody out"
    boss.post("/accounts/reauthenticate/", {"password": shops.PASSWORD})
    assert boss.post(page).status_code == 303
    turned_away = working.get("/portal/", follow=True).content.decode()
    assert "An owner of your shop has ended your sessions" in turned_away
    at_work(member)
    with staff_scope():
        event = SecurityEvent.objects.get(kind="sessions_ended")
        assert (event.person_id, event.actor, event.role, event.why) == (member.id, owner.id, "owner", "")
        assert StoredNotice.objects.get(values__what="sessions_ended").person_id == member.id
    assert "ended all their open sessions" in shops.read(boss, "/portal/accounts/")


def test_nobody_ends_the_sessions_of_people_of_another_shop_and_no_other_role_ends_any() -> None:
    owner, stranger = shops.member("sel-1"), shops.member("sel-2")
    support = shops.member("sel-1", role=MemberRole.SUPPORT)
    boss, working = at_work(owner), at_work(stranger)
    boss.post("/accounts/reauthenticate/", {"password": shops.PASSWORD})
    assert boss.post(f"/portal/people/{membership_of(stranger)}/sessions/").status_code == 404
    assert at_work(support).post(f"/portal/people/{membership_of(owner)}/sessions/").status_code == 403
    assert working.get("/portal/").status_code == 200
