"""A step on a case: as somebody takes it, and as it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from safeconduct.kernel.cases.outcomes import Confirmed, Outcome
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.cases.workflow import State, Transition, Workflow
from safeconduct.kernel.scope import Actor


@dataclass(frozen=True, slots=True)
class Move:
    """A step that somebody takes on a case. ``actor.why``: their words, which all parties read. ``seen_step``: the
    number of the step they saw last; with it, a case that has moved on since is not moved by mistake.
    ``facts``: what the step knows beside (ids, numbers), kept in the history. ``confirmed``: of `second_person`, that
    somebody else has confirmed this decision, which was proposed before."""

    case_id: str
    name: str
    actor: Actor
    role: Role
    outcome: Outcome | None = None
    seen_step: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    confirmed: Confirmed | None = None


@dataclass(slots=True)
class Moved:
    """A step as it is taken: what conditions are asked about and effects are given. ``case``: the row before it.
    ``changed``: the state is another; not so while the other side still has its part to do. ``outcome``: the one made
    by this step, else the one that stands, as a row; None before any. ``quiet``: it is of history, and mails nobody.
    ``proposal``: the decision needs a second person, and was stored under this id; the step is not taken yet."""

    case: dict[str, Any]
    parties: list[dict[str, Any]]
    workflow: Workflow
    move: Move
    step: Transition
    source: State
    target: State
    changed: bool
    step_id: str
    outcome: dict[str, Any] | None = None
    new_outcome: bool = False
    clock: dict[str, Any] | None = None
    done: set[Role] = field(default_factory=set)
    quiet: bool = False
    proposal: str = ""

    @property
    def case_id(self) -> str:
        """The case's id."""
        return str(self.case["id"])

    @property
    def key(self) -> str:
        """A key for what this step sets going, such as ledger entries: the same when it is tried again."""
        return f"case/{self.case['id']}/{self.case['step'] + 1}"
