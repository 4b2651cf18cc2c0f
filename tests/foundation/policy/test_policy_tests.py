"""Tests beside a policy: what passes, what fails and how it is told, and how a wrong test is refused."""

from __future__ import annotations

import pytest
from policy_shop import FEATURES, SHOP, read

from safeconduct.foundation.policy.nodes import Policy
from safeconduct.foundation.policy.policy_tests import TestReading, TestResult, read_tests, run_tests

TEXT = f"""\
policy: order-risk
on: order.placed
in: USD
allow: {{buyer: trusted-buyers}}
features:{FEATURES}
scores: {{fraud: {{model: order-fraud}}}}
rules:
  many_shops:
    when: card_shops_1h >= 3 AND amount > money('50 USD')
    then: review
    because: {{en: "Card used at {{card_shops_1h}} shops", zh: "…", es: "…"}}
    listable: true
    tests:
      - {{name: five shops, event: {{amount: 80 USD}}, features: {{card_shops_1h: 5}}, expect: {{fires: true}}}}
      - {{name: two shops, event: {{amount: 80 USD}}, features: {{card_shops_1h: 2}}, expect: {{fires: false}}}}
  denied: {{when: "in_list('denied-cards', card)", then: block, because: {{en: Denied, zh: 禁, es: No}}}}
  scored: {{when: fraud >= 0.9, then: block, unknown: challenge, because: {{en: Scored, zh: 分, es: Puntos}}}}
"""


def policy() -> Policy:
    reading = read(TEXT)
    assert reading.policy is not None, reading.render()
    return reading.policy


def reading_of(tests: str) -> TestReading:
    return read_tests(f"tests:\n{tests}", policy(), SHOP)


def run(test: str) -> TestResult:
    reading = reading_of(f"  - {test}\n")
    assert not reading.diagnostics, reading.diagnostics
    (result,) = run_tests(policy(), reading.tests)
    return result


def test_the_tests_inside_of_a_rule_are_found_and_pass() -> None:
    reading = read_tests(TEXT, policy(), SHOP)
    assert [(t.name, t.rule) for t in reading.tests] == [("five shops", "many_shops"), ("two shops", "many_shops")]
    assert all(r.passed for r in run_tests(policy(), reading.tests))


def test_a_history_is_counted_as_live_events_are() -> None:
    history = ", ".join(f"{{type: order.placed, ago: {10 + n} minutes, card: c1, seller: s{n}}}" for n in range(5))
    older = "{type: order.placed, ago: 61 minutes, card: c1, seller: s9}"
    other = "{type: order.placed, ago: 5 minutes, card: c2, seller: s8}"
    result = run(
        f"{{name: tested, event: {{card: c1, buyer: b1, amount: 80 USD}}, history: [{history}, {older}, {other}],"
        " scores: {fraud: 0.1}, expect: {action: review, fired: [many_shops], unknown: [], reasons: ['5 shops']}}"
    )
    assert result.passed, result.problems
    assert result.values["card_shops_1h"] == 5


def test_a_trusted_buyer_is_spared_and_a_denied_card_is_not() -> None:
    event = "event: {buyer: b1, card: c1, amount: 80 USD}, features: {card_shops_1h: 5}, scores: {fraud: 0.1}"
    assert run(f"{{{event}, lists: {{trusted-buyers: [b1]}}, expect: {{action: allow, fired: [many_shops]}}}}").passed
    lists = "lists: {trusted-buyers: [b1], denied-cards: [c1]}"
    assert run(f"{{{event}, {lists}, expect: {{action: block, fired: [many_shops, denied]}}}}").passed


def test_a_failing_test_says_everything_that_differs() -> None:
    result = run(
        "{name: wrong, event: {amount: 80 USD, card: c1}, features: {card_shops_1h: 5},"
        " expect: {action: block, fired: [denied], unknown: [], reasons: ['7 shops']}}"
    )
    assert not result.passed
    assert result.problems == (
        "the action is review, not block",
        "`denied` should be fired and is not",
        "`many_shops` is fired and should not be",
        "`scored` is unknown and should not be",
        "no reason says “7 shops”",
    )
    assert (result.name, result.action.value, result.fired, result.unknown) == (
        "wrong", "review", ("many_shops",), ("scored",)
    )  # fmt: skip


