"""What a condition can be at all: true, false, or neither, by the ranges of the values it compares.

Sound, not complete: "cannot be true" is only said where it is proved. Unknown is left aside: a condition that is
never true but may be unknown is never true all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from safeconduct.foundation.policy.nodes import (
    And,
    Call,
    Compare,
    CompareOp,
    Expr,
    Feature,
    FeatureRef,
    InSet,
    IsNull,
    IsTruth,
    Literal,
    Measure,
    Not,
    Or,
    ScoreRef,
    Window,
)
from safeconduct.foundation.policy.types import Type

_CALLS: dict[str, tuple[int | None, int | None]] = {
    "hour": (0, 23),
    "minute": (0, 59),
    "weekday": (1, 7),
    "day": (1, 31),
    "month": (1, 12),
    "year": (1, 9999),
    "length": (0, None),
    "abs": (0, None),
    "sign": (-1, 1),
}
_MIRROR = {
    CompareOp.LT: CompareOp.GT,
    CompareOp.LE: CompareOp.GE,
    CompareOp.GT: CompareOp.LT,
    CompareOp.GE: CompareOp.LE,
    CompareOp.EQ: CompareOp.EQ,
    CompareOp.NE: CompareOp.NE,
}
_NEGATION = {
    CompareOp.LT: CompareOp.GE,
    CompareOp.LE: CompareOp.GT,
    CompareOp.GT: CompareOp.LE,
    CompareOp.GE: CompareOp.LT,
    CompareOp.EQ: CompareOp.NE,
    CompareOp.NE: CompareOp.EQ,
}


@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`; None is without bound; `…_open` leaves the bound itself out. `whole`: integers only."""

    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = False
    high_open: bool = False
    whole: bool = False

    @property
    def empty(self) -> bool:
        low, high = self.low, self.high
        if low is None or high is None:
            return False
        if self.whole:
            low = Fraction(low.__floor__() + 1 if self.low_open else low.__ceil__())
            high = Fraction(high.__ceil__() - 1 if self.high_open else high.__floor__())
            return low > high
        return low > high or (low == high and (self.low_open or self.high_open))

    def cut(self, op: CompareOp, value: Fraction) -> Range:
        """The part of the range where `x op value` holds. NE cuts nothing off."""
        low, high, low_open, high_open = self.low, self.high, self.low_open, self.high_open
        if op in (CompareOp.GT, CompareOp.GE, CompareOp.EQ) and (low is None or value >= low):
            low_open = op is CompareOp.GT or (low_open and value == low)
            low = value
        if op in (CompareOp.LT, CompareOp.LE, CompareOp.EQ) and (high is None or value <= high):
            high_open = op is CompareOp.LT or (high_open and value == high)
            high = value
        return Range(low, high, low_open, high_open, self.whole)


