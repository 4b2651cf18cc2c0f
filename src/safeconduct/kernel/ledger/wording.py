"""The words of events and accounts for a reader, by the language that is active."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext, gettext_lazy, override

from safeconduct.kernel.ledger.accounts import Kind
from safeconduct.kernel.ledger.rules import LANGUAGES, known_language, reasons

#: The sentences of `postings.yaml`, where translators find them, and of reversals; a test compares the two.
EVENTS: Final = {
    "capture": gettext_lazy("The buyer paid; the money is pending until it is released"),
    "commission": gettext_lazy("The marketplace's commission"),
    "protection_fee": gettext_lazy("What the seller pays for protection"),
    "protection_fee_returned": gettext_lazy("The fee for protection was given back with the sale"),
    "hold": gettext_lazy("Money held"),
    "hold_lifted": gettext_lazy("A hold has ended"),
    "release": gettext_lazy("Pending money has become available"),
    "reserve": gettext_lazy("Money set aside as a reserve"),
    "reserve_released": gettext_lazy("Reserve given back"),
    "refund": gettext_lazy("The buyer got the money back"),
    "partial_refund": gettext_lazy(
        "The buyer got a part back, its commission was waived, and the rest of the hold is released"
    ),
    "refund_owed": gettext_lazy("The sale was called off; the buyer gets the money back"),
    "refund_paid": gettext_lazy("The buyer got the money that was owed back"),
    "refund_failed": gettext_lazy("The refund did not arrive; the money is the seller's again"),
    "refund_no_longer_owed": gettext_lazy("The sale stands after all; the money is the seller's again"),
    "chargeback": gettext_lazy("The bank took the money back"),
    "chargeback_unexplained": gettext_lazy("A bank took money for a payment that is not in these books"),
    "chargeback_explained": gettext_lazy("What a bank took without a payment is explained, or was given back"),
    "suspense_written_off": gettext_lazy("What a bank took without a payment is no longer asked for"),
    "dispute_fee": gettext_lazy("The processor charged for a dispute"),
    "dispute_fee_returned": gettext_lazy("The processor gave its charge for a dispute back"),
    "protection_reimbursement": gettext_lazy("The protection fund paid"),
    "provisional_reimbursement": gettext_lazy("The protection fund paid provisionally"),
    "provisional_reimbursement_ended": gettext_lazy("What the protection fund had paid provisionally went back to it"),
    "reimbursement_taken_back": gettext_lazy("The protection fund took back what it had paid"),
    "representment_won": gettext_lazy("The bank gave the money back"),
    "representment_won_after_reimbursement": gettext_lazy("The bank gave the money back, to the fund that had paid"),
    "second_chargeback": gettext_lazy("The bank took the money back a second time"),
    "second_chargeback_after_reimbursement": gettext_lazy("The bank took the money back a second time, from the fund"),
    "outside_costs": gettext_lazy("The marketplace repaid your costs before an outside body"),
    "abuse_proven": gettext_lazy("A refund turned out to be abuse; the fund made it good"),
    "buyer_debt_ended": gettext_lazy("The buyer no longer has what was noted as owed"),
    "buyer_debt_noted": gettext_lazy("The buyer has again what is noted as owed"),
    "refund_by_fund": gettext_lazy("The buyer got the money back from the protection fund"),
    "carrier_claim_to_fund": gettext_lazy("The carrier's compensation, to the fund that had paid"),
    "carrier_claim_to_seller": gettext_lazy("The carrier's compensation"),
    "carrier_settled": gettext_lazy("The carrier's money arrived at the bank"),
    "return_freight_advanced": gettext_lazy("The marketplace paid the freight of a return"),
    "return_freight_charged": gettext_lazy("The seller bears the freight of a return that the marketplace had paid"),
    "return_freight_repaid": gettext_lazy("The marketplace bears the freight of a return that the seller had paid"),
    "return_freight_owed": gettext_lazy("The buyer had paid the freight of a return, and gets it back from the seller"),
    "return_freight_owed_by_fund": gettext_lazy(
        "The buyer had paid the freight of a return, and gets it back from the fund"
    ),
    "return_freight_of_buyer": gettext_lazy("The buyer bears the freight of a return that somebody else had paid"),
    "return_freight_from_carrier": gettext_lazy("The carrier paid for the freight of a return"),
    "return_freight_from_carrier_to_fund": gettext_lazy(
        "The carrier paid for the freight of a return, to the fund that had paid it"
    ),
    "first_leg_of_buyer": gettext_lazy("The buyer bears the freight of the way out"),
    "first_leg_from_carrier": gettext_lazy("The carrier paid for the freight of the way out"),
    "duty_refunded": gettext_lazy("Customs gave the duty of a return back"),
    "duty_refund_owed": gettext_lazy("Customs gave the duty of a return back; it is owed to the buyer"),
    "return_costs_sent": gettext_lazy("The buyer got the freight or duty of a return"),
    "fund_paid_in": gettext_lazy("The operator paid into the protection fund"),
    "processor_settled": gettext_lazy("The processor paid out to the bank"),
    "debt_made_good": gettext_lazy("Available money went towards what was owed"),
    "debt_paid_in": gettext_lazy("The seller paid what was owed"),
    "debt_written_off": gettext_lazy("What was owed is no longer asked for"),
    "payout": gettext_lazy("Payout"),
    "payout_settled": gettext_lazy("The payout left the bank"),
    "payout_returned": gettext_lazy("A payout came back; the money is available again"),
    "exchange": gettext_lazy("Money was changed into another currency"),
    "fx_loss": gettext_lazy("The rate of a refund was not the rate of its capture"),
    "fx_gain": gettext_lazy("The rate of a refund was not the rate of its capture"),
    "deposit_paid": gettext_lazy("Deposit received"),
    "deposit_returned": gettext_lazy("Deposit given back"),
    "deposit_drawn": gettext_lazy("The deposit went towards what was owed"),
    "fine": gettext_lazy("Fine"),
    "fine_by_rate": gettext_lazy("Fine, as a share of an amount (the rate in hundredths of a percent)"),
    "reversal": gettext_lazy("A transaction was reversed"),
}
#: What a run of payouts posts, with the run's key as its memo.
_OF_RUNS: Final = frozenset({"payout", "debt_made_good"})
_ACCOUNTS: Final = {
    Kind.PENDING: gettext_lazy("Pending"),
    Kind.AVAILABLE: gettext_lazy("Available"),
    Kind.ON_HOLD: gettext_lazy("On hold"),
    Kind.RESERVE: gettext_lazy("Reserve"),
    Kind.DEPOSITS: gettext_lazy("Deposits"),
    Kind.SELLER_RECEIVABLE: gettext_lazy("Owed to the marketplace"),
}


#: Why holds end by themselves: as it is stored, and as a seller reads it in their language.
CLAIM_CHANGED: Final = "what the claim can still cost has changed"
MATTER_ENDED: Final = "what it was held for has ended"
DATE_CAME: Final = "its release date has come"
_MEMOS: Final = {
    CLAIM_CHANGED: gettext_lazy("what the claim can still cost has changed"),
    MATTER_ENDED: gettext_lazy("what it was held for has ended"),
    DATE_CAME: gettext_lazy("its release date has come"),
}


def event_in_each_language(event: str) -> dict[str, str]:
    """What happened, in every language that sellers read."""
    said = {}
    for language in LANGUAGES:
        with override("zh-hans" if language == "zh" else language):
            said[language] = event_said(event)
    return said


def event_said(event: str, amount_minor: int = 0) -> str:
    """What happened, as its seller reads it; with the amount, what this leg of it was."""
    if event == "capture" and amount_minor < 0:
        return gettext("Commission and fees of the sale")
    return str(EVENTS.get(event, event))


def account_said(kind: Kind) -> str:
    """The name of a seller's account."""
    return str(_ACCOUNTS[kind])


def memo_said(event: str, memo: str, language: str) -> str:
    """What a line says beside its event: the sentence of a hold's reason or end, or the memo as it was written. A run
    of payouts writes its key there, which is for machines."""
    if event in _OF_RUNS:
        return ""
    reason = reasons().get(memo)
    return str(_MEMOS.get(memo, memo)) if reason is None else reason.says[known_language(language)]
