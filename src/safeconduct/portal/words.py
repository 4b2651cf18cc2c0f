"""The statement of reasons in the seller's words, and only as much of it as its class of disclosure allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.decisions.models import Decision, DecisionKind
from safeconduct.kernel.ui.parts import Reason

MEMBER_ROLES: Final[Mapping[str, str | Promise]] = {
    "owner": lazy("owner"), "finance": lazy("finance"), "fulfilment": lazy("fulfilment"), "listing": lazy("listings"),
    "support": lazy("support"), "read_only": lazy("reads only"),
}  # fmt: skip
#: What a decision means for the order.
MEANS: Final[Mapping[str, str | Promise]] = {
    "allow": lazy("The order goes on. Nothing is held because of this decision."),
    "challenge": lazy("The buyer was asked to confirm the payment. The order goes on when they do."),
    "review": lazy("The order's money is held while a person looks at it. Your deadlines stand still meanwhile."),
    "block": lazy("The order was refused. Do not ship it; you owe the buyer nothing for it."),
}
#: What a named class of disclosure leaves out.
WITHHELD: Final[Mapping[str, str | Promise]] = {
    "category": lazy(
        "Exact figures and limits are withheld: a thief could use them."
        " The person who takes a second look sees all of them."
    ),
    "withheld": lazy(
        "The details are withheld while this is being investigated."
        " The person who takes a second look sees all of them."
    ),
}


def spoken(by_language: Mapping[str, str]) -> str:
    """A stored sentence in the active language; English, or whatever there is, where it lacks that one."""
    language = (get_language() or "en").split("-")[0]
    return by_language.get(language) or by_language.get("en") or next(iter(by_language.values()), "")


def reasons_of(made: Decision) -> list[Reason]:
    """The reasons as the seller is told them."""
    return [
        Reason(spoken(line["told"]), action=line.get("action") or made.action, rule="")
        for line in made.reasons.get("statement") or []
    ]


def first_reason(made: Decision) -> str:
    """The first of them, for a list."""
    lines: list[dict[str, Any]] = made.reasons.get("statement") or []
    return spoken(lines[0]["told"]) if lines else ""


def withheld(made: Decision) -> list[str]:
    """What is left out and why, one sentence for each class of disclosure that leaves something out."""
    classes = dict.fromkeys(line.get("disclosure", "full") for line in made.reasons.get("statement") or [])
    return [str(WITHHELD[name]) for name in classes if name in WITHHELD]


def missing(made: Decision) -> list[str]:
    """What could not be checked because the shop did not send it."""
    return sorted({name for line in made.reasons.get("statement") or [] for name in line.get("missing") or []})


def taken_by(made: Decision) -> str:
    """Whether a machine or a person decided."""
    if made.kind == DecisionKind.OVERRIDE and not made.reasons.get("automated", True):
        return _("A person decided")
    return _("Decided automatically")
