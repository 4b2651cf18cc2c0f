"""Acts on buyers' data that the engine judges, beside those of signing in: received as an event and decided at once.

The policy is that of account risk; this room knows it only by the event, `access.requested`, and its decision by what
the engine stored. What follows for the account itself (payouts wait) is done where account security listens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.decisions.models import Decision, DecisionKind
from safeconduct.kernel.scope import engine_scope

_SOURCE: Final = "safeconduct/data-security"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the engine says. ``decision_id``: empty where no policy is about it, or none answered in time."""

    action: Action
    decision_id: str = ""

    @property
    def stops(self) -> bool:
        """Whether the act is not done as it was asked for."""
        return self.action is not Action.ALLOW

    @property
    def proof_is_enough(self) -> bool:
        """Whether it is done as soon as the person has shown anew who they are."""
        return self.action is Action.CHALLENGE


def ask(
    seller_ref: str, person_id: str, at: datetime, known: Mapping[str, Any], key: str = "", *, kind: str = "mass_export"
) -> Verdict:  # fmt: skip
    """Has a mass export judged, or what is like one; in transactions of its own, before it is done.

    ``seller_ref``: empty where the act is of no one shop. ``known``: what is known of it, by the catalogue's names of
    `access.requested`; None is left out. ``key``: makes a retry the same act, which is answered as it was first.
    """
    data = {"seller": seller_ref, "member": person_id, "act": kind}
    envelope = {
        "id": key or new_id("evt"), "source": _SOURCE, "type": "access.requested", "time": at.isoformat(),
        "data": {name: value for name, value in (data | dict(known)).items() if value not in (None, "")},
    }  # fmt: skip
    accepted = lanes.accept([envelope], now=lambda: at)
    for refusal in accepted.receipt.refused:
        raise ValueError(f"{refusal.field}: {refusal.problem}")
    live = [made for made in accepted.decisions if made.kind is DecisionKind.LIVE]
    if live:
        strictest = max(live, key=lambda made: made.action.rank)
        return Verdict(strictest.action, strictest.id)
    (stored,) = accepted.receipt.stored
    if stored.duplicate:
        return _of_the_first_time(stored.moment)
    return Verdict(accepted.fallback.get(stored.moment, Action.ALLOW))


def _of_the_first_time(moment: int) -> Verdict:
    """What was decided when the act was received first, by whichever policy was strictest."""
    with engine_scope():
        found = list(Decision.objects.filter(moment=moment, kind=DecisionKind.LIVE).only("id", "action"))
    if not found:
        return Verdict(Action.ALLOW)
    strictest = max(found, key=lambda made: Action(made.action).rank)
    return Verdict(Action(strictest.action), strictest.id)
