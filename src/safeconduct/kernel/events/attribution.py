"""Which orders an event of a bank is about: a bank often names its dispute and no order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query

DISPUTES: Final = tuple(CATALOGUE[name].code for name in ("dispute.opened", "dispute.updated", "dispute.closed"))


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


def with_orders(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows that name an order, and those of banks that name none, once for each order of the dispute."""
    nameless = {row["dispute"] for row in rows if row["order"] is None and row["type"] in DISPUTES}
    known = orders_of_disputes(nameless - {None}) if nameless else {}
    found: list[Mapping[str, Any]] = []
    for row in rows:
        if row["order"] is not None:
            found.append(row)
        elif row["type"] in DISPUTES:
            found += [{**row, "order": order} for order in sorted(known.get(row["dispute"], ()))]
    return found
