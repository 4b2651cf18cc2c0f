"""What follows of level *lock* for whoever acted, beside the stop of payouts (`acting`): their sessions end, keys of
the last seven days can only read, apps let in since then end, and a case waits for a person of the marketplace.

Nobody is kept out for good by it: a false alarm is lived with by signing in again, while the money waits until two
people say otherwise. It is done once for each decision, however often the act is tried again; and what led to it is
seen for a day in every act, so that in this time signing in again is no new one, and another act opens no second case.
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

#: As far back as the signals look that lead to it (S14 to S17 of `signals`).
KEYS_SINCE: Final = timedelta(days=7)
#: As long as the features of those signals look back.
SEEN_FOR: Final = timedelta(days=1)
#: Signals whose lock is of something else: a session that has ended already.
_OF_A_SESSION: Final = frozenset({"session_off_its_device"})
_KIND: Final = "account_locked"
#: What marks a case that nobody has said *not me* about yet, among what is frozen.
BY_RISK: Final = "by_risk"


def lock_where_needed(
    person_id: str, decision_id: str, level: Level, fired: Sequence[str], at: datetime, *, comes_in: bool
) -> None:
    """Does it where a decision calls for it, in a transaction of its own. ``comes_in``: the act is a sign-in, or a
    session that goes on."""
    if level < Level.LOCK or not decision_id or set(fired) <= _OF_A_SESSION | {"session_moved"}:
        return
    with engine_scope():
        person = User.objects.filter(id=person_id).first()
        if person is None:
            return
        # Two tries at the same instant wait for each other.
        query("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7212))", [person_id])
        decisions = _locked_by(person_id, at - SEEN_FOR)
        if decision_id in decisions or (decisions and comes_in):
            return
        ended = sessions.end_all(person.id, sessions.Ended.LOCKED, at)
        held = keys.demote_keys_since(person.id, at - KEYS_SINCE, ENGINE_ACTOR, at=at)
        if not decisions:
            _tell(person, decision_id, ended, held, at)


def _locked_by(person_id: str, since: datetime) -> set[str]:
    """The decisions by which a person was locked since a time."""
    rows = query(
        "SELECT facts->>'decision' FROM security_event WHERE person_id = %s AND kind = %s AND at > %s",
        [person_id, _KIND, since],
    )
    return {decision for (decision,) in rows}


def _tell(person: User, decision_id: str, ended: int, held: list[str], at: datetime) -> None:
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
