"""A policy's text, read and checked: the public face of the front."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from safeconduct.foundation.policy.advice import advise
from safeconduct.foundation.policy.amounts import currencies
from safeconduct.foundation.policy.catalogue import Catalogue, EventType
from safeconduct.foundation.policy.checker import check_list_name
from safeconduct.foundation.policy.diagnostics import (
    Diagnostic,
    Findings,
    Severity,
    Source,
    TooManyErrors,
    offer,
    render,
    suggest,
    too_long,
)
from safeconduct.foundation.policy.features import FeatureReader, Setting, fields_of, read_scores, resolve_events
from safeconduct.foundation.policy.nodes import Action, Feature, Policy, Rule, Score, Span, Window
from safeconduct.foundation.policy.rules import RuleReader
from safeconduct.foundation.policy.shape import SLUG, Shape
from safeconduct.foundation.policy.tree import names, window_fields
from safeconduct.foundation.policy.weight import MAX_WEIGHT, heaviest
from safeconduct.foundation.policy.yaml_reader import Mapping as YamlMapping
from safeconduct.foundation.policy.yaml_reader import Scalar, read_yaml

DEFAULT_BUDGET_MS = 50
MAX_BUDGET_MS = 10_000
_KEYS = frozenset(
    {"policy", "title", "on", "in", "budget", "on_failure", "features", "scores", "allow", "rules", "tests"}
)
_BUDGET = re.compile(r"([0-9]{1,5}) ms")


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a policy: the policy, if there is no error, and everything that was found."""

    policy: Policy | None
    diagnostics: tuple[Diagnostic, ...]
    text: str
    file: str

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity is Severity.WARNING)

    def render(self) -> str:
        """The findings as text for a terminal."""
        return render(self.diagnostics, self.text, self.file)

    def as_json(self) -> dict[str, Any]:
        """The findings as data for an editor or the API."""
        return {"ok": self.policy is not None, "diagnostics": [d.as_json(self.file) for d in self.diagnostics]}


def read_policy(
    text: str,
    catalogue: Catalogue,
    *,
    file: str = "policy.yaml",
    currency: str | None = None,
    lists: Collection[str] | None = None,
) -> Reading:
    """Reads and checks a policy. Never raises for any text: what is wrong is in the reading's diagnostics.

    ``currency``: the reporting currency of this marketplace, where it is fixed; a policy must then count in it.
    ``lists``: the operator's lists, where they are known; a policy must then name one of them.
    """
    text = text.removeprefix("\ufeff")
    findings = Findings(Source(text))
    policy = None
    with suppress(TooManyErrors):
        policy = _Reader(findings, catalogue, currency, lists).read()
    return Reading(None if findings.failed else policy, findings.sorted(), text, file)


