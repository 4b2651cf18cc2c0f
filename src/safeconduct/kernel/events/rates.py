"""Dated exchange rates: what an amount was worth in the reporting currency on the day it happened."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings

from safeconduct.foundation.moments import at_micros
from safeconduct.foundation.money import MOST_MINOR, Money, convert
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN
from safeconduct.kernel.scope import query, raw_connection

_REFRESH_S = 60.0


@dataclass(slots=True)
class _Table:
    read_at: float
    days: dict[str, list[date]]
    rates: dict[str, list[Decimal]]


_table: _Table | None = None


def reporting_minor(money: Money, occurred_us: int) -> int | None:
    """The amount in minor units of the reporting currency at that day's rate, or None where no rate is in force or it
    comes to more than any amount."""
    if money.currency == settings.REPORTING_CURRENCY:
        return money.minor
    rate = _rate(money.currency, at_micros(occurred_us).date())
    if rate is None:
        return None
    minor = convert(money, settings.REPORTING_CURRENCY, rate).minor
    return minor if abs(minor) <= MOST_MINOR else None


def exchanged_minor(money: Money, to: str, occurred_us: int) -> int | None:
    """The amount in minor units of another currency at that day's rates, both through the reporting currency, or None
    where one is not in force."""
    if money.currency == to:
        return money.minor
    day = at_micros(occurred_us).date()
    given, wanted = (
        Decimal(1) if code == settings.REPORTING_CURRENCY else _rate(code, day) for code in (money.currency, to)
    )
    if given is None or wanted is None:
        return None
    minor = convert(money, to, given / wanted).minor
    return minor if INT64_MIN <= minor <= INT64_MAX else None


def store(rows: Iterable[tuple[str, date, Decimal, str]]) -> None:
    """Adds rates (currency, day, units of the reporting currency for one, source). A day's rate is never changed."""
    global _table
    entries = list(rows)
    with raw_connection().cursor() as cursor:
        cursor.executemany(
            "INSERT INTO rate (currency, target, day, rate, source) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(currency, settings.REPORTING_CURRENCY, day, rate, source) for currency, day, rate, source in entries],
        )
    _table = None


def forget() -> None:
    """Drops what is remembered of the table: for tests that empty it."""
    global _table
    _table = None


def _rate(currency: str, day: date) -> Decimal | None:
    global _table
    if _table is None or time.monotonic() - _table.read_at > _REFRESH_S:
        _table = _load()
    days = _table.days.get(currency, [])
    at = bisect_right(days, day) - 1
    return _table.rates[currency][at] if at >= 0 else None


def _load() -> _Table:
    table = _Table(time.monotonic(), {}, {})
    for currency, day, rate in query(
        "SELECT currency, day, rate FROM rate WHERE target = %s ORDER BY currency, day", [settings.REPORTING_CURRENCY]
    ):
        table.days.setdefault(currency, []).append(day)
        table.rates.setdefault(currency, []).append(rate)
    return table
