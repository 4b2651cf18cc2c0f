"""`webhooks`: endpoints, a test message, sending again, and the log."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from safeconduct.cli.output import FAILED, OK, USAGE, emit_json, fail
from safeconduct.cli.start import start_django

if TYPE_CHECKING:
    from safeconduct.kernel.notices.models import Endpoint, WebhookDelivery
    from safeconduct.kernel.scope import Actor

_Result = TypeVar("_Result")
_OPERATOR = "command line"


def list_endpoints(*, as_json: bool) -> int:
    """Prints all endpoints and how they are doing."""
    start_django()
    from safeconduct.kernel.notices.webhooks import queries
    from safeconduct.kernel.scope import staff_scope

    with staff_scope():
        found = queries.endpoints()
        counts = queries.counts(at=_now())
    if as_json:
        emit_json([_endpoint(one) | {"waiting": counts[one.id].waiting} for one in found])
        return OK
    for one in found:
        state = f"off ({one.off})" if one.off else "failing" if one.failures else "on"
        sys.stdout.write(f"{one.id}  {state:<14} {counts[one.id].waiting:>6} waiting  {one.url}\n")
    if not found:
        sys.stdout.write("There is no endpoint; `safeconduct webhooks add URL --kind decision.made` makes one.\n")
    return OK


def add(url: str, kinds: list[str], name: str, *, as_json: bool) -> int:
    """Makes an endpoint and prints its secret."""
    start_django()
    from safeconduct.kernel.notices.webhooks import endpoints

    made, secret = _do(lambda actor: endpoints.create(url, kinds, actor, at=_now(), name=name))
    if as_json:
        emit_json(_endpoint(made) | {"secret": secret})
    else:
        sys.stdout.write(f"{made.id}\nsecret {secret}\nThe receiver verifies with it; see docs/webhooks.md.\n")
    return OK


def ping(endpoint_id: str, *, as_json: bool) -> int:
    """Sends a test message, with whatever else is due, and prints what came of it. 1 where it was not accepted."""
    start_django()
    from safeconduct.kernel.notices.webhooks import endpoints

    sent = _do(lambda actor: endpoints.ping(endpoint_id, actor, at=_now()))
    return _deliver(sent.id, as_json=as_json)


def resend(
    wanted: str, *, since: datetime | None, until: datetime | None, delivered_too: bool, as_json: bool
) -> int:  # fmt: skip
    """Sends one delivery again, or what an endpoint missed in a period."""
    start_django()
    from safeconduct.kernel.notices.webhooks import endpoints

    if wanted.startswith("whd_"):
        if since or until:
            fail("a period belongs to an endpoint (whe_…), not to one delivery", USAGE)
        _do(lambda actor: endpoints.resend(wanted, actor, at=_now()))
        return _deliver(wanted, as_json=as_json)
    now = _now()
    start = _aware(since) or now - timedelta(days=1)
    end = _aware(until) or now
    count = _do(
        lambda actor: endpoints.resend_period(wanted, start, end, actor, at=now, delivered_too=delivered_too)
    )  # fmt: skip
    if as_json:
        emit_json({"messages": count, "since": start.isoformat(), "until": end.isoformat()})
    else:
        sys.stdout.write(f"{count} messages are on their way; the workers deliver them\n")
    return OK


def log(endpoint_id: str, *, state: str | None, limit: int, as_json: bool) -> int:
    """Prints the newest deliveries of an endpoint."""
    start_django()
    from safeconduct.kernel.notices.errors import NoticesError
    from safeconduct.kernel.notices.models import DeliveryState
    from safeconduct.kernel.notices.webhooks import queries
    from safeconduct.kernel.scope import staff_scope

    if state is not None and state not in DeliveryState.values:
        fail(f"{state!r} is no state; there are {', '.join(DeliveryState.values)}", USAGE)
    try:
        with staff_scope():
            queries.endpoint(endpoint_id)
            wanted = DeliveryState(state) if state else None
            rows = queries.deliveries(endpoint_id, state=wanted, size=limit).items
    except NoticesError as problem:
        fail(str(problem))
    if as_json:
        emit_json([_delivery(row) for row in rows])
        return OK
    for row in rows:
        said = row.problem or (str(row.status) if row.status else "")
        what = f"{row.message.kind:<20} {row.state:<10} {row.attempts:>2}"
        sys.stdout.write(f"{row.created_at:%Y-%m-%d %H:%M}  {row.id}  {what}  {said}\n")
    return OK


def _deliver(delivery_id: str, *, as_json: bool) -> int:
    from safeconduct.kernel.notices import upkeep
    from safeconduct.kernel.notices.models import DeliveryState
    from safeconduct.kernel.notices.webhooks import queries
    from safeconduct.kernel.scope import staff_scope

    upkeep.keep_up(_now())
    with staff_scope():
        found = queries.delivery(delivery_id)
    if as_json:
        emit_json(_delivery(found))
    else:
        said = found.problem or f"HTTP {found.status}" if found.attempts else "another worker has it"
        sys.stdout.write(f"{found.id} is {found.get_state_display()}: {said}\n")
    return OK if found.state == DeliveryState.DELIVERED else FAILED


def _do(verb: Callable[[Actor], _Result]) -> _Result:
    from safeconduct.kernel.notices.errors import NoticesError
    from safeconduct.kernel.scope import Actor, staff_scope

    try:
        with staff_scope():
            return verb(Actor(_OPERATOR, "owner"))
    except NoticesError as problem:
        fail(str(problem))


def _endpoint(found: Endpoint) -> dict[str, Any]:
    return {
        "id": found.id, "url": found.url, "name": found.name, "kinds": found.kinds, "enabled": found.enabled,
        "off": found.off or None, "failing_since": found.failing_since,
    }  # fmt: skip


def _delivery(found: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": found.id, "message": found.message_id, "kind": found.message.kind, "state": str(found.state),
        "attempts": found.attempts, "status": found.status, "problem": found.problem,
        "created_at": found.created_at, "delivered_at": found.delivered_at,
    }  # fmt: skip


def _now() -> datetime:
    return datetime.now(UTC)


def _aware(at: datetime | None) -> datetime | None:
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)
