"""What the shop's systems are told about refunds: they send the money, and must know what to send and what to leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from safeconduct.kernel.claims.words import RefundState
from safeconduct.kernel.notices.outbox import Message, MessageKind, publish
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.pseudonyms import reveal


def tell_of_refunds(running: Sequence[str], changed: Sequence[str], at: datetime) -> None:
    """Tells of refunds under way, once each; and of those that have just been frozen, set free, paid by a bank or
    called off."""
    if not running and not changed:
        return
    rows = query(
        "SELECT r.id, r.claim_id, r.seller_key, c.order_key, l.name, r.item,"
        " r.amount_minor - r.by_bank_minor - r.called_off_minor, r.currency, r.state, r.due_at"
        " FROM claim_refund r JOIN claim c ON c.id = r.claim_id JOIN claim_line l ON l.id = c.line_id"
        " WHERE r.id = ANY(%s::text[]) ORDER BY r.id",
        [[*running, *changed]],
    ).fetchall()
    names = reveal({order for _, _, _, order, *_ in rows})
    messages = []
    for refund, claim, seller, order, line, item, minor, currency, state, due_at in rows:
        data = {
            "refund": refund, "claim": claim, "order": names[order][1] if order in names else str(order), "item": item,
            "line": line or None, "amount": {"minor": minor, "currency": currency},
            "state": RefundState(state).value, "due_at": due_at,
        }  # fmt: skip
        key = f"{refund}/{at.isoformat()}" if refund in changed else f"{refund}/asked"
        messages.append(Message(key, MessageKind.REFUND_CHANGED, data, at, seller))
    publish(messages)
