"""How much of its buyers' data a shop may see: one reveal of each paid order before it is shipped, and a tenth beyond.

The tenth, a decision of the house, is counted over 30 days: so many leases for other purposes, or once more for an
order, as a tenth of the paid orders that were placed in them, rounded up. What a shop *usually* sees is the 95th
percentile of its own days with any, so that a thief who takes more than four times that is met before the quota ends
(signal S22).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from safeconduct.kernel.scope import query
from safeconduct.protections.data_security.leases.models import Paid
from safeconduct.protections.data_security.leases.orders import paid_count

#: Over how long both are counted.
SPAN: Final = timedelta(days=30)
_TENTH: Final = 10
_UNUSUAL: Final = 4
_PERCENTILE: Final = 0.95
#: Paid orders are counted no further than this.
MOST_COUNTED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Tenth:
    """The part of the quota that is not bound to an order. ``next_at``: when the next one is free again."""

    allowed: int
    used: int
    next_at: datetime | None = None

    @property
    def left(self) -> int:
        """How many are left; none where more were used than are allowed now."""
        return max(0, self.allowed - self.used)


@dataclass(frozen=True, slots=True)
class Usage:
    """How many orders a shop has opened today (UTC), and what it usually opens in a day; None: never yet."""

    today: int
    usual: int | None

    def unusual(self, more: int) -> bool:
        """Whether so many more today would be far beyond what is usual."""
        return self.usual is not None and self.today + more > _UNUSUAL * self.usual


def tenth_of(seller_key: int, at: datetime) -> Tenth:
    """The shop's tenth as it stands. Two queries."""
    row = query(
        "SELECT count(*), min(at) FROM buyer_lease WHERE seller_key = %s AND at > %s AND paid = %s",
        [seller_key, at - SPAN, Paid.TENTH.value],
    ).fetchone()
    assert row is not None
    used, first = row
    allowed = math.ceil(paid_count(seller_key, at - SPAN, MOST_COUNTED) / _TENTH)
    return Tenth(allowed, used, None if first is None else first + SPAN)


def usage_of(seller_key: int, at: datetime) -> Usage:
    """What the shop opened on each of its days. One query."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = query(
        "SELECT (at AT TIME ZONE 'UTC')::date, count(*) FROM buyer_lease WHERE seller_key = %s AND at >= %s GROUP BY 1",
        [seller_key, midnight - SPAN],
    ).fetchall()
    today = next((count for day, count in rows if day == midnight.date()), 0)
    return Usage(today, usual_of([count for day, count in rows if day < midnight.date()]))


def usual_of(counts: Collection[int]) -> int | None:
    """What is usual of days with so many each: their 95th percentile; None where there was no such day."""
    return sorted(counts)[math.ceil(_PERCENTILE * len(counts)) - 1] if counts else None
