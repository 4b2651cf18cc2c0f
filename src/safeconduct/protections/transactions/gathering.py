"""From the fact table to the facts of orders: one query for all orders of a batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.claims.reading import orders_in_dispute
from safeconduct.kernel.events.attribution import (
    DISPUTES,
    DISPUTES_OF_PAYMENTS,
    PAID_TOGETHER,
    orders_of_disputes,
    orders_of_parcels,
)
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.refunds import amount_of, statement
from safeconduct.kernel.events.refunds import fold as fold_refunds
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks import mirror
from safeconduct.protections.transactions.chargebacks.mirror import News as Heard
from safeconduct.protections.transactions.chargebacks.mirror import fold, is_open_again
from safeconduct.protections.transactions.coverage.causes import cause_of, outcome_of
from safeconduct.protections.transactions.coverage.facts import (
    AddressChange,
    Claim,
    Hold,
    Line,
    News,
    OrderFacts,
    Parcel,
    Payment,
    Refund,
    Ruling,
    Scan,
)
from safeconduct.protections.transactions.coverage.words import Action, Cause, Channel, Outcome

#: What coverage listens to; everything else of an order cannot change its certificate.
EVENTS: Final = (
    "order.placed", "order.paid", "order.cancelled", "order.changed", "order.held", "order.resumed",
    "shipment.shipped", "shipment.tracked", "shipment.delivered", "refund.requested", "refund.created",
    "refund.failed", "dispute.opened", "dispute.updated", "dispute.closed",
)  # fmt: skip
_CODES: Final = [CATALOGUE[name].code for name in EVENTS]
(
    PLACED, PAID, CANCELLED, CHANGED, HELD, RESUMED, SHIPPED, TRACKED, DELIVERED, ASKED, REFUNDED,
    FAILED, OPENED, UPDATED, CLOSED,
) = _CODES  # fmt: skip

_TOLD_BY: Final = {CATALOGUE[one.value].code: one for one in mirror.Told}

#: A carrier often knows a parcel and no order, a bank a dispute and no order: what they tell is found by the parcels
#: that were shipped, and by the disputes that were opened for them or for the payment that paid them.
_FACTS = f"""
WITH asked AS (
    SELECT "order", horizon FROM unnest(%b::bigint[], %b::bigint[]) AS a("order", horizon)
), own AS MATERIALIZED (
    SELECT a."order" AS o, a.horizon, f.* FROM asked a CROSS JOIN LATERAL (
        SELECT f.moment, f.type, f.occurred, f.seller, f.amount, f.address, f.parcel, f.carrier, f.scan, f.signed,
               f.address_changed, f.reason, f.outcome, f.dispute, f.digital, f.payment_method, f.seller_country,
               f.ship_country, f.bill_country, f.category, f.items, f.payment,
               CASE WHEN f.dispute IS NOT NULL OR f.type IN ({REFUNDED}, {FAILED})
               THEN (SELECT e.data FROM event e WHERE e.moment = f.moment) END AS told
        FROM fact f WHERE f."order" = a."order" AND f.type = ANY(%b::smallint[]) AND f.moment <= a.horizon
    ) f
)
SELECT o, moment, type, occurred, seller, amount, address, parcel, carrier, scan, signed, address_changed, reason,
       outcome, dispute, digital, payment_method, seller_country, ship_country, bill_country, category, items, told
FROM own
UNION ALL
SELECT s.o, f.moment, f.type, f.occurred, f.seller, f.amount, f.address, f.parcel, f.carrier, f.scan, f.signed,
       f.address_changed, f.reason, f.outcome, f.dispute, f.digital, f.payment_method, f.seller_country,
       f.ship_country, f.bill_country, f.category, f.items, NULL
FROM own s JOIN fact f ON f.parcel = s.parcel AND f.type = %b AND f."order" IS NULL AND f.moment <= s.horizon
WHERE s.type = %b AND s.parcel IS NOT NULL
UNION ALL
SELECT d.o, f.moment, f.type, f.occurred, f.seller, f.amount, f.address, f.parcel, f.carrier, f.scan, f.signed,
       f.address_changed, f.reason, f.outcome, f.dispute, f.digital, f.payment_method, f.seller_country,
       f.ship_country, f.bill_country, f.category, f.items,
       (SELECT e.data FROM event e WHERE e.moment = f.moment)
