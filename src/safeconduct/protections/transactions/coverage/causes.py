"""From the words of processors, card schemes and shops to the cause that coverage knows.

Sources: Stripe's dispute categories; Visa's and Mastercard's reason codes as the processors publish them. A reason
that stands for several things (``general``, "other") names no cause: nothing is guessed from it.
"""

from __future__ import annotations

from typing import Final

from safeconduct.protections.transactions.coverage.words import Cause, Outcome

_WORDS: Final[dict[Cause, tuple[str, ...]]] = {
    Cause.UNAUTHORISED: (
        "fraudulent", "fraud", "unauthorized", "unauthorised", "unrecognized", "unrecognised",
        "unauthorized_transaction",
        "10.1", "10.2", "10.3", "10.4", "10.5", "83", "4837", "4849", "4863", "4870", "4871", "f24", "f29",
    ),
    Cause.NOT_RECEIVED: (
        "product_not_received", "not_received", "item_not_received", "merchandise_or_service_not_received",
        "not_delivered", "13.1", "30", "4855", "55", "c08",
    ),
    Cause.NOT_AS_DESCRIBED: (
        "product_unacceptable", "not_as_described", "damaged", "defective", "wrong_item", "counterfeit",
        "merchandise_or_service_not_as_described", "13.3", "13.4", "13.5", "53", "4853", "c31", "c32",
    ),
    Cause.REFUND_ABUSE: ("refund_abuse", "empty_return", "item_swapped", "wrong_item_returned", "return_not_sent"),
}  # fmt: skip
_CAUSES: Final = {word: cause for cause, words in _WORDS.items() for word in words}
_OUTCOMES: Final = {
    **dict.fromkeys(("lost", "charge_refunded", "accepted", "payout_to_buyer"), Outcome.LOST),
    **dict.fromkeys(("won", "warning_closed", "prevented", "reversed", "payout_to_seller", "deny_buyer"), Outcome.WON),
    **dict.fromkeys(("withdrawn", "cancelled", "canceled"), Outcome.WITHDRAWN),
}  # fmt: skip


def cause_of(reason: str | None) -> Cause | None:
    """The cause that a reason names, or None where it names none that coverage knows."""
    return None if reason is None else _CAUSES.get(reason.strip().lower())


def outcome_of(word: str | None) -> Outcome | None:
    """How a dispute ended, or None for a word that does not say."""
    return None if word is None else _OUTCOMES.get(word.strip().lower())
