"""From the words of processors, card schemes and shops to the cause that coverage knows.

Sources: Stripe's dispute categories; the schemes' codes of today are those of `chargebacks.reason_codes`, the older
ones here are as the processors published them. A reason that stands for several things (``general``, "other",
Mastercard's 4853) names no cause: nothing is guessed from it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from safeconduct.protections.transactions.chargebacks import reason_codes
from safeconduct.protections.transactions.coverage.words import Cause, Outcome

_WORDS: Final[dict[Cause, tuple[str, ...]]] = {
    Cause.UNAUTHORISED: (
        "fraudulent", "fraud", "unauthorized", "unauthorised", "unrecognized", "unrecognised",
        "unauthorized_transaction", "83", "4863", "4870", "4871",
    ),
    Cause.NOT_RECEIVED: (
        "product_not_received", "not_received", "item_not_received", "merchandise_or_service_not_received",
        "not_delivered", "30", "55",
    ),
    Cause.NOT_AS_DESCRIBED: (
        "product_unacceptable", "not_as_described", "damaged", "defective", "wrong_item", "counterfeit",
        "merchandise_or_service_not_as_described", "53",
    ),
    Cause.REFUND_ABUSE: ("refund_abuse", "empty_return", "item_swapped", "wrong_item_returned", "return_not_sent"),
}  # fmt: skip
#: How a dispute ends that a card scheme or an alert service settled with a refund of its own before it began (Visa's
#: RDR, Ethoca): the buyer has the money. ``prevented`` alone says that no money went that way.
RESOLVED: Final = "resolved"
_OUTCOMES: Final = {
    **dict.fromkeys(("lost", "charge_refunded", "accepted", "payout_to_buyer", RESOLVED), Outcome.LOST),
    **dict.fromkeys(("won", "warning_closed", "prevented", "reversed", "payout_to_seller", "deny_buyer"), Outcome.WON),
    **dict.fromkeys(("withdrawn", "cancelled", "canceled"), Outcome.WITHDRAWN),
}  # fmt: skip


def cause_of(reason: str | None) -> Cause | None:
    """The cause that a reason names, or None where it names none that coverage knows."""
    return None if reason is None else _causes().get(reason.strip().lower())


def words_of(cause: Cause) -> frozenset[str]:
    """All words and codes that name a cause, in small letters."""
    return frozenset(word for word, named in _causes().items() if named is cause)


def outcome_of(word: str | None) -> Outcome | None:
    """How a dispute ended, or None for a word that does not say."""
    return None if word is None else _OUTCOMES.get(word.strip().lower())


@lru_cache(maxsize=1)
def _causes() -> dict[str, Cause]:
    """Word → cause; a code that several complaints share is in it only where all of them name the same."""
    named: dict[str, set[Cause | None]] = {}
    for table in reason_codes.versions():
        for code in table.codes.values():
            named.setdefault(code.code.lower(), set()).add(code.cause)
    codes = {word: cause for word, (cause, *others) in named.items() if cause is not None and not others}
    return codes | {word: cause for cause, words in _WORDS.items() for word in words}
