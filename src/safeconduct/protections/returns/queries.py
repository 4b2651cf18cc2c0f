"""What pages read of returns: lists by index, one return with its lines, what waits for a seller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet

from safeconduct.kernel.cases.models import Deadline, Party, Proposal
from safeconduct.kernel.cases.words import ClockState, ProposalState, Role, Status, Turn
from safeconduct.kernel.claims.models import Refund
from safeconduct.kernel.paging import PAGE, Order, Slice, page
from safeconduct.kernel.scope import query
from safeconduct.protections.returns.comparing import Compared, compare
from safeconduct.protections.returns.models import Reimbursement, Return, ReturnLine
from safeconduct.protections.returns.portal_words import REASONS
from safeconduct.protections.returns.proofs import from_json
from safeconduct.protections.returns.terms import terms_on
from safeconduct.protections.returns.words import Reason

NEWEST: Final = Order("requested_at", descending=True)
#: Where counting stops: a figure says 99+.
MOST_COUNTED: Final = 100


@dataclass(frozen=True, slots=True)
class Filtered:
    """Which returns: of a seller (None: of all), those whose case stands so, those that wait for the seller, those of
    which a decision (also about their claim on the fund) waits for a second person."""

    seller_key: int | None = None
    status: str = ""
    waits: bool = False
    second_person: bool = False


def returns_page(wanted: Filtered, *, after: str = "", before: str = "", size: int = PAGE) -> Slice[Return]:
    """A page of returns with their cases, the newest first."""
    rows: QuerySet[Return] = Return.objects.select_related("case")
    if wanted.seller_key is not None:
        rows = rows.filter(seller_key=wanted.seller_key)
    if wanted.status:
        rows = rows.filter(case__status=wanted.status)
    if wanted.waits:
        turns = Party.objects.filter(role=Role.SELLER, turn=Turn.MINE)
        rows = rows.filter(case_id__in=turns.values("case_id"))
    if wanted.second_person:
        proposed = Proposal.objects.filter(state=ProposalState.WAITING).values("case_id")
        claims = Reimbursement.objects.filter(case_id__in=proposed)
        rows = rows.filter(Q(case_id__in=proposed) | Q(id__in=claims.values("returned_id")))
    return page(rows, NEWEST, after=after, before=before, size=size)


def return_of(return_id: str) -> Return | None:
    """One return in scope with its case."""
    return Return.objects.filter(id=return_id).select_related("case").first()


def precedents(beside: Return, limit: int = 10) -> list[Any]:
    """The latest returns for the same reason that people decided, each with its rule: what became of ones like this."""
    return query(
        "SELECT r.id, r.order_ref, o.remedy, o.liability, o.rule, o.told, o.at FROM return_file r"
        " JOIN case_file f ON f.id = r.case_id JOIN case_outcome o ON o.id = f.outcome_id"
        " WHERE r.reason = %s AND r.id <> %s AND NOT o.automated ORDER BY r.id DESC LIMIT %s",
        [beside.reason, beside.id, limit],
    ).fetchall()


def of_any_case(case_id: str) -> Return | None:
    """The return of a case, or of the case of its claim on the fund."""
    claims = Reimbursement.objects.filter(case_id=case_id)
    return Return.objects.filter(Q(case_id=case_id) | Q(id__in=claims.values("returned_id"))).first()


def says(case_id: str, language: str) -> str:
    """Why the goods of a case came back, as the buyer said it."""
    found = of_any_case(case_id)
    return "" if found is None else str(REASONS[Reason(found.reason)])


def of_order(order_key: int) -> list[Return]:
    """The returns of an order with their cases, the newest first."""
    rows = Return.objects.filter(order_key=order_key).select_related("case").order_by("-requested_at", "-id")
    return list(rows[:MOST_COUNTED])


def refunds_of(returned: Return) -> list[Refund]:
    """What was asked for and sent of its money, the oldest first; in an engine, staff or the seller's scope."""
    rows = Refund.objects.filter(claim__order_key=returned.order_key, key__startswith=f"return/{returned.id}/")
    return list(rows.order_by("requested_at", "id")[:MOST_COUNTED])


def lines_of(returned: Return) -> list[ReturnLine]:
    """Its lines, by name."""
    return list(ReturnLine.objects.filter(returned_id=returned.id).order_by("name")[:MOST_COUNTED])


def reimbursement_of(returned: Return) -> Reimbursement | None:
    """The seller's claim on the fund for a return, with its case."""
    return Reimbursement.objects.filter(returned_id=returned.id).select_related("case").first()


def compared(returned: Return) -> tuple[Compared, ...]:
    """What left beside what came back, by the numbers of the day on which it was asked for."""
    terms = terms_on(returned.terms.partition("/")[0], returned.requested_at.date())
    return compare(from_json(returned.left), from_json(returned.back), terms, whole=returned.whole)


def waiting(seller_key: int, limit: int) -> list[Return]:
    """Returns that wait for the seller, the oldest first."""
    turns = Party.objects.filter(seller_key=seller_key, role=Role.SELLER, turn=Turn.MINE, case__kind="return")
    rows = Return.objects.filter(seller_key=seller_key, case_id__in=turns.values("case_id"))
    return list(rows.select_related("case").order_by("requested_at", "id")[:limit])


def due(returns: Sequence[Return]) -> dict[str, datetime]:
    """Until when whoever acts on these returns has time, by their cases; without those whose clock stands."""
    clocks = Deadline.objects.filter(case_id__in=[one.case_id for one in returns], state=ClockState.RUNNING)
    return {case: due_at for case, due_at in clocks.values_list("case_id", "due_at") if due_at is not None}


def open_count(seller_key: int) -> int:
    """How many returns of a seller are not closed, at most `MOST_COUNTED`."""
    rows = Return.objects.filter(seller_key=seller_key).exclude(case__status=Status.CLOSED)
    return rows[:MOST_COUNTED].count()


def names(case_ids: Sequence[str]) -> dict[str, str]:
    """What people call returns, and claims on the fund about them, by their cases: the order they are of."""
    found = dict(Return.objects.filter(case_id__in=case_ids).values_list("case_id", "order_ref"))
    of_fund = Reimbursement.objects.filter(case_id__in=set(case_ids) - found.keys())
    return found | dict(of_fund.values_list("case_id", "returned__order_ref"))
