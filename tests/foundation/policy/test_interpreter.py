"""The algebra of the unknown: the laws that every condition obeys, whatever is missing."""

from __future__ import annotations

import policy_trees as trees
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_shop import policy_text, read

from safeconduct.foundation.policy.interpret import Interpreter, interpret
from safeconduct.foundation.policy.nodes import Action, And, Distinct, Expr, IsNull, IsTruth, Literal, Not, Or
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, Type

B = Type.BOOLEAN
UNKNOWN, YES, NO = Literal(B, None), Literal(B, True), Literal(B, False)
lawful = settings(deadline=None, max_examples=60)


def truth(when: str, **values: object) -> bool | None:
    """The truth of a condition over the tests' shop; what is not given is unknown."""
    reading = read(policy_text(when))
    assert reading.policy is not None, reading.render()
    return Interpreter(values, {}, reading.policy.features).truth(reading.policy.rules[0].when)


def judge(expr: Expr, values: dict[str, object]) -> bool | None:
    return Interpreter(values, trees.LISTS, trees.FEATURES).truth(expr)


@pytest.mark.parametrize("left", [YES, NO, UNKNOWN])
@pytest.mark.parametrize("right", [YES, NO, UNKNOWN])
def test_and_or_and_not_follow_the_table_of_three_values(left: Literal, right: Literal) -> None:
    both, either = judge(And(B, (left, right)), {}), judge(Or(B, (left, right)), {})
    values = {left.value, right.value}
    assert both is (False if False in values else None if None in values else True)
    assert either is (True if True in values else None if None in values else False)
    assert judge(Not(B, left), {}) is (None if left.value is None else not left.value)


@given(trees.expressions(B), trees.expressions(B), trees.values())
@lawful
def test_de_morgan_holds_with_unknowns(a: Expr, b: Expr, values: dict[str, object]) -> None:
    assert judge(Not(B, And(B, (a, b))), values) is judge(Or(B, (Not(B, a), Not(B, b))), values)
    assert judge(Not(B, Or(B, (a, b))), values) is judge(And(B, (Not(B, a), Not(B, b))), values)


@given(trees.expressions(B), trees.expressions(B), trees.expressions(B), trees.values())
@lawful
def test_order_and_grouping_do_not_matter(a: Expr, b: Expr, c: Expr, values: dict[str, object]) -> None:
    for join in (And, Or):
        found = {judge(e, values) for e in (
            join(B, (a, b, c)), join(B, (c, a, b)), join(B, (join(B, (a, b)), c)), join(B, (a, join(B, (b, c)))),
        )}  # fmt: skip
        assert len(found) == 1
    spread = Or(B, (And(B, (a, b)), And(B, (a, c))))
    assert judge(And(B, (a, Or(B, (b, c)))), values) is judge(spread, values)


@given(trees.expressions(B), trees.values())
@lawful
def test_not_twice_is_nothing_and_the_excluded_middle_has_a_third(a: Expr, values: dict[str, object]) -> None:
    found = judge(a, values)
    assert judge(Not(B, Not(B, a)), values) is found
    assert judge(Or(B, (a, Not(B, a))), values) is (None if found is None else True)
    assert judge(And(B, (a, Not(B, a))), values) is (None if found is None else False)


@given(trees.expressions(B), trees.expressions(B), trees.values())
@lawful
def test_is_and_distinct_are_never_unknown(a: Expr, b: Expr, values: dict[str, object]) -> None:
    one, other = judge(a, values), judge(b, values)
    assert judge(IsNull(B, a, False), values) is (one is None)
    assert judge(Distinct(B, a, b, False), values) is (one is not other)
    for wanted in (True, False):
        assert judge(IsTruth(B, a, wanted, False), values) is (one is wanted)
        assert judge(IsTruth(B, a, wanted, True), values) is (one is not wanted)


@given(trees.expressions(B), trees.values(), st.data())
@lawful
def test_learning_what_was_unknown_never_turns_yes_into_no(
    a: Expr, values: dict[str, object], data: st.DataObject
) -> None:
    """Conditions without IS, DISTINCT, CASE or COALESCE only become surer as more is known."""
    if any(word in repr(a) for word in ("IsNull", "IsTruth", "Distinct", "Case", "Call", "Literal(type=<Type.BOOLEAN")):
        return
    before = judge(a, values)
    hidden = data.draw(st.sets(st.sampled_from(sorted(values))))
    less = judge(a, {n: None if n in hidden and n != "now" else v for n, v in values.items()})
    assert less is None or less is before


def test_what_does_not_fit_into_64_bits_is_unknown() -> None:
    assert truth("items + 1 > 0", items=INT64_MAX) is None
    assert truth("items - 1 < 0", items=INT64_MIN) is None
    assert truth("items * 2 > 0", items=2**62) is None
    assert truth("-items > 0", items=INT64_MIN) is None
    assert truth("abs(items) > 0", items=INT64_MIN) is None
    assert truth("items + 0 = 9223372036854775807", items=INT64_MAX) is True
    assert truth("amount * 2 > amount", amount=2**62) is None
    # Nor does an intermediate result come back into range.
    assert truth("items + 1 - 1 = items", items=INT64_MAX) is None


def test_a_division_by_zero_is_unknown_and_the_rest_is_exact() -> None:
    assert truth("items / orders_90d > 0", items=5, orders_90d=0) is None
    assert truth("refund_share > 0.3", refunds_90d=3, orders_90d=0) is None
    assert truth("mod(items, 0) = 0", items=5) is None
    assert truth("floor_div(items, 0) = 0", items=5) is None
    assert truth("refund_share = 0.3", refunds_90d=3, orders_90d=10) is True
    assert truth("refund_share > 0.3", refunds_90d=3 * 10**17 + 1, orders_90d=10**18) is True
    assert truth("items / orders_90d < 0", items=5, orders_90d=-2) is True
    assert truth("usual_amount * 1.5 < amount", usual_amount=(1_000, 3), amount=501) is True
    assert truth("usual_amount * 1.5 < amount", usual_amount=(1_000, 3), amount=500) is False


def test_a_rule_that_cannot_be_checked_has_the_effect_it_names_for_that() -> None:
    text = policy_text("items > 3", then="block").replace("then: block", "then: block\n    unknown: challenge")
    policy = read(text).policy
    assert policy is not None
    assert interpret(policy, {}, {}).action is Action.CHALLENGE
    assert interpret(policy, {}, {}).unknown == (0,)
    assert interpret(policy, {"items": 4}, {}).action is Action.BLOCK
    assert interpret(policy, {"items": 3}, {}).action is Action.ALLOW


def test_a_list_that_was_not_given_is_an_error_and_not_an_answer() -> None:
    policy = read(policy_text("in_list('denied', card)")).policy
    assert policy is not None
    with pytest.raises(KeyError):
        interpret(policy, {"card": 1}, {})
    assert interpret(policy, {}, {}).unknown == (0,)
