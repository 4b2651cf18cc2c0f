"""Warnings about a policy that is right but does not do what its author may think."""

from __future__ import annotations

from safeconduct.foundation.policy.diagnostics import Findings
from safeconduct.foundation.policy.nodes import Action, Expr, Literal, Policy, Rule, Span, Window
from safeconduct.foundation.policy.ranges import Possibilities
from safeconduct.foundation.policy.tree import feature_names, names


def advise(policy: Policy, findings: Findings) -> None:
    """Reports rules that can never fire, always fire, repeat another or change nothing; and unused definitions."""
    possible = Possibilities(policy.features)
    first: dict[Expr, Rule] = {}
    for rule in policy.rules:
        _reachable(rule, possible, findings)
        if rule.when in first:
            other = first[rule.when]
            findings.warning_at(
                _at(rule.span), "repeated-condition", f"the rule `{rule.name}` has the condition of `{other.name}`",
                "join them, or make one of them stricter",
            )  # fmt: skip
        else:
            first[rule.when] = rule
        if rule.then is Action.ALLOW:
            findings.warning_at(
                _at(rule.span), "no-effect", f"the rule `{rule.name}` changes nothing: the strictest rule counts",
                "to spare somebody, use `allow:` and mark the rules that it may override as `listable`",
            )  # fmt: skip
    for feature in policy.features.values():
        if isinstance(feature, Window) and feature.where is not None and not possible.can_be(feature.where, True):
            findings.warning_at(
                _at(feature.where.span), "never-true", f"the `where` of `{feature.name}` can never be true", None
            )
    _unused(policy, findings)
    if not policy.allow_lists and any(rule.listable for rule in policy.rules):
        rule = next(r for r in policy.rules if r.listable)
        findings.warning_at(
            _at(rule.span), "no-effect", f"`{rule.name}` is listable, but the policy names no `allow:` list",
            "add `allow: {buyer: trusted-buyers}` to the policy",
        )  # fmt: skip


def _reachable(rule: Rule, possible: Possibilities, findings: Findings) -> None:
    if not possible.can_be(rule.when, True):
        findings.warning_at(
            _at(rule.when.span), "never-true", f"the rule `{rule.name}` can never fire: its condition is never true",
            "check the bounds it names",
        )  # fmt: skip
    elif not isinstance(rule.when, Literal) and not possible.can_be(rule.when, False):
        findings.warning_at(
            _at(rule.when.span), "always-true", f"the rule `{rule.name}` fires for every event whose values are known",
            "write `when: true` if that is meant",
        )  # fmt: skip


def _unused(policy: Policy, findings: Findings) -> None:
    read = frozenset[str]().union(*(names(r.when) for r in policy.rules))
    shown = {p.name for r in policy.rules for parts in r.because.values() for p in parts if p.name is not None}
    used = feature_names(policy, read | shown)
    for feature in policy.features.values():
        if feature.name not in used:
            findings.warning_at(
                _at(feature.span),
                "unused",
                f"no rule uses the feature `{feature.name}`",
                "remove it: each costs a query",
            )
    for score in policy.scores.values():
        if score.name not in read | shown:
            findings.warning_at(_at(score.span), "unused", f"no rule uses the score `{score.name}`", "remove it")


def _at(span: Span | None) -> Span:
    return span or Span(1, 1, 2)
