"""A policy in plain sentences: what it looks at, and what each rule does, for people who do not read SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from safeconduct.foundation.moments import at_micros
from safeconduct.foundation.money import Money
from safeconduct.foundation.policy.durations import write_duration
from safeconduct.foundation.policy.nodes import (
    Action,
    And,
    Arith,
    Call,
    Case,
    Compare,
    CompareOp,
    Distinct,
    EventField,
    Expr,
    FeatureRef,
    InList,
    InSet,
    IsNull,
    IsTruth,
    Literal,
    Negate,
    Not,
    Now,
    Or,
    Policy,
    Ratio,
    Rule,
    ScoreRef,
    Window,
)
from safeconduct.foundation.policy.tree import known
from safeconduct.foundation.policy.types import Type
from safeconduct.foundation.policy.unparse import decimal_text, number_text
from safeconduct.foundation.policy.words import words


@dataclass(frozen=True, slots=True)
class Prose:
    """A policy in sentences: its title, what it decides, what each feature and each rule means, by name."""

    title: str
    opening: str
    features: dict[str, str]
    rules: dict[str, str]
    closing: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it, one paragraph a line."""
        features = [f"· {name}: {sentence}" for name, sentence in self.features.items()]
        rules = [f"{number}. {sentence}" for number, sentence in enumerate(self.rules.values(), 1)]
        blocks = [[self.title, self.opening], features, rules, list(self.closing)]
        return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def describe(policy: Policy, language: str = "en") -> Prose:
    """The policy in sentences of a language (en, zh, es; others get English)."""
    teller = Teller(policy, language)
    w = teller.words
    names = list(policy.features) + list(policy.scores)
    closing = [w.fill(w.spared, list=name, field=teller.field(field)) for name, field in policy.allow_lists]
    closing.append(w.fill(w.on_failure, budget_ms=policy.budget_ms, action=w.actions[policy.on_failure]))
    return Prose(
        title=policy.title.get(language) or policy.title.get("en") or policy.name,
        opening=w.fill(w.decides, events=", ".join(teller.event(e) for e in policy.event_types)),
        features={name: teller.name(name) for name in names},
        rules={rule.name: teller.rule(rule) for rule in policy.rules},
        closing=tuple(closing),
    )