@pytest.mark.parametrize(("fires", "shops", "told"), [("true", 2, "should fire"), ("false", 5, "should not fire")])
def test_a_rules_own_test_fails_when_the_rule_does_otherwise(fires: str, shops: int, told: str) -> None:
    text = TEXT.replace("features: {card_shops_1h: 5}, expect: {fires: true}",
                        f"features: {{card_shops_1h: {shops}}}, expect: {{fires: {fires}}}")  # fmt: skip
    result = run_tests(policy(), read_tests(text, policy(), SHOP).tests)[0]
    assert result.problems == (f"`many_shops` {told}",)


def test_what_is_not_expected_is_not_checked() -> None:
    assert run("{event: {}, expect: {fired: []}}").passed


def test_the_time_of_a_test_is_fixed_unless_it_names_one() -> None:
    first, second = run("{event: {}, expect: {fired: []}}"), run("{event: {}, expect: {fired: []}}")
    named = run("{event: {}, now: 2026-11-24T12:00:00Z, expect: {fired: []}}")
    assert first.values["now"] == second.values["now"] != named.values["now"]


def test_where_there_is_nothing_to_name_the_help_says_so() -> None:
    bare = read(
        "policy: p\non: order.placed\nrules:\n"
        '  many: {when: items > 3, then: review, because: {en: Many, zh: "多", es: Muchos}}\n'
    ).policy
    assert bare is not None
    test = "{event: {}, features: {shops: 1}, scores: {fraud: 0.5}, expect: {fired: []}}"
    reading = read_tests(f"tests:\n  - {test}\n", bare, SHOP)
    assert [d.hint for d in reading.diagnostics] == [
        "it has no features: leave this out", "it has no scores: leave this out",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("{event: {amount: 80 USD}}", "no `expect`"),
        ("{expect: {action: review}}", "no `event`"),
        ("{event: {}, expect: {}}", "expects nothing"),
        ("{event: {}, expect: {action: refuse}}", "refuse"),
        ("{event: {}, expect: {fired: [many_shop]}}", "no rule `many_shop`"),
        ("{event: {}, expect: {fires: true}}", "fires"),
        ("{event: {amont: 80 USD}, expect: {fired: []}}", "no field `amont`"),
        ("{event: {amount: 80}, expect: {fired: []}}", "money"),
        ("{event: {amount: 80 EUR}, expect: {fired: []}}", "money"),
        ("{event: {items: many}, expect: {fired: []}}", "integer"),
        ("{event: {type: refund.requested}, expect: {fired: []}}", "refund.requested"),
        ("{event: {}, features: {shops: 1}, expect: {fired: []}}", "no `shops`"),
        ("{event: {}, features: {refund_share: 0.5}, expect: {fired: []}}", "a ratio is computed"),
        ("{event: {}, features: {usual_amount: 5 USD}, expect: {fired: []}}", "[total, number]"),
        ("{event: {}, scores: {fraud: 2}, expect: {fired: []}}", "number"),
        ("{event: {}, history: [{buyer: b1}], expect: {fired: []}}", "how long ago"),
        ("{event: {}, now: yesterday, expect: {fired: []}}", "point in time"),
        ("{event: {}, now: 2026-11-24T12:00:00, expect: {fired: []}}", "point in time"),
        ("{evnt: {}, expect: {fired: []}}", "evnt"),
        ("nonsense", "a test"),
    ],
)
def test_a_wrong_test_is_refused_and_told_why(test: str, told: str) -> None:
    reading = reading_of(f"  - {test}\n")
    assert reading.tests == ()
    assert any(told in f"{d.message} {d.hint}" for d in reading.diagnostics), reading.diagnostics


@pytest.mark.parametrize("text", ["", "tests", "tests: 3", "- a", "tests: [", "\0", "tests: {a: b}", "a: &x b"])
def test_no_file_makes_the_reader_of_tests_raise(text: str) -> None:
    assert read_tests(text, policy(), SHOP).tests == ()
