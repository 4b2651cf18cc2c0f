"""*This was not me*: it only stops things. Whoever holds the mailbox can press it, and may be the thief or an
ex-employee; so nothing is given back, changed or told to them by it. A person decides what comes after.

It ends the sessions begun since the event and the one in which it happened, cancels payout accounts that are not in
force yet and freezes what came into force since, takes the right to write from newer API keys, and opens a case. Said
of a payout account, *since* is since it was asked for. Twice is once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.ledger import payout_accounts, payout_reading
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties import keys, security_events, sessions
from safeconduct.kernel.parties.models import SecurityEvent
from safeconduct.kernel.parties.not_me_link import event_id_of
from safeconduct.kernel.parties.not_me_link import token_of as token_of
from safeconduct.kernel.parties.security_events import Happened, Level
from safeconduct.kernel.scope import Actor, query
from safeconduct.protections.accounts.risk.locking import BY_RISK

#: As long as an ageing account is cancelled, a recovery cools off, and a mail is still near the top of a mailbox.
GOOD_FOR: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Frozen:
    """What was stopped: how many sessions, which payout accounts and keys, at which sellers."""

    sessions: int = 0
    payout_accounts: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    sellers: list[int] = field(default_factory=list)


def event_of(token: str, at: datetime) -> SecurityEvent | None:
    """The event behind a link, with its `person`; None for a link that is not ours, was changed, or is too old."""
    event_id = event_id_of(token)
    if event_id is None:
        return None
    rows = SecurityEvent.objects.filter(id=event_id, at__gt=at - GOOD_FOR, person__isnull=False)
    return rows.select_related("person").first()


def is_frozen(event: SecurityEvent) -> bool:
    """Whether it was said already. A case that account risk opened says nothing of it."""
    found = query("SELECT 1 FROM account_case WHERE event_id = %s AND NOT frozen ? %s::text", [event.id, BY_RISK])
    return found.fetchone() is not None


def freeze(event: SecurityEvent, *, at: datetime) -> Frozen | None:
    """Stops everything that came after the event; None where that was done before. In an engine scope."""
    assert event.person_id is not None
    actor = Actor("link/not_me", "mailbox", "not_me")
    opened = query(
        "INSERT INTO account_case AS c (id, person_id, event_id, frozen, opened_at, finding, why)"
        " VALUES (%s, %s, %s, '{}', %s, '', '') ON CONFLICT (event_id) DO UPDATE SET frozen = c.frozen - %s::text"
        " WHERE c.frozen ? %s::text RETURNING id, frozen",
        [new_id("acs"), event.person_id, event.id, at, BY_RISK, BY_RISK],
    ).fetchone()
    if opened is None:
        return None
    case_id, before = opened
    sellers, since = _sellers(event, at), _since(event)
    ended = sessions.end_all(event.person_id, sessions.Ended.NOT_ME, at, since=since)
    ended += sessions.end(_session(event), event.person_id, sessions.Ended.NOT_ME, at)
    accounts: list[str] = []
    for seller_key in sellers:  # each under its own lock, in one order
        accounts += payout_accounts.freeze(seller_key, since, actor, at=at)
    demoted = keys.demote_keys_since(event.person_id, since, actor, at=at)
    frozen = Frozen(ended + before.get("sessions", 0), accounts, [*before.get("keys", ()), *demoted], sellers)
    query("UPDATE account_case SET frozen = %s::jsonb WHERE id = %s", [json.dumps(_plain(frozen)), case_id])
    _tell(event, case_id, frozen, actor, at)
    return frozen


def _since(event: SecurityEvent) -> datetime:
    """From when on things are stopped: the event's time; for a step of a payout account, when it was asked for, unless
    that is long past and an owner has chosen it again."""
    account_id = event.facts.get("account")
    if not event.kind.startswith("payout_") or not account_id:
        return event.at
    asked_at = payout_reading.account(account_id).asked_at
    return asked_at if event.at - GOOD_FOR <= asked_at <= event.at else event.at


def _session(event: SecurityEvent) -> str:
    """The session in which it happened; for a step of a payout account, that in which it was asked for; else empty."""
    facts = event.facts
    if "session" not in facts and event.kind.startswith("payout_"):
        asked = SecurityEvent.objects.filter(
            seller_key=event.seller_key, kind="payout_asked", facts__account=facts.get("account", "")
        )
        facts = asked.order_by("-id").values_list("facts", flat=True).first() or {}
    return str(facts.get("session", ""))


def _sellers(event: SecurityEvent, at: datetime) -> list[int]:
    """The sellers of the person now, and those that the event was told to."""
    rows = query(
        "SELECT seller_key FROM membership WHERE person_id = %s AND ended_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > %s) UNION SELECT seller_key FROM security_event"
        " WHERE person_id = %s AND kind = %s AND at = %s AND seller_key IS NOT NULL ORDER BY 1",
        [event.person_id, at, event.person_id, event.kind, event.at],
    )
    return [key for (key,) in rows]


def _plain(frozen: Frozen) -> dict[str, Any]:
    return {
        "sessions": frozen.sessions, "payout_accounts": frozen.payout_accounts, "keys": frozen.keys,
        "sellers": [str(key) for key in frozen.sellers],
    }  # fmt: skip


def _tell(event: SecurityEvent, case_id: str, frozen: Frozen, actor: Actor, at: datetime) -> None:
    facts = {
        "event": event.id, "case": case_id, "sessions": frozen.sessions, "keys": len(frozen.keys),
        "payout_accounts": len(frozen.payout_accounts),
    }  # fmt: skip
    about: list[int | None] = [*frozen.sellers] or [None]
    security_events.note([Happened("not_me", Level.ALERT, event.person_id, key, facts) for key in about], actor, at)
    counts = {"sessions": frozen.sessions, "accounts": len(frozen.payout_accounts), "keys": len(frozen.keys)}
    notify(
        [
            Notice(f"account/{case_id}/{key}", "account.frozen", {"at": at, **counts}, at, key, url="/portal/accounts/")
            for key in frozen.sellers
        ]
    )
