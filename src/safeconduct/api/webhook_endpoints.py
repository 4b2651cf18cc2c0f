"""Where messages are delivered to: endpoints, their secrets, their log, and sending again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from ninja import Query

from safeconduct.api.webhook_documents import (
    DeliveriesAsked,
    DeliveryFound,
    DeliveryListed,
    DeliveryPage,
    EndpointChange,
    EndpointFound,
    EndpointPage,
    EndpointSent,
    ResendAnswer,
    ResendSent,
    RotateSent,
    SecretFound,
)
from safeconduct.kernel.notices.models import DeliveryState, Endpoint, WebhookDelivery
from safeconduct.kernel.notices.webhooks import endpoints, queries
from safeconduct.kernel.operations import answers
from safeconduct.kernel.operations.calls import Call, Caller, Scope
from safeconduct.kernel.operations.declaring import Operations, operation
from safeconduct.kernel.operations.problems import Code, invalid
from safeconduct.kernel.paging import read_cursor
from safeconduct.kernel.scope import Actor

operations = Operations("webhooks")
_ENDPOINT = {
    "id": "whe_01jy2d8m4kq5v6w7x8y9zabcde", "url": "https://shop.example/safeconduct", "name": "Shop",
    "kinds": ["decision.changed", "hold.placed"], "enabled": True, "off": None, "off_since": None,
    "failing_since": None, "paused_until": None, "created_at": "2026-06-01T12:00:00Z",
}  # fmt: skip
_DELIVERY = {
    "id": "whd_01jy2d8m4kq5v6w7x8y9zabcde", "message": "msg_01jy2d8m4kq5v6w7x8y9zabcde", "kind": "hold.placed",
    "endpoint": _ENDPOINT["id"], "state": "waiting", "attempts": 1, "due_at": "2026-06-01T12:00:05Z", "status": 503,
    "problem": "", "created_at": "2026-06-01T12:00:00Z", "delivered_at": None,
}  # fmt: skip
_ATTEMPT = {"at": "2026-06-01T12:00:00Z", "status": 503, "latency_ms": 41, "problem": ""}


@operation(
    operations, "GET", "/webhooks/endpoints", scope=Scope.WEBHOOKS_READ, answer=EndpointPage,
    example={"items": [_ENDPOINT], "next": None},
)  # fmt: skip
def list_endpoints(request: Call) -> HttpResponse:
    """List the endpoints, the oldest first.

    There are at most 50, so this is always the whole list.
    """
    return answers.respond({"items": [_endpoint(found) for found in queries.endpoints()], "next": None})


@operation(
    operations, "POST", "/webhooks/endpoints", scope=Scope.WEBHOOKS_WRITE, answer=EndpointFound, status=201,
    example=_ENDPOINT, sends={"url": _ENDPOINT["url"], "kinds": _ENDPOINT["kinds"], "name": "Shop"},
)  # fmt: skip
def create_endpoint(request: Call, sent: EndpointSent) -> HttpResponse:
    """Make an endpoint.

    Read its secret at `/webhooks/endpoints/{endpoint_id}/secret`, and have a test message sent.
    """
    made, _secret = endpoints.create(sent.url, sent.kinds, _actor(request.caller), at=_now(), name=sent.name)
    return answers.respond(_endpoint(made), status=201)


@operation(
    operations, "GET", "/webhooks/endpoints/{endpoint_id}", scope=Scope.WEBHOOKS_READ, answer=EndpointFound,
    example=_ENDPOINT, problems=(Code.NOT_FOUND,),
)  # fmt: skip
def get_endpoint(request: Call, endpoint_id: str) -> HttpResponse:
    """Read an endpoint and how it is doing."""
    return answers.respond(_endpoint(_get(endpoint_id)))


@operation(
    operations, "PATCH", "/webhooks/endpoints/{endpoint_id}", scope=Scope.WEBHOOKS_WRITE, answer=EndpointFound,
    example=_ENDPOINT, sends={"kinds": _ENDPOINT["kinds"], "enabled": True}, problems=(Code.NOT_FOUND,),
)  # fmt: skip
def change_endpoint(request: Call, endpoint_id: str, sent: EndpointChange) -> HttpResponse:
    """Change an endpoint, or switch it off and on.

    What waits for an endpoint is sent when it is switched on; what came while it was off is sent by `resend`.
    """
    actor, now = _actor(request.caller), _now()
    found = endpoints.change(_id(endpoint_id), actor, at=now, url=sent.url, kinds=sent.kinds, name=sent.name)
    if sent.enabled is not None:
        found = (endpoints.switch_on if sent.enabled else endpoints.switch_off)(found.id, actor, at=now)
    return answers.respond(_endpoint(found))


@operation(
    operations, "GET", "/webhooks/endpoints/{endpoint_id}/secret", scope=Scope.WEBHOOKS_WRITE, answer=SecretFound,
    example={"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "previous_until": None}, problems=(Code.NOT_FOUND,),
)  # fmt: skip
def get_endpoint_secret(request: Call, endpoint_id: str) -> HttpResponse:
    """Read the secret that signs."""
    found = _get(endpoint_id)
    return answers.respond({"secret": endpoints.secret_of(found), "previous_until": found.previous_until})


@operation(
    operations, "POST", "/webhooks/endpoints/{endpoint_id}/rotate", scope=Scope.WEBHOOKS_WRITE, answer=EndpointFound,
    example=_ENDPOINT, sends={"at_once": False}, problems=(Code.NOT_FOUND,),
)  # fmt: skip
def rotate_endpoint_secret(request: Call, endpoint_id: str, sent: RotateSent) -> HttpResponse:
    """Give an endpoint a new secret.

    The earlier one signs beside it for 24 hours, so that receivers change without a gap, or stops at once.
    """
    found, _secret = endpoints.rotate(_id(endpoint_id), _actor(request.caller), at=_now(), at_once=sent.at_once)
    return answers.respond(_endpoint(found))


@operation(
    operations, "POST", "/webhooks/endpoints/{endpoint_id}/ping", scope=Scope.WEBHOOKS_WRITE, answer=DeliveryListed,
    status=201, example=_DELIVERY | {"kind": "webhook.test", "attempts": 0, "status": None},
    problems=(Code.NOT_FOUND, Code.CONFLICT),
)  # fmt: skip
def ping_endpoint(request: Call, endpoint_id: str) -> HttpResponse:
    """Have a test message sent.

    What became of it stands at the delivery a moment later.
    """
    return answers.respond(_delivery(endpoints.ping(_id(endpoint_id), _actor(request.caller), at=_now())), status=201)


@operation(
    operations, "POST", "/webhooks/endpoints/{endpoint_id}/resend", scope=Scope.WEBHOOKS_WRITE, answer=ResendAnswer,
    example={"messages": 214}, problems=(Code.NOT_FOUND, Code.CONFLICT),
    sends={"since": "2026-06-01T00:00:00Z", "until": "2026-06-02T00:00:00Z", "delivered_too": False},
)  # fmt: skip
def resend_period(request: Call, endpoint_id: str, sent: ResendSent) -> HttpResponse:
    """Send again what an endpoint missed in a period.

    Messages keep their `webhook-id`. They are kept for 30 days; at most 10,000 are sent at once.
    """
    count = endpoints.resend_period(
        _id(endpoint_id), sent.since, sent.until, _actor(request.caller), at=_now(), delivered_too=sent.delivered_too
    )  # fmt: skip
    return answers.respond({"messages": count})


@operation(
    operations, "GET", "/webhooks/endpoints/{endpoint_id}/deliveries", scope=Scope.WEBHOOKS_READ, answer=DeliveryPage,
    example={"items": [_DELIVERY], "next": None}, problems=(Code.NOT_FOUND, Code.INVALID),
)  # fmt: skip
def list_deliveries(request: Call, endpoint_id: str, asked: Query[DeliveriesAsked]) -> HttpResponse:
    """List what was, or is to be, delivered to an endpoint, newest first."""
    if asked.cursor is not None and not _is_place(asked.cursor):
        raise invalid("cursor", "this is no cursor; use `next` of the page before")
    found = queries.deliveries(_get(endpoint_id).id, state=asked.state, after=asked.cursor or "", size=asked.limit)
    return answers.respond({"items": [_delivery(row) for row in found.items], "next": found.next or None})


@operation(
    operations, "GET", "/webhooks/deliveries/{delivery_id}", scope=Scope.WEBHOOKS_READ, answer=DeliveryFound,
    example=_DELIVERY | {"data": {"hold": "hld_1"}, "log": [_ATTEMPT]}, problems=(Code.NOT_FOUND,),
)  # fmt: skip
def get_delivery(request: Call, delivery_id: str) -> HttpResponse:
    """Read a delivery: its message, and every attempt with status and latency, the newest first."""
    found = queries.delivery(_id(delivery_id))
    log = [
        {"at": one.at, "status": one.status, "latency_ms": one.latency_ms, "problem": one.problem}
        for one in queries.attempts(found.id)
    ]
    return answers.respond(_delivery(found) | {"data": found.message.data, "log": log})


@operation(
    operations, "POST", "/webhooks/deliveries/{delivery_id}/resend", scope=Scope.WEBHOOKS_WRITE, answer=DeliveryListed,
    example=_DELIVERY | {"attempts": 0}, problems=(Code.NOT_FOUND, Code.CONFLICT),
)  # fmt: skip
def resend_delivery(request: Call, delivery_id: str) -> HttpResponse:
    """Send one message again, with its `webhook-id` of the first time."""
    return answers.respond(_delivery(endpoints.resend(_id(delivery_id), _actor(request.caller), at=_now())))


def _actor(caller: Caller) -> Actor:
    return Actor(caller.key_id, "machine")


def _now() -> datetime:
    return datetime.now(UTC)


def _id(given: str) -> str:
    return given if "\x00" not in given else ""


def _get(endpoint_id: str) -> Endpoint:
    return queries.endpoint(_id(endpoint_id))


def _is_place(cursor: str) -> bool:
    place = read_cursor(cursor)
    return place is not None and isinstance(place[0], datetime) and isinstance(place[1], str)


def _endpoint(found: Endpoint) -> dict[str, Any]:
    return {
        "id": found.id, "url": found.url, "name": found.name, "kinds": found.kinds, "enabled": found.enabled,
        "off": found.off or None, "off_since": found.off_since, "failing_since": found.failing_since,
        "paused_until": found.paused_until, "created_at": found.created_at,
    }  # fmt: skip


def _delivery(found: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": found.id, "message": found.message_id, "kind": found.message.kind, "endpoint": found.endpoint_id,
        "state": str(found.state), "attempts": found.attempts,
        "due_at": found.due_at if found.state == DeliveryState.WAITING else None, "status": found.status,
        "problem": found.problem, "created_at": found.created_at, "delivered_at": found.delivered_at,
    }  # fmt: skip
