"""A checked policy's parts written as policy text again, in one canonical way.

`parse` and check of the text give the same tree, which the tests hold: what a difference or an editor shows is the
policy, not a paraphrase of it.
"""

from __future__ import annotations

from typing import assert_never

from safeconduct.foundation.moments import at_micros
from safeconduct.foundation.policy.amounts import write_amount
from safeconduct.foundation.policy.durations import write_duration
from safeconduct.foundation.policy.nodes import (
    And,
    Arith,
    ArithOp,
    Call,
    Case,
    Compare,
    Distinct,
    EventField,
    Expr,
    Feature,
    FeatureRef,
    InList,
    InSet,
    IsNull,
    IsTruth,
    Literal,
    Measure,
    Negate,
    Not,
    Now,
    Or,
    Part,
    Ratio,
    ScoreRef,
)
from safeconduct.foundation.policy.tree import known
from safeconduct.foundation.policy.types import Type

# How tightly each kind of node binds; an inner one that binds less gets parentheses.
_OR, _AND, _NOT, _IS, _COMPARE, _RANGE, _ADD, _MULTIPLY, _SIGN, _ATOM = range(10)


def condition_text(expr: Expr, currency: str | None) -> str:
    """The condition as an SQL expression. `currency`: that of the policy, for its amounts."""
    return _Writer(currency).write(expr)[0]


def feature_text(feature: Feature, currency: str | None) -> str:
    """The feature as it stands in a policy file, in YAML's flow style."""
    if isinstance(feature, Ratio):
        return f"{{ratio: [{feature.numerator}, {feature.denominator}]}}"
    events = ", ".join(feature.event_types)
    listed = f"[{events}]" if len(feature.event_types) > 1 else events
    if feature.measure in (Measure.COUNT, Measure.FIRST_SEEN, Measure.LAST_SEEN):
        parts = [f"{feature.measure.value}: {listed}"]
    else:
        parts = [f"{feature.measure.value}: {feature.value}", f"of: {listed}"]
    parts.append(f"by: {feature.by}")
    if feature.match != feature.by:
        parts.append(f"matching: {feature.match}")
    parts.append(f"over: {write_duration(feature.over_us)}")
    if feature.where is not None:
        where = condition_text(feature.where, currency).replace("\\", "\\\\").replace('"', '\\"')
        parts.append(f'where: "{where}"')
    if feature.including_current:
        parts.append("including: current")
    return "{" + ", ".join(parts) + "}"


def sentence_text(parts: tuple[Part, ...]) -> str:
    """A reason as it stands in a policy file, with its placeholders."""
    return "".join(
        (part.text or "").replace("{", "{{").replace("}", "}}")
        if part.name is None
        else "{" + part.name + (":%" if part.percent else "") + "}"
        for part in parts
    )


def quoted(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


class _Writer:
    def __init__(self, currency: str | None) -> None:
        self.currency = currency

    def inner(self, expr: Expr, level: int) -> str:
        text, own = self.write(expr)
        return text if own >= level else f"({text})"

    def write(self, expr: Expr) -> tuple[str, int]:
        """The text, and how tightly it binds."""
        node = known(expr)
        match node:
            case Literal():
                return self.literal(node)
            case EventField() | FeatureRef() | ScoreRef():
                return node.name, _ATOM
            case Now():
                return "now()", _ATOM
            case Compare():
                sides = self.inner(node.left, _RANGE), self.inner(node.right, _RANGE)
                return f"{sides[0]} {node.op.value} {sides[1]}", _COMPARE
            case Distinct():
                negation = "NOT " if node.negated else ""
                left, right = self.inner(node.left, _COMPARE), self.inner(node.right, _COMPARE)
                return f"{left} IS {negation}DISTINCT FROM {right}", _IS
            case And():
                return " AND ".join(self.inner(i, _NOT) for i in node.items), _AND
            case Or():
                return " OR ".join(self.inner(i, _AND) for i in node.items), _OR
            case Not():
                return f"NOT {self.inner(node.item, _NOT)}", _NOT
            case IsNull():
                return f"{self.inner(node.item, _COMPARE)} IS {'NOT ' if node.negated else ''}NULL", _IS
            case IsTruth():
                word = ("NOT " if node.negated else "") + ("TRUE" if node.truth else "FALSE")
                return f"{self.inner(node.item, _COMPARE)} IS {word}", _IS
            case Arith():
                level = _ADD if node.op in (ArithOp.ADD, ArithOp.SUB) else _MULTIPLY
                return f"{self.inner(node.left, level)} {node.op.value} {self.inner(node.right, level + 1)}", level
            case Negate():
                return f"-{self.inner(node.item, _ATOM)}", _SIGN
            case InSet():
                values = ", ".join(self.literal(Literal(node.item.type, v))[0] for v in node.values)
                return f"{self.inner(node.item, _ADD)} {'NOT ' if node.negated else ''}IN ({values})", _RANGE
            case InList():
                return f"in_list({quoted(node.list_name)}, {self.write(node.item)[0]})", _ATOM
            case Case():
                return self.case(node), _ATOM
            case Call():
                return f"{node.function}({', '.join(self.write(a)[0] for a in node.args)})", _ATOM
        assert_never(node)

    def case(self, node: Case) -> str:
        branches = " ".join(f"WHEN {self.write(c)[0]} THEN {self.write(r)[0]}" for c, r in node.branches)
        otherwise = node.otherwise
        last = "" if isinstance(otherwise, Literal) and otherwise.value is None else f" ELSE {self.write(otherwise)[0]}"
        return f"CASE {branches}{last} END"

    def literal(self, node: Literal) -> tuple[str, int]:
        value = node.value
        match node.type, value:
            case _, None:
                return "NULL", _ATOM
            case Type.BOOLEAN, _:
                return ("TRUE" if value else "FALSE"), _ATOM
            case Type.TEXT, str():
                return quoted(value), _ATOM
            case Type.MONEY, int():
                return _signed(value, f"money({quoted(write_amount(abs(value), self.currency or ''))})")
            case Type.DURATION, int():
                return _signed(value, f"interval {quoted(write_duration(abs(value)))}")
            case Type.TIMESTAMP, int():
                return f"timestamp({quoted(at_micros(value).isoformat().replace('+00:00', 'Z'))})", _ATOM
            case Type.RATIONAL, (int(numerator), int(denominator)):
                return decimal_text(numerator, denominator), _ATOM if numerator >= 0 else _SIGN
            case Type.NUMBER, float():
                return number_text(value), _ATOM if value >= 0 else _SIGN
            case _, int():
                return str(value), _ATOM if value >= 0 else _SIGN
        raise AssertionError(node)


def _signed(value: int, text: str) -> tuple[str, int]:
    return (text, _ATOM) if value >= 0 else (f"-{text}", _SIGN)


def decimal_text(numerator: int, denominator: int) -> str:
    """A fraction with decimals where it has finitely many, else as a quotient: 3/5 is 0.6, 1/3 is 1.0 / 3."""
    for digits in range(1, 19):
        scaled, rest = divmod(abs(numerator) * 10**digits, denominator)
        if rest == 0:
            sign = "-" if numerator < 0 else ""
            return f"{sign}{scaled // 10**digits}.{scaled % 10**digits:0{digits}d}"
    return f"({numerator}.0 / {denominator})"


def number_text(value: float) -> str:
    """A score's threshold without an exponent."""
    text = repr(value)
    return f"{value:.18f}".rstrip("0") if "e" in text else text
