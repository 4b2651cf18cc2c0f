"""What the pages of requests read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from safeconduct.kernel.paging import Order, Slice, page
from safeconduct.kernel.scope import query
from safeconduct.kernel.ui.parts import Text
from safeconduct.protections.data_security.requests.models import DataRequest
from safeconduct.protections.data_security.requests.words import OPEN, WHAT, WHY

#: What a seller's scope may read of a request.
_SHOWN = (
    "id", "kind", "state", "seller_key", "rule", "statement", "asked_at", "due_at", "extended_at", "answered_at",
)  # fmt: skip


@dataclass(slots=True)
class Told:
    """What the link of an order needs to know of it. ``language``: in which it was placed."""

    order_key: int
    order_ref: str
    buyer_key: int | None
    place: str
    language: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays after an erasure, in the reader's words."""

    what: Text
    why: Text
    until: datetime | None


def requests_page(*, open_ones: bool, after: str = "", before: str = "") -> Slice[DataRequest]:
    """Requests: open ones by when they are due, the others the latest first."""
    rows = DataRequest.objects.defer("words").select_related("person")
    if open_ones:
        return page(rows.filter(state__in=OPEN), Order("due_at"), after=after, before=before)
    return page(rows.exclude(state__in=OPEN), Order("asked_at", descending=True), after=after, before=before)


def request_of(request_id: str) -> DataRequest | None:
    """One request, with its person and archive."""
    return (
        DataRequest.objects.select_related("person", "archive").defer("archive__sealed").filter(id=request_id).first()
    )


def of_person(person_id: str) -> QuerySet[DataRequest]:
    """The requests of a member, the latest first, also in a seller's scope."""
    return DataRequest.objects.filter(person_id=person_id).only(*_SHOWN).order_by("-asked_at", "-id")[:50]


def of_buyer(buyer_key: int) -> list[DataRequest]:
    """The requests of a buyer, the latest first."""
    rows = DataRequest.objects.select_related("archive").defer("archive__sealed", "words").filter(buyer_key=buyer_key)
    return list(rows.order_by("-asked_at", "-id")[:50])


def told(order_key: int) -> Told | None:
    """What was told of an order when it was placed; None where it was not."""
    row = query(
        "SELECT e.data ->> 'order', f.buyer, e.data ->> 'ship_country', e.data ->> 'locale' FROM event e"
        " JOIN fact f ON f.moment = e.moment WHERE e.order_key = %s AND e.type = 'order.placed'"
        " ORDER BY e.moment LIMIT 1",
        [order_key],
    ).fetchone()
    return None if row is None else Told(order_key, row[0] or "", row[1], row[2] or "", row[3] or "")


def kept_in(statement: dict[str, Any]) -> list[Kept]:
    """What a statement says stays."""
    return [
        Kept(WHAT[one["what"]], WHY[one["why"]], parse_datetime(one["until"]) if one["until"] else None)
        for one in statement.get("kept", [])
    ]


def gone_in(statement: dict[str, Any]) -> list[tuple[Text, int]]:
    """What a statement says is gone, and how many rows of it."""
    return [(WHAT[what], count) for what, count in statement.get("gone", {}).items()]
