"""Sign-ins that last: each is a row, so that people see theirs, end them, and no session outlives its limits.

A row holds the hash of the session's key, never the key. It ends when the person signs out, when its time is over, when
a factor or the password changes, when there are too many, or when somebody says so; an ended one opens nothing, though
the browser still has its cookie. Limits follow who the person is at the moment of each request, so a new role shortens
sessions that run. Times and the five are from NIST SP 800-63B-4 (AAL2: 24 hours, an hour idle; AAL3: 12 hours, 15
minutes idle, as third parties quote it) and our security research of 2026-11-23, 2.6.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.parties.addresses import facts_of
from safeconduct.kernel.parties.browsers import browser_of
from safeconduct.kernel.parties.models import SignInSession, User
from safeconduct.kernel.parties.security_events import ORIGIN_KEPT, Origin
from safeconduct.kernel.parties.traits import network_of, traits_of
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.errors import KeyGone, Restricted
from safeconduct.kernel.vault.sealing import Column, seal, unseal

#: So many sessions of one person run at once; a sixth ends the oldest.
AT_ONCE: Final = 5
#: A request writes the time of use only where the one written is older than this.
SEEN_EVERY: Final = timedelta(minutes=1)
#: How long a browser of the staff stays enrolled; the house's own number.
STAFF_DEVICE: Final = timedelta(days=366)
#: Where a session began; the row is its id, the subject its person.
ORIGIN: Final = Column("sign_in_session.origin", "sign-in-session")


class Ended(StrEnum):
    """Why a session has ended."""

    SIGNED_OUT = "signed_out"
    IDLE = "idle"
    EXPIRED = "expired"
    TOO_MANY = "too_many"
    REVOKED = "revoked"
    FACTOR_CHANGED = "factor_changed"
    CREDENTIAL_CHANGED = "password_changed"
    NOT_ME = "not_me"
    LEFT = "left"
    BY_STAFF = "by_staff"
    BY_OWNER = "by_owner"
    MOVED = "moved"
    OFF_DEVICE = "off_device"
    LOCKED = "locked"
    BY_DIRECTORY = "by_directory"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts at all, and unused."""

    lasts: timedelta
    idle: timedelta

    def over(self, started_at: datetime, last_seen_at: datetime, at: datetime) -> Ended | None:
        """Why a session cannot be used any more at a time; None where it can."""
        if at >= started_at + self.lasts:
            return Ended.EXPIRED
        return Ended.IDLE if at >= last_seen_at + self.idle else None


