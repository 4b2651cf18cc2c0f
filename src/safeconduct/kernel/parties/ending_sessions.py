"""Somebody else's sessions: an administrator ends a person's, or everybody's; an owner those of a member of the shop.

Their accounts stay as they are: they sign in again. It is written down with who did it and why, for each person and
each seller of theirs, in the same transaction; whoever calls tells the people (`sign_in.AccountAdapter.tell_all`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from safeconduct.kernel.parties import security_events, sessions
from safeconduct.kernel.parties.errors import AdministratorNeeded, EndingWithoutReason, OwnerNeeded
from safeconduct.kernel.parties.members import members_of
from safeconduct.kernel.parties.models import MemberRole, SignInSession, StaffRole, User
from safeconduct.kernel.parties.security_events import Level, Noted
from safeconduct.kernel.parties.sessions import Ended
from safeconduct.kernel.scope import Actor

#: What it is called among security events, and how loud it is.
KIND, LEVEL = "sessions_ended", Level.ALERT
#: A reason of fewer letters says nothing to whoever reads it a year later.
SHORTEST_REASON = 10


def running() -> tuple[int, int]:
    """How many sessions run, and of how many people. One query."""
    rows = SignInSession.objects.filter(ended_at__isnull=True)
    return rows.count(), rows.values("person_id").distinct().count()


def end_for_person(
    person: User, administrator: User, why: str, at: datetime, *, but: str = ""
) -> Mapping[str, Noted]:  # fmt: skip
    """Ends all sessions of a person but one (`but`: the administrator's own); what was noted, by person: empty where
    none ran.

    Raises AdministratorNeeded, EndingWithoutReason.
    """
    actor = _administrator(administrator, why)
    ended = sessions.end_all(person.id, Ended.BY_STAFF, at, but=but)
    return security_events.note_for_people({person.id: {"ended": ended}} if ended else {}, KIND, LEVEL, actor, at)


def end_for_everybody(administrator: User, why: str, at: datetime, *, but: str = "") -> Mapping[str, Noted]:
    """Ends every session there is but one; what was noted, by person.

    Raises AdministratorNeeded, EndingWithoutReason.
    """
    actor = _administrator(administrator, why)
    ended = sessions.end_everybodys(Ended.BY_STAFF, at, but=but)
    facts = {person: {"ended": count, "everybody": True} for person, count in ended.items()}
    return security_events.note_for_people(facts, KIND, LEVEL, actor, at)


def end_for_member(person_id: str, seller_key: int, owner: User, at: datetime) -> Mapping[str, Noted]:
    """Ends all sessions of somebody who acts for a seller; what was noted, by person: empty where none ran.

    Raises OwnerNeeded, also for somebody who does not act for it.
    """
    roles = {member.person_id: member.role for member in members_of(seller_key, at=at)}
    if roles.get(owner.id) != MemberRole.OWNER or person_id not in roles:
        raise OwnerNeeded
    ended = sessions.end_all(person_id, Ended.BY_OWNER, at)
    facts = {person_id: {"ended": ended}} if ended else {}
    return security_events.note_for_people(facts, KIND, LEVEL, Actor(owner.id, MemberRole.OWNER.value), at)


def _administrator(administrator: User, why: str) -> Actor:
    if not administrator.may(StaffRole.ADMINISTRATOR):
        raise AdministratorNeeded
    if len(why.strip()) < SHORTEST_REASON:
        raise EndingWithoutReason
    return Actor(administrator.id, administrator.staff_role, why)
