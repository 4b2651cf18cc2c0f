"""The offer as it was when it was bought, and its inspection before it was sent: out of the log, as of that moment.

The log is never changed, so what an offer was then is what its events until then say; nothing need be copied when the
sale happens. Where no event tells of the offer, the order's own title of it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks.dossier import Exhibit, Row
from safeconduct.protections.transactions.chargebacks.known import Known, joined, minute, money

_OFFER: Final = ("listing.created", "listing.changed", "price.changed")
_INSPECTED: Final = "inspection.completed"
_CODES: Final = {CATALOGUE[name].code: name for name in (*_OFFER, _INSPECTED)}
_TELLS: Final = ("listing_title", "price", "category")
#: Outcomes of an inspection that speak for the goods.
_PASSED: Final = frozenset({"passed", "pass", "accepted", "accept", "approved"})
#: Events of one offer that are read, the latest before the order.
_MOST: Final = 60

_EVENTS: Final = f"""
SELECT p."order", q.type, q.occurred, q.data FROM (
    SELECT DISTINCT ON ("order") "order", listing, moment FROM fact
    WHERE "order" = ANY(%b::bigint[]) AND type = {CATALOGUE["order.placed"].code} AND listing IS NOT NULL
    ORDER BY "order", moment
) p CROSS JOIN LATERAL (
    SELECT f.type, f.occurred, e.data FROM fact f JOIN event e ON e.moment = f.moment
    WHERE f.listing = p.listing AND f.type = ANY(%b::smallint[]) AND f.moment < p.moment
    ORDER BY f.moment DESC LIMIT {_MOST}
) q ORDER BY p."order", q.occurred
"""


@dataclass(slots=True)
class Offer:
    """What an offer was when an order was placed. ``told``: field → value; ``since``: when it became so."""

    told: dict[str, Any] = field(default_factory=dict)
    since: datetime | None = None
    inspected_at: datetime | None = None
    inspection: Mapping[str, Any] = field(default_factory=dict)


def offers(orders: Sequence[int]) -> dict[int, Offer]:
    """Order → its offer, for those whose offer has events. One query. In a scope of the engine."""
    found: dict[int, Offer] = {}
    for order, kind, occurred, data in query(_EVENTS, [list(orders), list(_CODES)]):
        offer = found.setdefault(order, Offer())
        if _CODES[kind] == _INSPECTED:
            if str(data.get("outcome", "")).lower() in _PASSED:
                offer.inspected_at, offer.inspection = at_micros(occurred), data
            continue
        news = {name: data[name] for name in _TELLS if data.get(name)}
        if news:
            offer.told |= news
            offer.since = at_micros(occurred)
    return found


def exhibits(known: Known, offer: Offer) -> list[Exhibit]:
    """The offer and its inspection, as far as they are known."""
    placed = known.placed
    if placed is None:
        return []
    shown = []
    title = offer.told.get("listing_title") or placed.text("listing_title")
    if title:
        told = (
            (_("Title"), str(title)), (_("Offer"), placed.text("listing")),
            (_("Category"), str(offer.told.get("category") or placed.text("category"))),
            (_("Price"), money(offer.told.get("price"))), (_("As of"), minute(placed.at)),
            (_("Unchanged since"), "" if offer.since is None else minute(offer.since)),
        )  # fmt: skip
        rows = tuple(Row(label, value) for label, value in told if value)
        shown.append(Exhibit("listing_snapshot", placed.source, placed.at, rows))
    if offer.inspected_at is not None:
        counted = joined(
            f"{name} {offer.inspection[name]}" for name in ("units", "defects") if name in offer.inspection
        )
        rows = (Row(_("Outcome"), str(offer.inspection["outcome"])), Row(_("Inspected"), minute(offer.inspected_at)))
        rows += (Row(_("Units and defects"), counted),) if counted else ()
        shown.append(Exhibit("quality_report", placed.source, offer.inspected_at, rows))
    return shown
