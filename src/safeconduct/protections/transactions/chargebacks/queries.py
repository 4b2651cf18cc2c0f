"""What is read of disputes: lists by index, and what history says about fighting one."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef

from safeconduct.kernel.paging import PAGE, Order, Slice, page
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks.mirror import OPEN_FOR_ANSWER
from safeconduct.protections.transactions.chargebacks.models import BankAnswer, BankDispute
from safeconduct.protections.transactions.chargebacks.worth import Group

_NEWEST: Final = Order("opened_at", descending=True)


def disputes_page(
    seller_key: int | None, *, after: str = "", before: str = "", size: int = PAGE
) -> Slice[BankDispute]:  # fmt: skip
    """A page of a seller's disputes, or, for the staff, of all (None): newest first."""
    rows = BankDispute.objects.all() if seller_key is None else BankDispute.objects.filter(seller_key=seller_key)
    return page(rows, _NEWEST, after=after, before=before, size=size)


def waiting(seller_key: int | None, at: datetime, *, limit: int) -> list[BankDispute]:
    """Disputes whose bank waits for an answer that nobody sent, the most urgent first; of one seller, or (None) all."""
    given = BankAnswer.objects.filter(dispute=OuterRef("pk"), stage=OuterRef("stage")).exclude(state="staged")
    rows = BankDispute.objects.filter(
        ~Exists(given), status__in=[one.value for one in OPEN_FOR_ANSWER], due_at__gt=at, answerable=True
    )
    if seller_key is not None:
        rows = rows.filter(seller_key=seller_key)
    return list(rows.order_by("due_at", "id")[:limit])


def groups_of(dispute: BankDispute, *, complete: bool, before: datetime) -> list[Group]:
    """Decided disputes that were fought: all, those of the same code, those answered as completely. Widest first.

    Only answers that were sent count: a dispute that nobody answered says nothing about answering. In a scope of
    engine or staff: the history is the marketplace's.
    """
    row = query(
        "SELECT count(*), count(*) FILTER (WHERE d.status = 'won'),"
        " count(*) FILTER (WHERE d.code_key = %b), count(*) FILTER (WHERE d.code_key = %b AND d.status = 'won'),"
        " count(*) FILTER (WHERE d.code_key = %b AND a.complete = %b),"
        " count(*) FILTER (WHERE d.code_key = %b AND a.complete = %b AND d.status = 'won')"
        " FROM bank_dispute d JOIN bank_answer a ON a.dispute_id = d.id AND a.stage = d.stage"
        "  AND a.state = 'sent' AND a.kind = 'fight'"
        " WHERE d.status IN ('won', 'lost') AND d.closed_at < %b",
        [dispute.code_key] * 3 + [complete, dispute.code_key, complete, before],
    ).fetchone()
    assert row is not None
    return [Group(row[n], row[n + 1]) for n in (0, 2, 4)]
