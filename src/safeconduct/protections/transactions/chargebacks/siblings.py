"""Other orders that the same card paid at the same seller: against the claim that one sale was charged twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext_lazy as _

from safeconduct.foundation.moments import SECOND, at_micros
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks.dossier import Exhibit, Row
from safeconduct.protections.transactions.chargebacks.known import Known, joined, minute, money

#: How far an order may lie from the disputed one, and how many of them are shown, the nearest first.
_AROUND: Final = 30 * 86_400 * SECOND
_MOST: Final = 3
#: Documents that these orders are: two orders, or the receipts of each.
DOCUMENTS: Final = ("distinct_orders", "separate_sales")

_ORDERS: Final = f"""
SELECT p."order", q.occurred, q.data, q.parcel FROM fact p CROSS JOIN LATERAL (
    SELECT f.occurred, e.data, (
        SELECT b.data ->> 'parcel' FROM fact s JOIN event b ON b.moment = s.moment
        WHERE s."order" = f."order" AND s.type = {CATALOGUE["shipment.shipped"].code} ORDER BY s.moment LIMIT 1
    ) AS parcel
    FROM fact f JOIN event e ON e.moment = f.moment
    WHERE f.card = p.card AND f.type = p.type AND f.seller = p.seller AND f."order" <> p."order"
        AND f.moment BETWEEN p.moment - {_AROUND} AND p.moment + {_AROUND}
        AND EXISTS (SELECT FROM fact x WHERE x."order" = f."order" AND x.type = {CATALOGUE["order.paid"].code})
    ORDER BY abs(f.moment - p.moment) LIMIT {_MOST}
) q
WHERE p."order" = ANY(%b::bigint[]) AND p.type = {CATALOGUE["order.placed"].code} AND p.card IS NOT NULL
ORDER BY p."order", q.occurred
"""


def others(orders: Sequence[int]) -> dict[int, list[str]]:
    """Order → a line for each other order of its card at its seller. One query. In a scope of the engine."""
    found: dict[int, list[str]] = {}
    for order, occurred, data, parcel in query(_ORDERS, [list(orders)]) if orders else ():
        line = _line(str(data.get("order", "")), minute(at_micros(occurred)), money(data.get("amount")), parcel or "")
        found.setdefault(order, []).append(line)
    return found


def exhibits(known: Known, lines: Sequence[str]) -> list[Exhibit]:
    """The order and the others of its card, as the two documents that ask for them."""
    placed = known.placed
    if placed is None or not lines:
        return []
    shipped = known.first("shipment.shipped")
    parcel = "" if shipped is None else shipped.text("parcel")
    own = _line(placed.text("order"), minute(placed.at), placed.amount(), parcel)
    rows = (Row(_("This order"), own), *(Row(_("Another order"), line) for line in lines))
    return [Exhibit(document, placed.source, placed.at, rows) for document in DOCUMENTS]


def _line(order: str, at: str, amount: str, parcel: str) -> str:
    return joined((order, at, amount, parcel))
