"""What may be computed with what: the types of + - * / and of comparisons.

Quotients (RATIONAL, MONEY_RATE) are never carried out. They may be multiplied or divided by a number that is written
out, and compared; everything else with them is refused, because two engines would round it differently.
"""

from __future__ import annotations

from fractions import Fraction

from safeconduct.foundation.policy.nodes import Arith, ArithOp, Expr, Literal, Span
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, PAIRS, Type

_RATIONALS = frozenset({Type.RATIONAL, Type.INTEGER})
_RATES = frozenset({Type.MONEY_RATE, Type.MONEY})

_PLAIN: dict[tuple[ArithOp, Type, Type], Type] = {
    (ArithOp.ADD, Type.INTEGER, Type.INTEGER): Type.INTEGER,
    (ArithOp.ADD, Type.MONEY, Type.MONEY): Type.MONEY,
    (ArithOp.ADD, Type.DURATION, Type.DURATION): Type.DURATION,
    (ArithOp.ADD, Type.TIMESTAMP, Type.DURATION): Type.TIMESTAMP,
    (ArithOp.ADD, Type.DURATION, Type.TIMESTAMP): Type.TIMESTAMP,
    (ArithOp.SUB, Type.INTEGER, Type.INTEGER): Type.INTEGER,
    (ArithOp.SUB, Type.MONEY, Type.MONEY): Type.MONEY,
    (ArithOp.SUB, Type.DURATION, Type.DURATION): Type.DURATION,
    (ArithOp.SUB, Type.TIMESTAMP, Type.DURATION): Type.TIMESTAMP,
    (ArithOp.SUB, Type.TIMESTAMP, Type.TIMESTAMP): Type.DURATION,
    (ArithOp.MUL, Type.INTEGER, Type.INTEGER): Type.INTEGER,
    (ArithOp.MUL, Type.INTEGER, Type.MONEY): Type.MONEY,
    (ArithOp.MUL, Type.MONEY, Type.INTEGER): Type.MONEY,
    (ArithOp.MUL, Type.INTEGER, Type.DURATION): Type.DURATION,
    (ArithOp.MUL, Type.DURATION, Type.INTEGER): Type.DURATION,
    (ArithOp.DIV, Type.INTEGER, Type.INTEGER): Type.RATIONAL,
    (ArithOp.DIV, Type.MONEY, Type.INTEGER): Type.MONEY_RATE,
    (ArithOp.DIV, Type.MONEY, Type.MONEY): Type.RATIONAL,
}
#: The type of a value times, or divided by, a number that is written out.
_SCALED = {
    Type.INTEGER: Type.RATIONAL,
    Type.RATIONAL: Type.RATIONAL,
    Type.MONEY: Type.MONEY_RATE,
    Type.MONEY_RATE: Type.MONEY_RATE,
}


class NotComputable(Exception):
    """Why an operation has no type, and what to write instead."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def combine(op: ArithOp, left: Expr, right: Expr, span: Span) -> Expr:
    """The node of `left op right`. With a quotient, the literal that scales it stands on the right.

    Raises NotComputable where the language has no such operation.
    """
    if op is ArithOp.DIV and _is_zero(right):
        raise NotComputable("this divides by zero, which is always unknown", "compare the numerator itself")
    folded = _fold(op, left, right, span)
    if folded is not None:
        return folded
    plain = _PLAIN.get((op, left.type, right.type))
    if plain is not None:
        return Arith(plain, op, left, right, span=span)
    if op in (ArithOp.MUL, ArithOp.DIV):
        if op is ArithOp.MUL and _is_factor(left):
            left, right = right, left
        if _is_factor(right) and left.type in _SCALED:
            return Arith(_SCALED[left.type], op, left, right, span=span)
    raise _why_not(op, left, right)


def can_compare(left: Type, right: Type) -> bool:
    """Whether two types can be compared at all."""
    pair = {left, right}
    return left is right or pair <= _RATIONALS or pair <= _RATES


def as_number(node: Expr, beside: Expr) -> Expr:
    """A number that is written out, as a NUMBER where it is compared with one; else the node as it is."""
    if beside.type is not Type.NUMBER or not isinstance(node, Literal):
        return node
    match node.type, node.value:
        case Type.INTEGER, int(value):
            return Literal(Type.NUMBER, float(value), span=node.span)
        case Type.RATIONAL, (numerator, denominator):
            return Literal(Type.NUMBER, numerator / denominator, span=node.span)
    return node


def literals_as(args: list[Expr]) -> list[Expr]:
    """Arguments of a function, with numbers that are written out beside a NUMBER turned into one."""
    beside = next((a for a in args if a.type is Type.NUMBER), None)
    return [as_number(a, beside) for a in args] if beside is not None else args


def _is_factor(node: Expr) -> bool:
    return isinstance(node, Literal) and node.type in _RATIONALS


def _is_zero(node: Expr) -> bool:
    return isinstance(node, Literal) and node.value in (0, (0, 1)) and node.type in (*_RATIONALS, Type.MONEY)


def _fold(op: ArithOp, left: Expr, right: Expr, span: Span) -> Literal | None:
    """The value of two written-out numbers of which one has decimals: 0.5 * 2, 1 / 3.0. None if it is not that."""
    if not (_is_factor(left) and _is_factor(right)) or Type.RATIONAL not in (left.type, right.type):
        return None
    a, b = _fraction(left), _fraction(right)
    match op:
        case ArithOp.ADD:
            value = a + b
        case ArithOp.SUB:
            value = a - b
        case ArithOp.MUL:
            value = a * b
        case ArithOp.DIV:
            value = a / b
    if not INT64_MIN <= value.numerator <= INT64_MAX or value.denominator > INT64_MAX:
        raise NotComputable("this number has too many digits", "write a shorter one")
    return Literal(Type.RATIONAL, (value.numerator, value.denominator), span=span)


def _fraction(node: Expr) -> Fraction:
    assert isinstance(node, Literal)
    match node.value:
        case (int(numerator), int(denominator)):
            return Fraction(numerator, denominator)
        case int(value):
            return Fraction(value)
    raise AssertionError(node)


def _why_not(op: ArithOp, left: Expr, right: Expr) -> NotComputable:
    kinds = {left.type, right.type}
    what = f"{left.type.value} {op.value} {right.type.value} cannot be computed"
    if kinds & PAIRS:
        return NotComputable(
            f"{what}: a quotient is never carried out",
            "compare it, times a number that is written out: a / b > 1.5 * 2; or multiply both sides: a > 2 * b",
        )
    if Type.TEXT in kinds:
        return NotComputable(
            what,
            "join texts with concat(a, b)"
            if kinds == {Type.TEXT}
            else "a text is only compared, or given to a function",
        )
    if kinds == {Type.MONEY} and op is ArithOp.MUL:
        return NotComputable(what, "multiply an amount by a number")
    if kinds == {Type.MONEY, Type.INTEGER}:
        return NotComputable(what, "write the amount with its currency: money('50 USD')")
    if kinds == {Type.TIMESTAMP} or kinds == {Type.TIMESTAMP, Type.INTEGER} or kinds == {Type.DURATION, Type.INTEGER}:
        return NotComputable(what, "times are moved by a length: now() - interval '36 hours'")
    if Type.NUMBER in kinds:
        return NotComputable(what, "a score is only compared, never computed with")
    if Type.BOOLEAN in kinds:
        return NotComputable(what, "count conditions with CASE WHEN … THEN 1 ELSE 0 END")
    if Type.KEY in kinds:
        return NotComputable(what, "a key is a pseudonym: equal or not, nothing else")
    return NotComputable(what)
