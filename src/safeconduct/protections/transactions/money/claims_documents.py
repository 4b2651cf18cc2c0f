"""The documents of claims: what is asked, what is answered, and an example of each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import Field

from safeconduct.kernel.operations.documents import Cursor, Text


class ClaimsAsked(Schema):
    """Of one seller, the newest first."""

    seller: Annotated[Text, Field(min_length=1, max_length=2000, description="The shop's id of the seller.")]
    order: Annotated[Text, Field(max_length=2000)] | None = Field(None, description="The shop's id of the order.")
    open: bool = Field(True, description="False: also those that are closed.")
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


class ChannelFound(Schema):
    """A way in which the money is asked for. `case`: of a dispute or return, its id."""

    kind: str
    round: int
    case: str | None
    claimed_minor: int
    opened_at: datetime
    ended_at: datetime | None
    outcome: str | None


class RefundFound(Schema):
    """Money to the buyer. `by_bank_minor`: what a bank has paid of it instead; `due_at`: until when law wants it."""

    id: str
    item: str
    amount_minor: int
    state: str
    by_bank_minor: int
    requested_at: datetime
    due_at: datetime | None
    ended_at: datetime | None


class ClaimHold(Schema):
    """What is held for the claim, once for all its channels: why, and what releases it."""

    held_minor: int
    reason: str
    says: str
    released_by: str
    release_says: str
    release_at: datetime | None


class ClaimFound(Schema):
    """One order line in trouble, in minor units of `currency`. `frozen`: a bank decides, and nothing is refunded until
    it has. `recovery_minor`: what the buyer got twice; `refundable_minor`: what a new refund could ask for."""

    id: str
    order: str | None
    line: str
    currency: str
    opened_at: datetime
    closed_at: datetime | None
    frozen: bool
    paid_minor: int
    refunds_running_minor: int
    refunds_sent_minor: int
    bank_minor: int
    recovery_minor: int
    refundable_minor: int
    channels: list[ChannelFound]
    refunds: list[RefundFound]
    hold: ClaimHold | None


class ClaimPage(Schema):
    items: list[ClaimFound]
    next: str | None


CLAIM: dict[str, Any] = {
    "id": "clm_01jy2d8m4kq5v6w7x8y9zabcde", "order": "ord-90112", "line": "", "currency": "USD",
    "opened_at": "2026-06-07T12:00:00Z", "closed_at": None, "frozen": True, "paid_minor": 10000,
    "refunds_running_minor": 0, "refunds_sent_minor": 0, "bank_minor": 0, "recovery_minor": 0,
    "refundable_minor": 10000,
    "channels": [
        {"kind": "chargeback", "round": 1, "case": None, "claimed_minor": 10000, "opened_at": "2026-06-07T12:00:00Z",
         "ended_at": None, "outcome": None},
    ],
    "refunds": [],
    "hold": {
        "held_minor": 9200, "reason": "chargeback_open",
        "says": "The amount is held because the buyer's bank is taking it back", "released_by": "chargeback_decided",
        "release_says": "It is released when the bank decides for you", "release_at": "2026-12-04T12:00:00Z",
    },
}  # fmt: skip
