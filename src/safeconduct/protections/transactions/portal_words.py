"""Coverage in the seller's words. *Protected* is never said without up to how much, if what, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from safeconduct.protections.transactions.coverage import words
from safeconduct.protections.transactions.coverage.words import Cause, Start, State

Text = str | Promise

#: State → tone and word.
STATES: Final[Mapping[State, tuple[str, Text]]] = {
    State.QUOTED: ("", lazy("Not covered yet")),
    State.ACTIVE: ("warn", lazy("Covered if you meet the terms")),
    State.PROTECTED: ("good", lazy("Protected")),
    State.PARTLY: ("warn", lazy("Partly protected")),
    State.VOID: ("bad", lazy("Not covered")),
    State.CLAIMED: ("info", lazy("Claim open")),
    State.PAID: ("good", lazy("Claim covered")),
    State.DENIED: ("bad", lazy("Claim not covered")),
    State.ENDED: ("", lazy("Ended")),
}
#: States in which the fund stands behind the order, if its terms are met, or bears a lost claim.
COVERED: Final = frozenset({State.ACTIVE, State.PROTECTED, State.PARTLY, State.CLAIMED, State.PAID})
CAUSES: Final[Mapping[Cause, Text]] = {
    Cause.UNAUTHORISED: lazy("The card holder says they did not pay"),
    Cause.NOT_RECEIVED: lazy("The buyer says it did not arrive"),
    Cause.NOT_AS_DESCRIBED: lazy("The buyer says it is not as described"),
    Cause.REFUND_ABUSE: lazy("The buyer abuses a refund"),
}
#: Why a state came about where no condition of the template is to blame.
REASONS: Final[Mapping[str, Text]] = {
    words.BLOCKED: lazy("The order was refused by the risk check."),
    words.CANCELLED: lazy("The order was cancelled: there is nothing left to protect."),
    words.REFUNDED: lazy("The buyer has the money back: there is nothing left to protect."),
    words.PERIOD_OVER: lazy("The time in which claims are covered is over."),
    words.CLAIM_TOO_LATE: lazy("The claim came after the protection had ended."),
    words.LIMIT_REACHED: lazy("The limit of the protection is used up."),
    words.NOT_PAID: lazy("The order is not paid yet."),
    words.AMOUNT_UNKNOWN: lazy("The amount has no exchange rate for its day, so nothing can be promised yet."),
    words.UNDER_REVIEW: lazy("A person looks at the order first. Your deadlines stand still meanwhile."),
}
#: What is to be known of a condition beside whether it is met.
DETAILS: Final[Mapping[str, Text]] = {
    "if_claimed": lazy("Only if somebody makes a claim."),
    words.UNDER_REVIEW: lazy("A person is looking at the order. Your deadlines stand still meanwhile."),
    "review_over": lazy("The time for a review was over, and nobody had refused the order."),
    "clock_stopped": lazy("The clock stands still while the order is held."),
    "not_told": lazy("The shop has not told this yet."),
    "not_needed": lazy("Not needed at this amount."),
    "not_asked": lazy("Nobody has asked for documents."),
    words.BLOCKED: lazy("The order was refused."),
    "accepted_after_claim": lazy("It was accepted only after the claim."),
}
#: A carrier's scan.
SCANS: Final[Mapping[str, Text]] = {
    "accepted": lazy("Taken over by the carrier"), "in_transit": lazy("On the way"), "customs": lazy("At customs"),
    "out_for_delivery": lazy("Out for delivery"), "exception": lazy("Something went wrong on the way"),
    "returned": lazy("On the way back"),
}  # fmt: skip
PAYMENT_METHODS: Final[Mapping[str, Text]] = {
    "card": lazy("card"), "wallet": lazy("wallet"), "bank_transfer": lazy("bank transfer"),
    "bnpl": lazy("buy now, pay later"), "cash_on_delivery": lazy("cash on delivery"), "other": lazy("another way"),
}  # fmt: skip
#: From when a term counts.
STARTS: Final[Mapping[Start, Text]] = {
    Start.PLACED: lazy("after the order"), Start.PAID: lazy("after payment"), Start.SHIPPED: lazy("after shipping"),
    Start.DELIVERED: lazy("after delivery"),
}  # fmt: skip
