"""What is read of cases. Lists are paged by cursor; nothing here asks a query for each row.

In a seller's scope row-level security leaves only that seller's rows; columns the seller's login has no right to
(`Step.actor`, the whole reasons of an outcome, seats) are not asked for there: `history`, `outcomes`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Q

from safeconduct.kernel.cases import publishing
from safeconduct.kernel.cases.errors import NoSuchCase
from safeconduct.kernel.cases.machine import possible
from safeconduct.kernel.cases.models import Case, ClockPause, Deadline, Party, Step, StoredOutcome
from safeconduct.kernel.cases.pictures import Stop, stepper
from safeconduct.kernel.cases.words import ClockState, PauseScope, Role
from safeconduct.kernel.cases.workflow import Transition, Workflow
from safeconduct.kernel.paging import Order, Slice, page

#: Pauses that a page shows.
_MOST_PAUSES: Final = 100
#: Lines of history that a page shows.
_MOST: Final = 500
_STEP_COLUMNS: Final = ("id", "case_id", "number", "name", "from_state", "to_state", "role", "why", "money", "at")
_OUTCOME_COLUMNS: Final = (
    "id", "case_id", "remedy", "amount_minor", "currency", "liability", "shares", "standing", "rule", "rule_version",
    "told", "disclosure", "category", "withheld_basis", "withheld_until", "considered", "missing", "cure", "redress",
    "automated", "decided_role", "approved_role", "second_above_minor", "appeal_until", "appeal_paused", "final",
    "replaces", "verdict", "at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Misses:
    """How often the platform missed a clock in a time: the first time, and the second, when the backstop acted."""

    kind: str
    clock: str
    first: int
    second: int


def case(case_id: str) -> Case:
    """One case in scope. Raises NoSuchCase."""
    found = Case.objects.filter(id=case_id).first()
    if found is None:
        raise NoSuchCase(case_id)
    return found


def clock(case_id: str) -> Deadline | None:
    """The clock of a case that waits or runs."""
    return Deadline.objects.filter(case_id=case_id, state__in=[ClockState.WAITING, ClockState.RUNNING]).first()


def parties(case_id: str) -> list[Party]:
    """The parties of a case."""
    return list(Party.objects.filter(case_id=case_id).order_by("role"))


def history(case_id: str) -> list[Step]:
    """The steps of a case, the oldest first, without who of the staff took them."""
    return list(Step.objects.filter(case_id=case_id).only(*_STEP_COLUMNS).order_by("number")[:_MOST])


def outcomes(case_id: str) -> list[StoredOutcome]:
    """The outcomes of a case, the oldest first, with what the parties are told of the reasons."""
    return list(StoredOutcome.objects.filter(case_id=case_id).only(*_OUTCOME_COLUMNS).order_by("at", "id"))


def workflow_of(found: Case) -> Workflow:
    """The workflow a case was opened with."""
    return publishing.by_id([found.workflow_id])[found.workflow_id]


def steps_for(found: Case, role: Role) -> list[Transition]:
    """What a role can do on a case now."""
    return possible(workflow_of(found), found.state, role)


def stops(found: Case, past: Sequence[Step]) -> list[Stop]:
    """The stepper of a case: where it was, is, and is likely to go."""
    return stepper(workflow_of(found), found.state, [step.to_state for step in past])


def pauses_of(found: Case, countries: Collection[str], at: datetime) -> list[ClockPause]:
    """Pauses that stand at a time and can move a clock of a case, to be shown beside its deadline. ``countries``: those
    of its parties."""
    concerns = (
        Q(scope=PauseScope.EVERYONE)
        | Q(scope=PauseScope.COUNTRY, value__in=sorted(filter(None, countries)))
        | Q(scope=PauseScope.CASE, value=found.id)
    )
    if found.carrier:
        concerns |= Q(scope=PauseScope.CARRIER, value=found.carrier)
    rows = ClockPause.objects.filter(concerns, Q(ends_at=None) | Q(ends_at__gt=at), begins_at__lte=at)
    return list(rows.order_by("begins_at", "id")[:_MOST_PAUSES])


def missed_by_platform(*, after: str = "", before: str = "") -> Slice[Deadline]:
    """Clocks that the platform has missed, the latest first, each with its case. Of round 2 the backstop has acted."""
    rows = Deadline.objects.filter(platform=True, state=ClockState.MISSED).select_related("case")
    return page(rows, Order("ended_at", descending=True), after=after, before=before)


def platform_misses(since: datetime, until: datetime) -> list[Misses]:
    """How often the platform missed its own clocks in a time: what the public report says."""
    rows = (
        Deadline.objects.filter(platform=True, state=ClockState.MISSED, ended_at__gte=since, ended_at__lt=until)
        .values("case__kind", "key")
        .annotate(first=Count("id", filter=Q(round=1)), second=Count("id", filter=Q(round=2)))
        .order_by("case__kind", "key")
    )
    return [Misses(row["case__kind"], row["key"], row["first"], row["second"]) for row in rows]
