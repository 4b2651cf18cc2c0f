"""Reading the money of a batch's orders: what the log tells, what stands decided, what is posted. One query each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.claims.whole import NO_LONGER, decided_refunds, made_whole
from safeconduct.kernel.events.attribution import DISPUTES_OF_PAYMENTS, orders_of_disputes
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.lines import named
from safeconduct.kernel.events.refunds import Statement, amount_of, statement
from safeconduct.kernel.events.refunds import fold as fold_refunds
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks import mirror
from safeconduct.protections.transactions.chargebacks.mirror import News, fold, is_open_again
from safeconduct.protections.transactions.coverage.causes import outcome_of
from safeconduct.protections.transactions.coverage.words import STRICTNESS, Action, Outcome
from safeconduct.protections.transactions.money import sharing
from safeconduct.protections.transactions.money.counted import PREFIX
from safeconduct.protections.transactions.money.told import Book, Dispute, OpenHold, OrderMoney, Posted, Ruled, Told

#: What moves money, or says when it is released.
EVENTS: Final = (
    "order.placed", "order.paid", "order.cancelled", "shipment.shipped", "shipment.delivered", "refund.created",
    "refund.failed", "dispute.opened", "dispute.updated", "dispute.closed",
)  # fmt: skip
PLACED, PAID, CANCELLED, SHIPPED, DELIVERED, REFUNDED, FAILED, OPENED, UPDATED, CLOSED = (
    CATALOGUE[name].code for name in EVENTS
)
CODES: Final = frozenset((PLACED, PAID, CANCELLED, SHIPPED, DELIVERED, REFUNDED, FAILED, OPENED, UPDATED, CLOSED))
DISPUTES: Final = frozenset((OPENED, UPDATED, CLOSED))
#: How policies name the reasons that tie an order's buyer to its shop (`order-risk.yaml`).
_TIED: Final = '[{"category": "links"}]'
_TOLD_BY: Final = {CATALOGUE[one.value].code: one for one in mirror.Told}

#: A bank often names the dispute and no order: what it tells later is found by the dispute that was opened for the
#: order, or for the payment that paid it.
_TOLD = f"""
WITH own AS MATERIALIZED (
    SELECT f."order" AS o, f.moment, f.type, f.occurred, f.seller, f.parcel, f.outcome, f.dispute, f.digital, f.payment
    FROM fact f WHERE f."order" = ANY(%b::bigint[]) AND f.type = ANY(%b::smallint[])
), whole AS (
    SELECT * FROM own
    UNION ALL
    SELECT d.o, f.moment, f.type, f.occurred, CASE WHEN NOT d.whole THEN f.seller END, f.parcel, f.outcome,
        f.dispute, f.digital, f.payment
    FROM (
        SELECT o, dispute, bool_or(whole) AS whole FROM (
            SELECT o, dispute, false AS whole FROM own WHERE dispute IS NOT NULL
            UNION ALL SELECT o, dispute, true FROM ({DISPUTES_OF_PAYMENTS}) AS p
        ) AS both_ways GROUP BY o, dispute
    ) d
    JOIN fact f ON f.dispute = d.dispute AND f.type = ANY(%b::smallint[])
        AND (f."order" IS NULL OR d.whole AND f."order" <> d.o)
)
SELECT w.o, w.moment, w.type, w.occurred, w.seller, w.parcel, w.outcome, w.dispute, w.digital, e.data -> 'amount',
    CASE WHEN w.dispute IS NOT NULL OR w.type IN ({REFUNDED}, {FAILED}) THEN e.data END, w.payment
