"""Refunds that had gone out and did not arrive: the buyer is owed the same again, by the same day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.claims import reading
from safeconduct.kernel.claims.asks import FailedRefund
from safeconduct.kernel.claims.words import RESENT, Item, RefundState
from safeconduct.kernel.claims.writing import Did, steps
from safeconduct.kernel.scope import Actor, query


class Owed(NamedTuple):
    """A refund that did not arrive and that somebody had asked for: it is to be sent once more."""

    key: str
    part_id: str
    amount_minor: int
    matter: str
    due_at: datetime | None
    seller_key: int
    order_key: int
    currency: str
    line: str
    route: tuple[str, str, str]


#: Refunds that went out by what was told: stored for it, or asked for before and ended by it.
_SENT = """
SELECT DISTINCT r.id, r.claim_id, starts_with(r.key, %s), r.amount_minor - r.by_bank_minor - r.called_off_minor AS sent,
    r.requested_at, r.key, r.part_id, r.matter, r.due_at, r.seller_key, c.order_key, r.currency, l.name,
    c.buyer_country, c.seller_country, c.way
FROM claim c JOIN claim_line l ON l.id = c.line_id JOIN claim_step s ON s.claim_id = c.id
JOIN claim_refund r ON r.claim_id = c.id AND r.item = 'refund' AND r.state = 'sent'
    AND (starts_with(r.key, %s) OR r.told AND r.ended_at = s.at)
WHERE c.order_key = %s AND s.verb = 'refund_heard_of' AND starts_with(s.facts->>'told', %s)
ORDER BY r.requested_at DESC, r.id DESC
"""


def fail_sent(failed: Sequence[FailedRefund], actor: Actor, at: datetime) -> tuple[list[str], list[str], list[Owed]]:
    """Marks what did not arrive; returns the lines of the orders, the ids of those refunds, and what of them is owed to
    buyers again.

    Locks the lines. What was told before changes nothing.
    """
    orders = {one.order_key for one in failed}
    rows = query("SELECT id FROM claim_line WHERE order_key = ANY(%b::bigint[])", [sorted(orders)])
    lines = [line for (line,) in rows]
    reading.lock(lines)
    known, ids, owed, done = reading.heard(orders), [], [], []
    for one in failed:
        rest = one.amount_minor
        if one.key in known:
            continue
        known.add(one.key)
        for refund_id, claim, unasked, sent, _, *about in query(_SENT, [one.of, one.of, one.order_key, one.of]):
            if sent > rest or refund_id in ids:
                continue
            rest -= sent
            ids.append(refund_id)
            facts = {"told": one.key, "refund": refund_id, "amount_minor": sent}
            done.append(Did(claim, "refund_did_not_arrive", facts))
            if not unasked:
                key, part, matter, due_at, seller, order, currency, line, *route = about
                owed.append(Owed(key, part, sent, matter, due_at, seller, order, currency, line, tuple(route)))
    query(
        "UPDATE claim_refund SET state = 'failed', ended_at = greatest(ended_at, %s) WHERE id = ANY(%s::text[])",
        [at, ids],
    )
    steps(done, actor, at)
    left = query(
        "SELECT id FROM claim_part WHERE id = ANY(%s::text[])"
        " AND amount_minor > running_minor + sent_minor + greatest(bank_minor, 0)",
        [[one.part_id for one in owed]],
    ).fetchall()
    return lines, ids, [one for one in owed if (one.part_id,) in left]  # a bank may have paid the buyer meanwhile


def ask_once_more(owed: Sequence[tuple[str, Owed]], actor: Actor, at: datetime) -> None:
    """Claim, and what is to be sent in it once more: at most what is left of the payment. The day by which law wants it
    stays what it was."""
    done = []
    for claim_id, one in owed:
        refund_id = new_id("rfd")
        found = query(
            "INSERT INTO claim_refund (id, key, claim_id, part_id, seller_key, item, amount_minor, currency,"
            " by_bank_minor, state, told, matter, due_at, requested_at)"
            " SELECT %s, %s || (SELECT count(*) + 1 FROM claim_refund WHERE starts_with(key, %s)), c.id, p.id, %s,"
            "  'refund', least(%s, p.amount_minor - p.running_minor - p.sent_minor - greatest(p.bank_minor, 0)), %s, 0,"
            "  CASE WHEN c.frozen_at IS NULL THEN %s ELSE %s END, false, %s, %s, %s"
            " FROM claim c JOIN claim_part p ON p.line_id = c.line_id AND p.id = %s WHERE c.id = %s"
            "  AND p.amount_minor > p.running_minor + p.sent_minor + greatest(p.bank_minor, 0) RETURNING amount_minor",
            [
                refund_id, f"{one.key}{RESENT}", f"{one.key}{RESENT}", one.seller_key, one.amount_minor, one.currency,
                RefundState.REQUESTED.value, RefundState.FROZEN.value, one.matter, one.due_at, at, one.part_id,
                claim_id,
            ],
        ).fetchone()  # fmt: skip
        if found is not None:
            facts = {"refund": refund_id, "item": Item.REFUND, "amount_minor": found[0], "due_at": one.due_at}
            done.append(Did(claim_id, "refund_requested", {**facts, "again": True}))
    steps(done, actor, at)
