"""What a checked condition is written as: read again it is the same tree, and sqlglot reads it as the same tree too."""

from __future__ import annotations

from collections.abc import Sequence

import policy_trees as trees
import pytest
import sqlglot
from hypothesis import HealthCheck, assume, given, settings
from policy_shop import policy_text, read
from sqlglot import expressions as sql

from safeconduct.foundation.policy.diagnostics import Findings, Source
from safeconduct.foundation.policy.expressions import parse
from safeconduct.foundation.policy.nodes import Call, Expr, InList, InSet, Literal, Now
from safeconduct.foundation.policy.syntax import (
    BetweenSyntax,
    BinarySyntax,
    CallSyntax,
    CaseSyntax,
    DistinctSyntax,
    InSyntax,
    IntervalSyntax,
    IsSyntax,
    LogicSyntax,
    NameSyntax,
    NotSyntax,
    NumberSyntax,
    SignSyntax,
    Syntax,
    TextSyntax,
    WordSyntax,
)
from safeconduct.foundation.policy.tree import walk
from safeconduct.foundation.policy.types import Type
from safeconduct.foundation.policy.unparse import condition_text, feature_text, sentence_text
from safeconduct.foundation.policy.yaml_reader import Mapping, Scalar, read_yaml

Shape = tuple[object, ...]

CONDITIONS = (
    "items > 3 AND proxy OR NOT proxy AND items < 1",
    "NOT items = 3 OR proxy IS NOT TRUE",
    "NOT NOT proxy",
    "items + 1 * 2 - 3 > -items",
    "items - (1 - 2) - 3 > 0",
    "items / 2 / 3 > 0.25",
    "items BETWEEN 1 AND 5 AND proxy",
    "items NOT BETWEEN 1 + 1 AND 5 * 2",
    "ship_country NOT IN ('CL', 'it''s') AND items IN (1, 2, -3)",
    "items IS NULL OR amount IS NOT NULL",
    "(items > 3) IS TRUE",
    "items > 3 IS TRUE",
    "items IS DISTINCT FROM 3 AND proxy IS NOT DISTINCT FROM TRUE",
    "CASE WHEN proxy THEN 1 WHEN items > 2 THEN 2 ELSE 0 END + 1 >= 2",
    "CASE WHEN proxy THEN 1 END IS NULL",
    "coalesce(items, 0) + mod(items, 7) <> greatest(1, items, 3)",
    "lower(trim(ship_country)) = 'cl' AND contains(note, '%') AND length(note) != 3",
    "amount > money('50.25 USD') AND now() - created_at < interval '36 hours'",
    "in_list('denied', card) AND fraud >= 0.9",
    "refund_share > 0.3 AND usual_amount * 1.5 < amount",
    "-items < 3 AND -(items + 1) < 3",
)


def checked(when: str) -> Expr:
    reading = read(policy_text(when))
    assert reading.policy is not None, reading.render()
    return reading.policy.rules[0].when


@pytest.mark.parametrize("when", CONDITIONS)
def test_a_condition_read_and_written_and_read_again_is_the_same(when: str) -> None:
    tree = checked(when)
    text = condition_text(tree, "USD")
    assert checked(text) == tree
    assert condition_text(checked(text), "USD") == text


def sayable(tree: Expr) -> bool:
    """Whether a policy could say it: random trees also hold keys, distant times, lengths of parts of a
    second, and sets that name a value twice (the reader keeps it once)."""
    for node in walk(tree):
        if isinstance(node, Literal) and isinstance(node.value, int):
            match node.type:
                case Type.KEY:
                    return False
                case Type.TIMESTAMP if abs(node.value) > 10**17:
                    return False
                case Type.DURATION if node.value % 1_000_000:
                    return False
        if (
            isinstance(node, Literal)
            and isinstance(node.value, float)
            and (0 < abs(node.value) < 1e-9 or abs(node.value) > 1)
        ):
            return False
        if isinstance(node, InSet) and (node.item.type is Type.BOOLEAN or len(set(node.values)) < len(node.values)):
            return False
    return True


WITHOUT_CALLS = trees.expressions(Type.BOOLEAN).filter(
    lambda tree: sayable(tree) and not any(isinstance(n, Call | InList | Now) for n in walk(tree))
)


@given(trees.expressions(Type.BOOLEAN).filter(sayable))
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
def test_a_random_condition_that_is_accepted_is_written_and_read_as_itself(tree: Expr) -> None:
    policy = read(policy_text(condition_text(tree, "USD"))).policy
    # Random trees also hold what no policy can say: calls that are refused, a value twice in a set, a third.
    assume(policy is not None)
    assert policy is not None
    accepted = policy.rules[0].when
    text = condition_text(accepted, "USD")
    assert checked(text) == accepted
    assert condition_text(checked(text), "USD") == text


