"""The functions a policy may call: names, types, NULLs, and a table of known answers.

A function is admitted only if Python, PostgreSQL and DuckDB give the same answer for every argument, and
`KNOWN_ANSWERS` is how that is held: each emitter must reproduce every row of it.

What an emitter may rely on, beyond this table (``interpret`` is the reference for all of it):

- INTEGER, MONEY, TIMESTAMP and DURATION are 64-bit; a result outside the range is unknown, never an error.
- A RATIONAL or MONEY_RATE is a pair (numerator, denominator), both 64-bit, never reduced. ``x / y`` is the pair
  (x, y). Times a literal p/q it is (n·p, d·q), divided by it (n·q, d·p); a part outside 64 bits is unknown. A
  denominator of 0 is unknown. Comparing multiplies crosswise *exactly* (128 bits) and minds the denominators' signs.
- Texts are compared by code point; they never contain U+0000 and never a lone surrogate.
- A NUMBER is never NaN: intake and scoring give NULL instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from safeconduct.foundation.moments import micros
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, Type

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


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """`function(*args)`, the arguments having these types, is `result` on every engine."""

    function: str
    types: tuple[Type, ...]
    args: tuple[bool | int | float | str | None, ...]
    result: bool | int | float | str | None


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


def _us(text: str) -> int:
    return micros(datetime.fromisoformat(text))


def _rows() -> Iterator[KnownAnswer]:
    for name, types, rows in _TABLE:
        for *args, result in rows:
            yield KnownAnswer(name, types, tuple(args), result)


_Rows = tuple[tuple[bool | int | float | str | None, ...], ...]
_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_NEW_YEAR = _us("2026-01-01T00:00:00+00:00")
_LEAP_DAY = _us("2024-02-29T23:59:59.999999+00:00")
_FAR = _us("1969-07-20T20:17:40+00:00")
_SHANGHAI, _NEW_YORK, _KOLKATA = "Asia/Shanghai", "America/New_York", "Asia/Kolkata"
#: The second in which New York's clocks go from 01:59:59 EST to 03:00:00 EDT, and back from 01:59:59 EDT to 01:00 EST.
_SPRING = _us("2026-03-08T07:00:00+00:00")
_AUTUMN = _us("2026-11-01T06:00:00+00:00")
_AFTER = _us("2041-01-01T00:00:00+00:00")

_TABLE: tuple[tuple[str, tuple[Type, ...], _Rows], ...] = (
    ("abs", (INT,), ((5, 5), (-5, 5), (0, 0), (None, None), (INT64_MAX, INT64_MAX), (INT64_MIN, None))),
    ("abs", (M,), ((-1999, 1999), (-(2**53) - 1, 2**53 + 1), (INT64_MIN + 1, INT64_MAX), (INT64_MIN, None))),
    ("abs", (D,), ((-_HOUR_US, _HOUR_US), (INT64_MIN, None))),
    ("sign", (INT,), ((7, 1), (0, 0), (-7, -1), (INT64_MIN, -1), (INT64_MAX, 1), (None, None))),
    ("sign", (M,), ((-1, -1), (0, 0))),
    ("sign", (D,), ((-_DAY_US, -1),)),
    (
        "least",
        (INT, INT),
        ((1, 2, 1), (2, 1, 1), (None, 2, 2), (1, None, 1), (None, None, None), (INT64_MIN, INT64_MAX, INT64_MIN)),
    ),
    ("least", (INT, INT, INT), ((3, None, 2, 2), (2**53 + 1, 2**53, 2**53 + 2, 2**53))),
    ("least", (M, M), ((100, 99, 99), (None, 5, 5))),
    ("least", (TS, TS), ((_NEW_YEAR, _FAR, _FAR),)),
    ("least", (D, D), ((1, -1, -1),)),
    (
        "greatest",
        (INT, INT),
        (
            (1, 2, 2),
            (None, -2, -2),
            (None, None, None),
            (INT64_MIN, INT64_MAX, INT64_MAX),
            (2**53, 2**53 + 1, 2**53 + 1),
        ),
    ),
    ("greatest", (INT,) * 8, ((1, 2, 3, None, 5, 4, 3, 2, 5),)),
    ("greatest", (M, M), ((100, 99, 100), (None, 5, 5))),
    ("greatest", (TS, TS), ((_NEW_YEAR, _FAR, _NEW_YEAR),)),
    ("greatest", (D, D), ((1, -1, 1),)),
    (
        "mod",
        (INT, INT),
        (
            (7, 3, 1),
            (-7, 3, -1),
            (7, -3, 1),
            (-7, -3, -1),
            (7, 0, None),
            (0, 5, 0),
            (None, 3, None),
            (7, None, None),
            (INT64_MIN, -1, 0),
            (INT64_MAX, 10, 7),
            (INT64_MIN, 10, -8),
            (2**53 + 1, 2, 1),
        ),
    ),
    ("mod", (M, M), ((10_000, 10_000, 0), (10_050, 10_000, 50), (-50, 10_000, -50), (5, 0, None))),
    (
        "floor_div",
        (INT, INT),
        (
            (7, 2, 3),
            (-7, 2, -4),
            (7, -2, -4),
            (-7, -2, 3),
            (6, 3, 2),
            (-6, 3, -2),
            (0, -3, 0),
            (7, 0, None),
            (None, 2, None),
            (2, None, None),
            (INT64_MIN, -1, None),
            (INT64_MIN, 1, INT64_MIN),
            (INT64_MIN, 2, -(2**62)),
            (INT64_MAX, -1, -INT64_MAX),
            (INT64_MAX, INT64_MIN, -1),
            (2**53 + 1, 1, 2**53 + 1),
        ),
    ),
    ("floor_div", (M, INT), ((1999, 2, 999), (-1999, 2, -1000), (1999, 0, None))),
    ("floor_div", (M, M), ((10_000, 300, 33), (-1, 300, -1), (1, 0, None), (INT64_MIN, -1, None))),
    ("coalesce", (INT, INT), ((1, 2, 1), (None, 2, 2), (None, None, None), (0, 2, 0))),
    ("coalesce", (INT, INT, INT), ((None, None, 3, 3),)),
    ("coalesce", (M, M), ((None, 250, 250),)),
    ("coalesce", (X, X), (("", "x", ""), (None, "\u00df\U0001f600", "\u00df\U0001f600"))),
    ("coalesce", (B, B), ((False, True, False), (None, True, True), (None, None, None))),
    ("coalesce", (TS, TS), ((None, _FAR, _FAR),)),
    ("coalesce", (D, D), ((None, -1, -1),)),
    ("coalesce", (K, K), ((None, INT64_MIN, INT64_MIN),)),
    ("coalesce", (N, N), ((None, 0.1, 0.1), (0.0, 1.0, 0.0))),
    (
        "nullif",
        (INT, INT),
        ((1, 1, None), (1, 2, 1), (None, 1, None), (1, None, 1), (None, None, None), (2**53 + 1, 2**53, 2**53 + 1)),
    ),
    ("nullif", (M, M), ((0, 0, None), (5, 0, 5))),
    ("nullif", (X, X), (("", "", None), ("a", "A", "a"), ("e\u0301", "\u00e9", "e\u0301"), ("a", "a ", "a"))),
    ("nullif", (B, B), ((True, True, None), (True, False, True))),
    ("nullif", (TS, TS), ((_FAR, _FAR, None),)),
    ("nullif", (D, D), ((1, 2, 1),)),
    ("nullif", (K, K), ((7, 7, None), (7, 8, 7))),
    (
        "lower",
        (X,),
        (
            ("AbZ", "abz"),
            ("\u00c4\u00d6 \u0130\u0391", "\u00c4\u00d6 \u0130\u0391"),
            ("@[`{", "@[`{"),
            ("", ""),
            (None, None),
        ),
    ),
    ("upper", (X,), (("aBz", "ABZ"), ("stra\u00dfe \u00e9\u0131", "STRA\u00dfE \u00e9\u0131"), ("", ""), (None, None))),
    (
        "trim",
        (X,),
        (
            ("  a b ", "a b"),
            ("\ta\n", "\ta\n"),
            ("\u00a0a\u3000", "\u00a0a\u3000"),
            ("   ", ""),
            ("", ""),
            (None, None),
        ),
    ),
    (
        "length",
        (X,),
        (("", 0), ("abc", 3), ("\u4e2d\u6587", 2), ("\U0001f600", 1), ("e\u0301", 2), (" a ", 3), (None, None)),
    ),
    (
        "left",
        (X, INT),
        (
            ("abc", 2, "ab"),
            ("abc", 0, ""),
            ("abc", 9, "abc"),
            ("abc", -1, None),
            ("\U0001f600\u4e2dx", 2, "\U0001f600\u4e2d"),
            ("e\u0301x", 1, "e"),
            ("abc", 2**31, "abc"),
            ("abc", INT64_MAX, "abc"),
            ("abc", INT64_MIN, None),
            (None, 1, None),
            ("abc", None, None),
        ),
    ),
    (
        "right",
        (X, INT),
        (
            ("abc", 2, "bc"),
            ("abc", 0, ""),
            ("abc", 3, "abc"),
            ("abc", 9, "abc"),
            ("abc", -1, None),
            ("x\u4e2d\U0001f600", 2, "\u4e2d\U0001f600"),
            ("xe\u0301", 1, "\u0301"),
            ("abc", 2**31, "abc"),
            ("abc", INT64_MAX, "abc"),
            ("abc", INT64_MIN, None),
            (None, 1, None),
            ("abc", None, None),
        ),
    ),
    (
        "substring",
        (X, INT, INT),
        (
            ("abcdef", 2, 3, "bcd"),
            ("abcdef", 1, 0, ""),
            ("abcdef", 6, 5, "f"),
            ("abcdef", 7, 1, ""),
            ("abcdef", 0, 2, None),
            ("abcdef", -1, 2, None),
            ("abcdef", 1, -1, None),
            ("abcdef", 2, INT64_MAX, "bcdef"),
            ("abcdef", INT64_MAX, INT64_MAX, ""),
            ("\U0001f600\u4e2d\u6587x", 2, 2, "\u4e2d\u6587"),
            ("", 1, 1, ""),
            (None, 1, 1, None),
            ("abc", None, 1, None),
            ("abc", 1, None, None),
        ),
    ),
    (
        "starts_with",
        (X, X),
        (
            ("abc", "ab", True),
            ("abc", "AB", False),
            ("abc", "", True),
            ("", "", True),
            ("", "a", False),
            ("a%c", "a%", True),
            ("abc", "a%", False),
            ("abc", "a_", False),
            ("\u00e9a", "\u00e9", True),
            ("\u00e9a", "e\u0301", False),
            (None, "a", None),
            ("a", None, None),
        ),
    ),
    (
        "ends_with",
        (X, X),
        (
            ("abc", "bc", True),
            ("abc", "C", False),
            ("abc", "", True),
            ("", "", True),
            ("c", "bc", False),
            ("ab%", "%", True),
            ("abc", "%", False),
            ("a\U0001f600", "\U0001f600", True),
            ("a\\", "\\", True),
            (None, "a", None),
            ("a", None, None),
        ),
    ),
    (
        "contains",
        (X, X),
        (
            ("abcabc", "ca", True),
            ("abc", "B", False),
            ("abc", "", True),
            ("", "", True),
            ("", "a", False),
            ("a%b", "%", True),
            ("abc", "a%c", False),
            ("a'b", "'", True),
            ("\u4e2d\u6587\u5b57", "\u6587", True),
            (None, "a", None),
            ("a", None, None),
        ),
    ),
    (
        "concat",
        (X, X),
        (
            ("a", "b", "ab"),
            ("", "", ""),
            ("a", None, None),
            (None, "b", None),
            ("\u4e2d", "\U0001f600", "\u4e2d\U0001f600"),
        ),
    ),
    ("concat", (X, X, X), (("a", " ", "b", "a b"), ("a", None, "b", None))),
    (
        "year",
        (TS,),
        (
            (0, 2020),
            (-1, 2019),
            (_LEAP_DAY, 2024),
            (_FAR, 1969),
            (CALENDAR_FROM_US, 1),
            (CALENDAR_FROM_US - 1, None),
            (CALENDAR_UNTIL_US - 1, 9999),
            (CALENDAR_UNTIL_US, None),
            (INT64_MAX, None),
            (INT64_MIN, None),
            (None, None),
        ),
    ),
    (
        "year",
        (TS, X),
        ((_NEW_YEAR - 1, _SHANGHAI, 2026), (_NEW_YEAR, _NEW_YORK, 2025), (0, _NEW_YORK, 2019), (-1, _SHANGHAI, None)),
    ),
    ("month", (TS,), ((0, 1), (-1, 12), (_LEAP_DAY, 2), (_LEAP_DAY + 1, 3), (_FAR, 7), (None, None))),
    ("month", (TS, X), ((_NEW_YEAR, _NEW_YORK, 12), (_AFTER, _SHANGHAI, None))),
    ("day", (TS,), ((0, 1), (-1, 31), (_LEAP_DAY, 29), (_LEAP_DAY + 1, 1), (_FAR, 20), (CALENDAR_FROM_US, 1))),
    ("day", (TS, X), ((_LEAP_DAY, _SHANGHAI, 1), (_NEW_YEAR, _KOLKATA, 1), (INT64_MIN, _KOLKATA, None))),
    (
        "weekday",
        (TS,),
        ((0, 3), (-1, 2), (4 * _DAY_US, 7), (5 * _DAY_US, 1), (_FAR, 7), (CALENDAR_FROM_US, 1), (INT64_MIN, None)),
    ),
    ("weekday", (TS, X), ((5 * _DAY_US - 1, _SHANGHAI, 1), (5 * _DAY_US, _NEW_YORK, 7), (None, _SHANGHAI, None))),
    ("hour", (TS,), ((0, 0), (-1, 23), (_LEAP_DAY, 23), (_FAR, 20), (CALENDAR_UNTIL_US - 1, 23), (None, None))),
    (
        "hour",
        (TS, X),
        (
            (0, _SHANGHAI, 8),
            (_SPRING - 1, _NEW_YORK, 1),
            (_SPRING, _NEW_YORK, 3),
            (_AUTUMN - 1, _NEW_YORK, 1),
            (_AUTUMN, _NEW_YORK, 1),
            (_AUTUMN + _HOUR_US, _NEW_YORK, 2),
            (_NEW_YEAR, _KOLKATA, 5),
            (_NEW_YEAR, "UTC", 0),
            (-1, "UTC", None),
            (_AFTER - 1, _SHANGHAI, 7),
            (_AFTER, _SHANGHAI, None),
            (None, _SHANGHAI, None),
        ),
    ),
    ("minute", (TS,), ((0, 0), (-1, 59), (_FAR, 17), (_LEAP_DAY, 59))),
    ("minute", (TS, X), ((_NEW_YEAR, _KOLKATA, 30), (_NEW_YEAR, _SHANGHAI, 0))),
    (
        "days_between",
        (TS, TS),
        (
            (0, _DAY_US, 1),
            (0, _DAY_US - 1, 0),
            (_DAY_US, 0, -1),
            (_DAY_US - 1, 0, 0),
            (_FAR, 0, 18_426),
            (INT64_MIN, INT64_MAX, None),
            (None, 0, None),
            (0, None, None),
        ),
    ),
    ("hours_between", (TS, TS), ((0, _HOUR_US * 36, 36), (0, _HOUR_US - 1, 0), (_HOUR_US + 1, 0, -1), (None, 0, None))),
    ("minutes_between", (TS, TS), ((0, 60_000_000, 1), (59_999_999, 0, 0), (0, None, None))),
    (
        "seconds_between",
        (TS, TS),
        (
            (0, 1_500_000, 1),
            (1_500_000, 0, -1),
            (0, INT64_MAX, 9_223_372_036_854),
            (-1, INT64_MAX, None),
            (0, None, None),
        ),
    ),
)

#: Every row each emitter must reproduce.
KNOWN_ANSWERS: tuple[KnownAnswer, ...] = tuple(_rows())
