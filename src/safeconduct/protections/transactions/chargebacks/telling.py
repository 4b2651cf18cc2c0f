"""What sellers are told about banks' disputes. Keys make each of it said once; replayed history sends no mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.scope import engine_scope, query
from safeconduct.kernel.vault.pseudonyms import reveal
from safeconduct.protections.transactions.chargebacks.mirror import OPEN_FOR_ANSWER, Stage, Status
from safeconduct.protections.transactions.chargebacks.models import BankAnswer, BankDispute
from safeconduct.protections.transactions.chargebacks.packs import packs
from safeconduct.protections.transactions.chargebacks.reason_codes import table
from safeconduct.protections.transactions.chargebacks.wording import reason_texts

#: Shares of the time for an answer after which a seller is reminded, in percent.
REMINDERS: Final = (50, 80, 95)
_BATCH: Final = 200
_STAGES: Final[Mapping[Stage, Mapping[str, str]]] = {
    Stage.INQUIRY: {"en": "Question of a bank", "es": "Consulta de un banco", "zh": "银行询问"},
    Stage.CHARGEBACK: {"en": "Chargeback", "es": "Contracargo", "zh": "拒付"},
    Stage.SECOND_CHARGEBACK: {"en": "Second chargeback", "es": "Segundo contracargo", "zh": "二次拒付"},
    Stage.PRE_ARBITRATION: {"en": "Before arbitration", "es": "Prearbitraje", "zh": "预仲裁"},
    Stage.ARBITRATION: {"en": "Arbitration", "es": "Arbitraje", "zh": "仲裁"},
}
#: What a warning does at once, by whether the goods are still there.
_HELD: Final[Mapping[str, str]] = {
    "en": "Do not send it: the order is held until a person has looked at it.",
    "es": "No lo envíe: el pedido queda retenido hasta que lo revise una persona.",
    "zh": "请勿发货：该订单暂缓，待人工核查。",
}
_SENT: Final[Mapping[str, str]] = {
    "en": "The goods are on their way or there. You can refund now, or wait for what the bank does.",
    "es": "El producto está en camino o entregado. Puede reembolsar ahora, o esperar lo que haga el banco.",
    "zh": "商品已发出或送达。您可以立即退款，也可以等待银行的决定。",
}
#: Open disputes of which a share of the time has passed and nobody was told of it; the clock of a stage begins when the
#: stage does.
_DUE: Final = """
SELECT d.id, d.ref, d.seller_key, d.stage, d.due_at, p.percent
FROM bank_dispute d
CROSS JOIN LATERAL (
    SELECT min(s.at) AS since FROM bank_dispute_step s WHERE s.dispute_id = d.id AND s.stage = d.stage
) b
CROSS JOIN LATERAL (
    SELECT max(u.percent) AS percent FROM unnest(%s::int[]) AS u(percent)
    WHERE b.since + (d.due_at - b.since) * u.percent / 100.0 <= %s
) p
WHERE d.status = ANY(%s::text[]) AND d.due_at > %s AND d.answerable AND d.seller_key IS NOT NULL
    AND p.percent IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM bank_answer a WHERE a.dispute_id = d.id AND a.stage = d.stage AND a.state <> 'staged'
    )
    AND NOT EXISTS (
        SELECT FROM notice n WHERE n.key = concat('chargeback/', d.id, '/', d.stage, '/due/', p.percent)
    )
