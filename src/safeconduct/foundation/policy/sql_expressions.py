"""Expressions as SQL, for what PostgreSQL and DuckDB have in common; each dialect adds what differs.

SQL's own three-valued logic is the language's, so AND, OR, NOT, CASE and IS are written as they are. What engines do
differently is arithmetic, fractions and most functions: those are the dialect's methods. Identifiers are quoted, texts
are quoted literals, and every column reference is qualified.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, assert_never

from safeconduct.foundation.policy.functions import CALENDAR_FROM_US, CALENDAR_UNTIL_US
from safeconduct.foundation.policy.nodes import (
    And,
    Arith,
    ArithOp,
    Call,
    Case,
    Compare,
    CompareOp,
    Distinct,
    EventField,
    Expr,
    FeatureRef,
    InList,
    InSet,
    IsNull,
    IsTruth,
    Literal,
    Negate,
    Not,
    Now,
    Or,
    ScoreRef,
)
from safeconduct.foundation.policy.python_functions import DAY_US, HOUR_US, MINUTE_US, UNITS_US
from safeconduct.foundation.policy.types import PAIRS, Type
from safeconduct.foundation.policy.zones import ZONE_FROM_US, ZONE_UNTIL_US


@dataclass(frozen=True, slots=True)
class Pair:
    """A fraction: the SQL of its two 64-bit parts; `positive`: the denominator is above 0 wherever it is known."""

    top: str
    bottom: str
    positive: bool = False


Sql = str | Pair


class Scope(Protocol):
    """Where an expression's names are found: each method gives the SQL of a value (qualified, safe to repeat)."""

    def field(self, name: str) -> str: ...

    def feature(self, name: str) -> Sql: ...

    def score(self, name: str) -> str: ...

    def moment(self) -> str:
        """The moment of the event that the expression speaks of."""
        ...

    def lists(self) -> str:
        """The relation of list members, `LISTS_COLUMNS`."""
        ...


_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER = _UPPER.lower()

#: Columns of the relation that says who was on which list when: a text or a key, from a moment until a moment
#: (NULL: still). Membership at a moment is ``since <= moment AND (until IS NULL OR moment < until)``.
LISTS_COLUMNS = {"list": "text", "text": "text", "key": "bigint", "since": "bigint", "until": "bigint"}


def quoted(identifier: str) -> str:
    """An identifier in double quotes."""
    return '"' + identifier.replace('"', '""') + '"'


