"""What would have led to a milder decision: every claim is true, whatever the policy and the values."""

from __future__ import annotations

import policy_trees as trees
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from policy_shop import FEATURES, read

from safeconduct.foundation.policy.counterfactual import MAX_CLAIMS, Counterfactual, claim_text, counterfactuals
from safeconduct.foundation.policy.interpret import interpret
from safeconduct.foundation.policy.nodes import (
    Action,
    Compare,
    CompareOp,
    EventField,
    Expr,
    FeatureRef,
    InSet,
    Literal,
    Policy,
    Rule,
)
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, Type

B = Type.BOOLEAN


def policy(*rules: str) -> Policy:
    """A policy over the tests' shop of rules `condition -> action`."""
    text = f"policy: test\non: order.placed\nin: USD\nfeatures:{FEATURES}scores: {{fraud: {{model: m}}}}\nrules:\n"
    for number, rule in enumerate(rules):
        when, then = rule.split(" -> ")
        text += f'  r{number}: {{when: "{when}", then: {then}, because: {{en: x, zh: x, es: x}}}}\n'
    reading = read(text)
    assert reading.policy is not None, reading.render()
    return reading.policy


def claims(
    found: Policy, values: dict[str, object], lists: dict[str, frozenset[object]] | None = None
) -> list[Counterfactual]:
    lists = lists or {}
    return list(counterfactuals(found, values, lists, interpret(found, values, lists)))


def told(found: Policy, values: dict[str, object], language: str = "en") -> list[str]:
    return [claim_text(found, claim, language) for claim in claims(found, values)]


def test_a_card_at_five_shops_would_be_allowed_at_fewer_than_three() -> None:
    many = policy("card_shops_1h >= 3 AND amount > money('50 USD') -> review")
    found = told(many, {"card_shops_1h": 5, "amount": 8_000})
    assert len(found) == 2
    assert any("less than 3 (it is 5)" in text for text in found)
    assert any("at most $50.00 (it is $80.00)" in text for text in found)
    assert all(text.startswith("It would be allowed if") for text in found)


@pytest.mark.parametrize(("language", "start"), [("zh", "如果"), ("es", "Se permitiría si")])
def test_a_claim_is_told_in_each_language(language: str, start: str) -> None:
    many = policy("card_shops_1h >= 3 -> review")
    (text,) = told(many, {"card_shops_1h": 5}, language)
    assert text.startswith(start) and "3" in text and "5" in text and "{" not in text


def test_a_second_rule_keeps_a_claim_from_promising_too_much() -> None:
    both = policy("items >= 10 -> block", "items >= 4 -> review")
    found = claims(both, {"items": 12})
    assert [(c.action, c.low, c.high) for c in found] == [(Action.ALLOW, None, 3)]


def test_what_one_change_cannot_mend_is_not_claimed() -> None:
    two = policy("items >= 10 -> review", "amount > money('50 USD') -> review")
    assert claims(two, {"items": 12, "amount": 9_000}) == []


def test_an_allowed_order_has_no_claims() -> None:
    assert claims(policy("items >= 10 -> review"), {"items": 2}) == []


def test_leaving_a_list_and_being_anything_else_are_claims_too() -> None:
    denied = policy("in_list('denied', card) -> block")
    (claim,) = claims(denied, {"card": 7}, {"denied": frozenset({7})})
    assert (claim.list_name, claim.on_list, claim.action) == ("denied", False, Action.ALLOW)
    funding = policy("funding IN ('prepaid', 'debit') -> review")
    (claim,) = claims(funding, {"funding": "prepaid"})
    assert claim.other_than == ("debit", "prepaid")


def test_a_ratio_is_told_by_the_two_numbers_it_is_made_of() -> None:
    share = policy("refund_share > 0.3 -> review")
    found = [(c.name, c.low, c.high) for c in claims(share, {"refunds_90d": 5, "orders_90d": 10})]
    # Not: "if there were no orders at all". Then the share would be unknown, which helps nobody.
    assert sorted(found) == [("orders_90d", 17, None), ("refunds_90d", None, 3)]


def test_a_bound_is_named_where_a_computation_would_leave_64_bits() -> None:
    twice = policy("items * 2 > 10 -> review").rules[0]
    strict = trees.policy((Rule("r", twice.when, Action.REVIEW, {}, unknown=Action.BLOCK),))
    (claim,) = claims(strict, {"items": 12})
    assert claim.high == 5 and claim.low is not None
    assert interpret(strict, {"items": INT64_MIN}, {}).action is Action.BLOCK


# -- the property -----------------------------------------------------------------------------------------------------


