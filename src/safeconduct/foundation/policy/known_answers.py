"""What each admitted function answers, row by row: every emitter must reproduce all of it.

The rows are chosen where engines differ: ends of the 64-bit range, signs of remainders, letters outside ASCII and
outside the basic plane, patterns' special signs, leap days, clock changes, and unknown arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from safeconduct.foundation.moments import micros
from safeconduct.foundation.policy.functions import CALENDAR_FROM_US, CALENDAR_UNTIL_US
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, Type

B, INT, M, X, K = Type.BOOLEAN, Type.INTEGER, Type.MONEY, Type.TEXT, Type.KEY
TS, D, N = Type.TIMESTAMP, Type.DURATION, Type.NUMBER


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """`function(*args)`, the arguments having these types, is `result` on every engine."""

    function: str
    types: tuple[Type, ...]
    args: tuple[bool | int | float | str | None, ...]
    result: bool | int | float | str | None


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
