"""Cases that sellers and buyers take to a body outside the marketplace."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Query, Schema
from pydantic import Field

from safeconduct.foundation.ids import is_id
from safeconduct.kernel.cases import referrals
from safeconduct.kernel.cases.errors import NoSuchCase
from safeconduct.kernel.cases.models import Referral
from safeconduct.kernel.cases.words import BodyWay, Finding, Followed, ReferralState, Role
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Scope
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.documents import Amount, Cursor, Sent, Text
from safeconduct.kernel.operations.problems import Code, not_found
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.vault.pseudonyms import lookup, reveal

operations = Operations("outside bodies")


class ReferralSent(Sent):
    """A case and the body that one of its parties takes it to."""

    body: Annotated[Text, Field(max_length=30, description="Id of a body, from `GET /v1/cases/{id}/outside`.")]
    words: Annotated[Text, Field(max_length=4000, description="What was decided wrongly; all parties read it.")]
    role: Literal["seller", "buyer"] = Field("seller", description="Who takes it there.")


class WaysAsked(Schema):
    role: Literal["seller", "buyer"] = Field("seller", description="Who would take it there.")


class ReferralsAsked(Schema):
    seller: Annotated[Text, Field(max_length=2000, description="The shop's id of the seller; left out: all.")] = ""
    open: bool = Field(True, description="Those that are not over, the oldest first; false: all, the newest first.")
    cursor: Cursor | None = None
    limit: int = Field(50, ge=1, le=200)


class WayFound(Schema):
    """A body that this case can be taken to, by what, until when, and who pays."""

    body: str
    way: BodyWay
    name: str
    url: str
    until: datetime | None = Field(description="The last moment, where the body's own rules set one.")
    decides_within: str
    pays: str
    platform: str = Field(description="What the marketplace does.")
    source: str = Field(description="The law, or the marketplace's own terms.")
    body_source: str
    body_read_on: date
    confirmed: bool = Field(description="False where counsel has to confirm that the law applies.")
    why_not: str = Field(description="Empty where the case can be taken there now.")


class WaysFound(Schema):
    items: list[WayFound]


class ReferralFound(Schema):
    id: str
    case: str
    seller: str | None
    body: str
    name: str
    url: str
    way: BodyWay
    state: ReferralState
    by: str = Field(description="Who has taken it there: seller or buyer.")
    referred_at: datetime
    due_at: datetime | None = Field(description="By when the body answers, where something says so.")
    late: bool
    engaged_at: datetime | None = Field(description="Since when the marketplace takes part.")
    found: Finding | None
    found_on: date | None
    says: str
    fees: Amount | None = Field(description="What the marketplace has repaid of the seller's costs.")
    followed: Followed | None
    why: str = Field(description="Why the finding is not followed.")
    outcome: str | None = Field(description="Id of the new decision.")


class ReferralPage(Schema):
    items: list[ReferralFound]
    next: str | None


_WAY: dict[str, Any] = {
    "body": "bod_01jy2d8m4kq5v6w7x8y9zabcde", "way": "named", "name": "Example Settlement Body",
    "url": "https://body.example/", "until": "2026-12-01T22:59:59Z", "decides_within": "60 days",
    "pays": "Each side bears its own costs.", "platform": "The marketplace takes part in good faith.",
    "source": "The marketplace's own terms", "body_source": "Rules of procedure, article 4",
    "body_read_on": "2026-05-01", "confirmed": True, "why_not": "",
}  # fmt: skip
_FOUND: dict[str, Any] = {
    "id": "rfl_01jy2d8m4kq5v6w7x8y9zabcde", "case": "cas_01jy2d8m5nf9abt3k7r6x1q0wz", "seller": "sel-1042",
    "body": _WAY["body"], "name": _WAY["name"], "url": _WAY["url"], "way": "named", "state": "referred",
    "by": "seller", "referred_at": "2026-06-01T12:00:00Z", "due_at": "2026-07-31T23:59:59Z", "late": False,
    "engaged_at": None,
    "found": None, "found_on": None, "says": "", "fees": None, "followed": None, "why": "", "outcome": None,
}  # fmt: skip


@operation(
    operations, "GET", "/cases/{case_id}/outside", scope=Scope.DISPUTES_READ, answer=WaysFound,
    example={"items": [_WAY]}, problems=(Code.NOT_FOUND,), speaks=True,
)  # fmt: skip
def list_outside_ways(request: Call, case_id: str, asked: Query[WaysAsked]) -> HttpResponse:
    """List the bodies outside the marketplace that a case's seller or buyer can turn to: law, time and who pays."""
    language = answers.language_of(request)
    try:
        found = referrals.ways(_case_id(case_id), datetime.now(UTC), Role(asked.role))
    except NoSuchCase:
        raise not_found("case", case_id) from None
    items = [
        {
            "body": way.body.id, "way": way.body.way, "name": way.body.name, "url": way.body.url,
            "until": answers.written(way.until), "decides_within": way.decides, "pays": spoken(way.body.pays, language),
            "platform": spoken(way.law.platform, language), "source": way.law.source, "body_source": way.body.source,
            "body_read_on": way.body.read_on.isoformat(), "confirmed": way.law.checked, "why_not": way.why_not,
        }
        for way in found
    ]  # fmt: skip
    return answers.respond({"items": items}, language=language)


