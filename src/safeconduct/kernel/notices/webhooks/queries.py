"""What staff and machines read of webhooks: endpoints, their log, and how they are doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from safeconduct.kernel.notices.errors import NoSuchDelivery, NoSuchEndpoint
from safeconduct.kernel.notices.models import (
    DeliveryState,
    Endpoint,
    EndpointStep,
    WebhookAttempt,
    WebhookDelivery,
)
from safeconduct.kernel.paging import PAGE, Order, Slice, page
from safeconduct.kernel.scope import query

_NEWEST: Final = Order("created_at", descending=True)
_MOST_COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of an endpoint's deliveries: of the last day, and how many wait now, at most 10,000."""

    delivered: int = 0
    given_up: int = 0
    waiting: int = 0


def endpoints() -> list[Endpoint]:
    """All endpoints, the oldest first. There are few: `endpoints.MOST_ENDPOINTS`."""
    return list(Endpoint.objects.order_by("created_at", "id"))


def endpoint(endpoint_id: str) -> Endpoint:
    """One endpoint. Raises NoSuchEndpoint."""
    found = Endpoint.objects.filter(id=endpoint_id).first()
    if found is None:
        raise NoSuchEndpoint(endpoint_id)
    return found


def counts(*, at: datetime) -> Mapping[str, Counts]:
    """How each endpoint is doing, in one query."""
    capped = (
        "(SELECT count(*) FROM (SELECT FROM webhook_delivery d"
        " WHERE d.endpoint_id = e.id AND d.state = %s AND {} LIMIT %s) x)"
    )
    recent = capped.format("d.created_at > %s")
    since = at - timedelta(days=1)
    rows = query(
        f"SELECT e.id, {recent}, {recent}, {capped.format('true')} FROM webhook_endpoint e",
        [
            DeliveryState.DELIVERED.value, since, _MOST_COUNTED, DeliveryState.GIVEN_UP.value, since, _MOST_COUNTED,
            DeliveryState.WAITING.value, _MOST_COUNTED,
        ],
    ).fetchall()  # fmt: skip
    return {endpoint_id: Counts(*numbers) for endpoint_id, *numbers in rows}


def deliveries(
    endpoint_id: str, *, state: DeliveryState | None = None, after: str = "", before: str = "", size: int = PAGE
) -> Slice[WebhookDelivery]:
    """A page of an endpoint's deliveries with their messages, newest first."""
    rows = WebhookDelivery.objects.filter(endpoint_id=endpoint_id).select_related("message")
    if state is not None:
        rows = rows.filter(state=state)
    return page(rows, _NEWEST, after=after, before=before, size=size)


def delivery(delivery_id: str) -> WebhookDelivery:
    """One delivery with its message and endpoint. Raises NoSuchDelivery."""
    found = WebhookDelivery.objects.filter(id=delivery_id).select_related("message", "endpoint").first()
    if found is None:
        raise NoSuchDelivery(delivery_id)
    return found


def attempts(delivery_id: str) -> list[WebhookAttempt]:
    """The newest 50 attempts of a delivery, the newest first."""
    return list(WebhookAttempt.objects.filter(delivery_id=delivery_id).order_by("-id")[:50])


def steps(endpoint_id: str) -> list[EndpointStep]:
    """The newest 50 things that were done to an endpoint, the newest first."""
    return list(EndpointStep.objects.filter(endpoint_id=endpoint_id).order_by("-id")[:50])
