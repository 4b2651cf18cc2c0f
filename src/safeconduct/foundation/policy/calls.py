"""The admitted functions, carried out as plainly as possible: the reference for every emitter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from safeconduct.foundation.moments import EPOCH
from safeconduct.foundation.policy.functions import CALENDAR_FROM_US, CALENDAR_UNTIL_US, FUNCTIONS, Nulls
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN
from safeconduct.foundation.policy.zones import zone_table

Value = bool | int | float | str | tuple[int, int] | None

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TO_LOWER = str.maketrans(_UPPER, _UPPER.lower())
_TO_UPPER = str.maketrans(_UPPER.lower(), _UPPER)
_UNITS_US = {
    "days_between": 86_400_000_000,
    "hours_between": 3_600_000_000,
    "minutes_between": 60_000_000,
    "seconds_between": 1_000_000,
}
_CALENDAR: dict[str, Callable[[datetime], int]] = {
    "year": lambda t: t.year,
    "month": lambda t: t.month,
    "day": lambda t: t.day,
    "weekday": lambda t: t.isoweekday(),
    "hour": lambda t: t.hour,
    "minute": lambda t: t.minute,
}


def int64(value: int) -> int | None:
    """The value, or unknown where it needs more than 64 bits."""
    return value if INT64_MIN <= value <= INT64_MAX else None


def call(name: str, args: list[Value]) -> Value:
    """The result of an admitted function; arguments have the types of one of its signatures."""
    nulls = FUNCTIONS[name].nulls
    if nulls is Nulls.SPREAD and any(a is None for a in args):
        return None
    if nulls is Nulls.SKIP:
        args = [a for a in args if a is not None]
        if not args:
            return None
    if name in _CALENDAR:
        return _calendar(name, *args)  # type: ignore[arg-type]
    if name in _UNITS_US:
        return _between(_UNITS_US[name], *args)  # type: ignore[arg-type]
    return _PLAIN[name](*args)


def _truncated(a: int, b: int) -> int:
    """The quotient towards zero."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _mod(a: int, b: int) -> int | None:
    return None if b == 0 else a - b * _truncated(a, b)


def _substring(text: str, start: int, count: int) -> str | None:
    return None if start < 1 or count < 0 else text[start - 1 : start - 1 + count]


def _between(unit_us: int, start: int, end: int) -> int | None:
    length = int64(end - start)
    return None if length is None else _truncated(length, unit_us)


def _calendar(name: str, at_us: int, zone: str | None = None) -> int | None:
    if zone is not None:
        offset_us = zone_table(zone).offset_us(at_us)
        if offset_us is None:
            return None
        at_us += offset_us
    if not CALENDAR_FROM_US <= at_us < CALENDAR_UNTIL_US:
        return None
    return _CALENDAR[name](EPOCH + timedelta(microseconds=at_us))


_PLAIN: dict[str, Callable[..., Value]] = {
    "abs": lambda x: int64(abs(x)),
    "sign": lambda x: (x > 0) - (x < 0),
    "least": lambda *xs: min(xs),
    "greatest": lambda *xs: max(xs),
    "mod": _mod,
    "floor_div": lambda a, b: None if b == 0 else int64(a // b),
    "coalesce": lambda *xs: xs[0],
    "nullif": lambda a, b: None if a is not None and a == b else a,
    "lower": lambda x: x.translate(_TO_LOWER),
    "upper": lambda x: x.translate(_TO_UPPER),
    "trim": lambda x: x.strip(" "),
    "length": len,
    "left": lambda x, n: None if n < 0 else x[:n],
    "right": lambda x, n: None if n < 0 else x[max(len(x) - n, 0) :],
    "substring": _substring,
    "starts_with": lambda x, y: x.startswith(y),
    "ends_with": lambda x, y: x.endswith(y),
    "contains": lambda x, y: y in x,
    "concat": lambda *xs: "".join(xs),
}
