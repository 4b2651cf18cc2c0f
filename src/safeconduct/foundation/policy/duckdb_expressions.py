"""Expressions as DuckDB: 64-bit arithmetic through HUGEINT, exact, and NULL where BIGINT would raise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from safeconduct.foundation.moments import TIES
from safeconduct.foundation.policy.functions import CALENDAR_FROM_US, CALENDAR_UNTIL_US
from safeconduct.foundation.policy.postgres_expressions import LOWER, UPPER
from safeconduct.foundation.policy.python_functions import DAY_US, HOUR_US, MINUTE_US, UNITS_US
from safeconduct.foundation.policy.sql_expressions import CALENDAR, SqlExpressions
from safeconduct.foundation.policy.types import Type
from safeconduct.foundation.policy.zones import ZONE_FROM_US, ZONE_UNTIL_US, zone_table

#: Longer than any text, and small enough for positions to be added.
_LONGEST = 1_000_000_000


class DuckdbExpressions(SqlExpressions):
    """See `SqlExpressions`."""

    types: ClassVar[Mapping[Type, str]] = {
        Type.BOOLEAN: "BOOLEAN",
        Type.INTEGER: "BIGINT",
        Type.MONEY: "BIGINT",
        Type.NUMBER: "DOUBLE",
        Type.TEXT: "VARCHAR",
        Type.TIMESTAMP: "BIGINT",
        Type.DURATION: "BIGINT",
        Type.KEY: "BIGINT",
    }

    def text(self, value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    def micros(self, moment: str) -> str:
        # DuckDB's // truncates; a moment before 2020 is negative, and the time is rounded down.
        return f"(({moment} - (({moment} % {TIES}) + {TIES}) % {TIES}) // {TIES})"

    def wide(self, value: str) -> str:
        return f"CAST({value} AS HUGEINT)"

    def narrowed(self, wide: str) -> str:
        return f"TRY_CAST({wide} AS BIGINT)"

    def ordered(self, text: str) -> str:
        return text

    def call(self, function: str, args: list[str], zone: str | None) -> str:
        if function.endswith("s_between"):
            span = self.narrowed(f"{self.wide(args[1])} - {self.wide(args[0])}")
            return f"({span} // {UNITS_US[function.removesuffix('_between')]})"
        if function in CALENDAR:
            return self._calendar(function, args[0], zone)
        match function, args:
            case "abs", [a]:
                return self.narrowed(f"abs({self.wide(a)})")
            case "sign", [a]:
                return f"CAST(sign({a}) AS BIGINT)"
            case "mod", [a, b]:
                return f"CAST({self.wide(a)} % NULLIF({self.wide(b)}, 0) AS BIGINT)"
            case "floor_div", [a, b]:
                x, y = self.wide(a), f"NULLIF({self.wide(b)}, 0)"
                return self.narrowed(f"({x} - ({x} % {y} + {y}) % {y}) // {y}")
            case "lower", [a]:
                return f"translate({a}, '{UPPER}', '{LOWER}')"
            case "upper", [a]:
                return f"translate({a}, '{LOWER}', '{UPPER}')"
            case "trim", [a]:
                return f"trim({a}, ' ')"
            case "length", [a]:
                return f"length({a})"
            case "left" | "right", [a, n]:
                return f"(CASE WHEN {n} >= 0 THEN {function}({a}, least({n}, {_LONGEST})) END)"
            case "substring", [a, start, n]:
                places = f"least({start}, {_LONGEST}), least({n}, {_LONGEST})"
                return f"(CASE WHEN {start} >= 1 AND {n} >= 0 THEN substring({a}, {places}) END)"
            case "starts_with" | "ends_with" | "contains", [a, b]:
                return f"{function}({a}, {b})"
        raise KeyError(function)

    def _calendar(self, function: str, at: str, zone: str | None) -> str:
        low, high = (CALENDAR_FROM_US, CALENDAR_UNTIL_US) if zone is None else (ZONE_FROM_US, ZONE_UNTIL_US)
        local = at if zone is None else f"({at} + {_offset(zone, at)})"
        # Counted from the year 1, whose first day was a Monday, everything is above 0: no rounding of negatives.
        since = f"({local} - ({CALENDAR_FROM_US}))"
        date = f"(DATE '0001-01-01' + CAST({since} // {DAY_US} AS INTEGER))"
        match function:
            case "hour":
                code = f"{since} // {HOUR_US} % 24"
            case "minute":
                code = f"{since} // {MINUTE_US} % 60"
            case "weekday":
                code = f"{since} // {DAY_US} % 7 + 1"
            case _:
                code = f"CAST({function}({date}) AS BIGINT)"
        return f"(CASE WHEN {at} >= {low} AND {at} < {high} THEN {code} END)"


def _offset(zone: str, at: str) -> str:
    """The offset of the zone's table by a balanced tree of comparisons."""
    table = zone_table(zone)

    def search(low: int, high: int) -> str:
        if high - low == 1:
            return str(table.offsets_us[low])
        middle = (low + high) // 2
        return f"CASE WHEN {at} < {table.starts_us[middle]} THEN {search(low, middle)} ELSE {search(middle, high)} END"

    return f"({search(0, len(table.starts_us))})"
