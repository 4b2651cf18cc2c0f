"""How far a seller's orders have come, from what was told about them: all that leases need to know.

In a scope of the engine, whose login alone reads facts.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from safeconduct.foundation.moments import at_micros
from safeconduct.foundation.moments import moment as moment_of
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query

_CODES: Final = {
    CATALOGUE[name].code: name
    for name in ("order.placed", "order.paid", "order.cancelled", "shipment.shipped", "shipment.delivered")
}
_PLACED, _PAID = CATALOGUE["order.placed"].code, CATALOGUE["order.paid"].code


@dataclass(frozen=True, slots=True)
class OrderStanding:
    """When something was first told of an order; None: not told."""

    order_key: int
    ref: str
    placed_at: datetime
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def shipped(self) -> bool:
        """Whether a parcel has left."""
        return self.shipped_at is not None or self.delivered_at is not None

    @property
    def closed_at(self) -> datetime | None:
        """When it was delivered or cancelled, the later of both."""
        return max((at for at in (self.delivered_at, self.cancelled_at) if at is not None), default=None)


def standings(order_keys: Collection[int], seller_key: int) -> dict[int, OrderStanding]:
    """Those among these orders that are the seller's. One query."""
    rows = query(
        "SELECT f.\"order\", f.type, min(f.occurred), bool_or(f.seller = %s), min(e.data ->> 'order')"
        ' FROM fact f JOIN event e ON e.moment = f.moment WHERE f."order" = ANY(%b::bigint[])'
        ' AND f.type = ANY(%b::smallint[]) GROUP BY f."order", f.type',
        [seller_key, sorted(set(order_keys)), sorted(_CODES)],
    ).fetchall()
    times: dict[int, dict[str, datetime]] = {}
    refs: dict[int, str] = {}
    for order, kind, occurred, own, ref in rows:
        times.setdefault(order, {})[_CODES[kind]] = at_micros(occurred)
        if kind == _PLACED and own:
            refs[order] = ref or ""
    return {
        order: OrderStanding(
            order, ref, at["order.placed"], at.get("order.paid"), at.get("shipment.shipped"),
            at.get("shipment.delivered"), at.get("order.cancelled"),
        )
        for order, ref in refs.items() for at in (times[order],)
    }  # fmt: skip


def placed_between(seller_key: int, since: datetime, until: datetime, limit: int) -> list[int]:
    """The seller's paid orders that were placed in this time, the oldest first, at most so many. One query."""
    rows = query(
        'SELECT p."order" FROM fact p WHERE p.seller = %s AND p.type = %s AND p.moment >= %s'
        ' AND p.moment < %s AND EXISTS (SELECT FROM fact q WHERE q."order" = p."order" AND q.type = %s)'
        " ORDER BY p.moment LIMIT %s",
        [seller_key, _PLACED, moment_of(since), moment_of(until), _PAID, limit],
    )
    return list(dict.fromkeys(order for (order,) in rows))


def paid_count(seller_key: int, since: datetime, limit: int) -> int:
    """How many paid orders were placed with the seller since then, counted no further than the limit. One query."""
    row = query(
        "SELECT count(*) FROM (SELECT FROM fact p WHERE p.seller = %s AND p.type = %s AND p.moment >= %s"
        ' AND EXISTS (SELECT FROM fact q WHERE q."order" = p."order" AND q.type = %s) LIMIT %s) paid',
        [seller_key, _PLACED, moment_of(since), _PAID, limit],
    ).fetchone()
    assert row is not None
    return int(row[0])
