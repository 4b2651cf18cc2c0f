"""The documents of returns: what is sent, what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field

from safeconduct.kernel.operations.documents import Amount, Cursor, File, Sent, Text
from safeconduct.protections.returns.words import Duties, NoTravel, Reason, Wish


class ReturnSent(Sent):
    """A return that a buyer asks for."""

    reference: Annotated[Text, Field(min_length=1, max_length=100, description="Yours; the same opens no second one.")]
    order: Annotated[Text, Field(min_length=1, max_length=2000, description="The shop's id of the order.")]
    reason: Reason = Reason.NO_REASON
    wish: Wish = Wish.REFUND
    lines: dict[Annotated[Text, Field(max_length=60)], int] = Field(
        {}, max_length=100, description="Name of an order line → what was paid for it, minor units; empty: all of it."
    )
    time_zone: Annotated[Text, Field(max_length=64)] = Field("UTC", description="The buyer's, IANA; the law's days.")
    duties: Duties | None = Field(None, description="Who pays duties by the listing, for goods refused at customs.")
    no_travel: NoTravel | None = Field(None, description="Goods that must not be sent back, but destroyed.")


class ReturnStepSent(Sent):
    """Something that a party does. Which steps are possible now stands in `can` of the return."""

    role: Literal["buyer", "seller"]
    step: Annotated[Text, Field(pattern=r"^[a-z_]{1,20}$")]
    words: Annotated[Text, Field(max_length=4000)] = ""
    proof: Annotated[Text, Field(max_length=20_000)] = Field("", description="What proves it, as text; it is evidence.")
    hub: Annotated[Text, Field(max_length=60)] = ""
    carrier: Annotated[Text, Field(max_length=60)] = ""
    send_to: Annotated[Text, Field(max_length=500)] = Field("", description="The seller's word where it goes; lines.")
    tracking: Annotated[Text, Field(max_length=120)] = ""
    seen_step: int | None = Field(None, ge=0, description="`step` as you saw it; refused where it has moved on.")


class ReturnEvidenceSent(Sent):
    """Files of one party: pictures of the goods above all."""

    role: Literal["buyer", "seller"]
    files: list[File] = Field(min_length=1, max_length=10)


class ReturnMessageSent(Sent):
    """Words of one party to the other."""

    role: Literal["buyer", "seller"]
    words: Annotated[Text, Field(min_length=1, max_length=4000)]


class ReturnLinkSent(Sent):
    """An order whose buyer gets a link."""

    order: Annotated[Text, Field(min_length=1, max_length=2000, description="The shop's id of the order.")]


class ReturnLinkMade(Schema):
    """A page where whoever has the link asks for a return of this order and follows it."""

    url: str


class ReturnsAsked(Schema):
    """The newest first."""

    seller: Annotated[Text, Field(max_length=2000, description="The shop's id of the seller; left out: all.")] = ""
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


class ReturnListed(Schema):
    id: str
    order: str
    reason: str
    state: str
    status: str
    amount: Amount
    requested_at: datetime
    law_due_at: datetime | None = Field(description="By when law wants the money paid, once that is known.")


class ReturnPage(Schema):
    items: list[ReturnListed]
    next: str | None


class ReturnLineFound(Schema):
    name: str
    amount_minor: int
    reception: str
    acceptance: str
    grade: str
    take_off_minor: int
    late_minor: int


class ReturnCompared(Schema):
    """What left beside what came back: same, different or unknown, and why."""

    what: str
    finding: str
    because: str
    left: str
    back: str


class ReturnOutcome(Schema):
    """What the buyer gets, who pays, whether it counts against the seller; and the reasons."""

    remedy: str
    amount: Amount | None
    liability: str
    standing: str
    rule: str
    rule_version: str
    says: str
    automated: bool
    decided_role: str | None = Field(description="The seat of who decided: arbiter or reviewer; null without a person.")
    confirmed_role: str | None = Field(description="The seat of the second person, where the amount needed one.")
    appeal_until: datetime | None
    decided_at: datetime


class ReturnFound(ReturnListed):
    step: int
    authorisation: str = Field(description="What the buyer writes on the parcel.")
    hub: str = Field(description="What the place is called to which it goes; empty where it has no name.")
    hub_id: str | None = Field(description="The marketplace's local address; null for an address of the seller.")
    send_to: str = Field(description="Where it goes, line by line, as the buyer reads it; empty: not said yet.")
    statutory: bool = Field(description="Law gives the buyer this return.")
    freight: str = Field(description="Who pays for the way back.")
    can: dict[str, list[str]] = Field(description="Which steps each party has now.")
    lines: list[ReturnLineFound]
    compared: list[ReturnCompared]
    outcomes: list[ReturnOutcome]
