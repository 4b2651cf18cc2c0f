"""The money of one order, as its seller sees it: every movement, what is held, and when the rest becomes available."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from safeconduct.kernel.ledger.accounts import Kind
from safeconduct.kernel.ledger.queries import HoldLine, Movement
from safeconduct.kernel.scope import query

#: An order has a handful; where something posts without end, its page still opens.
MOST_MOVEMENTS: Final = 200
_MOVEMENTS: Final = """
SELECT p.id, p.transaction_id, t.event, p.at, a.kind, p.amount_minor, p.currency, p.order_key, t.memo, t.provisional,
       t.reverses
FROM ledger_transaction t
JOIN ledger_posting p ON p.transaction_id = t.id
JOIN ledger_account a ON a.id = p.account_id
WHERE t.order_key = %s AND p.seller_key = %s AND p.order_key = %s ORDER BY t.at, p.id LIMIT %s
"""
_HOLDS: Final = """
SELECT id, key, order_key, currency, asked_minor, taken_minor, held_minor, reason, released_by, at, release_at, ended_at
FROM ledger_hold WHERE order_key = %s AND seller_key = %s AND ended_at IS NULL ORDER BY at, id LIMIT 50
"""


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """Movements, oldest first; open holds; and when what is pending becomes available (None: no date, or none pending).

    ``sums``: (currency, account) → what stands there for this order, in minor units.
    """

    movements: tuple[Movement, ...]
    holds: tuple[HoldLine, ...]
    available_at: datetime | None
    sums: Mapping[tuple[str, Kind], int]


def money_of(seller_key: int, order_key: int) -> OrderMoney:
    """The money of an order of this seller. Three queries, each by an index."""
    movements = []
    sums: dict[tuple[str, Kind], int] = {}
    for number, transaction, event, at, account, *rest in query(
        _MOVEMENTS, [order_key, seller_key, order_key, MOST_MOVEMENTS]
    ):
        one = Movement(number, transaction, event, at, Kind(account), *rest)
        movements.append(one)
        place = (one.currency, one.account)
        sums[place] = sums.get(place, 0) + one.amount_minor
    holds = tuple(HoldLine(*row) for row in query(_HOLDS, [order_key, seller_key]))
    due = query(
        "SELECT min(available_at) FROM ledger_pending WHERE order_key = %s AND seller_key = %s AND amount_minor > 0",
        [order_key, seller_key],
    ).fetchone()
    return OrderMoney(tuple(movements), holds, due[0] if due else None, sums)
