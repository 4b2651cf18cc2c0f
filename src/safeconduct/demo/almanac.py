"""The demo world's time: 146 days with sales, holidays, evenings. Instants are microseconds since 2020-01-01Z.

The days and factors come from the world's plan: 9.9 sale, Golden Week, 11.11 at 3.5 times an ordinary day, weekends
1.25. The lesser days around the peaks are the demo's own.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random

from safeconduct.foundation.moments import EPOCH, micros

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

FIRST_DAY = date(2026, 7, 1)
DAYS = 146
START = micros(datetime(2026, 7, 1, tzinfo=UTC))
END = START + DAYS * DAY
"""The end of the world's history: 2026-11-24T00:00Z. What happens later is not known yet."""

BEIJING_OFFSET = 8 * HOUR
GOLDEN_WEEK = (date(2026, 10, 1), date(2026, 10, 7))
CHERRY_SEASON = date(2026, 11, 1)

_PROMOTION_DAYS: dict[date, tuple[str, float]] = {
    date(2026, 9, 8): ("9.9", 1.3), date(2026, 9, 9): ("9.9", 2.2), date(2026, 9, 10): ("9.9", 1.3),
    date(2026, 11, 9): ("11.11", 1.3), date(2026, 11, 10): ("11.11", 1.7), date(2026, 11, 11): ("11.11", 3.5),
    date(2026, 11, 12): ("11.11", 1.8), date(2026, 11, 13): ("11.11", 1.3),
}  # fmt: skip
_GOLDEN_WEEK_FACTOR = 0.75
_WEEKEND_FACTOR = 1.25
_MIDNIGHT_SHARE = 0.25
"""Of the orders on the peak day itself, those in the two hours after midnight, when the prices start."""


def day_of(index: int) -> date:
    """The Beijing date of day ``index``, 0 = 2026-07-01. It may lie after the end of the world."""
    return FIRST_DAY + timedelta(days=index)


def beijing_day(at: int) -> date:
    """The Beijing date of an instant."""
    return day_of((at + BEIJING_OFFSET - START) // DAY)


def at_day(day: date, hour: float = 0.0) -> int:
    """The instant of an hour (Beijing time) of a day."""
    return START - BEIJING_OFFSET + (day - FIRST_DAY).days * DAY + round(hour * HOUR)


def promotion_on(day: date) -> str | None:
    """The promotion in force on a Beijing date, or None."""
    entry = _PROMOTION_DAYS.get(day)
    return entry[0] if entry else None


def day_weight(index: int) -> float:
    """How busy a day is; an ordinary weekday is 1."""
    day = day_of(index)
    promotion = _PROMOTION_DAYS.get(day)
    if promotion:
        return promotion[1]
    weight = _WEEKEND_FACTOR if day.weekday() >= 5 else 1.0
    return weight * _GOLDEN_WEEK_FACTOR if GOLDEN_WEEK[0] <= day <= GOLDEN_WEEK[1] else weight


def instant_in_day(rng: Random, index: int, offset_minutes: int = 480) -> int:
    """An instant within a day as people shop: in the evening of their own zone, beta(5, 3) over 07:00 to 02:00."""
    if day_weight(index) >= 3 and rng.random() < _MIDNIGHT_SHARE:
        return START - BEIJING_OFFSET + index * DAY + int(rng.random() ** 2 * 2 * HOUR)
    hour = 7 + 19 * rng.betavariate(5, 3)
    return START - offset_minutes * MINUTE + index * DAY + int(hour * HOUR)


def in_golden_week(at: int) -> bool:
    return GOLDEN_WEEK[0] <= beijing_day(at) <= GOLDEN_WEEK[1]


@cache
def _day_text(day: int) -> str:
    return (EPOCH + timedelta(days=day)).strftime("%Y-%m-%dT")


def rfc3339(at: int) -> str:
    """An instant as RFC 3339 text in UTC with microseconds."""
    day, rest = divmod(at, DAY)
    seconds, fraction = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_day_text(day)}{hour:02d}:{minute:02d}:{second:02d}.{fraction:06d}Z"


def parse_rfc3339(text: str) -> int:
    """The instant of an RFC 3339 text. Raises ValueError for one without a zone."""
    return micros(datetime.fromisoformat(text.replace("Z", "+00:00")))
