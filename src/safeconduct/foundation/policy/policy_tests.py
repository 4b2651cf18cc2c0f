"""Tests that stand beside a policy: what it must decide, in examples that an analyst can write and read.

```yaml
tests:
  - name: a card tested at five shops is held
    event: {type: order.placed, card: c1, buyer: b1, amount: 80 USD}
    features: {card_shops_1h: 5}            # given, or computed from a history:
    history:
      - {type: order.placed, ago: 10 minutes, card: c1, seller: s1, amount: 20 USD}
    scores: {fraud: 0.2}
    lists: {trusted-buyers: [b9]}
    now: 2026-11-24T12:00:00Z
    expect: {action: review, fired: [card_at_many_shops], unknown: [], reasons: ["5 shops"]}
```

Keys are any texts: the same text is the same key. What is left out of `event`, `features` and `scores` is unknown; with
a `history`, features that are not given are computed from it. In `expect` only what is named is checked; `fired` and
`unknown` are complete sets, each of `reasons` must stand in some English reason. A rule may carry tests of its own,
which may `expect: {fires: true}`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from safeconduct.foundation.moments import TIES, micros
from safeconduct.foundation.policy.amounts import read_amount
from safeconduct.foundation.policy.catalogue import Catalogue, Field
from safeconduct.foundation.policy.diagnostics import (
    Diagnostic,
    Findings,
    Source,
    TooManyErrors,
    choices,
    offer,
    suggest,
)
from safeconduct.foundation.policy.durations import read_duration_us
from safeconduct.foundation.policy.explain import explain
from safeconduct.foundation.policy.features import fields_of
from safeconduct.foundation.policy.interpret import NOW, interpret
from safeconduct.foundation.policy.nodes import Action, InList, Policy, Ratio
from safeconduct.foundation.policy.shape import Shape
from safeconduct.foundation.policy.tree import walk
from safeconduct.foundation.policy.types import Type
from safeconduct.foundation.policy.windows import Row, features
from safeconduct.foundation.policy.yaml_reader import Mapping as YamlMapping
from safeconduct.foundation.policy.yaml_reader import Node, Scalar, Sequence, read_yaml

MAX_TESTS = 500
#: The time of the decided event where a test names none; a fixed one, so that a test gives the same answer every day.
DEFAULT_NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
_TEST_KEYS = frozenset({"name", "event", "features", "history", "scores", "lists", "now", "expect"})
_EXPECT_KEYS = frozenset({"action", "fired", "unknown", "reasons", "fires"})


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a test expects; None is not checked. `fires`: whether the rule that carries the test must fire."""

    action: Action | None = None
    fired: frozenset[str] | None = None
    unknown: frozenset[str] | None = None
    reasons: tuple[str, ...] = ()
    fires: bool | None = None


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """One example: the decided event, what is known beside it, and what must come out."""

    name: str
    current: Row
    given: Mapping[str, object]
    history: tuple[Row, ...]
    has_history: bool
    lists: Mapping[str, frozenset[object]]
    expect: Expectation
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of one test: `problems` is empty where it passed."""

    __test__ = False  # this is not a test of pytest's

    name: str
    action: Action
    fired: tuple[str, ...]
    unknown: tuple[str, ...]
    values: Mapping[str, object]
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.problems


@dataclass(frozen=True, slots=True)
class TestReading:
    """The tests of a file, and what is wrong with it."""

    __test__ = False

    tests: tuple[PolicyTest, ...]
    diagnostics: tuple[Diagnostic, ...] = field(default=())


def read_tests(text: str, policy: Policy, catalogue: Catalogue) -> TestReading:
    """Reads the tests of a policy: a `<name>.tests.yaml`, or the policy's own text with `tests:` in it.

    Never raises for any text; where there are errors there are no tests.
    """
    findings = Findings(Source(text.removeprefix("\ufeff")))
    root = read_yaml(findings, "file of tests", "tests:")
    if root is None:
        return TestReading((), findings.sorted())
    tests: tuple[PolicyTest, ...] = ()
    with suppress(TooManyErrors):
        tests = _Reader(policy, catalogue, findings).file(root)
    return TestReading(() if findings.failed else tests, findings.sorted())


def are_tests_alone(text: str) -> bool:
    """Whether a file has tests and no policy: it stands beside one."""
    root = read_yaml(Findings(Source(text.removeprefix("\ufeff"))), "file of tests", "tests:")
    return isinstance(root, YamlMapping) and "tests" in root.items and not {"policy", "rules", "on"} & root.items.keys()


def run_tests(policy: Policy, tests: tuple[PolicyTest, ...]) -> tuple[TestResult, ...]:
    """Carries each test out with the reference interpreter."""
    return tuple(_run(policy, test) for test in tests)


def _run(policy: Policy, test: PolicyTest) -> TestResult:
    computed = features(policy, test.current, test.history) if test.has_history else {}
    now_us = test.current.moment // TIES
    values = {**test.current.fields, **computed, **test.given, NOW: now_us}
    lists: dict[str, frozenset[object]] = _all_lists(policy) | dict(test.lists)
    verdict = interpret(policy, values, lists)
    names = [rule.name for rule in policy.rules]
    fired = tuple(names[i] for i in verdict.fired)
    unknown = tuple(names[i] for i in verdict.unknown)
    expect, problems = test.expect, []
    if expect.action is not None and expect.action is not verdict.action:
        problems.append(f"the action is {verdict.action.value}, not {expect.action.value}")
    for what, got, wanted in (("fired", fired, expect.fired), ("unknown", unknown, expect.unknown)):
        if wanted is None:
            continue
        problems += [f"`{n}` should be {what} and is not" for n in sorted(wanted - set(got))]
        problems += [f"`{n}` is {what} and should not be" for n in sorted(set(got) - wanted)]
    if expect.fires is not None and expect.fires is not (test.rule in fired):
        problems.append(f"`{test.rule}` should {'' if expect.fires else 'not '}fire")
    reasons = [r.full for r in explain(policy, values, verdict)]
    problems += [f"no reason says “{w}”" for w in expect.reasons if not any(w in r for r in reasons)]
    return TestResult(test.name, verdict.action, fired, unknown, values, tuple(problems))


def _all_lists(policy: Policy) -> dict[str, frozenset[object]]:

    asked = {n.list_name for rule in policy.rules for n in walk(rule.when) if isinstance(n, InList)}
    return {name: frozenset() for name in asked | {name for name, _ in policy.allow_lists}}


def key_of(entity: str, text: str) -> int:
    """A stand-in for the vault's keyed pseudonym: the same text of a kind is the same 64-bit key."""
    digest = hashlib.sha256(f"{entity}:{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


class _Reader:
    def __init__(self, policy: Policy, catalogue: Catalogue, findings: Findings) -> None:
        self.policy = policy
        self.catalogue = catalogue
        self.findings = findings
        self.shape = Shape(findings)
        self.fields = fields_of([catalogue[name] for name in catalogue])

    def file(self, root: Node) -> tuple[PolicyTest, ...]:
        body = self.shape.mapping(root, "the file", "tests: [{name: …, event: {…}, expect: {action: review}}]")
        if body is None:
            return ()
        found = self.tests(body.get("tests"), None)
        rules = body.get("rules")
        for name, (_, rule) in rules.items.items() if isinstance(rules, YamlMapping) else ():
            if isinstance(rule, YamlMapping):
                found += self.tests(rule.get("tests"), name)
        return tuple(found)

    def tests(self, node: Node | None, rule: str | None) -> list[PolicyTest]:
        if node is None:
            return []
        if not isinstance(node, Sequence) or len(node.items) > MAX_TESTS:
            self.findings.error(
                node.at, "shape", f"`tests` must be a list of at most {MAX_TESTS} tests", "begin with `- name: …`"
            )
            return []
        found = [self.test(item, rule, number) for number, item in enumerate(node.items, 1)]
        return [t for t in found if t is not None]

    def test(self, node: Node, rule: str | None, number: int) -> PolicyTest | None:
        body = self.shape.mapping(node, "a test", "{name: …, event: {…}, expect: {action: review}}")
        if body is None:
            return None
        self.shape.only(body, _TEST_KEYS, "a test")
        now_us = self.now(body.get("now"))
        event_node = body.get("event")
        event = self.row(event_node, now_us, decided=True) if event_node is not None else None
        expect_node = body.get("expect")
        for needed in ("event", "expect"):
            if needed not in body.items:
                self.findings.error(body.at, "missing", f"the test has no `{needed}`", "see the policy language's page")
        name_node = body.get("name")
        name = name_node.value if isinstance(name_node, Scalar) else f"test {number}"
        history_node = body.get("history")
        expect = self.expect(expect_node, rule) if expect_node is not None else None
        history = self.history(history_node, now_us)
        given = self.given(body)
        lists = self.lists(body.get("lists"))
        if event is None or expect is None:
            return None
        return PolicyTest(name, event, given, history, history_node is not None, lists, expect, rule)

    def now(self, node: Node | None) -> int:
        if isinstance(node, Scalar):
            at_us = self.timestamp(node)
            if at_us is not None:
                return at_us
        return micros(DEFAULT_NOW)

    def timestamp(self, node: Scalar) -> int | None:
        try:
            return micros(datetime.fromisoformat(node.value))
        except (ValueError, OverflowError):
            self.findings.error(node.at, "timestamp", "this is not a point in time", "write 2026-11-27T00:00:00Z")
            return None

    def history(self, node: Node | None, now_us: int) -> tuple[Row, ...]:
        if node is None:
            return ()
        if not isinstance(node, Sequence):
            self.findings.error(
                node.at, "shape", "`history` must be a list of events", "begin with `- {type: …, ago: 1 hour}`"
            )
            return ()
        rows = [self.row(item, now_us, decided=False) for item in node.items]
        return tuple(row for row in rows if row is not None)

    def row(self, node: Node, now_us: int, *, decided: bool) -> Row | None:
        body = self.shape.mapping(node, "an event", "{type: order.placed, ago: 10 minutes, buyer: b1}")
        if body is None:
            return None
        kind = body.get("type")
        name = kind.value if isinstance(kind, Scalar) else self.policy.event_types[0]
        event = self.catalogue.resolve(name)
        if event is None or (decided and event.name not in self.policy.event_types):
            possible = self.policy.event_types if decided else tuple(self.catalogue)
            at = kind.at if kind is not None else body.at
            self.findings.error(
                at, "unknown-event", f"`{name[:60]}` cannot stand here", suggest(name, possible) or choices(possible)
            )
            return None
        at_us = now_us
        if not decided:
            ago = body.get("ago")
            try:
                at_us -= read_duration_us(ago.value if isinstance(ago, Scalar) else "")
            except ValueError:
                self.findings.error(
                    (ago or body).at, "ago", "an earlier event says how long ago", "add `ago: 10 minutes`"
                )
        fields = fields_of([event])
        values: dict[str, object] = {}
        for key, (place, value) in body.items.items():
            if key in ("type", "ago"):
                continue
            if key not in fields:
                self.findings.error(
                    place.at, "unknown-field", f"`{event.name}` has no field `{key[:60]}`",
                    suggest(key, fields) or offer("it has", fields, 30, none="it has no fields"),
                )  # fmt: skip
            else:
                values[key] = self.value(value, fields[key].type, fields[key])
        return Row(at_us * TIES, event.name, values)

    def value(self, node: Node, kind: Type, of: Field | None) -> object:
        """A value of a type as tests write it; None for null, and after reporting."""
        if isinstance(node, Scalar) and node.is_null:
            return None
        found: object = None
        hint = {
            Type.MONEY: "write it like 80 USD",
            Type.BOOLEAN: "write true or false",
            Type.INTEGER: "write a whole number",
            Type.TIMESTAMP: "write 2026-11-27T00:00:00Z",
            Type.NUMBER: "write a number from 0 to 1",
        }.get(kind, "write a text")
        if isinstance(node, Scalar):
            match kind:
                case Type.KEY:
                    found = key_of(of.entity or "", node.value) if of is not None else None
                case Type.TEXT:
                    found = node.value
                case Type.BOOLEAN:
                    found = node.as_bool()
                case Type.INTEGER:
                    found = node.as_int()
                case Type.TIMESTAMP:
                    return self.timestamp(node)
                case Type.NUMBER:
                    found = _number(node.value)
                case Type.MONEY:
                    found = self.amount(node)
        if found is None:
            self.findings.error(node.at, "value", f"this is not a value of the type {kind.value}", hint)
        return found

    def amount(self, node: Scalar) -> int | None:
        try:
            minor, currency = read_amount(node.value)
        except ValueError:
            return None
        return minor if currency == self.policy.currency or self.policy.currency is None else None

    def given(self, body: YamlMapping) -> dict[str, object]:
        """Values of features and scores that the test states."""
        found: dict[str, object] = {}
        for part, known in (("features", self.policy.features), ("scores", self.policy.scores)):
            node = body.get(part)
            mapping = self.shape.mapping(node, f"`{part}`", "{name: 3}") if node is not None else None
            for name, (place, value) in mapping.items.items() if mapping is not None else ():
                if name not in known:
                    self.findings.error(
                        place.at, "unknown-name", f"the policy has no `{name[:60]}` among its {part}",
                        suggest(name, known) or offer("it has", known, none=f"it has no {part}: leave this out"),
                    )  # fmt: skip
                elif part == "scores":
                    found[name] = self.value(value, Type.NUMBER, None)
                elif isinstance(self.policy.features[name], Ratio):
                    self.findings.error(place.at, "value", "a ratio is computed", "give the values of its two features")
                else:
                    found[name] = self.feature(value, self.policy.features[name].type)
        return found

    def feature(self, node: Node, kind: Type) -> object:
        """A feature's value; an average is [total, number]."""
        whole = {Type.RATIONAL: Type.INTEGER, Type.MONEY_RATE: Type.MONEY}.get(kind)
        if whole is None:
            return self.value(node, kind, None)
        if isinstance(node, Scalar) and node.is_null:
            return None
        if isinstance(node, Sequence) and len(node.items) == 2:
            return self.value(node.items[0], whole, None), self.value(node.items[1], Type.INTEGER, None)
        self.findings.error(node.at, "value", "an average is given as [total, number]", "for example [120 USD, 4]")
        return None

    def lists(self, node: Node | None) -> dict[str, frozenset[object]]:
        mapping = self.shape.mapping(node, "`lists`", "{trusted-buyers: [b9]}") if node is not None else None
        found: dict[str, frozenset[object]] = {}
        for name, (_, value) in mapping.items.items() if mapping is not None else ():
            members = self.shape.texts(value, f"the list `{name[:60]}`", "[b9]") if not _empty(value) else []
            # A list may hold texts or keys of any kind: each member stands for itself and for the keys made of it.
            kinds = {f.entity for f in self.fields.values() if f.entity is not None}
            keys = {key_of(kind, member.value) for kind in kinds for member in members}
            found[name] = frozenset(m.value for m in members) | keys
        return found

    def expect(self, node: Node, rule: str | None) -> Expectation | None:
        body = self.shape.mapping(node, "`expect`", "{action: review, fired: [card_at_many_shops]}")
        if body is None:
            return None
        self.shape.only(body, _EXPECT_KEYS if rule is not None else _EXPECT_KEYS - {"fires"}, "`expect`")
        if not body.items:
            self.findings.error(body.at, "missing", "the test expects nothing", "name at least the action")
        action, fires, reasons = body.get("action"), body.get("fires"), body.get("reasons")
        return Expectation(
            action=self.shape.choice(action, Action, "action") if action is not None else None,
            fired=self.rules(body, "fired"),
            unknown=self.rules(body, "unknown"),
            reasons=tuple(s.value for s in self.shape.texts(reasons, "`reasons`", "5 shops"))
            if reasons is not None
            else (),
            fires=self.shape.flag(fires, "fires") if fires is not None else None,
        )

    def rules(self, body: YamlMapping, key: str) -> frozenset[str] | None:
        node = body.get(key)
        if node is None:
            return None
        known = [rule.name for rule in self.policy.rules]
        found = [] if _empty(node) else self.shape.texts(node, f"`{key}`", "[card_at_many_shops]")
        for name in found:
            if name.value not in known:
                hint = suggest(name.value, known) or offer("there is", known, none="the policy has no rules")
                self.findings.error(name.at, "unknown-name", f"there is no rule `{name.value[:60]}`", hint)
        return frozenset(name.value for name in found)


def _empty(node: Node) -> bool:
    return isinstance(node, Sequence) and not node.items


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0.0 <= value <= 1.0 else None
