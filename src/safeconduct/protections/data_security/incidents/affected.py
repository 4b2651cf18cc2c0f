"""Who is affected: buyers by the country they were delivered to, counted from the orders that were exposed.

Exposed are all orders of some sellers in a time, or single orders, as the log of readings names them. A buyer who lives
in two places is counted in both, because the law of each protects them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from safeconduct.foundation.moments import moment
from safeconduct.kernel.readings.queries import Sought, orders_read
from safeconduct.kernel.scope import query

#: Orders that one count takes in; whoever read more is counted in parts of the time.
MOST: Final = 100_000

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


def of_readings(actor: str, seller_key: int | None, since: datetime, until: datetime) -> dict[str, int] | None:
    """Country → how many buyers placed the orders of which somebody (a person's or a machine's id; "" for anybody) read
    something in a time, of a seller or of all. None where that is more than `MOST` orders. In a scope of the staff."""
    orders = orders_read(Sought(seller_key, actor, since=since, until=until), limit=MOST + 1)
    return None if len(orders) > MOST else of_orders(orders)
