"""What is known of one order's money, as plain values: told by the log, and posted in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from safeconduct.kernel.claims.whole import Decided
from safeconduct.kernel.events.refunds import Told as Told
from safeconduct.protections.transactions.coverage.words import Action, Outcome


@dataclass(slots=True)
class Dispute:
    """A bank dispute. ``outcome`` None: not decided. ``inquiry``: the bank only asks, and has taken nothing.
    ``prevented``: it was settled before it began; *lost* then means that a refund of the scheme paid the buyer.
    ``fee_minor``: what the processor has charged for it in all, in ``fee_currency``. ``of_payment``: it names its
    payment, so that ``minor`` and ``fee_minor`` are shared out over the orders that were paid together (`sharing`);
    ``lines``: those of the order that it names, if it names any."""

    key: int
    opened_us: int
    minor: int | None = None
    currency: str = ""
    closed_us: int | None = None
    outcome: Outcome | None = None
    inquiry: bool = False
    fee_minor: int = 0
    fee_currency: str = ""
    prevented: bool = False
    of_payment: bool = False
    lines: frozenset[str] = frozenset()


class Ruled(NamedTuple):
    """The strictest of the risk decisions that stand about the order."""

    id: str
    at: datetime
    action: Action


@dataclass(slots=True)
class OrderMoney:
    """One order. Amounts are minor units; ``minor``, ``currency``: as placed, None and empty where not told.

    ``delivered_us``: when the last parcel arrived, None while one is under way. ``covered_minor``: what coverage pays
    for it, and ``advance_minor`` for now while banks decide, both in ``covered_currency``. ``stands_back``: the fund
    pays no more for now than it has, because the seller's payouts are stopped. ``whole_minor``: what disputes and
    returns have given the seller for its losses already, ``decided``: the refunds that were decided on, sent or not;
    both in the currency the buyer paid.
    """

    order: int
    seller: int
    placed_us: int | None = None
    minor: int | None = None
    currency: str = ""
    digital: bool = False
    payments: list[Told] = field(default_factory=list)
    refunds: list[Told] = field(default_factory=list)
    cancelled: Told | None = None
    disputes: list[Dispute] = field(default_factory=list)
    delivered_us: int | None = None
    latest_us: int = 0
    ruled: Ruled | None = None
    covered_minor: int = 0
    covered_currency: str = ""
    advance_minor: int = 0
    stands_back: bool = False
    whole_minor: int = 0
    decided: list[Decided] = field(default_factory=list)

    @property
    def moves(self) -> bool:
        """Whether anything was told that moves money."""
        return bool(self.payments or self.refunds or self.disputes)

    @property
    def main(self) -> str:
        """The currency the buyer paid in; what the order was placed in until a payment is told; of an order that was
        never told at all, that of the first who asks for its money.
        """
        paid = next((paid.currency for paid in self.payments if paid.currency), self.currency)
        asked = [*(refund.currency for refund in self.refunds), *(dispute.currency for dispute in self.disputes)]
        return paid or next((currency for currency in asked if currency), "")


class Posted(NamedTuple):
    """A transaction of the order that `plan` had posted."""

    key: str
    event: str
    currency: str
    amounts: Mapping[str, int]


class OpenHold(NamedTuple):
    """An open hold of the order."""

    key: str
    held_minor: int


class Book(NamedTuple):
    """What the ledger has of one order. ``available_at``: when its pending money is released."""

    posted: Sequence[Posted] = ()
    holds: Sequence[OpenHold] = ()
    available_at: datetime | None = None
