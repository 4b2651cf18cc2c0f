"""What the pages of the breach desk read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from safeconduct.kernel.paging import Order, Slice, page
from safeconduct.protections.data_security.incidents.models import AffectedPeople, Incident, IncidentClock
from safeconduct.protections.data_security.incidents.regimes import Regime, regimes

_RUNNING = Q(clocks__stopped_at=None, clocks__lapsed_at=None, clocks__id__isnull=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """A clock with its regime, the tone and name of its state; the words of states are in `views`."""

    clock: IncidentClock
    regime: Regime
    state: str
    tone: str


def incidents_page(*, closed: bool, after: str = "", before: str = "") -> Slice[Incident]:
    """Incidents, the latest known first, with how many clocks run (`running`) and when the next ends (`next_due`)."""
    rows = Incident.objects.filter(closed_at__isnull=not closed).annotate(
        running=Count("clocks", filter=_RUNNING), next_due=Min("clocks__due_at", filter=_RUNNING)
    )
    return page(rows, Order("aware_at", descending=True), after=after, before=before)


def incident_of(incident_id: str) -> Incident | None:
    """One incident."""
    return Incident.objects.filter(id=incident_id).first()


def people_of(incident: Incident) -> list[AffectedPeople]:
    """Where the affected people live."""
    return list(AffectedPeople.objects.filter(incident=incident).order_by("-people", "place"))


def clocks_of(incident: Incident, now: datetime) -> list[Shown]:
    """All clocks, the strictest first: those that run before the others, at once before any term."""
    rows = IncidentClock.objects.filter(incident=incident).select_related("proof")
    found = [Shown(one, regimes()[one.regime], *_state(one, now)) for one in rows]
    return sorted(found, key=lambda s: (_rank(s.clock), s.clock.due_at or now, s.regime.id, s.clock.clock))


def _rank(one: IncidentClock) -> int:
    if not one.runs:
        return 3 if one.stopped_at is not None else 4
    if one.started_at is None:
        return 2
    return 1 if one.due_at is not None else 0


def _state(one: IncidentClock, now: datetime) -> tuple[str, str]:
    if one.stopped_at is not None:
        late = one.due_at is not None and one.stopped_at > one.due_at
        return ("sent_late", "warn") if late else ("sent", "good")
    if one.lapsed_at is not None:
        return "lapsed", ""
    if one.started_at is None:
        return "waits", ""
    if one.due_at is None or one.half_at is None or one.late_at is None:
        return "at_once", "bad"
    if now >= one.due_at:
        return "missed", "bad"
    if now >= one.late_at:
        return "late", "bad"
    return ("half", "warn") if now >= one.half_at else ("runs", "info")
