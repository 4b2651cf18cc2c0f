"""A policy carried out node by node: slow, plain, and the oracle that every emitter is tested against.

Three-valued: None is unknown. 64-bit integers: what does not fit is unknown. Quotients stay pairs and are compared by
multiplication.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import assert_never

from safeconduct.foundation.policy.calls import Value, call, int64
from safeconduct.foundation.policy.nodes import (
    Action,
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
    Negate,
    Not,
    Now,
    Or,
    Policy,
    Ratio,
    ScoreRef,
)
from safeconduct.foundation.policy.python_expressions import NOW
from safeconduct.foundation.policy.to_python import Verdict
from safeconduct.foundation.policy.tree import known
from safeconduct.foundation.policy.types import PAIRS

__all__ = ["NOW", "Interpreter", "Value", "interpret"]


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Evaluates conditions over the values of one event.

    ``values``: fields, features and scores by name, and `NOW`; None or missing is unknown. ``lists``: the operator's
    lists by name. Raises KeyError where a condition asks a list that is not given.
    """

    values: Mapping[str, object]
    lists: Mapping[str, Collection[object]]
    features: Mapping[str, Feature]

    def value(self, expr: Expr) -> Value:
        """The value of an expression, None where it is unknown."""
        node = known(expr)
        match node:
            case Literal():
                return node.value
            case EventField() | ScoreRef():
                return self._given(node.name)
            case FeatureRef():
                return self._feature(node.name)
            case Now():
                return self._given(NOW)
            case Compare():
                return self._compare(node)
            case Distinct():
                same = self.value(node.left) == self.value(node.right)
                return same if node.negated else not same
            case And():
                return _all([self.truth(i) for i in node.items])
            case Or():
                found = _all([_not(self.truth(i)) for i in node.items])
                return _not(found)
            case Not():
                return _not(self.truth(node.item))
            case IsNull():
                return (self.value(node.item) is None) is not node.negated
            case IsTruth():
                return (self.truth(node.item) is node.truth) is not node.negated
            case Arith():
                return self._arithmetic(node)
            case Negate():
                item = self.value(node.item)
                return int64(-item) if isinstance(item, int) else None
            case InSet():
                item = self.value(node.item)
                return None if item is None else (item in node.values) is not node.negated
            case InList():
                item = self.value(node.item)
                return None if item is None else item in self.lists[node.list_name]
            case Case():
                for condition, result in node.branches:
                    if self.truth(condition) is True:
                        return self.value(result)
                return self.value(node.otherwise)
            case Call():
                return call(node.function, [self.value(a) for a in node.args])
        assert_never(node)

    def truth(self, expr: Expr) -> bool | None:
        """The truth value of a condition."""
        found = self.value(expr)
        return found if isinstance(found, bool) else None

    def _given(self, name: str) -> Value:
        found = self.values.get(name)
        assert found is None or isinstance(found, bool | int | float | str | tuple)
        return found

    def _feature(self, name: str) -> Value:
        feature = self.features.get(name)
        if not isinstance(feature, Ratio):
            return self._given(name)
        numerator, denominator = self._given(feature.numerator), self._given(feature.denominator)
        if not isinstance(numerator, int) or not isinstance(denominator, int) or denominator == 0:
            return None
        return numerator, denominator

    def _compare(self, node: Compare) -> bool | None:
        left, right = self.value(node.left), self.value(node.right)
        if left is None or right is None:
            return None
        if node.left.type in PAIRS or node.right.type in PAIRS:
            a, b = _pair(left), _pair(right)
            if a[1] == 0 or b[1] == 0:
                return None
            # a/b ? c/d is a·d ? c·b once both denominators are positive; Python's integers make this exact.
            sign = 1 if (a[1] > 0) is (b[1] > 0) else -1
            left, right = sign * a[0] * b[1], sign * b[0] * a[1]
        match node.op:
            case CompareOp.EQ:
                return left == right
            case CompareOp.NE:
                return left != right
            case CompareOp.LT:
                return left < right  # type: ignore[operator]
            case CompareOp.LE:
                return left <= right  # type: ignore[operator]
            case CompareOp.GT:
                return left > right  # type: ignore[operator]
            case CompareOp.GE:
                return left >= right  # type: ignore[operator]

    def _arithmetic(self, node: Arith) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        if left is None or right is None:
            return None
        if node.type in PAIRS:
            return _quotient(node, left, right)
        assert isinstance(left, int) and isinstance(right, int)
        match node.op:
            case ArithOp.ADD:
                return int64(left + right)
            case ArithOp.SUB:
                return int64(left - right)
            case ArithOp.MUL:
                return int64(left * right)
        raise AssertionError(node.op)


def interpret(policy: Policy, values: Mapping[str, object], lists: Mapping[str, Collection[object]]) -> Verdict:
    """What the policy decides over one event; the same answer as `to_python.RuleProgram.verdict`, reached by walking.

    Raises KeyError for a list that is asked and not given.
    """
    interpreter = Interpreter(values, lists, policy.features)
    truths = [interpreter.truth(rule.when) for rule in policy.rules]
    fired = tuple(i for i, truth in enumerate(truths) if truth is True)
    unknown = tuple(i for i, truth in enumerate(truths) if truth is None)
    called = {i: policy.rules[i].then for i in fired} | {i: policy.rules[i].unknown for i in unknown}
    spared = None
    if called:
        spared = next(((name, f) for name, f in policy.allow_lists if _listed(values.get(f), lists, name)), None)
    overridden = tuple(sorted(i for i in called if spared and policy.rules[i].listable))
    counted = {i: action for i, action in called.items() if i not in overridden}
    action = max(counted.values(), key=lambda a: a.rank, default=Action.ALLOW)
    decisive = tuple(sorted(i for i, a in counted.items() if a is action)) if action is not Action.ALLOW else ()
    return Verdict(action, decisive, fired, unknown, overridden, spared)


def _listed(value: object, lists: Mapping[str, Collection[object]], name: str) -> bool:
    return value is not None and value in lists[name]


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _all(truths: list[bool | None]) -> bool | None:
    if any(t is False for t in truths):
        return False
    return None if any(t is None for t in truths) else True


def _pair(value: Value) -> tuple[int, int]:
    if isinstance(value, tuple):
        return value
    assert isinstance(value, int)
    return value, 1


def _quotient(node: Arith, left: Value, right: Value) -> tuple[int, int] | None:
    """A division of two values, or a value or quotient times (or divided by) a number that is written out."""
    (n, d), (p, q) = _pair(left), _pair(right)
    numerator, denominator = (n * p, d * q) if node.op is ArithOp.MUL else (n * q, d * p)
    if denominator == 0 or int64(numerator) is None or int64(denominator) is None:
        return None
    return numerator, denominator
