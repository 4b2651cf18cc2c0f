"""The one place where a case changes its state.

`transition` takes a batch of steps, one a case: locks the cases in the order of their ids, checks each step against the
workflow its case was opened with, writes history, outcome, parties' turns, clocks, leaves of the record, notices and
messages, and has the money moved, all in the open transaction. Nobody else writes `state`; a trigger refuses a state
without its step. **Order of locks: the case, then everything of it.** Runs in an engine or a staff scope.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from safeconduct.foundation.ids import new_id
from safeconduct.kernel import locks
from safeconduct.kernel.cases import (
    buyer_telling,
    choosing,
    clockwork,
    outcomes,
    proposals,
    publishing,
    redress,
    telling,
    writing,
)
from safeconduct.kernel.cases.errors import (
    CaseMalformed,
    ChangedMeanwhile,
    GuardRefused,
    NoSuchCase,
    NotPossible,
    SeatTaken,
)
from safeconduct.kernel.cases.kinds import kind_of
from safeconduct.kernel.cases.moves import Move, Moved
from safeconduct.kernel.cases.words import SEATS, ClockState, Role, Visibility
from safeconduct.kernel.cases.workflow import NO_MONEY, OUTSIDE, Transition, Workflow
from safeconduct.kernel.scope import query, savepoint

MOST_AT_ONCE: Final = 1_000
_LONGEST_WORDS: Final = 4_000
_SHORTEST_WORDS: Final = 3


def transition(
    moves: Sequence[Move], *, at: datetime, ended_as: Mapping[str, ClockState] | None = None, quiet: bool = False
) -> list[Moved]:
    """Takes these steps, all of them or (raising) none once the scope ends.

    A decision above its workflow's amount is not taken: it is stored for a second person, and `Moved.proposal` says so.
    ``ended_as``: how the sweeper says the clocks ended. ``quiet``: nobody is mailed, for history that is imported or
    replayed. Raises NoSuchCase, NotPossible, ChangedMeanwhile,
    CaseMalformed, SeatTaken, GuardRefused.
    """
    if not moves:
        return []
    ids = [move.case_id for move in moves]
    if len(set(ids)) != len(ids) or len(ids) > MOST_AT_ONCE:
        raise CaseMalformed("moves", f"one step for each case, and at most {MOST_AT_ONCE} cases at once")
    cases = locked(ids)
    parties = parties_of(ids)
    workflows = publishing.by_id([case["workflow_id"] for case in cases.values()])
    standing = writing.outcomes_of([case["outcome_id"] for case in cases.values() if case["outcome_id"]])
    seats = writing.seats_of([move.case_id for move in moves if move.role in SEATS])
    exhibits = writing.exhibits_of([move.case_id for move in moves])
    moved = []
    for move in moves:
        case = cases.get(move.case_id)
        if case is None:
            raise NoSuchCase(move.case_id)
        one = _planned(case, parties[move.case_id], workflows[case["workflow_id"]], move)
        one.outcome = standing.get(case["outcome_id"] or "")
        _check_person(one, seats.get(move.case_id, {}))
        _check_needs(one, exhibits.get(move.case_id, {}))
        moved.append(one)
    _check_guards(moved, at)
    waiting = [one for one in moved if one.move.confirmed is None and proposals.exceeded(one) is not None]
    proposals.propose(waiting, at)
    finish([one for one in moved if not one.proposal], at, ended_as or {}, quiet=quiet)
    return moved


def transition_each(moves: Sequence[Move], *, at: datetime) -> list[Moved]:
    """For sweepers: takes these steps together or, where one of them cannot be taken, each alone; returns those taken.

    So one broken case stops no other. It stays as it was, is written down, and is tried again with the next sweep.
    """
    try:
        with savepoint():
            return transition(moves, at=at)
    except Exception:
        taken: list[Moved] = []
        for move in moves:
            try:
                with savepoint():
                    taken += transition([move], at=at)
            except Exception as problem:
                sys.stderr.write(f"case {move.case_id}: {type(problem).__name__}; {move.name} will be tried again\n")
        return taken


def barred(moves: Sequence[Move], *, at: datetime) -> set[str]:
    """Cases in which a condition of their step does not hold, so that it cannot be taken. Locks them."""
    ids = [move.case_id for move in moves]
    cases, parties = locked(ids), parties_of(ids)
    workflows = publishing.by_id([case["workflow_id"] for case in cases.values()])
    moved = [
        _planned(cases[move.case_id], parties[move.case_id], workflows[cases[move.case_id]["workflow_id"]], move)
        for move in moves
    ]
    return {case_id for _guard, refused in _refused(moved, at) for case_id in refused}


def finish(
    moved: Sequence[Moved], at: datetime, ended_as: Mapping[str, ClockState], *, quiet: bool = False
) -> None:  # fmt: skip
    """Writes what was planned, then moves the money. Also the end of opening."""
    if not moved:
        return
    known = clockwork.known_pauses(at, [one.case_id for one in moved])
    for one in moved:
        one.quiet = quiet
        if one.changed:
            subject = clockwork.subject_of(one.case, one.parties)
            one.clock = clockwork.made(subject, one.target, at, known)
        _decide(one, at)
    redress.name([one for one in moved if one.new_outcome], at)
    clockwork.end({one.case_id: ended_as.get(one.case_id, _how_met(one)) for one in moved if one.changed}, at)
    writing.steps(moved, at)
    clockwork.store([one.clock for one in moved if one.clock is not None])
    proposals.close(moved, at)
    writing.followed([one for one in moved if one.step.name == OUTSIDE], at)
    chosen_from = [one for one in moved if one.new_outcome and one.step.name != OUTSIDE]
    choosing.choose([one.outcome for one in chosen_from if one.outcome is not None], at)
    telling.tell(moved, at, quiet=quiet)
    if not quiet:
        buyer_telling.tell(moved, at)
    _effects(moved, at)


def locked(ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The rows of cases, locked in the order of their ids."""
    rows = query(
        f"SELECT {writing.CASE_COLUMNS} FROM case_file WHERE id = ANY(%s::text[]) ORDER BY id FOR UPDATE", [list(ids)]
    )
    names = writing.CASE_COLUMNS.split(", ")
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def parties_of(ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Case → its parties, by role."""
    found: dict[str, list[dict[str, Any]]] = {case_id: [] for case_id in ids}
    for case_id, role, key, zone, country, language, done in query(
        "SELECT case_id, role, key, zone, country, language, done FROM case_party WHERE case_id = ANY(%s::text[])"
        " ORDER BY case_id, role",
        [list(ids)],
    ):
        found[case_id].append(
            {"role": role, "key": key, "zone": zone, "country": country, "language": language, "done": done}
        )
    return found


def possible(workflow: Workflow, state: str, role: Role) -> list[Transition]:
    """The steps a role can take in a state."""
    return [move for move in workflow.states[state].moves.values() if role in move.by]


def _planned(case: dict[str, Any], parties: list[dict[str, Any]], workflow: Workflow, move: Move) -> Moved:
    step = workflow.step(case["state"], move.name)
    source = workflow.states[case["state"]]
    if step is None or move.role not in step.by:
        names = [one.name for one in possible(workflow, case["state"], move.role)]
        raise NotPossible(move.case_id, case["state"], move.name, names)
    if move.seen_step is not None and move.seen_step != case["step"]:
        raise ChangedMeanwhile(move.case_id)
    done = {Role(party["role"]) for party in parties if party["done"]}
    if step.each:
        if move.role in done:
            raise NotPossible(move.case_id, case["state"], move.name, [])
        done.add(move.role)
    changed = not step.each or set(step.by) <= done
    target = workflow.states[step.to] if changed else source
    return Moved(
        case, parties, workflow, move, step, source, target, changed, new_id("stp"), done=set() if changed else done
    )  # fmt: skip


def _check_person(one: Moved, seats: Mapping[str, str]) -> None:
    # Who proposed a decision had the seat then, and it is theirs although somebody else may have the seat by now.
    if one.move.confirmed is None and one.move.role in SEATS and seats.get(one.move.actor.id) != one.move.role:
        raise SeatTaken(
            _("only who has been made %(role)s of case %(id)s takes this step")
            % {"role": one.move.role, "id": one.case_id}
        )


def _check_needs(one: Moved, exhibits: Mapping[str, tuple[str, str]]) -> None:
    words = one.move.actor.why.strip()
    if "words" in one.step.needs and len(words) < _SHORTEST_WORDS:
        raise CaseMalformed("why", _("say it in words; the other side reads them"))
    if len(words) > _LONGEST_WORDS:
        raise CaseMalformed("why", _("is longer than %(n)s characters") % {"n": _LONGEST_WORDS})
    if "evidence" in one.step.needs and all(role != one.move.role for role, _ in exhibits.values()):
        raise CaseMalformed("evidence", _("bring at least one piece of evidence first"))
    given = one.move.outcome
    if ("outcome" in one.step.needs) != (given is not None):
        none = _("is none that %(step)s can have") % {"step": one.step.name}
        raise CaseMalformed("outcome", _("is missing") if given is None else none)
    if given is not None:
        given.check()
        strangers = sorted(set(given.considered) - exhibits.keys())
        if strangers:
            raise CaseMalformed(
                "considered", _("%(names)s is no evidence of this case") % {"names": ", ".join(strangers)}
            )
        seen = [exhibits[key][1] for key in given.considered]
        if seen and all(visibility == Visibility.ADJUDICATOR for visibility in seen):
            raise CaseMalformed("considered", _("no party has seen any of it; an outcome rests on more than that"))
        if given.automated and one.move.role in SEATS:
            raise CaseMalformed("automated", f"the {one.move.role} is a person")


def _check_guards(moved: Sequence[Moved], at: datetime) -> None:
    for guard, refused in _refused(moved, at):
        for case_id, problem in sorted(refused.items()):
            raise GuardRefused(case_id, guard, problem)


def _refused(moved: Sequence[Moved], at: datetime) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Guard → case → why its condition does not hold; each guard is asked once for all cases of a kind."""
    groups: dict[tuple[str, str], list[Moved]] = {}
    for one in moved:
        for guard in one.step.guards:
            groups.setdefault((one.case["kind"], guard), []).append(one)
    for (kind, guard), asked in groups.items():
        yield guard, kind_of(kind).guards[guard](asked, at)


def _decide(one: Moved, at: datetime) -> None:
    """The outcome that comes with a step, as a row: a person's, or the one the workflow gives this ending."""
    given = one.move.outcome
    if given is None and one.step.ending is not None and one.changed:
        given = outcomes.of_ending(
            one.step.ending, one.workflow, one.step.name, one.case["amount_minor"], one.case["currency"]
        )  # fmt: skip
        given.check()
    if given is None:
        return
    person = (one.move.actor.id, one.move.role.value) if one.move.role in SEATS else None
    final = one.target.ends
    until = None if final or one.clock is None else one.clock["due_at"]
    one.outcome = outcomes.row(
        given, one.case_id, one.case["seller_key"], person, until, final, one.outcome, at, one.move.confirmed
    )
    one.new_outcome = True


def _how_met(one: Moved) -> ClockState:
    return ClockState.MET if one.move.role in one.source.acts else ClockState.LAPSED


def _effects(moved: Sequence[Moved], at: datetime) -> None:
    groups: dict[tuple[str, str], list[Moved]] = {}
    for one in moved:
        if one.changed and one.step.money != NO_MONEY:
            groups.setdefault((one.case["kind"], one.step.money), []).append(one)
    moving = [one for asked in groups.values() for one in asked]
    orders = {one.case["order_key"] for one in moving if one.case["order_key"] is not None}
    if len(orders) > 1:  # each effect locks its own money, and a later one may need an earlier place in the order
        locks.money_of(orders, {one.case["seller_key"] for one in moving})
    for (kind, money), asked in groups.items():
        kind_of(kind).effects[money](asked, at)
    after: dict[str, list[Moved]] = {}
    for one in moved:
        after.setdefault(one.case["kind"], []).append(one)
    for kind, asked in after.items():
        told: Callable[[Sequence[Moved], datetime], None] | None = kind_of(kind).after
        if told is not None:
            told(asked, at)