STAFF: Final = Limits(timedelta(hours=12), timedelta(minutes=15))
NEAR_MONEY: Final = Limits(timedelta(hours=12), timedelta(hours=1))
MEMBER: Final = Limits(timedelta(hours=24), timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Session:
    """A session as a request finds it: what ended it, or is about to, whether its use has to be written, and where it
    began. ``device``: hash of the cookie of the known browser it began in; None where that is not known any more.
    ``idle_s``: after how long unused it ends; ``left_s``: how long it lasts at most from now.
    ``device_id``: the known browser it began in; ``enrolled``: it is let in for the staff (`staff_devices`)."""

    id: str
    ended: Ended | None
    over: Ended | None
    stale: bool
    origin: Origin
    device: bytes | None = None
    idle_s: int = 0
    left_s: int = 0
    device_id: str = ""
    enrolled: bool = False


def begin(
    person_id: str, session_key: str, origin: Origin, at: datetime, *, device: str = "", factor: str = "",
    directory: bytes | None = None,
) -> tuple[str, int]:  # fmt: skip
    """A sign-in succeeded, or one that is older than this table was met. Returns its id, and how many older ones ended
    because there were too many. A key that is there already is not begun again. ``directory``: as
    `directory_sessions.taken` gives it."""
    identity = new_id("ses")
    made = query(
        "INSERT INTO sign_in_session"
        " (id, person_id, key_hash, device, origin, traits, factor, started_at, last_seen_at, ended_why, directory)"
        " VALUES (%s, %s, %b, %s, %b, %b::bigint[], %s, %s, %s, '', %b) ON CONFLICT (key_hash) DO NOTHING",
        [
            identity, person_id, _hash(session_key), device,
            seal(ORIGIN, identity, f"person/{person_id}", json.dumps([origin.address, origin.browser[:400]]).encode()),
            traits_of(origin.address, origin.browser, facts_of([origin.address])[0]), factor, at, at,
            directory,
        ],
    )  # fmt: skip
    if not made.rowcount:
        (identity,) = SignInSession.objects.filter(key_hash=_hash(session_key)).values_list("id", flat=True)
        return identity, 0
    # Two sign-ins at the same instant must not each count the other as the sixth.
    query("SELECT FROM person WHERE id = %s FOR UPDATE", [person_id])
    crowded = query(
        "UPDATE sign_in_session SET ended_at = %s, ended_why = %s WHERE id IN (SELECT id FROM sign_in_session"
        " WHERE person_id = %s AND ended_at IS NULL ORDER BY started_at DESC, id DESC OFFSET %s)",
        [at, Ended.TOO_MANY.value, person_id, AT_ONCE],
    )
    return identity, crowded.rowcount


def look_up(person_id: str, session_key: str, at: datetime) -> Session | None:
    """The session of a request; None where there is none of this key and person. One statement."""
    row = query(
        f"SELECT s.id, s.started_at, s.last_seen_at, s.ended_why, p.staff_role <> '', {_near_money('s.person_id')},"
        " s.origin, d.cookie_hash, s.device, EXISTS (SELECT FROM staff_device e WHERE e.device = d.id"
        "  AND e.person_id = s.person_id AND e.ended_at IS NULL AND e.approved_at > %s)"
        " FROM sign_in_session s JOIN person p ON p.id = s.person_id"
        " LEFT JOIN sign_in_device d ON d.id = s.device"
        " WHERE s.key_hash = %b AND s.person_id = %s",
        [at, at - STAFF_DEVICE, _hash(session_key), person_id],
    ).fetchone()
    if row is None:
        return None
    identity, started_at, last_seen_at, why, staff, near_money, sealed, device, device_id, enrolled = row
    limits = _limits(staff=staff, near_money=near_money)
    over = limits.over(started_at, last_seen_at, at)
    began = _opened(identity, person_id, bytes(sealed))
    left = started_at + limits.lasts - at
    return Session(
        identity, Ended(why) if why else None, over, at >= last_seen_at + SEEN_EVERY, began,
        None if device is None else bytes(device), int(limits.idle.total_seconds()), int(left.total_seconds()),
        device_id, enrolled,
    )  # fmt: skip


def limits_of(person: User, at: datetime) -> Limits:
    """How long this person's sessions last, by what they may do. One query."""
    row = query(f"SELECT {_near_money('%s')}", [person.id, at]).fetchone()
    return _limits(staff=bool(person.staff_role), near_money=row is not None and row[0])


def _near_money(person: str) -> str:
    """SQL: whether a person is an owner or of finance somewhere, at the time that the next parameter gives."""
    return (
        f"EXISTS (SELECT FROM membership m WHERE m.person_id = {person} AND m.role IN ('owner', 'finance')"
        " AND m.ended_at IS NULL AND (m.expires_at IS NULL OR m.expires_at > %s))"
    )


def _limits(*, staff: bool, near_money: bool) -> Limits:
    return STAFF if staff else NEAR_MONEY if near_money else MEMBER


def has_moved(began: Origin, here: Origin) -> bool:
    """Whether a session goes on in another network *and* another browser or system, as a stolen cookie does (S11).
    Either alone happens to honest people every day; so do new versions. A telephone that changes its address within
    its provider's network has not moved, where that is known."""
    was, now = browser_of(began.browser), browser_of(here.browser)
    if (was.name, was.system) == (now.name, now.system) or network_of(began.address) == network_of(here.address):
        return False
    there, this = facts_of([began.address, here.address])
    return there.asn is None or there.asn != this.asn


def seen(session_id: str, at: datetime) -> None:
    """The session is in use."""
    query("UPDATE sign_in_session SET last_seen_at = %s WHERE id = %s AND last_seen_at < %s", [at, session_id, at])


def rotated(session_id: str, session_key: str) -> None:
    """The session goes on under another key."""
    query("UPDATE sign_in_session SET key_hash = %b WHERE id = %s", [_hash(session_key), session_id])


def scored(session_id: str, score: float) -> None:
    """Keeps how unusual the sign-in was, for limits that are computed from accepted ones."""
    query("UPDATE sign_in_session SET score = %s WHERE id = %s", [score, session_id])


def end(session_id: str, person_id: str, why: Ended, at: datetime) -> bool:
    """Ends one session of a person; False where there is none that runs."""
    return bool(
        query(
            "UPDATE sign_in_session SET ended_at = %s, ended_why = %s"
            " WHERE id = %s AND person_id = %s AND ended_at IS NULL",
            [at, why.value, session_id, person_id],
        ).rowcount
    )


def end_all(
    person_id: str, why: Ended, at: datetime, *, but: str = "", since: datetime | None = None
) -> int:  # fmt: skip
    """Ends a person's sessions but one, or those begun since a time; returns how many ran."""
    return query(
        "UPDATE sign_in_session SET ended_at = %s, ended_why = %s"
        " WHERE person_id = %s AND ended_at IS NULL AND id <> %s AND (%s::timestamptz IS NULL OR started_at >= %s)",
        [at, why.value, person_id, but, since, since],
    ).rowcount


def end_everybodys(why: Ended, at: datetime, *, but: str = "") -> dict[str, int]:
    """Ends every session that runs but one; how many ran, by person. One statement."""
    rows = query(
        "WITH over AS (UPDATE sign_in_session SET ended_at = %s, ended_why = %s"
        " WHERE ended_at IS NULL AND id <> %s RETURNING person_id)"
        " SELECT person_id, count(*) FROM over GROUP BY person_id ORDER BY person_id",
        [at, why.value, but],
    )
    return dict(rows.fetchall())


def of_person(person: User, *, limit: int = 20) -> list[SignInSession]:
    """A person's sessions, those that run first, then the newest; at most `limit`. One query."""
    rows = SignInSession.objects.filter(person=person).order_by("-started_at", "-id")[: limit * 2]
    return sorted(rows, key=lambda s: s.ended_at is not None)[:limit]


def running_of(person_ids: Sequence[str], now: datetime) -> dict[str, tuple[int, datetime]]:
    """In how many places each of these people is signed in, and when they were last seen in one; who is in none is left
    out. One query; whose session nobody has used for longer than any lasts counts as gone."""
    rows = query(
        "SELECT person_id, count(*), max(last_seen_at) FROM sign_in_session"
        " WHERE person_id = ANY (%b::text[]) AND ended_at IS NULL AND last_seen_at > %s GROUP BY person_id",
        [list(person_ids), now - MEMBER.idle],
    )
    return {person: (count, seen_at) for person, count, seen_at in rows}


def origin_of(session: SignInSession) -> Origin:
    """Where a session began."""
    return _opened(session.id, session.person_id, bytes(session.origin))


def forget(now: datetime, *, limit: int = 1000) -> int:
    """Deletes sessions that were last used before sign-in data are kept; how many. Needs an engine scope."""
    return query(
        "DELETE FROM sign_in_session WHERE id IN"
        " (SELECT id FROM sign_in_session WHERE last_seen_at < %s ORDER BY last_seen_at LIMIT %s)",
        [now - ORIGIN_KEPT, limit],
    ).rowcount


def _opened(identity: str, person_id: str, sealed: bytes) -> Origin:
    try:
        address, browser = json.loads(unseal(ORIGIN, identity, f"person/{person_id}", sealed))
    except (KeyGone, Restricted):  # erased: the session goes on, and nobody knows any more from where
        return Origin("", "")
    return Origin(address, browser)


def _hash(session_key: str) -> bytes:
    return hashlib.sha256(session_key.encode()).digest()