ORDER BY d.due_at, d.id LIMIT %s
"""


def tell_heard(heard: Sequence[Mapping[str, Any]], at: datetime | None, latest: Mapping[str, datetime]) -> None:
    """What a bank opened, went on with, or decided: rows of `bank_dispute` whose state changed. ``at`` None: history
    that is replayed, where ``latest`` has each dispute's own time.
    """
    notices = []
    for row in heard:
        if row["seller_key"] is None:
            continue
        when = at or latest[row["id"]]
        status = Status(row["status"])
        if status in OPEN_FOR_ANSWER:
            due = row["due_at"]
            values = {
                "dispute": _named(row["ref"]), "stage": dict(_STAGES[Stage(row["stage"])]), "reason": _reason(row),
                "amount": _money(row), "due_at": None if due is None else datetime.fromisoformat(due),
            }  # fmt: skip
            key = f"{row['id']}/{row['stage']}/opened"
            notices.append(_notice(key, "chargeback.opened", values, when, row["seller_key"], row["id"]))
        elif row["closed_at"] is not None:
            values = {"dispute": _named(row["ref"]), "outcome": status.value, "amount": _money(row)}
            key = f"{row['id']}/{row['stage']}/decided/{row['reopened']}/{status.value}"
            notices.append(_notice(key, "chargeback.decided", values, when, row["seller_key"], row["id"]))
    notify(notices, mail=at is not None)


def tell_warned(warnings: Sequence[Mapping[str, Any]], at: datetime | None) -> None:
    """An issuer reported a payment as fraud before there is a dispute: rows of `early_warning` that are new."""
    orders = reveal({row["order_key"] for row in warnings if row["order_key"] is not None})
    notify(
        [
            Notice(
                f"chargeback/{row['id']}/warned", "chargeback.warned",
                {
                    "order": _named(orders[row["order_key"]][1] if row["order_key"] in orders else ""),
                    "amount": _money(row), "next": dict(_HELD if row["to_hold"] else _SENT),
                },
                at or datetime.fromisoformat(row["warned_at"]), row["seller_key"],
                url=f"/portal/transactions/warnings/{row['id']}/",
            )
            for row in warnings
            if row["seller_key"] is not None
        ],
        mail=at is not None,
    )  # fmt: skip


def tell_ready(dispute: BankDispute, answer: BankAnswer, at: datetime) -> None:
    """An answer is ready for the first time at this stage."""
    if dispute.seller_key is None:
        return
    documents = packs().documents
    names = [*answer.missing["required"], *(name for group in answer.missing["any_of"] for name in group[:1])]
    values = {
        "dispute": _named(dispute.ref), "percent": answer.percent,
        "missing": [dict(documents[name].title) for name in names] or None, "due_at": dispute.due_at,
    }  # fmt: skip
    key = f"{dispute.id}/{dispute.stage}/ready"
    notify([_notice(key, "chargeback.ready", values, at, dispute.seller_key, dispute.id)])


def tell_sent(answer_id: str, at: datetime) -> None:
    """An answer reached the bank, or was handed in. In a scope of engine or staff."""
    row = query(
        "SELECT d.id, d.ref, d.seller_key, d.stage, w.given_at FROM bank_answer a"
        " JOIN bank_dispute d ON d.id = a.dispute_id LEFT JOIN defence_authorisation w ON w.id = a.authorisation_id"
        " WHERE a.id = %s AND a.kind = 'fight' AND d.seller_key IS NOT NULL",
        [answer_id],
    ).fetchone()
    if row is None:
        return
    dispute, ref, seller, stage, authorised_at = row
    values = {"dispute": _named(ref), "sent_at": at, "authorised_at": authorised_at}
    notify([_notice(f"{dispute}/{stage}/sent", "chargeback.sent", values, at, seller, dispute)])


def remind(now: datetime) -> int:
    """Reminds of answers that nobody sent, when a half, four fifths and nearly all of the time is over; each once, and
    late rather than never. Returns how many.
    """
    with engine_scope():
        rows = query(
            _DUE, [list(REMINDERS), now, [status.value for status in OPEN_FOR_ANSWER], now, _BATCH]
        ).fetchall()  # fmt: skip
        return notify(
            [
                _notice(
                    f"{dispute}/{stage}/due/{percent}", "chargeback.due",
                    {"dispute": _named(ref), "due_at": due_at, "percent": percent}, now, seller, dispute,
                )
                for dispute, ref, seller, stage, due_at, percent in rows
            ]
        )  # fmt: skip


def _notice(
    key: str, code: str, values: Mapping[str, Any], at: datetime, seller: int, dispute: str
) -> Notice:  # fmt: skip
    return Notice(f"chargeback/{key}", code, values, at, seller, url=f"/portal/transactions/chargebacks/{dispute}/")


def _reason(row: Mapping[str, Any]) -> dict[str, str]:
    code = table(datetime.fromisoformat(row["opened_at"]).date()).codes.get(row["code_key"])
    return dict(reason_texts(code, str(row["reason"])))


def _money(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if row["amount_minor"] is None or not row["currency"]:
        return None
    return {"minor": row["amount_minor"], "currency": row["currency"]}


def _named(ref: str) -> str:
    return ref or "–"
