"""Refunds that have not gone out yet: until when, and who bears them. In a seller's scope that seller's only.

They stand in three lists, because a time over does not mean the same in each. *Dated*: law gave a time. *Undated*: no
law on file does; a `due_at < x` would leave these out unsaid. *With a bank*: a bank decides about the same money, so
nobody may send anything, and the time begins anew if the bank gives it back (`settling`): none of these is overdue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.utils import timezone

from safeconduct.kernel.claims.words import AGAIN
from safeconduct.kernel.ledger.places import read_place, write_place
from safeconduct.kernel.ledger.queries import LARGEST_PAGE, PAGE, Page
from safeconduct.kernel.scope import query

#: What a menu counts to.
MOST_COUNTED: Final = 1_000
#: What counts as near, on every page that says so.
SOON: Final = timedelta(days=7)


class Group(StrEnum):
    """The list that a refund stands in."""

    DATED = "dated"
    UNDATED = "undated"
    WITH_A_BANK = "bank"


class When(StrEnum):
    """Which of those with a date: their time is over, or ends within `SOON`."""

    OVERDUE = "overdue"
    SOON = "soon"


@dataclass(frozen=True, slots=True)
class DueRefund:
    """A refund that is to be sent. ``matter``: the duty of law it fulfils, "" for none. ``liability``: who bears it by
    the outcome of its case, "" where there is none. ``way``, ``case_id``: the channel that asked for it, if one did."""

    id: str
    claim_id: str
    seller_key: int
    order_key: int
    line: str
    item: str
    to_send_minor: int
    currency: str
    matter: str
    due_at: datetime | None
    requested_at: datetime
    liability: str
    way: str
    case_id: str


@dataclass(frozen=True, slots=True)
class DueSum:
    """Refunds of one currency in one list; of them those that are overdue, and those whose time ends soon. Amounts in
    minor units."""

    currency: str
    group: Group
    refunds: int
    minor: int
    overdue: int
    overdue_minor: int
    soon: int
    soon_minor: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """Refunds whose time is over: how many, and since when the oldest of them is."""

    refunds: int
    since: datetime


_GROUPS: Final = {
    Group.DATED: "r.state = 'requested' AND r.due_at IS NOT NULL",
    Group.UNDATED: "r.state = 'requested' AND r.due_at IS NULL",
    Group.WITH_A_BANK: "r.state = 'frozen'",
}
#: Said in the words of the partial indexes, or the planner does not see that they fit.
_RUNNING: Final = "r.state IN ('requested', 'frozen')"
# The page is chosen first, along an index, and only its rows are joined. A key names the matter that asked, as in
# `return/ID/…`, `dispute/CASE…`. What a bank gave back names its part instead; there the claim's latest outcome says
# who bears it.
_DUE: Final = f"""
SELECT r.id, r.claim_id, r.seller_key, c.order_key, l.name, r.item,
       r.amount_minor - r.by_bank_minor - r.called_off_minor, r.currency, r.matter, r.due_at, r.requested_at,
       coalesce(w.liability, ''), coalesce(w.kind, ''), coalesce(w.case_id, '')