FROM whole w JOIN event e ON e.moment = w.moment ORDER BY w.o, w.occurred, w.moment
"""


def moving(orders: Sequence[int]) -> list[int]:
    """Those of the orders of which the log tells anything that moves money."""
    found = query(
        'SELECT DISTINCT "order" FROM fact WHERE "order" = ANY(%b::bigint[]) AND type = ANY(%b::smallint[])',
        [list(orders), [PAID, REFUNDED, FAILED, *DISPUTES]],
    )
    return sorted(order for (order,) in found)


def told(orders: Sequence[int]) -> dict[int, OrderMoney]:
    """What is known of these orders' money. Orders whose seller was never told are left out: nobody's money moves."""
    found, placed = _read(orders)
    shared = {dispute.key for money in found.values() for dispute in money.disputes if dispute.of_payment}
    if shared:
        of_payment = orders_of_disputes(shared)
        others = {order for about in of_payment.values() for order in about} - found.keys()
        sharing.share_out(of_payment, found | (_read(sorted(others))[0] if others else {}))
    for order, ruled in _standing(sorted(found), placed).items():
        found[order].ruled = ruled
    for order, pays, advance, amount, minor, currency in query(
        "SELECT order_key, pays_minor, advance_minor, amount_minor, order_minor, order_currency FROM coverage"
        " WHERE order_key = ANY(%b::bigint[]) AND (pays_minor > 0 OR advance_minor > 0)",
        [sorted(found)],
    ):
        if order in found and amount and minor is not None:
            # Coverage counts in the reporting currency; the share of the order that it pays is the same in any.
            found[order].covered_minor = (pays * minor * 2 + amount) // (2 * amount)
            found[order].advance_minor = (advance * minor * 2 + amount) // (2 * amount)
            found[order].covered_currency = currency
    for (order, currency), minor in made_whole(found, but=f"{PREFIX}/").items():
        if currency == found[order].main:
            found[order].whole_minor = minor
    in_trouble = [order for order, money in found.items() if money.whole_minor or money.disputes]
    for (order, currency), decided in (decided_refunds(in_trouble) if in_trouble else {}).items():
        if currency == found[order].main:
            found[order].decided = decided
    return found


def _read(orders: Sequence[int]) -> tuple[dict[int, OrderMoney], set[int]]:
    """What the log tells of these orders, and the moments at which any was placed."""
    rows: dict[int, list[Any]] = {}
    for row in query(_TOLD, [list(orders), sorted(CODES), sorted(DISPUTES)]):
        rows.setdefault(row[0], []).append(row)
    found = {order: one for order, of_order in rows.items() if (one := _assemble(order, of_order)) is not None}
    return found, {row[1] for of_order in rows.values() for row in of_order if row[2] == PLACED}


def tied(orders: Sequence[int]) -> set[int]:
    """Those of the orders of which a decision that stands says that buyer and seller belong together."""
    rows = query(
        "SELECT DISTINCT order_key FROM decision WHERE order_key = ANY(%b::bigint[]) AND standing AND kind <> 'shadow'"
        " AND reasons -> 'statement' @> %s::jsonb",
        [list(orders), _TIED],
    )
    return {order for (order,) in rows}


def books(orders: Sequence[int]) -> dict[int, Book]:
    """What the ledger has of these orders."""
    posted: dict[int, list[Posted]] = {}
    for order, *rest in query(
        "SELECT order_key, key, event, currency, amounts FROM ledger_transaction"
        " WHERE order_key = ANY(%b::bigint[]) AND (key LIKE 'order/%%' OR event = %s) ORDER BY id",
        [list(orders), NO_LONGER],
    ):
        posted.setdefault(order, []).append(Posted(*rest))
    holds: dict[int, list[OpenHold]] = {}
    for order, *rest in query(
        "SELECT order_key, key, held_minor FROM ledger_hold"
        " WHERE order_key = ANY(%b::bigint[]) AND ended_at IS NULL ORDER BY at, id",
        [list(orders)],
    ):
        holds.setdefault(order, []).append(OpenHold(*rest))
    dates = dict(
        query(
            "SELECT order_key, max(available_at) FROM ledger_pending WHERE order_key = ANY(%b::bigint[])"
            " GROUP BY order_key",
            [list(orders)],
        ).fetchall()
    )
    return {order: Book(posted.get(order, ()), holds.get(order, ()), dates.get(order)) for order in orders}


def _standing(orders: Sequence[int], placed: set[int]) -> dict[int, Ruled]:
    """The strictest decision that stands about each order's placing."""
    found: dict[int, Ruled] = {}
    for order, moment, identity, at, word in query(
        "SELECT order_key, moment, id, decided_at, action FROM decision"
        " WHERE order_key = ANY(%b::bigint[]) AND standing AND kind <> 'shadow' ORDER BY order_key, id",
        [list(orders)],
    ):
        ruled = Ruled(identity, at, Action(word))
        if moment in placed and (order not in found or STRICTNESS[ruled.action] > STRICTNESS[found[order].action]):
            found[order] = ruled
    return found


