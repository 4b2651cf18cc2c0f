"""What orders are called in the shop, for lists that know only their keys."""

from __future__ import annotations

from collections.abc import Collection

from safeconduct.kernel.scope import query


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
