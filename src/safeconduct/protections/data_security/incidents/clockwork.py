"""The clocks of incidents: which run, when each says how late it is, and the sweep that says it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.urls import reverse

from safeconduct.foundation.clocks.counting import due_at, reminders_at
from safeconduct.foundation.ids import new_id
from safeconduct.kernel.notices.administrators import Told, tell_them
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.protections.data_security import history
from safeconduct.protections.data_security.history import Done
from safeconduct.protections.data_security.incidents.models import AffectedPeople, Incident, IncidentClock
from safeconduct.protections.data_security.incidents.regimes import (
    Clock,
    Judged,
    Operator,
    Regime,
    Risk,
    Situation,
    applying,
    regimes,
)

#: At which parts of the time it is said how late it is, in per cent; 100 is the end.
WARNINGS: Final = (50, 80)
MISSED: Final = 100
#: How far a clock is, in the words of the notice about it.
_LEVELS: Final = {50: "half", 80: "late", MISSED: "missed"}
#: Clocks that one transaction of the sweep takes.
_BATCH: Final = 200
_SWEEP: Final = Actor("breach-clocks", "engine")


def situation_of(incident: Incident) -> Situation:
    """What is known of an incident. One query."""
    people = dict(AffectedPeople.objects.filter(incident=incident).values_list("place", "people"))
    return Situation(
        people, frozenset(incident.established), frozenset(incident.upstream), Risk(incident.risk),
        Judged(incident.major), Operator(incident.operator),
    )  # fmt: skip


def wind(incident: Incident, actor: Actor, *, at: datetime) -> None:
    """Starts the clocks that apply now, lets those lapse that do not any more, and takes lapsed ones up again.

    The incident's row is locked by the caller. A clock that was stopped stays stopped.
    """
    wanted = {(r.id, c.id): (r, c) for r, c in applying(situation_of(incident), incident.aware_at.date())}
    there = {(one.regime, one.clock): one for one in IncidentClock.objects.filter(incident=incident)}
    stopped = {key: one.stopped_at for key, one in there.items()}
    made, changed, steps = [], [], []
    for key, (regime, clock) in wanted.items():
        one = there.get(key)
        if one is not None and (one.stopped_at is not None or one.lapsed_at is None):
            continue
        verb = "clock_started" if one is None else "clock_taken_up"
        if one is None:
            one = IncidentClock(
                id=new_id("clk"), incident=incident, regime=regime.id, clock=clock.id, to=clock.to.value
            )
            made.append(one)
        else:
            one.lapsed_at = None
            changed.append(one)
        start = stopped.get((regime.id, clock.after)) if clock.after else incident.aware_at
        run(one, regime, clock, start)
        steps.append(Done(incident.id, verb, facts_of(one)))
    for key, one in there.items():
        if key not in wanted and one.runs:
            one.lapsed_at, one.wake_at = at, None
            changed.append(one)
            steps.append(Done(incident.id, "clock_lapsed", facts_of(one)))
    IncidentClock.objects.bulk_create(made)
    save(changed)
    history.note(steps, actor, at)


def run(one: IncidentClock, regime: Regime, clock: Clock, start: datetime | None) -> None:
    """Sets when a clock that starts then is due and says so; without a start it waits."""
    one.started_at, one.due_at, one.half_at, one.late_at = start, None, None, None
    if start is not None and clock.term is not None:
        one.due_at = due_at(clock.term, start, regime.calendar)
        assert one.due_at is not None  # nothing pauses these clocks
        half, late = reminders_at(clock.term, start, one.due_at, regime.calendar, percents=WARNINGS)
        one.half_at, one.late_at = half, late
    one.wake_at = _next(one)


def follow(incident: Incident, stopped: IncidentClock) -> list[IncidentClock]:
    """Starts the clocks that run from one that was just stopped; returns them, saved."""
    regime = regimes()[stopped.regime]
    after = [clock.id for clock in regime.clocks if clock.after == stopped.clock]
    found = list(IncidentClock.objects.filter(incident=incident, regime=regime.id, clock__in=after, lapsed_at=None))
    for one in found:
        run(one, regime, regime.clock(one.clock), stopped.stopped_at)
    save(found)
    return found


def sweep(now: datetime) -> int:
    """Says of every clock whose time has come that half, four fifths, or all of its time is over, in the history and to
    the administrators; returns of how many.

    Late rather than never, each once; every batch is a transaction of its own.
    """
    total = done = _sweep(now)
    while done == _BATCH:
        done = _sweep(now)
        total += done
    return total


def _sweep(now: datetime) -> int:
    with engine_scope():
        due = list(
            IncidentClock.objects.filter(wake_at__lte=now)
            .select_for_update(skip_locked=True, of=("self",)).order_by("wake_at")[:_BATCH]
        )  # fmt: skip
        steps = []
        for one in due:
            one.warned_percent = _reached(one, now)
            one.wake_at = _next(one)
            verb = "clock_missed" if one.warned_percent == MISSED else "clock_warned"
            steps.append(Done(one.incident_id, verb, {**facts_of(one), "percent": one.warned_percent}))
        save(due)
        history.note(steps, _SWEEP, now)
        tell_them(list(map(_told, due)), at=now)
    return len(due)


def _told(one: IncidentClock) -> Told:
    """How late it is, for the administrators: each level once, and again where the clock was set anew."""
    values = {
        "incident": one.incident_id, "law": regimes()[one.regime].law, "due": one.due_at,
        "level": _LEVELS[one.warned_percent],
    }  # fmt: skip
    key = f"incident/{one.id}/{one.warned_percent}/{one.due_at:%Y%m%d%H%M}"
    return Told("incident.clock", values, key, page_of(one.incident_id))


def page_of(incident_id: str) -> str:
    """Where the staff see an incident."""
    return reverse("console:data_security:incident", args=[incident_id])


def facts_of(one: IncidentClock) -> dict[str, str]:
    """What the history says of a clock."""
    due = "" if one.due_at is None else one.due_at.isoformat()
    return {"clock": one.id, "regime": one.regime, "part": one.clock, "due_at": due}


def _levels(one: IncidentClock) -> list[tuple[int, datetime]]:
    assert one.half_at is not None and one.late_at is not None and one.due_at is not None
    return [(50, one.half_at), (80, one.late_at), (MISSED, one.due_at)]


def _reached(one: IncidentClock, now: datetime) -> int:
    return max([one.warned_percent, *(percent for percent, at in _levels(one) if at <= now)])


def _next(one: IncidentClock) -> datetime | None:
    if one.due_at is None or not one.runs:
        return None
    return next((at for percent, at in _levels(one) if percent > one.warned_percent), None)


def save(rows: Sequence[IncidentClock]) -> None:
    """Keeps what moves of clocks, in one statement."""
    IncidentClock.objects.bulk_update(
        rows, ["started_at", "due_at", "half_at", "late_at", "warned_percent", "wake_at", "lapsed_at"]
    )
