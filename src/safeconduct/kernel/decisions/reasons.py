"""The statement of reasons that is stored with a decision: whole in itself, in each shipped language.

It names the facts (the sentence with its values), the rule and the version of the policy, what was missing, that no
person took part, how much of it its subject is told, and where to turn. A decision that is not *allow* cannot be stored
without one (`decision_never_silent`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safeconduct.foundation.policy.explain import explain
from safeconduct.foundation.policy.nodes import Action, Disclosure
from safeconduct.foundation.policy.to_python import Verdict
from safeconduct.kernel.decisions.running import Compiled

LANGUAGES = ("en", "zh", "es")


def statement(compiled: Compiled, verdict: Verdict, values: Mapping[str, Any], *, control: bool) -> dict[str, Any]:
    """The statement for a verdict of the engine. Empty where everything was allowed: there is nothing to answer for."""
    if verdict.action is Action.ALLOW:
        return {"statement": [], "automated": True}
    spoken = _without_silent_unknowns(compiled, verdict)
    by_language = {language: explain(compiled.policy, values, spoken, language) for language in LANGUAGES}
    lines = []
    for position, reason in enumerate(by_language["en"]):
        lines.append(
            {
                "rule": reason.rule,
                "action": reason.action.value,
                "decisive": reason.decisive,
                "disclosure": reason.disclosure.value,
                "category": reason.category,
                "full": {language: by_language[language][position].full for language in LANGUAGES},
                "told": {language: by_language[language][position].told for language in LANGUAGES},
                "missing": list(reason.missing),
                "teaches": reason.teaches,
            }
        )
    stated: dict[str, Any] = {"statement": lines, "automated": True}
    if control:
        stated["control"] = verdict.action.value
    return stated


def of_a_person(words: str, language: str) -> dict[str, Any]:
    """The statement for a decision that a person took, in that person's words."""
    line = {
        "rule": "", "action": "", "decisive": True, "disclosure": Disclosure.FULL.value, "category": "review",
        "full": {language: words}, "told": {language: words}, "missing": [], "teaches": None,
    }  # fmt: skip
    return {"statement": [line], "automated": False}


def of_news(told: Mapping[str, str]) -> dict[str, Any]:
    """The statement where the engine holds an order because of news that came after it was decided."""
    line = {
        "rule": "", "action": Action.REVIEW.value, "decisive": True, "disclosure": Disclosure.FULL.value,
        "category": "news", "full": dict(told), "told": dict(told), "missing": [], "teaches": None,
    }  # fmt: skip
    return {"statement": [line], "automated": True}


def of_a_failure(action: Action) -> dict[str, Any]:
    """The statement where the engine could not decide, and the policy's written answer for that case stands."""
    told = _FAILURE[action]
    line: dict[str, Any] = {
        "rule": "", "action": action.value, "decisive": True, "disclosure": Disclosure.FULL.value,
        "category": "failure", "full": told, "told": told, "missing": [], "teaches": None,
    }  # fmt: skip
    return {"statement": [line], "automated": True, "failure": True}


def _without_silent_unknowns(compiled: Compiled, verdict: Verdict) -> Verdict:
    """Without the rules that were unknown and had no effect: they are counted, but are no reason."""
    rules = compiled.policy.rules
    return verdict._replace(unknown=tuple(i for i in verdict.unknown if rules[i].unknown is not Action.ALLOW))


_FAILED = {
    "en": "The automatic check could not be completed.",
    "zh": "自动检查未能完成。",
    "es": "La comprobación automática no pudo completarse.",
}
_THEN = {
    Action.ALLOW: {"en": "The order goes on.", "zh": "订单继续处理。", "es": "El pedido sigue su curso."},
    Action.CHALLENGE: {
        "en": "The buyer is asked to confirm the payment.",
        "zh": "请买家确认付款。",
        "es": "Se pide al comprador que confirme el pago.",
    },
    Action.REVIEW: {
        "en": "A person will look at this order.",
        "zh": "将由工作人员查看此订单。",
        "es": "Una persona revisará este pedido.",
    },
    Action.BLOCK: {
        "en": "The order is not accepted; it can be placed again later.",
        "zh": "此订单未被接受，可稍后重新下单。",
        "es": "El pedido no se acepta; puede hacerse de nuevo más tarde.",
    },
}
_FAILURE = {
    action: {language: f"{_FAILED[language]} {then[language]}" for language in LANGUAGES}
    for action, then in _THEN.items()
}
