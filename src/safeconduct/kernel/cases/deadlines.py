"""What people and events do with deadlines: start one on its event, extend one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import clockwork, machine, publishing, writing
from safeconduct.kernel.cases.errors import CaseMalformed, NoMoreExtensions, NoSuchCase
from safeconduct.kernel.cases.words import PLATFORM, ClockState, Role
from safeconduct.kernel.scope import Actor, query

_NAMES: Final = (
    "id, case_id, state_name, key, owner, term, extensions, starts_on, started_at, due_at, wake_at, reminded, attempts,"
    " state"
)


def started(case_ids: Sequence[str], event: str, happened_at: datetime, *, at: datetime) -> list[str]:
    """Starts the clocks of these cases that wait for this event; returns the ids of those deadlines.

    A clock that is not waiting for it is left alone, so that the same event twice changes nothing.
    """
    ids = sorted(set(case_ids))
    cases, parties, workflows = _read(ids)
    known = clockwork.known_pauses(happened_at, ids)
    changed = []
    for clock in _open(ids):
        if clock["state"] != ClockState.WAITING or clock["starts_on"] != event or clock["case_id"] not in cases:
            continue
        case = cases[clock["case_id"]]
        data = workflows[case["workflow_id"]].states[clock["state_name"]].clock
        assert data is not None
        subject = clockwork.subject_of(case, parties[clock["case_id"]])
        changed.append({**clock, **clockwork.running(subject, data, clock, happened_at, known)})
    clockwork.change(changed)
    return [clock["id"] for clock in changed]


def extend(case_id: str, actor: Actor, role: Role, *, at: datetime) -> datetime | None:
    """Gives who has to act the extension that the workflow allows, with its reason in the history; returns the new end.

    Raises NoSuchCase, NoMoreExtensions, CaseMalformed (it is not running, not this role's, or without a reason).
    """
    if not actor.why.strip():
        raise CaseMalformed("why", _("an extension says why; the other side reads it"))
    cases, parties, workflows = _read([case_id])
    if case_id not in cases:
        raise NoSuchCase(case_id)
    case = cases[case_id]
    clock = next((one for one in _open([case_id]) if one["state"] == ClockState.RUNNING), None)
    state = workflows[case["workflow_id"]].states[case["state"]]
    data = state.clock
    if role not in state.acts and role not in PLATFORM:
        raise CaseMalformed("deadline", _("it is not your turn; who has to act asks for more time"))
    if clock is None or data is None:
        raise CaseMalformed("deadline", _("no clock is running in this case"))
    if len(clock["extensions"]) >= data.extensions or data.extension is None:
        raise NoMoreExtensions(data.extensions)
    clock["extensions"] = [*clock["extensions"], str(data.extension)]
    clock["reminded"] = 0
    subject = clockwork.subject_of(case, parties[case_id])
    known = clockwork.known_pauses(min(at, clock["started_at"]), [case_id])
    shown = {**clock, **clockwork.running(subject, data, clock, clock["started_at"], known)}
    clockwork.change([shown])
    facts = {"clock": clock["key"], "from": _said(clock["due_at"]), "to": _said(shown["due_at"])}
    line = writing.Line(case, new_id("stp"), "deadline_extended", role.value, actor.id, facts, actor.why)
    writing.lines([line], at)
    due: datetime | None = shown["due_at"]
    return due


def _read(ids: Sequence[str]) -> tuple[dict[str, dict[str, Any]], dict[str, list[dict[str, Any]]], Any]:
    cases = machine.locked(ids)
    return cases, machine.parties_of(ids), publishing.by_id([case["workflow_id"] for case in cases.values()])


def _open(ids: Sequence[str]) -> list[dict[str, Any]]:
    rows = query(
        f"SELECT {_NAMES} FROM case_deadline WHERE case_id = ANY(%s::text[]) AND state IN ('waiting', 'running')",
        [list(ids)],
    )
    return [dict(zip(_NAMES.split(", "), row, strict=True)) for row in rows]


def _said(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
