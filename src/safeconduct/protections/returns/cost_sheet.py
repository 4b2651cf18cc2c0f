"""Freight and duty of a return as its pages show them: how much, who paid, who bears it, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from safeconduct.kernel.cases.words import Role
from safeconduct.protections.returns import portal_words as words
from safeconduct.protections.returns.bearing import Borne, Place, comes_back, events, goes_to_buyer
from safeconduct.protections.returns.costs import borne
from safeconduct.protections.returns.models import Return, ReturnCost
from safeconduct.protections.returns.words import Cost, Payer

#: What customs gives back.
_OF_CUSTOMS: Final = frozenset({Cost.DUTY, Cost.QUOTA})

_IN_ORDER: Final = tuple(Cost)


@dataclass(frozen=True, slots=True)
class CostShown:
    """A cost in words. ``bears``: "" as long as nobody is known to; ``bearer``, ``state``: the same and where it
    stands, as codes. ``may_come_back``, ``may_be_sent``: what the staff can still note of it; ``of_customs``: whether
    customs owes it, and not a carrier; ``debt``: whether the buyer owes it.
    """

    cost: ReturnCost
    what: str
    paid_by: str
    bears: str
    tone: str
    word: str
    may_come_back: bool
    may_be_sent: bool
    of_customs: bool
    debt: bool
    bearer: Payer | None
    state: str


def costs_of(returned: Return, role: Role) -> list[CostShown]:
    """The costs of a return, for one of its readers: the buyer sees those that the buyer paid or bears."""
    decided = returned.case.outcome_id is not None
    found = []
    rows = ReturnCost.objects.filter(returned_id=returned.id, amount_minor__gt=0)
    for cost in sorted(rows, key=lambda row: _IN_ORDER.index(Cost(row.kind))):
        looked_at = borne(cost, returned, decided=decided)
        if role is not Role.BUYER or Payer.BUYER in (looked_at.paid_by, looked_at.bears):
            found.append(_shown(cost, looked_at))
    return found


def _shown(cost: ReturnCost, looked_at: Borne) -> CostShown:
    state = _state(looked_at)
    tone, word = words.COST_STATES[state]
    return CostShown(
        cost, str(words.COSTS[looked_at.kind]), str(words.COST_PAYERS[looked_at.paid_by]),
        str(words.PAYERS[looked_at.bears]) if looked_at.bears is not None else "", tone, str(word),
        comes_back(looked_at) and not looked_at.recovered, goes_to_buyer(looked_at) and not looked_at.sent,
        looked_at.kind in _OF_CUSTOMS, state == "debt", looked_at.bears, state,
    )  # fmt: skip


def _state(cost: Borne) -> str:
    posted = events(cost)
    if Place.DEBT in posted or (cost.bears is Payer.BUYER and Place.BORNE in posted):
        return "debt"
    if goes_to_buyer(cost):
        return "sent" if cost.sent else "owed"
    if comes_back(cost):
        waits = "customs" if cost.kind in _OF_CUSTOMS else "carrier"
        return "back" if cost.recovered else waits
    if cost.bears is None:
        return "open"
    return "moved" if Place.BORNE in posted else "stays"
