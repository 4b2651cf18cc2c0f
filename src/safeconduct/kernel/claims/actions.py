"""What changes claims: `declare`, `open_claim`, `join_channel`, `leave_channel`; refunds, what banks take, `settle`.

Everything takes a batch and runs in the caller's scope (engine or staff); of a refused batch nothing is kept. Each verb
ends with `settle` for the lines it touched. Who tells several facts at once hands over ``settled=False`` and settles
once at the end; the database refuses the transaction of whoever forgets it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.claims import reading
from safeconduct.kernel.claims.asks import FailedRefund, Joining, Leaving, Opening, Paid
from safeconduct.kernel.claims.bank import record_bank_debit
from safeconduct.kernel.claims.errors import ChannelEnded, ClaimClosed, ClaimMalformed, NoSuchChannel
from safeconduct.kernel.claims.evidence import adopt, share_evidence
from safeconduct.kernel.claims.failing import ask_once_more, fail_sent
from safeconduct.kernel.claims.lowering import lower
from safeconduct.kernel.claims.refunds import fail_refund, hear_of_refund, refund, request_refund
from safeconduct.kernel.claims.settling import settle
from safeconduct.kernel.claims.telling import tell_of_refunds
from safeconduct.kernel.claims.writing import Did, steps
from safeconduct.kernel.events.catalogue import MOST_LINES
from safeconduct.kernel.scope import Actor, query

__all__ = [
    "declare", "fail_refund", "hear_of_failure", "hear_of_refund", "join_channel", "leave_channel", "lower",
    "open_claim", "record_bank_debit", "refund", "request_refund", "settle", "share_evidence",
]  # fmt: skip

#: Ten orders of as many lines as an event can name: what is more is handed over in parts.
MOST_AT_ONCE: Final = 10 * MOST_LINES
Place = tuple[int, str]


def declare(paid: Sequence[Paid], at: datetime) -> dict[Place, str]:
    """Says which payment paid how much for which line, and returns (order, line name) → id of the line.

    What a payment paid for a line only grows: a later capture is declared with the new total. Raises ClaimMalformed
    where a payment or line is said to be of another seller or currency than before.
    """
    _few(paid)
    for one in paid:
        if one.amount_minor < 0:
            raise ClaimMalformed("amount_minor", "what was paid is zero or more minor units")
    lines = _lines([Opening(one.seller_key, one.order_key, one.currency, one.line) for one in paid])
    keys = {one.payment: one.currency for one in paid}
    query(
        "INSERT INTO claim_payment (id, key, currency, at) SELECT w.id, w.key, w.currency, %s"
        " FROM unnest(%s::text[], %s::text[], %s::text[]) AS w(id, key, currency)"
        " ORDER BY w.key ON CONFLICT (key) DO NOTHING",
        [at, [new_id("pmt") for _ in keys], list(keys), list(keys.values())],
    )
    payments = {
        key: (identity, currency)
        for identity, key, currency in query(
            "SELECT id, key, currency FROM claim_payment WHERE key = ANY(%s::text[])", [list(keys)]
        )
    }
    for one in paid:
        if payments[one.payment][1] != one.currency:
            raise ClaimMalformed("currency", f"payment {one.payment} was in {payments[one.payment][1]}")
    reading.lock(lines.values(), [identity for identity, _ in payments.values()])
    parts: dict[tuple[str, str], dict[str, Any]] = {}
    for one in paid:
        place = (payments[one.payment][0], lines[one.order_key, one.line])
        part = {"id": new_id("prt"), "payment": place[0], "line": place[1], "seller": one.seller_key}
        parts[place] = {**part, "amount": max(one.amount_minor, parts.get(place, {"amount": 0})["amount"])}
    query(
        "INSERT INTO claim_part (id, payment_id, line_id, seller_key, amount_minor)"
        " SELECT id, payment, line, seller, amount FROM jsonb_to_recordset(%s::jsonb)"
        "  AS r(id text, payment text, line text, seller bigint, amount bigint) ORDER BY payment, line"
        " ON CONFLICT (payment_id, line_id) DO UPDATE SET amount_minor = excluded.amount_minor"
        " WHERE claim_part.amount_minor < excluded.amount_minor",
        [json.dumps(list(parts.values()))],
    )
    return lines


def open_claim(asks: Sequence[Opening], actor: Actor, *, at: datetime) -> list[str]:
    """The active claim of each line, in the order of the asks; opened where there is none."""
    _few(asks)
    lines = _lines(asks)
    reading.lock(lines.values())
    there = _active(lines.values())
    made: dict[str, dict[str, Any]] = {}
    for ask in asks:
        line = lines[ask.order_key, ask.line]
        if line not in there and line not in made:
            made[line] = {
                "id": new_id("clm"), "line": line, "seller": ask.seller_key, "order": ask.order_key,
                "buyer_country": ask.route.buyer, "seller_country": ask.route.seller, "way": ask.route.way,
            }  # fmt: skip
    if made:
        query(
            "INSERT INTO claim (id, line_id, seller_key, order_key, buyer_country, seller_country, way, opened_at,"
            " hold_key, holds) SELECT id, line, seller, \"order\", buyer_country, seller_country, way, %s, '', 0"
            ' FROM jsonb_to_recordset(%s::jsonb) AS r(id text, line text, seller bigint, "order" bigint,'
            "  buyer_country text, seller_country text, way text)",
            [at, json.dumps(list(made.values()))],
        )
        steps([Did(row["id"], "opened") for row in made.values()], actor, at)
        there |= {line: row["id"] for line, row in made.items()}
    return [there[lines[ask.order_key, ask.line]] for ask in asks]


def hear_of_failure(
    failed: Sequence[FailedRefund], actor: Actor, *, at: datetime, settled: bool = True, quiet: bool = False
) -> int:
    """Refunds that had gone out did not arrive; returns how many. What somebody had asked for is asked for once more,
    in the active claim of its line, by the day that it was due: the buyer has not had it. Told again it does nothing.
    """
    _few(failed)
    lines, ids, owed = fail_sent(failed, actor, at)
    asks = [Opening(one.seller_key, one.order_key, one.currency, one.line, Route(*one.route)) for one in owed]
    claims = open_claim(asks, actor, at=at)
    ask_once_more(list(zip(claims, owed, strict=True)), actor, at)
    if ids and not quiet:
        tell_of_refunds((), ids, at)
    if settled and ids:
        settle(lines, actor, at=at, quiet=quiet)
    return len(ids)


def join_channel(
    joins: Sequence[Joining], actor: Actor, *, at: datetime, settled: bool = True, quiet: bool = False
) -> list[str]:
    """Makes matters channels of their claims and returns the channels' ids in order. One that has joined already
    claims from now on what is said here. Raises NoSuchClaim, ClaimClosed, ChannelEnded, ClaimMalformed."""
    _few(joins)
    for join in joins:
        if join.claimed_minor < 0:
            raise ClaimMalformed("claimed_minor", "is zero or more minor units")
    claims = reading.locked_claims([join.claim_id for join in joins])
    there = _channels(claims)
    ids, new, changed, done = [], [], [], []
    for join in joins:
        name = (join.claim_id, join.kind.value, join.about, join.round)
        known = there.get(name)
        facts = {"kind": join.kind, "about": join.about, "round": join.round, "claimed_minor": join.claimed_minor}
        row = {
            "id": new_id("chn") if known is None else known["id"], "claim_id": join.claim_id,
            "seller_key": claims[join.claim_id]["seller_key"], "kind": join.kind, "about": join.about,
            "round": join.round, "case_id": join.case_id, "claimed_minor": join.claimed_minor,
            "hold_until": join.hold_until.isoformat(), "outcome": "",
        }  # fmt: skip
        ids.append(row["id"])
        if known is None:
            if claims[join.claim_id]["closed_at"] is not None:
                raise ClaimClosed(join.claim_id)
            there[name] = {**row, "hold_until": join.hold_until}
            new.append(row)
            done.append(Did(join.claim_id, "joined", {**facts, "channel": row["id"]}))
        elif known["outcome"]:
            raise ChannelEnded(join.claim_id, join.kind, join.about)
        elif (known["claimed_minor"], known["hold_until"]) != (join.claimed_minor, join.hold_until):
            changed.append(row)
            done.append(Did(join.claim_id, "claims_now", {**facts, "channel": row["id"]}))
    if new:
        query(
            "INSERT INTO claim_channel (id, claim_id, seller_key, kind, about, round, case_id, claimed_minor,"
            " hold_until, outcome, opened_at) SELECT r.*, %s FROM jsonb_to_recordset(%s::jsonb)"
            "  AS r(id text, claim_id text, seller_key bigint, kind text, about text, round smallint, case_id text,"
            "   claimed_minor bigint, hold_until timestamptz, outcome text)",
            [at, json.dumps(new)],
        )
        adopt([(row["claim_id"], row["case_id"]) for row in new if row["case_id"]], at)
    if changed:
        query(
            "UPDATE claim_channel c SET claimed_minor = r.claimed_minor, hold_until = r.hold_until"
            " FROM jsonb_to_recordset(%s::jsonb) AS r(id text, claimed_minor bigint, hold_until timestamptz)"
            " WHERE c.id = r.id",
            [json.dumps(changed)],
        )
    steps(done, actor, at)
    if settled and done:
        settle({row["line_id"] for row in claims.values()}, actor, at=at, quiet=quiet)
    return ids


def leave_channel(
    leaves: Sequence[Leaving], actor: Actor, *, at: datetime, settled: bool = True, quiet: bool = False
) -> int:
    """Ends channels with their outcomes; returns how many were still open. The same end again is nothing new.

    What the outcome posts to the ledger is posted before. Raises NoSuchClaim, NoSuchChannel, ChannelEnded (otherwise).
    """
    _few(leaves)
    claims = reading.locked_claims([leave.claim_id for leave in leaves])
    there = _channels(claims)
    ends: dict[str, str] = {}
    done = []
    for leave in leaves:
        channel = there.get((leave.claim_id, leave.kind.value, leave.about, leave.round))
        if channel is None:
            raise NoSuchChannel(leave.claim_id, leave.kind, leave.about)
        before = ends.get(channel["id"], channel["outcome"])
        if before and before != leave.outcome:
            raise ChannelEnded(leave.claim_id, leave.kind, leave.about)
        if not before:
            ends[channel["id"]] = leave.outcome
            facts = {"kind": leave.kind, "about": leave.about, "outcome": leave.outcome, "channel": channel["id"]}
            done.append(Did(leave.claim_id, "left", facts))
    query(
        "UPDATE claim_channel c SET ended_at = %s, outcome = w.outcome"
        " FROM unnest(%s::text[], %s::text[]) AS w(id, outcome) WHERE c.id = w.id",
        [at, list(ends), list(ends.values())],
    )
    steps(done, actor, at)
    if settled and done:
        settle({row["line_id"] for row in claims.values()}, actor, at=at, quiet=quiet)
    return len(ends)


def _lines(asks: Sequence[Opening]) -> dict[Place, str]:
    """The ids of lines, made where there are none; before anything is locked, as whoever makes a line waits for others
    who make the same."""
    wanted = {(ask.order_key, ask.line): ask for ask in asks}
    query(
        "INSERT INTO claim_line (id, seller_key, order_key, name, currency)"
        " SELECT w.* FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])"
        "  AS w(id, seller_key, order_key, name, currency) ORDER BY w.order_key, w.name"
        " ON CONFLICT (order_key, name) DO NOTHING",
        [
            [new_id("lin") for _ in wanted], [ask.seller_key for ask in wanted.values()],
            [order for order, _ in wanted], [name for _, name in wanted], [ask.currency for ask in wanted.values()],
        ],
    )  # fmt: skip
    found = {}
    names: dict[int, set[str]] = {}
    for identity, seller, order, name, currency in query(
        "SELECT id, seller_key, order_key, name, currency FROM claim_line WHERE order_key = ANY(%s::bigint[])",
        [[order for order, _ in wanted]],
    ):
        names.setdefault(order, set()).add(name)
        ask = wanted.get((order, name))
        if ask is None:
            continue
        if (ask.seller_key, ask.currency) != (seller, currency):
            raise ClaimMalformed("currency", f"line {name!r} of order {order} is of one seller and in {currency}")
        found[order, name] = identity
    for order, there in names.items():
        if "" in there and len(there) > 1:
            raise ClaimMalformed("line", f"order {order} either has lines with names, or is one line without a name")
    return found


def _active(line_ids: Collection[str]) -> dict[str, str]:
    return dict(
        query(
            "SELECT line_id, id FROM claim WHERE closed_at IS NULL AND line_id = ANY(%s::text[])", [list(line_ids)]
        ).fetchall()
    )


def _channels(claim_ids: Collection[str]) -> dict[tuple[str, str, str, int], dict[str, Any]]:
    return {
        (claim, kind, about, number): {
            "id": identity, "outcome": outcome, "claimed_minor": claimed, "hold_until": until,
        }
        for identity, claim, kind, about, number, outcome, claimed, until in query(
            "SELECT id, claim_id, kind, about, round, outcome, claimed_minor, hold_until FROM claim_channel"
            " WHERE claim_id = ANY(%s::text[])",
            [list(claim_ids)],
        )
    }  # fmt: skip


def _few(batch: Sequence[object]) -> None:
    if len(batch) > MOST_AT_ONCE:
        raise ClaimMalformed("batch", f"{len(batch)} are more than {MOST_AT_ONCE}; hand them over in parts")
