"""What sellers and the shop's systems are told about coverage. Keys make each of it said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.notices.outbox import Message, MessageKind, Notice, notify, publish
from safeconduct.protections.transactions.coverage.template import Template
from safeconduct.protections.transactions.coverage.words import OF_A_CLAIM, Cause, Standing, State
from safeconduct.protections.transactions.storing import Change, note_warned

#: What a seller is told where no condition of the template has the words for it.
_OTHER_REASONS: Mapping[str, Mapping[str, str]] = {
    "claim_too_late": {
        "en": "The claim came after the protection had ended",
        "es": "La reclamación llegó cuando la protección ya había terminado",
        "zh": "索赔提出时保障已到期",
    },
    "limit_reached": {
        "en": "The limit of the protection is used up",
        "es": "El límite de la protección está agotado",
        "zh": "保障额度已用完",
    },
    "refunded": {
        "en": "The buyer had been refunded before",
        "es": "El comprador ya había recibido el reembolso",
        "zh": "此前已向买家退款",
    },
    "cancelled": {
        "en": "The order was cancelled and nothing was sent",
        "es": "El pedido se canceló y no se envió nada",
        "zh": "订单已取消，未发货",
    },
    "not_paid": {"en": "The order was not paid", "es": "El pedido no estaba pagado", "zh": "订单未付款"},
}

#: A seller who kept a term and did not say so has the time of `late_news` to do it.
_SAY_IT_NOW: Mapping[str, str] = {
    "en": "If it was done in time, tell it through your shop system within {days} days of its term: it still counts",
    "es": "Si se hizo a tiempo, comuníquelo desde su tienda en los {days} días siguientes al plazo: todavía cuenta",
    "zh": "如已按时完成，请在期限结束后 {days} 天内通过店铺系统补报，仍然有效",
}
_DAY_US: Final = 86_400_000_000
#: States of a whole order whose loss was told.
_LOST: Final = frozenset({State.VOID, State.PARTLY, State.DENIED})
_LIMIT: Mapping[str, str] = {
    "en": "What the protection pays for orders of one year",
    "es": "Lo que la protección paga por los pedidos de un año",
    "zh": "保障在一年内为订单支付的总额",
}
_MEANS: Mapping[str, str] = {
    "en": "Losses of further orders of this year are not paid",
    "es": "No se pagan las pérdidas de otros pedidos de este año",
    "zh": "本年度其他订单的损失将不再赔付",
}


def reason_says(template: Template, reason: str, language: str) -> str | None:
    """Why an order stands as it does, as a sentence in a language (en, es, zh); None where a word says it all."""
    condition = template.conditions.get(reason)
    texts = condition.says if condition is not None else _OTHER_REASONS.get(reason)
    return None if texts is None else texts[language]


def tell(changes: Sequence[Change], templates: Mapping[str, Template], *, replay: bool, swept: bool) -> None:
    """Notices and messages about these changes; warnings only where time woke us (``swept``). ``replay``: no mail."""
    notices: list[Notice] = []
    messages: list[Message] = []
    warned: list[int] = []
    at: datetime | None = None
    for change in changes:
        at = at_micros(change.at_us)
        template = templates[change.template_id]
        if change.moved:
            notices += _limit_reached(change, template, at)
            lost = _lost(change)
            if lost:
                notices += _void(change, template, lost, at)
                messages.append(_message(MessageKind.COVERAGE_VOID, change, at, {"causes": lost}))
            elif _now(change, State.PROTECTED):
                messages.append(_message(MessageKind.COVERAGE_PROTECTED, change, at, {}))
                notices += _good_news(change, template, at)
        if swept and change.certificate.reminders:
            first = min(change.certificate.reminders, key=lambda reminder: reminder.deadline_us)
            condition = template.conditions[first.condition]
            step = f"{first.deadline_us}/{first.step}"
            due_at = at_micros(first.deadline_us)
            notices.append(
                Notice(
                    f"coverage/{change.order}/at-risk/{step}", "coverage.at_risk",
                    {
                        "order": change.ref or str(change.order), "amount": _money(change), "due_at": due_at,
                        "condition": condition.says, "do": condition.do,
                    },
                    at, seller_key=change.seller, url=_url(change),
                )
            )  # fmt: skip
            about = {"condition": first.condition, "due_at": due_at.isoformat()}
            messages.append(_message(MessageKind.COVERAGE_AT_RISK, change, at, about, step))
            warned.append(change.order)
    notify(notices, mail=not replay)
    if not replay:
        publish(messages)
    if warned and at is not None:
        note_warned(warned, at)


def _lost(change: Change) -> dict[str, str]:
    """Causes against which the order has just lost its protection, with the reason."""
    before = {} if change.before is None else change.before.positions
    bad = (State.VOID, State.DENIED)
    return {
        cause: position.reason
        for cause, position in change.certificate.positions.items()
        if position.state in bad and (cause not in before or before[cause][0] not in bad)
    }


def _now(change: Change, state: State) -> bool:
    return change.certificate.overall is state and (change.before is None or change.before.state != state)


def _void(change: Change, template: Template, lost: Mapping[str, str], at: datetime) -> list[Notice]:
    """The statement of reasons, and how to bring it back where that can be. A blocked order has one already, from the
    decision that blocked it."""
    reasons = []
    for reason in dict.fromkeys(lost.values()):
        condition = template.conditions.get(reason)
        if condition is not None:
            reasons.append(condition.says)
        elif reason in _OTHER_REASONS:
            reasons.append(dict(_OTHER_REASONS[reason]))
    if not reasons:
        return []
    values: dict[str, Any] = {
        "order": change.ref or str(change.order), "amount": _money(change), "reasons": reasons, "missing": reasons,
    }  # fmt: skip
    days = template.late_news_us // _DAY_US
    if days and any(_only_not_told(change, cause, reason) for cause, reason in lost.items()):
        values["cure"] = {language: text.format(days=days) for language, text in _SAY_IT_NOW.items()}
    key = f"coverage/{change.order}/void/{'-'.join(sorted(set(lost.values())))}/{change.at_us}"
    return [Notice(key, "coverage.void", values, at, seller_key=change.seller, url=_url(change))]


def _good_news(change: Change, template: Template, at: datetime) -> list[Notice]:
    """An order that was in danger, or lost, and is protected now. What simply goes well is on the order's page."""
    before = change.before
    if before is None or not (before.warned or before.state in _LOST):
        return []
    certificate = change.certificate
    names = dict.fromkeys(
        name
        for covered in template.covered
        if certificate.positions[covered.cause].state is State.PROTECTED
        for name in covered.conditions
        if template.conditions[name].kind not in OF_A_CLAIM
    )
    values: dict[str, Any] = {
        "order": change.ref or str(change.order), "amount": _money(change),
        "conditions": [template.conditions[name].says for name in names],
        "until": None if certificate.until_us is None else at_micros(certificate.until_us),
    }  # fmt: skip
    key = f"coverage/{change.order}/protected/{change.at_us}"
    return [Notice(key, "coverage.protected", values, at, seller_key=change.seller, url=_url(change))]


