"""Random policies as text over the real catalogue, from the trees that prove that the engines agree."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "foundation" / "policy"))
import policy_trees as trees

from safeconduct.foundation.policy.nodes import Action, EventField, Expr, ScoreRef, Window
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.foundation.policy.tree import rebuild
from safeconduct.foundation.policy.types import Type
from safeconduct.foundation.policy.unparse import condition_text, feature_text
from safeconduct.kernel.events.catalogue import CATALOGUE

#: The tests' small shop calls some fields otherwise than the catalogue does.
_NAMES = {"funding": "card_funding", "created_at": "buyer_registered_at"}
LISTS = ("trusted-buyers", "odd-texts", "empty")
_HEAD = "policy: order-risk\non: order.placed\nin: USD\nbudget: 9000 ms\nallow:\n  buyer: trusted-buyers\n"
_BECAUSE = "    because: {en: It looks odd, zh: 异常, es: Parece raro}\n"
_SIMPLE = ("orders_90d >= 2 AND amount > money('1 USD')", Action.REVIEW, Action.ALLOW, False)
_Condition = tuple[str, Action, Action, bool]


def _named(expr: Expr) -> Expr:
    def change(node: Expr) -> Expr | None:
        if isinstance(node, EventField) and node.name == "ip_risk":
            return ScoreRef(Type.NUMBER, "fraud")
        if isinstance(node, EventField) and node.name in _NAMES:
            return replace(node, name=_NAMES[node.name])
        return None

    return rebuild(expr, change)


def _window(window: Window) -> Window:
    value = _NAMES.get(window.value or "", window.value)
    return replace(window, value=value, where=_named(window.where) if window.where is not None else None)


def _text(features: dict[str, str], rules: list[_Condition]) -> str:
    lines = [_HEAD, "features:\n"]
    lines += [f"  {name}: {text}\n" for name, text in features.items()]
    lines.append("scores:\n  fraud: {model: order-fraud}\nrules:\n")
    for i, (when, then, unknown, listable) in enumerate(rules):
        lines.append(f"  rule_{i}:\n    when: {json.dumps(when, ensure_ascii=False)}\n    then: {then.value}\n")
        lines.append(f"    unknown: {unknown.value}\n    listable: {str(listable).lower()}\n{_BECAUSE}")
    return "".join(lines)


def _accepted(features: dict[str, str], rules: list[_Condition]) -> bool:
    return read_policy(_text(features, rules), CATALOGUE, currency="USD", lists=LISTS).policy is not None


@st.composite
def policy_texts(draw: st.DrawFn) -> str:
    """A policy that the checker accepts: windows and conditions at random, as far as it accepts each."""
    features = {name: feature_text(feature, "USD") for name, feature in trees.FEATURES.items()}
    assert _accepted(features, [_SIMPLE]), "the trees' own features must be readable over the catalogue"
    for i in range(6):
        window = _window(draw(trees.windows(f"w{i}")))
        for candidate in (window, replace(window, where=None)):
            try:
                text = feature_text(candidate, "USD")
            except OverflowError:
                continue
            if _accepted(features | {f"w{i}": text}, [_SIMPLE]):
                features[f"w{i}"] = text
                break
    rules = [_SIMPLE]
    for rule in draw(trees.rules(7)):
        try:
            written = condition_text(_named(rule.when), "USD")
        except OverflowError:  # a time before the year 1 cannot be written, and so no analyst can ask for it
            continue
        candidate_rule = (written, rule.then, rule.unknown, rule.listable)
        if _accepted(features, [*rules, candidate_rule]):
            rules.append(candidate_rule)
    return _text(features, rules)
