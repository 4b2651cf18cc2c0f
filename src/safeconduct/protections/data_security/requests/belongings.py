"""What is kept of a buyer, by whose key seals it: orders, cases, disputes with banks, and what only this buyer has.

The subjects of keys are those of the vault's list (docs/security.md). Only reads; in an engine scope.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from safeconduct.foundation.moments import moment_time
from safeconduct.kernel.scope import query

#: Events of payments: their cards, devices and addresses are what a bank's dispute is answered with.
PAYMENTS: Final = ("payment.attempted", "order.placed", "order.paid")
#: Columns of facts with what payments are defended with, and with what came with orders.
OF_PAYMENTS: Final = ("card", "device", "ip", "billing_address")
OF_ORDERS: Final = ("email", "phone", "address")
#: Basis of a ground for what is not finished, as receipts name it.
UNFINISHED: Final = "an order, case, claim or dispute with a bank that is not finished"
_ENDS: Final = ("shipment.delivered", "order.cancelled")


@dataclass(frozen=True, slots=True)
class Order:
    """An order that nobody else is named in. ``ended_at``: when it was delivered or cancelled; ``paid_at``: its latest
    event of a payment. ``open``: a case, claim or bank's dispute about it is. ``cases``: their ids with when each was
    closed; ``disputes``: ids of disputes with banks."""

    key: int
    last_at: datetime
    ended_at: datetime | None
    paid_at: datetime | None
    open: bool
    cases: Mapping[str, datetime | None]
    disputes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Belongings:
    """``paid_at``: the buyer's latest event of a payment, of an order or not. ``raw_at``: when the latest message of a
    shop system came that may tell of them."""

    orders: Sequence[Order]
    paid_at: datetime | None
    raw_at: datetime | None


#: A part of a WHERE about `data_request`: something keeps the rest longer than was said, and the vault does not know it
#: yet. One parameter: now.
KEPT_LONGER: Final = f"""(EXISTS (
    SELECT 1 FROM fact f JOIN event e ON e.moment = f.moment
    JOIN legal_hold h ON h.seller_key = e.seller_key OR h.order_key = e.order_key
    WHERE f.buyer = data_request.buyer_key AND h.ended_at IS NULL AND h.until > %s AND h.until > rest_at
) OR EXISTS (
    SELECT 1 FROM fact f JOIN event e ON e.moment = f.moment
    JOIN case_file c ON c.order_key = e.order_key AND c.status <> 'closed'
    WHERE f.buyer = data_request.buyer_key AND NOT EXISTS (
        SELECT 1 FROM vault_ground g WHERE g.subject = 'order/' || e.order_key AND g.purpose = 'event'
            AND g.basis = '{UNFINISHED}' AND g.ended_at IS NULL AND g.until > rest_at)
))"""

# Tables of cases, claims and disputes are read by name: no room here may import the protection that has them.
_ORDERS: Final = """
WITH named AS (
    SELECT DISTINCT e.order_key AS key FROM fact f JOIN event e ON e.moment = f.moment
    WHERE f.buyer = %s AND e.order_key IS NOT NULL
), mine AS (
    SELECT key FROM named n WHERE NOT EXISTS
        (SELECT 1 FROM fact o WHERE o."order" = n.key AND o.buyer IS NOT NULL AND o.buyer <> %s)
)
SELECT m.key, max(e.moment), max(e.occurred_at) FILTER (WHERE e.type = ANY(%s::text[])),
    max(e.moment) FILTER (WHERE e.type = ANY(%s::text[])),
    EXISTS (SELECT 1 FROM case_file c WHERE c.order_key = m.key AND c.status <> 'closed')
    OR EXISTS (SELECT 1 FROM claim c WHERE c.order_key = m.key AND c.closed_at IS NULL)
    OR EXISTS (SELECT 1 FROM bank_dispute d WHERE d.order_key = m.key AND d.closed_at IS NULL)
FROM mine m JOIN event e ON e.order_key = m.key GROUP BY m.key ORDER BY m.key
"""


def of_buyer(buyer_key: int) -> Belongings:
    """What is kept of a buyer. Five queries, however much it is."""
    rows = query(_ORDERS, [buyer_key, buyer_key, list(_ENDS), list(PAYMENTS)]).fetchall()
    keys = [row[0] for row in rows]
    cases: dict[int, dict[str, datetime | None]] = {}
    for order, case_id, closed_at in query(
        "SELECT order_key, id, closed_at FROM case_file WHERE order_key = ANY(%b::bigint[]) ORDER BY id", [keys]
    ):
        cases.setdefault(order, {})[case_id] = closed_at
    disputes: dict[int, list[str]] = {}
    for order, dispute_id in query(
        "SELECT order_key, id FROM bank_dispute WHERE order_key = ANY(%b::bigint[]) ORDER BY id", [keys]
    ):
        disputes.setdefault(order, []).append(dispute_id)
    orders = [
        Order(
            key, moment_time(last), ended, None if paid is None else moment_time(paid), is_open, cases.get(key, {}),
            disputes.get(key, ()),
        )
        for key, last, ended, paid, is_open in rows
    ]  # fmt: skip
    row = query(
        "SELECT max(e.moment) FROM fact f JOIN event e ON e.moment = f.moment WHERE f.buyer = %s AND e.type = ANY(%s)",
        [buyer_key, list(PAYMENTS)],
    ).fetchone()
    return Belongings(orders, None if row is None or row[0] is None else moment_time(row[0]), _raw_at(buyer_key))


def own_entities(buyer_key: int, columns: Collection[str]) -> list[int]:
    """Pseudonyms that only this buyer has in these columns: a card that another buyer paid with as well stays theirs.
    One query for each column."""
    found: set[int] = set()
    for column in columns:
        others = ("address", "billing_address") if column in ("address", "billing_address") else (column,)
        shared = " AND ".join(
            f"NOT EXISTS (SELECT 1 FROM fact o WHERE o.{c} = mine.key AND o.buyer IS DISTINCT FROM %s"
            ' AND (o."order" IS NULL OR NOT EXISTS'
            ' (SELECT 1 FROM fact w WHERE w."order" = o."order" AND w.buyer = %s)))'
            for c in others
        )
        # Where it is also sent to, it goes with the orders.
        own = " AND NOT EXISTS (SELECT 1 FROM fact o WHERE o.address = mine.key)" if column == "billing_address" else ""
        rows = query(
            f"SELECT mine.key FROM (SELECT DISTINCT f.{column} AS key FROM fact f"
            f" WHERE f.buyer = %s AND f.{column} IS NOT NULL) AS mine WHERE {shared}{own}",
            [buyer_key] * (1 + 2 * len(others)),
        )
        found.update(key for (key,) in rows)
    return sorted(found)


def _raw_at(buyer_key: int) -> datetime | None:
    row = query(
        "SELECT max(d.received_at) FROM (SELECT e.source, min(e.received_at) AS first, max(e.received_at) AS last"
        " FROM fact f JOIN event e ON e.moment = f.moment WHERE f.buyer = %s GROUP BY e.source) s"
        " JOIN delivery d ON d.connector = s.source AND d.received_at >= s.first - interval '1 day'"
        " AND d.received_at <= s.last",
        [buyer_key],
    ).fetchone()
    return None if row is None else row[0]
