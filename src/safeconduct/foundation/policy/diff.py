"""What changed between two versions of a policy, as data that a reviewer can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from safeconduct.foundation.policy.nodes import Policy, Rule
from safeconduct.foundation.policy.unparse import condition_text, feature_text, sentence_text

Item = TypeVar("Item")


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Subject(StrEnum):
    SETTING = "setting"
    FEATURE = "feature"
    SCORE = "score"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``aspect``: which part of it, "" for the whole. ``before`` and ``after``: policy text, None where
    there was or is none."""

    subject: Subject
    name: str
    kind: ChangeKind
    aspect: str
    before: str | None
    after: str | None


def diff(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Every change from one policy to another: settings, features, scores, then rules, in the order of the new one.

    Texts are canonical, so that spaces, quoting, comments and the order of keys are no change.
    """
    found = _aspects(Subject.SETTING, new.name, _settings(old), _settings(new))
    found += _named(
        Subject.FEATURE, old.features, new.features, lambda f, p: {"": feature_text(f, p.currency)}, old, new
    )
    found += _named(Subject.SCORE, old.scores, new.scores, lambda s, _: {"": s.model}, old, new)
    found += _named(Subject.RULE, {r.name: r for r in old.rules}, {r.name: r for r in new.rules}, _rule, old, new)
    return tuple(found)


def _named(
    subject: Subject,
    before: Mapping[str, Item],
    after: Mapping[str, Item],
    aspects: Callable[[Item, Policy], dict[str, str]],
    old: Policy,
    new: Policy,
) -> list[Change]:
    found = []
    for name, item in after.items():
        if name not in before:
            found.append(Change(subject, name, ChangeKind.ADDED, "", None, _whole(aspects(item, new))))
        else:
            found += _aspects(subject, name, aspects(before[name], old), aspects(item, new))
    for name, item in before.items():
        if name not in after:
            found.append(Change(subject, name, ChangeKind.REMOVED, "", _whole(aspects(item, old)), None))
    return found


def _aspects(subject: Subject, name: str, before: dict[str, str], after: dict[str, str]) -> list[Change]:
    found = []
    for aspect in dict.fromkeys((*after, *before)):
        was, is_now = before.get(aspect), after.get(aspect)
        if was != is_now:
            found.append(Change(subject, name, ChangeKind.CHANGED, aspect, was, is_now))
    return found


def _whole(aspects: dict[str, str]) -> str:
    return "\n".join(f"{aspect}: {text}" if aspect else text for aspect, text in aspects.items())


def _settings(policy: Policy) -> dict[str, str]:
    found = {
        "policy": policy.name,
        "on": ", ".join(policy.event_types),
        "budget": f"{policy.budget_ms} ms",
        "on_failure": policy.on_failure.value,
    }
    if policy.currency is not None:
        found["in"] = policy.currency
    found |= {f"title.{language}": title for language, title in policy.title.items()}
    for name, field in policy.allow_lists:
        key = f"allow.{field}"
        found[key] = f"{found[key]}, {name}" if key in found else name
    return found


def _rule(rule: Rule, policy: Policy) -> dict[str, str]:
    found = {"when": condition_text(rule.when, policy.currency), "then": rule.then.value}
    found |= {f"because.{language}": sentence_text(parts) for language, parts in rule.because.items()}
    found |= {
        "listable": "true" if rule.listable else "false",
        "unknown": rule.unknown.value,
        "disclosure": rule.disclosure.value,
        "category": rule.category,
    }
    if rule.teaches is not None:
        found["teaches"] = rule.teaches
    return found
