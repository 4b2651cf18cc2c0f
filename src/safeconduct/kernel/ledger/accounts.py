"""The accounts. A balance is what the platform owes: money that came in to a seller is positive, what sits at the
processor is negative, so that all accounts of a currency sum to zero."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What an account is for. The first six exist for each seller and currency, the others once for each currency."""

    PENDING = "pending"
    AVAILABLE = "available"
    ON_HOLD = "on_hold"
    RESERVE = "reserve"
    #: What the seller paid as a security; it stays the seller's.
    DEPOSITS = "deposits"
    #: What the seller owes, as a negative balance. The only account of a seller that may be below zero.
    SELLER_RECEIVABLE = "seller_receivable"

    PSP_CLEARING = "psp_clearing"
    BANK_CLEARING = "bank_clearing"
    PAYOUT_CLEARING = "payout_clearing"
    FEE_REVENUE = "fee_revenue"
    FINE_REVENUE = "fine_revenue"
    DISPUTE_FEE_EXPENSE = "dispute_fee_expense"
    WRITE_OFF_EXPENSE = "write_off_expense"
    PROTECTION_FUND = "protection_fund"
    CARRIER_CLAIMS = "carrier_claims"
    BUYER_REFUND_PAYABLE = "buyer_refund_payable"
    FX_GAIN_LOSS = "fx_gain_loss"
    #: What banks took for payments that are not in these books, below zero, until it is explained.
    SUSPENSE = "suspense"
    #: Two sides of a memorandum: what a buyer would have to give back, which is no money of anybody yet.
    BUYER_DEBT = "buyer_debt"
    BUYER_DEBT_MEMO = "buyer_debt_memo"


SELLER_KINDS: Final = (
    Kind.PENDING,
    Kind.AVAILABLE,
    Kind.ON_HOLD,
    Kind.RESERVE,
    Kind.DEPOSITS,
    Kind.SELLER_RECEIVABLE,
)
PLATFORM_KINDS: Final = tuple(kind for kind in Kind if kind not in SELLER_KINDS)
