"""Offers as they were when they were bought, and their inspection before: out of the log, as of that moment.

The log is never changed, so what an offer was then is what its events until then say; nothing need be copied when the
sale happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query

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
