"""What is read: a person's inbox, mails that were given up, endpoints and their log.

The inbox is read in the scope of the seller whose member the person is, or, for staff, in theirs. Lists are returned
as query sets for the page to cut, newest first by (`at`, `notice_id`) or (`created_at`, `id`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from safeconduct.kernel.notices.errors import NoSuchDelivery, NoSuchEndpoint, NoSuchNotice
from safeconduct.kernel.notices.models import (
    DeliveryState,
    Endpoint,
    MailState,
    NoticeCopy,
    StoredMessage,
    WebhookAttempt,
    WebhookDelivery,
)
from safeconduct.kernel.notices.rendering import Reader, Rendered, render, summary

#: Where counting stops: a badge says 99+.
MOST_COUNTED = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A notice in the inbox's list, in the reader's words."""

    id: str
    subject: str
    summary: str
    url: str
    at: datetime
    read_at: datetime | None
    urgency: str


def unread_count(person_id: str) -> int:
    """How many notices a person has not read, at most `MOST_COUNTED`."""
    return NoticeCopy.objects.filter(person_id=person_id, read_at__isnull=True)[:MOST_COUNTED].count()


def inbox(person_id: str, *, unread: bool = False) -> QuerySet[NoticeCopy]:
    """A person's copies with their notices. Page it by `at`, then `notice_id`, both descending."""
    rows = NoticeCopy.objects.filter(person_id=person_id).select_related("notice")
    return rows.filter(read_at__isnull=True) if unread else rows


def lines(copies: Iterable[NoticeCopy], reader: Reader) -> list[Line]:
    """Rows of the inbox in the reader's words. No query: the copies bring their notices."""
    found = []
    for copy in copies:
        subject, short = summary(copy.notice.code, copy.notice.values, reader)
        found.append(
            Line(copy.notice_id, subject, short, copy.notice.url, copy.at, copy.read_at, copy.urgency)
        )  # fmt: skip
    return found


def notice_of(person_id: str, notice_id: str) -> NoticeCopy:
    """One notice of a person's inbox. Raises NoSuchNotice."""
    found = NoticeCopy.objects.filter(person_id=person_id, notice_id=notice_id).select_related("notice").first()
    if found is None:
        raise NoSuchNotice(notice_id)
    return found


def rendered(copy: NoticeCopy, reader: Reader) -> Rendered:
    """A notice in full, in the reader's words."""
    return render(copy.notice.code, copy.notice.values, reader)


def given_up_mails() -> QuerySet[NoticeCopy]:
    """Mails that could not be sent, for staff; `actions.mail_again` tries them once more."""
    return NoticeCopy.objects.filter(mail_state=MailState.GIVEN_UP).select_related("notice", "person")


# -- webhooks (staff) -------------------------------------------------------------------------------------------------


def endpoints() -> list[Endpoint]:
    """All endpoints, the oldest first. There are few: `webhooks.MOST_ENDPOINTS`."""
    return list(Endpoint.objects.order_by("created_at", "id"))


def endpoint(endpoint_id: str) -> Endpoint:
    """One endpoint. Raises NoSuchEndpoint."""
    found = Endpoint.objects.filter(id=endpoint_id).first()
    if found is None:
        raise NoSuchEndpoint(endpoint_id)
    return found


def deliveries(endpoint_id: str, *, state: DeliveryState | None = None) -> QuerySet[WebhookDelivery]:
    """The delivery log of an endpoint with its messages. Page it by `created_at`, then `id`, both descending."""
    rows = WebhookDelivery.objects.filter(endpoint_id=endpoint_id).select_related("message")
    return rows if state is None else rows.filter(state=state)


def delivery(delivery_id: str) -> tuple[WebhookDelivery, StoredMessage, list[WebhookAttempt]]:
    """One delivery, its message, and every attempt, the newest first. Raises NoSuchDelivery."""
    found = WebhookDelivery.objects.filter(id=delivery_id).select_related("message", "endpoint").first()
    if found is None:
        raise NoSuchDelivery(delivery_id)
    return found, found.message, list(found.log.order_by("-id")[:50])


def waiting_deliveries() -> int:
    """How many deliveries wait, at most 10,000; for the health page."""
    return WebhookDelivery.objects.filter(state=DeliveryState.WAITING)[:10_000].count()
