"""Warnings: a rule that can never fire, always fires or has no effect is named; a rule that may fire never is."""

from __future__ import annotations

import policy_trees as trees
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_shop import policy_text, read

from safeconduct.foundation.policy.interpret import Interpreter
from safeconduct.foundation.policy.nodes import Expr
from safeconduct.foundation.policy.ranges import Possibilities
from safeconduct.foundation.policy.types import Type


def warned(when: str, then: str = "review") -> set[str]:
    reading = read(policy_text(when, then=then))
    assert reading.policy is not None, reading.render()
    return {d.code for d in reading.warnings} - {"unused"}


@pytest.mark.parametrize(
    "when",
    [
        "items > 5 AND items < 3",
        "items > 2 AND items < 3",
        "items >= 3 AND (proxy AND items < 3) AND items < 2",
        "orders_90d < 0",
        "NOT orders_90d >= 0",
        "fraud > 1.5",
        "hour(now()) = 24",
        "length(note) < 0",
        "funding = 'credit' AND funding = 'debit'",
        "funding = 'credit' AND funding IN ('debit', 'prepaid')",
        "NOT (items <= 5 OR items >= 3)",
        "1 > 2",
        "amount < amount",
        "proxy AND FALSE",
    ],
)
def test_a_rule_that_can_never_fire_is_named(when: str) -> None:
    assert warned(when) == {"never-true"}


@pytest.mark.parametrize("when", ["orders_90d >= 0", "items > 3 OR items < 5", "amount = amount", "hour(now()) < 24"])
def test_a_rule_that_always_fires_is_named(when: str) -> None:
    assert warned(when) == {"always-true"}


@pytest.mark.parametrize(
    "when",
    [
        "items > 5 AND items < 7",
        "items >= 5 AND items <= 5",
        "orders_90d = 0",
        "fraud >= 1.0",
        "hour(now()) = 23",
        "funding = 'credit' OR funding = 'debit'",
        "items > 5 AND orders_90d < 3",
        "amount > money('5 USD') AND amount < money('5.02 USD')",
        "TRUE",
        "items IS NULL",
        "(items > 5 AND items < 3) IS NULL",
    ],
)
def test_a_rule_that_may_fire_and_may_not_is_left_in_peace(when: str) -> None:
    assert warned(when) == set()


def test_a_rule_without_effect_and_a_rule_said_twice_are_named() -> None:
    assert warned("items > 3", then="allow") == {"no-effect"}
    twice = policy_text("items > 3") + '  again: {when: "items>3", then: block, because: {en: x, zh: x, es: x}}\n'
    assert "repeated-condition" in {d.code for d in read(twice).warnings}


def test_a_listable_rule_without_an_allow_list_is_named() -> None:
    text = policy_text("items > 3") + "    listable: true\n"
    assert "no-effect" in {d.code for d in read(text).warnings}
    spared = text.replace("on: order.placed\n", "on: order.placed\nallow: {buyer: trusted-buyers}\n")
    assert "no-effect" not in {d.code for d in read(spared).warnings}


def test_a_reason_that_is_missing_in_a_language_is_named_and_no_error() -> None:
    reading = read(policy_text("items > 3").replace(', es: "…"', ""))
    assert reading.policy is not None
    assert any("es" in d.message for d in reading.warnings if d.code == "language")


@given(trees.expressions(Type.BOOLEAN), st.lists(trees.values(), min_size=4, max_size=4))
@settings(deadline=None, max_examples=80)
def test_what_is_said_to_be_impossible_never_happens(tree: Expr, rows: list[dict[str, object]]) -> None:
    possible = Possibilities(trees.FEATURES)
    seen = {Interpreter(values, trees.LISTS, trees.FEATURES).truth(tree) for values in rows}
    for truth in (True, False):
        assert possible.can_be(tree, truth) or truth not in seen
