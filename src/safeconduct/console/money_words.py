"""The ledger's names in the reader's language: accounts, what happened, why money is held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from safeconduct.console.words import spoken
from safeconduct.kernel.ledger.accounts import Kind
from safeconduct.kernel.ledger.rules import reasons

Text = str | Promise

ACCOUNTS: Final[Mapping[Kind, Text]] = {
    Kind.PSP_CLEARING: lazy("With the payment processor"), Kind.BANK_CLEARING: lazy("With the bank"),
    Kind.PAYOUT_CLEARING: lazy("Payouts under way"), Kind.FEE_REVENUE: lazy("Commissions and fees"),
    Kind.FINE_REVENUE: lazy("Fines"), Kind.DISPUTE_FEE_EXPENSE: lazy("Dispute fees borne"),
    Kind.WRITE_OFF_EXPENSE: lazy("Written off"), Kind.PROTECTION_FUND: lazy("Protection fund"),
    Kind.CARRIER_CLAIMS: lazy("Claimed from carriers"), Kind.BUYER_REFUND_PAYABLE: lazy("Owed to buyers"),
    Kind.FX_GAIN_LOSS: lazy("Exchange differences"),
    Kind.SUSPENSE: lazy("Taken by banks without a payment"), Kind.BUYER_DEBT: lazy("What buyers would give back"),
    Kind.BUYER_DEBT_MEMO: lazy("What buyers would give back, other side"),
    Kind.PENDING: lazy("Sellers: pending"), Kind.AVAILABLE: lazy("Sellers: available"),
    Kind.ON_HOLD: lazy("Sellers: held"), Kind.RESERVE: lazy("Sellers: reserve"),
    Kind.DEPOSITS: lazy("Sellers: deposits"), Kind.SELLER_RECEIVABLE: lazy("Owed by sellers"),
}  # fmt: skip

#: What moves the fund; anything else is shown as the ledger says it.
_EVENTS: Final[Mapping[str, Text]] = {
    "capture": lazy("Fee for protection, with a sale"), "protection_fee": lazy("Fee for protection"),
    "protection_reimbursement": lazy("Paid to a seller"),
    "provisional_reimbursement": lazy("Paid to a seller, provisionally"),
    "provisional_reimbursement_ended": lazy("What was paid provisionally went back to the fund"),
    "reimbursement_taken_back": lazy("The fund took back what it had paid"),
    "representment_won_after_reimbursement": lazy("Chargeback won, given back to the fund"),
    "second_chargeback_after_reimbursement": lazy("Second chargeback, borne by the fund"),
    "outside_costs": lazy("Costs before an outside body repaid"),
    "return_freight_advanced": lazy("Freight of a return paid"),
    "return_freight_charged": lazy("Freight of a return, from the seller who bears it"),
    "return_freight_repaid": lazy("Freight of a return repaid to a seller"),
    "return_freight_owed_by_fund": lazy("Freight of a return owed to a buyer"),
    "return_freight_from_carrier_to_fund": lazy("Freight of a return, from the carrier"),
    "carrier_claim_to_fund": lazy("Claimed from a carrier"), "abuse_proven": lazy("Abuse proven"),
    "fund_paid_in": lazy("Paid in by the marketplace"), "reversal": lazy("A transaction was reversed"),
}  # fmt: skip


def ledger_event(event: str, otherwise: str) -> str:
    """What happened, in the reader's language where it is known."""
    return str(_EVENTS.get(event) or otherwise)


def hold_reason(reason: str) -> str:
    """Why money is held."""
    found = reasons().get(reason)
    return reason.replace("_", " ") if found is None else spoken(found.says)
