"""Expressions as Python code with three-valued logic, for the fused function of `to_python`.

A boolean expression is asked for in one of four ways: is it true, is it false, is it not false, is it not true.
Each is an ordinary two-valued Python condition, so AND and OR keep their short cuts, and unknown costs no object.
Any other expression is a list of guards (it is known where all hold) and the code of its value.

No text of a policy reaches the code: names are generated, texts and sets are bound as constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import assert_never

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
    Policy,
    Ratio,
    ScoreRef,
    Window,
)
from safeconduct.foundation.policy.python_functions import Guard, Spelling, greatest, least, spread
from safeconduct.foundation.policy.python_values import Coded, Fraction, Number, as_fraction, cross
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, PAIRS, Type

_OPERATORS = {
    CompareOp.EQ: "==",
    CompareOp.NE: "!=",
    CompareOp.LT: "<",
    CompareOp.LE: "<=",
    CompareOp.GT: ">",
    CompareOp.GE: ">=",
}
_OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class PythonExpressions:
    """Turns the expressions of one policy into code, collecting the names and constants which that code reads."""

    def __init__(self, policy: Policy) -> None:
        self._features = policy.features
        self.inputs: dict[str, str] = {}
        self.lists: dict[str, str] = {}
        self.constants: dict[str, object] = {}
        self._constant_names: dict[tuple[type, object], str] = {}
        self._shared: dict[Expr, str] = {}
        self._temporaries = 0
        self._spelling = Spelling(self.constant, self._temporary)

    # -- names ------------------------------------------------------------------------------------------------------

    def constant(self, value: object) -> str:
        """The name under which the code finds `value`."""
        key = (type(value), value)
        name = self._constant_names.setdefault(key, f"K{len(self._constant_names)}")
        self.constants[name] = value
        return name

    def share(self, node: Expr) -> tuple[str, str]:
        """Computes `node` once: its new name and the code of its value or None, to be written before any rule."""
        code = self.nullable(node)
        name = self._shared[node] = f"S{len(self._shared)}"
        return name, code

    def _input(self, name: str) -> str:
        return self.inputs.setdefault(name, f"v{len(self.inputs)}")

    def _temporary(self) -> str:
        self._temporaries += 1
        return f"t{self._temporaries}"

    # -- conditions -------------------------------------------------------------------------------------------------

    def condition(self, node: Expr, *, want: bool, or_unknown: bool) -> str:
        """A Python condition that holds where the boolean `node` is `want`, or is unknown and `or_unknown`."""
        match node:
            case And(items=items) | Or(items=items):
                joiner = " and " if isinstance(node, And) == want else " or "
                parts = (self.condition(i, want=want, or_unknown=or_unknown) for i in items)
                return "(" + joiner.join(dict.fromkeys(parts)) + ")"
            case Not(item=item):
                return self.condition(item, want=not want, or_unknown=or_unknown)
            case IsTruth(item=item, truth=truth, negated=negated):
                if negated == want:
                    return self.condition(item, want=not truth, or_unknown=True)
                return self.condition(item, want=truth, or_unknown=False)
            case Literal(value=value):
                return str(value is want or (value is None and or_unknown))
            case EventField():
                name = self._input(node.name)
                return f"{name} is not {not want}" if or_unknown else f"{name} is {want}"
            case Compare(
                op=CompareOp.EQ | CompareOp.NE as op, left=left, right=Literal(type=Type.BOOLEAN, value=bool(value))
            ):
                # x = TRUE is x, x = FALSE is NOT x, also where x is unknown.
                same = value is (op is CompareOp.EQ)
                return self.condition(left, want=want is same, or_unknown=or_unknown)
        guards, known = self._test(node, want=want)
        if or_unknown:
            return _either([g.no for g in guards], known)
        return "(" + " and ".join([*(g.yes for g in guards), known]) + ")"

    def _test(self, node: Expr, *, want: bool) -> tuple[list[Guard], str]:
        """Guards under which a boolean is known, and the condition that it is then `want`."""
        match node:
            case Compare():
                return self._compare(node, want=want)
            case IsNull(item=item, negated=negated):
                guards, _ = self.value(item)
                known = " and ".join(g.yes for g in guards) or "True"
                return [], f"({known})" if negated == want else f"not ({known})"
            case Distinct(left=left, right=right, negated=negated):
                return [], f"{'' if negated != want else 'not '}{self._distinct(left, right)}"
            case InSet(item=item, values=values, negated=negated):
                guards, number = self._number(item)
                word = "in" if negated != want else "not in"
                return guards, f"{number.code} {word} {self.constant(frozenset(values))}"
            case InList(list_name=list_name, item=item):
                guards, number = self._number(item)
                name = self.lists.setdefault(list_name, f"l{len(self.lists)}")
                return guards, f"{number.code} {'in' if want else 'not in'} {name}"
        guards, number = self._number(node)
        return guards, f"{number.code} is {want}"

    def _compare(self, node: Compare, *, want: bool) -> tuple[list[Guard], str]:
        operator = _OPERATORS[node.op] if want else _OPPOSITES[_OPERATORS[node.op]]
        left_guards, left = self.value(node.left)
        right_guards, right = self.value(node.right)
        guards = [*left_guards, *right_guards]
        if Type.NUMBER in (node.left.type, node.right.type):
            sides = (self._double(node.left, left), self._double(node.right, right))
            return guards, f"{sides[0]} {operator} {sides[1]}"
        return guards, cross(left, operator, right)

    def _double(self, node: Expr, value: Number | Fraction) -> str:
        """A value as a double: an exact fraction rounds once, to the nearest."""
        if isinstance(node, Literal) and isinstance(node.value, tuple):
            return self.constant(node.value[0] / node.value[1])
        if isinstance(value, Fraction):
            raise TypeError("a fraction that is not a literal is never compared with a double")
        return value.code if node.type is Type.NUMBER else f"{self.constant(float)}({value.code})"

    def _distinct(self, left: Expr, right: Expr) -> str:
        """Code that is true where the two differ, unknown being a value like any other; in parentheses."""
        if left.type in PAIRS or right.type in PAIRS:
            raise TypeError("IS DISTINCT FROM does not take quotients")
        return f"({self.nullable(left)} != {self.nullable(right)})"

    # -- values -----------------------------------------------------------------------------------------------------

    def nullable(self, node: Expr) -> str:
        """The code of the value of `node`, None where it is unknown; a pair is a tuple."""
        match node:
            case And(items=items) | Or(items=items):
                return self._junction(items, isinstance(node, Or))
            case Not(item=item):
                t = self._temporary()
                return f"(None if ({t} := {self.nullable(item)}) is None else not {t})"
            case IsTruth() | IsNull() | Distinct():
                return f"{self.constant(bool)}({self.condition(node, want=True, or_unknown=False)})"
            case Compare() | InSet() | InList():
                guards, code = self._test(node, want=True)
            case Case(branches=branches, otherwise=otherwise):
                chain = (
                    f"{self.nullable(v)} if {self.condition(c, want=True, or_unknown=False)} else " for c, v in branches
                )
                return "(" + "".join(chain) + self.nullable(otherwise) + ")"
            case Call(function="coalesce", args=args):
                return self._coalesce(args)[0]
            case Call(function="least" | "greatest" as function, args=args):
                host: Callable[..., int | None] = least if function == "least" else greatest
                return f"{self.constant(host)}({', '.join(self.nullable(a) for a in args)})"
            case EventField() | FeatureRef() | ScoreRef() if self._plain(node):
                return self._input(node.name)
            case _:
                guards, value = self.value(node)
                code = value.code if isinstance(value, Number) else f"({value.top}, {value.bottom})"
        if not guards:
            return f"({code})"
        return f"({code} if {' and '.join(g.yes for g in guards)} else None)"

    def value(self, node: Expr) -> Coded:
        """Guards under which the value of `node` is known, and its code."""
        if node in self._shared:
            return self._named(self._shared[node], node.type)
        match node:
            case Literal(value=value):
                return self._literal(value)
            case FeatureRef(name=name):
                return self._feature(name)
            case EventField(name=name) | ScoreRef(name=name):
                return self._named(self._input(name), node.type)
            case Now():
                return [], Number(self._input(NOW))
            case Negate(item=item):
                return self._negate(item)
            case Arith():
                return self._arithmetic(node)
            case Call(function="nullif", args=(first, second)):
                guards, number = self._simple(first)
                other = self.nullable(second)
                return [*guards, Guard(f"{number} != {other}", f"{number} == {other}")], Number(number)
            case Call(function="coalesce", args=args):
                code, always = self._coalesce(args)
                if always and node.type not in PAIRS:
                    return [], Number(code, simple=False)
            case Call(function=function, args=args) if function not in ("coalesce", "least", "greatest"):
                return self._call(function, args)
        t = self._temporary()
        code = f"({t} := {self.nullable(node)})"
        return [Guard(f"{code} is not None", f"{code} is None")], self._parts(t, node.type)

    def _parts(self, name: str, kind: Type) -> Number | Fraction:
        return Fraction(f"{name}[0]", f"{name}[1]", False) if kind in PAIRS else Number(name)

    def _named(self, name: str, kind: Type) -> Coded:
        return [Guard(f"{name} is not None", f"{name} is None")], self._parts(name, kind)

    def _plain(self, node: Expr) -> bool:
        return not (isinstance(node, FeatureRef) and isinstance(self._features[node.name], Ratio))

    def _number(self, node: Expr) -> tuple[list[Guard], Number]:
        guards, value = self.value(node)
        if isinstance(value, Fraction):
            raise TypeError(f"{node.type} where a whole value belongs")
        return guards, value

    def _simple(self, node: Expr) -> tuple[list[Guard], str]:
        """Like `value`, the code being a name or a literal, so that it may be written twice."""
        guards, number = self._number(node)
        if number.simple:
            return guards, number.code
        t = self._temporary()
        assign = f"({t} := {number.code})"
        return [*guards, Guard(f"{assign} is not None", f"{assign} is None")], t

    def _literal(self, value: bool | int | float | str | tuple[int, int] | None) -> Coded:
        match value:
            case None:
                return [Guard("False", "True")], Number(self.constant(None))
            case bool():
                return [], Number(str(value))
            case int():
                return [], Number(f"({value})" if value < 0 else str(value), natural=value >= 0)
            case (int(top), int(bottom)):
                return [], Fraction(f"({top})", str(bottom), bottom > 0)
            case _:
                return [], Number(self.constant(value))

    def _feature(self, name: str) -> Coded:
        feature = self._features[name]
        match feature:
            case Ratio(numerator=top, denominator=bottom):
                guards, _ = self._named(self._input(top), Type.INTEGER)
                more, _ = self._named(self._input(bottom), Type.INTEGER)
                n, d = self._input(top), self._input(bottom)
                below = self._features[bottom]
                return [*guards, *more, Guard(d, f"not {d}")], Fraction(n, d, _counts(below))
            case Window(measure=Measure.AVG):
                guards, _ = self._named(self._input(name), Type.INTEGER)
                t = self._input(name)
                return guards, Fraction(f"{t}[0]", f"{t}[1]", True)
            case Window():
                guards, _ = self._named(self._input(name), feature.type)
                return guards, Number(self._input(name), natural=_counts(feature))
            case other:
                assert_never(other)

    def _ranged(self, code: str) -> tuple[Guard, str]:
        t = self._temporary()
        text = f"{INT64_MIN} <= ({t} := {code}) <= {INT64_MAX}"
        return Guard(text, f"not {text}"), t

    def _negate(self, item: Expr) -> Coded:
        guards, number = self._number(item)
        ranged, t = self._ranged(f"-{number.code}")
        return [*guards, ranged], Number(t)

    def _arithmetic(self, node: Arith) -> Coded:
        left_guards, left = self.value(node.left)
        right_guards, right = self.value(node.right)
        guards = [*left_guards, *right_guards]
        if node.type in PAIRS:
            return self._pair_arithmetic(guards, node.op, left, right)
        if isinstance(left, Fraction) or isinstance(right, Fraction):
            raise TypeError(f"{node.type} out of a fraction")
        ranged, t = self._ranged(f"{left.code} {node.op.value} {right.code}")
        return [*guards, ranged], Number(t)

    def _pair_arithmetic(
        self, guards: list[Guard], op: ArithOp, left: Number | Fraction, right: Number | Fraction
    ) -> Coded:
        """(n/d) · (p/q) = (n·p, d·q) and (n/d) / (p/q) = (n·q, d·p), unreduced, each part within 64 bits."""
        a, b = as_fraction(left), as_fraction(right)
        match op:
            case ArithOp.MUL:
                top, bottom, positive = (a.top, b.top), (a.bottom, b.bottom), a.positive and b.positive
            case ArithOp.DIV:
                natural = isinstance(right, Number) and right.natural
                top, bottom, positive = (a.top, b.bottom), (a.bottom, b.top), a.positive and natural
            case ArithOp.ADD | ArithOp.SUB:
                raise TypeError("fractions are not added")
            case other:
                assert_never(other)
        tops, n = self._product(*top)
        bottoms, d = self._product(*bottom)
        if op is ArithOp.DIV:
            bottoms = [*bottoms, Guard(f"{d} != 0", f"{d} == 0")]
        return [*guards, *tops, *bottoms], Fraction(n, d, positive)

    def _product(self, a: str, b: str) -> tuple[list[Guard], str]:
        if a in ("1", "(1)"):
            return [], b
        if b in ("1", "(1)"):
            return [], a
        ranged, t = self._ranged(f"{a} * {b}")
        return [ranged], t

    # -- functions --------------------------------------------------------------------------------------------------

    def _call(self, function: str, args: tuple[Expr, ...]) -> Coded:
        zone: str | None = None
        if function in _CALENDAR and len(args) == 2:
            zone_node = args[1]
            assert isinstance(zone_node, Literal) and isinstance(zone_node.value, str), "a zone is a literal"
            zone, args = zone_node.value, args[:1]
        guards: list[Guard] = []
        codes: list[str] = []
        for arg in args:
            more, code = self._simple(arg)
            guards += more
            codes.append(code)
        more, code = spread(function, codes, zone, self._spelling)
        return [*guards, *more], Number(code, simple=code.isidentifier())

    def _coalesce(self, args: Iterable[Expr]) -> tuple[str, bool]:
        """The code of the first known argument, and whether there always is one."""
        chain = ""
        for arg in args:
            guards, value = self.value(arg)
            code = value.code if isinstance(value, Number) else f"({value.top}, {value.bottom})"
            if not guards:
                return f"({chain}{code})", True
            chain += f"{code} if {' and '.join(g.yes for g in guards)} else "
        return f"({chain}None)", False

    def _junction(self, items: tuple[Expr, ...], or_: bool) -> str:
        """AND and OR as a value: the deciding value wins over unknown, unknown over the rest."""
        names = [self._temporary() for _ in items]
        decided = " or ".join(f"({t} := {self.nullable(i)}) is {or_}" for t, i in zip(names, items, strict=True))
        unknown = " or ".join(f"{t} is None" for t in names)
        return f"({or_} if {decided} else None if {unknown} else {not or_})"


#: The name under which `values` carry the time of the decided event.
NOW = "now"

_CALENDAR = frozenset({"year", "month", "day", "weekday", "hour", "minute"})


def _either(parts: list[str], last: str) -> str:
    return "(" + " or ".join([*parts, last]) + ")"


def _counts(feature: Feature) -> bool:
    return isinstance(feature, Window) and feature.measure in (Measure.COUNT, Measure.DISTINCT)
