"""Expressions as PostgreSQL: 64-bit arithmetic through numeric, exact, and NULL where bigint would raise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from safeconduct.foundation.moments import TIE_BITS
from safeconduct.foundation.policy.sql_expressions import SqlExpressions
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, Type
from safeconduct.foundation.policy.zones import zone_table

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
    over = "/"

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

    def function(self, name: str, args: list[str]) -> str:
        match name, args:
            case "abs", [a]:
                return self.narrowed(f"abs({self.wide(a)})")
            case "sign", [a]:
                return f"CAST(sign({self.wide(a)}) AS bigint)"
            case "mod", [a, b]:
                return f"mod({a}, NULLIF({b}, 0))"
            case "floor_div", [a, b]:
                x, y = self.wide(a), f"NULLIF({self.wide(b)}, 0)"
                return self.narrowed(f"div({x} - mod(mod({x}, {y}) + {y}, {y}), {y})")
            case "trim", [a]:
                return f"btrim({a}, ' ')"
            case "length", [a]:
                return f"CAST(char_length({a}) AS bigint)"
            case "left" | "right", [a, n]:
                return f"(CASE WHEN {n} >= 0 THEN {name}({a}, {_length(n)}) END)"
            case "substring", [a, start, n]:
                return f"(CASE WHEN {start} >= 1 AND {n} >= 0 THEN substr({a}, {_length(start)}, {_length(n)}) END)"
            case "starts_with", [a, b]:
                return f"starts_with({a}, {b})"
            case "ends_with", [a, b]:
                return f"(right({a}, char_length({b})) = {b})"
            case "contains", [a, b]:
                return f"(position({b} IN {a}) > 0)"
        raise KeyError(name)

    def date_part(self, part: str, date: str) -> str:
        return f"extract({part} FROM {date})"

    def offset(self, zone: str, at: str) -> str:
        table = zone_table(zone)
        if len(table.starts_us) == 1:
            return str(table.offsets_us[0])
        starts = ",".join(map(str, table.starts_us))
        offsets = ",".join(map(str, table.offsets_us))
        return f"(CAST('{{{offsets}}}' AS bigint[]))[width_bucket({at}, CAST('{{{starts}}}' AS bigint[]))]"


def _length(number: str) -> str:
    return f"CAST(least({number}, {_LONGEST}) AS integer)"
