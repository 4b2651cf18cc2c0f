"""The shipped policy about returns: it reads without a finding, every rule is seen firing, and it only ever advises."""

from __future__ import annotations

from importlib.resources import files

from safeconduct.foundation.policy.nodes import Action
from safeconduct.foundation.policy.policy_tests import read_tests, run_tests
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.kernel.events.catalogue import CATALOGUE

TEXT = (files("safeconduct.protections.returns") / "policies" / "return-abuse.yaml").read_text("utf-8")
READING = read_policy(TEXT, CATALOGUE, file="return-abuse.yaml")


def test_it_reads_without_a_finding() -> None:
    assert not READING.diagnostics, READING.render()


def test_its_stories_come_out_as_told() -> None:
    assert READING.policy is not None
    told = read_tests(TEXT, READING.policy, CATALOGUE)
    assert not told.diagnostics, told.diagnostics
    results = run_tests(READING.policy, tuple(told.tests))
    assert len(results) >= 2 * len(READING.policy.rules)
    for result in results:
        assert not result.problems, result


def test_it_advises_and_never_refuses() -> None:
    assert READING.policy is not None
    assert {rule.then for rule in READING.policy.rules} <= {Action.CHALLENGE, Action.REVIEW}
    assert READING.policy.on_failure is Action.ALLOW
