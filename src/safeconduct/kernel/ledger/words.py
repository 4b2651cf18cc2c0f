"""What happened to money, in the reader's language: events of `postings.yaml` and the seller's accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.ledger.accounts import Kind
from safeconduct.kernel.ledger.rules import known_language, reasons

Text = str | Promise

EVENTS: Final[Mapping[str, Text]] = {
    "capture": lazy("The buyer paid"),
    "commission": lazy("The marketplace's commission"),
    "protection_fee": lazy("Fee for protection"),
    "hold": lazy("Money held"),
    "hold_lifted": lazy("A hold has ended"),
    "release": lazy("Pending money became available"),
    "reserve": lazy("Money set aside as a reserve"),
    "reserve_released": lazy("Reserve given back"),
    "refund": lazy("The buyer got the money back"),
    "partial_refund": lazy("The buyer got a part of the money back"),
    "refund_by_fund": lazy("The protection fund refunded the buyer"),
    "chargeback": lazy("The bank took the money back"),
    "protection_reimbursement": lazy("The protection fund paid you back"),
    "provisional_reimbursement": lazy("The protection fund paid you back for now"),
    "reimbursement_taken_back": lazy("A provisional payment was taken back"),
    "representment_won": lazy("The bank decided for you and returned the money"),
    "representment_won_after_reimbursement": lazy(
        "The bank decided for you; the money went to the fund, which had paid"
    ),
    "second_chargeback": lazy("The bank took the money back a second time"),
    "second_chargeback_after_reimbursement": lazy("The bank took the money back a second time; the fund bears it"),
    "abuse_proven": lazy("Abuse by the buyer was proven"),
    "carrier_claim_to_seller": lazy("The carrier pays for a loss"),
    "carrier_claim_to_fund": lazy("The carrier pays the fund for a loss"),
    "debt_made_good": lazy("Money went towards what you owed"),
    "debt_paid_in": lazy("You paid in what you owed"),
    "debt_written_off": lazy("What you owed was written off"),
    "payout": lazy("Paid out to you"),
    "payout_returned": lazy("A payout came back from the bank"),
    "deposit_paid": lazy("Deposit paid in"),
    "deposit_returned": lazy("Deposit given back"),
    "deposit_drawn": lazy("Taken from the deposit"),
    "fine": lazy("A fine"),
    "fine_by_rate": lazy("A fine"),
    "exchange": lazy("Changed into another currency"),
    "reversal": lazy("An entry was put right"),
}

#: What a capture takes off at once.
_FEES: Final = lazy("Commission and fees on the sale")
ACCOUNTS: Final[Mapping[Kind, Text]] = {
    Kind.PENDING: lazy("Pending"), Kind.AVAILABLE: lazy("Available"), Kind.ON_HOLD: lazy("Held"),
    Kind.RESERVE: lazy("Reserve"), Kind.DEPOSITS: lazy("Deposit"), Kind.SELLER_RECEIVABLE: lazy("Owed by you"),
}  # fmt: skip


def event_said(event: str, amount_minor: int, otherwise: str) -> str:
    """What happened; ``otherwise`` for an event that has no words here."""
    if event == "capture" and amount_minor < 0:
        return str(_FEES)
    return str(EVENTS.get(event, otherwise))


def memo_said(memo: str, language: str) -> str:
    """What a line says beside its event: the sentence of a hold's reason, or the memo as it was written."""
    reason = reasons().get(memo)
    return memo if reason is None else reason.says[known_language(language)]
