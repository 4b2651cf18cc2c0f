"""What sellers and the shop's systems are told of money that is held and released, and sellers of what people book by
hand. Keys make each of it said once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from safeconduct.kernel.ledger.rules import reasons, releases
from safeconduct.kernel.ledger.wording import event_in_each_language
from safeconduct.kernel.notices.outbox import Message, MessageKind, Notice, notify, publish
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.pseudonyms import reveal
from safeconduct.presets.numbers import preset

_HOLDS = """
SELECT h.id, h.key, h.seller_key, h.order_key, h.currency, h.held_minor, h.reason, h.released_by, h.release_at,
       coalesce((SELECT sum(s.amount_minor) FROM ledger_hold_step s WHERE s.hold_id = h.id AND s.verb = 'released'), 0)
FROM ledger_hold h WHERE h.key = ANY(%s::text[]) ORDER BY h.id
"""


def tell_of_holds(released: Sequence[str], placed: Sequence[str], at: datetime, *, replay: bool) -> None:
    """Tells of holds that were placed or released, by their keys. ``replay``: inbox only, and no messages.

    A hold that takes the place of another for the same matter is told once; what a hold gave up because it paid
    somebody is no release.
    """
    if not released and not placed:
        return
    rows = query(_HOLDS, [[*released, *placed]]).fetchall()
    names = reveal({order for _, _, _, order, *_ in rows if order is not None})
    notices: list[Notice] = []
    messages: list[Message] = []
    fresh, again = set(placed), {_subject(key) for key in placed}
    for identity, key, seller, order, currency, held, reason, released_by, release_at, gave in rows:
        name = names[order][1] if order in names else None
        about = {"hold": identity, "order": name, "reason": reason}
        if key in fresh and held:
            amount = {"minor": held, "currency": currency}
            values: dict[str, Any] = {
                "amount": amount, "order": name, "reason": dict(reasons()[reason].says), "release_at": release_at,
                "release_if": dict(releases()[released_by]),
            }  # fmt: skip
            notices.append(Notice(f"hold/{_subject(key)}/placed", "money.held", values, at, seller, url=_url(order)))
            data = {**about, "amount": amount, "release_at": release_at, "released_by": released_by}
            messages.append(Message(f"hold/{identity}/placed", MessageKind.HOLD_PLACED, data, at, seller))
        elif key not in fresh and gave:
            amount = {"minor": int(gave), "currency": currency}
            if _subject(key) not in again:
                values = {"amount": amount, "order": name, "payout_at": _next_payout(at)}
                notices.append(
                    Notice(f"hold/{identity}/released", "money.released", values, at, seller, url=_url(order))
                )
            data = {**about, "amount": amount}
            messages.append(Message(f"hold/{identity}/released", MessageKind.HOLD_RELEASED, data, at, seller))
    notify(notices, mail=not replay)
    if not replay:
        publish(messages)


def tell_of_booking(transaction_id: str) -> None:
    """Tells a seller of what somebody booked on their accounts by hand, and why; nobody where none of theirs moved."""
    row = query(
        "SELECT t.event, t.at, t.currency, t.seller_key, t.order_key, t.memo, max(abs(p.amount_minor))"
        " FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id"
        " WHERE t.id = %s AND p.seller_key = t.seller_key GROUP BY t.id",
        [transaction_id],
    ).fetchone()
    if row is None:
        return
    event, at, currency, seller, order, why, minor = row
    names = reveal({order} if order is not None else ())
    values: dict[str, Any] = {
        "event": event_in_each_language(event), "amount": {"minor": minor, "currency": currency},
        "order": names[order][1] if order in names else None, "reason": {"en": why},
    }  # fmt: skip
    key = f"booking/{transaction_id}"
    notify([Notice(key, "money.booked", values, at, seller, url="/portal/money/")])


def _subject(key: str) -> str:
    """What a hold is about: the key without its last part, which changes with the amount."""
    return key.rpartition("/")[0] or key


def _next_payout(at: datetime) -> datetime:
    return preset(settings.PRESET).on(at.date()).payouts.following(at)


def _url(order: int | None) -> str:
    return "" if order is None else f"/portal/transactions/orders/{order}/"