class SqlExpressions(ABC):
    """Turns expressions into SQL within one scope."""

    #: SQL type names of the dialect.
    types: ClassVar[Mapping[Type, str]]
    #: The operator that divides whole numbers of 64 bits; what it does below 0 is never asked.
    over: ClassVar[str]

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    # -- what a dialect decides -------------------------------------------------------------------------------------

    @abstractmethod
    def text(self, value: str) -> str:
        """A text literal."""

    @abstractmethod
    def micros(self, moment: str) -> str:
        """Microseconds of a moment."""

    @abstractmethod
    def wide(self, value: str) -> str:
        """A 64-bit value in a type that holds any product of two of them."""

    @abstractmethod
    def narrowed(self, wide: str) -> str:
        """A wide value as 64 bits, NULL where it does not fit."""

    @abstractmethod
    def function(self, name: str, args: list[str]) -> str:
        """An admitted function that the dialects spell differently."""

    @abstractmethod
    def date_part(self, part: str, date: str) -> str:
        """Day, month or year of a date."""

    @abstractmethod
    def offset(self, zone: str, at: str) -> str:
        """Microseconds by which a zone's clocks are ahead at a time."""

    @abstractmethod
    def ordered(self, text: str) -> str:
        """A text for comparison by code point."""

    # -- functions --------------------------------------------------------------------------------------------------

    def call(self, function: str, args: list[str], zone: str | None) -> str:
        """An admitted function."""
        if function in CALENDAR:
            return self._calendar(function, args[0], zone)
        if function.endswith("s_between"):
            span = self.narrowed(f"{self.wide(args[1])} - {self.wide(args[0])}")
            return f"({span} {self.over} {UNITS_US[function.removesuffix('_between')]})"
        match function, args:
            case "lower", [a]:
                return f"translate({a}, '{_UPPER}', '{_LOWER}')"
            case "upper", [a]:
                return f"translate({a}, '{_LOWER}', '{_UPPER}')"
        return self.function(function, args)

    def _calendar(self, function: str, at: str, zone: str | None) -> str:
        low, high = (CALENDAR_FROM_US, CALENDAR_UNTIL_US) if zone is None else (ZONE_FROM_US, ZONE_UNTIL_US)
        local = at if zone is None else f"({at} + {self.offset(zone, at)})"
        # Counted from the year 1, whose first day was a Monday, everything is above 0: no rounding of negatives.
        since = f"({local} - ({CALENDAR_FROM_US}))"
        match function:
            case "hour":
                code = f"{since} {self.over} {HOUR_US} % 24"
            case "minute":
                code = f"{since} {self.over} {MINUTE_US} % 60"
            case "weekday":
                code = f"{since} {self.over} {DAY_US} % 7 + 1"
            case _:
                date = f"(DATE '0001-01-01' + CAST({since} {self.over} {DAY_US} AS integer))"
                code = f"CAST({self.date_part(function, date)} AS bigint)"
        return f"(CASE WHEN {at} >= {low} AND {at} < {high} THEN {code} END)"

    # -- expressions ------------------------------------------------------------------------------------------------

    def condition(self, node: Expr) -> str:
        """A boolean (or any other whole) expression; raises TypeError for a fraction."""
        value = self.value(node)
        if isinstance(value, Pair):
            raise TypeError(f"{node.type} where a whole value belongs")
        return value

    def value(self, node: Expr) -> Sql:
        """The SQL of an expression; a fraction comes in its two parts."""
        match node:
            case Literal():
                return self.literal(node)
            case EventField(name=name):
                return self.scope.field(name)
            case FeatureRef(name=name):
                return self.scope.feature(name)
            case ScoreRef(name=name):
                return self.scope.score(name)
            case Now():
                return self.micros(self.scope.moment())
            case And(items=items) | Or(items=items):
                joiner = " AND " if isinstance(node, And) else " OR "
                return "(" + joiner.join(self.condition(i) for i in items) + ")"
            case Not(item=item):
                return f"(NOT {self.condition(item)})"
            case Compare():
                return self._compare(node)
            case Distinct(left=left, right=right, negated=negated):
                return self._distinct(left, right, negated)
            case IsNull(item=item, negated=negated):
                unknown = self._is_null(self.value(item))
                return f"(NOT {unknown})" if negated else unknown
            case IsTruth(item=item, truth=truth, negated=negated):
                word = "IS NOT" if negated else "IS"
                return f"({self.condition(item)} {word} {'TRUE' if truth else 'FALSE'})"
            case InSet(item=item, values=values, negated=negated):
                members = ", ".join(self.plain(v, item.type) for v in values)
                return f"({self.condition(item)} {'NOT IN' if negated else 'IN'} ({members}))"
            case InList(list_name=list_name, item=item):
                return self._in_list(list_name, item)
            case Case():
                return self._case(node)
            case Arith() | Negate():
                return self._arithmetic(node)
            case Call():
                return self._call(node)
        raise TypeError(f"no SQL for {type(node).__name__}")

    def literal(self, node: Literal) -> Sql:
        match node.value:
            case (int(top), int(bottom)):
                return Pair(self.plain(top, Type.INTEGER), self.plain(bottom, Type.INTEGER), bottom > 0)
            case None if node.type in PAIRS:
                return Pair(f"CAST(NULL AS {self.types[Type.INTEGER]})", self.plain(1, Type.INTEGER), True)
            case None:
                return f"CAST(NULL AS {self.types[node.type]})"
            case value:
                return self.plain(value, node.type)

    def plain(self, value: bool | int | float | str, kind: Type) -> str:
        """A literal of one value."""
        match value:
            case bool():
                return "TRUE" if value else "FALSE"
            case int() if kind is not Type.NUMBER:
                return f"CAST('{value}' AS {self.types[Type.INTEGER]})"
            case int() | float():
                return f"CAST('{float(value)!r}' AS {self.types[Type.NUMBER]})"
            case str():
                return self.text(value)
            case other:
                assert_never(other)

    def _compare(self, node: Compare) -> str:
        left, right = self.value(node.left), self.value(node.right)
        if Type.NUMBER in (node.left.type, node.right.type):
            left, right = self._double(node.left, left), self._double(node.right, right)
        elif node.left.type is Type.TEXT and node.op not in (CompareOp.EQ, CompareOp.NE):
            assert isinstance(left, str) and isinstance(right, str)
            left, right = self.ordered(left), self.ordered(right)
        return self.cross(left, node.op.value, right)

    def _double(self, node: Expr, value: Sql) -> str:
        if isinstance(node, Literal) and isinstance(node.value, tuple):
            return self.plain(node.value[0] / node.value[1], Type.NUMBER)
        if isinstance(value, Pair):
            raise TypeError("a fraction that is not a literal is never compared with a double")
        return value if node.type is Type.NUMBER else f"CAST({value} AS {self.types[Type.NUMBER]})"

    def cross(self, left: Sql, operator: str, right: Sql) -> str:
        """left OP right, exactly; a negative denominator lends its sign to its numerator."""
        if isinstance(left, str) and isinstance(right, str):
            return f"({left} {operator} {right})"
        (a, b), (c, d) = self._upright(left), self._upright(right)
        x = a if d is None else f"{a} * {d}"
        y = c if b is None else f"{c} * {b}"
        return f"({x} {operator} {y})"

    def _upright(self, value: Sql) -> tuple[str, str | None]:
        """Wide numerator and positive denominator (None for 1), unknown where the denominator is 0."""
        if isinstance(value, str):
            return self.wide(value), None
        top, bottom = self.wide(value.top), self.wide(value.bottom)
        if value.positive:
            return top, bottom
        known = f"NULLIF({bottom}, 0)"
        return f"({top} * sign({known}))", f"abs({known})"

    def _is_null(self, value: Sql) -> str:
        if isinstance(value, str):
            return f"({value} IS NULL)"
        return f"({value.top} IS NULL OR NULLIF({value.bottom}, 0) IS NULL)"

    def _distinct(self, left: Expr, right: Expr, negated: bool) -> str:
        word = "IS NOT DISTINCT FROM" if negated else "IS DISTINCT FROM"
        return f"({self.condition(left)} {word} {self.condition(right)})"

    def _in_list(self, list_name: str, item: Expr) -> str:
        value, moment = self.condition(item), self.scope.moment()
        column = "key" if item.type is Type.KEY else "text"
        return (
            f"(CASE WHEN {value} IS NOT NULL THEN EXISTS (SELECT 1 FROM {self.scope.lists()} AS member"
            f" WHERE member.list = {self.text(list_name)} AND member.{column} = {value}"
            f" AND member.since <= {moment} AND (member.until IS NULL OR {moment} < member.until)) END)"
        )

    def _case(self, node: Case) -> Sql:
        conditions = [self.condition(c) for c, _ in node.branches]
        values = [self.value(v) for _, v in node.branches]
        otherwise = self.value(node.otherwise)
        if node.type not in PAIRS:
            return _when(conditions, [_whole(v) for v in values], _whole(otherwise))
        pairs = [v if isinstance(v, Pair) else Pair(v, "1", True) for v in (*values, otherwise)]
        tops, bottoms = [p.top for p in pairs], [p.bottom for p in pairs]
        return Pair(
            _when(conditions, tops[:-1], tops[-1]),
            _when(conditions, bottoms[:-1], bottoms[-1]),
            all(p.positive for p in pairs),
        )

    def _arithmetic(self, node: Arith | Negate) -> Sql:
        if isinstance(node, Negate):
            return self.narrowed(f"-{self.wide(self.condition(node.item))}")
        left, right = self.value(node.left), self.value(node.right)
        if node.type in PAIRS:
            return self._fraction(node.op, left, right)
        return self.narrowed(f"{self.wide(_whole(left))} {node.op.value} {self.wide(_whole(right))}")

    def _fraction(self, op: ArithOp, left: Sql, right: Sql) -> Pair:
        """(n/d) · (p/q) = (n·p, d·q) and (n/d) / (p/q) = (n·q, d·p), unreduced, each part within 64 bits."""
        (a, b), (c, d) = _parts(left), _parts(right)
        positive = [not isinstance(v, Pair) or v.positive for v in (left, right)]
        match op:
            case ArithOp.MUL:
                return Pair(self._product(a, c), self._product(b, d), all(positive))
            case ArithOp.DIV:
                return Pair(self._product(a, d), self._product(b, c))
            case ArithOp.ADD | ArithOp.SUB:
                raise TypeError("fractions are not added")
            case other:
                assert_never(other)

    def _product(self, a: str | None, b: str | None) -> str:
        if a is None or b is None:
            return a or b or self.plain(1, Type.INTEGER)
        return self.narrowed(f"{self.wide(a)} * {self.wide(b)}")

    def _call(self, node: Call) -> Sql:
        args, zone = node.args, None
        if node.function in CALENDAR and len(args) == 2:
            literal = args[1]
            assert isinstance(literal, Literal) and isinstance(literal.value, str), "a zone is a literal"
            args, zone = args[:1], literal.value
        codes = [self.condition(a) for a in args]
        match node.function:
            case "coalesce" | "nullif" | "least" | "greatest":
                return f"{node.function}({', '.join(codes)})"
            case "concat":
                return "(" + " || ".join(codes) + ")"
            case function:
                return self.call(function, codes, zone)


CALENDAR = frozenset({"year", "month", "day", "weekday", "hour", "minute"})


def _whole(value: Sql) -> str:
    if isinstance(value, Pair):
        raise TypeError("a fraction where a whole value belongs")
    return value


def _parts(value: Sql) -> tuple[str | None, str | None]:
    return (value.top, value.bottom) if isinstance(value, Pair) else (value, None)


def _when(conditions: list[str], values: list[str], otherwise: str) -> str:
    whens = " ".join(f"WHEN {c} THEN {v}" for c, v in zip(conditions, values, strict=True))
    return f"(CASE {whens} ELSE {otherwise} END)"
