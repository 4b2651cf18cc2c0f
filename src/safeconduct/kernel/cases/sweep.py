"""Deadlines that have come due: reminders, silence, and what the platform's own silence costs it.

`sweep` runs every few seconds in every process. Cases are claimed with ``FOR UPDATE SKIP LOCKED``, so that any number
of sweepers share the work and none waits; what a killed one held is free again. A deadline fires once, because firing
ends it in the same transaction; after a standstill it fires late rather than never. What was decided when it was set is
judged again when it fires: a pause declared since moves it instead.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from safeconduct.foundation.clocks.counting import REMINDERS_PERCENT
from safeconduct.foundation.clocks.terms import read_term
from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import buyer_telling, clockwork, machine, publishing, telling, writing
from safeconduct.kernel.cases.clockwork import KnownPause, Subject
from safeconduct.kernel.cases.moves import Move
from safeconduct.kernel.cases.pauses import spread
from safeconduct.kernel.cases.words import ClockState, Role
from safeconduct.kernel.cases.workflow import BACKSTOP, Workflow
from safeconduct.kernel.notices.outbox import Message, MessageKind, Notice, notify, publish
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import ENGINE_ACTOR, engine_scope, query, savepoint

#: Cases in one transaction.
BATCH: Final = 500
#: A deadline that cannot be fired is tried again after this, then after twice as long, up to `_LONGEST_WAIT`.
_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=6)
#: The clock whose end means that the platform has missed it twice.
_LAST_ROUND: Final = 2
_COLUMNS: Final = (
    "id, case_id, key, state_name, owner, platform, round, term, extensions, floor, library, starts_on, made_at,"
    " started_at, due_at, wake_at, reminded, attempts, state"
)


def sweep(now: datetime, *, limit: int = BATCH, quiet: bool = False) -> int:
    """Does what has come due by ``now`` for up to so many cases, in transactions of its own; returns for how many.

    ``quiet``: nobody is mailed, for history that is replayed.
    """
    spread(now)
    with engine_scope():
        claimed = _claim(now, limit)
        if not claimed:
            return 0
        try:
            with savepoint():
                _work(claimed, now, quiet=quiet)
        except Exception:  # one broken case must not stop the others: each is tried alone
            for case_id in claimed:
                _alone(case_id, now, quiet=quiet)
    return len(claimed)


def keep_up(now: datetime, *, quiet: bool = False) -> int:
    """Sweeps until nothing is due; returns for how many cases something was done. For the periodic jobs."""
    total = 0
    while done := sweep(now, quiet=quiet):
        total += done
    return total


def _claim(now: datetime, limit: int) -> list[str]:
    rows = query(
        "SELECT c.id FROM case_deadline d JOIN case_file c ON c.id = d.case_id WHERE d.wake_at <= %s"
        " ORDER BY d.wake_at LIMIT %s FOR UPDATE OF c SKIP LOCKED",
        [now, limit],
    )
    return [case_id for (case_id,) in rows]


def _alone(case_id: str, now: datetime, *, quiet: bool) -> None:
    try:
        with savepoint():
            _work([case_id], now, quiet=quiet)
    except Exception as problem:
        sys.stderr.write(f"case {case_id}: {type(problem).__name__}; its deadline will be tried again\n")
        query(
            "UPDATE case_deadline SET attempts = least(attempts + 1, 30),"
            " wake_at = %s + least(%s * power(2, least(attempts, 10)), %s) WHERE case_id = %s AND wake_at <= %s",
            [now, _WAIT, _LONGEST_WAIT, case_id, now],
        )


def _work(ids: Sequence[str], now: datetime, *, quiet: bool) -> None:
    cases = machine.locked(ids)
    parties = machine.parties_of(ids)
    workflows = publishing.by_id([case["workflow_id"] for case in cases.values()])
    clocks = _due(ids, now)
    known = clockwork.known_pauses(min((c["made_at"] for c in clocks), default=now), ids)
    changed: list[dict[str, Any]] = []
    reminders: list[Notice] = []
    buyers: list[buyer_telling.Reminded] = []
    moves: list[Move] = []
    misses: list[dict[str, Any]] = []
    for clock in clocks:
        case = cases[clock["case_id"]]
        workflow = workflows[case["workflow_id"]]
        subject = clockwork.subject_of(case, parties[clock["case_id"]])
        shown = _judged_again(clock, workflow, subject, known)
        if shown["due_at"] is None or shown["due_at"] > now:
            if _keep(shown, clock, case, workflow, subject, known, now, reminders):
                key = f"{clock['id']}/{shown['reminded']}"
                buyers.append(buyer_telling.Reminded(key, case, workflow, parties[clock["case_id"]], shown["due_at"]))
            changed.append(shown)
        elif clock["platform"] and clock["round"] < _LAST_ROUND:
            misses.append({**clock, "case": case, "workflow": workflow, "subject": subject})
        else:
            moves.append(_silence(clock, case, workflow))
    clockwork.change(changed)
    notify(reminders, mail=not quiet)
    if not quiet:
        buyer_telling.remind(buyers, now)
    moves = _where_conditions_hold(moves, cases, workflows, now)
    machine.transition(
        moves, at=now, ended_as={move.case_id: ClockState.MISSED for move in moves}, quiet=quiet
    )  # fmt: skip
    _missed(misses, known, now, quiet=quiet)


def _due(ids: Sequence[str], now: datetime) -> list[dict[str, Any]]:
    rows = query(
        f"SELECT {_COLUMNS} FROM case_deadline WHERE case_id = ANY(%s::text[]) AND wake_at <= %s ORDER BY case_id",
        [list(ids), now],
    )
    return [dict(zip(_COLUMNS.split(", "), row, strict=True)) for row in rows]


def _judged_again(
    clock: Mapping[str, Any], workflow: Workflow, subject: Subject, known: Sequence[KnownPause]
) -> dict[str, Any]:
    """What the clock shows by all that is known now. One that waited too long for its event starts here."""
    data = workflow.states[clock["state_name"]].clock
    assert data is not None
    start = clock["wake_at"] if clock["state"] == ClockState.WAITING else clock["started_at"]
    return {**clock, **clockwork.running(subject, data, clock, start, known)}


def _keep(
    shown: dict[str, Any], clock: Mapping[str, Any], case: Mapping[str, Any], workflow: Workflow, subject: Subject,
    known: Sequence[KnownPause], now: datetime, reminders: list[Notice],
) -> bool:  # fmt: skip
    """Reminds, once whatever number of reminders was slept through, and sets when to look again; returns whether the
    buyer is to be reminded."""
    owner = workflow.states[clock["state_name"]].clock
    assert owner is not None
    calendar, pauses = subject.calendar(owner.of), subject.pauses(owner.of, known)
    passed = shown["reminded"]
    while shown["wake_at"] is not None and shown["wake_at"] <= now and passed < len(REMINDERS_PERCENT):
        passed += 1
        shown["wake_at"] = clockwork.next_look(
            read_term(clock["term"]), shown["started_at"], shown["due_at"], calendar, pauses, passed
        )  # fmt: skip
    if passed > shown["reminded"] and clock["owner"] == Role.SELLER:
        reminders.append(
            Notice(
                f"{clock['id']}/{passed}", "case.reminder",
                {
                    "case": clock["case_id"], "kind": dict(workflow.title), "due_at": shown["due_at"],
                    "percent": REMINDERS_PERCENT[passed - 1],
                },
                now, seller_key=case["seller_key"], url=telling.url_of(case["kind"], clock["case_id"]),
            )
        )  # fmt: skip
    due = passed > shown["reminded"] and shown["due_at"] is not None
    shown["reminded"] = passed
    return due and Role.BUYER in workflow.states[clock["state_name"]].acts


def _silence(clock: Mapping[str, Any], case: Mapping[str, Any], workflow: Workflow) -> Move:
    state = workflow.states[case["state"]]
    assert state.silence is not None
    facts = {"missed": clock["key"], "due_at": clock["due_at"].isoformat(), "deadline": clock["id"]}
    return Move(clock["case_id"], state.silence.do or BACKSTOP, ENGINE_ACTOR, Role.ENGINE, facts=facts)


def _where_conditions_hold(
    moves: Sequence[Move], cases: Mapping[str, Mapping[str, Any]], workflows: Mapping[str, Workflow], now: datetime
) -> list[Move]:  # fmt: skip
    """A silence that a preset chose gives way to the workflow's own where a condition of its step does not hold."""
    own: dict[str, str] = {}
    for move in moves:
        case = cases[move.case_id]
        state = workflows[case["workflow_id"]].states[case["state"]]
        if state.silence is not None and state.silence.otherwise and state.moves[move.name].guards:
            own[move.case_id] = state.silence.otherwise
    barred = machine.barred([move for move in moves if move.case_id in own], at=now) if own else set()
    return [
        replace(move, name=own[move.case_id], facts={**move.facts, "barred": move.name})
        if move.case_id in barred
        else move
        for move in moves
    ]


