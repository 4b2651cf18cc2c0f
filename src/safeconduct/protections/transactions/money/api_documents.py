"""The documents of a seller's money: what is asked, what is answered, and an example of each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import Field

from safeconduct.kernel.operations.documents import Cursor, Text


class BalanceFound(Schema):
    """What a seller has in one currency, in minor units. `on_hold_minor` is the seller's, and not paid out for now."""

    currency: str
    available_minor: int
    pending_minor: int
    on_hold_minor: int
    reserve_minor: int
    deposits_minor: int
    owed_minor: int = Field(description="What the seller owes, above zero.")
    next_release_at: datetime | None


class BalancesAnswer(Schema):
    items: list[BalanceFound]
    next_payout_at: datetime


class HoldFound(Schema):
    """Money that is held: why, until when at the latest, and what releases it before."""

    id: str
    order: str | None
    currency: str
    held_minor: int = Field(description="What is held now.")
    asked_minor: int = Field(description="What was to be held.")
    reason: str
    says: str
    released_by: str
    release_says: str
    held_at: datetime
    release_at: datetime | None
    ended_at: datetime | None


class HoldPage(Schema):
    items: list[HoldFound]
    next: str | None


class HoldsAsked(Schema):
    """Of one seller, the newest first."""

    seller: Annotated[Text, Field(min_length=1, max_length=2000, description="The shop's id of the seller.")]
    order: Annotated[Text, Field(max_length=2000)] | None = Field(None, description="The shop's id of the order.")
    open: bool = Field(True, description="False: also those that have ended.")
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


BALANCE: dict[str, Any] = {
    "currency": "USD", "available_minor": 18340, "pending_minor": 9170, "on_hold_minor": 9200, "reserve_minor": 0,
    "deposits_minor": 0, "owed_minor": 0, "next_release_at": "2026-06-11T12:00:00Z",
}  # fmt: skip
HOLD: dict[str, Any] = {
    "id": "hld_01jy2d8m4kq5v6w7x8y9zabcde", "order": "ord-90112", "currency": "USD", "held_minor": 9200,
    "asked_minor": 9200, "reason": "chargeback_open",
    "says": "The amount is held because the buyer's bank is taking it back", "released_by": "chargeback_decided",
    "release_says": "It is released when the bank decides for you", "held_at": "2026-06-07T12:00:00Z",
    "release_at": "2026-12-04T12:00:00Z", "ended_at": None,
}  # fmt: skip
