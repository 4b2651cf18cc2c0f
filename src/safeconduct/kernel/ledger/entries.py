"""What callers hand to the ledger, and what they get back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Entry:
    """One event that moves money, as named in `postings.yaml`.

    ``key`` makes it happen once: the same key with the same event, currency, seller, order and amounts returns the ids
    of the first time. ``amounts`` are positive integers in minor units under the names that the event declares.
    ``memo`` is read by the seller. ``available_at``: for what goes to *pending*, when it is released (None: not known
    yet, `reschedule` sets it).
    """

    event: str
    key: str
    at: datetime
    currency: str
    seller_key: int | None
    order_key: int | None
    amounts: Mapping[str, int]
    memo: str = ""
    available_at: datetime | None = None


class TakeFrom(StrEnum):
    """Where a hold takes money first. Pending is the pending money of the same order; other orders' stays alone."""

    PENDING = "pending"
    AVAILABLE = "available"


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """Money to be held: until ``release_at`` (None: without a date), or what ``released_by`` names, whichever is first.

    ``reason`` and ``released_by`` are codes of `reasons.yaml`. The reason also says what happens where the seller has
    less than ``amount_minor``: the rest is owed, or only what is there is held and the order's later captures fill it.
    """

    key: str
    at: datetime
    seller_key: int
    order_key: int | None
    currency: str
    amount_minor: int
    reason: str
    release_at: datetime | None
    released_by: str
    take_from: TakeFrom = TakeFrom.PENDING


class PayoutState(StrEnum):
    """What a payout run did for a seller and currency."""

    PAID = "paid"
    BELOW_MINIMUM = "below_minimum"
    #: All that was available went towards what the seller owed.
    MADE_GOOD = "made_good"
    NOTHING = "nothing"
    #: Nothing goes to this seller at present, whatever is available (`payout_accounts.stop`).
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class PayoutOutcome:
    """One seller and currency in a run. ``made_good_minor`` went towards what was owed, before anything was paid."""

    seller_key: int
    currency: str
    state: PayoutState
    amount_minor: int = 0
    made_good_minor: int = 0
    payout_id: str = ""


@dataclass(frozen=True, slots=True)
class PayoutRun:
    """What a run did. ``next_after`` is the seller to go on after where the run's limit was reached, else None."""

    key: str
    at: datetime
    outcomes: tuple[PayoutOutcome, ...] = field(default=())
    next_after: int | None = None
