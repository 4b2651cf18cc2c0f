"""What was told of orders that goods come back from: one query for all orders of a batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from safeconduct.kernel.scope import query
from safeconduct.protections.returns.comparing import Seen

_TYPES: Final = ("order.placed", "shipment.shipped", "shipment.delivered")
_TOLD: Final = """
SELECT e.order_key, e.type, e.occurred_at, e.seller_key, f.buyer, e.data
FROM event e LEFT JOIN fact f ON f.moment = e.moment
WHERE e.order_key = ANY(%b::bigint[]) AND e.type = ANY(%s::text[]) ORDER BY e.moment
"""


@dataclass(slots=True)
class Told:
    """An order as far as a return needs it. ``left``: what was noted when it was sent; the weights of several parcels
    are added up, of serial numbers and pictures the first is kept."""

    order_key: int
    seller_key: int
    order_ref: str
    amount_minor: int
    currency: str
    buyer_key: int | None
    buyer_country: str
    seller_country: str
    language: str = ""
    category: str = ""
    carrier: str = ""
    delivered_at: datetime | None = None
    left: Seen = field(default_factory=Seen)


def told(order_keys: Collection[int]) -> dict[int, Told]:
    """Order → what was told of it; orders that were never placed, or without a seller, are left out."""
    found: dict[int, Told] = {}
    for order_key, kind, at, seller_key, buyer_key, data in query(_TOLD, [sorted(order_keys), list(_TYPES)]):
        if kind == "order.placed":
            if seller_key is not None and order_key not in found:
                amount = data["amount"]
                found[order_key] = Told(
                    order_key, seller_key, data["order"], amount["minor"], amount["currency"], buyer_key,
                    data.get("ship_country", ""), data.get("seller_country", ""), str(data.get("locale") or ""),
                    str(data.get("category") or "")[:200],
                )  # fmt: skip
        elif order_key in found:
            order = found[order_key]
            if kind == "shipment.delivered":
                order.delivered_at = max(order.delivered_at or at, at)
            else:
                order.left = _with(order.left, data)
                order.carrier = order.carrier or data.get("carrier", "")
    return found


def seen(data: Mapping[str, Any]) -> Seen:
    """What an event noted of goods."""
    return Seen(data.get("weight_g"), data.get("serial", ""), data.get("photo_hash", ""))


def _with(left: Seen, data: Mapping[str, Any]) -> Seen:
    more = seen(data)
    if left.weight_g is None or more.weight_g is None:
        weight = left.weight_g if more.weight_g is None else more.weight_g
    else:
        weight = left.weight_g + more.weight_g
    return Seen(weight, left.serial or more.serial, left.photo_hash or more.photo_hash)