def _missed(
    misses: Sequence[Mapping[str, Any]], known: Sequence[KnownPause], now: datetime, *, quiet: bool
) -> None:  # fmt: skip
    """The platform's first miss: counted, written into the history, told to the leads and to the shop's systems, and
    the same term once more. The second is the backstop."""
    if not misses:
        return
    clockwork.end({miss["case_id"]: ClockState.MISSED for miss in misses}, now)
    fresh = []
    for miss in misses:
        state = miss["workflow"].states[miss["state_name"]]
        row = clockwork.made(miss["subject"], state, now, known, clock_round=_LAST_ROUND)
        assert row is not None
        fresh.append(row)
    clockwork.store(fresh)
    writing.missed([(miss, miss["case"], new_id("stp")) for miss in misses], now)
    leads = User.objects.filter(staff_role__in=[StaffRole.LEAD, StaffRole.ADMINISTRATOR], is_active=True)
    people = list(leads.order_by("id").values_list("id", flat=True)[:50])
    notify([
        Notice(
            f"{miss['id']}/missed/{person}", "case.platform_missed",
            {
                "case": miss["case_id"], "kind": dict(miss["workflow"].title), "due_at": miss["due_at"],
                "until": row["due_at"] or miss["due_at"],
            },
            now, person=person,
        )
        for miss, row in zip(misses, fresh, strict=True)
        for person in people
    ], mail=not quiet)  # fmt: skip
    if quiet:
        return
    publish([
        Message(
            f"{miss['id']}/missed", MessageKind.CASE_PLATFORM_MISSED,
            {"case": miss["case_id"], "kind": miss["case"]["kind"], "clock": miss["key"], "due_at": miss["due_at"],
             "round": miss["round"]},
            now, seller_key=miss["case"]["seller_key"],
        )
        for miss in misses
    ])  # fmt: skip