class Teller:
    """Puts parts of one policy into words of one language."""

    def __init__(self, policy: Policy, language: str) -> None:
        self.policy = policy
        self.language = language
        self.words = words(language)

    # -- names --------------------------------------------------------------------------------------------------------

    def field(self, name: str) -> str:
        """A field's name as words."""
        return name.replace("_", " ")

    def event(self, name: str) -> str:
        """An event type's name as words."""
        return name.replace(".", " ").replace("_", " ")

    def name(self, name: str) -> str:
        """What a feature, score or field stands for."""
        feature = self.policy.features.get(name)
        if isinstance(feature, Ratio):
            parts = {"above": self.name(feature.numerator), "below": self.name(feature.denominator)}
            return self.words.fill(self.words.ratio, **parts)
        if feature is not None:
            return self.window(feature)
        score = self.policy.scores.get(name)
        if score is not None:
            return self.words.fill(self.words.score, model=score.model)
        return self.words.fill(self.words.field, name=self.field(name))

    def subject(self, expr: Expr) -> str:
        """An expression where a sentence needs a noun: a name with its article."""
        match expr:
            case EventField() | FeatureRef() | ScoreRef():
                return self.words.fill(self.words.the, name=self.name(expr.name))
        return self.condition(expr)

    def window(self, window: Window) -> str:
        w = self.words
        by, match = self.field(window.by), self.field(window.match)
        key = w.fill(w.same_key, by=by) if by == match else w.fill(w.other_key, by=by, match=match)
        text = w.fill(
            w.measures[window.measure],
            events=w.fill(w.events, events=w.either.strip("，").join(self.event(e) for e in window.event_types)),
            key=key,
            window=self.length(window.over_us),
            value=self.field(window.value or ""),
            values=_plural(self.field(window.value or "")),
        )
        if window.where is not None:
            text += w.fill(w.where, condition=self.condition(window.where))
        return text + (w.including if window.including_current else "")

    def length(self, length_us: int) -> str:
        number, unit = write_duration(length_us).split(" ")
        unit = unit.removesuffix("s")
        if number == "1" and unit in self.words.window_one:
            return self.words.window_one[unit]
        return self.words.fill(self.words.window, length=self.duration(length_us))

    def duration(self, length_us: int) -> str:
        number, unit = write_duration(length_us).split(" ")
        unit = unit.removesuffix("s")
        if unit not in self.words.units:
            return f"{length_us} µs"
        if number == "1" and self.words.units["day"].endswith(" days"):
            return f"1 {unit}"
        return self.words.fill(self.words.units[unit], n=number)

    # -- rules --------------------------------------------------------------------------------------------------------

    def rule(self, rule: Rule) -> str:
        """A rule as one sentence, and a second one where its unknown has an effect."""
        w = self.words
        text = w.fill(w.rule, condition=self.condition(rule.when), action=w.actions[rule.then])
        if rule.unknown is not Action.ALLOW:
            text += w.fill(w.rule_unknown, action=w.actions[rule.unknown])
        return text

    def condition(self, expr: Expr) -> str:
        """An expression in words."""
        w, node = self.words, known(expr)
        match node:
            case Literal():
                return self.literal(node)
            case EventField() if node.type is Type.BOOLEAN:
                return w.fill(w.true, item=self.subject(node))
            case EventField() | FeatureRef() | ScoreRef():
                return self.subject(node)
            case Now():
                return w.now
            case Compare():
                sides = {"left": self.subject(node.left), "right": self.subject(node.right)}
                return w.fill(w.compare[node.op], **sides)
            case Distinct():
                sides = {"left": self.subject(node.left), "right": self.subject(node.right)}
                return w.fill(w.same if node.negated else w.different, **sides)
            case And():
                return self.between(node) or w.both.join(self.part(i) for i in node.items)
            case Or():
                return w.either.join(self.part(i) for i in node.items)
            case Not():
                return self.negated(node.item)
            case IsNull():
                return w.fill(w.known if node.negated else w.unknown, item=self.subject(node.item))
            case IsTruth():
                truth = node.truth is not node.negated
                return self.condition(node.item) if truth else self.negated(node.item)
            case Arith():
                return f"{self.operand(node.left)} {node.op.value} {self.operand(node.right)}"
            case Negate():
                return f"-{self.operand(node.item)}"
            case InSet():
                values = ", ".join(self.literal(Literal(node.item.type, v)) for v in node.values)
                form = w.is_not_one_of if node.negated else w.is_one_of
                return w.fill(form, item=self.subject(node.item), values=values)
            case InList():
                return w.fill(w.on_list, item=self.subject(node.item), list=node.list_name)
            case Case():
                branches = [
                    w.fill(w.case, result=self.subject(r), condition=self.condition(c)) for c, r in node.branches
                ]
                return ", ".join([*branches, w.fill(w.case_else, result=self.subject(node.otherwise))])
            case Call():
                return f"{node.function}({', '.join(self.subject(a) for a in node.args)})"
        assert_never(node)

    def part(self, expr: Expr) -> str:
        """An item of a joined condition, in parentheses where it joins others itself."""
        text = self.condition(expr)
        mixed = isinstance(expr, Or) or (isinstance(expr, And) and self.between(expr) is None)
        return self.words.fill(self.words.none_of, item=text) if mixed else text

    def between(self, node: And) -> str | None:
        """`x >= a AND x <= b` as it was most likely written: between a and b."""
        match node.items:
            case (Compare(op=CompareOp.GE) as low, Compare(op=CompareOp.LE) as high) if low.left == high.left:
                item, ends = self.subject(low.left), (self.subject(low.right), self.subject(high.right))
                return self.words.fill(self.words.between, item=item, low=ends[0], high=ends[1])
        return None

    def negated(self, item: Expr) -> str:
        w = self.words
        match item:
            case EventField() if item.type is Type.BOOLEAN:
                return w.fill(w.false, item=self.subject(item))
            case InList():
                return w.fill(w.off_list, item=self.subject(item.item), list=item.list_name)
        return w.fill(w.negated, item=self.condition(item))

    def operand(self, expr: Expr) -> str:
        text = self.subject(expr)
        return f"({text})" if isinstance(expr, Arith) else text

    def literal(self, node: Literal) -> str:
        """A constant as people of this language write it."""
        match node.type, node.value:
            case _, None:
                return self.words.unnamed_value
            case Type.BOOLEAN, value:
                return self.words.yes if value else self.words.no
            case Type.TEXT, str(value):
                return f"“{value}”"
            case Type.MONEY, int(value):
                return Money(value, self.policy.currency or "XXX").format(self.language)
            case Type.DURATION, int(value):
                return self.duration(value)
            case Type.TIMESTAMP, int(value):
                return at_micros(value).isoformat().replace("+00:00", "Z")
            case Type.RATIONAL, (int(numerator), int(denominator)):
                return decimal_text(numerator, denominator)
            case Type.NUMBER, float(value):
                return number_text(value)
        return str(node.value)


def _plural(noun: str) -> str:
    """The regular English plural; other languages do not ask for it."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch")) else "s")
