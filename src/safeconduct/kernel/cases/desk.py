"""The staff's queue of cases, of all kinds: what waits for whom, the nearest deadline first. In a staff scope.

A case stands in the queue as long as a clock of it runs or waits for its event. One query a page, over one index; the
page says what it needs of each row in a query for each thing, not for each row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce

from safeconduct.kernel.cases.models import NEVER, Case, CaseAssignment, Deadline, Party, Proposal, Seat
from safeconduct.kernel.cases.words import ClockState, ProposalState, Role, Status
from safeconduct.kernel.paging import Order, Slice, page
from safeconduct.kernel.scope import query

#: What counts as soon.
SOON: Final = timedelta(hours=4)
#: Countries and languages offered as filters: more than there are.
_MOST: Final = 300
_OPEN: Final = (ClockState.WAITING, ClockState.RUNNING)
#: Where counting stops: a badge says 99+.
_COUNTED: Final = 100


class View(StrEnum):
    """What the queue shows. The last is of cases in which the parties act; all others wait for the platform."""

    ALL = ""
    MINE = "mine"
    SOON = "soon"
    APPEALS = "appeals"
    SECOND = "second"
    PARTIES = "parties"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for. ``country`` and ``language``: of any party."""

    view: View = View.ALL
    kind: str = ""
    country: str = ""
    language: str = ""


def waiting(
    wanted: Wanted, person: str, now: datetime, *, after: str = "", before: str = "", size: int = 50
) -> Slice[Deadline]:
    """Open clocks with their cases. ``mine``: where this person has a seat, or looks after the case; ``appeals``: in
    cases in which they never had a seat, as those they may take; ``second``: a decision waits for a second person."""
    rows = Deadline.objects.filter(state__in=_OPEN, platform=wanted.view is not View.PARTIES)
    rows = rows.annotate(queued_at=Coalesce("due_at", Value(NEVER))).select_related("case")
    if wanted.kind:
        rows = rows.filter(case__kind=wanted.kind)
    if wanted.country or wanted.language:
        rows = rows.filter(Exists(_party(wanted)))
    return page(_seen(rows, wanted.view, person, now), Order("queued_at"), after=after, before=before, size=size)


def how_many_wait() -> int:
    """How many cases wait for the platform, at most 100."""
    return Deadline.objects.filter(state__in=_OPEN, platform=True)[:_COUNTED].count()


def countries() -> list[str]:
    """Countries of the parties of all cases."""
    return _distinct("country")


def languages() -> list[str]:
    """Languages of the parties of all cases."""
    return _distinct("language")


def seats_in(case_ids: Sequence[str]) -> Mapping[str, list[Seat]]:
    """Case → the seats that are held in it now, but for the blind reviewer's. One query."""
    found: dict[str, list[Seat]] = {}
    rows = Seat.objects.filter(case_id__in=list(case_ids), left_at=None).exclude(role=Role.BLIND_REVIEWER)
    for seat in rows.select_related("person").order_by("at"):
        found.setdefault(seat.case_id, []).append(seat)
    return found


def languages_in(case_ids: Sequence[str]) -> Mapping[str, dict[Role, tuple[str, str]]]:
    """Case → party → its country and language. One query."""
    found: dict[str, dict[Role, tuple[str, str]]] = {}
    rows = Party.objects.filter(case_id__in=list(case_ids)).values_list("case_id", "role", "country", "language")
    for case_id, role, country, language in rows.order_by("case_id", "role"):
        found.setdefault(case_id, {})[Role(role)] = (country, language)
    return found


def by_id(case_ids: Sequence[str]) -> list[Case]:
    """These cases, in the order given; those that are not there are left out."""
    found = Case.objects.in_bulk(list(case_ids))
    return [found[case_id] for case_id in case_ids if case_id in found]


def _party(wanted: Wanted) -> QuerySet[Party]:
    rows = Party.objects.filter(case_id=OuterRef("case_id"))
    if wanted.country:
        rows = rows.filter(country=wanted.country)
    return rows.filter(language=wanted.language) if wanted.language else rows


def _seen(rows: QuerySet[Deadline], view: View, person: str, now: datetime) -> QuerySet[Deadline]:
    own = Seat.objects.filter(case_id=OuterRef("case_id"), person_id=person)
    match view:
        case View.MINE:
            cared = CaseAssignment.objects.filter(case_id=OuterRef("case_id"), person_id=person, ended_at=None)
            return rows.filter(Exists(own.filter(left_at=None).exclude(role=Role.BLIND_REVIEWER)) | Exists(cared))
        case View.SOON:
            return rows.filter(due_at__lte=now + SOON)
        case View.APPEALS:
            return rows.filter(~Exists(own), case__status=Status.APPEALED)
        case View.SECOND:
            proposed = Proposal.objects.filter(case_id=OuterRef("case_id"), state=ProposalState.WAITING)
            return rows.filter(Exists(proposed))
        case View.ALL | View.PARTIES:
            return rows


def _distinct(column: str) -> list[str]:
    # Steps from one value to the next over the index: as many look-ups as there are values, not rows.
    rows = query(
        f"WITH RECURSIVE v AS (SELECT min({column}) AS one FROM case_party WHERE {column} > ''"
        f" UNION ALL SELECT (SELECT min({column}) FROM case_party WHERE {column} > v.one) FROM v"
        "  WHERE v.one IS NOT NULL)"
        " SELECT one FROM v WHERE one IS NOT NULL LIMIT %s",
        [_MOST],
    )
    return [one for (one,) in rows]