def _stretch(claim: Counterfactual, draw: st.DataObject) -> list[object]:
    """Values for which the claim speaks: its ends, and some between or beyond."""
    low, high = claim.low, claim.high
    if claim.type is Type.NUMBER:
        ends = (0.0 if low is None else low, 1.0 if high is None else high)
        return [*ends, draw.draw(st.floats(*ends))]  # type: ignore[arg-type]
    if not isinstance(low if low is not None else high, int) or claim.type is Type.BOOLEAN or low == high:
        return [low]
    assert low is None or isinstance(low, int)
    assert high is None or isinstance(high, int)
    # Amounts and counts are never negative, and where there is no bound the claim ends with the 64 bits.
    least = 0 if claim.type is Type.MONEY or claim.name in ("orders_90d", "refunds_90d") else INT64_MIN
    start, end = least if low is None else low, INT64_MAX if high is None else high
    assert start <= end
    near = end if high is not None else start
    return [
        *([low] if low is not None else []),
        *([high] if high is not None else []),
        max(start, near - 1),
        min(end, near + 1),
        draw.draw(st.integers(start, min(end, start + 10**6))),
        draw.draw(st.integers(max(start, end - 10**6), end)) if None not in (low, high) else near,
    ]


def check(found: Policy, values: dict[str, object], lists: dict[str, frozenset[object]], draw: st.DataObject) -> int:
    verdict = interpret(found, values, lists)
    made = counterfactuals(found, values, lists, verdict)
    assert len(made) <= MAX_CLAIMS
    for claim in made:
        assert claim.action.rank < verdict.action.rank
        assert claim.value == values[claim.name]
        assert claim_text(found, claim)
        if claim.list_name is not None:
            members = lists[claim.list_name] - {claim.value} | ({claim.value} if claim.on_list else frozenset())
            assert interpret(found, values, {**lists, claim.list_name: members}).action is claim.action
            continue
        if claim.other_than:
            others = [draw.draw(st.text(max_size=3).filter(lambda t, c=claim: t not in c.other_than)) for _ in range(3)]
            tried: list[object] = list(others)
        else:
            tried = _stretch(claim, draw)
        for value in tried:
            action = interpret(found, {**values, claim.name: value}, lists).action
            assert action.rank <= claim.action.rank, (claim, value, action)
    return len(made)


@given(trees.rules(3), trees.values(), st.data())
@settings(deadline=None, max_examples=100)
def test_every_claim_over_a_random_policy_is_true(
    rules: tuple[Rule, ...], values: dict[str, object], data: st.DataObject
) -> None:
    check(trees.policy(rules), values, trees.LISTS, data)


SMALL = st.integers(0, 30)


@st.composite
def plain_conditions(draw: st.DrawFn) -> Expr:
    """A comparison as analysts write them, over few numbers, so that rules meet each other's bounds."""
    kind = draw(st.sampled_from(["items", "orders", "amount", "text", "share"]))
    op = draw(st.sampled_from([CompareOp.LT, CompareOp.LE, CompareOp.GT, CompareOp.GE, CompareOp.EQ, CompareOp.NE]))
    match kind:
        case "items":
            return Compare(B, op, EventField(Type.INTEGER, "items"), Literal(Type.INTEGER, draw(SMALL)))
        case "orders":
            return Compare(B, op, FeatureRef(Type.INTEGER, "orders_90d"), Literal(Type.INTEGER, draw(SMALL)))
        case "amount":
            return Compare(B, op, EventField(Type.MONEY, "amount"), Literal(Type.MONEY, draw(SMALL)))
        case "share":
            part = Literal(Type.RATIONAL, (draw(SMALL), 10))
            return Compare(B, op, FeatureRef(Type.RATIONAL, "items_share"), part)
    texts = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True))
    return InSet(B, EventField(Type.TEXT, "funding"), tuple(texts), draw(st.booleans()))


@st.composite
def plain_rules(draw: st.DrawFn) -> tuple[Rule, ...]:
    made = []
    for number in range(draw(st.integers(1, 4))):
        conditions = tuple(draw(st.lists(plain_conditions(), min_size=2, max_size=3)))
        joined = draw(st.sampled_from([trees.And, trees.Or]))(B, conditions)
        action = draw(st.sampled_from([Action.CHALLENGE, Action.REVIEW, Action.BLOCK]))
        made.append(Rule(f"r{number}", joined, action, {}, unknown=draw(st.sampled_from(list(Action)))))
    return tuple(made)


@given(plain_rules(), SMALL, SMALL, SMALL, st.integers(0, 9), st.sampled_from("abcd"), st.data())
@settings(deadline=None, max_examples=200)
def test_every_claim_over_ordinary_rules_is_true(
    rules: tuple[Rule, ...], items: int, bought: int, amount: int, orders: int, funding: str, data: st.DataObject
) -> None:
    values: dict[str, object] = {
        "items": items, "items_90d": bought, "orders_90d": orders, "amount": amount, "funding": funding
    }  # fmt: skip
    found = trees.policy(rules)
    assume(interpret(found, values, trees.LISTS).action is not Action.ALLOW)
    check(found, values, trees.LISTS, data)
