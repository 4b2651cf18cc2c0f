"""What protections do in the transaction that decides: the engine knows them only by this.

The settings name the modules of the protections that are built (``PROTECTIONS``). What a protection does about a batch
commits with its decisions or not at all; a protection that fails fails the batch, whose events are then tried alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from typing import Any, Protocol

from django.conf import settings

from safeconduct.kernel import locks
from safeconduct.kernel.decisions.models import DecisionKind


class Decided(Protocol):
    """A decision as a protection sees it, made by the engine or by a person."""

    id: str
    moment: int
    policy: str
    kind: Any
    action: Any
    seller_key: int | None
    order_key: int | None
    amount_minor: int | None
    reasons: dict[str, Any]


Act = Callable[[Sequence[dict[str, Any]], Sequence[Decided], datetime | None], None]
Sweep = Callable[[datetime], int]
CasesOf = Callable[[Sequence[dict[str, Any]]], Collection[int]]


class Reaction(Protocol):
    """What the engine needs of a protection; `kernel.protection.Protection` says what each part means."""

    @property
    def event_types(self) -> frozenset[str]: ...
    @property
    def act(self) -> Act | None: ...
    @property
    def sweep(self) -> Sweep | None: ...
    @property
    def cases_of(self) -> CasesOf | None: ...


@lru_cache(maxsize=1)
def reactions() -> tuple[Reaction, ...]:
    """The protections that are built, in the order of the settings."""
    return tuple(import_module(path).PROTECTION for path in settings.PROTECTIONS)


@lru_cache(maxsize=1)
def event_types() -> frozenset[str]:
    """Events that some protection acts on, whether or not a policy is about them."""
    return frozenset(name for reaction in reactions() for name in reaction.event_types)


def react(rows: Sequence[dict[str, Any]], made: Sequence[Decided], at: datetime | None) -> None:
    """Lets every protection act on a batch's events and on the decisions about them that count.

    ``at``: the time to stamp with; None where each event's own time does, in a world that is replayed. The cases that
    any of them will touch are locked before the first acts, because the first already locks money (`kernel.locks`).
    """
    orders = {order for one in reactions() if one.cases_of is not None for order in one.cases_of(rows)}
    if orders:
        locks.cases_of(orders)
    standing = [decision for decision in made if decision.kind != DecisionKind.SHADOW]
    for reaction in reactions():
        if reaction.act is not None:
            reaction.act(rows, standing, at)


def sweep(now: datetime) -> int:
    """Does what has come due by ``now`` in every protection, each in transactions of its own. Returns how much.

    One that fails stops no other; its problem is raised when all have had their turn.
    """
    total, problem = 0, None
    for reaction in reactions():
        if reaction.sweep is not None:
            try:
                total += reaction.sweep(now)
            except Exception as raised:
                problem = problem or raised
    if problem is not None:
        raise problem
    return total
