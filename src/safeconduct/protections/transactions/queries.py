"""What a seller's pages read of coverage: lists by index, one order with all that belongs to it, sums for the home.

In the scope of the seller, whose key each function takes. Lists are cut by cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.paging import PAGE, Order, Slice, page
from safeconduct.kernel.scope import engine_scope, query
from safeconduct.protections.transactions.coverage.words import State
from safeconduct.protections.transactions.models import Coverage, CoverageStep

#: The home speaks of the last month, and of at most so many orders: a figure that takes a second is no figure.
RECENT: Final = timedelta(days=30)
MOST_COUNTED: Final = 20_000
#: Beyond every text, so that a prefix is a range.
_AFTER_ALL: Final = "\U0010ffff"
_LIST: Final = (
    "order_key", "order_ref", "placed_at", "amount_minor", "currency", "order_minor", "order_currency", "ship_country",
    "action", "state", "ship_by_at", "up_to_minor",
)  # fmt: skip
_NEWEST: Final = Order("placed_at", descending=True, key="order_key")
_BY_REF: Final = Order("order_ref", key="order_key")
_BY_TERM: Final = Order("ship_by_at", key="order_key")
_SHIPPED, _TRACKED = CATALOGUE["shipment.shipped"].code, CATALOGUE["shipment.tracked"].code


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders. `words`: how the shop's id begins. `since`: placed from then on. `waits_at`: only those with a term
    of the seller that runs at this time."""

    state: str = ""
    action: str = ""
    words: str = ""
    since: datetime | None = None
    waits_at: datetime | None = None


def orders_page(
    seller_key: int, wanted: OrderFilter, *, after: str = "", before: str = "", size: int = PAGE
) -> Slice[Coverage]:
    """A page of a seller's orders: newest first; most urgent first where they wait; by id where one is sought."""
    rows, order = Coverage.objects.filter(seller_key=seller_key).only(*_LIST), _NEWEST
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.action:
        rows = rows.filter(action=wanted.action)
    if wanted.since is not None:
        rows = rows.filter(placed_at__gte=wanted.since)
    if wanted.words:
        rows, order = rows.filter(order_ref__gte=wanted.words, order_ref__lt=wanted.words + _AFTER_ALL), _BY_REF
    elif wanted.waits_at is not None:
        order = _BY_TERM
    if wanted.waits_at is not None:
        rows = rows.filter(ship_by_at__gt=wanted.waits_at)
    return page(rows, order, after=after, before=before, size=size)


def waiting(seller_key: int, at: datetime, *, limit: int) -> list[Coverage]:
    """The orders whose seller has a term that runs, the most urgent first, with their certificates."""
    rows = Coverage.objects.filter(seller_key=seller_key, ship_by_at__gt=at)
    return list(rows.select_related("template").order_by("ship_by_at")[:limit])


@dataclass(frozen=True, slots=True)
class Sums:
    """Orders of the last month by state: how many, and up to how much they are covered, in the reporting currency.
    ``whole``: false where there are more than `MOST_COUNTED`, and only the newest of them are counted."""

    orders: dict[str, int]
    up_to_minor: dict[str, int]
    whole: bool

    def count(self, *states: State) -> int:
        """How many orders are in one of these states."""
        return sum(self.orders.get(state, 0) for state in states)


def sums(seller_key: int, at: datetime) -> Sums:
    """The last month's orders in figures."""
    rows = query(
        "SELECT state, count(*), coalesce(sum(up_to_minor), 0)::bigint FROM ("
        " SELECT state, up_to_minor FROM coverage WHERE seller_key = %s AND placed_at >= %s"
        " ORDER BY placed_at DESC, order_key DESC LIMIT %s) newest GROUP BY state",
        [seller_key, at - RECENT, MOST_COUNTED],
    ).fetchall()
    orders = {state: count for state, count, _minor in rows}
    whole = sum(orders.values()) < MOST_COUNTED
    return Sums(orders, {state: minor for state, _count, minor in rows}, whole)


def claimed(seller_key: int) -> tuple[int, int]:
    """How many orders have a claim that is not decided, and their amounts together; of the newest `MOST_COUNTED`."""
    row = query(
        "SELECT count(*), coalesce(sum(amount_minor), 0)::bigint FROM ("
        " SELECT amount_minor FROM coverage WHERE seller_key = %s AND state = %s"
        " ORDER BY placed_at DESC, order_key DESC LIMIT %s) open",
        [seller_key, State.CLAIMED, MOST_COUNTED],
    ).fetchone()
    return row or (0, 0)


def paid_back(seller_key: int, year: int) -> tuple[int, int]:
    """Up to how much lost claims about orders of a calendar year are covered, in minor units, and how many they are."""
    row = query(
        "SELECT paid_minor, claims FROM coverage_usage WHERE seller_key = %s AND year = %s", [seller_key, year]
    ).fetchone()
    return row or (0, 0)


def order_of(seller_key: int, order_key: int) -> Coverage | None:
    """One order of this seller with its template, or None where it is another's or nobody's."""
    return Coverage.objects.filter(seller_key=seller_key, order_key=order_key).select_related("template").first()


def steps_of(order_key: int, *, limit: int = 50) -> list[CoverageStep]:
    """The latest changes of an order's coverage, oldest first."""
    return list(reversed(CoverageStep.objects.filter(order_key=order_key).order_by("-id")[:limit]))


@dataclass(frozen=True, slots=True)
class Happened:
    """An event about an order: its fields are as stored, without what is personal."""

    moment: int
    type: str
    at: datetime
    data: dict[str, Any]


_EVENTS: Final = """
SELECT moment, type, occurred_at, data FROM event WHERE order_key = %s
UNION
SELECT e.moment, e.type, e.occurred_at, e.data
FROM fact sent JOIN fact scan ON scan.parcel = sent.parcel AND scan.type = %s AND scan."order" IS NULL
JOIN event e ON e.moment = scan.moment
WHERE sent."order" = %s AND sent.type = %s AND sent.parcel IS NOT NULL
ORDER BY 3, 1 LIMIT %s
"""


def events_of(order: Coverage, *, limit: int = 200) -> Sequence[Happened]:
    """What was told about an order that `order_of` gave, also scans of its parcels by carriers who know no order.

    The engine's login reads it: who may see the order may see what was told about it.
    """
    with engine_scope():
        rows = query(_EVENTS, [order.order_key, _TRACKED, order.order_key, _SHIPPED, limit])
        return [Happened(*row) for row in rows]
