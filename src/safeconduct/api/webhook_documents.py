"""The documents of webhooks, in and out: what is sent, what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import AwareDatetime, Field

from safeconduct.kernel.notices.models import DeliveryState
from safeconduct.kernel.operations.documents import Cursor, Sent, Text


class RefusedPart(Schema):
    type: str
    field: str
    problem: str


class WebhookAnswer(Schema):
    delivery: str
    status: str = Field(
        description="`read`, `duplicate`, or `refused`: kept, and to be read again with a better mapping."
    )
    events: int
    unknown: int
    refused: list[RefusedPart]


class EndpointSent(Sent):
    url: Annotated[Text, Field(max_length=500, description="Where to deliver; https in production.")]
    kinds: list[Annotated[str, Field(max_length=40)]] = Field(max_length=50, description="Kinds of messages it gets.")
    name: Annotated[Text, Field(max_length=80)] = ""


class EndpointChange(Sent):
    """What is absent stays as it is."""

    url: Annotated[Text, Field(max_length=500)] | None = None
    kinds: list[Annotated[str, Field(max_length=40)]] | None = Field(None, max_length=50)
    name: Annotated[Text, Field(max_length=80)] | None = None
    enabled: bool | None = Field(None, description="False stops deliveries, true begins them again.")


class EndpointFound(Schema):
    id: str
    url: str
    name: str
    kinds: list[str]
    enabled: bool
    off: str | None = Field(
        description="Why it is off: `person`, `gone` (410) or `failing` (nothing accepted for days)."
    )
    off_since: datetime | None
    failing_since: datetime | None = Field(description="The first failure since the last success.")
    paused_until: datetime | None = Field(description="After failures in a row it rests until then.")
    created_at: datetime


class EndpointPage(Schema):
    items: list[EndpointFound]
    next: str | None


class SecretFound(Schema):
    secret: str = Field(description="`whsec_…`, as Standard Webhooks libraries take it.")
    previous_until: datetime | None = Field(description="Until then the earlier secret signs too.")


class RotateSent(Sent):
    at_once: bool = Field(False, description="True: the earlier secret stops signing now, because others have seen it.")


class ResendSent(Sent):
    since: AwareDatetime
    until: AwareDatetime
    delivered_too: bool = Field(False, description="True: also what the endpoint has accepted.")


class ResendAnswer(Schema):
    messages: int


class DeliveriesAsked(Schema):
    """Newest first."""

    state: DeliveryState | None = None
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


class DeliveryListed(Schema):
    id: str
    message: str = Field(description="The `webhook-id` of every attempt.")
    kind: str
    endpoint: str
    state: DeliveryState
    attempts: int
    due_at: datetime | None = Field(description="The next attempt.")
    status: int | None = Field(description="HTTP status of the last attempt.")
    problem: str
    created_at: datetime
    delivered_at: datetime | None


class DeliveryPage(Schema):
    items: list[DeliveryListed]
    next: str | None


class AttemptFound(Schema):
    at: datetime
    status: int | None
    latency_ms: int
    problem: str


class DeliveryFound(DeliveryListed):
    data: dict[str, Any]
    log: list[AttemptFound]