def test_features_and_reasons_are_written_as_they_stand_in_a_file() -> None:
    reading = read(policy_text("card_shops_1h > 2", because="{card_shops_1h} shops, {{so}}, {refund_share:%}"))
    assert reading.policy is not None
    features = reading.policy.features
    assert (
        feature_text(features["card_shops_1h"], "USD") == "{distinct: seller, of: order.placed, by: card, over: 1 hour}"
    )
    assert feature_text(features["refund_share"], "USD") == "{ratio: [refunds_90d, orders_90d]}"
    sentence = sentence_text(reading.policy.rules[0].because["en"])
    assert sentence == "{card_shops_1h} shops, {{so}}, {refund_share:%}"


# -- beside sqlglot ---------------------------------------------------------------------------------------------------


def syntax(when: str) -> Syntax:
    findings = Findings(Source(f'when: "{when}"\n'))
    root = read_yaml(findings)
    assert isinstance(root, Mapping)
    scalar = root.get("when")
    assert isinstance(scalar, Scalar)
    return parse(scalar)


def _joined(word: str, items: Sequence[Shape]) -> Shape:
    """AND and OR with their items flat: a chain has no inner structure that matters."""
    flat: list[object] = []
    for item in items:
        flat += item[1:] if item[0] == word else [item]
    return (word, *flat)


def ours(s: Syntax) -> Shape:
    """Our tree as plain tuples."""
    match s:
        case NameSyntax():
            return "name", s.name
        case NumberSyntax():
            return "number", s.digits
        case TextSyntax():
            return "text", s.value
        case WordSyntax():
            return "word", s.value
        case IntervalSyntax():
            return "interval", s.value
        case SignSyntax():
            return "neg", ours(s.item)
        case NotSyntax():
            return "not", ours(s.item)
        case BinarySyntax():
            return s.operator, ours(s.left), ours(s.right)
        case LogicSyntax():
            return _joined("and" if s.conjunction else "or", [ours(i) for i in s.items])
        case IsSyntax():
            found: Shape = ("is", ours(s.item), ("word", s.value))
        case DistinctSyntax():
            return "distinct" if not s.negated else "same", ours(s.left), ours(s.right)
        case BetweenSyntax():
            found = ("between", ours(s.item), ours(s.low), ours(s.high))
        case InSyntax():
            found = ("in", ours(s.item), *(ours(v) for v in s.values))
        case CallSyntax():
            return "call", s.name, *(ours(a) for a in s.args)
        case CaseSyntax():
            last = ours(s.otherwise) if s.otherwise is not None else None
            return "case", *((ours(c), ours(r)) for c, r in s.branches), last
        case _:
            raise AssertionError(s)
    return ("not", found) if s.negated else found


_BINARY = {sql.EQ: "=", sql.NEQ: "<>", sql.LT: "<", sql.LTE: "<=", sql.GT: ">", sql.GTE: ">=", sql.Add: "+",
           sql.Sub: "-", sql.Mul: "*", sql.Div: "/", sql.Is: "is", sql.NullSafeNEQ: "distinct",
           sql.NullSafeEQ: "same"}  # fmt: skip


def theirs(e: sql.Expression) -> Shape:
    """sqlglot's tree as plain tuples."""
    kind = _BINARY.get(type(e))
    if kind is not None:
        found = (kind, theirs(e.this), theirs(e.expression))
        return ("not", found) if e.args.get("negate") else found
    match e:
        case sql.Paren():
            return theirs(e.this)
        case sql.And() | sql.Or():
            return _joined("and" if isinstance(e, sql.And) else "or", [theirs(e.this), theirs(e.expression)])
        case sql.Column():
            return "name", e.name
        case sql.Literal():
            return ("text" if e.is_string else "number"), e.this
        case sql.Boolean():
            return "word", e.this
        case sql.Null():
            return "word", None
        case sql.Neg():
            return "neg", theirs(e.this)
        case sql.Not():
            return "not", theirs(e.this)
        case sql.Between():
            return "between", theirs(e.this), theirs(e.args["low"]), theirs(e.args["high"])
        case sql.In():
            return "in", theirs(e.this), *(theirs(v) for v in e.expressions)
        case sql.Case():
            last = theirs(e.args["default"]) if e.args.get("default") is not None else None
            return "case", *((theirs(b.this), theirs(b.args["true"])) for b in e.args["ifs"]), last
        case sql.Anonymous():
            return "call", e.name.lower(), *(theirs(a) for a in e.expressions)
    raise NotImplementedError(type(e).__name__)


@given(WITHOUT_CALLS)
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
def test_sqlglot_reads_a_random_condition_as_the_same_tree(tree: Expr) -> None:
    text = condition_text(tree, "USD")
    assume(text.isprintable() and '"' not in text and "\\" not in text)
    assume("money(" not in text and "timestamp(" not in text and "interval" not in text)
    assert ours(syntax(text)) == theirs(sqlglot.parse_one(text, dialect="postgres"))


@pytest.mark.parametrize("when", [c for c in CONDITIONS if "(" not in c.replace("(items", "").replace("IN (", "")])
def test_sqlglot_reads_what_analysts_write_as_the_same_tree(when: str) -> None:
    assert ours(syntax(when)) == theirs(sqlglot.parse_one(when, dialect="postgres"))
