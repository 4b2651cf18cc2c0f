"""The documents of events: what is answered, and the decisions in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from safeconduct.foundation.policy.nodes import Action


class ReasonLine(Schema):
    """One reason. `told` is what its subject may be told, `full` the whole sentence."""

    rule: str
    action: str
    decisive: bool
    category: str
    disclosure: str
    told: str
    full: str
    missing: list[str]
    teaches: str | None


class DecisionMade(Schema):
    """What one policy decided about an event."""

    id: str
    policy: str
    version: int
    kind: str = Field(description="`live`, `override` (a person's) or `shadow`.")
    action: Action
    automated: bool
    reasons: list[ReasonLine]
    unknown: list[str] = Field(description="Rules that could not be judged, because something was missing.")
    latency_us: int


class EventAnswer(Schema):
    """What became of an event."""

    id: str
    status: str = Field(description="`stored`, or `duplicate`: an event of this source and id was there before.")
    type_known: bool = Field(description="False: kept under its own type, and used by no policy.")
    action: Action | None = Field(
        description="The strictest action that stands; null where nothing was decided: no live policy listens to this "
        "type, or it was not waited for."
    )
    provisional: bool = Field(
        description="True: not decided in time. `action` is the policies' `on_failure`; the decision follows."
    )
    decisions: list[DecisionMade]


class BatchItem(Schema):
    """What became of one event of a batch; refused ones name the field and the problem."""

    index: int
    status: str = Field(description="`stored`, `duplicate` or `refused`.")
    id: str | None = None
    type_known: bool | None = None
    action: Action | None = None
    provisional: bool = False
    decisions: list[DecisionMade] = Field([])
    field: str | None = None
    problem: str | None = None


class BatchAnswer(Schema):
    results: list[BatchItem]
    stored: int
    duplicates: int
    refused: int


class EventFound(Schema):
    """An event as it is kept. Personal fields are sealed and not shown."""

    id: str
    source: str
    source_id: str
    type: str
    type_known: bool
    occurred_at: datetime
    received_at: datetime
    data: dict[str, Any]
    waiting: bool = Field(description="A decision is due and not made yet.")
    action: Action | None
    decisions: list[DecisionMade]
