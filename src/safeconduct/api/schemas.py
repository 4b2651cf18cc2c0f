"""The documents of the API: what is sent, what is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions.models import LabelKind, ListKind
from safeconduct.kernel.notices.models import DeliveryState
from safeconduct.protections.transactions.coverage.words import Standing, State


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("contains U+0000, which cannot be stored")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,79}$")]
Why = Annotated[Text, Field(min_length=3, max_length=2000, description="The reason, a sentence; it is kept.")]
Cursor = Annotated[str, Field(max_length=300, description="`next` of the page before.")]


class Sent(Schema):
    """A body: a field that is not known is an error, so that a slip of the pen is not ignored."""

    model_config = ConfigDict(extra="forbid")


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


class ListSent(Sent):
    name: Name
    kind: ListKind
    entity: Annotated[str, Field(max_length=40, description="A kind of entity, such as `card`, or `text`.")]
    purpose: Annotated[Text, Field(max_length=500)] = ""


class ListFound(Schema):
    name: str
    kind: ListKind
    entity: str
    purpose: str
    entries: int = Field(description="Entries in force.")
    created_at: datetime


class ListPage(Schema):
    items: list[ListFound]
    next: str | None


class EntriesSent(Sent):
    values: list[Annotated[Text, Field(min_length=1, max_length=200)]] = Field(min_length=1, max_length=1000)
    why: Why
    until: AwareDatetime | None = Field(None, description="When the entries end; null: until they are ended.")


class EntryFound(Schema):
    """An entry. What may name a person is masked."""

    id: str
    value: str
    since: datetime
    until: datetime | None
    why: str
    added_by: str


class EntriesAnswer(Schema):
    items: list[EntryFound]


class EntryPage(Schema):
    items: list[EntryFound]
    next: str | None


class PageAsked(Schema):
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


class PolicyListed(Schema):
    policy: str
    live: int | None = Field(description="Number of the version in force.")
    challenger: int | None
    shadow: list[int]
    latest: int


class PolicyPage(Schema):
    items: list[PolicyListed]
    next: str | None


class VersionFound(Schema):
    id: str
    policy: str
    number: int
    state: str
    revision: int
    note: str
    rollout_percent: int
    created_at: datetime
    published_at: datetime | None
    retired_at: datetime | None
    text: str


class Finding(Schema):
    line: int
    column: int
    end_column: int
    severity: str
    code: str
    message: str
    hint: str | None


class PolicySent(Sent):
    text: str = Field(max_length=400_000, description="The policy, as YAML.")


class PolicyChecked(Schema):
    ok: bool
    policy: str | None
    diagnostics: list[Finding]


class DraftSent(Sent):
    text: Annotated[Text, Field(max_length=400_000, description="The policy, as YAML.")]
    note: Annotated[Text, Field(max_length=2000)] = ""
    draft: Annotated[Text, Field(max_length=30)] | None = Field(
        None, description="Id of the draft to change; otherwise a new version."
    )
    revision: int | None = Field(None, ge=1, le=2**31 - 1, description="The draft's revision that was read.")
    person: Annotated[Text, Field(max_length=254)] | None = Field(
        None, description="Id or e-mail address of its author, a member of staff; otherwise who made the key."
    )


class DraftSaved(Schema):
    id: str
    policy: str
    number: int
    revision: int
    state: str
    ok: bool = Field(description="False: it is kept, but cannot be shadowed or published before its errors are gone.")
    diagnostics: list[Finding]


class Amount(Schema):
    """Money: whole minor units of a currency (ISO 4217)."""

    minor: int
    currency: str


class CauseCovered(Schema):
    """How the order stands against one cause. `says`: why, where there is something to say."""

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
    pays: Amount
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


class SellerAsked(Schema):
    seller: Annotated[Text, Field(min_length=1, max_length=2000, description="The shop's id of the seller.")]


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
