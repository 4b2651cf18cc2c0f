"""Which orders an event of a bank or a carrier is about: a bank often names its dispute and no order, a carrier its
parcel.

A bank's dispute is about a payment, and so about every order that names the same payment; where it names lines, it is
about the order whose lines they are, and no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query

DISPUTES: Final = tuple(CATALOGUE[name].code for name in ("dispute.opened", "dispute.updated", "dispute.closed"))
SHIPPED: Final = CATALOGUE["shipment.shipped"].code
TRACKED: Final = CATALOGUE["shipment.tracked"].code
_BANKS: Final = ", ".join(str(code) for code in DISPUTES)
_PAID: Final = ", ".join(str(CATALOGUE[name].code) for name in ("order.placed", "order.paid"))
#: Events of orders that name a payment; a shop that names one for more than some fifty orders means something else by
#: it, and no dispute is spread over all of its sales.
_MOST_OF_A_PAYMENT: Final = 100


def _whole(dispute: str) -> str:
    """SQL: whether a fact of a dispute is about all of its payment."""
    return (
        f"(SELECT count(*) FROM (SELECT FROM fact few WHERE few.payment = {dispute}.payment AND few.type IN ({_PAID})"
        f" LIMIT {_MOST_OF_A_PAYMENT + 1}) counted) <= {_MOST_OF_A_PAYMENT}"
        f" AND NOT EXISTS (SELECT FROM fact part JOIN event told ON told.moment = part.moment"
        f' WHERE part.dispute = {dispute}.dispute AND part.type IN ({_BANKS}) AND part."order" IS NOT NULL'
        " AND told.data ? 'lines')"
    )


#: SQL: (order, dispute) of disputes about payments, for a table `own` of the facts of orders (column `o` the order).
DISPUTES_OF_PAYMENTS: Final = (
    "SELECT DISTINCT own.o, d.dispute FROM own JOIN fact d ON d.payment = own.payment AND d.dispute IS NOT NULL"
    f" AND d.type IN ({_BANKS}) WHERE own.payment IS NOT NULL AND own.type IN ({_PAID}) AND {_whole('d')}"
)
#: SQL: (order, other) of orders (one array of bigint) and the others that the same payment paid, where a bank disputes
#: that payment: what becomes known of one changes what of the dispute falls on the others.
PAID_TOGETHER: Final = f"""
SELECT DISTINCT f."order" AS o, s."order" AS other FROM fact f
JOIN fact s ON s.payment = f.payment AND s.type IN ({_PAID}) AND s."order" <> f."order"
WHERE f."order" = ANY(%b::bigint[]) AND f.type IN ({_PAID}) AND f.payment IS NOT NULL
AND EXISTS (SELECT FROM fact d WHERE d.payment = f.payment AND d.type IN ({_BANKS}) AND d.dispute IS NOT NULL
            AND {_whole("d")})
"""


def orders_of_disputes(disputes: Iterable[int]) -> dict[int, set[int]]:
    """Dispute → the orders it was opened for, and those that its payment paid."""
    found: dict[int, set[int]] = {}
    keys = sorted(disputes)
    for dispute, order in query(
        f'SELECT dispute, "order" FROM fact WHERE dispute = ANY(%b::bigint[]) AND type IN ({_BANKS})'
        ' AND "order" IS NOT NULL UNION'
        f' SELECT d.dispute, f."order" FROM fact d JOIN fact f ON f.payment = d.payment AND f.type IN ({_PAID})'
        f" WHERE d.dispute = ANY(%b::bigint[]) AND d.type IN ({_BANKS}) AND d.payment IS NOT NULL AND {_whole('d')}",
        [keys, keys],
    ):
        found.setdefault(dispute, set()).add(order)
    return found


def orders_of_parcels(parcels: Iterable[int]) -> dict[int, set[int]]:
    """Parcel → the orders it was shipped for."""
    found: dict[int, set[int]] = {}
    for parcel, order in query(
        'SELECT parcel, "order" FROM fact WHERE parcel = ANY(%b::bigint[]) AND type = %b AND "order" IS NOT NULL',
        [sorted(parcels), SHIPPED],
    ):
        found.setdefault(parcel, set()).add(order)
    return found


def with_orders(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows that name an order, those of banks once for each order of the dispute, and scans that name none once for
    each order of the parcel."""
    nameless = [row for row in rows if row["order"] is None]
    disputes = {row["dispute"] for row in rows if row["type"] in DISPUTES} - {None}
    parcels = {row["parcel"] for row in nameless if row["type"] == TRACKED} - {None}
    disputed = orders_of_disputes(disputes) if disputes else {}
    sent = orders_of_parcels(parcels) if parcels else {}
    found: list[Mapping[str, Any]] = []
    for row in rows:
        if row["type"] in DISPUTES:
            about = disputed.get(row["dispute"], set()) | {row["order"]} - {None}
            found += [{**row, "order": order} for order in sorted(about)]
        elif row["order"] is not None:
            found.append(row)
        elif row["type"] == TRACKED:
            found += [{**row, "order": order} for order in sorted(sent.get(row["parcel"], ()))]
    return found
