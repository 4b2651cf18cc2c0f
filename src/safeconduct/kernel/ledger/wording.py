"""The words of events and accounts for a reader, by the language that is active."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext, gettext_noop

from safeconduct.kernel.ledger.accounts import Kind

#: The sentences of `postings.yaml`, where translators find them, and of reversals; a test compares the two.
EVENTS: Final = {
    "capture": gettext_noop("The buyer paid; the money is pending until it is released"),
    "commission": gettext_noop("The marketplace's commission"),
    "protection_fee": gettext_noop("What the seller pays for protection"),
    "hold": gettext_noop("Money held"),
    "hold_lifted": gettext_noop("A hold has ended"),
    "release": gettext_noop("Pending money has become available"),
    "reserve": gettext_noop("Money set aside as a reserve"),
    "reserve_released": gettext_noop("Reserve given back"),
    "refund": gettext_noop("The buyer got the money back"),
    "partial_refund": gettext_noop(
        "The buyer got a part back, its commission was waived, and the rest of the hold is released"
    ),
    "refund_by_fund": gettext_noop("The buyer got the money back from the protection fund"),
    "chargeback": gettext_noop("The bank took the money back"),
    "protection_reimbursement": gettext_noop("The protection fund paid"),
    "provisional_reimbursement": gettext_noop("The protection fund paid provisionally"),
    "reimbursement_taken_back": gettext_noop("A provisional payment of the protection fund was taken back"),
    "representment_won": gettext_noop("The bank gave the money back"),
    "representment_won_after_reimbursement": gettext_noop("The bank gave the money back, to the fund that had paid"),
    "second_chargeback": gettext_noop("The bank took the money back a second time"),
    "second_chargeback_after_reimbursement": gettext_noop("The bank took the money back a second time, from the fund"),
    "abuse_proven": gettext_noop("A refund turned out to be abuse; the fund made it good"),
    "carrier_claim_to_fund": gettext_noop("The carrier's compensation, to the fund that had paid"),
    "carrier_claim_to_seller": gettext_noop("The carrier's compensation"),
    "carrier_settled": gettext_noop("The carrier's money arrived at the bank"),
    "fund_paid_in": gettext_noop("The operator paid into the protection fund"),
    "processor_settled": gettext_noop("The processor paid out to the bank"),
    "debt_made_good": gettext_noop("Available money went towards what was owed"),
    "debt_paid_in": gettext_noop("The seller paid what was owed"),
    "debt_written_off": gettext_noop("What was owed is no longer asked for"),
    "payout": gettext_noop("Payout"),
    "payout_settled": gettext_noop("The payout left the bank"),
    "payout_returned": gettext_noop("A payout came back; the money is available again"),
    "exchange": gettext_noop("Money was changed into another currency"),
    "fx_loss": gettext_noop("The rate of a refund was not the rate of its capture"),
    "fx_gain": gettext_noop("The rate of a refund was not the rate of its capture"),
    "deposit_paid": gettext_noop("Deposit received"),
    "deposit_returned": gettext_noop("Deposit given back"),
    "deposit_drawn": gettext_noop("The deposit went towards what was owed"),
    "fine": gettext_noop("Fine"),
    "fine_by_rate": gettext_noop("Fine, as a share of an amount (the rate in hundredths of a percent)"),
    "reversal": gettext_noop("A transaction was reversed"),
}
_ACCOUNTS: Final = {
    Kind.PENDING: gettext_noop("Pending"),
    Kind.AVAILABLE: gettext_noop("Available"),
    Kind.ON_HOLD: gettext_noop("On hold"),
    Kind.RESERVE: gettext_noop("Reserve"),
    Kind.DEPOSITS: gettext_noop("Deposits"),
    Kind.SELLER_RECEIVABLE: gettext_noop("Owed to the marketplace"),
}


def event_said(event: str, amount_minor: int = 0) -> str:
    """What happened, as its seller reads it; with the amount, what this leg of it was."""
    if event == "capture" and amount_minor < 0:
        return gettext("Commission and fees of the sale")
    return gettext(EVENTS[event]) if event in EVENTS else event


def account_said(kind: Kind) -> str:
    """The name of a seller's account."""
    return gettext(_ACCOUNTS[kind])
