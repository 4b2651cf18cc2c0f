"""The one integer that orders the log.

``moment`` = microseconds since 2020-01-01T00:00:00Z × 4096 + a tie-breaker below 4096. It says when an event
became *known* (= happened, for imported history) and is unique, so *earlier* is ``<`` and a window is
``moment >= m - w AND moment < m`` on every engine: no ties, no time zones, no rounding.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
TIES = 4096
TIE_BITS = 12
SECOND = 1_000_000 * TIES


def micros(at: datetime) -> int:
    """Microseconds since 2020-01-01Z of an aware datetime, exactly. Raises ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone; give an aware datetime")
    return (at - EPOCH) // timedelta(microseconds=1)


def moment(at: datetime, tie: int = 0) -> int:
    """The moment of an aware datetime with a tie-breaker in 0..4095. Raises ValueError for a tie out of range."""
    if not 0 <= tie < TIES:
        raise ValueError(f"tie-breaker {tie} is not in 0..{TIES - 1}")
    return micros(at) * TIES + tie


def moment_micros(value: int) -> int:
    """Microseconds since 2020-01-01Z of a moment (its tie-breaker dropped)."""
    return value >> TIE_BITS


def at_micros(value: int) -> datetime:
    """The UTC datetime of microseconds since 2020-01-01Z."""
    return EPOCH + timedelta(microseconds=value)


def moment_time(value: int) -> datetime:
    """The UTC datetime of a moment, to the microsecond."""
    return at_micros(value >> TIE_BITS)
