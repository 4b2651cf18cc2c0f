"""What the policy about abuse says of a return: advice to look, which its buyer can see and contest.

A buyer reads that a closer look was asked for and what it is about, never the thresholds, what others did, or that the
buyer was counted among them. Contested, the decision comes before a person who did not make it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.decisions import second_look
from safeconduct.kernel.decisions.models import Decision, Review
from safeconduct.protections.returns.models import Return

POLICY: Final = "return-abuse"
_MOST: Final = 20
#: Category of a rule → what a buyer reads. A category that is not here is told without saying what it is about.
_ABOUT: Final[Mapping[str, str | Promise]] = {
    "return-pattern": lazy("how often goods came back"), "refund-only": lazy("money back without the goods"),
    "not-received": lazy("a parcel that is said not to have arrived"), "ring": lazy("where requests come from"),
    "double-claim": lazy("a second way to the same money"), "swap": lazy("what the parcel weighs"),
}  # fmt: skip


def of_return(returned: Return) -> list[Decision]:
    """The advice that stands about its order, the newest first."""
    rows = Decision.objects.filter(order_key=returned.order_key, policy=POLICY, standing=True).exclude(action="allow")
    return list(rows.defer("values").order_by("-decided_at", "-id")[:_MOST])


def shown(returned: Return, at: datetime) -> list[dict[str, Any]]:
    """The same for the buyer: what each is about, whether it was contested, and whether it still can be."""
    found = of_return(returned)
    words = dict(Review.objects.filter(decision__in=found).exclude(asked_by="").values_list("decision_id", "asked_why"))
    return [
        {
            "id": one.id, "at": one.decided_at, "about": _about(one), "contested": words.get(one.id, ""),
            "may_contest": one.id not in words and second_look.may_ask(one, at),
        }
        for one in found
    ]  # fmt: skip


def contest(returned: Return, decision_id: str, words: str, *, at: datetime) -> None:
    """A buyer's word against it; a person looks again. Raises DecisionsError. In a scope of the engine."""
    known = {one.id for one in of_return(returned)}
    second_look.ask_for_buyer(decision_id if decision_id in known else "", returned.order_key, words, at=at)


def _about(decision: Decision) -> Sequence[str]:
    lines = decision.reasons.get("statement", ())
    named = {str(line.get("category")) for line in lines}
    return [str(words) for category, words in _ABOUT.items() if category in named]
