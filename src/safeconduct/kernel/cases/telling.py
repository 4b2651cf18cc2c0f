"""What sellers and the shop's systems are told of a step: notices and messages, rows of the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from safeconduct.kernel.cases.kinds import kind_of
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.cases.turns import turn
from safeconduct.kernel.cases.words import Liability, Remedy, Role, Standing, Status, Turn
from safeconduct.kernel.cases.workflow import Sentence
from safeconduct.kernel.notices.models import Urgency
from safeconduct.kernel.notices.outbox import Message, MessageKind, Notice, notify, publish

#: A deadline nearer than this makes a notice urgent.
_SOON: Final = timedelta(hours=24)
#: Of an outcome that is made while a pause without end stops the clock of its appeal.
_APPEAL_PAUSED: Final[Sentence] = {
    "en": "You can appeal. The time for it stands still because of a pause, and runs only when the pause has ended.",
    "zh": "您可以申诉。因暂停计时，申诉期限目前不计算，暂停结束后才开始计算。",
    "es": "Puede apelar. El plazo está detenido por una pausa y solo corre cuando esta haya terminado.",
}
#: Beside the reasons of an outcome that was too much for one person.
TWO_PEOPLE: Final[Mapping[str, Sentence]] = {
    Role.ARBITER: {
        "en": "Decided by the arbiter and, because of the amount at stake, confirmed by a second person.",
        "zh": "由裁决员裁决；因涉案金额较大，已由第二人确认。",
        "es": "Lo decidió el árbitro y, por el importe en juego, lo confirmó una segunda persona.",
    },
    Role.REVIEWER: {
        "en": "Decided by who reviews the appeal and, because of the amount at stake, confirmed by a second person.",
        "zh": "由申诉复核员裁决；因涉案金额较大，已由第二人确认。",
        "es": "Lo decidió quien revisa la apelación y, por el importe en juego, lo confirmó una segunda persona.",
    },
}


def two_people(decided_role: str | None, approved_role: str | None) -> Sentence | None:
    """The sentence that names both seats, where an outcome had a second person."""
    return TWO_PEOPLE[Role(decided_role)] if approved_role and decided_role else None


def tell(moved: Sequence[Moved], at: datetime, *, quiet: bool = False) -> None:
    """Notices to sellers and messages to the shop's systems, about states that changed. ``quiet``: of history that is
    imported or replayed nobody is mailed, and systems are not told."""
    told = [one for one in moved if one.changed]
    notify([_decided(one, at) if one.new_outcome else _moved(one, at) for one in told], mail=not quiet)
    if not quiet:
        publish([_message(one, at) for one in told])


def _moved(one: Moved, at: datetime) -> Notice:
    mine = _turn(one) in (Turn.MINE, Turn.CAN_APPEAL)
    due = one.clock["due_at"] if one.clock is not None and mine else None
    values: dict[str, Any] = {
        "case": one.case_id, "kind": dict(one.workflow.title), "state": dict(one.target.title), "due_at": due,
    }  # fmt: skip
    urgent = mine and due is not None and due - at <= _SOON
    return Notice(
        f"{one.case_id}/{one.case['step'] + 1}", "case.your_turn" if mine and due is not None else "case.moved",
        {name: value for name, value in values.items() if value is not None}, at, seller_key=one.case["seller_key"],
        url=_url(one), urgency=Urgency.NOW if urgent else None,
    )  # fmt: skip


def _decided(one: Moved, at: datetime) -> Notice:
    outcome = one.outcome
    assert outcome is not None
    until = outcome["appeal_until"]
    both = two_people(outcome["decided_role"], outcome["approved_role"])
    values = {
        "case": one.case_id, "kind": dict(one.workflow.title), "remedy": REMEDY[Remedy(outcome["remedy"])],
        "liability": LIABILITY[Liability(outcome["liability"])], "standing": STANDING[Standing(outcome["standing"])],
        "reasons": [told for told in (outcome["told"], both) if told],
        "missing": list(outcome["missing"]) or None, "cure": outcome["cure"] or None,
        "appeal_until": None if until is None else datetime.fromisoformat(until),
        "appeal_paused": _APPEAL_PAUSED if outcome["appeal_paused"] else None,
    }  # fmt: skip
    return Notice(
        f"{one.case_id}/{one.case['step'] + 1}", "case.decided",
        {name: value for name, value in values.items() if value is not None}, at, seller_key=one.case["seller_key"],
        url=_url(one),
    )  # fmt: skip


def _message(one: Moved, at: datetime) -> Message:
    number = one.case["step"] + 1
    kind = (
        MessageKind.CASE_OPENED if number == 1
        else MessageKind.CASE_DECIDED if one.new_outcome
        else MessageKind.CASE_CLOSED if one.target.status is Status.CLOSED
        else MessageKind.CASE_MOVED
    )  # fmt: skip
    outcome = one.outcome if one.new_outcome else None
    data = {
        "case": one.case_id, "kind": one.case["kind"], "about": one.case["about"], "state": one.target.name,
        "status": one.target.status.value, "step": number,
        "turns": {party["role"]: _turn(one, Role(party["role"])).value for party in one.parties},
        "due_at": one.clock["due_at"] if one.clock is not None else None,
        "outcome": None if outcome is None else {
            "id": outcome["id"], "remedy": outcome["remedy"], "amount_minor": outcome["amount_minor"],
            "currency": outcome["currency"], "liability": outcome["liability"], "standing": outcome["standing"],
            "told": outcome["told"], "appeal_until": outcome["appeal_until"],
        },
    }  # fmt: skip
    return Message(f"{one.case_id}/{number}", kind, data, at, seller_key=one.case["seller_key"])


def _turn(one: Moved, role: Role = Role.SELLER) -> Turn:
    return turn(one.workflow, one.target, role, one.done)


def _url(one: Moved) -> str:
    return url_of(one.case["kind"], one.case_id)


def url_of(kind: str, case_id: str) -> str:
    """The seller's page of a case, or ""."""
    return kind_of(kind).url.replace("{id}", case_id)