class Possibilities:
    """Asks whether conditions of one policy can be true or false."""

    def __init__(self, features: Mapping[str, Feature]) -> None:
        self.features = features

    def can_be(self, expr: Expr, wanted: bool) -> bool:
        """Whether the condition can have this truth value."""
        match expr:
            case Literal():
                return expr.value is wanted
            case Not():
                return self.can_be(expr.item, not wanted)
            case And():
                return self.joint(expr.items, wanted, conjunction=True)
            case Or():
                return self.joint(expr.items, wanted, conjunction=False)
            case Compare():
                return self.compare(expr, wanted)
            case IsTruth():
                if wanted is not expr.negated:
                    return self.can_be(expr.item, expr.truth)
            case IsNull():
                if isinstance(expr.item, Literal):
                    return (expr.item.value is None) is (wanted is not expr.negated)
            case InSet() if isinstance(expr.item, Literal):
                return ((expr.item.value in expr.values) is not expr.negated) is wanted
        return True

    def joint(self, items: tuple[Expr, ...], wanted: bool, *, conjunction: bool) -> bool:
        """AND can be true, and OR false, only if each item can and they do not contradict one another."""
        if wanted is not conjunction:
            return any(self.can_be(i, wanted) for i in items)
        return all(self.can_be(i, wanted) for i in items) and not self.contradict(items, wanted)

    def compare(self, expr: Compare, wanted: bool) -> bool:
        bound = self.bound(expr, wanted)
        if bound is not None:
            subject, op, value = bound
            within = self.range(subject)
            if op is CompareOp.NE:
                return not (within.low == within.high == value)
            return not within.cut(op, value).empty
        left, right = _text(expr.left), _text(expr.right)
        if left is not None and right is not None and expr.op in (CompareOp.EQ, CompareOp.NE):
            return ((left == right) is (expr.op is CompareOp.EQ)) is wanted
        if expr.left == expr.right:
            return (expr.op in (CompareOp.EQ, CompareOp.LE, CompareOp.GE)) is wanted
        return True

    def contradict(self, items: tuple[Expr, ...], wanted: bool) -> bool:
        """Whether no value satisfies all bounds that the items put on the same subject."""
        ranges: dict[Expr, Range] = {}
        texts: dict[Expr, frozenset[int | str | bool]] = {}
        for item in items:
            if isinstance(item, Compare):
                bound = self.bound(item, wanted)
                if bound is not None:
                    subject, op, value = bound
                    ranges[subject] = ranges.get(subject, self.range(subject)).cut(op, value)
            allowed = _allowed(item, wanted)
            if allowed is not None:
                subject, values = allowed
                texts[subject] = texts.get(subject, values) & values
        return any(r.empty for r in ranges.values()) or any(not values for values in texts.values())

    def bound(self, expr: Compare, wanted: bool) -> tuple[Expr, CompareOp, Fraction] | None:
        """`subject op number` for a comparison of anything with a number that is written out."""
        left, right, op = expr.left, expr.right, expr.op
        if _value(right) is None:
            left, right, op = right, left, _MIRROR[op]
        value = _value(right)
        return None if value is None else (left, op if wanted else _NEGATION[op], value)

    def range(self, expr: Expr) -> Range:
        """What is known of an expression's values from its kind alone."""
        value = _value(expr)
        whole = expr.type in (Type.INTEGER, Type.MONEY, Type.TIMESTAMP, Type.DURATION)
        if value is not None:
            return Range(value, value, whole=whole)
        match expr:
            case ScoreRef():
                return Range(Fraction(0), Fraction(1))
            case FeatureRef():
                feature = self.features.get(expr.name)
                if isinstance(feature, Window) and feature.measure in (Measure.COUNT, Measure.DISTINCT):
                    return Range(Fraction(0), whole=True)
            case Call() if expr.function in _CALLS:
                low, high = _CALLS[expr.function]
                return Range(
                    None if low is None else Fraction(low), None if high is None else Fraction(high), whole=True
                )
        return Range(whole=whole)


def _value(expr: Expr) -> Fraction | None:
    if not isinstance(expr, Literal) or expr.type in (Type.BOOLEAN, Type.TEXT, Type.KEY):
        return None
    match expr.value:
        case (int(numerator), int(denominator)):
            return Fraction(numerator, denominator)
        case int(number) | float(number):
            return Fraction(number)
    return None


def _text(expr: Expr) -> str | None:
    return expr.value if isinstance(expr, Literal) and isinstance(expr.value, str) else None


def _allowed(expr: Expr, wanted: bool) -> tuple[Expr, frozenset[int | str | bool]] | None:
    """`subject` and the closed set it must be in, for = with a text and for IN."""
    match expr:
        case Compare() if expr.op is (CompareOp.EQ if wanted else CompareOp.NE):
            for subject, other in ((expr.left, expr.right), (expr.right, expr.left)):
                text = _text(other)
                if text is not None:
                    return subject, frozenset({text})
        case InSet() if expr.negated is not wanted:
            return expr.item, frozenset(expr.values)
    return None