FROM (SELECT * FROM claim_refund r WHERE {_RUNNING} AND {{where}} ORDER BY {{order}} LIMIT %s) r
JOIN claim c ON c.id = r.claim_id JOIN claim_line l ON l.id = c.line_id
LEFT JOIN LATERAL (
  SELECT h.kind, h.case_id, o.liability
  FROM claim_channel h LEFT JOIN case_file f ON f.id = h.case_id LEFT JOIN case_outcome o ON o.id = f.outcome_id
  WHERE h.claim_id = r.claim_id AND (
    starts_with(r.key, '{AGAIN}') AND o.id IS NOT NULL
    OR split_part(r.key, '/', 2) IN (h.about, h.case_id) AND split_part(r.key, '/', 2) <> '')
  ORDER BY h.opened_at DESC, h.id DESC LIMIT 1
) w ON true
ORDER BY {{order}}
"""


def refunds(
    group: Group, *, now: datetime, when: When | None = None, sellers: Sequence[int] | None = None, after: str = "",
    size: int = PAGE,
) -> Page[DueRefund]:  # fmt: skip
    """A page of one list: those with a date by their date, the others as they were asked for. One query.

    ``when``: only those; nothing without a date fits. ``sellers``: only theirs. ``after``: the cursor of a page.
    """
    size = max(1, min(size, LARGEST_PAGE))
    said, parameters = [_GROUPS[group]], list[Any]()
    if when is When.OVERDUE:
        said.append("r.due_at < %s")
        parameters.append(now)
    elif when is When.SOON:
        said.append("r.due_at >= %s AND r.due_at < %s")
        parameters += [now, now + SOON]
    if sellers is not None and len(sellers) == 1:  # of one, the index is in the order of the list
        said.append("r.seller_key = %s")
        parameters += sellers
    elif sellers is not None:
        said.append("r.seller_key = ANY(%s::bigint[])")
        parameters.append(list(sellers))
    if group is Group.DATED:
        place = read_place(after)
        if place is not None:
            said.append("(r.due_at, r.id) > (%s, %s)")
            parameters += place
    elif after.isascii() and after.replace("_", "").isalnum() and len(after) <= 30:
        said.append("r.id > %s")
        parameters.append(after)
    # The undated are in order of the index too, which has their ids behind a date that none of them has.
    order = "r.id" if group is Group.WITH_A_BANK else "r.due_at, r.id"
    rows = query(_DUE.format(where=" AND ".join(said), order=order), [*parameters, size + 1]).fetchall()
    found = tuple(DueRefund(*row) for row in rows[:size])
    return Page(found, _place(group, found[-1]) if len(rows) > size else "")


def sums(*, now: datetime, sellers: Sequence[int] | None = None) -> list[DueSum]:
    """All of them by currency and list."""
    rows = query(
        "SELECT r.currency, CASE WHEN r.state = 'frozen' THEN 'bank' WHEN r.due_at IS NULL THEN 'undated'"
        "   ELSE 'dated' END, count(*), sum(m.minor)::bigint,"
        " count(*) FILTER (WHERE m.over), coalesce(sum(m.minor) FILTER (WHERE m.over), 0)::bigint,"
        " count(*) FILTER (WHERE m.soon), coalesce(sum(m.minor) FILTER (WHERE m.soon), 0)::bigint"
        " FROM claim_refund r CROSS JOIN LATERAL ("
        "   SELECT r.amount_minor - r.by_bank_minor - r.called_off_minor AS minor,"
        "   r.state = 'requested' AND r.due_at < %s AS over,"
        "   r.state = 'requested' AND r.due_at >= %s AND r.due_at < %s AS soon) m"
        f" WHERE {_RUNNING} AND (%s::bigint[] IS NULL OR r.seller_key = ANY(%s::bigint[])) GROUP BY 1, 2 ORDER BY 1, 2",
        [now, now, now + SOON, *[None if sellers is None else list(sellers)] * 2],
    )
    return [DueSum(currency, Group(group), *rest) for currency, group, *rest in rows]


def overdue(now: datetime) -> Overdue | None:
    """Those whose time is over, in the scope that is open; None where there is none."""
    row = query(
        "SELECT count(*), min(r.due_at) FROM claim_refund r"
        f" WHERE {_RUNNING} AND r.state = 'requested' AND r.due_at < %s",
        [now],
    ).fetchone()
    return Overdue(*row) if row and row[0] else None


def how_many_are_overdue() -> int:
    """How many refunds are overdue now, for a menu: at most `MOST_COUNTED`, as each page asks for it."""
    (found,) = query(
        f"SELECT count(*) FROM (SELECT FROM claim_refund r WHERE {_RUNNING} AND {_GROUPS[Group.DATED]}"
        " AND r.due_at < %s ORDER BY r.due_at LIMIT %s) late",
        [timezone.now(), MOST_COUNTED],
    ).fetchone() or (0,)
    return int(found)


def _place(group: Group, last: DueRefund) -> str:
    if group is not Group.DATED:
        return last.id
    assert last.due_at is not None
    return write_place(last.due_at, last.id)
