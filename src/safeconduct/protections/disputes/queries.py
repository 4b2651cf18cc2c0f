"""Lists of disputes, read by cursor; rows the scope may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from safeconduct.kernel.cases import queries as cases
from safeconduct.kernel.cases.models import NEVER
from safeconduct.kernel.cases.words import Turn
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.paging import read_cursor, write_cursor
from safeconduct.kernel.scope import query
from safeconduct.protections.disputes.burden import ClaimType, burdens
from safeconduct.protections.disputes.errors import NoSuchDispute
from safeconduct.protections.disputes.models import Dispute

PAGE: Final = 50
#: Turns in which a party has something to do.
WAITING: Final = (Turn.MINE, Turn.CAN_APPEAL)
_SOON: Final = timedelta(hours=4)
_LINES: Final = """
SELECT d.number, d.case_id, d.order_ref, d.type, d.opened_at, f.state, f.status, f.amount_minor, f.currency,
       p.turn, c.due_at, d.seller_key, c.platform, f.platform_misses
FROM dispute d JOIN case_file f ON f.id = d.case_id JOIN case_party p ON p.case_id = f.id AND p.role = 'seller'
LEFT JOIN case_deadline c ON c.case_id = f.id AND c.state = 'running'
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One dispute in a list. ``due_at``: when the clock that runs ends, whoever's it is."""

    number: int
    case_id: str
    order_ref: str
    type: str
    opened_at: datetime
    state: str
    status: str
    amount_minor: int
    currency: str
    turn: str
    due_at: datetime | None
    seller_key: int
    of_platform: bool | None
    misses: int


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a list, with the cursor of the next one, "" at the end."""

    lines: Sequence[Line]
    next: str = ""


def of_seller(seller_key: int, *, open_only: bool = False, after: str = "", size: int = PAGE) -> Found:
    """A seller's disputes, the newest first."""
    where, values = ["d.seller_key = %s"], [seller_key]
    return _page([*where, *_open(open_only)], values, after, size)


def everything(*, open_only: bool = False, after: str = "", size: int = PAGE) -> Found:
    """All disputes, the newest first. In a staff or engine scope."""
    return _page(_open(open_only), [], after, size)


def waiting(seller_key: int, limit: int = PAGE) -> list[Line]:
    """Disputes that wait for the seller, the nearest deadline first; the most urgent ones."""
    return _lines(
        f"{_LINES} WHERE d.seller_key = %s AND d.ended_at IS NULL AND p.turn = ANY(%s::text[])"
        " ORDER BY c.due_at NULLS LAST, d.number LIMIT %s",
        [seller_key, list(WAITING), limit],
    )


def at_stake(seller_key: int) -> list[tuple[str, int, int]]:
    """What is in dispute now: (currency, minor units, how many)."""
    rows = query(
        "SELECT f.currency, sum(f.amount_minor)::bigint, count(*) FROM dispute d JOIN case_file f ON f.id = d.case_id"
        " WHERE d.seller_key = %s AND d.ended_at IS NULL GROUP BY 1 ORDER BY 2 DESC",
        [seller_key],
    )
    return [(currency, minor, number) for currency, minor, number in rows]


def queue(person: str, view: str, now: datetime, *, after: str = "", size: int = PAGE) -> Found:
    """What waits for the platform, the nearest deadline first. Views: everything; ``mine``: where this person has a
    seat; ``appeals``: appeals in cases where they never had one, as those they may take; ``soon``: four hours or less;
    ``second``: a decision waits for a second person.
    """
    seat = "EXISTS (SELECT FROM case_seat s WHERE s.case_id = f.id AND s.person_id = %s"
    views: dict[str, tuple[str, object]] = {
        "mine": (f"{seat} AND s.left_at IS NULL)", person),
        "appeals": (f"f.status = 'appealed' AND NOT {seat})", person),
        "soon": ("c.due_at <= %s", now + _SOON),
        "second": ("EXISTS (SELECT FROM case_proposal o WHERE o.case_id = f.id AND o.state = %s)", "waiting"),
    }
    where, value = views.get(view, ("d.opened_at <= %s", now))
    values, here = [value], read_cursor(after)
    if here is not None and isinstance(here[0], datetime) and isinstance(here[1], int):
        where += " AND (coalesce(c.due_at, %s), d.number) > (%s, %s)"
        values += [NEVER, *here]
    lines = _lines(
        f"{_LINES} WHERE d.ended_at IS NULL AND f.status IN ('under_review', 'appealed') AND {where}"
        " ORDER BY coalesce(c.due_at, %s), d.number LIMIT %s",
        [*values, NEVER, size + 1],
    )
    last = lines[size - 1] if len(lines) > size else None
    return Found(lines[:size], "" if last is None else write_cursor(last.due_at or NEVER, last.number))


def precedents(kind: str, beside: str, limit: int = 10) -> list[Any]:
    """The latest disputes of a type that people decided: what became of cases like this."""
    return query(
        "SELECT d.number, d.case_id, o.remedy, o.liability, o.standing, o.told, o.at FROM dispute d"
        " JOIN case_file f ON f.id = d.case_id JOIN case_outcome o ON o.id = f.outcome_id"
        " WHERE d.type = %s AND d.case_id <> %s AND NOT o.automated ORDER BY d.number DESC LIMIT %s",
        [kind, beside, limit],
    ).fetchall()


def one(case_id: str) -> Dispute:
    """A dispute in scope. Raises NoSuchDispute."""
    found = Dispute.objects.filter(case_id=case_id).first()
    if found is None:
        raise NoSuchDispute(case_id)
    return found


def says(case_id: str, language: str) -> str:
    """What a dispute is about, as its buyer says it."""
    return spoken(burdens()[ClaimType(one(case_id).type)].title, language)


def lines_of(case_ids: Sequence[str]) -> list[Line]:
    """These disputes as lines of a list, the newest first."""
    return _lines(f"{_LINES} WHERE d.case_id = ANY(%s::text[]) ORDER BY d.number DESC", [list(case_ids)])


def currency_of(case_id: str) -> str:
    """The currency of a dispute."""
    return cases.case(case_id).currency


def of_order(order_key: int) -> list[Dispute]:
    """All disputes of an order, the newest first."""
    return list(Dispute.objects.filter(order_key=order_key).order_by("-number")[:PAGE])


def _open(open_only: bool) -> list[str]:
    return ["d.ended_at IS NULL"] if open_only else []


def _page(where: Sequence[str], values: Sequence[Any], after: str, size: int) -> Found:
    conditions, given = list(where), list(values)
    if after.isdecimal() and len(after) < 19:
        conditions.append("d.number < %s")
        given.append(int(after))
    text = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    lines = _lines(f"{_LINES}{text} ORDER BY d.number DESC LIMIT %s", [*given, size + 1])
    return Found(lines[:size], str(lines[size - 1].number) if len(lines) > size else "")


def _lines(statement: str, values: Sequence[Any]) -> list[Line]:
    return [Line(*row) for row in query(statement, values)]


def names(case_ids: Sequence[str]) -> dict[str, str]:
    """What people call disputes, by their cases."""
    rows = Dispute.objects.filter(case_id__in=case_ids).values_list("case_id", "number")
    return {case_id: f"DSP-{number}" for case_id, number in rows}
