"""Before the chargeback: issuers' early fraud warnings, and what a seller can still do about them and about inquiries.

A warning is stored, the seller is told what waiting costs on average, an order that was not sent yet is held until a
person rules on it, and a refund that the seller chooses runs through the order's claim, so that it is never paid twice.
Where the bank goes on all the same, the warning and what was done about it stand in the dispute's history.

Locks are taken in one order: orders, then warnings and disputes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.claims import actions as claims
from safeconduct.kernel.claims import queries as claim_queries
from safeconduct.kernel.claims.asks import RefundAsk
from safeconduct.kernel.claims.models import Claim
from safeconduct.kernel.decisions import actions as decisions
from safeconduct.kernel.decisions.errors import DecisionsError
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import Actor, engine_scope, query
from safeconduct.protections.transactions.chargebacks import telling
from safeconduct.protections.transactions.chargebacks.errors import (
    AlreadyDecided,
    BankDecides,
    DisputeNotFound,
    NothingLeft,
    WarningNotFound,
)
from safeconduct.protections.transactions.chargebacks.hearing import Step, write_steps
from safeconduct.protections.transactions.chargebacks.mirror import OPEN_FOR_ANSWER, Stage
from safeconduct.protections.transactions.chargebacks.models import BankDispute, EarlyWarning, WarningState
from safeconduct.protections.transactions.gathering import lock
from safeconduct.protections.transactions.money import acting

WARNED: Final = CATALOGUE["fraud.warned"].code
_PLACED: Final = CATALOGUE["order.placed"].code
SHIPPED: Final = CATALOGUE["shipment.shipped"].code
_HOLD_AT_ONCE: Final = 20
#: Why an order is held, as its seller reads it.
_BECAUSE: Final = {
    "en": "The card's bank reported this payment as fraud before the order was sent.",
    "zh": "订单发货前，发卡行将该笔付款上报为欺诈。",
    "es": "El banco de la tarjeta notificó este pago como fraude antes de que se enviara el pedido.",
}
#: What is stored where there was nothing to hold any more.
_NOTHING: Final = "-"

_NEWS: Final = f"""
SELECT e.id, e.source, e.data, f."order", f.occurred, coalesce(f.seller, p.seller), p.data,
    p.moment IS NOT NULL AND NOT EXISTS (SELECT FROM fact s WHERE s."order" = f."order" AND s.type = {SHIPPED})
FROM fact f JOIN event e ON e.moment = f.moment
LEFT JOIN LATERAL (
    SELECT o.moment, o.seller, b.data FROM fact o JOIN event b ON b.moment = o.moment
    WHERE o."order" = f."order" AND o.type = {_PLACED} ORDER BY o.moment LIMIT 1
) p ON true
WHERE f.moment = ANY(%b::bigint[]) ORDER BY f.occurred, f.moment
"""
_STORE: Final = """
INSERT INTO early_warning (id, event_id, order_key, seller_key, processor, reason, amount_minor, currency, warned_at,
    state, decided_by, to_hold, held_by)
SELECT id, event_id, order_key, seller_key, processor, reason, amount_minor, currency, warned_at, 'open', '', to_hold,
    ''
FROM jsonb_to_recordset(%s::jsonb) AS r(id text, event_id text, order_key bigint, seller_key bigint, processor text,
    reason text, amount_minor bigint, currency text, warned_at timestamptz, to_hold boolean)
