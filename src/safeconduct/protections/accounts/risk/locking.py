"""What follows of level *lock* for whoever acted, beside the stop of payouts (`acting`): their sessions end, keys of
the last seven days can only read, apps let in since then end, and a case waits for a person of the marketplace.

Nobody is kept out for good by it: a false alarm is lived with by signing in again, while the money waits until two
people say otherwise. It is done once for each decision, however often the act is tried again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties import keys, security_events, sessions
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.not_me_link import path_of
from safeconduct.kernel.parties.security_events import Level as Loudness
from safeconduct.kernel.scope import ENGINE_ACTOR, engine_scope, query
from safeconduct.protections.accounts.risk.signals import Level

#: As far back as the signals look that lead to it (S14 to S17 of the security research, 2026-11-23).
KEYS_SINCE: Final = timedelta(days=7)
#: Signals whose lock is of something else: a session that has ended already.
_OF_A_SESSION: Final = frozenset({"session_off_its_device"})
_KIND: Final = "account_locked"
#: What marks a case that nobody has said *not me* about yet, among what is frozen.
BY_RISK: Final = "by_risk"


def lock_where_needed(person_id: str, decision_id: str, level: Level, fired: Sequence[str], at: datetime) -> None:
    """Does it where a decision calls for it, in a transaction of its own."""
    if level < Level.LOCK or not decision_id or set(fired) <= _OF_A_SESSION | {"session_moved"}:
        return
    with engine_scope():
        person = User.objects.filter(id=person_id).first()
        if person is not None and not _is_done(person_id, decision_id):
            _lock(person, decision_id, at)


def _is_done(person_id: str, decision_id: str) -> bool:
    # Two tries of one act at the same instant wait for each other.
    query("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7212))", [decision_id])
    found = query(
        "SELECT 1 FROM security_event WHERE person_id = %s AND kind = %s AND facts->>'decision' = %s LIMIT 1",
        [person_id, _KIND, decision_id],
    )
    return found.fetchone() is not None


def _lock(person: User, decision_id: str, at: datetime) -> None:
    ended = sessions.end_all(person.id, sessions.Ended.LOCKED, at)
    held = keys.demote_keys_since(person.id, at - KEYS_SINCE, ENGINE_ACTOR, at=at)
    facts = {"decision": decision_id, "sessions": ended, "keys": len(held)}
    noted = security_events.note_for_people({person.id: facts}, _KIND, Loudness.ALERT, ENGINE_ACTOR, at)[person.id]
    sellers = query(
        "SELECT seller_key FROM security_event WHERE person_id = %s AND kind = %s AND at = %s"
        " AND seller_key IS NOT NULL ORDER BY 1",
        [person.id, _KIND, at],
    ).fetchall()
    frozen = {
        "sessions": ended, "payout_accounts": [], "keys": held, "sellers": [str(key) for (key,) in sellers],
        BY_RISK: True,
    }  # fmt: skip
    query(
        "INSERT INTO account_case (id, person_id, event_id, frozen, opened_at, finding, why)"
        " VALUES (%s, %s, %s, %s::jsonb, %s, '', '')",
        [new_id("acs"), person.id, noted.event_id, json.dumps(frozen), at],
    )
    notify(
        [
            Notice(
                f"account/{noted.event_id}", "account.event", {"what": _KIND, "at": at}, at, noted.seller_key,
                person.id, url=path_of(noted.event_id),
            )
        ]
    )  # fmt: skip
