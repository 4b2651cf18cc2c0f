"""What somebody's access could do, in plain words, and access that ends by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.errors import EndRefused
from safeconduct.kernel.parties.models import Invitation, MemberRole, User
from safeconduct.kernel.scope import staff_scope
from tests.portal import shops
from tests.portal.shops import read

PEOPLE = "/portal/people/"


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def membership_of(user: User) -> str:
    with staff_scope():
        (found,) = members.sellers_of(user, at=shops.NOW)
    return found.id


def test_each_sees_their_own_powers_and_the_owner_everybodys_of_this_shop_only() -> None:
    finance, foreign = shops.member("sel-1", role=MemberRole.FINANCE), shops.member("sel-2")
    owner, reader = shops.signed_in("sel-1"), shops.signed_in("sel-1", role=MemberRole.READ_ONLY)
    assert "Nothing: this access only looks." not in read(owner, PEOPLE + "powers/")
    text = read(reader, PEOPLE + "powers/")
    assert text.index("Does") < text.index("Make their own browsers unknown") < text.index("May not")
    assert text.index("May not") < text.index("Invite people to act for the shop")
    text = read(owner, f"{PEOPLE}{membership_of(finance)}/powers/")
    assert text.index("Give a chargeback up") < text.index("May not") < text.index("Withdraw an invitation")
    assert reader.get(f"{PEOPLE}{membership_of(finance)}/powers/").status_code == 403
    assert owner.get(f"{PEOPLE}{membership_of(foreign)}/powers/").status_code == 404


def test_access_ends_by_itself_on_the_day_that_was_set_and_can_be_extended() -> None:
    owner, helper = shops.signed_in("sel-1"), shops.member("sel-1", role=MemberRole.LISTING)
    key, day = membership_of(helper), (shops.NOW + timedelta(days=30)).date().isoformat()
    assert owner.post(f"{PEOPLE}{key}/until/", {"until": day}).status_code == 303
    assert f'value="{day}"' in read(owner, PEOPLE)
    with staff_scope():
        assert members.sellers_of(helper, at=shops.NOW + timedelta(days=29))
        assert not members.sellers_of(helper, at=shops.NOW + timedelta(days=32))
    assert "until another day now" in read(owner, "/portal/accounts/")
    assert owner.post(f"{PEOPLE}{key}/until/", {"until": ""}).status_code == 303
    with staff_scope():
        assert members.sellers_of(helper, at=shops.NOW + timedelta(days=3200))


def test_a_day_that_is_none_has_passed_or_is_an_owners_is_refused_and_says_why() -> None:
    owner, helper = shops.signed_in("sel-1"), shops.member("sel-1", role=MemberRole.LISTING)
    for given in ("soon", "2020-01-01", "9999-12-31", "0000-00-00"):
        answer = owner.post(f"{PEOPLE}{membership_of(helper)}/until/", {"until": given})
        assert answer.status_code == 409 and "Access cannot end then" in answer.content.decode()
    second = shops.member("sel-1")
    assert owner.post(f"{PEOPLE}{membership_of(second)}/until/", {"until": "2090-01-01"}).status_code == 409


def test_who_is_invited_until_a_day_joins_until_then_and_an_owner_never_so() -> None:
    owner = shops.signed_in("sel-1")
    asked = {"email": "temp@example.org", "role": "support", "until": (shops.NOW + timedelta(days=9)).date()}
    assert owner.post(PEOPLE + "invite/", asked).status_code == 200
    with staff_scope():
        assert Invitation.objects.get().member_until is not None
    answer = owner.post(PEOPLE + "invite/", {**asked, "role": "owner"})
    assert answer.status_code == 422 and "has no end" in answer.content.decode()
    for day in ("2020-01-01", "9999-12-31"):
        assert owner.post(PEOPLE + "invite/", {**asked, "until": day}).status_code == 422


def test_whose_access_ends_becomes_an_owner_without_an_end() -> None:
    boss, helper = shops.member("sel-1"), shops.member("sel-1", role=MemberRole.LISTING)
    with staff_scope():
        members.end_later(membership_of(helper), shops.NOW + timedelta(days=9), boss, at=shops.NOW)
        made = members.change_member_role(membership_of(helper), MemberRole.OWNER, boss, at=shops.NOW)
        assert made.expires_at is None
        with pytest.raises(EndRefused):
            members.end_later(made.id, shops.NOW + timedelta(days=9), boss, at=shops.NOW)
