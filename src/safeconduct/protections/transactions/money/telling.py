"""What sellers and the shop's systems are told about payouts. Keys make each of it said once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from safeconduct.kernel.ledger.entries import PayoutRun, PayoutState
from safeconduct.kernel.notices.outbox import Message, MessageKind, Notice, notify, publish
from safeconduct.kernel.scope import query


def tell_of_payouts(run: PayoutRun, *, replay: bool) -> None:
    """Tells sellers of the payouts of a run; the same run again tells nothing again. ``replay``: inbox only, and no
    messages."""
    sent = [outcome for outcome in run.outcomes if outcome.state is PayoutState.PAID and outcome.payout_id]
    notices, messages = [], []
    for outcome in sent:
        amount = {"minor": outcome.amount_minor, "currency": outcome.currency}
        key = f"payout/{outcome.payout_id}/sent"
        values = {"amount": amount, "payout": outcome.payout_id}
        notices.append(Notice(key, "payout.sent", values, run.at, outcome.seller_key, url="/portal/money/"))
        data = {"payout": outcome.payout_id, "amount": amount}
        messages.append(Message(key, MessageKind.PAYOUT_SENT, data, run.at, outcome.seller_key))
    notify(notices, mail=not replay)
    if not replay:
        publish(messages)


def tell_of_returns(payout_ids: Sequence[str], at: datetime) -> None:
    """Tells sellers that banks sent payouts back."""
    notices, messages = [], []
    for identity, seller, currency, minor, why in query(
        "SELECT id, seller_key, currency, amount_minor, returned_why FROM ledger_payout WHERE id = ANY(%s::text[])",
        [list(payout_ids)],
    ):
        amount = {"minor": minor, "currency": currency}
        key = f"payout/{identity}/returned"
        values: dict[str, Any] = {"amount": amount, "payout": identity, "reason": {"en": why} if why else None}
        notices.append(Notice(key, "payout.returned", values, at, seller, url="/portal/money/"))
        data = {"payout": identity, "amount": amount}
        messages.append(Message(key, MessageKind.PAYOUT_RETURNED, data, at, seller))
    notify(notices)
    publish(messages)
