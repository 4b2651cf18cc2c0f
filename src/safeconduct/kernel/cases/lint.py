"""What is wrong with a workflow beyond its form. Nothing is published that this refuses.

It refuses dead ends; states without someone who acts, a clock or a silence; silence that loses for the seller unless a
preset says so; clocks of the platform without the backstop; steps that do not say what they do to money; decisions
that do not say above which amounts a second person confirms them; and terms below what law fixes.

    python -m safeconduct.kernel.cases.lint      every workflow and preset that is shipped
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from safeconduct.kernel.cases import floors
from safeconduct.kernel.cases.errors import WorkflowRefused
from safeconduct.kernel.cases.reading import Preset, read_preset, read_workflow
from safeconduct.kernel.cases.words import DECIDERS, PARTIES, PLATFORM, Role, Status
from safeconduct.kernel.cases.workflow import State, Transition, Workflow, is_against_the_seller

_PACKAGE: Final = Path(__file__).resolve().parents[2]


def lint(workflow: Workflow, *, preset: Preset | None = None, on: date | None = None) -> list[str]:
    """Everything that is wrong, one sentence each; empty where it can be published.

    ``workflow`` has the preset's numbers in it already. ``on``: the day for which floors are asked; None for every
    day, so that a law that is yet to come speaks up in time.
    """
    found = list(_whole(workflow))
    if found:
        return found
    for state in workflow.states.values():
        found += _state(workflow, state)
        for move in state.moves.values():
            found += _move(workflow, state, move)
    if not found:
        found += _paths(workflow)
        found += _silences(workflow, preset)
        found += _floors(workflow, on)
    return found


def checked(text: str, preset: Preset | None = None, *, on: date | None = None) -> Workflow:
    """The workflow of a text with a preset. Raises WorkflowRefused with all that is wrong."""
    workflow = read_workflow(text, preset)
    found = lint(workflow, preset=preset, on=on)
    if found:
        raise WorkflowRefused(workflow.name, found)
    return workflow


def _whole(workflow: Workflow) -> Iterator[str]:
    if workflow.start not in workflow.states:
        yield f"it starts in {workflow.start}, which is no state"
    if not any(state.ends for state in workflow.states.values()):
        yield "it has no end; give a state the status closed"
    if Role.SELLER not in workflow.parties:
        yield "the seller is no party of it"
    for _, move in workflow.transitions():
        if move.to not in workflow.states:
            yield f"{move.name} leads to {move.to}, which is no state"
    needs_backstop = [state.name for state in workflow.states.values() if state.of_platform]
    if needs_backstop and workflow.backstop is None:
        yield (
            f"the platform acts in {', '.join(needs_backstop)}, and there is no backstop for when it misses its own"
            " clock twice"
        )
    if workflow.decisions and not workflow.says_second:
        yield (
            f"somebody decides in {workflow.decisions[0].name}; say above which amounts a second person confirms it,"
            " such as `second_person_above: [1000 USD, 900 EUR]`, or `never`"
        )
    if workflow.says_second and not workflow.decisions:
        yield "second_person_above has nothing to confirm: nobody in a seat decides here"
    if workflow.backstop is not None and workflow.backstop.to in workflow.states:
        if not workflow.states[workflow.backstop.to].ends or workflow.backstop.ending is None:
            yield "the backstop must end the case, with an ending that says what the buyer gets and who pays"
        elif is_against_the_seller(workflow.backstop.ending):
            yield "the backstop may not cost the seller anything: the platform missed its own clock"


def _state(workflow: Workflow, state: State) -> Iterator[str]:
    where = f"state {state.name}"
    if state.ends:
        if state.acts or state.moves or state.clock or state.silence:
            yield f"{where} is closed, but has someone who acts, a clock or steps"
        return
    if not state.acts:
        yield f"{where} has nobody who acts"
    if state.clock is None:
        yield f"{where} has no clock; a state without a deadline can last for ever"
    elif state.clock.starts_on and state.clock.else_after is None:
        yield f"{where}: its clock waits for {state.clock.starts_on}; say else_after, for when that never comes"
    elif state.clock.extensions and state.clock.extension is None:
        yield f"{where}: its clock can be extended, but not by how much; say extension"
    if state.silence is None:
        yield f"{where} does not say what happens on silence"
    elif state.silence.do is None and not state.of_platform:
        yield f"{where}: only the platform's own silence escalates; say which step a party's silence does"
    elif state.silence.do is not None and state.of_platform:
        yield f"{where}: the platform's silence decides nothing; say `silence: escalate`"
    if not state.moves:
        yield f"{where} is a dead end: it has no step"
    strangers = [role for role in state.acts if role in PARTIES and role not in workflow.parties]
    if strangers:
        yield f"{where}: {', '.join(strangers)} acts, but is no party"
    if any(role in PARTIES for role in state.acts) and any(role in PLATFORM for role in state.acts):
        yield f"{where}: a party and the platform cannot both be the one who acts; make it two states"


def _move(workflow: Workflow, state: State, move: Transition) -> Iterator[str]:
    where = f"step {move.name} of {state.name}"
    if not move.by:
        yield f"{where}: nobody can take it"
    if move.to in workflow.states and workflow.states[move.to].ends:
        # In a decided state an outcome stands already.
        if move.ending is None and "outcome" not in move.needs and state.status is not Status.DECIDED:
            yield f"{where} ends the case without an outcome; say `needs: [outcome]`, or give it an ending"
    if move.ending is not None and "outcome" in move.needs:
        yield f"{where} has an ending and needs an outcome; it can have one of both"
    if move.each and len(move.by) < 2:
        yield f"{where}: `each` needs at least two roles"
    if "outcome" in move.needs and not set(move.by) <= DECIDERS:
        yield f"{where}: only {', '.join(sorted(DECIDERS))} decide; a party can accept an ending"
    decides = move.ending is not None or "outcome" in move.needs
    if workflow.states[move.to].status is Status.DECIDED and not decides and state.status is not Status.DECIDED:
        yield f"{where} leads to {move.to}, which is decided, without an outcome"
    if "outcome" in move.needs:
        if workflow.states[move.to].status not in (Status.DECIDED, Status.CLOSED):
            yield f"{where} decides, but {move.to} is neither decided nor closed"
    if is_against_the_seller(move.ending) and set(move.by) != {Role.SELLER} and workflow.states[move.to].ends:
        yield f"{where} costs the seller and ends the case at once; lead it to a decided state, to be appealed"


def _paths(workflow: Workflow) -> Iterator[str]:
    steps: dict[str, set[str]] = {name: set() for name in workflow.states}
    for state, move in workflow.transitions():
        steps[state.name].add(move.to)
    reached, todo = {workflow.start}, [workflow.start]
    while todo:
        for to in steps[todo.pop()] - reached:
            reached.add(to)
            todo.append(to)
    for name in sorted(workflow.states.keys() - reached):
        yield f"state {name} is never reached"
    ending = {state.name for state in workflow.states.values() if state.ends}
    while grown := {name for name, to in steps.items() if name not in ending and to & ending}:
        ending |= grown
    for name in sorted(reached - ending):
        yield f"from state {name} no end is reached"


def _silences(workflow: Workflow, preset: Preset | None) -> Iterator[str]:
    for state in workflow.states.values():
        if state.silence is None or state.silence.do is None:
            continue
        for name in filter(None, (state.silence.do, state.silence.instead, state.silence.otherwise)):
            move = state.moves.get(name)
            if move is None or Role.ENGINE not in move.by:
                yield f"state {state.name}: on silence {name} is done, which is no step of the engine there"
            elif "outcome" in move.needs:
                yield f"state {state.name}: silence cannot decide; {name} needs an ending, or leads to a person"
        chosen = preset is not None and bool(state.silence.preset) and state.silence.preset in preset.silence
        if Role.SELLER in state.acts and not chosen and _loses(workflow, state):
            yield (
                f"state {state.name}: the seller's silence loses, and no preset says so; lead it to a person, and give"
                " the losing step as `instead` with the name of a preset's choice"
            )
        if not _ends_by_silence(workflow, state):
            yield f"state {state.name}: silence goes round in a circle and never comes to an end or to the platform"


def _loses(workflow: Workflow, state: State) -> bool:
    """Whether silence alone, from here until the platform or the end, comes to a loss of the seller."""
    return any(is_against_the_seller(move.ending) for move in _silent_steps(workflow, state))


def _ends_by_silence(workflow: Workflow, state: State) -> bool:
    last = workflow.states[state.name]
    for move in _silent_steps(workflow, state):
        last = workflow.states[move.to]
    return last.ends or last.of_platform


def _silent_steps(workflow: Workflow, state: State) -> list[Transition]:
    steps: list[Transition] = []
    seen: set[str] = set()
    while state.silence is not None and state.silence.do is not None and state.name not in seen:
        seen.add(state.name)
        move = state.moves.get(state.silence.do)
        if move is None:
            break
        steps.append(move)
        state = workflow.states[move.to]
    return steps


def _floors(workflow: Workflow, on: date | None) -> Iterator[str]:
    known = {floor.what for floor in floors.floors()}
    for state in workflow.states.values():
        if state.clock is not None and state.clock.floor:
            if state.clock.floor not in known:
                yield f"state {state.name}: there is no floor {state.clock.floor}, but {', '.join(sorted(known))}"
            for floor in _in_force(state.clock.floor, workflow, on):
                if floors.breaks(state.clock.term, floor):
                    bound = f"at least {floor.least}" if floor.least else f"at most {floor.most}"
                    yield f"state {state.name}: {state.clock.term} breaks the floor {bound} ({floor.source})"
    for state, move in workflow.transitions():
        if Role.ENGINE in move.by or any(role in PLATFORM for role in move.by):
            for floor in floors.floors():
                if floor.forbids in move.does and floor.acts and floor.forbids and floor.can_hold_in(workflow.markets):
                    yield f"step {move.name} of {state.name}: {floor.forbids} is forbidden ({floor.source})"


def _in_force(what: str, workflow: Workflow, on: date | None) -> list[floors.Floor]:
    return [
        floor
        for floor in floors.floors()
        if floor.what == what and floor.acts and (floor.least or floor.most) and floor.can_hold_in(workflow.markets)
        and (on is None or (floor.since <= on and (floor.until is None or on < floor.until)))
    ]  # fmt: skip


def shipped(package: Path = _PACKAGE) -> tuple[list[Path], list[Path]]:
    """The files of workflows (`workflow*.yaml` of a protection) and of their presets (`presets/cases*.yaml`)."""
    return (
        sorted(package.glob("protections/*/workflow*.yaml")),
        sorted(package.glob("protections/*/presets/cases*.yaml")),
    )


def _presets_of(workflow: Path) -> str:
    """How names of its presets begin: `cases` of workflow.yaml, `cases-refund` of workflow-refund.yaml."""
    return workflow.stem.replace("workflow", "cases", 1)


def findings(files: Sequence[Path] = ()) -> list[tuple[str, str]]:
    """What is wrong with these workflows, or with all that are shipped and their presets: (name of the file, and of the
    preset, if any; what is wrong)."""
    workflows, presets = (files, []) if files else shipped()
    found: list[tuple[str, str]] = []
    for file in workflows:
        text = file.read_text(encoding="utf-8")
        mine = [p for p in presets if p.parent.parent == file.parent and p.name.startswith(_presets_of(file))]
        for preset in (None, *mine):
            name = file.name if preset is None else f"{file.name} with {preset.name}"
            try:
                checked(text, None if preset is None else read_preset(preset.read_text(encoding="utf-8")))
            except WorkflowRefused as refused:
                found += [(name, finding) for finding in refused.findings]
    return found


def main(arguments: Sequence[str]) -> int:
    """The command: lints the files that are named, or all that are shipped; returns the exit code."""
    found = findings([Path(name) for name in arguments])
    for name, finding in found:
        sys.stdout.write(f"{name}: {finding}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