ON CONFLICT DO NOTHING RETURNING id
"""
_STANDING: Final = """
SELECT d.id, d.action FROM decision d JOIN fact f ON f.moment = d.moment
WHERE f."order" = %s AND f.type = %s AND d.standing AND d.kind <> 'shadow' AND d.order_key = f."order"
ORDER BY d.action IN ('review', 'block') DESC, d.id LIMIT 1
"""


def hear(rows: Sequence[Mapping[str, Any]], at: datetime | None) -> int:
    """Stores a batch's warnings and tells their sellers. Returns how many are new. ``at`` None: history that is
    replayed, where nothing is held. In a scope of the engine."""
    moments = sorted({row["moment"] for row in rows if row["type"] == WARNED})
    if not moments:
        return 0
    found = [_row(*one, live=at is not None) for one in query(_NEWS, [moments])]
    stored = {key for (key,) in query(_STORE, [json.dumps(found, ensure_ascii=False)])}
    new = [one for one in found if one["id"] in stored]
    telling.tell_warned(new, at)
    return len(new)


def carry_over(dispute_ids: Sequence[str], at: datetime | None) -> None:
    """Warnings about orders whose bank went on belong to its dispute from now on, and stand in its history."""
    if not dispute_ids:
        return
    rows = query(
        "UPDATE early_warning w SET dispute_id = d.id FROM bank_dispute d WHERE d.id = ANY(%s::text[])"
        " AND d.order_key = w.order_key AND w.dispute_id IS NULL"
        " RETURNING d.id, d.seller_key, d.stage, d.status, w.warned_at, w.state, d.opened_at",
        [list(dispute_ids)],
    ).fetchall()
    write_steps(
        [
            Step(
                dispute, seller, "warned", stage, status, opened_at if at is None else at,
                why=f"{warned_at:%Y-%m-%d} {state}",
            )
            for dispute, seller, stage, status, warned_at, state, opened_at in rows
        ]
    )  # fmt: skip


def refund_warned(warning_id: str, actor: Actor, at: datetime) -> list[str]:
    """The seller pays the buyer back before the bank takes it; returns the refunds that are asked for.

    Raises WarningNotFound, AlreadyDecided, BankDecides where a chargeback is open, NothingLeft. In a scope of the
    engine.
    """
    warning = _open_warning(warning_id, locking_order=True)
    if warning.order_key is None:
        raise NothingLeft
    made = _refund(warning.order_key, f"warning/{warning.id}", actor, at)
    _decide(warning, WarningState.REFUND, actor, at)
    return made


def wait(warning_id: str, actor: Actor, at: datetime) -> None:
    """The seller leaves it at that. Raises WarningNotFound, AlreadyDecided."""
    _decide(_open_warning(warning_id), WarningState.WAIT, actor, at)


def refund_asked(dispute_id: str, actor: Actor, at: datetime) -> list[str]:
    """A refund in answer to a bank that only asks. Raises DisputeNotFound, BankDecides where it has taken the money
    already, NothingLeft. In a scope of the engine."""
    order = BankDispute.objects.filter(id=dispute_id).values_list("order_key", flat=True).first()
    if order is not None:
        lock([order])
    dispute = BankDispute.objects.select_for_update().filter(id=dispute_id).first()
    if dispute is None:
        raise DisputeNotFound(dispute_id)
    if dispute.stage != Stage.INQUIRY or dispute.status not in {one.value for one in OPEN_FOR_ANSWER}:
        raise BankDecides
    if dispute.order_key is None:
        raise NothingLeft
    made = _refund(dispute.order_key, f"inquiry/{dispute.id}", actor, at)
    write_steps([Step(dispute.id, dispute.seller_key, "refunded", dispute.stage, dispute.status, at, actor.id)])
    return made


def hold_due(now: datetime) -> int:
    """Holds orders that a bank warned of before they were sent. Returns how many were looked at; each is a transaction
    of its own."""
    done = 0
    for _ in range(_HOLD_AT_ONCE):
        with engine_scope():
            order = EarlyWarning.objects.filter(to_hold=True, held_by="").order_by("id").values_list(
                "order_key", flat=True
            ).first()  # fmt: skip
            if order is None:
                break
            lock([order])
            warning = EarlyWarning.objects.select_for_update().filter(order_key=order, held_by="").first()
            if warning is not None:
                warning.held_by = _held(order, now)
                warning.save(update_fields=["held_by"])
        done += 1
    return done


def of_seller(seller_key: int | None, *, limit: int) -> list[EarlyWarning]:
    """A seller's warnings that are open or of the last days, or (None) everybody's: the newest first."""
    rows = EarlyWarning.objects.all() if seller_key is None else EarlyWarning.objects.filter(seller_key=seller_key)
    return list(rows.order_by("-warned_at", "-id")[:limit])


def _held(order: int, now: datetime) -> str:
    if query('SELECT 1 FROM fact WHERE "order" = %s AND type = %s LIMIT 1', [order, SHIPPED]).fetchone():
        return _NOTHING
    row = query(_STANDING, [order, _PLACED]).fetchone()
    if row is None:
        return _NOTHING
    if row[1] in ("review", "block"):
        return str(row[0])
    try:
        return decisions.hold_back(row[0], _BECAUSE, at=now).id
    except DecisionsError:  # a person was faster
        return _NOTHING


def _refund(order: int, key: str, actor: Actor, at: datetime) -> list[str]:
    """Asks for all that is left of an order's lines. Raises BankDecides, NothingLeft."""
    opened = acting.open_claims(order, at)
    rows = Claim.objects.in_bulk(list(opened.values()))
    if any(claim.frozen_at is not None for claim in rows.values()):
        raise BankDecides
    left = claim_queries.refundable([claim.line_id for claim in rows.values()])
    asks = [
        RefundAsk(f"{key}/{name}", claim, left[rows[claim].line_id])
        for name, claim in sorted(opened.items())
        if left.get(rows[claim].line_id)
    ]
    if not asks:
        raise NothingLeft
    return claims.request_refund(asks, actor, at=at)


def _open_warning(warning_id: str, *, locking_order: bool = False) -> EarlyWarning:
    if locking_order:
        order = EarlyWarning.objects.filter(id=warning_id).values_list("order_key", flat=True).first()
        if order is not None:
            lock([order])
    warning = EarlyWarning.objects.select_for_update().filter(id=warning_id).first()
    if warning is None:
        raise WarningNotFound(warning_id)
    if warning.state != WarningState.OPEN:
        raise AlreadyDecided
    return warning


def _decide(warning: EarlyWarning, state: WarningState, actor: Actor, at: datetime) -> None:
    warning.state, warning.decided_at, warning.decided_by = state, at, actor.id
    warning.save(update_fields=["state", "decided_at", "decided_by"])


def _row(
    event_id: str, source: str, data: Mapping[str, Any], order: int | None, occurred: int, seller: int | None,
    placed: Mapping[str, Any] | None, unsent: bool, *, live: bool,
) -> dict[str, Any]:  # fmt: skip
    amount = data.get("amount") or (placed or {}).get("amount") or {}
    return {
        "id": new_id("efw"), "event_id": event_id, "order_key": order, "seller_key": seller, "processor": source[:120],
        "reason": str(data.get("reason") or "")[:80], "amount_minor": amount.get("minor"),
        "currency": str(amount.get("currency") or ""), "warned_at": at_micros(occurred).isoformat(),
        "to_hold": bool(unsent) and live,
    }  # fmt: skip
