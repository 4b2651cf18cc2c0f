"""The marketplace's local addresses for returns, as its systems name and end them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, Literal

from django.http import HttpResponse
from ninja import Query, Schema
from pydantic import Field

from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.documents import Cursor, Sent, Text
from safeconduct.kernel.operations.problems import Code
from safeconduct.protections.returns import hubs, naming_hubs
from safeconduct.protections.returns.models import Hub
from safeconduct.protections.returns.words import Payer

operations = Operations("return hubs")
_Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]


class HubSent(Sent):
    """A local address. Other contents under the same code take its place from `since` on; the same change nothing."""

    code: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$", description="Yours, for ever.")]
    name: Annotated[Text, Field(min_length=1, max_length=60, description="As the buyer writes it on the parcel.")]
    country: _Country = Field(description="Where it stands, ISO 3166.")
    address: Annotated[Text, Field(min_length=1, max_length=500, description="Line by line.")]
    paid_by: Literal["seller", "platform"] = Field(
        description="Who pays for its work: taking in, keeping and sending on. Who pays the way there is `freight`."
    )
    serves: list[_Country] = Field(
        [], max_length=250, description="From which buyers' countries; EU: its members; empty: its own country alone."
    )
    goods: list[Annotated[Text, Field(min_length=1, max_length=80)]] = Field(
        [], max_length=100, description="Product categories it takes, as orders tell them; empty: all."
    )
    since: date | None = Field(None, description="Its first day, UTC: today or later; left out: at once.")
    until: date | None = Field(None, description="Its last day, UTC; left out: no end.")


class HubEnded(Sent):
    until: date | None = Field(None, description="Its last day, UTC: today or later; left out: it ends now.")


class HubsAsked(Schema):
    """The newest first."""

    ended: bool = Field(False, description="Those that have ended, in place of those in force or to come.")
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


class HubFound(Schema):
    id: str
    code: str
    name: str
    country: str
    address: str
    paid_by: Payer
    serves: list[str]
    goods: list[str]
    since: datetime
    until: datetime | None = Field(description="From when on it is in force no more.")
    still_to_come: int = Field(description="Returns that were told to go there and have not been sent yet.")


class HubPage(Schema):
    items: list[HubFound]
    next: str | None


_SENT: Final[dict[str, Any]] = {
    "code": "de-leipzig", "name": "Returns Leipzig", "country": "DE",
    "address": "Returns Leipzig\nHafenweg 7\n04103 Leipzig\nGermany", "paid_by": "platform", "serves": ["DE", "AT"],
    "goods": ["phones"],
}  # fmt: skip
_FOUND: Final[dict[str, Any]] = _SENT | {
    "id": "hub_01jy2d8m5nf9abt3k7r6x1q0wz", "serves": ["AT", "DE"], "since": "2026-06-01T12:00:00Z", "until": None,
    "still_to_come": 0,
}  # fmt: skip


@operation(
    operations, "GET", "/return-hubs", scope=Scope.RETURNS_READ, answer=HubPage,
    example={"items": [_FOUND], "next": None}, problems=(Code.INVALID,),
)  # fmt: skip
def list_return_hubs(request: Call, asked: Query[HubsAsked]) -> HttpResponse:
    """List the marketplace's local addresses for returns, in force or to come, or those that have ended."""
    found = hubs.listed(ended=asked.ended, at=datetime.now(UTC), after=asked.cursor or "", size=asked.limit)
    return answers.respond({"items": _found(found.items), "next": found.next or None})


@operation(
    operations, "POST", "/return-hubs", scope=Scope.RETURN_HUBS_WRITE, answer=HubFound, status=201, example=_FOUND,
    sends=_SENT, problems=(Code.INVALID,), speaks=True,
)  # fmt: skip
def name_return_hub(request: Call, sent: HubSent) -> HttpResponse:
    """Name a local address for returns, or change one; buyers who were told the one before keep it."""
    draft = naming_hubs.Draft(
        sent.code, sent.name, sent.country, sent.address, Payer(sent.paid_by), tuple(sent.serves), tuple(sent.goods),
        sent.since, sent.until,
    )  # fmt: skip
    named = naming_hubs.name(draft, request.caller.key_id, at=datetime.now(UTC))
    return answers.respond(_found([named.hub])[0], status=201)


@operation(
    operations, "POST", "/return-hubs/{hub_id}/end", scope=Scope.RETURN_HUBS_WRITE, answer=HubFound,
    example=_FOUND | {"until": "2026-07-01T00:00:00Z"}, sends={"until": "2026-06-30"},
    problems=(Code.NOT_FOUND, Code.INVALID), speaks=True,
)  # fmt: skip
def end_return_hub(request: Call, hub_id: str, sent: HubEnded) -> HttpResponse:
    """End a local address now or with a day to come; returns that were told to go there keep it."""
    found = naming_hubs.end(hub_id, request.caller.key_id, at=datetime.now(UTC), last_day=sent.until)
    return answers.respond(_found([found])[0])


def _found(items: list[Hub]) -> list[dict[str, Any]]:
    to_come = hubs.still_to_come([one.id for one in items])
    return [
        {
            "id": one.id, "code": one.code, "name": one.name, "country": one.country, "address": one.address,
            "paid_by": one.paid_by, "serves": one.serves, "goods": one.goods, "since": answers.written(one.since),
            "until": answers.written(one.until_at), "still_to_come": to_come.get(one.id, 0),
        }
        for one in items
    ]  # fmt: skip
