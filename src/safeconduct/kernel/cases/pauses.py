"""Pauses: declared by staff, with the reason in every language, and felt by every clock they concern.

A clock that a pause gives time is moved at once for its case, and by the sweeper for all others: `spread` recomputes
what is open, in portions. Until it has come by, a deadline that fires is judged again and moves then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import clockwork, machine, publishing
from safeconduct.kernel.cases.errors import CaseMalformed, NoSuchCase
from safeconduct.kernel.cases.models import ClockPause
from safeconduct.kernel.cases.words import PauseScope
from safeconduct.kernel.paging import Order, Slice, page
from safeconduct.kernel.scope import ENGINE_ACTOR, Actor, engine_scope, query

_PORTION: Final = 500
_LONGEST_VALUE: Final = 60
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
#: Where counting stops: more is told as so many and more.
MOST_COUNTED: Final = 1_000


def declare(
    scope: PauseScope, value: str, begins_at: datetime, ends_at: datetime | None, why: Mapping[str, str], actor: Actor,
    *, at: datetime,
) -> ClockPause:  # fmt: skip
    """Declares that clocks stand still from a time, until another or until further notice. In engine or staff scope."""
    if not any(text.strip() for text in why.values()):
        raise CaseMalformed("why", _("a pause says why; it is shown with every deadline it moves"))
    if ends_at is not None and ends_at <= begins_at:
        raise CaseMalformed("ends_at", _("a pause ends after it begins"))
    if (scope is PauseScope.EVERYONE) != (not value) or len(value) > _LONGEST_VALUE:
        raise CaseMalformed("value", _("names the country, carrier or case; of a pause for everyone it is empty"))
    if scope is PauseScope.COUNTRY and not _COUNTRY.fullmatch(value):
        raise CaseMalformed("value", _("is the country's code of two letters, such as CN"))
    if scope is PauseScope.CASE and not query("SELECT 1 FROM case_file WHERE id = %s", [value]).fetchone():
        raise CaseMalformed("value", _("there is no such case; copy its code from its page"))
    own = scope is PauseScope.CASE
    made = ClockPause.objects.create(
        id=new_id("pau"), scope=scope, value=value, begins_at=begins_at, ends_at=ends_at, why=dict(why),
        declared_by=actor.id, declared_at=at, spread_at=at if own else None,
    )  # fmt: skip
    if own:
        recompute([value], at)
    return made


def end(pause_id: str, ends_at: datetime, *, at: datetime) -> None:
    """Says when a pause ends. Never earlier than now: nobody loses time they were told they have."""
    if ends_at < at:
        raise CaseMalformed("ends_at", _("a pause does not end in the past; give a time from now on"))
    found = ClockPause.objects.select_for_update().filter(id=pause_id, begins_at__lt=ends_at).first()
    if found is None:
        raise CaseMalformed("pause", _("there is no such pause that begins before that time"))
    own = found.scope == PauseScope.CASE
    found.ends_at, found.spread_at = ends_at, at if own else None
    found.save(update_fields=["ends_at", "spread_at"])
    if own:
        recompute([found.value], at)


def declared(now: datetime, *, over: bool, after: str = "", before: str = "") -> Slice[ClockPause]:
    """Pauses that people have declared: those that are over, or all others, the newest first."""
    lasting = Q(ends_at=None) | Q(ends_at__gt=now)
    rows = ClockPause.objects.filter(~Q(declared_by=ENGINE_ACTOR.id), ~lasting if over else lasting)
    return page(rows, Order("declared_at", descending=True), after=after, before=before)


def concerned(scope: PauseScope, value: str) -> int:
    """How many open cases have a running clock that such a pause can move, counted up to `MOST_COUNTED`."""
    return len(_concerned(scope, value, "", MOST_COUNTED))


def spread(now: datetime) -> int:
    """Recomputes the open clocks that a newly declared pause concerns; returns how many were moved.

    Each portion is a transaction of its own. Killed in between, it begins again: computing anew changes nothing twice.
    """
    moved, after, pause_id = 0, "", ""
    while True:
        with engine_scope():
            row = query(
                "SELECT id, scope, value FROM case_pause WHERE spread_at IS NULL AND (%s = '' OR id = %s)"
                " ORDER BY declared_at LIMIT 1 FOR UPDATE SKIP LOCKED",
                [pause_id, pause_id],
            ).fetchone()
            if row is None:
                return moved
            pause_id, scope, value = row
            ids = _concerned(PauseScope(scope), value, after)
            if not ids:
                query("UPDATE case_pause SET spread_at = %s WHERE id = %s", [now, pause_id])
                return moved
            moved += recompute(ids, now)
            after = ids[-1]


def recompute(case_ids: list[str], now: datetime) -> int:
    """Computes the running clocks of these cases anew; returns how many show something else. Locks the cases."""
    cases = machine.locked(case_ids)
    if len(cases) != len(set(case_ids)):
        raise NoSuchCase(min(set(case_ids) - cases.keys()))
    parties = machine.parties_of(case_ids)
    workflows = publishing.by_id([case["workflow_id"] for case in cases.values()])
    names = "id, case_id, state_name, term, extensions, started_at, due_at, wake_at, reminded, attempts, state, made_at"
    clocks = [
        dict(zip(names.split(", "), found, strict=True))
        for found in query(
            f"SELECT {names} FROM case_deadline WHERE case_id = ANY(%s::text[]) AND state = 'running'", [case_ids]
        )
    ]
    known = clockwork.known_pauses(min((clock["started_at"] for clock in clocks), default=now), case_ids)
    changed = []
    for clock in clocks:
        case = cases[clock["case_id"]]
        data = workflows[case["workflow_id"]].states[clock["state_name"]].clock
        assert data is not None
        subject = clockwork.subject_of(case, parties[clock["case_id"]])
        shown = {**clock, **clockwork.running(subject, data, clock, clock["started_at"], known)}
        if shown["due_at"] != clock["due_at"]:
            changed.append(shown)
    clockwork.change(changed)
    return len(changed)


def _concerned(scope: PauseScope, value: str, after: str, most: int = _PORTION) -> list[str]:
    """The next cases with a running clock that a pause of this scope can concern, by id."""
    where = {
        PauseScope.EVERYONE: "%s = ''",
        PauseScope.CASE: "c.id = %s",
        PauseScope.CARRIER: "c.carrier = %s",
        PauseScope.COUNTRY: "EXISTS (SELECT FROM case_party p WHERE p.case_id = c.id AND p.country = %s)",
    }[scope]
    rows = query(
        "SELECT c.id FROM case_file c WHERE c.id > %s AND c.status <> 'closed'"
        f" AND EXISTS (SELECT FROM case_deadline d WHERE d.case_id = c.id AND d.state = 'running') AND {where}"
        " ORDER BY c.id LIMIT %s",
        [after, value, most],
    )
    return [case_id for (case_id,) in rows]
