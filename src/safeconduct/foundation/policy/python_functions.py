"""The admitted functions as Python: each becomes an expression in the fused code of `to_python`.

A function gets its arguments as expressions that are known (their guards hold), and says what else must hold for
the result to be known. What one expression cannot say plainly is a small host function below, bound as a constant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from safeconduct.foundation.moments import EPOCH
from safeconduct.foundation.policy.functions import CALENDAR_FROM_US, CALENDAR_UNTIL_US
from safeconduct.foundation.policy.types import INT64_MAX
from safeconduct.foundation.policy.zones import zone_table

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
DAY_US = 24 * HOUR_US
UNITS_US = {"days": DAY_US, "hours": HOUR_US, "minutes": MINUTE_US, "seconds": 1_000_000}

_LOWER = {ord(c): ord(c) + 32 for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_UPPER = {ord(c) + 32: ord(c) for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition under which a value is known, and its opposite; `yes` may assign a temporary that follows use."""

    yes: str
    no: str


@dataclass(frozen=True, slots=True)
class Spelling:
    """What a function's code may ask of the emitter: a name for a constant, and a fresh temporary."""

    constant: Callable[[object], str]
    temporary: Callable[[], str]


Coded = tuple[list[Guard], str]


def spread(function: str, args: list[str], zone: str | None, spell: Spelling) -> Coded:
    """Code of a function that is unknown where an argument is: further guards, and the result's expression.

    ``args``: simple names or literals of known arguments, without the zone, which comes as ``zone``.
    Raises KeyError for a function that is not admitted.
    """
    if function.endswith("s_between"):
        return _between(UNITS_US[function.removesuffix("_between")], args, spell)
    if function in _CALENDAR:
        return _calendar(function, args[0], zone, spell)
    return _PLAIN[function](args, spell)


def _between(unit_us: int, args: list[str], spell: Spelling) -> Coded:
    t = spell.temporary()
    return [_in_range(t, f"{args[1]} - {args[0]}")], f"({t} // {unit_us} if {t} >= 0 else -(-{t} // {unit_us}))"


def _in_range(t: str, value: str) -> Guard:
    text = f"-{INT64_MAX + 1} <= ({t} := {value}) <= {INT64_MAX}"
    return Guard(text, f"not {text}")


def _calendar(function: str, at: str, zone: str | None, spell: Spelling) -> Coded:
    if zone is None:
        guard = f"{CALENDAR_FROM_US} <= {at} < {CALENDAR_UNTIL_US}"
        return [Guard(guard, f"not {guard}")], _CALENDAR[function](at, spell)
    t = spell.temporary()
    local = f"({t} := {spell.constant(local_clock(zone))}({at}))"
    return [Guard(f"{local} is not None", f"{local} is None")], _CALENDAR[function](t, spell)


def local_clock(zone: str) -> Callable[[int], int | None]:
    """A function from a UTC time to what the zone's clock shows, both in µs since 2020-01-01, or None outside."""
    offset = zone_table(zone).offset_us

    def local(at_us: int) -> int | None:
        found = offset(at_us)
        return None if found is None else at_us + found

    return local


def year(at_us: int) -> int:
    """The year of µs since 2020-01-01."""
    return (EPOCH + timedelta(microseconds=at_us)).year


def month(at_us: int) -> int:
    """The month of µs since 2020-01-01."""
    return (EPOCH + timedelta(microseconds=at_us)).month


def day(at_us: int) -> int:
    """The day of the month of µs since 2020-01-01."""
    return (EPOCH + timedelta(microseconds=at_us)).day


# 2020-01-01 was a Wednesday, the third day.
_CALENDAR: dict[str, Callable[[str, Spelling], str]] = {
    "year": lambda t, s: f"{s.constant(year)}({t})",
    "month": lambda t, s: f"{s.constant(month)}({t})",
    "day": lambda t, s: f"{s.constant(day)}({t})",
    "weekday": lambda t, s: f"(({t} // {DAY_US} + 2) % 7 + 1)",
    "hour": lambda t, s: f"({t} // {HOUR_US} % 24)",
    "minute": lambda t, s: f"({t} // {MINUTE_US} % 60)",
}


def truncated_mod(a: int, b: int) -> int:
    """The remainder that has the sign of `a`; `b` is not 0."""
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


def lower(text: str) -> str:
    """A to Z become a to z."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def upper(text: str) -> str:
    """a to z become A to Z."""
    return text.upper() if text.isascii() else text.translate(_UPPER)


def least(*values: int | None) -> int | None:
    """The smallest of the known values."""
    return min((v for v in values if v is not None), default=None)


def greatest(*values: int | None) -> int | None:
    """The largest of the known values."""
    return max((v for v in values if v is not None), default=None)


def _abs(args: list[str], spell: Spelling) -> Coded:
    t = spell.temporary()
    return [_in_range(t, f"{spell.constant(abs)}({args[0]})")], t


def _mod(args: list[str], spell: Spelling) -> Coded:
    return [Guard(f"{args[1]} != 0", f"{args[1]} == 0")], f"{spell.constant(truncated_mod)}({args[0]}, {args[1]})"


def _floor_div(args: list[str], spell: Spelling) -> Coded:
    t = spell.temporary()
    return [Guard(f"{args[1]} != 0", f"{args[1]} == 0"), _in_range(t, f"{args[0]} // {args[1]}")], t


def _not_negative(number: str, least_number: int = 0) -> Guard:
    return Guard(f"{number} >= {least_number}", f"{number} < {least_number}")


def _right(args: list[str], spell: Spelling) -> Coded:
    text, n = args
    return [_not_negative(n)], f"({text}[-{n}:] if {n} else '')"


def _substring(args: list[str], spell: Spelling) -> Coded:
    text, start, n = args
    return [_not_negative(start, 1), _not_negative(n)], f"{text}[{start} - 1:{start} - 1 + {n}]"


_PLAIN: dict[str, Callable[[list[str], Spelling], Coded]] = {
    "abs": _abs,
    "sign": lambda a, s: ([], f"(({a[0]} > 0) - ({a[0]} < 0))"),
    "mod": _mod,
    "floor_div": _floor_div,
    "lower": lambda a, s: ([], f"{s.constant(lower)}({a[0]})"),
    "upper": lambda a, s: ([], f"{s.constant(upper)}({a[0]})"),
    "trim": lambda a, s: ([], f"{a[0]}.strip(' ')"),
    "length": lambda a, s: ([], f"{s.constant(len)}({a[0]})"),
    "left": lambda a, s: ([_not_negative(a[1])], f"{a[0]}[:{a[1]}]"),
    "right": _right,
    "substring": _substring,
    "starts_with": lambda a, s: ([], f"{a[0]}.startswith({a[1]})"),
    "ends_with": lambda a, s: ([], f"{a[0]}.endswith({a[1]})"),
    "contains": lambda a, s: ([], f"({a[1]} in {a[0]})"),
    "concat": lambda a, s: ([], "(" + " + ".join(a) + ")"),
}
