"""What is read of disputes: lists by index, and what history says about fighting one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef

from safeconduct.kernel.paging import PAGE, Order, Slice, page
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.chargebacks.mirror import OPEN_FOR_ANSWER, Status
from safeconduct.protections.transactions.chargebacks.models import BankAnswer, BankDispute
from safeconduct.protections.transactions.chargebacks.reason_codes import table
from safeconduct.protections.transactions.chargebacks.worth import Group

_NEWEST: Final = Order("opened_at", descending=True)


def disputes_page(
    seller_key: int | None, *, stage: str | None = None, after: str = "", before: str = "", size: int = PAGE
) -> Slice[BankDispute]:  # fmt: skip
    """A page of a seller's disputes, or, for the staff, of all (None): newest first. ``stage``: only of that one."""
    rows = BankDispute.objects.all() if seller_key is None else BankDispute.objects.filter(seller_key=seller_key)
    if stage is not None:
        rows = rows.filter(stage=stage)
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


def reopenable_until(one: BankDispute) -> datetime | None:
    """Until when the bank can go on, as a rule, with a dispute that is won; None for every other."""
    if one.status != Status.WON or one.closed_at is None:
        return None
    return table(one.opened_at.date()).reopenable_until(one.network, one.closed_at)


@dataclass(frozen=True, slots=True)
class History:
    """Decided disputes that were fought, by code and by whether the answer was complete (None: it was written
    elsewhere, nobody here knows)."""

    groups: Mapping[tuple[str, bool | None], Group]

    def of(self, code_key: str, *, complete: bool) -> list[Group]:
        """All, those of the code, those answered as completely: widest first."""
        same = [(done, group) for (code, done), group in self.groups.items() if code == code_key]
        return [
            _sum(self.groups.values()),
            _sum(group for _, group in same),
            _sum(group for done, group in same if done == complete),
        ]


def history(before: datetime) -> History:
    """What the marketplace has learnt by fighting until a time.

    Only what was answered counts, here or, as the processor tells, elsewhere (the bank had an answer to read): a
    dispute that nobody answered says nothing about answering. In a scope of engine or staff: the history is the
    marketplace's.
    """
    rows = query(
        "SELECT d.code_key, a.complete, count(*), count(*) FILTER (WHERE d.status = 'won')"
        " FROM bank_dispute d"
        " LEFT JOIN bank_answer a ON a.dispute_id = d.id AND a.stage = d.stage AND a.state = 'sent'"
        " WHERE d.status IN ('won', 'lost') AND d.closed_at < %b"
        "  AND CASE WHEN a.id IS NOT NULL THEN a.kind = 'fight' ELSE d.reviewed END GROUP BY 1, 2",
        [before],
    )
    return History({(code, complete): Group(decided, won) for code, complete, decided, won in rows})


def _sum(groups: Iterable[Group]) -> Group:
    found = list(groups)
    return Group(sum(one.decided for one in found), sum(one.won for one in found))
