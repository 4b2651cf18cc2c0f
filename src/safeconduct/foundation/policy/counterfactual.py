"""What single change would have led to a milder decision: "it would be allowed if … were less than 3".

For each value that the decisive rules read, the places where any rule of the policy may change its mind are computed
exactly; the policy is then carried out again, all rules, at each of them. Nothing is claimed that was not reached this
way: a bound ("less than 3") only where every rule reads the value in comparisons that are solved here, so that the
answer cannot change between the points tried; otherwise the one value that was tried.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from babel.numbers import format_decimal

from safeconduct.foundation.policy.boundaries import Boundaries, boundaries, expand_ratios, listed_in
from safeconduct.foundation.policy.explain import shown
from safeconduct.foundation.policy.interpret import interpret
from safeconduct.foundation.policy.nodes import Action, Disclosure, Expr, Measure, Policy, Window
from safeconduct.foundation.policy.prose import Teller
from safeconduct.foundation.policy.to_python import Verdict
from safeconduct.foundation.policy.tree import walk
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, Type
from safeconduct.foundation.policy.words import locale_of

MAX_CLAIMS = 5
_WHOLE = frozenset({Type.INTEGER, Type.MONEY, Type.TIMESTAMP})
Lists = Mapping[str, Collection[object]]


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """One change of one value that makes the decision milder, all rules evaluated again.

    ``name``, ``type``, ``value``: what would have to differ, and what it is. ``action``: what the decision would be.
    ``low`` and ``high``: the values between which that holds, both inclusive; None is without bound; equal where only
    that one value is claimed. ``other_than``: for a text, it may be anything but these. ``list_name``: instead of a
    value, membership of that list; ``on_list`` says whether it would have to be on it. ``disclosure``: the strictest
    class among the rules it speaks of; show it to a subject only where it is FULL.
    """

    name: str
    type: Type
    value: object
    action: Action
    low: object = None
    high: object = None
    other_than: tuple[str, ...] = ()
    list_name: str | None = None
    on_list: bool = False
    disclosure: Disclosure = Disclosure.CATEGORY
    distance: float = 0.0


def counterfactuals(
    policy: Policy, values: Mapping[str, object], lists: Lists, verdict: Verdict
) -> tuple[Counterfactual, ...]:
    """The nearest single changes that lead to a milder action, mildest and nearest first, at most five.

    ``verdict``: that of these values and lists. Empty where nothing milder is possible by one change.
    """
    if verdict.action is Action.ALLOW:
        return ()
    return _Search(policy, values, lists, verdict).run()


def claim_text(policy: Policy, claim: Counterfactual, language: str = "en") -> str:
    """The claim as a sentence."""
    teller = Teller(policy, language, brief=True)
    w = teller.words

    def text(value: object) -> str:
        if isinstance(value, float):
            # Rounded to two decimals, a bound could claim what was not tried.
            return str(format_decimal(value, format="0.######", locale=locale_of(language)))
        return shown(claim.type, value, policy.currency, language)

    what, would = teller.name(claim.name).strip(), w.would[claim.action]
    common = {"would": would, "what": what, "value": text(claim.value)}
    if claim.list_name is not None:
        return w.fill(w.if_listed if claim.on_list else w.if_not_listed, list=claim.list_name, **common)
    if claim.other_than:
        return w.fill(w.if_other, values=", ".join(f"“{v}”" for v in claim.other_than), **common)
    low, high = claim.low, claim.high
    if claim.type is Type.INTEGER and isinstance(high, int) and low is None:
        return w.fill(w.if_below, high=text(high + 1), **common)
    if claim.type is Type.NUMBER and (low is None or high is None):
        # A score has no next value that a person would name: less than the bound that was crossed.
        bound = claim.high if low is None else claim.low
        form = w.if_at_most if low is None else w.if_at_least
        return w.fill(form, high=text(bound), low=text(bound), **common)
    if low is None:
        return w.fill(w.if_at_most, high=text(high), **common)
    if high is None:
        return w.fill(w.if_at_least, low=text(low), **common)
    if low == high:
        return w.fill(w.if_equal, low=text(low), **common)
    return w.fill(w.if_between, low=text(low), high=text(high), **common)


class _Search:
    def __init__(self, policy: Policy, values: Mapping[str, object], lists: Lists, verdict: Verdict) -> None:
        self.policy = policy
        self.values = values
        self.lists = lists
        self.verdict = verdict
        self.conditions = [expand_ratios(rule.when, policy.features) for rule in policy.rules]
        ranks = list(Disclosure)
        found = [policy.rules[i].disclosure for i in verdict.decisive]
        self.disclosure = max(found, key=ranks.index, default=Disclosure.CATEGORY)

    def run(self) -> tuple[Counterfactual, ...]:
        found: list[Counterfactual] = []
        subjects: dict[Expr, None] = {}
        for position in self.verdict.decisive:
            for node in walk(self.conditions[position]):
                if getattr(node, "name", None) is not None:
                    subjects[node] = None
        for subject in subjects:
            found += self.changes(subject)
            found += self.memberships(subject)
        found.sort(key=lambda c: (c.action.rank, c.distance, c.name))
        return tuple(found[:MAX_CLAIMS])

    def action(self, values: Mapping[str, object], lists: Lists) -> Action:
        return interpret(self.policy, values, lists).action

    def with_value(self, name: str, value: object) -> Action:
        """The action with another value; where that leaves a check unknown that was known, it counts as no help:
        nobody is told that less knowledge would have spared them.
        """
        found = interpret(self.policy, {**self.values, name: value}, self.lists)
        return found.action if set(found.unknown) <= set(self.verdict.unknown) else Action.BLOCK

    def holds_to_the_end(self, subject: Expr, upwards: bool, rank: int) -> bool:
        """Whether the decision is as mild at the last value of all, where a computation may leave 64 bits."""
        name: str = getattr(subject, "name")  # noqa: B009
        if subject.type is Type.NUMBER:
            last: float = 1.0 if upwards else 0.0
        else:
            last = INT64_MAX if upwards else 0 if self.never_negative(subject) else INT64_MIN
        return self.action({**self.values, name: last}, self.lists).rank <= rank

    def milder(self, action: Action) -> bool:
        return action.rank < self.verdict.action.rank

    # -- membership of lists ------------------------------------------------------------------------------------------

    def memberships(self, subject: Expr) -> list[Counterfactual]:
        name: str = getattr(subject, "name")  # noqa: B009  every subject is a node with a name
        value = self.values.get(name)
        if value is None:
            return []
        found = []
        for list_name in sorted({n for c in self.conditions for n in listed_in(c, subject)}):
            on_list = value not in self.lists[list_name]
            members = frozenset(self.lists[list_name]) ^ {value}
            action = self.action(self.values, {**self.lists, list_name: members})
            if self.milder(action):
                found.append(
                    Counterfactual(
                        name, subject.type, value, action, list_name=list_name, on_list=on_list,
                        disclosure=self.disclosure, distance=1.0,
                    )
                )  # fmt: skip
        return found

    # -- values -------------------------------------------------------------------------------------------------------

    def changes(self, subject: Expr) -> list[Counterfactual]:
        name: str = getattr(subject, "name")  # noqa: B009  every subject is a node with a name
        value = self.values.get(name)
        if value is None:
            return []
        found = Boundaries(exact=True)
        for condition in self.conditions:
            found = found.join(boundaries(condition, subject, self.values, self.policy.features))
        match subject.type, value:
            case Type.BOOLEAN, bool():
                return self.single(subject, [not value], value)
            case Type.TEXT, str():
                return self.texts(subject, value, found)
            case Type.NUMBER, float():
                return self.ordered(subject, value, _number_points(found.points), found.exact)
            case kind, int() if kind in _WHOLE:
                least = 0 if self.never_negative(subject) else None
                return self.ordered(subject, value, _whole_points(found.points, least), found.exact)
        return []

    def never_negative(self, subject: Expr) -> bool:
        if subject.type is Type.MONEY:
            return True
        feature = self.policy.features.get(getattr(subject, "name", ""))
        return isinstance(feature, Window) and feature.measure in (Measure.COUNT, Measure.DISTINCT)

    def single(self, subject: Expr, candidates: Sequence[object], value: object) -> list[Counterfactual]:
        """Claims of exactly one value each."""
        name: str = getattr(subject, "name")  # noqa: B009
        found = []
        for candidate in candidates:
            action = self.with_value(name, candidate)
            if self.milder(action):
                found.append(
                    Counterfactual(
                        name, subject.type, value, action, low=candidate, high=candidate, disclosure=self.disclosure,
                        distance=1.0,
                    )
                )  # fmt: skip
        return found

    def texts(self, subject: Expr, value: str, found: Boundaries) -> list[Counterfactual]:
        name: str = getattr(subject, "name")  # noqa: B009
        if found.exact:
            # Every rule only asks whether the text is one of these, so one other text stands for all others.
            other = "\N{REPLACEMENT CHARACTER}"
            action = self.with_value(name, other)
            if self.milder(action):
                spared = {t for t in found.texts if self.with_value(name, t).rank <= action.rank}
                others = tuple(sorted(found.texts - spared))
                if others:
                    return [
                        Counterfactual(
                            name,
                            subject.type,
                            value,
                            action,
                            other_than=others,
                            disclosure=self.disclosure,
                            distance=1.0,
                        )
                    ]
        return self.single(subject, sorted(found.texts - {value}), value)[:3]

    def ordered(
        self, subject: Expr, value: float, points: list[float] | list[int], exact: bool
    ) -> list[Counterfactual]:
        """The nearest stretch of values on each side where the decision is milder."""
        name: str = getattr(subject, "name")  # noqa: B009
        found = []
        for side in ([p for p in reversed(points) if p < value], [p for p in points if p > value]):
            actions = [self.with_value(name, p) for p in side]
            best = min((a.rank for a in actions), default=self.verdict.action.rank)
            if best >= self.verdict.action.rank:
                continue
            first = next(i for i, a in enumerate(actions) if a.rank == best)
            last = first
            while exact and last + 1 < len(side) and actions[last + 1].rank <= best:
                last += 1
            near, far = side[first], side[last]
            # Beyond the last point nothing changes any more, so the stretch is without bound there.
            endless = exact and last == len(side) - 1 and self.holds_to_the_end(subject, near > value, best)
            end = None if endless else far
            low, high = (end, near) if near < value else (near, end)
            if near == 0 and near < value:
                low = 0  # nothing lies below, so say "0" rather than "less than 1"
            # A time's size means nothing; other values are as near as the share of them that would have to differ.
            distance = 1.0 if subject.type is Type.TIMESTAMP else abs(near - value) / max(1.0, abs(value))
            found.append(
                Counterfactual(
                    name, subject.type, value, actions[first], low=low, high=high, disclosure=self.disclosure,
                    distance=distance,
                )
            )  # fmt: skip
        return found


def _whole_points(roots: frozenset[Fraction], least: int | None) -> list[int]:
    """The whole numbers at and beside each root: between two neighbours of different roots nothing changes."""
    found = {w + d for r in roots for w in (r.__floor__(), r.__ceil__()) for d in (-1, 0, 1)}
    if least is not None:
        found = {p for p in found if p >= least} | ({least} if found else set())
    return sorted(p for p in found if -(2**63) <= p < 2**63)


def _number_points(roots: frozenset[Fraction]) -> list[float]:
    """Scores at each root, between each two, and a thousandth beside each, which is what people can read."""
    exact = sorted(float(r) for r in roots)
    found = set(exact) | {round(p + d, 6) for p in exact for d in (-0.001, 0.001)}
    found |= {(a + b) / 2 for a, b in pairwise(exact)}
    if exact:
        found |= {exact[0] / 2, (exact[-1] + 1) / 2}
    return sorted(p for p in found if 0.0 <= p <= 1.0)
