"""The documents of disputes: what is sent, what is answered, and an example of each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.words import Remedy, Role, Status
from safeconduct.kernel.events.catalogue import MOST_LINES
from safeconduct.kernel.events.lines import LONGEST_NAME
from safeconduct.kernel.operations.documents import Amount, Cursor, File, Sent, Text
from safeconduct.protections.disputes.burden import ClaimType

Asked = Literal[Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN, Remedy.REPLACEMENT]
Party = Literal[Role.BUYER, Role.SELLER]
Order = Annotated[Text, Field(min_length=1, max_length=2000, description="The shop's id of the order.")]
Words = Annotated[Text, Field(max_length=4000)]


class DisputeSent(Sent):
    """A dispute to be opened."""

    reference: Annotated[Text, Field(min_length=1, max_length=100, description="Yours; the same opens no second one.")]
    order: Order
    type: ClaimType
    asked: Asked = Remedy.REFUND
    amount_minor: int | None = Field(None, gt=0, description="What is asked, in the order's currency; null for all.")
    lines: list[Annotated[Text, Field(min_length=1, max_length=LONGEST_NAME)]] = Field(
        [], max_length=MOST_LINES, description="Names of the order's lines that it is about; empty: all of it."
    )
    words: Words = Field("", description="What the buyer says.")
    language: Annotated[Text, Field(max_length=16)] = ""
    time_zone: Annotated[Text, Field(max_length=64)] = Field("", description="The buyer's, IANA.")


class DisputeStepSent(Sent):
    """Something that a party does. Which verbs are possible now stands in `can` of the dispute."""

    role: Party
    verb: Annotated[Text, Field(pattern=r"^[a-z_]{1,20}$")]
    words: Words = ""
    offer: Annotated[Text, Field(max_length=30)] = Field("", description="For accept, decline, take_back: its id.")
    remedy: Asked | None = Field(None, description="For offer.")
    amount_minor: int | None = Field(None, gt=0, description="For offer of money.")
    seen_step: int | None = Field(None, ge=0, description="`step` as you saw it; refused where it has moved on.")
    kind: EvidenceKind = Field(EvidenceKind.OTHER, description="For evidence: what it is.")
    gist: Annotated[Text, Field(max_length=300)] = Field("", description="For evidence: what it shows, a sentence.")
    file: File = Field("", description="For evidence: the file as Base64; PNG, JPEG, PDF, MP4 or text.")


class DisputesAsked(Schema):
    """The newest first."""

    seller: Annotated[Text, Field(max_length=2000, description="The shop's id of the seller; left out: all.")] = ""
    open: bool = Field(False, description="True: only those that are not closed.")
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


class LinkSent(Sent):
    """An order whose buyer gets a link."""

    order: Order


class LinkMade(Schema):
    """A page where whoever has the link opens and follows the dispute of this order."""

    url: str


class DisputeListed(Schema):
    id: str
    number: str
    order: str
    seller: str | None
    type: ClaimType
    state: str
    status: Status
    amount: Amount
    due_at: datetime | None = Field(description="When the clock that runs ends, whoever's it is.")
    opened_at: datetime


class DisputePage(Schema):
    items: list[DisputeListed]
    next: str | None


class OfferFound(Schema):
    id: str
    role: str
    remedy: str
    amount: Amount | None
    state: str


class OutcomeFound(Schema):
    """Three answers, and the reasons: what the buyer gets, who pays, whether it counts against the seller."""

    id: str
    remedy: str
    amount: Amount | None
    liability: str
    shares: dict[str, int]
    standing: str
    rule: str
    rule_version: str
    ground: str | None = Field(description="What it turned on, as a word to count by; null where none was named.")
    says: str
    missing: list[str]
    automated: bool
    decided_role: str | None = Field(description="The seat of who decided: arbiter or reviewer; null without a person.")
    confirmed_role: str | None = Field(description="The seat of the second person, where the amount needed one.")
    final: bool
    appeal_until: datetime | None
    decided_at: datetime


class PieceFound(Schema):
    id: str
    kind: str
    source: str
    says: str
    sha256: str
    captured_at: datetime


class StepFound(Schema):
    step: str
    to: str
    role: str
    at: datetime


class DisputeFound(DisputeListed):
    step: int
    lines: list[str] = Field(description="The order's lines that it is about; empty for an order without lines.")
    turns: dict[str, str]
    can: dict[str, list[str]] = Field(description="Which verbs each party has now.")
    proves: str = Field(description="The side that loses where nothing is proved.")
    rule_says: str
    missing: list[str] = Field(description="What the seller still has to bring.")
    offers: list[OfferFound]
    outcomes: list[OutcomeFound]
    evidence: list[PieceFound]
    history: list[StepFound]
    workflow: str


LISTED: dict[str, Any] = {
    "id": "cas_01jy2d8m5nf9abt3k7r6x1q0wz", "number": "DSP-4021", "order": "ord-90112", "seller": "sel-1042",
    "type": "not_received", "state": "open", "status": "open", "amount": {"minor": 12990, "currency": "USD"},
    "due_at": "2026-06-07T03:59:59Z", "opened_at": "2026-06-01T12:00:00Z",
}  # fmt: skip
FOUND: dict[str, Any] = LISTED | {
    "step": 1, "lines": [], "turns": {"buyer": "their_turn", "seller": "my_turn"},
    "can": {"buyer": ["evidence", "offer", "say", "withdraw"], "seller": ["accept", "answer", "decline", "offer"]},
    "proves": "seller", "rule_says": "The seller proves that the parcel was delivered to the agreed address.",
    "missing": ["Proof of delivery by the carrier"],
    "offers": [
        {
            "id": "cmg_01jy2d8m4kq5v6w7x8y9zabcde", "role": "buyer", "remedy": "refund",
            "amount": {"minor": 12990, "currency": "USD"}, "state": "open",
        }
    ],
    "outcomes": [],
    "evidence": [
        {
            "id": "evd_01jy2d8m4kq5v6w7x8y9zabcde", "kind": "order_details", "source": "platform",
            "says": "Ordered 2026-05-20 09:12 UTC", "sha256": "a41c" + "0" * 60, "captured_at": "2026-05-20T09:12:00Z",
        }
    ],
    "history": [{"step": "open", "to": "open", "role": "buyer", "at": "2026-06-01T12:00:00Z"}],
    "workflow": "5d1f0c9f3b6a4e2d8c77",
}  # fmt: skip
SENT: dict[str, Any] = {
    "reference": "complaint-311", "order": "ord-90112", "type": "not_received", "asked": "refund",
    "words": "It never came.", "language": "es", "time_zone": "America/Santiago",
}  # fmt: skip
STEP: dict[str, Any] = {
    "role": "seller",
    "verb": "offer",
    "remedy": "partial_refund",
    "amount_minor": 3000,
    "words": "…",
}
