"""Where a case stands for each party, told from its state alone."""

from __future__ import annotations

from collections.abc import Set

from safeconduct.kernel.cases.words import Role, Status, Turn
from safeconduct.kernel.cases.workflow import State, Workflow


def turn(workflow: Workflow, state: State, role: Role, done: Set[Role]) -> Turn:
    """Where a case stands for one party."""
    if state.ends:
        return Turn.CLOSED
    if state.status is Status.DECIDED and any(role in move.by for move in state.moves.values()):
        return Turn.CAN_APPEAL
    if role in state.acts and role not in done:
        return Turn.MINE
    if any(other in workflow.parties and other is not role and other not in done for other in state.acts):
        return Turn.THEIRS
    return Turn.UNDER_REVIEW
