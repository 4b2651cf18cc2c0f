"""What can still be answered before a bank takes the money: issuers' early warnings, and inquiries; in pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from safeconduct.kernel.paging import PAGE, Order, Slice, page
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks import early
from safeconduct.protections.transactions.chargebacks.foreseen import Foreseen, Matter, foreseen
from safeconduct.protections.transactions.chargebacks.mirror import OPEN_FOR_ANSWER, Stage
from safeconduct.protections.transactions.chargebacks.models import BankDispute, EarlyWarning, WarningState

_WARNED: Final = Order("warned_at", descending=True)
_ASKED: Final = Order("opened_at", descending=True)
_OPEN: Final = tuple(status.value for status in OPEN_FOR_ANSWER)


def warnings_page(
    seller_key: int | None, *, open_only: bool, after: str = "", before: str = "", size: int = PAGE
) -> Slice[EarlyWarning]:  # fmt: skip
    """Warnings of one seller, or (None) of all, the newest first; only those that nobody has decided, if asked."""
    rows = EarlyWarning.objects.all() if seller_key is None else EarlyWarning.objects.filter(seller_key=seller_key)
    if open_only:
        rows = rows.filter(state=WarningState.OPEN, dispute=None)
    return page(rows, _WARNED, after=after, before=before, size=size)


def inquiries_page(
    seller_key: int | None, *, open_only: bool, after: str = "", before: str = "", size: int = PAGE
) -> Slice[BankDispute]:  # fmt: skip
    """Banks' questions that are no chargeback, the newest first; only those that an answer still reaches, if asked."""
    rows = BankDispute.objects.filter(stage=Stage.INQUIRY)
    if seller_key is not None:
        rows = rows.filter(seller_key=seller_key)
    if open_only:
        rows = rows.filter(status__in=_OPEN)
    return page(rows, _ASKED, after=after, before=before, size=size)


def weighed(
    warnings: Sequence[EarlyWarning], inquiries: Sequence[BankDispute], at: datetime
) -> dict[str, Foreseen]:  # fmt: skip
    """Id → what waiting and a refund cost, for those that are open. Four queries. In a scope of engine or staff."""
    live = [one for one in warnings if one.state == WarningState.OPEN and one.dispute_id is None]
    asked = [one for one in inquiries if one.status in _OPEN]
    orders = [one.order_key for one in live] + [one.order_key for one in asked]
    sent = _sent([order for order in orders if order is not None])
    matters = [
        Matter(one.id, one.amount_minor, one.currency, sent=one.order_key is None or one.order_key in sent)
        for one in live
    ] + [
        Matter(
            one.id, one.amount_minor, one.currency, sent=one.order_key is None or one.order_key in sent,
            code_key=one.code_key, inquiry=True,
        )
        for one in asked
    ]  # fmt: skip
    return foreseen(matters, at)


def _sent(orders: Collection[int]) -> frozenset[int]:
    """Those of the orders that are on their way."""
    rows = query(
        'SELECT DISTINCT "order" FROM fact WHERE "order" = ANY(%b::bigint[]) AND type = %s',
        [sorted(set(orders)), early.SHIPPED],
    )
    return frozenset(order for (order,) in rows)
