"""Who works on a case at the same time: who has a seat in it, and who has opened it in the last minutes. For staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.sealed_fields import field_of
from safeconduct.kernel.scope import query

#: For how long an opened page counts as work. Ours: long enough to read a case, short enough that a page somebody
#: left open keeps nobody away.
LASTS: Final = timedelta(minutes=5)
_MOST: Final = 20
#: Rows that are over and that one look clears away.
_CLEARED: Final = 100


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody else at work on a case. ``seat``: what they are in it; None of who has it open, or looks after it.
    ``since``: since when."""

    name: str
    since: datetime
    seat: Role | None = None
    looks_after: bool = False


def look(case_id: str, person: User, *, at: datetime) -> list[Colleague]:
    """Notes that somebody has a case open now, and returns who else works on it: seats first, each person once.

    Who reviews a case blind is not among them. In a staff scope.
    """
    query(
        "DELETE FROM case_look l USING (SELECT case_id, person_id FROM case_look WHERE until <= %s AND (case_id,"
        " person_id) <> (%s, %s) ORDER BY until LIMIT %s FOR UPDATE SKIP LOCKED) AS o"
        " WHERE (l.case_id, l.person_id) = (o.case_id, o.person_id)",
        [at, case_id, person.id, _CLEARED],
    )
    query(
        "INSERT INTO case_look AS l (case_id, person_id, since, until) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (case_id, person_id) DO UPDATE SET until = excluded.until,"
        "  since = CASE WHEN l.until > excluded.since THEN l.since ELSE excluded.since END",
        [case_id, person.id, at, at + LASTS],
    )
    found: dict[str, Colleague] = {}
    opened_name, opened_address = field_of(User, "name").opened, field_of(User, "email").opened
    for who, name, email, role, since, after in query(
        "SELECT u.id, u.name, u.email, w.role, w.since, w.after FROM"
        " (SELECT person_id, role, at AS since, 1 AS rank, false AS after FROM case_seat"
        "   WHERE case_id = %s AND left_at IS NULL AND role <> 'blind_reviewer'"
        "  UNION ALL SELECT person_id, '', at, 2, true FROM case_assignment WHERE case_id = %s AND ended_at IS NULL"
        "  UNION ALL SELECT person_id, '', since, 3, false FROM case_look WHERE case_id = %s AND until > %s) AS w"
        " JOIN person u ON u.id = w.person_id WHERE u.id <> %s ORDER BY w.rank, w.since, u.id LIMIT %s",
        [case_id, case_id, case_id, at, person.id, _MOST],
    ):
        found.setdefault(
            who, Colleague(opened_name(name) or opened_address(email), since, Role(role) if role else None, after)
        )
    return list(found.values())
