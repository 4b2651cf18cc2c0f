"""Coverage's closed words in the reader's language, for the staff's pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as lazy

from safeconduct.protections.transactions.coverage import words
from safeconduct.protections.transactions.coverage.template import Template, Texts
from safeconduct.protections.transactions.coverage.words import Cause, Start, State, Sure

Text = str | Promise

CAUSES: Final[Mapping[str, Text]] = {
    Cause.UNAUTHORISED: lazy("Payment not authorised"), Cause.NOT_RECEIVED: lazy("Parcel not received"),
    Cause.NOT_AS_DESCRIBED: lazy("Not as described"), Cause.REFUND_ABUSE: lazy("Refund abused"),
}  # fmt: skip

#: State of an order against a cause → name, tone.
STATES: Final[Mapping[str, tuple[Text, str]]] = {
    State.QUOTED: (pgettext_lazy("coverage", "Quoted"), ""),
    State.ACTIVE: (pgettext_lazy("coverage", "Active"), "info"),
    State.PROTECTED: (pgettext_lazy("coverage", "Protected"), "good"),
    State.VOID: (pgettext_lazy("coverage", "Void"), "warn"),
    State.CLAIMED: (pgettext_lazy("coverage", "Claimed"), "info"),
    State.PAID: (pgettext_lazy("coverage", "Claim covered"), "violet"),
    State.DENIED: (pgettext_lazy("coverage", "Denied"), "bad"),
    State.ENDED: (pgettext_lazy("coverage", "Ended"), ""),
    "excluded": (pgettext_lazy("coverage", "Not covered"), ""),
}  # fmt: skip

#: Why, where no condition is to blame.
_REASONS: Final[Mapping[str, Text]] = {
    words.BLOCKED: lazy("The risk check refused the order"), words.CANCELLED: lazy("The order was cancelled"),
    words.REFUNDED: lazy("The buyer had been refunded before"), words.PERIOD_OVER: lazy("The time of cover is over"),
    words.CLAIM_TOO_LATE: lazy("The claim came after the time of cover"),
    words.LIMIT_REACHED: lazy("A limit was used up"), words.NOT_PAID: lazy("The order was not paid"),
    words.AMOUNT_UNKNOWN: lazy("The amount has no exchange rate"), words.UNDER_REVIEW: lazy("Under review"),
}  # fmt: skip

STARTS: Final[Mapping[str, Text]] = {
    Start.PLACED: pgettext_lazy("after", "the order"), Start.PAID: pgettext_lazy("after", "payment"),
    Start.SHIPPED: pgettext_lazy("after", "shipping"), Start.DELIVERED: pgettext_lazy("after", "delivery"),
}  # fmt: skip

SURE: Final[Mapping[str, tuple[Text, str]]] = {
    Sure.PUBLISHED: (lazy("published"), "good"), Sure.REPORTED: (lazy("reported"), "info"),
    Sure.MEMORY: (lazy("from memory"), "warn"), Sure.OURS: (lazy("our own"), ""),
}  # fmt: skip


def spoken(texts: Texts) -> str:
    """A template's sentence in the reader's language."""
    return texts.get((get_language() or "en").split("-")[0]) or texts["en"]


def state_name(state: str) -> tuple[str, str]:
    """Name and tone of a state."""
    name, tone = STATES.get(state, (state, ""))
    return str(name), tone


def reason_text(reason: str, template: Template) -> str:
    """Why, in words: the condition's own sentence, or ours. A condition that this version does not have, by name."""
    condition = template.conditions.get(reason)
    if condition is not None:
        return spoken(condition.says)
    return str(_REASONS.get(reason) or reason.replace("_", " "))
