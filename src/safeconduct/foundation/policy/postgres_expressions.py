"""Expressions as PostgreSQL: 64-bit arithmetic through numeric, exact, and NULL where bigint would raise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from safeconduct.foundation.moments import TIE_BITS
from safeconduct.foundation.policy.functions import CALENDAR_FROM_US, CALENDAR_UNTIL_US
from safeconduct.foundation.policy.python_functions import DAY_US, HOUR_US, MINUTE_US, UNITS_US
from safeconduct.foundation.policy.sql_expressions import CALENDAR, SqlExpressions
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, Type
from safeconduct.foundation.policy.zones import ZONE_FROM_US, ZONE_UNTIL_US, zone_table

UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWER = UPPER.lower()

#: Longer than any text PostgreSQL can hold, and small enough for its 32-bit lengths.
_LONGEST = 1_000_000_000


class PostgresExpressions(SqlExpressions):
    """See `SqlExpressions`."""

    types: ClassVar[Mapping[Type, str]] = {
        Type.BOOLEAN: "boolean",
        Type.INTEGER: "bigint",
        Type.MONEY: "bigint",
        Type.NUMBER: "double precision",
        Type.TEXT: "text",
        Type.TIMESTAMP: "bigint",
        Type.DURATION: "bigint",
        Type.KEY: "bigint",
    }

    def text(self, value: str) -> str:
        body = value.replace("'", "''")
        # An escape string reads the same whatever `standard_conforming_strings` says.
        return "CAST(E'" + body.replace("\\", "\\\\") + "' AS text)" if "\\" in body else f"CAST('{body}' AS text)"

    def micros(self, moment: str) -> str:
        return f"({moment} >> {TIE_BITS})"

    def wide(self, value: str) -> str:
        return f"CAST({value} AS numeric)"

    def narrowed(self, wide: str) -> str:
        # OFFSET 0 keeps the inner expression from being written out (and carried out) three times.
        return (
            f"(SELECT CASE WHEN q.x BETWEEN {INT64_MIN} AND {INT64_MAX} THEN CAST(q.x AS bigint) END"
            f" FROM (SELECT {wide} AS x OFFSET 0) AS q)"
        )

    def ordered(self, text: str) -> str:
        return f'({text} COLLATE "C")'

    def call(self, function: str, args: list[str], zone: str | None) -> str:
        if function.endswith("s_between"):
            span = self.narrowed(f"{self.wide(args[1])} - {self.wide(args[0])}")
            return f"({span} / {UNITS_US[function.removesuffix('_between')]})"
        if function in CALENDAR:
            return self._calendar(function, args[0], zone)
        match function, args:
            case "abs", [a]:
                return self.narrowed(f"abs({self.wide(a)})")
            case "sign", [a]:
                return f"CAST(sign({self.wide(a)}) AS bigint)"
            case "mod", [a, b]:
                return f"mod({a}, NULLIF({b}, 0))"
            case "floor_div", [a, b]:
                x, y = self.wide(a), f"NULLIF({self.wide(b)}, 0)"
                return self.narrowed(f"div({x} - mod(mod({x}, {y}) + {y}, {y}), {y})")
            case "lower", [a]:
                return f"translate({a}, '{UPPER}', '{LOWER}')"
            case "upper", [a]:
                return f"translate({a}, '{LOWER}', '{UPPER}')"
            case "trim", [a]:
                return f"btrim({a}, ' ')"
            case "length", [a]:
                return f"CAST(char_length({a}) AS bigint)"
            case "left" | "right", [a, n]:
                return f"(CASE WHEN {n} >= 0 THEN {function}({a}, {_length(n)}) END)"
            case "substring", [a, start, n]:
                return f"(CASE WHEN {start} >= 1 AND {n} >= 0 THEN substr({a}, {_length(start)}, {_length(n)}) END)"
            case "starts_with", [a, b]:
                return f"starts_with({a}, {b})"
            case "ends_with", [a, b]:
                return f"(right({a}, char_length({b})) = {b})"
            case "contains", [a, b]:
                return f"(position({b} IN {a}) > 0)"
        raise KeyError(function)

    def _calendar(self, function: str, at: str, zone: str | None) -> str:
        low, high = (CALENDAR_FROM_US, CALENDAR_UNTIL_US) if zone is None else (ZONE_FROM_US, ZONE_UNTIL_US)
        local = at if zone is None else f"({at} + {_offset(zone, at)})"
        # Counted from the year 1, whose first day was a Monday, everything is above 0: no rounding of negatives.
        since = f"({local} - ({CALENDAR_FROM_US}))"
        date = f"(DATE '0001-01-01' + CAST({since} / {DAY_US} AS integer))"
        match function:
            case "hour":
                code = f"{since} / {HOUR_US} % 24"
            case "minute":
                code = f"{since} / {MINUTE_US} % 60"
            case "weekday":
                code = f"{since} / {DAY_US} % 7 + 1"
            case _:
                code = f"CAST(extract({function} FROM {date}) AS bigint)"
        return f"(CASE WHEN {at} >= {low} AND {at} < {high} THEN {code} END)"


def _length(number: str) -> str:
    return f"CAST(least({number}, {_LONGEST}) AS integer)"


def _offset(zone: str, at: str) -> str:
    table = zone_table(zone)
    if len(table.starts_us) == 1:
        return str(table.offsets_us[0])
    starts = ",".join(map(str, table.starts_us))
    offsets = ",".join(map(str, table.offsets_us))
    return f"(CAST('{{{offsets}}}' AS bigint[]))[width_bucket({at}, CAST('{{{starts}}}' AS bigint[]))]"
