"""What orders are called in the shop, and when they were placed, for lists that know only their keys."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query

_PLACED: Final = CATALOGUE["order.placed"].code


def order_names(order_keys: Collection[int]) -> dict[int, str]:
    """Order key → the shop's id of it, for the orders that the scope may see. One query."""
    if not order_keys:
        return {}
    rows = query(
        "SELECT DISTINCT ON (order_key) order_key, data ->> 'order' FROM event"
        " WHERE order_key = ANY(%b::bigint[]) AND data ? 'order' ORDER BY order_key, moment",
        [sorted(order_keys)],
    )
    return {key: name for key, name in rows if name}


def placed_at(order_keys: Collection[int]) -> dict[int, datetime]:
    """Order key → when it was placed, for those of which that was told. In an engine or staff scope; one query."""
    if not order_keys:
        return {}
    rows = query(
        'SELECT DISTINCT ON ("order") "order", occurred FROM fact'
        ' WHERE "order" = ANY(%b::bigint[]) AND type = %b ORDER BY "order", moment',
        [sorted(order_keys), _PLACED],
    )
    return {key: at_micros(occurred) for key, occurred in rows}
