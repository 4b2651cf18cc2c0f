"""Who is affected: buyers by the country they were delivered to, counted from the orders that were exposed.

Exposed are all orders of some sellers in a time, or single orders, as a log of readings names them. A buyer who lives
in two places is counted in both, because the law of each protects them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from safeconduct.foundation.moments import moment
from safeconduct.kernel.scope import query

_COUNT = """
SELECT upper(e.data ->> 'ship_country'), count(DISTINCT f.buyer)
FROM event e JOIN fact f ON f.moment = e.moment
WHERE e.type = 'order.placed' AND f.buyer IS NOT NULL AND e.data ->> 'ship_country' ~ '^[A-Za-z]{2}$' AND
"""


def of_sellers(seller_keys: Collection[int], since: datetime, until: datetime) -> dict[str, int]:
    """Country → how many buyers of these sellers ordered from ``since`` (included) to ``until`` (not included)."""
    rows = query(
        f"{_COUNT} e.seller_key = ANY(%b::bigint[]) AND e.moment >= %s AND e.moment < %s GROUP BY 1",
        [sorted(seller_keys), moment(since), moment(until)],
    )
    return dict(rows.fetchall())


def of_orders(order_keys: Collection[int]) -> dict[str, int]:
    """Country → how many buyers placed these orders."""
    rows = query(f"{_COUNT} e.order_key = ANY(%b::bigint[]) GROUP BY 1", [sorted(order_keys)])
    return dict(rows.fetchall())
