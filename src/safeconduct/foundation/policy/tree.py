"""Walking over checked conditions, and which names they read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import assert_never

from safeconduct.foundation.policy.nodes import (
    And,
    Arith,
    Call,
    Case,
    Compare,
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
    Policy,
    Ratio,
    ScoreRef,
    Window,
)

Node = (
    Literal | EventField | FeatureRef | ScoreRef | Now | Compare | Distinct | And | Or | Not | IsNull | IsTruth | Arith
    | Negate | InSet | InList | Case | Call
)  # fmt: skip


def known(node: Expr) -> Node:
    """The node as one of the closed set of kinds, so that a `match` over it can be proved complete."""
    assert isinstance(node, Node)
    return node


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct parts of an expression, in the order they are written."""
    node = known(expr)
    match node:
        case Literal() | EventField() | FeatureRef() | ScoreRef() | Now():
            return ()
        case Compare() | Distinct() | Arith():
            return node.left, node.right
        case And() | Or():
            return node.items
        case Not() | IsNull() | IsTruth() | Negate() | InSet() | InList():
            return (node.item,)
        case Case():
            return (*(part for branch in node.branches for part in branch), node.otherwise)
        case Call():
            return node.args
    assert_never(node)


def walk(expr: Expr) -> Iterator[Expr]:
    """The expression and everything in it."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def names(expr: Expr) -> frozenset[str]:
    """The fields, features and scores an expression reads."""
    return frozenset(n.name for n in walk(expr) if isinstance(n, EventField | FeatureRef | ScoreRef))


def feature_names(policy: Policy, wanted: frozenset[str]) -> frozenset[str]:
    """These features with those their ratios are made of."""
    found = set()
    for name in wanted & policy.features.keys():
        found.add(name)
        feature = policy.features[name]
        if isinstance(feature, Ratio):
            found |= {feature.numerator, feature.denominator}
    return frozenset(found)


def window_fields(window: Window) -> frozenset[str]:
    """The event fields a window reads of the earlier events."""
    read = {window.match} | ({window.value} if window.value else set())
    return frozenset(read) | (names(window.where) if window.where is not None else frozenset())


def rebuild(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """The expression with every part replaced for which `change` gives something else; the rest is kept."""
    new = change(expr)
    if new is not None:
        return new
    node = known(expr)
    match node:
        case Literal() | EventField() | FeatureRef() | ScoreRef() | Now():
            return node
        case Compare() | Distinct() | Arith():
            return replace(node, left=rebuild(node.left, change), right=rebuild(node.right, change))
        case And() | Or():
            return replace(node, items=tuple(rebuild(i, change) for i in node.items))
        case Not() | IsNull() | IsTruth() | Negate() | InSet() | InList():
            return replace(node, item=rebuild(node.item, change))
        case Case():
            branches = tuple((rebuild(c, change), rebuild(r, change)) for c, r in node.branches)
            return replace(node, branches=branches, otherwise=rebuild(node.otherwise, change))
        case Call():
            return replace(node, args=tuple(rebuild(a, change) for a in node.args))
    assert_never(node)
