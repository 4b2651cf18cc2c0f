"""What the promise costs: exposure, claims, fees and limits. All of it read from the rows of coverage and the ledger.

Amounts are minor units of the reporting currency. In staff's scope.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from django.conf import settings

from safeconduct.foundation.moments import micros
from safeconduct.foundation.money import Money
from safeconduct.kernel.events.rates import reporting_minor
from safeconduct.kernel.ledger.platform import FEES, FundMonth, fund_by_month
from safeconduct.kernel.ledger.queries import totals_by_currency
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions import versions
from safeconduct.protections.transactions.coverage.words import Cause

#: So many months are shown, the present one among them.
MONTHS: Final = 13
#: Sellers nearest to their limit of the year that are shown.
NEAREST: Final = 20

# The lists of states are those of the partial indexes `coverage_open` and `coverage_of_claims`.
_EXPOSURE: Final = """
SELECT c.template_id, t.name, t.number, c.orders, c.up_to FROM (
    SELECT template_id, count(*) AS orders, coalesce(sum(up_to_minor), 0)::bigint AS up_to FROM coverage
    WHERE state IN ('active', 'protected', 'partly', 'claimed') GROUP BY template_id
) c JOIN coverage_template t ON t.id = c.template_id ORDER BY t.valid_from DESC, t.number DESC
"""
#: A claim counts in the month in which it first stood as it stands now.
_CLAIMS: Final = """
WITH claims AS (
    SELECT c.order_key, c.template_id, p.key AS cause, p.value ->> 0 AS state, (p.value ->> 2)::bigint AS pays
    FROM coverage c CROSS JOIN LATERAL jsonb_each(c.certificate -> 'positions') p
    WHERE c.state IN ('claimed', 'paid', 'denied') AND p.value ->> 0 IN ('claimed', 'paid', 'denied')
), dated AS (
    SELECT c.*, (
        SELECT min(s.at) FROM coverage_step s
        WHERE s.order_key = c.order_key AND s.positions -> c.cause ->> 0 = c.state
    ) AS at FROM claims c
)
SELECT date_trunc('month', d.at AT TIME ZONE 'UTC')::date, d.cause, t.name, t.number,
    count(*) FILTER (WHERE d.state = 'paid'), count(*) FILTER (WHERE d.state = 'denied'),
    count(*) FILTER (WHERE d.state = 'claimed'), coalesce(sum(d.pays), 0)::bigint
