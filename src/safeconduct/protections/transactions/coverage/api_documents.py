"""The documents of coverage: what is asked, what is answered, and an example of each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import Field

from safeconduct.kernel.operations.documents import Amount, Cursor, Text
from safeconduct.protections.transactions.coverage.words import Standing, State


class CauseCovered(Schema):
    """How the order stands against one cause. `says`: why, where there is something to say. `pays`: up to how much a
    lost claim is covered (state `paid`); the ledger says what the fund has paid: less, where the seller was made whole.
    """

    cause: str
    state: State
    reason: str | None
    says: str | None
    pays: Amount


class ConditionFound(Schema):
    """A condition of the protection. `do`: what meets it. `due_at`: until when it can be met."""

    name: str
    standing: Standing
    says: str
    do: str
    since: datetime | None
    due_at: datetime | None


class CoverageListed(Schema):
    """An order's protection: up to an amount, if conditions are met, until a day. It is no insurance."""

    order: str
    seller: str | None
    state: State
    up_to: Amount | None = Field(description="The most that is paid for the order; null while its amount is unknown.")
    pays: Amount = Field(
        description="Up to how much lost claims are covered. The ledger says what the fund has paid: less, where a"
        " dispute, a return or a bank has made the seller whole."
    )
    pays_for_now: Amount = Field(
        description="Up to how much the fund pays until banks have decided about open claims whose every condition is"
        " met. It goes back then, and what is covered of a loss is paid for good."
    )
    placed_at: datetime
    ship_by: datetime | None = Field(description="The nearest term of the seller that still runs.")
    shipped_at: datetime | None
    delivered_at: datetime | None
    changed_at: datetime


class CoverageFound(CoverageListed):
    until: datetime | None = Field(description="Claims made from then on are not covered.")
    causes: list[CauseCovered]
    conditions: list[ConditionFound]
    template: str
    template_version: int


class CoveragePage(Schema):
    items: list[CoverageListed]
    next: str | None


class CoverageAsked(Schema):
    """Of one seller, the newest order first. Pages do not shift when orders are added."""

    seller: Annotated[Text, Field(min_length=1, max_length=2000, description="The shop's id of the seller.")]
    state: State | None = None
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


COVERAGE_LISTED: dict[str, Any] = {
    "order": "ord-90112", "seller": "sel-1042", "state": "active", "up_to": {"minor": 12990, "currency": "USD"},
    "pays": {"minor": 0, "currency": "USD"}, "pays_for_now": {"minor": 0, "currency": "USD"},
    "placed_at": "2026-06-01T12:00:00Z", "ship_by": "2026-06-03T12:02:00Z", "shipped_at": None,
    "delivered_at": None, "changed_at": "2026-06-01T12:02:00Z",
}  # fmt: skip
COVERAGE_FOUND: dict[str, Any] = COVERAGE_LISTED | {
    "until": "2026-11-28T12:02:00Z", "template": "jd-like", "template_version": 1,
    "causes": [
        {
            "cause": "not_received", "state": "active", "reason": "ship_by",
            "says": "Shipped within 48 hours of payment",
            "pays": {"minor": 0, "currency": "USD"},
        }
    ],
    "conditions": [
        {
            "name": "ship_by", "standing": "pending", "says": "Shipped within 48 hours of payment",
            "do": "Hand the parcel over and enter its tracking number", "since": None, "due_at": "2026-06-03T12:02:00Z",
        }
    ],
}  # fmt: skip
