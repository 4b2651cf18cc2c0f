"""The documents of chargebacks: what is sent, what is answered, and an example of each."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from safeconduct.kernel.operations.documents import Amount, Cursor, Sent, Text
from safeconduct.protections.transactions.chargebacks.api_people import ByPerson
from safeconduct.protections.transactions.chargebacks.mirror import Stage


class ChargebacksAsked(Schema):
    """The newest first."""

    seller: Annotated[Text, Field(max_length=2000, description="The shop's id of the seller; left out: all.")] = ""
    stage: Stage | None = Field(None, description="Only those that stand there; `inquiry`: the bank only asks.")
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


class AnswerStaged(Sent):
    """The answer is to be made, or made again."""

    language: Literal["en", "es", "zh"] = "en"


class AnswerSubmitted(ByPerson):
    """The answer is to be sent; a bank takes one, and no changes."""

    sha256: Annotated[
        Text, Field(pattern="^[0-9a-f]{64}$", description="Of the answer that was looked at, as `answer` names it.")
    ]


class ChargebackAccepted(ByPerson):
    """The dispute is to be given up."""

    confirm: Literal[True] = Field(description="True: it is known that the buyer keeps the money.")


class EarlierFound(Schema):
    """What Compelling Evidence 3.0 says, in one reading of the rule (docs/protections/chargebacks.md). Identifiers and
    `required_actions` by Stripe's names. `unfit`: how many earlier payments do not count, and why; `equal_in`: of each
    identifier that this payment has, in how many of the `candidates` it is the same; `ages`: of the two payments that
    prove it, in days."""

    profile: Literal["visa", "stripe"]
    status: str
    required_actions: list[str]
    why_not: str | None
    candidates: int
    unfit: dict[str, int]
    equal_in: dict[str, int]
    proofs: list[str]
    ages: list[dict[str, int]]
    remarks: list[str]


class AnswerFound(Schema):
    """The answer to the stage at which a dispute stands. `complete`: nothing that must be there is missing; `percent`
    counts what helps too."""

    kind: str
    state: str
    complete: bool
    percent: int
    missing: list[str]
    missing_one_of: list[list[str]]
    exhibits: list[str]
    earlier_payments: list[EarlierFound] = Field(description="Of a dispute with Visa 10.4; else empty.")
    sha256: str
    staged_at: datetime
    sent_at: datetime | None


class ChargebackListed(Schema):
    """A bank's dispute. `status` is Stripe's word, `stage` Adyen's."""

    id: str
    dispute: str = Field(description="The processor's id.")
    order: str | None
    seller: str | None
    status: str
    stage: str
    network: str
    network_code: str
    reason: str
    reason_says: str
    amount: Amount | None
    opened_at: datetime
    due_at: datetime | None
    due_of_table: bool
    closed_at: datetime | None
    reopenable_until: datetime | None = Field(
        description="Of one that is won: until when a bank can go on, as a rule of its scheme."
    )


class ChargebackFound(ChargebackListed):
    answer: AnswerFound | None
    may_answer: bool


class ChargebackPage(Schema):
    items: list[ChargebackListed]
    next: str | None


class ReadinessAsked(Schema):
    """Of whom it is counted."""

    seller: Annotated[Text, Field(max_length=2000, description="The shop's id of the seller; left out: all.")] = ""


class LackingFound(Schema):
    """An identifier that was not told: with how many orders, and how many more could qualify if it were, and agreed."""

    orders: int
    would_add: int


class ReadinessFound(Schema):
    """A count over pseudonyms; what values look like is judged only when a dispute is defended, so `share` is an upper
    bound. `across_sellers`: a card's earlier orders at other sellers count."""

    since: datetime
    until: datetime
    profile: str
    across_sellers: bool
    orders: int
    by_card: int
    two_earlier_payments: int
    could_qualify: int
    share: float | None
    lacking: dict[str, LackingFound]


READINESS: dict[str, Any] = {
    "since": "2025-12-09T12:00:00Z", "until": "2026-06-07T12:00:00Z", "profile": "stripe", "across_sellers": True,
    "orders": 3000, "by_card": 1777, "two_earlier_payments": 38, "could_qualify": 37, "share": 0.0123,
    "lacking": {"ip": {"orders": 12, "would_add": 1}},
}  # fmt: skip
LISTED: dict[str, Any] = {
    "id": "pdp_01jy2d8m4kq5v6w7x8y9zabcde", "dispute": "dp_1Pq", "order": "ord-90112", "seller": "sel-1042",
    "status": "needs_response", "stage": "chargeback", "network": "visa", "network_code": "10.4",
    "reason": "fraudulent", "reason_says": "Fraud without the card present",
    "amount": {"minor": 12990, "currency": "USD"}, "opened_at": "2026-06-07T12:00:00Z",
    "due_at": "2026-06-16T23:59:59Z", "due_of_table": False, "closed_at": None,
    "reopenable_until": None,
}  # fmt: skip
EARLIER: dict[str, Any] = {
    "profile": "stripe", "status": "requires_action", "required_actions": ["missing_prior_undisputed_transactions"],
    "why_not": None, "candidates": 1, "unfit": {"too_young": 2}, "equal_in": {"customer_purchase_ip": 1},
    "proofs": [], "ages": [], "remarks": [],
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "kind": "fight", "state": "staged", "complete": True, "percent": 86, "missing": [], "missing_one_of": [],
    "exhibits": ["order_details", "three_ds", "proof_of_delivery"], "earlier_payments": [EARLIER],
    "sha256": "5f" * 32,
    "staged_at": "2026-06-08T09:00:00Z", "sent_at": None,
}  # fmt: skip
FOUND: dict[str, Any] = {**LISTED, "answer": ANSWER, "may_answer": True}