FROM dated d JOIN coverage_template t ON t.id = d.template_id WHERE d.at >= %b
GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC, 2, 3, 4
"""


@dataclass(frozen=True, slots=True)
class Exposed:
    """Open protected orders of one template version, and the most that they can cost."""

    template_id: str
    name: str
    number: int
    orders: int
    up_to_minor: int


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """Claims of one month, cause and template version."""

    month: date
    cause: Cause
    name: str
    number: int
    paid: int
    denied: int
    waiting: int
    paid_minor: int


@dataclass(frozen=True, slots=True)
class Used:
    """How much of a yearly limit is used; ``limit_minor`` None: there is no such limit, or no rate for it today.
    ``seller_key`` None: the whole fund.
    """

    seller_key: int | None
    paid_minor: int
    claims: int
    limit_minor: int | None

    @property
    def share(self) -> float | None:
        return _share(self.paid_minor, self.limit_minor)


@dataclass(frozen=True, slots=True)
class FeeLine:
    """What sellers paid for protection in a month; None where a currency has no rate today."""

    month: date
    currency: str
    amount_minor: int
    value_minor: int | None


@dataclass(frozen=True, slots=True)
class Costs:
    """Everything the page shows. ``fund``: currency → balance of the protection fund, in that currency."""

    currency: str
    since: datetime
    exposed: list[Exposed]
    claims: list[ClaimLine]
    fees: list[FeeLine]
    fund: dict[str, int]
    year: int
    used: list[Used]

    @property
    def exposure_minor(self) -> int:
        return sum(line.up_to_minor for line in self.exposed)

    @property
    def open_orders(self) -> int:
        return sum(line.orders for line in self.exposed)

    @property
    def paid_minor(self) -> int:
        return sum(line.paid_minor for line in self.claims)

    @property
    def paid(self) -> int:
        return sum(line.paid for line in self.claims)

    @property
    def denied(self) -> int:
        return sum(line.denied for line in self.claims)

    @property
    def fees_minor(self) -> int:
        return sum(line.value_minor or 0 for line in self.fees)

    @property
    def claims_ratio(self) -> float | None:
        """Paid for claims over fees taken, of the same months; None where no fee was taken."""
        return _share(self.paid_minor, self.fees_minor)

    @property
    def unvalued(self) -> tuple[str, ...]:
        """Currencies of fees that have no rate, and are missing from the ratio."""
        return tuple(sorted({line.currency for line in self.fees if line.value_minor is None}))


def costs(now: datetime) -> Costs:
    """What the promise costs now and cost in the last months."""
    since = _first_of(now)
    return Costs(
        settings.REPORTING_CURRENCY, since, exposed(), claims(since), fees(fund_by_month(since), now),
        {code: totals.fund_minor for code, totals in totals_by_currency().items() if totals.fund_minor},
        now.year, used(now),
    )  # fmt: skip


def exposed() -> list[Exposed]:
    """Open protected orders by template version, the latest version first."""
    return [Exposed(*row) for row in query(_EXPOSURE)]


def claims(since: datetime) -> list[ClaimLine]:
    """Claims as they stand now, by month, cause and version, the latest month first."""
    return [
        ClaimLine(month, Cause(cause), name, number, *counts)
        for month, cause, name, number, *counts in query(_CLAIMS, [since])
    ]


def fees(moved: Iterable[FundMonth], now: datetime) -> list[FeeLine]:
    """Fees for protection by month and currency, valued by the rates of today."""
    sums: dict[tuple[date, str], int] = {}
    for line in moved:
        if line.event in FEES:
            sums[line.month, line.currency] = sums.get((line.month, line.currency), 0) + line.amount_minor
    return [
        FeeLine(month, currency, minor, _value(Money(minor, currency), now))
        for (month, currency), minor in sorted(sums.items(), reverse=True)
    ]


def used(now: datetime) -> list[Used]:
    """The yearly limits of the version in force today: the fund's first, then the sellers nearest to theirs."""
    version = versions.in_force(now.date())
    if version is None:
        return []
    limits = versions.parsed(version.text).limits
    row = query(
        "SELECT coalesce(sum(paid_minor), 0)::bigint, coalesce(sum(claims), 0)::int FROM coverage_usage"
        " WHERE year = %b",
        [now.year],
    ).fetchone()
    assert row is not None
    of_all = None if limits.fund_year is None else _value(limits.fund_year, now)
    of_one = None if limits.seller_year is None else _value(limits.seller_year, now)
    sellers = query(
        "SELECT seller_key, paid_minor, claims FROM coverage_usage WHERE year = %b AND paid_minor > 0"
        " ORDER BY paid_minor DESC, seller_key LIMIT %b",
        [now.year, NEAREST],
    )
    return [Used(None, row[0], row[1], of_all), *(Used(key, paid, n, of_one) for key, paid, n in sellers)]


def _share(part_minor: int, whole_minor: int | None) -> float | None:
    """A ratio of two amounts, for showing; no amount is computed from it."""
    return float(Fraction(part_minor, whole_minor)) if whole_minor else None


def _value(money: Money, now: datetime) -> int | None:
    return reporting_minor(money, micros(now))


def _first_of(now: datetime) -> datetime:
    """The first day of the first month shown."""
    months = now.year * 12 + now.month - MONTHS
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=now.tzinfo)
