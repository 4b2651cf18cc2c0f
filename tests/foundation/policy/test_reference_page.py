"""The reference page of the policy language says what the language is today."""

from __future__ import annotations

from pathlib import Path

import pytest

from safeconduct.foundation.policy.functions import FUNCTIONS
from safeconduct.foundation.policy.nodes import Action, Disclosure, Measure
from safeconduct.foundation.policy.policy_tests import read_tests, run_tests
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.foundation.policy.reference import filled, functions_table, main
from safeconduct.foundation.policy.types import Type
from safeconduct.kernel.events.catalogue import CATALOGUE

PAGE = Path(__file__).resolve().parents[3] / "docs" / "policy-language.md"


def yaml_blocks() -> list[str]:
    """The YAML examples of the page."""
    return [block.split("```", 1)[0] for block in PAGE.read_text("utf-8").split("```yaml\n")[1:]]


def test_the_generated_sections_of_the_page_are_up_to_date(tmp_path: Path) -> None:
    page = PAGE.read_text("utf-8")
    copy = tmp_path / "page.md"
    copy.write_text(page.replace("| `abs(", "| `gone("), "utf-8")
    main([str(copy)])
    how = "run: python -m safeconduct.foundation.policy.reference docs/policy-language.md"
    assert copy.read_text("utf-8") == page, how


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no section functions"):
        filled("# a page\n")


def test_every_function_stands_in_the_table() -> None:
    table = functions_table()
    assert all(f"`{name}(" in table for name in FUNCTIONS)


def test_the_page_speaks_of_every_word_of_the_language() -> None:
    page = PAGE.read_text("utf-8")
    words = [kind.value for kind in (*Measure, *Action, *Disclosure, *Type)]
    words += ["policy", "title", "on", "in", "budget", "on_failure", "features", "scores", "allow", "rules", "tests"]
    words += ["when", "then", "because", "listable", "unknown", "disclosure", "category", "teaches"]
    words += ["of", "by", "matching", "over", "where", "including", "ratio", "model"]
    assert [word for word in words if f"`{word}`" not in page and f"`{word}:" not in page] == []


def test_the_whole_policies_of_the_page_are_right() -> None:
    policies = [block for block in yaml_blocks() if block.startswith("policy:")]
    assert policies
    for text in policies:
        reading = read_policy(text, CATALOGUE, file="docs/policy-language.md")
        assert reading.policy is not None and not reading.diagnostics, reading.render()
        tests = read_tests(text, reading.policy, CATALOGUE)
        assert tests.tests and not tests.diagnostics
        assert [result.problems for result in run_tests(reading.policy, tests.tests)] == [()] * len(tests.tests)


def test_the_features_of_the_page_are_right() -> None:
    (block,) = [block for block in yaml_blocks() if block.startswith("features:")]
    rules = "rules:\n  odd:\n    when: card_shops_1h > 3\n    then: review\n    because: {en: odd, zh: odd, es: odd}\n"
    reading = read_policy(f"policy: example\non: order.placed\nin: USD\n{block}{rules}", CATALOGUE)
    assert reading.policy is not None, reading.render()
    assert {d.code for d in reading.warnings} == {"unused"}
