"""Who comes to a shop, near its money, and who goes: its owners hear of it, and so does whom another owner puts out."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from safeconduct.kernel.notices.models import NoticeCopy, StoredNotice
from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.models import AccountCase, MemberRole, User
from safeconduct.kernel.scope import staff_scope
from tests.portal import shops
from tests.portal.shops import PASSWORD, read

PEOPLE = "/portal/people/"


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    cache.clear()
    shops.open_for_business()


def at_a_browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def membership_of(user: User) -> str:
    return members.sellers_of(user, at=shops.NOW)[0].id


def told(what: str) -> set[str]:
    """Who got a notice of this kind."""
    with staff_scope():
        rows = NoticeCopy.objects.filter(notice__code="people.changed", notice__values__what=what)
        return set(rows.values_list("person_id", flat=True))


def shown_anew(client: Client, path: str, given: dict[str, str]) -> Any:
    """Does it, after showing who one is where that is asked for."""
    answer = client.post(path, given)
    if "/reauthenticate/" in answer.headers.get("Location", ""):
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        answer = client.post(path, given)
    return answer


def test_owners_hear_whom_one_of_them_invites_near_the_money_and_who_comes() -> None:
    owner, other = shops.member("sel-1"), shops.member("sel-1")
    support = shops.member("sel-1", role=MemberRole.SUPPORT)
    client = at_a_browser(owner)
    page = client.post(PEOPLE + "invite/", {"email": "x@example.org", "role": "finance"}).content.decode()
    assert told("invited") == {owner.id, other.id}
    link = page.split("/portal/welcome/")[1].split("/")[0].split('"')[0]
    given = {"name": "Xavier", "password": "a long pass phrase of his"}
    assert Client().post(f"/portal/welcome/{link}/", given).status_code == 302
    assert told("joined") == {owner.id, other.id} and support.id not in told("joined")
    security = read(client, "/portal/accounts/")
    assert "Invited somebody to act for the shop" in security and "Acts for the shop from now on" in security
    client.post(PEOPLE + "invite/", {"email": "y@example.org", "role": "support"})
    with staff_scope():
        assert StoredNotice.objects.filter(code="people.changed", values__what="invited").count() == 1


def test_no_open_session_alone_puts_another_owner_out() -> None:
    thief, owner = at_a_browser(shops.member("sel-1")), shops.member("sel-1")
    for path, given in ((f"{PEOPLE}{membership_of(owner)}/end/", {}),
                        (f"{PEOPLE}{membership_of(owner)}/role/", {"role": "read_only"})):  # fmt: skip
        assert "/reauthenticate/" in thief.post(path, given).headers["Location"]
    assert members.sellers_of(owner, at=shops.NOW)[0].role == MemberRole.OWNER


@pytest.mark.parametrize(("verb", "given"), [("end", {}), ("role", {"role": "read_only"})])
def test_whom_another_owner_puts_out_is_told_with_a_way_to_stop_what_came_after(
    verb: str, given: dict[str, str]
) -> None:
    thief, owner = shops.member("sel-1"), shops.member("sel-1")
    done = shown_anew(at_a_browser(thief), f"{PEOPLE}{membership_of(owner)}/{verb}/", given)
    assert done.status_code == 303
    with staff_scope():
        notice = StoredNotice.objects.get(person=owner, values__what="ownership_ended")
    mailbox = Client()
    mailbox.get(notice.url, follow=True)
    assert "It is stopped" in mailbox.post(notice.url).content.decode()
    with staff_scope():
        assert AccountCase.objects.get().person_id == owner.id
    assert thief.id in told("ended" if verb == "end" else "role")


def test_who_leaves_by_themselves_gets_no_such_mail() -> None:
    shops.member("sel-1")
    leaver = shops.member("sel-1")
    assert at_a_browser(leaver).post(f"{PEOPLE}{membership_of(leaver)}/end/").status_code == 303
    with staff_scope():
        assert not StoredNotice.objects.filter(values__what="ownership_ended").exists()
