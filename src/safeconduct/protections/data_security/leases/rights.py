"""Who may make files with contacts: owners, and whom an owner gives the right for some days. In a seller's scope."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.parties.models import MemberRole, Membership
from safeconduct.protections.data_security import errors
from safeconduct.protections.data_security.leases.models import ContactRight

#: A right that is needed longer is given again.
MOST_DAYS: Final = 90


def may_export(membership: Membership, at: datetime) -> bool:
    """Whether a member may make a file with contacts."""
    if membership.role == MemberRole.OWNER:
        return True
    return ContactRight.objects.filter(
        seller_key=membership.seller_key, person_id=membership.person_id, ended_at=None, expires_at__gt=at
    ).exists()


def give(owner: Membership, to: Membership | None, days: int, at: datetime) -> ContactRight:
    """Gives a member the right for some days, in place of one they have. Raises NoSuchMemberHere, RightMalformed."""
    if to is None or to.seller_key != owner.seller_key or to.role in (MemberRole.OWNER, MemberRole.READ_ONLY):
        raise errors.NoSuchMemberHere
    if not 1 <= days <= MOST_DAYS:
        raise errors.RightMalformed(MOST_DAYS)
    mine = ContactRight.objects.filter(seller_key=owner.seller_key, person_id=to.person_id, ended_at=None)
    mine.update(ended_at=at, ended_by=owner.person_id)
    return ContactRight.objects.create(
        id=new_id("crt"), seller_key=owner.seller_key, person_id=to.person_id, given_by=owner.person_id, given_at=at,
        expires_at=at + timedelta(days=days), ended_by="",
    )  # fmt: skip


def end(owner: Membership, right_id: str, at: datetime) -> None:
    """Takes a right back. Raises NoSuchRight."""
    found = ContactRight.objects.filter(seller_key=owner.seller_key, id=right_id, ended_at=None)
    if not found.update(ended_at=at, ended_by=owner.person_id):
        raise errors.NoSuchRight


def in_force(seller_key: int, at: datetime) -> list[ContactRight]:
    """The rights that hold, those that end first before the others."""
    rows = ContactRight.objects.filter(seller_key=seller_key, ended_at=None, expires_at__gt=at)
    return list(rows.order_by("expires_at", "id"))
