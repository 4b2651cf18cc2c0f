"""What an order's books come to, counted from what was posted for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from safeconduct.protections.transactions.money.told import Dispute, Posted

#: Entries and holds of ours begin with this and the order.
PREFIX: Final = "order"
_TAKEN: Final = frozenset({"chargeback", "chargeback_unexplained", "dispute_fee"})


class Counted:
    """Totals in ``main``, the currency the buyer paid, and what banks took, in theirs. ``for_now``: what the fund pays
    until banks decide; ``taken_back``: what it took back of what disputes and returns gave; ``count``: entries so far,
    by which the keys of new ones differ."""

    def __init__(self, main: str, posted: Sequence[Posted]) -> None:
        self.main = main
        self.captured = self.fee = self.protection_fee = self.refunded = self.owed = self.reimbursed = 0
        self.taken_back = self.for_now = 0
        self.taken: dict[int, int] = {}
        self.unexplained: dict[int, int] = {}
        self.fees: dict[int, int] = {}
        self.of_event: dict[tuple[str, int], int] = {}
        self.count = len(posted)
        self._currencies: dict[int, tuple[str, str]] = {}
        for one in posted:
            self._count(one)

    def gone(self, disputes: Iterable[Dispute], at_us: int) -> list[Dispute]:
        """Disputes with entries that are none of these: the order was of the payment that they were about, until they
        named lines of another. Nothing of them is its seller's any more."""
        there = {dispute.key for dispute in disputes}
        return [
            Dispute(key, at_us, 0, currency, fee_currency=fee_currency)
            for key, (currency, fee_currency) in sorted(self._currencies.items())
            if key not in there
        ]

    def _count(self, posted: Posted) -> None:
        amounts = posted.amounts
        # What gave way to another room's payment has that one's key.
        _, _, what, about, _ = posted.key.split("/") if posted.key.startswith(f"{PREFIX}/") else [""] * 5
        fee = amounts.get("fee", 0)
        if posted.currency == self.main:
            match posted.event:
                case "capture":
                    self.captured += amounts["sale"]
                    self.fee += fee
                    self.protection_fee += amounts.get("protection_fee", 0)
                case "protection_fee":
                    self.protection_fee += fee
                case "protection_fee_returned":
                    self.protection_fee -= fee
                case "refund":
                    self.refunded += amounts["refund"]
                    self.fee -= fee
                case "refund_failed":
                    self.refunded -= amounts["refund"]
                    self.fee += fee
                case "refund_owed":
                    self.owed += amounts["refund"]
                    self.fee -= fee
                case "refund_paid":
                    self.refunded += amounts["amount"]
                    self.owed -= amounts["amount"]
                case "refund_no_longer_owed":
                    self.owed -= amounts["refund"]
                    self.fee += fee
                case "chargeback":
                    self.fee -= fee
                case "representment_won":
                    self.fee += fee
                case "representment_won_after_reimbursement":
                    self.fee += fee
                    self.reimbursed -= amounts["amount"] - fee
                case "provisional_reimbursement":
                    self.for_now += amounts["amount"]
                case "provisional_reimbursement_ended":
                    self.for_now -= amounts["amount"]
                case "protection_reimbursement" | "reimbursement_taken_back":
                    given = amounts["amount"] if posted.event == "protection_reimbursement" else -amounts["amount"]
                    if what == "whole":
                        self.taken_back -= given
                    else:
                        self.reimbursed += given
        if what in ("dispute", "unexplained", "fee"):
            found = {"dispute": self.taken, "unexplained": self.unexplained, "fee": self.fees}[what]
            sign = 1 if posted.event in _TAKEN else -1
            found[int(about)] = found.get(int(about), 0) + sign * amounts["amount"]
            taken_in, fee_in = self._currencies.get(int(about), ("", ""))
            self._currencies[int(about)] = (taken_in, posted.currency) if what == "fee" else (posted.currency, fee_in)
        elif what in ("capture", "refund"):
            own = amounts.get("sale") or amounts.get("refund") or amounts["amount"]
            own = -own if posted.event == "refund_failed" else own
            self.of_event[what, int(about)] = self.of_event.get((what, int(about)), 0) + own