class _Reader:
    def __init__(
        self, findings: Findings, catalogue: Catalogue, currency: str | None, lists: Collection[str] | None
    ) -> None:
        self.findings = findings
        self.catalogue = catalogue
        self.reporting = currency
        self.lists = lists
        self.shape = Shape(findings)

    def read(self) -> Policy | None:
        root = read_yaml(self.findings)
        if root is None:
            return None
        body = self.shape.mapping(root, "a policy", "`policy: order-risk`")
        if body is None:
            return None
        self.shape.only(body, _KEYS, "a policy")
        name = self.name(body)
        events = self.events(body)
        currency = self.currency(body)
        budget_ms, on_failure, title = self.budget(body), self.on_failure(body), self.title(body)
        if not events:
            return None
        taken = dict.fromkeys(fields_of(events), "a field of the event")
        setting = Setting(self.catalogue, events, currency)
        features_node, scores_node = body.get("features"), body.get("scores")
        features: Mapping[str, Feature] = {}
        scores: Mapping[str, Score] = {}
        if features_node is not None:
            features = FeatureReader(setting, self.findings).read(features_node, taken)
        if scores_node is not None:
            scores = read_scores(scores_node, taken, self.findings)
        allow = self.allow(body, events)
        broken = {n for n, what in taken.items() if what != "a field of the event"} - set(features) - set(scores)
        rules = RuleReader(setting, features, scores, broken, self.lists, self.findings).read(body)
        if not self.bounded(features, rules):
            return None
        policy = Policy(
            name=name,
            event_types=tuple(e.name for e in events),
            features=MappingProxyType(dict(features)),
            scores=MappingProxyType(dict(scores)),
            rules=rules,
            currency=currency,
            title=MappingProxyType(title),
            on_failure=on_failure,
            budget_ms=budget_ms,
            fields=_fields_read(features, rules, allow, events),
            allow_lists=allow,
            text=self.findings.source.text,
        )
        if not self.findings.failed:
            advise(policy, self.findings)
        return policy

    def bounded(self, features: Mapping[str, Feature], rules: tuple[Rule, ...]) -> bool:
        """Whether the conditions stay of a size that engines can be told of; reports where they do not."""
        wheres = [f.where for f in features.values() if isinstance(f, Window) and f.where is not None]
        whole, where = heaviest([*(rule.when for rule in rules), *wheres])
        if whole > MAX_WEIGHT:
            self.findings.error_at(
                where or Span(1, 1, 2), "too-long",
                f"written out for the database, the policy's conditions have {whole:,} parts; at most {MAX_WEIGHT:,}"
                " are allowed, and most of them are here",
                "do not put functions into functions, or split the policy",
            )  # fmt: skip
        return whole <= MAX_WEIGHT

    def name(self, body: YamlMapping) -> str:
        node = body.get("policy")
        if node is None:
            self.findings.error(body.at, "missing", "the policy has no name", "begin with `policy: order-risk`")
            return ""
        text = self.shape.text(node, "`policy`", "order-risk")
        if text is None:
            return ""
        if not SLUG.fullmatch(text.value):
            self.findings.error(
                text.at,
                "name",
                f"`{text.value[:60]}` is not a policy's name",
                too_long(text.value) or "use a to z, 0 to 9 and -, as in order-risk",
            )
        return text.value

    def events(self, body: YamlMapping) -> tuple[EventType, ...]:
        node = body.get("on")
        if node is None:
            self.findings.error(
                body.at, "missing", "the policy does not say which events it decides", "add `on: order.placed`"
            )
            return ()
        return resolve_events(self.shape.texts(node, "`on`", "order.placed"), self.catalogue, self.findings)

    def currency(self, body: YamlMapping) -> str | None:
        node = body.get("in")
        if node is None:
            return None
        text = self.shape.text(node, "`in`", "USD")
        if text is None:
            return None
        if text.value not in currencies():
            upper = text.value.upper()
            hint = f"write `{upper}`" if upper in currencies() else "write its ISO 4217 code, such as USD"
            self.findings.error(text.at, "currency", f"`{text.value[:40]}` is not a currency in use", hint)
        elif self.reporting is not None and text.value != self.reporting:
            self.findings.error(
                text.at, "currency", f"amounts are converted to {self.reporting} here, not to {text.value}",
                f"write `in: {self.reporting}`, and the policy's amounts in it",
            )  # fmt: skip
        return text.value

    def title(self, body: YamlMapping) -> dict[str, str]:
        node = body.get("title")
        if node is None:
            return {}
        return {k: v.value for k, v in self.shape.sentences(node, "`title`", '{en: "Order risk"}').items()}

    def budget(self, body: YamlMapping) -> int:
        node = body.get("budget")
        if node is None:
            return DEFAULT_BUDGET_MS
        match = _BUDGET.fullmatch(node.value) if isinstance(node, Scalar) else None
        if match is None or not 1 <= int(match.group(1)) <= MAX_BUDGET_MS:
            self.findings.error(
                node.at,
                "budget",
                "this is not a time budget",
                f"write `budget: 40 ms`, from 1 ms to {MAX_BUDGET_MS} ms",
            )
            return DEFAULT_BUDGET_MS
        return int(match.group(1))

    def on_failure(self, body: YamlMapping) -> Action:
        node = body.get("on_failure")
        found = self.shape.choice(node, Action, "on_failure") if node is not None else None
        return found or Action.REVIEW

    def allow(self, body: YamlMapping, events: tuple[EventType, ...]) -> tuple[tuple[str, str], ...]:
        """(list, field) pairs: who is on the list is spared by rules marked `listable`."""
        node = body.get("allow")
        mapping = self.shape.mapping(node, "`allow`", "{buyer: trusted-buyers}") if node is not None else None
        if mapping is None:
            return ()
        fields = {n: f for n, f in fields_of(events).items() if f.entity is not None}
        found: list[tuple[str, str]] = []
        for name, (key, value) in mapping.items.items():
            if name not in fields:
                hint = suggest(name, fields) or offer(
                    "lists hold keys:", fields, len(fields), none="this event has no keys; leave `allow` out"
                )
                self.findings.error(key.at, "unknown-field", f"`{name[:60]}` is not a key of this event", hint)
            for text in self.shape.texts(value, f"the list for `{name[:60]}`", "trusted-buyers"):
                check_list_name(text.value, text.at, self.lists, self.findings.error)
                found.append((text.value, name))
        return tuple(found)


def _fields_read(
    features: Mapping[str, Feature],
    rules: tuple[Rule, ...],
    allow: tuple[tuple[str, str], ...],
    events: tuple[EventType, ...],
) -> frozenset[str]:
    """The fields of the decided event that deciding and explaining it reads."""
    own = set(fields_of(events))
    read = {field for _, field in allow}
    for feature in features.values():
        if isinstance(feature, Window):
            read.add(feature.by)
            if feature.including_current:
                read |= window_fields(feature)
    for rule in rules:
        read |= names(rule.when)
        read |= {part.name for parts in rule.because.values() for part in parts if part.name is not None}
    return frozenset(read & own)
