"""Expressions as DuckDB: 64-bit arithmetic through HUGEINT, exact, and NULL where BIGINT would raise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from safeconduct.foundation.moments import TIES
from safeconduct.foundation.policy.sql_expressions import SqlExpressions
from safeconduct.foundation.policy.types import Type
from safeconduct.foundation.policy.zones import zone_table

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
    over = "//"

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

    def function(self, name: str, args: list[str]) -> str:
        match name, args:
            case "abs", [a]:
                return self.narrowed(f"abs({self.wide(a)})")
            case "sign", [a]:
                return f"CAST(sign({a}) AS BIGINT)"
            case "mod", [a, b]:
                return f"CAST({self.wide(a)} % NULLIF({self.wide(b)}, 0) AS BIGINT)"
            case "floor_div", [a, b]:
                x, y = self.wide(a), f"NULLIF({self.wide(b)}, 0)"
                return self.narrowed(f"({x} - ({x} % {y} + {y}) % {y}) // {y}")
            case "trim", [a]:
                return f"trim({a}, ' ')"
            case "length", [a]:
                return f"length({a})"
            case "left" | "right", [a, n]:
                return f"(CASE WHEN {n} >= 0 THEN {name}({a}, least({n}, {_LONGEST})) END)"
            case "substring", [a, start, n]:
                places = f"least({start}, {_LONGEST}), least({n}, {_LONGEST})"
                return f"(CASE WHEN {start} >= 1 AND {n} >= 0 THEN substring({a}, {places}) END)"
            case "starts_with" | "ends_with" | "contains", [a, b]:
                return f"{name}({a}, {b})"
        raise KeyError(name)

    def date_part(self, part: str, date: str) -> str:
        return f"{part}({date})"

    def offset(self, zone: str, at: str) -> str:
        # The table of the zone by a balanced tree of comparisons.
        table = zone_table(zone)

        def search(low: int, high: int) -> str:
            if high - low == 1:
                return str(table.offsets_us[low])
            middle = (low + high) // 2
            return (
                f"CASE WHEN {at} < {table.starts_us[middle]} THEN {search(low, middle)} ELSE {search(middle, high)} END"
            )

        return f"({search(0, len(table.starts_us))})"
