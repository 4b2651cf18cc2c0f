"""A policy in plain sentences: what it looks at, and what each rule does, for people who do not read SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from babel.numbers import format_decimal

from safeconduct.foundation.moments import at_micros
from safeconduct.foundation.money import Money
from safeconduct.foundation.policy.durations import write_duration
from safeconduct.foundation.policy.nodes import (
    Action,
    And,
    Arith,
    ArithOp,
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
from safeconduct.foundation.policy.words import locale_of, words

#: How many of many values a brief sentence names.
_BRIEFLY = 3
_SIGNS = {ArithOp.ADD: "+", ArithOp.SUB: "−", ArithOp.MUL: "×", ArithOp.DIV: "÷"}
_ENDING = re.compile(r"(?P<stem>[a-z0-9_]+)_(?P<count>[1-9][0-9]{0,5})(?P<unit>s|min|m|h|d|w)")
_SECOND_US = 1_000_000
_ENDINGS_US = {
    "s": _SECOND_US, "min": 60 * _SECOND_US, "m": 60 * _SECOND_US, "h": 3_600 * _SECOND_US, "d": 86_400 * _SECOND_US,
    "w": 604_800 * _SECOND_US,
}  # fmt: skip
#: Events in which somebody acts on an account: there may be no buyer.
_OF_ACCOUNTS = frozenset({"access.requested"})


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
    closing.append(w.fill(w.on_failure, budget_ms=policy.budget_ms, action=teller.action(policy.on_failure)))
    return Prose(
        title=policy.title.get(language) or policy.title.get("en") or policy.name,
        opening=w.fill(w.decides, events=", ".join(teller.event(e) for e in policy.event_types)),
        features={name: teller.name(name) for name in names},
        rules={rule.name: teller.rule(rule) for rule in policy.rules},
        closing=tuple(closing),
    )


class Teller:
    """Puts parts of one policy into words of one language."""

    def __init__(self, policy: Policy, language: str, *, brief: bool = False) -> None:
        """``brief``: names only the first of many values, for sentences that stand beside the whole policy."""
        self.policy = policy
        self.brief = brief
        self.language = language
        self.words = words(language)

    # -- names --------------------------------------------------------------------------------------------------------

    def field(self, name: str) -> str:
        """A field's name as words."""
        return name.replace("_", " ")

    def action(self, action: Action) -> str:
        """What an action does. Where only acts of people on their accounts are decided, no buyer is asked."""
        if action is Action.CHALLENGE and set(self.policy.event_types) <= _OF_ACCOUNTS:
            return self.words.person_challenged
        return self.words.actions[action]

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

    def label(self, name: str) -> str:
        """A feature's own name as words, for sentences that stand beside its meaning: `card_orders_1h` is “card orders
        (1 hour)”. An ending is only read as a length of time where it is that of the feature's window."""
        feature = self.policy.features[name]
        window = self.policy.features[feature.numerator] if isinstance(feature, Ratio) else feature
        ending = _ENDING.fullmatch(name)
        text = self.field(name)
        if ending is not None and isinstance(window, Window):
            length_us = int(ending["count"]) * _ENDINGS_US[ending["unit"]]
            if length_us == window.over_us:
                text = self.words.fill(
                    self.words.within, name=self.field(ending["stem"]), length=self.duration(length_us)
                )
        return self.words.fill(self.words.feature, name=text)

    def subject(self, expr: Expr) -> str:
        """An expression where a sentence needs a noun: a name with its article."""
        match expr:
            case FeatureRef():
                return self.label(expr.name)
            case EventField() | ScoreRef():
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
        return self.words.unit_one[unit] if number == "1" else self.words.fill(self.words.units[unit], n=number)

    # -- rules --------------------------------------------------------------------------------------------------------

    def rule(self, rule: Rule) -> str:
        """A rule as one sentence, and a second one where its unknown has an effect."""
        w = self.words
        text = w.fill(w.rule, condition=self.condition(rule.when), action=self.action(rule.then))
        if rule.unknown is not Action.ALLOW:
            text += w.fill(w.rule_unknown, action=self.action(rule.unknown))
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
            case Compare(op=CompareOp.EQ | CompareOp.NE, left=left, right=Literal(value=bool(value))):
                return self.condition(left) if value is (node.op is CompareOp.EQ) else self.negated(left)
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
                if node.negated:
                    return self.unsure(node.item) if node.truth else self.not_excluded(node.item)
                return self.condition(node.item) if node.truth else self.negated(node.item)
            case Arith():
                return self.computed(node)
            case Negate():
                return f"−{self.operand(node.item, False)}"
            case InSet():
                named = node.values[:_BRIEFLY] if self.brief and len(node.values) > _BRIEFLY + 1 else node.values
                values = ", ".join(self.literal(Literal(node.item.type, v)) for v in named)
                if len(named) < len(node.values):
                    values = w.fill(w.and_more, values=values, count=len(node.values) - len(named))
                form = w.is_not_one_of if node.negated else w.is_one_of
                return w.fill(form, item=self.subject(node.item), values=values)
            case InList():
                return w.fill(w.on_list, item=self.subject(node.item), list=node.list_name)
            case Case():
                branches = [
                    w.fill(w.case, result=self.subject(r), condition=self.condition(c)) for c, r in node.branches
                ]
                return ", ".join([*branches, w.fill(w.case_else, result=self.subject(node.otherwise))])
            case Call(function="coalesce", args=(first, second)):
                return w.fill(w.coalesce, first=self.subject(first), second=self.subject(second))
            case Call(function="least" | "greatest" as function, args=args):
                form = w.least if function == "least" else w.greatest
                return w.fill(form, items=", ".join(self.subject(a) for a in args))
            case Call():
                return f"{node.function}({', '.join(self.subject(a) for a in node.args)})"
        assert_never(node)

    def part(self, expr: Expr) -> str:
        """An item of a joined condition, in parentheses where it joins others itself."""
        text = self.condition(expr)
        mixed = isinstance(expr, Or) or (isinstance(expr, And) and self.between(expr) is None)
        return self.words.fill(self.words.grouped, item=text) if mixed else text

    def between(self, node: And) -> str | None:
        """`x >= a AND x <= b` as it was most likely written: between a and b."""
        match node.items:
            case (Compare(op=CompareOp.GE) as low, Compare(op=CompareOp.LE) as high) if low.left == high.left:
                item, ends = self.subject(low.left), (self.subject(low.right), self.subject(high.right))
                return self.words.fill(self.words.between, item=item, low=ends[0], high=ends[1])
        return None

    def negated(self, item: Expr) -> str:
        """The item is false, and known to be."""
        w = self.words
        match item:
            case EventField() if item.type is Type.BOOLEAN:
                return w.fill(w.false, item=self.subject(item))
            case InList():
                return w.fill(w.off_list, item=self.subject(item.item), list=item.list_name)
        return w.fill(w.negated, item=self.inside(w.negated, item))

    def unsure(self, item: Expr) -> str:
        """The item is false or unknown."""
        w = self.words
        match item:
            case EventField() if item.type is Type.BOOLEAN:
                return w.fill(w.not_true, item=self.subject(item))
            case InList():
                return w.fill(w.not_surely_listed, item=self.subject(item.item), list=item.list_name)
        return w.fill(w.unsure, item=self.inside(w.unsure, item))

    def not_excluded(self, item: Expr) -> str:
        """The item is true or unknown."""
        w = self.words
        if isinstance(item, EventField):
            return w.fill(w.not_false, item=self.subject(item))
        return w.fill(w.not_excluded, item=self.inside(w.not_excluded, item))

    def inside(self, frame: str, item: Expr) -> str:
        """A condition for a frame; in parentheses where it joins others and the frame has no marks of its own."""
        return self.part(item) if frame.endswith(" {item}") else self.condition(item)

    def computed(self, node: Arith) -> str:
        """A computation; parentheses only where they change it."""
        if node.op is ArithOp.SUB and isinstance(node.left, Now):
            item = node.right
            if isinstance(item, EventField):  # `buyer_registered_at`: the time since the buyer registered
                named = self.words.fill(self.words.field, name=self.field(item.name.removesuffix("_at")))
                return self.words.fill(self.words.since, item=self.words.fill(self.words.the, name=named))
            return self.words.fill(self.words.since, item=self.operand(item, False))
        factors = node.op in (ArithOp.MUL, ArithOp.DIV)
        left = self.operand(node.left, not factors or _is_factor(node.left))
        right = self.operand(node.right, not factors and _is_factor(node.right))
        return f"{left} {_SIGNS[node.op]} {right}"

    def operand(self, expr: Expr, plain: bool) -> str:
        """A part of a computation; another computation is put in parentheses unless it may stand `plain`."""
        text = self.subject(expr)
        bare = not isinstance(expr, Arith | Case) or (plain and isinstance(expr, Arith))
        return text if bare else f"({text})"

    def decimal(self, text: str) -> str:
        """A number as people of this language write it, all of its digits kept."""
        return str(format_decimal(Decimal(text), format="#,##0.##################", locale=locale_of(self.language)))

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
                text = decimal_text(numerator, denominator)
                return text if text.startswith("(") else self.decimal(text)
            case Type.NUMBER, float(value):
                return self.decimal(number_text(value))
            case Type.INTEGER, int(value):
                return self.decimal(str(value))
        return str(node.value)


def _is_factor(expr: Expr) -> bool:
    return isinstance(expr, Arith) and expr.op in (ArithOp.MUL, ArithOp.DIV)


def _plural(noun: str) -> str:
    """The regular English plural; other languages do not ask for it."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch")) else "s")