def _only_not_told(change: Change, cause: str, reason: str) -> bool:
    """Whether a term ended and nothing was told, so that late news can still show that it was kept."""
    certificate = change.certificate
    result = certificate.of_claims.get(reason, {}).get(Cause(cause)) or certificate.conditions.get(reason)
    return result is not None and result.standing is Standing.FAILED and not result.moment


def _limit_reached(change: Change, template: Template, at: datetime) -> list[Notice]:
    """Told once a year: what the yearly limits left for this order was not more than it got."""
    left, limits = change.facts.limit_left_minor, template.limits
    of_year = limits.seller_year or limits.fund_year
    claimed = any(position.state in (State.PAID, State.DENIED) for position in change.certificate.positions.values())
    if left is None or of_year is None or not claimed or left > change.pays_minor:
        return []
    year = at_micros(change.facts.placed.at_us).year
    values = {
        "limit": dict(_LIMIT), "amount": {"minor": of_year.minor, "currency": of_year.currency},
        "means": dict(_MEANS), "resets_at": datetime(year + 1, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    return [Notice(f"coverage/{change.seller}/limit/{year}", "limit.reached", values, at, seller_key=change.seller)]


def _message(kind: MessageKind, change: Change, at: datetime, about: Mapping[str, Any], step: str = "") -> Message:
    data = {
        "order": change.ref, "state": change.certificate.overall.value, "up_to": _money(change),
        "template": change.template_id, **about,
    }  # fmt: skip
    return Message(f"coverage/{change.order}/{kind.value}/{step or change.at_us}", kind, data, at, change.seller)


def _money(change: Change) -> dict[str, Any]:
    return {"minor": change.certificate.up_to_minor or 0, "currency": settings.REPORTING_CURRENCY}


def _url(change: Change) -> str:
    return f"/portal/transactions/orders/{change.order}/"
