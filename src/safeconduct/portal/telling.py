"""What is written down and told of the people of a shop: who was invited, came, has another role, or is gone."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from allauth.account.adapter import get_adapter
from django.urls import reverse

from safeconduct.kernel.member_pages import MemberRequest
from safeconduct.kernel.notices.actions import catch_up
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.models import Invitation, MemberRole, Membership, User
from safeconduct.kernel.parties.security_events import Happened, Level, Noted
from safeconduct.kernel.scope import Actor, seller_scope

NEAR_MONEY: Final = (MemberRole.OWNER, MemberRole.FINANCE)


def invited(request: MemberRequest, invitation: Invitation, now: datetime) -> None:
    """Somebody was invited; of one who would come near the money every owner hears at once."""
    key, role = request.seller.key, MemberRole(invitation.member_role)
    happened = Happened("member_invited", Level.NOTICE, None, key, {"role": role.value})
    security_events.note([happened], Actor(request.user.id, request.membership.role), now)
    if role in NEAR_MONEY:
        _tell_owners("invited", invitation.id, role, now, key)


def joined(membership: Membership, now: datetime) -> None:
    """A newcomer finds in the inbox what the shop was told before, and its owners hear who came."""
    key, role, person = membership.seller_key, MemberRole(membership.role), membership.person
    with seller_scope(key):
        catch_up(membership, at=now)
        happened = Happened("member_joined", Level.NOTICE, person.id, key, {"role": role.value})
        security_events.note([happened], Actor(person.id, role.value), now)
        _tell_owners("joined", membership.id, role, now, key, person)


def has_another_role(request: MemberRequest, member: Membership, was: MemberRole, now: datetime) -> None:
    """Somebody has another role."""
    event = note(request, "role_changed", member, now)
    if was == member.role:
        return
    if was in NEAR_MONEY or member.role in NEAR_MONEY:
        key = f"{member.id}/{now.isoformat()}"
        _tell_owners("role", key, MemberRole(member.role), now, member.seller_key, member.person)
    if was == MemberRole.OWNER:
        _tell_former_owner(request, member, event, now)


def ended(request: MemberRequest, member: Membership, now: datetime) -> None:
    """Somebody does not act for the shop any more."""
    event = note(request, "access_ended", member, now)
    _tell_owners("ended", member.id, MemberRole(member.role), now, member.seller_key, member.person)
    if member.role == MemberRole.OWNER:
        _tell_former_owner(request, member, event, now)


def note(request: MemberRequest, kind: str, membership: Membership, now: datetime) -> str:
    """Writes down, for the shop's people, what became of somebody's access; returns the event's id."""
    happened = Happened(kind, Level.NOTICE, membership.person_id, membership.seller_key, {"role": membership.role})
    (event,) = security_events.note([happened], Actor(request.user.id, request.membership.role), now)
    return event


def _tell_former_owner(request: MemberRequest, member: Membership, event: str, now: datetime) -> None:
    """Whom another owner put out hears of it, with a way to stop what came after: it may have been a thief."""
    if member.person_id != request.user.id:
        noted = {member.person_id: Noted(event, member.seller_key)}
        get_adapter(request).tell_all(noted, "ownership_ended", Level.ALERT, now)


def _tell_owners(
    what: str, key: str, role: MemberRole, now: datetime, seller_key: int, person: User | None = None
) -> None:  # fmt: skip
    values = {"what": what, "name": None if person is None else person.sealed_name, "role": role.value}
    notify([
        Notice(f"people/{what}/{key}", "people.changed", values, now, seller_key, url=reverse("portal:people"))
    ])  # fmt: skip
