"""Money to buyers: asked for within the limit, sent once, never while a bank decides about the same money."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.claims import reading, statutory
from safeconduct.kernel.claims.asks import RefundAsk, ToldRefund
from safeconduct.kernel.claims.errors import (
    ClaimClosed,
    ClaimMalformed,
    KeyReused,
    MoreThanIsLeft,
    NoSuchPayment,
    NoSuchRefund,
    RefundEnded,
    RefundFrozen,
)
from safeconduct.kernel.claims.settling import settle
from safeconduct.kernel.claims.words import Item, RefundState
from safeconduct.kernel.claims.writing import Did, steps
from safeconduct.kernel.scope import Actor, query

_COLUMNS = (
    "id text, key text, claim_id text, part_id text, seller_key bigint, item text, amount_minor bigint, currency text,"
    " by_bank_minor bigint, state text, told boolean, matter text, due_at timestamptz, requested_at timestamptz,"
    " ended_at timestamptz"
)
_NAMES = ", ".join(column.split()[0] for column in _COLUMNS.split(", "))


def request_refund(
    asks: Sequence[RefundAsk], actor: Actor, *, at: datetime, settled: bool = True, quiet: bool = False
) -> list[str]:
    """Refunds that are to be sent; returns their ids in order. The same ask again returns the id of the first time.

    While a chargeback is open they are stored and stand still. Raises MoreThanIsLeft, KeyReused, NoSuchClaim,
    ClaimClosed, NoSuchPayment, ClaimMalformed.
    """
    claims = reading.locked_claims([ask.claim_id for ask in asks])
    known = _known([ask.key for ask in asks])
    left = _left(claims)
    with_banks = _with_banks(left) if any(ask.or_by_bank for ask in asks) else {}
    frozen = {row["id"] for row in claims.values() if row["frozen_at"] is not None}
    ids: list[str] = []
    rows: list[dict[str, Any]] = []
    done = []
    for ask in asks:
        if ask.key in known:
            ids.append(_same(ask, known[ask.key]))
            continue
        claim = claims[ask.claim_id]
        if claim["closed_at"] is not None:
            raise ClaimClosed(ask.claim_id)
        if ask.amount_minor <= 0:
            raise ClaimMalformed("amount_minor", "a refund is at least one minor unit")
        part, by_bank, line = None, 0, claim["line_id"]
        if ask.item is Item.REFUND and ask.or_by_bank:
            part, by_bank = _part_or_bank(ask, left[line], with_banks[line], claim["currency"])
        elif ask.item is Item.REFUND:
            part = _part_for(ask, left[line], claim["currency"])
        state = RefundState.REQUESTED
        if by_bank == ask.amount_minor:
            state = RefundState.PAID_BY_BANK
        elif ask.item is Item.REFUND and ask.claim_id in frozen:
            state = RefundState.FROZEN
        row = _row(ask.key, claim, part, ask.amount_minor, at) | {
            "item": ask.item, "state": state, "by_bank_minor": by_bank, "matter": ask.matter,
            "due_at": _time(statutory.due_at(ask.matter, claim["route"], ask.due_from or at)),
            "ended_at": at.isoformat() if state is RefundState.PAID_BY_BANK else None,
        }  # fmt: skip
        rows.append(row)
        known[ask.key] = {name: row[name] for name in ("id", "claim_id", "amount_minor", "item")}
        ids.append(row["id"])
        facts = {"refund": row["id"], "item": ask.item, "amount_minor": ask.amount_minor, "due_at": row["due_at"]}
        if by_bank:
            facts["by_bank_minor"] = by_bank
        done.append(Did(ask.claim_id, "refund_requested", facts))
    _store(rows)
    steps(done, actor, at)
    if settled and done:
        settle({row["line_id"] for row in claims.values()}, actor, at=at, quiet=quiet)
    return ids


def refund(
    refund_ids: Sequence[str], actor: Actor, *, at: datetime, settled: bool = True, quiet: bool = False
) -> int:  # fmt: skip
    """Refunds have gone out; returns how many were new. Raises RefundFrozen, RefundEnded, NoSuchRefund."""
    return _end(refund_ids, RefundState.SENT, actor, at, settled=settled, quiet=quiet)


def fail_refund(
    refund_ids: Sequence[str], actor: Actor, *, at: datetime, settled: bool = True, quiet: bool = False
) -> int:  # fmt: skip
    """Refunds did not go out and will not; returns how many were new. Raises RefundEnded, NoSuchRefund."""
    return _end(refund_ids, RefundState.FAILED, actor, at, settled=settled, quiet=quiet)


def hear_of_refund(
    told: Sequence[ToldRefund], actor: Actor, *, at: datetime, settled: bool = True, quiet: bool = False
) -> int:
    """What the shop says it sent: it ends the refunds that run, the oldest first, as far as it reaches; what nobody
    had asked for is stored beside them, at most what was captured. Returns how many were new.

    Also while a bank decides: that it was sent is a fact, and what the buyer then has twice is to be recovered. Where
    it leaves no room for a refund that runs, that one fails: it was not what the shop sent. Raises NoSuchClaim.
    """
    claims = reading.locked_claims([one.claim_id for one in told])
    known = _known([one.key for one in told]).keys() | reading.heard({row["order_key"] for row in claims.values()})
    running = _running(list(claims))
    left = _left(claims, banks=False)
    ended: dict[str, RefundState] = {}
    rows: list[dict[str, Any]] = []
    done = []
    for key, one in {one.key: one for one in told if one.key not in known}.items():
        claim, rest = claims[one.claim_id], one.amount_minor
        parts = left[claim["line_id"]]
        waiting = running.get(one.claim_id, [])
        for refund_id, _, to_send in list(waiting):
            if to_send <= rest:
                ended[refund_id] = RefundState.SENT
                rest -= to_send
        waiting[:] = [refund for refund in waiting if refund[0] not in ended]
        while waiting and rest > sum(there for _, there in parts.values()):
            refund_id, part, to_send = waiting.pop()
            ended[refund_id] = RefundState.FAILED
            parts[part] = (parts[part][0], parts[part][1] + to_send)
        for part in sorted(parts, key=lambda part: (-parts[part][1], part)):
            amount = min(rest, parts[part][1])
            if amount > 0:
                rest -= amount
                parts[part] = (parts[part][0], parts[part][1] - amount)
                row = _row(key if not rows or rows[-1]["key"] != key else f"{key}/{part}", claim, part, amount, at)
                rows.append(row | {"state": RefundState.SENT, "told": True, "ended_at": at.isoformat()})
        done.append(Did(one.claim_id, "refund_heard_of", {"amount_minor": one.amount_minor, "told": key}))
    _write_ends(ended, at)
    _store(rows)
    steps(done, actor, at)
    if settled and done:
        settle({row["line_id"] for row in claims.values()}, actor, at=at, quiet=quiet)
    return len(done)


def _end(
    refund_ids: Sequence[str], state: RefundState, actor: Actor, at: datetime, *, settled: bool, quiet: bool
) -> int:
    wanted = sorted(set(refund_ids))
    lines = query(
        "SELECT DISTINCT c.line_id FROM claim_refund r JOIN claim c ON c.id = r.claim_id WHERE r.id = ANY(%s::text[])",
        [wanted],
    ).fetchall()
    reading.lock([line for (line,) in lines])
    found = {
        identity: (claim, there, item, amount)
        for identity, claim, there, item, amount in query(
            "SELECT id, claim_id, state, item, amount_minor - by_bank_minor - called_off_minor FROM claim_refund"
            " WHERE id = ANY(%s::text[])",
            [wanted],
        )
    }
    ending, done = [], []
    for refund_id in wanted:
        if refund_id not in found:
            raise NoSuchRefund(refund_id)
        claim, there, item, amount = found[refund_id]
        if there == state:
            continue
        if there == RefundState.FROZEN and state is RefundState.SENT:
            raise RefundFrozen(refund_id)
        if there not in (RefundState.REQUESTED, RefundState.FROZEN):
            raise RefundEnded(refund_id, there)
        ending.append(refund_id)
        done.append(Did(claim, f"refund_{state}", {"refund": refund_id, "item": item, "amount_minor": amount}))
    query(
        "UPDATE claim_refund SET state = %s, ended_at = %s WHERE id = ANY(%s::text[])", [state.value, at, ending]
    )  # fmt: skip
    steps(done, actor, at)
    if settled and done:
        settle([line for (line,) in lines], actor, at=at, quiet=quiet)
    return len(ending)


def _known(keys: Collection[str]) -> dict[str, dict[str, Any]]:
    return {
        key: {"id": identity, "claim_id": claim, "amount_minor": amount, "item": item}
        for key, identity, claim, amount, item in query(
            "SELECT key, id, claim_id, amount_minor, item FROM claim_refund WHERE key = ANY(%s::text[])", [list(keys)]
        )
    }


def _same(ask: RefundAsk, there: dict[str, Any]) -> str:
    if (there["claim_id"], there["amount_minor"], there["item"]) != (ask.claim_id, ask.amount_minor, ask.item):
        raise KeyReused(ask.key)
    return str(there["id"])


def _left(claims: dict[str, dict[str, Any]], *, banks: bool = True) -> dict[str, dict[str, tuple[str, int]]]:
    """Line → part → its payment, and what can still be refunded of it (``banks``: less what they took)."""
    found: dict[str, dict[str, tuple[str, int]]] = {row["line_id"]: {} for row in claims.values()}
    for line, part, payment, left in query(
        "SELECT p.line_id, p.id, y.key, p.amount_minor - p.running_minor - p.sent_minor"
        "  - CASE WHEN %s THEN greatest(p.bank_minor, 0) ELSE 0 END"
        " FROM claim_part p JOIN claim_payment y ON y.id = p.payment_id WHERE p.line_id = ANY(%s::text[])",
        [banks, list(found)],
    ):
        found[line][part] = (payment, left)
    return found


def _part_for(ask: RefundAsk, parts: dict[str, tuple[str, int]], currency: str) -> str:
    fitting = {part: left for part, (payment, left) in parts.items() if ask.payment in ("", payment)}
    if not fitting and ask.payment:
        raise NoSuchPayment(ask.payment)
    best = min(fitting, key=lambda part: (-fitting[part], part), default="")
    there = max(0, fitting.get(best, 0))
    if ask.amount_minor > there:
        raise MoreThanIsLeft(ask.key, ask.amount_minor, there, currency)
    parts[best] = (parts[best][0], there - ask.amount_minor)
    return best


def _with_banks(left: Mapping[str, Mapping[str, tuple[str, int]]]) -> dict[str, dict[str, tuple[str, int]]]:
    """The same with what banks have and no refund says they paid: as much was not given back in any other way."""
    free = reading.unaccounted(left)
    return {
        line: {part: (payment, max(0, minor) + free.get(part, 0)) for part, (payment, minor) in parts.items()}
        for line, parts in left.items()
    }


def _part_or_bank(
    ask: RefundAsk, left: dict[str, tuple[str, int]], with_banks: dict[str, tuple[str, int]], currency: str
) -> tuple[str, int]:
    """The part that a refund is of, and what of it banks have paid already."""
    part = _part_for(ask, with_banks, currency)
    payment, there = left[part]
    to_send = min(ask.amount_minor, max(0, there))
    left[part] = (payment, there - to_send)
    return part, ask.amount_minor - to_send


def _running(claim_ids: list[str]) -> dict[str, list[tuple[str, str, int]]]:
    found: dict[str, list[tuple[str, str, int]]] = {}
    for claim, *refund_row in query(
        "SELECT claim_id, id, part_id, amount_minor - by_bank_minor - called_off_minor FROM claim_refund"
        " WHERE claim_id = ANY(%s::text[]) AND item = 'refund' AND state IN ('requested', 'frozen')"
        " ORDER BY requested_at, id",
        [claim_ids],
    ):
        found.setdefault(claim, []).append((refund_row[0], refund_row[1], refund_row[2]))
    return found


def _write_ends(ended: Mapping[str, RefundState], at: datetime) -> None:
    query(
        "UPDATE claim_refund r SET state = w.state, told = w.state = 'sent', ended_at = %s"
        " FROM unnest(%s::text[], %s::text[]) AS w(id, state) WHERE r.id = w.id",
        [at, list(ended), list(ended.values())],
    )


def _row(key: str, claim: dict[str, Any], part: str | None, amount: int, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id("rfd"), "key": key, "claim_id": claim["id"], "part_id": part, "seller_key": claim["seller_key"],
        "item": Item.REFUND, "amount_minor": amount, "currency": claim["currency"], "by_bank_minor": 0, "told": False,
        "matter": "", "due_at": None, "requested_at": at.isoformat(), "ended_at": None,
    }  # fmt: skip


def _store(rows: list[dict[str, Any]]) -> None:
    if rows:
        query(
            f"INSERT INTO claim_refund ({_NAMES}) SELECT {_NAMES} FROM jsonb_to_recordset(%s::jsonb) AS r({_COLUMNS})",
            [json.dumps(rows)],
        )


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