FROM (
    SELECT o, dispute, bool_or(whole) AS whole FROM (
        SELECT o, dispute, false AS whole FROM own WHERE dispute IS NOT NULL
        UNION ALL SELECT o, dispute, true FROM ({DISPUTES_OF_PAYMENTS}) AS p
    ) AS both_ways GROUP BY o, dispute
) d JOIN asked s ON s."order" = d.o
JOIN fact f ON f.dispute = d.dispute AND f.type = ANY(%b::smallint[]) AND f.moment <= s.horizon
    AND (f."order" IS NULL OR d.whole AND f."order" <> d.o)
"""


@dataclass(slots=True)
class Gathered:
    """An order's facts with what its row needs beside them. ``seller``: pseudonym of the seller, None if never told."""

    facts: OrderFacts
    seller: int | None
    moment: int


def gather(horizons: Mapping[int, int], rulings: Mapping[int, Sequence[Ruling]], currency: str) -> dict[int, Gathered]:
    """The facts of these orders, each with the events up to its horizon (a moment). Orders that were never placed are
    left out.
    """
    orders = sorted(horizons)
    rows = query(_FACTS, [orders, [horizons[o] for o in orders], _CODES, TRACKED, SHIPPED, list(DISPUTES)])
    by_order: dict[int, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_order.setdefault(row[0], []).append(row)
    found = {}
    for order, of_order in by_order.items():
        gathered = assemble(of_order, rulings.get(order, ()), currency)
        if gathered is not None:
            found[order] = gathered
    return found


#: One round trip where two would do: who is locked is read before the lock either way.
_LOCK_TOGETHER: Final = f"""
WITH together AS MATERIALIZED ({PAID_TOGETHER}), locked AS MATERIALIZED (
    SELECT count(pg_advisory_xact_lock(hashint8extended(o, 20714))) FROM (
        SELECT o FROM unnest(%b::bigint[]) AS n(o) UNION SELECT other FROM together ORDER BY o) AS sorted
)
SELECT together.o, together.other, locked.count FROM locked LEFT JOIN together ON true
"""

Attributed = tuple[Mapping[str, Any], tuple[int, ...]]
"""An event's row of the fact table, and the orders it is about."""


def attribute_and_lock(rows: Sequence[Mapping[str, Any]]) -> list[Attributed]:
    """The events of a batch that concern orders, each with its orders, which are locked as `lock` does.

    What a carrier tells without an order is about those that the parcel was shipped for, what a bank tells about all
    that its dispute is about. Where a bank disputes a payment, what is told of one order concerns the others that were
    paid together with it.
    """
    listened = frozenset(_CODES)
    chosen = [row for row in rows if row["type"] in listened]
    nameless = [row for row in chosen if row["order"] is None]
    parcels = {row["parcel"] for row in nameless if row["type"] == TRACKED and row["parcel"] is not None}
    disputes = {row["dispute"] for row in chosen if row["type"] in DISPUTES and row["dispute"] is not None}
    owners = orders_of_parcels(parcels) if parcels else {}
    disputed = orders_of_disputes(disputes) if disputes else {}
    # A bank that names lines only later leaves orders behind that its dispute was about until then.
    before = orders_in_dispute(disputes) if disputes else {}
    about = [
        ({row["order"]} if row["order"] is not None else owners.get(row["parcel"], set()))
        | (
            disputed.get(row["dispute"], set()) | before.get(row["dispute"], set())
            if row["type"] in DISPUTES
            else set()
        )
        for row in chosen
    ]
    named = {order for orders in about for order in orders}
    together = _lock_with_those_paid_together(named) if named else {}
    return [
        (row, tuple(sorted({*orders, *(other for order in orders for other in together.get(order, ()))})))
        for row, orders in zip(chosen, about, strict=True)
    ]


def lock(orders: Sequence[int]) -> None:
    """Waits until nobody else works on these orders, and keeps others waiting until the scope ends.

    One order of locking for certificates and money: whoever has an order here meets nobody else at its rows. What is
    read afterwards is at least what anybody saw who worked on them before.
    """
    query(
        "SELECT count(pg_advisory_xact_lock(hashint8extended(o, 20714))) FROM"
        " (SELECT o FROM unnest(%b::bigint[]) AS n(o) ORDER BY o) AS sorted",
        [list(orders)],
    )


def _lock_with_those_paid_together(orders: Collection[int]) -> dict[int, set[int]]:
    """Locks orders as `lock` does, with those that `PAID_TOGETHER` finds; order → these others."""
    found: dict[int, set[int]] = {}
    for order, other, _ in query(_LOCK_TOGETHER, [sorted(orders), sorted(orders)]):
        if order is not None:
            found.setdefault(order, set()).add(other)
    return found


def lock_due(now: datetime, limit: int) -> list[int]:
    """Locks orders as `lock` does whose certificates change by time alone by now, the longest due first, at most so
    many; those that somebody works on are passed over."""
    rows = query(
        "SELECT order_key FROM (SELECT order_key FROM coverage WHERE next_at <= %s ORDER BY next_at LIMIT %s) due"
        " WHERE pg_try_advisory_xact_lock(hashint8extended(order_key, 20714)) LIMIT %s",
        [now, 4 * limit, limit],
    )
    return sorted(order for (order,) in rows)


@dataclass(slots=True)
class _Sent:
    """A parcel while its events are read."""

    shipped: News | None = None
    carrier: str | None = None
    address: int | None = None
    left_at: int | None = None
    scans: list[Scan] = field(default_factory=list)
    delivered: News | None = None
    signed: bool | None = None
    items: int | None = None

    def hear(self, row: tuple[Any, ...]) -> None:
        """One event of the parcel (columns as in `_FACTS`): of several that tell the same, the first counts."""
        (_, moment, type_, at_us, _, _, address, _, carrier, scan, signed, *_, items, _) = row
        self.carrier = carrier or self.carrier
        news = News(at_us, moment)
        if type_ == SHIPPED:
            self.items = items if self.items is None else max(self.items, items or 0)
            if self.shipped is None or news < self.shipped:
                self.shipped, self.address = news, address
        elif type_ == TRACKED:
            self.scans.append(Scan(at_us, moment, scan or ""))
        elif self.delivered is None or news < self.delivered:
            self.delivered, self.signed, self.left_at = news, signed, address


def assemble(rows: Sequence[tuple[Any, ...]], rulings: Sequence[Ruling], currency: str) -> Gathered | None:
    """One order's facts from its rows (columns as in `_FACTS`), whatever their order; None where it was not placed."""
    placed: tuple[Any, ...] | None = None
    seller: int | None = None
    latest = 0
    payments: list[Payment] = []
    told_refunds: list[tuple[Any, ...]] = []
    changes: list[AddressChange] = []
    asked: list[tuple[News, Cause, int | None]] = []
    disputes: dict[int, list[tuple[Any, ...]]] = {}
    sent: dict[int | None, _Sent] = {}
    cancelled: News | None = None
    stops: list[tuple[int, int, bool]] = []
    for row in rows:
        (_, moment, type_, at_us, who, amount, address, parcel, _, _, _, changed, reason, _, dispute, *_) = row
        latest = max(latest, moment)
        if who is not None:
            seller = who
        if type_ == PLACED:
            if placed is None or moment < placed[1]:
                placed = row
        elif type_ == PAID:
            payments.append(Payment(at_us, moment, amount))
        elif type_ in (SHIPPED, TRACKED, DELIVERED):
            if parcel not in sent:
                sent[parcel] = _Sent()
            sent[parcel].hear(row)
        elif type_ == CHANGED:
            if changed or address is not None:
                changes.append(AddressChange(at_us, moment, address))
        elif type_ in (HELD, RESUMED):
            stops.append((at_us, moment, type_ == HELD))
        elif type_ in (REFUNDED, FAILED):
            told_refunds.append(row)
        elif type_ == ASKED:
            cause = cause_of(reason)
            if cause is not None:
                asked.append((News(at_us, moment), cause, amount))
        elif type_ == CANCELLED:
            news = News(at_us, moment)
            cancelled = news if cancelled is None else min(cancelled, news)
        elif dispute is not None:
            disputes.setdefault(dispute, []).append(row)
    if placed is None:
        return None
    (_, moment, _, at_us, who, amount, address, _, _, _, _, _, _, _, _, digital, method, seller_country, ship, bill,
     category, ordered, _) = placed  # fmt: skip
    refunds, units_back = _refunds(told_refunds)
    facts = OrderFacts(
        placed=News(at_us, moment), amount_minor=amount, currency=currency, payments=payments, digital=bool(digital),
        payment_method=method, seller_country=seller_country, ship_country=ship, bill_country=bill, category=category,
        address=address, rulings=rulings, changes=changes, lines=_lines(ordered, sent, units_back),
        parcels=_parcels(sent), refunds=refunds, cancelled=cancelled, holds=_holds(stops),
        claims=[*_of_the_bank(disputes), *_of_the_buyer(asked, refunds)] if disputes or asked else (),
    )  # fmt: skip
    return Gathered(facts, who if who is not None else seller, latest)


def _refunds(rows: Sequence[tuple[Any, ...]]) -> tuple[list[Refund], int]:
    """What went back, each refund once and without those that failed, and how many units it was for."""
    by_moment = {row[1]: row for row in rows}
    refunds, units = [], 0
    for told in fold_refunds([statement(row[1], row[3], row[-1] or {}, failed=row[2] == FAILED) for row in rows]):
        amount, items, data = (by_moment[told.moment][n] for n in (5, -2, -1))
        if told.minor == 0:
            continue
        said, _ = amount_of((data or {}).get("amount"))
        if amount is not None and told.minor is not None and said and told.minor != said:
            amount = (amount * told.minor * 2 + said) // (2 * said)  # in the reporting currency, as the event's amount
        refunds.append(Refund(told.at_us, told.moment, amount))
        units += items or 0
    return refunds, units


def _lines(ordered: int | None, sent: Mapping[int | None, _Sent], units_back: int) -> list[Line]:
    """What was sent of the order's units, and whether any were not; none where a parcel does not say how many it has,
    or has no number by which it is told apart."""
    parcels = [one for one in sent.values() if one.shipped is not None]
    if ordered is None or None in sent or not parcels or any(one.items is None for one in parcels):
        return []
    lines = [Line(one.shipped) for one in parcels]
    if sum(one.items or 0 for one in parcels) + units_back < ordered:
        lines.append(Line(None))
    return lines


def _holds(stops: list[tuple[int, int, bool]]) -> list[Hold]:
    """When the order stood still, as the marketplace told it."""
    holds: list[Hold] = []
    begun: int | None = None
    for at_us, _, stopped in sorted(stops):
        if stopped:
            begun = at_us if begun is None else begun
        elif begun is not None:
            holds.append(Hold(begun, at_us))
            begun = None
    return holds if begun is None else [*holds, Hold(begun, None)]


def _parcels(sent: dict[int | None, _Sent]) -> list[Parcel]:
    """The parcels. What was told without a tracking number belongs to the only parcel, where there is just one."""
    if None in sent and len(sent) == 2:
        nameless = sent.pop(None)
        (one,) = sent.values()
        one.scans += nameless.scans
        one.shipped = one.shipped or nameless.shipped
        one.address = one.address or nameless.address
        if one.delivered is None:
            one.delivered, one.signed, one.left_at = nameless.delivered, nameless.signed, nameless.left_at
    return [
        Parcel(
            one.shipped, key is not None, one.carrier, one.address, one.left_at, tuple(one.scans), one.delivered,
            one.signed,
        )
        for key, one in sent.items()
    ]  # fmt: skip


def _of_the_bank(disputes: dict[int, list[tuple[Any, ...]]]) -> list[Claim]:
    """One claim a dispute; one that the bank reopened is open. The platform tells its own fund the moment it hears of
    it, so it counts as filed then."""
    claims = []
    for rows in disputes.values():
        rows.sort(key=lambda row: row[1])
        opened = min(News(row[3], row[1]) for row in rows)
        closed, outcome, cause, amount = None, None, None, None
        for row in rows:
            cause = cause_of(row[12]) or cause
            amount = row[5] if row[5] is not None else amount
            told = outcome_of(row[13])
            if row[2] == CLOSED and told is None:
                told = Outcome.WITHDRAWN if row[13] is None else None
            if told is not None:
                closed, outcome = News(row[3], row[1]), told
        if outcome in (Outcome.WON, Outcome.WITHDRAWN) and is_open_again(
            fold([Heard(row[1], at_micros(row[3]), _TOLD_BY[row[2]], row[-1]) for row in rows])
        ):
            closed, outcome = None, None
        claims.append(Claim(opened, cause, Channel.BANK, amount, closed, outcome, filed=opened))
    return claims


def _of_the_buyer(asked: list[tuple[News, Cause, int | None]], refunds: list[Refund]) -> list[Claim]:
    """A buyer's request for money that names a cause: lost for the seller when money goes back afterwards."""
    claims = []
    left = sorted(refunds, key=lambda refund: refund[:2])
    for opened, cause, amount in sorted(asked):
        paid = next((refund for refund in left if News(refund.at_us, refund.moment) > opened), None)
        if paid is None:
            claims.append(Claim(opened, cause, Channel.PLATFORM, amount, filed=opened))
            continue
        left.remove(paid)
        closed = News(paid.at_us, paid.moment)
        claims.append(
            Claim(opened, cause, Channel.PLATFORM, paid.amount_minor, closed, Outcome.LOST, filed=opened)
        )  # fmt: skip
    return claims


def rulings_of(stored: Sequence[Sequence[Any]]) -> list[Ruling]:
    """The risk decisions of a stored row."""
    return [Ruling(at_us, moment, Action(action)) for at_us, moment, action in stored]
