"""Members of sellers: who may act for a seller, in which role. Owners manage their own; staff manage everybody's.

Memberships are read before a seller is known (sign-in asks which sellers a person has), so the table carries no
row-level security; every function here names the seller or the person it is about.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from safeconduct.kernel.parties import sessions
from safeconduct.kernel.parties.errors import (
    AlreadyMember,
    EndRefused,
    InvitationForAnother,
    LastOwner,
    NoSuchMember,
    NoSuchSeller,
    OwnerNeeded,
    OwnersFrozen,
)
from safeconduct.kernel.parties.freezing import is_frozen
from safeconduct.kernel.parties.invitations import VALID_DAYS, fresh_token, meant, open_invitation
from safeconduct.kernel.parties.models import Invitation, MemberRole, Membership, Seller, StaffRole, User

__all__ = [
    "MemberRole",
    "Membership",
    "add_member",
    "change_member_role",
    "end_later",
    "end_membership",
    "invite_member",
    "join",
    "members_of",
    "open_invitations",
    "sellers_of",
    "withdraw_invitation",
]  # fmt: skip


def sellers_of(person: User, *, at: datetime) -> list[Membership]:
    """The memberships of a person that hold at this time, the oldest first. Needs no scope; one query."""
    return list(_in_force(at).filter(person=person).order_by("created_at", "id"))


def members_of(seller_key: int, *, at: datetime) -> list[Membership]:
    """Who acts for a seller at this time, owners first, each with its `person`. One query."""
    found = _in_force(at).filter(seller_key=seller_key, person__is_active=True).select_related("person")
    return sorted(found, key=lambda m: (m.role != MemberRole.OWNER, m.created_at, m.id))


def open_invitations(seller_key: int, *, at: datetime) -> list[Invitation]:
    """Invitations to this seller that still work."""
    rows = Invitation.objects.filter(seller_key=seller_key, accepted_at__isnull=True, expires_at__gt=at)
    return list(meant(rows).order_by("expires_at", "id"))


def add_member(
    person: User,
    seller_key: int,
    role: MemberRole,
    added_by: User | None,
    *,
    at: datetime,
    expires_at: datetime | None = None,
) -> Membership:
    """Lets a person who has an account act for a seller. `added_by`: an owner of the seller, an administrator, or None
    for the operator at the command line. An owner's membership does not expire.

    Raises OwnerNeeded, NoSuchSeller, AlreadyMember.
    """
    _must_manage(added_by, seller_key, at)
    _must_exist(seller_key)
    _owners_may_change(seller_key, role == MemberRole.OWNER, at)
    return _add(person, seller_key, role, added_by, at=at, expires_at=expires_at)


def change_member_role(membership_id: str, role: MemberRole, by: User | None, *, at: datetime) -> Membership:
    """Gives a member another role. Raises NoSuchMember, OwnerNeeded, LastOwner."""
    membership = _locked(membership_id, by, at)
    _owners_may_change(membership.seller_key, MemberRole.OWNER in (membership.role, role), at)
    if membership.role == MemberRole.OWNER != role:
        _must_not_be_last(membership, at)
    membership.role = role
    if role == MemberRole.OWNER:
        membership.expires_at = None
    membership.save(update_fields=["role", "expires_at"])
    return membership


def end_later(membership_id: str, until: datetime | None, by: User | None, *, at: datetime) -> Membership:
    """Sets when a membership ends by itself, sooner or later than before, or (None) that it does not.

    Raises NoSuchMember, OwnerNeeded, EndRefused.
    """
    membership = _locked(membership_id, by, at)
    _check_end(MemberRole(membership.role), until, at)
    membership.expires_at = until
    membership.save(update_fields=["expires_at"])
    return membership


def end_membership(membership_id: str, by: User | None, *, at: datetime) -> Membership:
    """Ends a membership at once: the person's next request is refused. Members may end their own.

    A seller keeps one owner: the last one is replaced first. Raises NoSuchMember, OwnerNeeded, LastOwner.
    """
    membership = _locked(membership_id, by, at, or_oneself=True)
    if membership.role == MemberRole.OWNER:
        _owners_may_change(membership.seller_key, True, at)
        _must_not_be_last(membership, at)
    membership.ended_at = at
    membership.save(update_fields=["ended_at"])
    person = membership.person
    if not person.is_staff and not _in_force(at).filter(person=person).exists():
        sessions.end_all(person.id, sessions.Ended.LEFT, at)
    return membership


def invite_member(
    email: str, seller_key: int, role: MemberRole, inviter: User | None, *, at: datetime, until: datetime | None = None
) -> tuple[Invitation, str]:
    """Invites an address to act for a seller; returns the invitation and its token, which is nowhere else.

    An earlier open invitation of the address to this seller lapses. Says nothing about whether the address has an
    account. ``until``: when the membership will end by itself. Raises OwnerNeeded, NoSuchSeller, AlreadyMember,
    EndRefused.
    """
    _must_manage(inviter, seller_key, at)
    _must_exist(seller_key)
    _check_end(role, until, at)
    _owners_may_change(seller_key, role == MemberRole.OWNER, at)
    email = User.objects.normalize_email(email).lower()
    if _in_force(at).filter(seller_key=seller_key, person__email=email).exists():
        raise AlreadyMember
    Invitation.objects.filter(email=email, seller_key=seller_key, accepted_at__isnull=True, expires_at__gt=at).update(
        expires_at=at
    )
    token, token_hash = fresh_token()
    invitation = Invitation.objects.create(
        email=email, seller_key=seller_key, member_role=role, token_hash=token_hash, invited_by=inviter, created_at=at,
        member_until=until, expires_at=at + timedelta(days=VALID_DAYS),
    )  # fmt: skip
    return invitation, token


def join(token: str, person: User, *, at: datetime) -> Membership:
    """Accepts an invitation as someone who has an account and is signed in; the link works no more.

    Raises InvitationGone (also for an invitation to the staff), InvitationForAnother, AlreadyMember.
    """
    invitation = open_invitation(token, at=at, lock=True, of_member=True)
    if invitation.email != person.email:
        raise InvitationForAnother
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])
    assert invitation.seller_key is not None
    _owners_may_change(invitation.seller_key, invitation.member_role == MemberRole.OWNER, at)
    return _add(
        person, invitation.seller_key, MemberRole(invitation.member_role), invitation.invited_by, at=at,
        expires_at=invitation.member_until,
    )  # fmt: skip


def withdraw_invitation(invitation_id: str, by: User | None, *, at: datetime) -> None:
    """Makes an open invitation to a seller useless. Raises NoSuchMember, OwnerNeeded."""
    invitation = Invitation.objects.filter(
        id=invitation_id, seller_key__isnull=False, accepted_at__isnull=True, expires_at__gt=at
    ).first()
    if invitation is None or invitation.seller_key is None:
        raise NoSuchMember(invitation_id)
    _must_manage(by, invitation.seller_key, at)
    invitation.expires_at = at
    invitation.save(update_fields=["expires_at"])


def _in_force(at: datetime) -> QuerySet[Membership]:
    return Membership.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at), ended_at__isnull=True)


def _must_manage(by: User | None, seller_key: int, at: datetime) -> None:
    if by is None or by.may(StaffRole.ADMINISTRATOR):
        return
    if not by.is_active or not _in_force(at).filter(person=by, seller_key=seller_key, role=MemberRole.OWNER).exists():
        raise OwnerNeeded


def _owners_may_change(seller_key: int, about_an_owner: bool, at: datetime) -> None:
    if about_an_owner and is_frozen(seller_key, at):
        raise OwnersFrozen


def _check_end(role: MemberRole, until: datetime | None, at: datetime) -> None:
    if until is not None and role == MemberRole.OWNER:
        raise EndRefused("an owner's access has no end: a shop must not wake up without one; choose another role")
    if until is not None and until <= at:
        raise EndRefused("that time has passed; choose a later one, or end the access at once")


def _must_exist(seller_key: int) -> None:
    if not Seller.objects.filter(key=seller_key).exists():
        raise NoSuchSeller


def _add(
    person: User,
    seller_key: int,
    role: MemberRole,
    added_by: User | None,
    *,
    at: datetime,
    expires_at: datetime | None = None,
) -> Membership:
    # One that has run out still stands in the way of the database's "once"; it is closed with the time it lapsed.
    open_ones = Membership.objects.select_for_update().filter(
        person=person, seller_key=seller_key, ended_at__isnull=True
    )
    for membership in open_ones:
        if membership.active(at):
            raise AlreadyMember
        membership.ended_at = membership.expires_at
        membership.save(update_fields=["ended_at"])
    return Membership.objects.create(
        person=person, seller_key=seller_key, role=role, added_by=added_by, created_at=at, expires_at=expires_at
    )


def _locked(membership_id: str, by: User | None, at: datetime, *, or_oneself: bool = False) -> Membership:
    """The membership, once its seller's owners are locked in one order: two owners who remove each other at the same
    instant wait, and the slower one finds itself without the right."""
    found = _in_force(at).filter(id=membership_id).values_list("seller_key", flat=True).first()
    if found is None:
        raise NoSuchMember(membership_id)
    owners = _in_force(at).filter(seller_key=found, role=MemberRole.OWNER).order_by("id").select_for_update()
    list(owners.values_list("id", flat=True))
    membership = _in_force(at).select_for_update().filter(id=membership_id).first()
    if membership is None:
        raise NoSuchMember(membership_id)
    if not (or_oneself and by is not None and membership.person_id == by.id):
        _must_manage(by, membership.seller_key, at)
    return membership


def _must_not_be_last(membership: Membership, at: datetime) -> None:
    others = _in_force(at).filter(
        seller_key=membership.seller_key, role=MemberRole.OWNER, person__is_active=True
    ).exclude(id=membership.id)  # fmt: skip
    if not others.exists():
        raise LastOwner
