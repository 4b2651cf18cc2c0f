"""Which orders an event of a bank or a carrier is about: a bank often names its dispute and no order, a carrier its
parcel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query

DISPUTES: Final = tuple(CATALOGUE[name].code for name in ("dispute.opened", "dispute.updated", "dispute.closed"))
SHIPPED: Final = CATALOGUE["shipment.shipped"].code
TRACKED: Final = CATALOGUE["shipment.tracked"].code


def orders_of_disputes(disputes: Iterable[int]) -> dict[int, set[int]]:
    """Dispute → the orders it was opened for."""
    found: dict[int, set[int]] = {}
    for dispute, order in query(
        'SELECT dispute, "order" FROM fact WHERE dispute = ANY(%b::bigint[]) AND type = ANY(%b::smallint[])'
        ' AND "order" IS NOT NULL',
        [sorted(disputes), list(DISPUTES)],
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
    """The rows that name an order, and those of banks and scans that name none, once for each order of the dispute or
    the parcel."""
    nameless = [row for row in rows if row["order"] is None]
    disputes = {row["dispute"] for row in nameless if row["type"] in DISPUTES} - {None}
    parcels = {row["parcel"] for row in nameless if row["type"] == TRACKED} - {None}
    disputed = orders_of_disputes(disputes) if disputes else {}
    sent = orders_of_parcels(parcels) if parcels else {}
    found: list[Mapping[str, Any]] = []
    for row in rows:
        if row["order"] is not None:
            found.append(row)
        elif row["type"] in DISPUTES:
            found += [{**row, "order": order} for order in sorted(disputed.get(row["dispute"], ()))]
        elif row["type"] == TRACKED:
            found += [{**row, "order": order} for order in sorted(sent.get(row["parcel"], ()))]
    return found
