"""The functions a policy may call: names, types, NULLs, and a table of known answers.

A function is admitted only if Python, PostgreSQL and DuckDB give the same answer for every argument, and
`known_answers` is how that is held: each emitter must reproduce every row of it.

What an emitter may rely on, beyond this table (``interpret`` is the reference for all of it):

- INTEGER, MONEY, TIMESTAMP and DURATION are 64-bit; a result outside the range is unknown, never an error.
- A RATIONAL or MONEY_RATE is a pair (numerator, denominator), both 64-bit, never reduced. ``x / y`` is the pair
  (x, y). Times a literal p/q it is (n·p, d·q), divided by it (n·q, d·p); a part outside 64 bits is unknown. A
  denominator of 0 is unknown. Comparing multiplies crosswise *exactly* (128 bits) and minds the denominators' signs.
- Texts are compared by code point; they never contain U+0000 and never a lone surrogate.
- A NUMBER is never NaN: intake and scoring give NULL instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from safeconduct.foundation.moments import micros
from safeconduct.foundation.policy.types import Type

B, INT, M, X, K = Type.BOOLEAN, Type.INTEGER, Type.MONEY, Type.TEXT, Type.KEY
TS, D, N = Type.TIMESTAMP, Type.DURATION, Type.NUMBER

#: The most arguments a repeating function takes.
MAX_ARGUMENTS = 8

#: Calendar functions are unknown outside the years 1 to 9999 (of the local clock, where a zone is given).
CALENDAR_FROM_US = micros(datetime(1, 1, 1, tzinfo=UTC))
CALENDAR_UNTIL_US = micros(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) + 1


class Nulls(StrEnum):
    """What an unknown argument does."""

    SPREAD = "unknown if any argument is unknown"
    SKIP = "unknown arguments are left out; unknown only if all are"
    OWN = "as the documentation says"


@dataclass(frozen=True, slots=True)
class Signature:
    """Parameter types and result. With `repeats` the last parameter may come again, up to `MAX_ARGUMENTS` in all."""

    parameters: tuple[Type, ...]
    result: Type
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """An admitted function. `zone_at`: the argument that must be a literal IANA zone (see `zones.zone_table`)."""

    name: str
    signatures: tuple[Signature, ...]
    nulls: Nulls
    meaning: str
    zone_at: int | None = None


def _same(types: tuple[Type, ...], count: int, *, repeats: bool = False) -> tuple[Signature, ...]:
    return tuple(Signature((t,) * count, t, repeats) for t in types)


def _calendar(name: str, meaning: str) -> Function:
    signatures = (Signature((TS,), INT), Signature((TS, X), INT))
    return Function(name, signatures, Nulls.SPREAD, meaning + _CALENDAR, zone_at=1)


_CALENDAR = (
    " Without a zone in UTC; with a literal IANA zone by its table for 2020 to 2040, and unknown outside those years."
)
_ORDERED = (INT, M, TS, D)
_FUNCTIONS = (
    # numbers
    Function(
        "abs", _same((INT, M, D), 1), Nulls.SPREAD, "The value without its sign; unknown for the smallest integer."
    ),
    Function("sign", tuple(Signature((t,), INT) for t in (INT, M, D)), Nulls.SPREAD, "-1, 0 or 1."),
    Function("least", _same(_ORDERED, 2, repeats=True), Nulls.SKIP, "The smallest of the known arguments."),
    Function("greatest", _same(_ORDERED, 2, repeats=True), Nulls.SKIP, "The largest of the known arguments."),
    Function(
        "mod",
        (Signature((INT, INT), INT), Signature((M, M), M)),
        Nulls.SPREAD,
        "The remainder of the division that truncates towards zero: it has the sign of the first argument. Unknown "
        "where the second is 0.",
    ),
    Function(
        "floor_div",
        (Signature((INT, INT), INT), Signature((M, INT), M), Signature((M, M), INT)),
        Nulls.SPREAD,
        "The quotient rounded down, towards minus infinity. Unknown where the second argument is 0.",
    ),
    # unknowns
    Function("coalesce", _same((INT, M, X, B, TS, D, K, N), 2, repeats=True), Nulls.SKIP, "The first known argument."),
    Function(
        "nullif",
        _same((INT, M, X, B, TS, D, K), 2),
        Nulls.OWN,
        "Unknown where both arguments are equal, else the first; an unknown second argument equals nothing.",
    ),
    # texts
    Function("lower", (Signature((X,), X),), Nulls.SPREAD, "A to Z become a to z; every other letter stays."),
    Function("upper", (Signature((X,), X),), Nulls.SPREAD, "a to z become A to Z; every other letter stays."),
    Function("trim", (Signature((X,), X),), Nulls.SPREAD, "Without the spaces (U+0020 only) at both ends."),
    Function("length", (Signature((X,), INT),), Nulls.SPREAD, "The number of code points."),
    Function(
        "left", (Signature((X, INT), X),), Nulls.SPREAD, "The first n code points, or all; unknown where n is negative."
    ),
    Function(
        "right", (Signature((X, INT), X),), Nulls.SPREAD, "The last n code points, or all; unknown where n is negative."
    ),
    Function(
        "substring",
        (Signature((X, INT, INT), X),),
        Nulls.SPREAD,
        "From position start (the first is 1) at most n code points; unknown where start is below 1 or n negative.",
    ),
    Function("starts_with", (Signature((X, X), B),), Nulls.SPREAD, "Whether the first text begins with the second."),
    Function("ends_with", (Signature((X, X), B),), Nulls.SPREAD, "Whether the first text ends with the second."),
    Function("contains", (Signature((X, X), B),), Nulls.SPREAD, "Whether the second text stands within the first."),
    Function("concat", (Signature((X, X), X, repeats=True),), Nulls.SPREAD, "The texts one after another."),
    # calendar
    _calendar("year", "The year."),
    _calendar("month", "The month, 1 to 12."),
    _calendar("day", "The day of the month, 1 to 31."),
    _calendar("weekday", "The day of the week, 1 (Monday) to 7 (Sunday)."),
    _calendar("hour", "The hour of the day, 0 to 23."),
    _calendar("minute", "The minute of the hour, 0 to 59."),
    *(
        Function(
            f"{unit}s_between",
            (Signature((TS, TS), INT),),
            Nulls.SPREAD,
            f"Whole {unit}s from the first time to the second, truncated towards zero; negative where the second "
            "is earlier.",
        )
        for unit in ("day", "hour", "minute", "second")
    ),
)

#: Every admitted function by name.
FUNCTIONS: Mapping[str, Function] = MappingProxyType({f.name: f for f in _FUNCTIONS})

#: Forms that look like functions and become nodes of their own: name → (how it is written, what it means).
SPECIAL_FORMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "now": ("now()", "The time of the event, never that of the clock."),
        "money": ("money('50 USD')", "An amount; its currency is that of the policy's `in:`."),
        "timestamp": ("timestamp('2026-11-27T00:00:00Z')", "A point in time, with its offset."),
        "interval": ("interval '36 hours'", "A length of time: seconds, minutes, hours, days or weeks."),
        "in_list": ("in_list('trusted-buyers', buyer)", "Whether a text or key is on an operator's list."),
    }
)
