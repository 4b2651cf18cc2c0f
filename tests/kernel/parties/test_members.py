"""Who may act for a seller: owners bring in their own people, and a seller is never left without an owner."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError
from tests.kernel.builders import START, minutes, person

from safeconduct.kernel.parties import invitations, members, staff
from safeconduct.kernel.parties.errors import (
    AddressTaken,
    AlreadyMember,
    InvitationForAnother,
    InvitationGone,
    LastOwner,
    NoSuchSeller,
    OwnerNeeded,
)
from safeconduct.kernel.parties.models import Invitation, MemberRole, Membership, Seller, StaffRole, User
from safeconduct.kernel.scope import engine_scope, query, seller_scope, staff_scope, visitor_scope

SHOP, OTHER_SHOP = 501, 502


@pytest.fixture(autouse=True)
def two_shops() -> None:
    with staff_scope():
        for key in (SHOP, OTHER_SHOP):
            Seller.objects.create(ref=f"sel-{key}", key=key, name=f"Shop {key}", first_seen_at=START)


def owner_of(seller_key: int = SHOP) -> User:
    """An owner, brought in by an administrator of the marketplace."""
    someone, administrator = person(StaffRole.NONE), person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        members.add_member(someone, seller_key, MemberRole.OWNER, administrator, at=START)
    return someone


def test_sign_in_finds_a_persons_sellers_before_any_seller_is_known() -> None:
    someone, administrator = person(StaffRole.NONE), person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        members.add_member(someone, SHOP, MemberRole.OWNER, administrator, at=START)
        members.add_member(someone, OTHER_SHOP, MemberRole.FINANCE, administrator, at=START + minutes(1))
    found = members.sellers_of(someone, at=START + minutes(2))  # in no scope at all
    assert [(m.seller_key, m.role) for m in found] == [(SHOP, "owner"), (OTHER_SHOP, "finance")]


def test_an_owner_invites_a_colleague_from_the_portal_who_makes_an_account_and_acts_for_the_shop() -> None:
    owner = owner_of()
    with seller_scope(SHOP):
        invitation, token = members.invite_member("Ana@Example.org", SHOP, MemberRole.FINANCE, owner, at=START)
    assert token.encode() not in bytes(invitation.token_hash)
    with visitor_scope():
        ana = invitations.accept(token, "Ana", "a long pass phrase", at=START + minutes(5), language="es")
    assert not ana.is_staff
    assert [(m.seller_key, m.role) for m in members.sellers_of(ana, at=START + minutes(6))] == [(SHOP, "finance")]
    with pytest.raises(InvitationGone), visitor_scope():
        invitations.accept(token, "Ana again", "a long pass phrase", at=START + minutes(7))


def test_someone_with_an_account_joins_a_second_shop_by_signing_in() -> None:
    owner, ana = owner_of(), person(StaffRole.NONE, email="ana@example.org")
    with seller_scope(SHOP):
        _invitation, token = members.invite_member("ana@example.org", SHOP, MemberRole.SUPPORT, owner, at=START)
    with pytest.raises(AddressTaken), visitor_scope():
        invitations.accept(token, "Ana", "a long pass phrase", at=START)
    with visitor_scope():
        assert members.join(token, ana, at=START).role == "support"


def test_an_invitation_found_by_somebody_else_opens_nothing() -> None:
    owner, thief = owner_of(), person(StaffRole.NONE)
    with seller_scope(SHOP):
        _invitation, token = members.invite_member("ana@example.org", SHOP, MemberRole.OWNER, owner, at=START)
    with pytest.raises(InvitationForAnother), visitor_scope():
        members.join(token, thief, at=START)
    assert members.sellers_of(thief, at=START) == []


def test_an_invitation_to_a_shop_never_makes_anyone_staff_and_the_other_way_round() -> None:
    administrator = person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        _invitation, token = invitations.invite("li@example.org", StaffRole.LEAD, administrator, at=START)
    with pytest.raises(InvitationGone), visitor_scope():
        members.join(token, person(StaffRole.NONE, email="li@example.org"), at=START)
    with pytest.raises(IntegrityError), staff_scope():
        Invitation.objects.create(
            email="x@example.org", role=StaffRole.ADMINISTRATOR, seller_key=SHOP, member_role=MemberRole.OWNER,
            token_hash=b"x", invited_by=administrator, expires_at=START,
        )  # fmt: skip


def test_inviting_the_same_address_to_staff_and_to_a_shop_leaves_both_links_good() -> None:
    owner, administrator = owner_of(), person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        _staff, staff_token = invitations.invite("li@example.org", StaffRole.LEAD, administrator, at=START)
    with seller_scope(SHOP):
        _member, first = members.invite_member("li@example.org", SHOP, MemberRole.FINANCE, owner, at=START)
        _again, second = members.invite_member("li@example.org", SHOP, MemberRole.FINANCE, owner, at=START + minutes(1))
    with visitor_scope():
        later = START + minutes(2)
        assert invitations.look_up(staff_token, at=later).role == "lead"
        assert invitations.look_up(second, at=later).member_role == "finance"
        with pytest.raises(InvitationGone):
            invitations.look_up(first, at=later)


def test_only_an_owner_of_this_very_shop_manages_its_members() -> None:
    stranger, finance = owner_of(OTHER_SHOP), person(StaffRole.NONE)
    owner = owner_of(SHOP)
    with seller_scope(SHOP):
        members.add_member(finance, SHOP, MemberRole.FINANCE, owner, at=START)
    for nobody in (stranger, finance, person(StaffRole.LEAD)):
        with pytest.raises(OwnerNeeded), seller_scope(SHOP):
            members.invite_member("x@example.org", SHOP, MemberRole.OWNER, nobody, at=START)


def test_the_last_owner_stays_until_there_is_another() -> None:
    owner, heir = owner_of(), person(StaffRole.NONE)
    (own,) = members.sellers_of(owner, at=START)
    with pytest.raises(LastOwner), seller_scope(SHOP):
        members.end_membership(own.id, owner, at=START)
    with pytest.raises(LastOwner), seller_scope(SHOP):
        members.change_member_role(own.id, MemberRole.FINANCE, owner, at=START)
    with seller_scope(SHOP):
        members.add_member(heir, SHOP, MemberRole.OWNER, owner, at=START)
        members.end_membership(own.id, owner, at=START + minutes(1))
    assert members.sellers_of(owner, at=START + minutes(2)) == []
    with pytest.raises(OwnerNeeded), seller_scope(SHOP):
        members.invite_member("x@example.org", SHOP, MemberRole.OWNER, owner, at=START + minutes(2))


def test_two_owners_who_shut_each_other_out_leave_one() -> None:
    first, second = owner_of(), owner_of()
    (of_first,), (of_second,) = (members.sellers_of(p, at=START) for p in (first, second))
    with seller_scope(SHOP):
        members.end_membership(of_second.id, first, at=START)
    with pytest.raises(OwnerNeeded), seller_scope(SHOP):
        members.end_membership(of_first.id, second, at=START)


def test_a_helper_for_the_season_is_gone_when_the_season_is_and_can_come_back() -> None:
    owner, helper = owner_of(), person(StaffRole.NONE)
    with seller_scope(SHOP):
        until = START + timedelta(days=30)
        members.add_member(helper, SHOP, MemberRole.SUPPORT, owner, at=START, expires_at=until)
        with pytest.raises(AlreadyMember):
            members.add_member(helper, SHOP, MemberRole.SUPPORT, owner, at=START)
    assert members.sellers_of(helper, at=until) == []
    with seller_scope(SHOP):
        members.add_member(helper, SHOP, MemberRole.SUPPORT, owner, at=until + minutes(1))
        assert [m.person for m in members.members_of(SHOP, at=until + minutes(2))] == [owner, helper]
    assert Membership.objects.get(ended_at__isnull=False).ended_at == until


def test_a_shop_nobody_knows_gets_no_members() -> None:
    with pytest.raises(NoSuchSeller), staff_scope():
        members.add_member(person(StaffRole.NONE), 999, MemberRole.OWNER, None, at=START)


def test_the_engine_reads_members_and_cannot_make_any() -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), engine_scope():
        query("UPDATE membership SET role = 'owner'")


def test_a_withdrawn_invitation_opens_nothing() -> None:
    owner = owner_of()
    with seller_scope(SHOP):
        invitation, token = members.invite_member("ana@example.org", SHOP, MemberRole.FINANCE, owner, at=START)
        assert members.open_invitations(SHOP, at=START) == [invitation]
        members.withdraw_invitation(invitation.id, owner, at=START)
    with pytest.raises(InvitationGone), visitor_scope():
        invitations.look_up(token, at=START + minutes(1))


def test_who_is_put_out_leaves_no_invitation_behind_that_opens_the_shop() -> None:
    leaver, stays = owner_of(), owner_of()
    with seller_scope(SHOP):
        _made, token = members.invite_member("other@example.org", SHOP, MemberRole.FINANCE, leaver, at=START)
        _kept, good = members.invite_member("ana@example.org", SHOP, MemberRole.SUPPORT, stays, at=START)
    (membership,) = members.sellers_of(leaver, at=START + minutes(1))
    with seller_scope(SHOP):
        members.end_membership(membership.id, stays, at=START + minutes(2))
    with visitor_scope(), pytest.raises(InvitationGone):
        invitations.accept(token, "Thief", "a long pass phrase", at=START + minutes(3))
    assert [one.email for one in members.open_invitations(SHOP, at=START + minutes(3))] == ["ana@example.org"]
    with visitor_scope():
        assert invitations.accept(good, "Ana", "a long pass phrase", at=START + minutes(3)).email == "ana@example.org"


def test_an_owner_who_is_one_no_more_lets_nobody_in_by_what_they_sent_before() -> None:
    once, stays = owner_of(), owner_of()
    with seller_scope(SHOP):
        _made, token = members.invite_member("other@example.org", SHOP, MemberRole.OWNER, once, at=START)
    (membership,) = members.sellers_of(once, at=START + minutes(1))
    with seller_scope(SHOP):
        members.change_member_role(membership.id, MemberRole.READ_ONLY, stays, at=START + minutes(2))
    with visitor_scope(), pytest.raises(InvitationGone):
        invitations.look_up(token, at=START + minutes(3))


def test_an_administrator_who_is_shut_out_lets_nobody_into_the_staff_afterwards() -> None:
    leaver, stays = person(StaffRole.ADMINISTRATOR), person(StaffRole.ADMINISTRATOR)
    with staff_scope():
        _made, token = invitations.invite("other@example.org", StaffRole.ADMINISTRATOR, leaver, at=START)
        staff.deactivate(leaver.id, stays, at=START + minutes(1))
    with visitor_scope(), pytest.raises(InvitationGone):
        invitations.accept(token, "Thief", "a long pass phrase", at=START + minutes(2))