@operation(
    operations, "POST", "/cases/{case_id}/outside", scope=Scope.DISPUTES_WRITE, answer=ReferralFound, status=201,
    example=_FOUND, sends={"body": _WAY["body"], "words": "The scans show that it was delivered."},
    problems=(Code.NOT_FOUND, Code.CONFLICT, Code.INVALID), speaks=True,
)  # fmt: skip
def refer_case(request: Call, case_id: str, sent: ReferralSent) -> HttpResponse:
    """Take a case to a body outside the marketplace, for its seller or its buyer.

    The shop answers for acting in the party's name. The case stays as it was decided; the party files it with the
    body. The same body once more is the referral that is there.
    """
    language = answers.language_of(request)
    actor = Actor(request.caller.key_id, "machine", sent.words)
    try:
        made = referrals.refer(_case_id(case_id), sent.body, actor, at=datetime.now(UTC), role=Role(sent.role))
    except NoSuchCase:
        raise not_found("case", case_id) from None
    return answers.respond(_items([made], language)[0], status=201, language=language)


@operation(
    operations, "GET", "/referrals", scope=Scope.DISPUTES_READ, answer=ReferralPage,
    example={"items": [_FOUND], "next": None}, problems=(Code.INVALID,), speaks=True,
)  # fmt: skip
def list_referrals(request: Call, asked: Query[ReferralsAsked]) -> HttpResponse:
    """List cases that were taken to bodies outside the marketplace, with their clocks and what came of them."""
    seller = lookup("seller", asked.seller) if asked.seller else None
    if asked.seller and seller is None:
        return answers.respond({"items": [], "next": None})
    found = referrals.listed(open_only=asked.open, seller_key=seller, after=asked.cursor or "", size=asked.limit)
    language = answers.language_of(request)
    return answers.respond({"items": _items(found.items, language), "next": found.next or None}, language=language)


def _case_id(case_id: str) -> str:
    if not is_id(case_id, "cas"):
        raise not_found("case", case_id)
    return case_id


def _items(made: list[Referral], language: str) -> list[dict[str, Any]]:
    names = reveal({one.seller_key for one in made})
    return [
        {
            "id": one.id, "case": one.case_id,
            "seller": names[one.seller_key][1] if one.seller_key in names else None, "body": one.body_id,
            "name": one.body.name, "url": one.body.url, "way": one.body.way, "state": one.state,
            "by": one.referred_role, "referred_at": answers.written(one.referred_at),
            "due_at": answers.written(one.due_at),
            "late": one.late_at is not None, "engaged_at": answers.written(one.engaged_at), "found": one.found or None,
            "found_on": one.found_on and one.found_on.isoformat(),
            "says": spoken(one.says, language) if one.says else "",
            "fees": one.fees_minor and {"minor": one.fees_minor, "currency": one.fees_currency},
            "followed": one.followed or None, "why": spoken(one.why, language) if one.why else "",
            "outcome": one.outcome_id,
        }
        for one in made
    ]  # fmt: skip
