"""Where a condition may change its mind as one value changes: exact points, solved from its comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from safeconduct.foundation.policy.interpret import Interpreter
from safeconduct.foundation.policy.nodes import (
    And,
    Arith,
    ArithOp,
    Compare,
    CompareOp,
    Distinct,
    Expr,
    Feature,
    FeatureRef,
    InList,
    InSet,
    IsNull,
    IsTruth,
    Literal,
    Negate,
    Not,
    Or,
    Ratio,
)
from safeconduct.foundation.policy.tree import children, rebuild, walk
from safeconduct.foundation.policy.types import Type


@dataclass(frozen=True, slots=True)
class Boundaries:
    """`points`: numbers at which something may change. `texts`: texts that are asked for. `exact`: nothing else
    depends on the value, so between two points, and for all other texts, the answer stays the same."""

    points: frozenset[Fraction] = frozenset()
    texts: frozenset[str] = frozenset()
    exact: bool = True

    def join(self, other: Boundaries) -> Boundaries:
        """Those of both."""
        return Boundaries(self.points | other.points, self.texts | other.texts, self.exact and other.exact)


_NOTHING = Boundaries()
_INEXACT = Boundaries(exact=False)


def expand_ratios(expr: Expr, features: Mapping[str, Feature]) -> Expr:
    """The expression with each ratio written as the division of its two features."""

    def change(node: Expr) -> Expr | None:
        ratio = features.get(node.name) if isinstance(node, FeatureRef) else None
        if not isinstance(ratio, Ratio):
            return None
        above, below = features[ratio.numerator], features[ratio.denominator]
        return Arith(ratio.type, ArithOp.DIV, FeatureRef(above.type, above.name), FeatureRef(below.type, below.name))

    return rebuild(expr, change)


def listed_in(expr: Expr, subject: Expr) -> frozenset[str]:
    """The lists on which the expression looks this subject up."""
    return frozenset(n.list_name for n in walk(expr) if isinstance(n, InList) and n.item == subject)


def boundaries(expr: Expr, subject: Expr, values: Mapping[str, object], features: Mapping[str, Feature]) -> Boundaries:
    """Where the truth of `expr` may change as `subject` (a name) does, all other values being as they are."""
    if not _contains(expr, subject) or expr == subject:
        return _NOTHING
    match expr:
        case And() | Or() | Not() | IsTruth():
            return _joined(expr, subject, values, features)
        case IsNull() if expr.item == subject:
            return _NOTHING  # the value stays known
        case InSet() if expr.item == subject:
            texts = frozenset(v for v in expr.values if isinstance(v, str))
            return Boundaries(frozenset(Fraction(v) for v in expr.values if isinstance(v, int)), texts)
        case Compare() | Distinct():
            return _Solver(subject, values, features).solve(expr)
    # Functions and CASE: their comparisons give points to try, but more may depend on the value.
    return _joined(expr, subject, values, features).join(_INEXACT)


def _joined(expr: Expr, subject: Expr, values: Mapping[str, object], features: Mapping[str, Feature]) -> Boundaries:
    found = _NOTHING
    for child in children(expr):
        found = found.join(boundaries(child, subject, values, features))
    return found


def _contains(expr: Expr, subject: Expr) -> bool:
    return any(node == subject for node in walk(expr))


class _Solver:
    """Solves one comparison for the subject."""

    def __init__(self, subject: Expr, values: Mapping[str, object], features: Mapping[str, Feature]) -> None:
        self.subject = subject
        # Lists are never asked here: a comparison of a list's membership is not linear in anything.
        self.known = Interpreter(values, {}, features)

    def solve(self, atom: Compare | Distinct) -> Boundaries:
        left, right = atom.left, atom.right
        if _contains(right, self.subject):
            left, right = right, left
        if _contains(right, self.subject) or any(isinstance(n, InList) for n in walk(right)):
            return _INEXACT
        if self.subject.type is Type.TEXT:
            return self.text(atom, left, right)
        if self.subject.type in (Type.BOOLEAN, Type.KEY):
            return _NOTHING if left == self.subject else _INEXACT
        if not self.linear(left):
            return _INEXACT
        target = self.number(right, Fraction(0))
        if target is None:
            return _NOTHING  # the other side is unknown, whatever the subject is
        denominator = self.denominator(left)
        roots = self.roots(left, target) if denominator is None else self.poles(left, denominator, target)
        return Boundaries(frozenset(roots))

    def text(self, atom: Compare | Distinct, left: Expr, right: Expr) -> Boundaries:
        equality = isinstance(atom, Distinct) or atom.op in (CompareOp.EQ, CompareOp.NE)
        if equality and left == self.subject and isinstance(right, Literal) and isinstance(right.value, str):
            return Boundaries(texts=frozenset({right.value}))
        return _INEXACT

    def linear(self, side: Expr) -> bool:
        """Whether the subject stands once in the side, under nothing but + - * / and signs."""
        if side == self.subject:
            return True
        if not isinstance(side, Arith | Negate):
            return False
        holders = [c for c in children(side) if _contains(c, self.subject)]
        return len(holders) == 1 and self.linear(holders[0])

    def denominator(self, side: Expr) -> Expr | None:
        """The divisor that the subject is part of, if it is."""
        for node in walk(side):
            if isinstance(node, Arith) and node.op is ArithOp.DIV and _contains(node.right, self.subject):
                return node.right
        return None

    def roots(self, side: Expr, target: Fraction) -> set[Fraction]:
        """Where side(x) = target, side being linear."""
        at_0, at_1 = self.number(side, Fraction(0)), self.number(side, Fraction(1))
        if at_0 is None or at_1 is None or at_0 == at_1:
            return set()
        return {(target - at_0) / (at_1 - at_0)}

    def poles(self, side: Expr, denominator: Expr, target: Fraction) -> set[Fraction]:
        """Where side(x) = target and where it changes its sign, side being a constant by something linear."""
        at_0, at_1 = self.number(denominator, Fraction(0)), self.number(denominator, Fraction(1))
        if at_0 is None or at_1 is None or at_0 == at_1:
            return set()
        slope = at_1 - at_0
        found = {-at_0 / slope}
        beside = Fraction(1) + next(iter(found))
        value = self.number(side, beside)
        if value is not None and target != 0:
            found.add((value * (at_0 + slope * beside) / target - at_0) / slope)
        return found

    def number(self, expr: Expr, subject: Fraction) -> Fraction | None:
        """The exact value of a side where the subject is this number; None where it is unknown."""
        if expr == self.subject:
            return subject
        match expr:
            case Arith():
                left, right = self.number(expr.left, subject), self.number(expr.right, subject)
                if left is None or right is None:
                    return None
                match expr.op:
                    case ArithOp.ADD:
                        return left + right
                    case ArithOp.SUB:
                        return left - right
                    case ArithOp.MUL:
                        return left * right
                    case ArithOp.DIV:
                        return left / right if right else None
            case Negate():
                item = self.number(expr.item, subject)
                return None if item is None else -item
        value = self.known.value(expr)
        match value:
            case (int(numerator), int(denominator)):
                return Fraction(numerator, denominator) if denominator else None
            case int() | float():
                return Fraction(value)
        return None
