"""Known values in generated Python code: whole ones and fractions, and how fractions are compared."""

from __future__ import annotations

from dataclasses import dataclass

from safeconduct.foundation.policy.python_functions import Guard

_MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Number:
    """The code of a known value; `simple`: it may be written twice (a name or a literal); `natural`: never below 0."""

    code: str
    simple: bool = True
    natural: bool = False


@dataclass(frozen=True, slots=True)
class Fraction:
    """The code of a known pair; `positive`: the denominator is known to be above 0."""

    top: str
    bottom: str
    positive: bool


Coded = tuple[list[Guard], Number | Fraction]


def as_fraction(value: Number | Fraction) -> Fraction:
    """A whole value over one."""
    return value if isinstance(value, Fraction) else Fraction(value.code, "1", True)


def cross(left: Number | Fraction, operator: str, right: Number | Fraction) -> str:
    """left OP right; fractions are multiplied crosswise, and a negative denominator turns the comparison round."""
    if isinstance(left, Number) and isinstance(right, Number):
        return f"{left.code} {operator} {right.code}"
    a, b = as_fraction(left), as_fraction(right)
    x, y = _times(a.top, b.bottom), _times(b.top, a.bottom)
    straight = f"{x} {operator} {y}"
    turned = f"{x} {_MIRRORED[operator]} {y}"
    if (a.positive and b.positive) or operator in ("==", "!="):
        return straight
    if b.positive:
        return f"({straight} if {a.bottom} > 0 else {turned})"
    if a.positive:
        return f"({straight} if {b.bottom} > 0 else {turned})"
    return f"({straight} if ({a.bottom} > 0) == ({b.bottom} > 0) else {turned})"


def _times(a: str, b: str) -> str:
    if a in ("1", "(1)"):
        return b
    return a if b in ("1", "(1)") else f"{a} * {b}"
