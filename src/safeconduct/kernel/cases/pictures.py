"""A workflow drawn from the same data: Mermaid for documents, a stepper for pages, the enumeration for the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from safeconduct.kernel.cases.words import Status
from safeconduct.kernel.cases.workflow import NO_MONEY, Sentence, State, Transition, Workflow


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of the stepper. ``state``: "done", "now" or "to_come"."""

    name: str
    title: Sentence
    state: str


def mermaid(workflow: Workflow, language: str = "en") -> str:
    """The diagram of a workflow: states with who acts and until when, steps with who takes them, silence dashed off.
    *and a second person*: above the workflow's amounts."""
    lines = ["stateDiagram-v2", f"    [*] --> {workflow.start}"]
    for state in workflow.states.values():
        lines.append(f"    {state.name}: {_label(state, language)}")
    for state in workflow.states.values():
        for move in state.moves.values():
            lines.append(f"    {state.name} --> {move.to}: {_step(workflow, state, move)}")
    if workflow.backstop is not None:
        for state in workflow.states.values():
            if state.of_platform:
                lines.append(f"    {state.name} --> {workflow.backstop.to}: backstop (platform silent twice)")
    lines += [f"    {state.name} --> [*]" for state in workflow.states.values() if state.ends]
    return "\n".join(lines) + "\n"


def stepper(workflow: Workflow, current: str, visited: Sequence[str]) -> list[Stop]:
    """The stops of a case: where it has been, where it is, and the usual way from here to an end.

    ``visited``: the states of its history in order, without the present one.
    """
    before = [name for name in dict.fromkeys(visited) if name != current]
    stops = [Stop(name, workflow.states[name].title, "done") for name in before]
    stops.append(Stop(current, workflow.states[current].title, "now"))
    return stops + [Stop(name, workflow.states[name].title, "to_come") for name in _way(workflow, current)]


def enumeration(workflow: Workflow) -> dict[str, Any]:
    """A workflow as the API tells it: states with their status, who acts, the term, and the steps of each."""
    return {
        "workflow": workflow.name, "version": workflow.version, "start": workflow.start,
        "second_person_above": None if workflow.second_above is None else dict(workflow.second_above),
        "states": [
            {
                "state": state.name, "title": dict(state.title), "status": state.status.value,
                "acts": [role.value for role in state.acts],
                "term": None if state.clock is None else str(state.clock.term),
                "steps": [
                    {"step": move.name, "title": dict(move.title), "by": [role.value for role in move.by],
                     "to": move.to, "money": move.money, "needs": sorted(move.needs)}
                    for move in state.moves.values()
                ],
            }
            for state in workflow.states.values()
        ],
    }  # fmt: skip


def _label(state: State, language: str) -> str:
    parts = [state.title[language]]
    if state.acts:
        parts.append("+".join(state.acts))
    if state.clock is not None:
        parts.append(str(state.clock.term))
    return " · ".join(parts).replace(":", "")


def _step(workflow: Workflow, state: State, move: Transition) -> str:
    silent = " (on silence)" if state.silence is not None and state.silence.do == move.name else ""
    second = " and a second person" if workflow.second_above is not None and move in workflow.decisions else ""
    money = "" if move.money == NO_MONEY else f" / {move.money}"
    return f"{move.name} by {'+'.join(move.by)}{second}{silent}{money}"


def _way(workflow: Workflow, current: str) -> list[str]:
    """The usual way on: each state's first step, which a workflow names first because it is the usual one; what is
    decided goes straight to its end."""
    way: list[str] = []
    state = workflow.states[current]
    while state.moves:
        to = [workflow.states[move.to] for move in state.moves.values()]
        state = next((one for one in to if one.ends), to[0]) if state.status is Status.DECIDED else to[0]
        if state.name in way or state.name == current:
            break
        way.append(state.name)
    return way
