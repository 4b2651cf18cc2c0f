"""The shipped policies of transaction protection keep their promises: they read without a finding, every rule has its
reason in each language and is seen firing, and the stories beside them come out as told.

Set GOLDEN_WRITE=1 to write the golden prose anew, and read the difference before believing it.
"""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

import pytest

from safeconduct.foundation.policy.nodes import Action, Disclosure, Policy, Window
from safeconduct.foundation.policy.policy_tests import PolicyTest, read_tests, run_tests
from safeconduct.foundation.policy.prose import describe
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.kernel.events.catalogue import CATALOGUE

POLICIES = files("safeconduct.protections.transactions") / "policies"
GOLDEN = Path(__file__).parent / "golden"
NAMES = ("order-risk", "payment-risk")
LANGUAGES = {"en", "zh", "es"}


def policy(name: str) -> Policy:
    """A shipped policy, which must be without errors and without warnings."""
    reading = read_policy((POLICIES / f"{name}.yaml").read_text("utf-8"), CATALOGUE, file=f"{name}.yaml")
    assert not reading.diagnostics, reading.render()
    assert reading.policy is not None
    return reading.policy


def stories(name: str) -> list[PolicyTest]:
    """The tests beside a policy, from all of its files."""
    found: list[PolicyTest] = []
    for path in sorted(POLICIES.iterdir(), key=lambda p: p.name):
        if path.name.startswith(f"{name}.") and path.name.endswith(".tests.yaml"):
            reading = read_tests(path.read_text("utf-8"), READ[name], CATALOGUE)
            assert not reading.diagnostics, f"{path.name}: {reading.diagnostics}"
            found += reading.tests
    return found


READ = {name: policy(name) for name in NAMES}
STORIES = [(name, test) for name in NAMES for test in stories(name)]


@pytest.mark.parametrize(("name", "test"), STORIES, ids=[f"{name}: {test.name}" for name, test in STORIES])
def test_a_story_beside_a_policy_comes_out_as_told(name: str, test: PolicyTest) -> None:
    (result,) = run_tests(READ[name], (test,))
    assert not result.problems, f"{result.name}: {'; '.join(result.problems)}"


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_seen_firing_and_seen_silent(name: str) -> None:
    results = run_tests(READ[name], tuple(test for of, test in STORIES if of == name and test.has_history))
    always = {"denied_card", "denied_device", "denied_address", "denied_email", "denied_card_tried"}
    rules = {rule.name for rule in READ[name].rules} - always
    fired = {rule for result in results for rule in result.fired}
    assert rules <= fired, f"seen in no story: {sorted(rules - fired)}"
    assert all(any(rule not in result.fired for result in results) for rule in rules)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_says_why_in_each_language_and_teaches(name: str) -> None:
    for rule in READ[name].rules:
        assert set(rule.because) == LANGUAGES, rule.name
        assert rule.teaches is not None and rule.teaches.startswith("order-risk/"), rule.name
        assert rule.category != "risk", f"{rule.name} has no category of its own"


@pytest.mark.parametrize("name", NAMES)
def test_a_reason_names_the_same_values_in_each_language(name: str) -> None:
    for rule in READ[name].rules:
        shown = {language: sorted(p.name for p in parts if p.name) for language, parts in rule.because.items()}
        assert shown["zh"] == shown["en"] == shown["es"], rule.name


def test_the_thresholds_of_fraud_rules_stay_with_the_staff() -> None:
    for read in READ.values():
        assert {rule.disclosure for rule in read.rules} == {Disclosure.CATEGORY}


def test_only_the_near_certain_is_blocked() -> None:
    blocking = {rule.name for rule in READ["order-risk"].rules if rule.then is Action.BLOCK}
    assert blocking == {"denied_card", "denied_device", "denied_address", "denied_email", "testing_on_device"}
    assert not any(rule.listable for read in READ.values() for rule in read.rules if rule.then is Action.BLOCK)


def test_order_risk_knows_the_field() -> None:
    read = READ["order-risk"]
    assert len(read.rules) >= 25
    assert sum(isinstance(feature, Window) for feature in read.features.values()) >= 12
    assert read.allow_lists == (("trusted-buyers", "buyer"),)


def test_an_honest_look_alike_is_never_even_suspected() -> None:
    reading = read_tests((POLICIES / "order-risk.honest.tests.yaml").read_text("utf-8"), READ["order-risk"], CATALOGUE)
    assert len(reading.tests) >= 20
    for result in run_tests(READ["order-risk"], reading.tests):
        assert (result.action, result.fired) == (Action.ALLOW, ()), result.name


def test_an_order_of_which_almost_nothing_is_known_is_not_held_against_the_buyer() -> None:
    event = "{order: o, seller: s, buyer: b, amount: 60 USD}"
    for history in ("", "history: [], "):
        text = f"tests: [{{name: bare, event: {event}, {history}expect: {{action: allow, fired: []}}}}]"
        (result,) = run_tests(READ["order-risk"], read_tests(text, READ["order-risk"], CATALOGUE).tests)
        assert result.passed, result.problems


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_in_plain_sentences(name: str) -> None:
    golden = GOLDEN / f"{name}.en.txt"
    text = describe(READ[name], "en").text
    if os.environ.get("GOLDEN_WRITE"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_the_public_page_has_a_line_for_every_rule() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "protections" / "transactions.md").read_text("utf-8")
    for name, read in READ.items():
        assert f"| `{name}` " in page
        for rule in read.rules:
            marks = f"{rule.then.value}, L" if rule.listable else rule.then.value
            assert f"| `{rule.name}` | {marks} |" in page, rule.name
    assert sum(line.startswith("| `") and line.count("|") == 5 for line in page.splitlines()) - 2 == 60
