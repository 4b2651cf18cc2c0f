"""Rules of a policy: from YAML to checked conditions, actions and reasons."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from safeconduct.foundation.policy.checker import check_condition
from safeconduct.foundation.policy.diagnostics import Findings, offer, suggest, too_long
from safeconduct.foundation.policy.features import Setting, fields_of
from safeconduct.foundation.policy.literals import Scope
from safeconduct.foundation.policy.nodes import (
    Action,
    Disclosure,
    EventField,
    Expr,
    Feature,
    FeatureRef,
    Part,
    Rule,
    Score,
    ScoreRef,
)
from safeconduct.foundation.policy.shape import Shape
from safeconduct.foundation.policy.types import Type
from safeconduct.foundation.policy.yaml_reader import Mapping as YamlMapping
from safeconduct.foundation.policy.yaml_reader import Node, Scalar

MAX_RULES = 500
_KEYS = frozenset({"when", "then", "because", "listable", "unknown", "disclosure", "category", "teaches", "tests"})
_EXAMPLE = 'card_at_many_shops: {when: "card_shops_1h >= 3", then: review, because: {en: "…"}}'
_SENTENCE = '{en: "Card used at {card_shops_1h} shops within an hour"}'
_CATEGORY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LESSON = re.compile(r"[a-z][a-z0-9-]{0,62}(/[a-z0-9][a-z0-9-]{0,62})?")
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_PERCENT = frozenset({Type.RATIONAL, Type.NUMBER})


class RuleReader:
    """Reads the `rules:` of one policy. `broken`: names of features and scores that were refused: not asked again."""

    def __init__(
        self,
        setting: Setting,
        features: Mapping[str, Feature],
        scores: Mapping[str, Score],
        broken: Collection[str],
        lists: Collection[str] | None,
        findings: Findings,
    ) -> None:
        self.findings = findings
        self.shape = Shape(findings)
        self.broken = broken
        fields = fields_of(setting.event_types)
        self.personal = {n for n, f in fields.items() if f.personal}
        readable = {n: f for n, f in fields.items() if not (f.personal and f.type is not Type.KEY)}
        self.scope = Scope(
            names={n: (EventField(f.type, n), f) for n, f in readable.items()}
            | {n: (FeatureRef(f.type, n), None) for n, f in features.items()}
            | {n: (ScoreRef(Type.NUMBER, n), None) for n in scores},
            currency=setting.currency,
            what="this condition",
            refused=dict.fromkeys(
                fields.keys() - readable.keys(),
                "it is personal data, which only the vault holds; a decision must be repeatable without it",
            ),
            lists=lists,
            broken=broken,
        )
        self.currency = setting.currency

    def read(self, body: YamlMapping) -> tuple[Rule, ...]:
        """The rules that are right, in the order of the file. Wrong ones are reported."""
        node = body.get("rules")
        if node is None:
            self.findings.error(body.at, "missing", "the policy has no rules", f"add `rules:`, for example {_EXAMPLE}")
            return ()
        mapping = self.shape.mapping(node, "`rules`", _EXAMPLE)
        if mapping is None:
            return ()
        if not mapping.items:
            self.findings.error(mapping.at, "missing", "the policy has no rules", f"for example {_EXAMPLE}")
        if len(mapping.items) > MAX_RULES:
            self.findings.error(mapping.at, "too-many", f"{len(mapping.items)} rules; at most {MAX_RULES}")
            return ()
        found = [self.rule(key, value) for key, value in self.shape.named(mapping, "a rule")]
        return tuple(rule for rule in found if rule is not None)

    def rule(self, key: Scalar, node: Node) -> Rule | None:
        what = f"the rule `{key.value}`"
        body = self.shape.mapping(node, what, _EXAMPLE)
        if body is None:
            return None
        self.shape.only(body, _KEYS, what)
        for needed, example in (("when", "card_shops_1h >= 3"), ("then", "review"), ("because", _SENTENCE)):
            if needed not in body.items:
                message = f"{what} has no reason" if needed == "because" else f"{what} has no `{needed}`"
                self.findings.error(key.at, "missing", message, f"add `{needed}: {example}`")
        when = self.when(body)
        then = self.shape.choice(body.items["then"][1], Action, "then") if "then" in body.items else None
        because = self.because(body, what)
        settings = self.settings(body, key)
        if when is None or then is None or not because:
            return None
        return Rule(
            key.value, when, then, MappingProxyType(because), span=self.findings.source.span(*key.at),
            listable=settings.listable, unknown=settings.unknown, disclosure=settings.disclosure,
            category=settings.category, teaches=settings.teaches,
        )  # fmt: skip

    def when(self, body: YamlMapping) -> Expr | None:
        node = body.get("when")
        text = self.shape.text(node, "`when`", "card_shops_1h >= 3") if node is not None else None
        return check_condition(text, self.scope, self.findings) if text is not None else None

    def because(self, body: YamlMapping, what: str) -> dict[str, tuple[Part, ...]]:
        node = body.get("because")
        if node is None:
            return {}
        found = {}
        for language, sentence in self.shape.sentences(node, f"the reason of {what}", _SENTENCE).items():
            found[language] = self.parts(sentence)
        return found

    def parts(self, sentence: Scalar) -> tuple[Part, ...]:
        """The sentence in pieces: fixed text, and `{name}` or, as a percentage, `{name:%}`."""
        found: list[Part] = []
        text, at = "", 0
        for match in _PLACEHOLDER.finditer(sentence.value):
            text += sentence.value[at : match.start()]
            at = match.end()
            if match.group() in ("{{", "}}"):
                text += match.group()[0]
                continue
            if text:
                found.append(Part(text=text))
                text = ""
            part = self.placeholder(sentence, match)
            if part is not None:
                found.append(part)
        text += sentence.value[at:]
        return (*found, Part(text=text)) if text else tuple(found)

    def placeholder(self, sentence: Scalar, match: re.Match[str]) -> Part | None:
        at = sentence.piece(match.start(), match.end())
        if match.group(1) is None:
            self.findings.error(
                at, "placeholder", f"a single `{match.group()}` stands here", "write `{name}`, or `{{` for a brace"
            )
            return None
        name, _, style = match.group(1).partition(":")
        name_at = sentence.piece(match.start() + 1, max(match.start() + 2, match.start() + 1 + len(name)))
        if name in self.broken:
            return None
        if name in self.personal:
            self.findings.error(
                name_at,
                "placeholder",
                f"`{name}` is personal data, which a reason must not show",
                "say it without the value",
            )
            return None
        known = self.scope.names.get(name)
        if known is None:
            shown = {n for n, (node, _) in self.scope.names.items() if node.type is not Type.KEY}
            hint = suggest(name, shown) or offer("possible are", shown, 20, none="there is nothing to show here")
            self.findings.error(
                name_at, "placeholder", f"`{name[:60]}` is no feature, score or field of the event", hint
            )
            return None
        kind = known[0].type
        if kind is Type.KEY:
            self.findings.error(
                name_at,
                "placeholder",
                f"`{name}` is stored as a pseudonym, which tells nobody anything",
                "say it without",
            )
            return None
        if kind in (Type.MONEY, Type.MONEY_RATE) and self.currency is None:
            self.findings.error(
                name_at, "currency", f"`{name}` is money, and the policy does not say which currency it counts in",
                "add `in: USD` (or your reporting currency) to the policy",
            )  # fmt: skip
        if style and (style != "%" or kind not in _PERCENT):
            shown_as = f"`{{{name}:%}}` shows a quotient or a score as a percentage"
            self.findings.error(at, "placeholder", f"`{match.group()[:60]}` cannot be shown like this", shown_as)
            return None
        return Part(name=name, type=kind, percent=style == "%")

    def settings(self, body: YamlMapping, key: Scalar) -> _Settings:
        """What a rule may say beyond when, then and because."""
        found = _Settings()
        if (node := body.get("listable")) is not None:
            found.listable = self.shape.flag(node, "listable") or False
        if (node := body.get("unknown")) is not None:
            found.unknown = self.shape.choice(node, Action, "unknown") or found.unknown
        if (node := body.get("disclosure")) is not None:
            found.disclosure = self.shape.choice(node, Disclosure, "disclosure") or found.disclosure
        if (node := body.get("category")) is not None:
            category = self.shape.text(node, "category", "velocity")
            if category is not None and not _CATEGORY.fullmatch(category.value):
                hint = too_long(category.value) or "use a to z, 0 to 9, - and _"
                self.findings.error(category.at, "name", "this is not a category", hint)
            found.category = category.value if category is not None else found.category
        if (node := body.get("teaches")) is not None:
            lesson = self.shape.text(node, "teaches", "order-risk/card-testing")
            if lesson is not None and not _LESSON.fullmatch(lesson.value):
                self.findings.error(lesson.at, "name", "this is not a lesson", "for example order-risk/card-testing")
            found.teaches = lesson.value if lesson is not None else None
        return found


@dataclass(slots=True)
class _Settings:
    listable: bool = False
    unknown: Action = Action.ALLOW
    disclosure: Disclosure = Disclosure.CATEGORY
    category: str = "risk"
    teaches: str | None = None
