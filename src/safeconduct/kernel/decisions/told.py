"""The statement of reasons in the seller's words, and only as much of it as its class of disclosure allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.decisions.models import Decision, DecisionKind
from safeconduct.kernel.events.words import field_name
from safeconduct.kernel.notices.rendering import spoken_as
from safeconduct.kernel.ui.parts import Reason

#: What a decision means for what it is about.
MEANS: Final[Mapping[str, str | Promise]] = {
    "allow": lazy("It goes on. Nothing is held because of this decision."),
    "challenge": lazy("The buyer was asked to confirm the payment. It goes on when they do."),
    "review": lazy("The money is held while a person looks at it. Your deadlines stand still meanwhile."),
    "block": lazy("It was refused. Do not ship anything for it."),
}
#: What one means for what a person of the seller was about to do.
MEANS_FOR_ACCESS: Final[Mapping[str, str | Promise]] = {
    "allow": lazy("It goes on. Nothing is stopped because of this decision."),
    "challenge": lazy("Whoever did this had to confirm with a passkey first. With that it goes on."),
    "review": lazy("Payouts wait, and settings about money and access stay as they are, until it is clear who it was."),
    "block": lazy("It was refused. If it was not one of you, say so on the page about security."),
}
_ACCESS: Final = "access.requested"
#: What a person did, for readers of another language than that person's words.
BY_A_PERSON: Final[Mapping[str, str | Promise]] = {
    "allow": lazy("A person looked at it and let it go on."),
    "challenge": lazy("A person looked at it and asked for a confirmation."),
    "review": lazy("A person looked at it and wants another look at it."),
    "block": lazy("A person looked at it and refused it."),
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


def means(action: str, event_type: str) -> str:
    """What a decision means for the seller, by what it is about."""
    words = MEANS_FOR_ACCESS if event_type == _ACCESS else MEANS
    return str(words[action])


def lines_of(made: Decision) -> list[dict[str, Any]]:
    """The lines of the stored statement."""
    found: list[dict[str, Any]] = made.reasons.get("statement") or []
    return found


def reasons_of(made: Decision) -> list[Reason]:
    """The reasons as the seller is told them."""
    return [_reason(line, made) for line in lines_of(made)]


def first_reason(made: Decision) -> Reason:
    """The first of them, for a list."""
    lines = lines_of(made)
    return _reason(lines[0], made) if lines else Reason("")


def _reason(line: Mapping[str, Any], made: Decision) -> Reason:
    text, other = spoken_as(line["told"], get_language() or "en")
    return Reason(text, language=other, gist=BY_A_PERSON[made.action], action=line.get("action") or made.action)


def withheld(made: Decision) -> list[str]:
    """What is left out and why, one sentence for each class of disclosure that leaves something out."""
    classes = dict.fromkeys(line.get("disclosure", "full") for line in lines_of(made))
    return [str(WITHHELD[name]) for name in classes if name in WITHHELD]


def missing(made: Decision) -> list[str]:
    """What could not be checked because the shop did not send it."""
    return _names(name for line in lines_of(made) for name in line.get("missing") or [])


def _names(fields: Iterable[str]) -> list[str]:
    return sorted({field_name(name) for name in fields})


def taken_by(made: Decision) -> str:
    """Whether a machine or a person decided."""
    if made.kind == DecisionKind.OVERRIDE and not made.reasons.get("automated", True):
        return _("A person decided")
    return _("Decided automatically")
