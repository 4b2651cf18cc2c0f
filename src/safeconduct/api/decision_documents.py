"""The documents of decisions and labels: what is sent, what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import AwareDatetime, Field

from safeconduct.api.event_documents import DecisionMade
from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions.models import LabelKind
from safeconduct.kernel.operations.documents import Cursor, Sent, Text, Why


class DecisionListed(DecisionMade):
    event: str | None
    event_type: str | None
    order: str | None
    seller: str | None
    standing: bool
    replaces: str | None
    decided_by: str
    decided_at: datetime


class DecisionFound(DecisionListed):
    fired: list[str]
    muted: list[str]
    allowed_by: str | None
    control: bool
    values: dict[str, Any] = Field(description="The values the rules saw.")


class DecisionPage(Schema):
    items: list[DecisionListed]
    next: str | None


class DecisionsAsked(Schema):
    """Newest first. Pages do not shift when decisions are added."""

    order: Annotated[Text, Field(max_length=2000)] | None = Field(None, description="The shop's id of the order.")
    seller: Annotated[Text, Field(max_length=2000)] | None = Field(None, description="The shop's id of the seller.")
    action: Action | None = None
    policy: Annotated[Text, Field(max_length=80)] | None = None
    since: AwareDatetime | None = Field(None, description="Only events known at or after this time.")
    standing: bool = Field(True, description="False: also those whose place a newer decision has taken.")
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


class OverrideSent(Sent):
    action: Action
    why: Why
    person: Annotated[Text, Field(max_length=254)] | None = Field(
        None, description="Id or e-mail address of the member of staff who decided; otherwise who made the key."
    )


class LabelSent(Sent):
    order: Annotated[Text, Field(min_length=1, max_length=2000, description="The shop's id of the order.")]
    label: LabelKind


class LabelsSent(Sent):
    labels: list[LabelSent] = Field(min_length=1, max_length=1000)


class LabelItem(Schema):
    index: int
    status: str = Field(description="`accepted` or `refused`.")
    problem: str | None = None


class LabelsAnswer(Schema):
    results: list[LabelItem]
    new: int = Field(description="Labels that were not there before.")
    refused: int