def _assemble(order: int, rows: Sequence[Any]) -> OrderMoney | None:
    seller = next((row[4] for row in rows if row[4] is not None), None)
    if seller is None:
        return None
    money = OrderMoney(order, seller)
    disputes: dict[int, Dispute] = {}
    under_way: set[int | None] = set()
    arrived: dict[int | None, int] = {}
    news: dict[int, list[News]] = {}
    refunds: list[Statement] = []
    for _, moment, kind, at_us, _, parcel, outcome, dispute, digital, amount, data, payment in rows:
        money.latest_us = max(money.latest_us, at_us)
        minor, currency = amount_of(amount)
        if kind == PLACED and money.placed_us is None:
            money.placed_us, money.minor, money.currency = at_us, minor, currency
            money.digital = bool(digital)
        elif kind == PAID:
            money.payments.append(Told(moment, at_us, minor, currency))
        elif kind in (REFUNDED, FAILED):
            refunds.append(statement(moment, at_us, data, failed=kind == FAILED))
        elif kind == CANCELLED:
            money.cancelled = money.cancelled or Told(moment, at_us, minor, currency)
        elif kind == SHIPPED:
            under_way.add(parcel)
        elif kind == DELIVERED:
            arrived[parcel] = min(at_us, arrived.get(parcel, at_us))
        elif kind in DISPUTES and dispute is not None:
            _hear(disputes, dispute, kind, at_us, minor, currency, outcome_of(outcome), ended=outcome is None)
            disputes[dispute].of_payment |= payment is not None
            disputes[dispute].lines |= named(data).keys()
            fee_minor, fee_currency = amount_of(data.get("fee"))
            if fee_minor is not None:
                disputes[dispute].fee_minor, disputes[dispute].fee_currency = fee_minor, fee_currency
            news.setdefault(dispute, []).append(News(moment, at_micros(at_us), _TOLD_BY[kind], data))
    money.refunds = fold_refunds(refunds)
    for key, told_of_it in news.items():
        mirrored = fold(told_of_it)
        disputes[key].inquiry = mirrored.is_inquiry
        disputes[key].prevented = mirrored.status is mirror.Status.PREVENTED
        if disputes[key].outcome in (Outcome.WON, Outcome.WITHDRAWN) and is_open_again(mirrored):
            disputes[key].outcome, disputes[key].closed_us = None, None
    if arrived and (under_way <= set(arrived) or None in arrived):
        money.delivered_us = max(arrived.values())
    money.disputes = sorted(disputes.values(), key=lambda one: (one.opened_us, one.key))
    return money


def _hear(
    disputes: dict[int, Dispute], key: int, kind: int, at_us: int, minor: int | None, currency: str,
    outcome: Outcome | None, *, ended: bool,
) -> None:  # fmt: skip
    one = disputes.setdefault(key, Dispute(key, at_us))
    one.opened_us = min(one.opened_us, at_us)
    if minor is not None:
        one.minor, one.currency = minor, currency
    if kind == CLOSED and outcome is None and ended:
        outcome = Outcome.WITHDRAWN
    if outcome is not None:
        one.closed_us, one.outcome = at_us, outcome