def names(words: Mapping[str, tuple[str, str, str]]) -> dict[Any, Sentence]:
    """Words in three languages, as sentences."""
    return {key: {"en": en, "zh": zh, "es": es} for key, (en, zh, es) in words.items()}


REMEDY: Final = names({
    Remedy.NOTHING: ("nothing", "无", "nada"),
    Remedy.REFUND: ("a full refund", "全额退款", "un reembolso total"),
    Remedy.PARTIAL_REFUND: ("a partial refund", "部分退款", "un reembolso parcial"),
    Remedy.REFUND_ON_RETURN: (
        "a refund when the goods are back", "退货后退款", "un reembolso tras la devolución del producto",
    ),
    Remedy.REPLACEMENT: ("a replacement", "换货", "un producto de reemplazo"),
    Remedy.REIMBURSE: ("a reimbursement", "补偿", "una compensación"),
    Remedy.RELEASE: ("the held money", "释放暂扣款项", "el dinero retenido"),
    Remedy.TAKE_DOWN: ("the listing is taken down", "商品下架", "se retira el anuncio"),
    Remedy.RESTORE: (
        "the listing is no longer blocked by this notice", "该通知不再限制此商品",
        "este aviso ya no bloquea el anuncio",
    ),
    Remedy.RESTRICT: ("a restriction", "限制措施", "una restricción"),
    Remedy.REINSTATE: ("the restriction is lifted", "解除限制", "se levanta la restricción"),
})  # fmt: skip
LIABILITY: Final = names({
    Liability.NOBODY: ("nobody", "无人承担", "nadie"),
    Liability.SELLER: ("you, the seller", "您（卖家）", "usted, el vendedor"),
    Liability.BUYER: ("the buyer", "买家", "el comprador"),
    Liability.PLATFORM: ("the marketplace", "平台", "el mercado"),
    Liability.FUND: ("the protection fund", "保障基金", "el fondo de protección"),
    Liability.CARRIER: ("the carrier", "承运人", "el transportista"),
    Liability.RIGHTS_OWNER: ("the rights owner", "权利人", "el titular de derechos"),
    Liability.SHARED: (
        "several, in the shares shown on the case", "多方分担，比例见案件页面",
        "varios, en las partes indicadas en el caso",
    ),
})  # fmt: skip
STANDING: Final = names({
    Standing.COUNTS: ("yes", "是", "sí"),
    Standing.DOES_NOT_COUNT: ("no", "否", "no"),
})  # fmt: skip
