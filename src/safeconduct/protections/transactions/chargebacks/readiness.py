"""How many orders could be defended with Compelling Evidence 3.0 if they were disputed, and what is missing.

Counted over facts, in which identifiers are pseudonyms: equal values have equal keys, so nothing is revealed. What the
values look like (a public IP address, a device id long enough, an address with all its parts) is judged only when a
dispute is defended; so the share is what *could* qualify. Ages count from the order, in the narrower profile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from safeconduct.foundation.moments import SECOND, moment
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks.ce3 import MIN_AGE_DAYS, STRIPE
from safeconduct.protections.transactions.coverage.causes import words_of
from safeconduct.protections.transactions.coverage.words import Cause

WINDOW: Final = timedelta(days=180)
#: Orders in one statement.
_PAGE: Final = 20_000
_DAY_US: Final = 86_400_000_000
#: An event may become known this long after it happened; its day is compared exactly all the same.
_LATE_NEWS: Final = 7 * 86_400 * SECOND
_DAY: Final = 86_400 * SECOND
#: The elements as bits, and the pairs of them that are enough (`ce3.sufficient`).
_BITS: Final = {"ip": 1, "device": 2, "buyer": 4, "address": 8}
_ENOUGH: Final = (1 | 2, 1 | 4, 1 | 8, 2 | 4, 2 | 8)
#: What a shop can begin to tell; the buyer's account it always tells.
COLLECTABLE: Final = ("ip", "device", "address")

Progress = Callable[[int], None]


@dataclass(slots=True)
class Lacking:
    """An identifier that was not told: of how many orders, and how many more could qualify if it were, and agreed."""

    orders: int = 0
    would_add: int = 0


@dataclass(slots=True)
class Readiness:
    """The count. ``by_card``: orders whose card is known; ``two_earlier``: with two earlier payments that count."""

    since: datetime
    until: datetime
    across_sellers: bool
    orders: int = 0
    by_card: int = 0
    two_earlier: int = 0
    could_qualify: int = 0
    lacking: dict[str, Lacking] = field(default_factory=lambda: {name: Lacking() for name in COLLECTABLE})

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        share = None if not self.orders else round(self.could_qualify / self.orders, 4)
        return {
            "from": self.since.isoformat(), "until": self.until.isoformat(), "profile": STRIPE.name,
            "across_sellers": self.across_sellers, "orders": self.orders, "by_card": self.by_card,
            "two_earlier_payments": self.two_earlier, "could_qualify": self.could_qualify, "share": share,
            "lacking": {
                name: {"orders": one.orders, "would_add": one.would_add} for name, one in self.lacking.items()
            },
        }  # fmt: skip


def readiness(
    now: datetime, *, seller: int | None = None, across_sellers: bool = True, window: timedelta = WINDOW,
    progress: Progress | None = None,
) -> Readiness:  # fmt: skip
    """Counts the orders placed in the window before ``now``, of one seller (its key) or of the marketplace.

    ``across_sellers``: whether the platform is merchant of record, so that a card's earlier orders at other sellers
    count. In a scope of engine or staff.
    """
    found = Readiness(now - window, now, across_sellers)
    after, last = moment(found.since) - 1, moment(now)
    statement = _statement(of_seller=seller is not None, across_sellers=across_sellers)
    fraud = sorted(words_of(Cause.UNAUTHORISED))
    while True:
        row = query(statement, [after, last, *([] if seller is None else [seller]), _PAGE, fraud]).fetchone()
        assert row is not None
        latest, orders, by_card, two, could, *rest = row
        if not orders:
            return found
        after = latest
        found.orders += orders
        found.by_card += by_card
        found.two_earlier += two
        found.could_qualify += could
        for name, (lacks, would) in zip(COLLECTABLE, zip(rest[::2], rest[1::2], strict=True), strict=True):
            found.lacking[name].orders += lacks
            found.lacking[name].would_add += would
        if progress is not None:
            progress(found.orders)


def _statement(*, of_seller: bool, across_sellers: bool) -> str:
    same = " | ".join(f"coalesce((q.{name} = p.{name})::int * {bit}, 0)" for name, bit in _BITS.items())
    counts = [f"{_enough('m.same')} AS could"]
    columns, sums = [], []
    for name in COLLECTABLE:
        columns.append(f"(q.{name} IS NULL OR p.{name} IS NULL)::int * {_BITS[name]} AS open_{name}")
        counts.append(f"{_enough(f'm.same | m.open_{name}')} AS with_{name}")
        sums.append(f"count(*) FILTER (WHERE p.{name} IS NULL)")
        sums.append(f"count(*) FILTER (WHERE c.with_{name} AND NOT c.could)")
    codes = {name: CATALOGUE[name].code for name in ("order.placed", "order.paid", "order.cancelled", "dispute.opened")}
    warned = CATALOGUE["fraud.warned"].code
    return f"""
WITH page AS MATERIALIZED (
    SELECT f.moment, f.occurred, f.seller, f.card, f.ip, f.device, f.buyer, f.address FROM fact f
    WHERE f.type = {codes["order.placed"]} AND f.moment > %b AND f.moment < %b
        {"AND f.seller = %b" if of_seller else ""}
    ORDER BY f.moment LIMIT %b
)
SELECT max(p.moment), count(*), count(p.card), count(*) FILTER (WHERE c.earlier >= 2), count(*) FILTER (WHERE c.could),
    {", ".join(sums)}
FROM page p LEFT JOIN LATERAL (
    SELECT count(*) AS earlier, {", ".join(counts)} FROM (
        SELECT {same} AS same, {", ".join(columns)} FROM fact q
        WHERE q.card = p.card AND q.type = {codes["order.placed"]}
            AND q.moment > p.moment - {(STRIPE.max_age_days + 1) * _DAY + _LATE_NEWS}
            AND q.moment < p.moment - {(MIN_AGE_DAYS - 1) * _DAY - _LATE_NEWS}
            AND p.occurred / {_DAY_US} - q.occurred / {_DAY_US} BETWEEN {MIN_AGE_DAYS} AND {STRIPE.max_age_days}
            {"" if across_sellers else "AND q.seller = p.seller"}
            AND EXISTS (SELECT FROM fact x WHERE x."order" = q."order" AND x.type = {codes["order.paid"]})
            AND NOT EXISTS (
                SELECT FROM fact x WHERE x."order" = q."order" AND (x.type IN ({codes["order.cancelled"]}, {warned})
                    OR x.type = {codes["dispute.opened"]} AND lower(x.reason) = ANY(%b::text[]))
            )
    ) m
) c ON p.card IS NOT NULL
"""


def _enough(mask: str) -> str:
    """Two earlier payments share one of the pairs that are enough with the order."""
    return "(" + " OR ".join(f"count(*) FILTER (WHERE ({mask}) & {both} = {both}) >= 2" for both in _ENOUGH) + ")"
