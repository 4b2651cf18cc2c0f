"""What sellers and the shop's systems are told about payouts, and sellers of what the fund pays for now. Keys make each
of it said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from safeconduct.kernel.claims.whole import FOR_NOW, NO_LONGER
from safeconduct.kernel.ledger.entries import Entry, PayoutRun, PayoutState
from safeconduct.kernel.notices.outbox import Message, MessageKind, Notice, notify, publish
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.pseudonyms import reveal
from safeconduct.protections.transactions.money.told import OrderMoney


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


def tell_of_advances(told: Mapping[int, OrderMoney], entries: Sequence[Entry], *, replay: bool) -> None:
    """Tells sellers what the fund has paid for now, and what of it went back without being paid for good."""
    moved = [entry for entry in entries if entry.event in (FOR_NOW, NO_LONGER)]
    names = reveal({entry.order_key for entry in moved if entry.order_key is not None}) if moved else {}
    notices = []
    for entry in moved:
        assert entry.order_key is not None
        minor, code = entry.amounts["amount"], "money.advanced"
        order = names[entry.order_key][1] if entry.order_key in names else None
        values: dict[str, Any] = {"order": order}
        if entry.event == NO_LONGER:
            minor -= _for_good(entry.order_key, entries)
            code, values["why"] = "money.advance_ended", _why(told[entry.order_key])
        if minor > 0:
            values["amount"] = {"minor": minor, "currency": entry.currency}
            url = f"/portal/transactions/orders/{entry.order_key}/"
            notices.append(Notice(f"{entry.key}/told", code, values, entry.at, entry.seller_key, url=url))
    if notices:
        notify(notices, mail=not replay)


def _for_good(order: int, entries: Sequence[Entry]) -> int:
    """What the fund pays for good of an order at the same time."""
    return sum(e.amounts["amount"] for e in entries if e.order_key == order and e.event == "protection_reimbursement")


def _why(money: OrderMoney) -> str:
    """Why what was paid for now went back."""
    if not any(dispute.outcome is None and not dispute.inquiry for dispute in money.disputes):
        return "decided"
    return "made_good" if money.advance_minor else "not_covered"
