"""What staff and machines do with endpoints: made, changed, given a new secret, switched on and off, tried, resent.

Every verb takes an actor and a time, runs in the open scope of staff or of the engine, and leaves a step. Secrets are
kept sealed; whoever may change an endpoint may read its secret.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.notices.errors import EndpointOff, EndpointRefused, NoSuchDelivery, NoSuchEndpoint
from safeconduct.kernel.notices.models import DeliveryState, Endpoint, EndpointStep, StoredMessage, WebhookDelivery
from safeconduct.kernel.notices.outbox import MessageKind
from safeconduct.kernel.notices.webhooks import record_payload
from safeconduct.kernel.notices.webhooks.targets import check_url
from safeconduct.kernel.record import leaves
from safeconduct.kernel.scope import Actor, query
from safeconduct.kernel.vault import data_keys
from safeconduct.kernel.vault.resealing import Stored
from safeconduct.kernel.vault.sealing import Column, Place, macs, seal, unseal

MOST_ENDPOINTS: Final = 50
#: After a change of secret the earlier one signs too for so long, so that receivers can change without a gap.
OVERLAP: Final = timedelta(hours=24)
#: Messages are kept, and can be resent, for so long.
KEPT: Final = timedelta(days=30)
MOST_RESENT: Final = 10_000
#: Every endpoint gets these; they cannot be chosen.
_TEST: Final = MessageKind.TEST
_SECRET_BYTES: Final = 32  # Standard Webhooks: 24 to 64


def create(url: str, kinds: Iterable[str], actor: Actor, *, at: datetime, name: str = "") -> tuple[Endpoint, str]:
    """Makes an endpoint and returns it with its secret (``whsec_…``).

    Raises EndpointRefused with the field.
    """
    query("SELECT pg_advisory_xact_lock(%s)", [Lock.ENDPOINTS])  # two at once must not pass the limit together
    if Endpoint.objects.count() >= MOST_ENDPOINTS:
        raise EndpointRefused("url", f"there are {MOST_ENDPOINTS} endpoints already; change one that is switched off")
    made = Endpoint(
        url=check_url(url), name=_name(name), kinds=_kinds(kinds), created_by=actor.id[:40], created_at=at
    )  # fmt: skip
    raw = _fresh_secret(made)
    made.save(force_insert=True)
    _step(made, EndpointStep.Verb.CREATED, actor, at)
    return made, _written(raw)


def change(
    endpoint_id: str,
    actor: Actor,
    *,
    at: datetime,
    url: str | None = None,
    kinds: Iterable[str] | None = None,
    name: str | None = None,
) -> Endpoint:
    """Changes where an endpoint is, what it gets, or what it is called; what is None stays.

    Raises NoSuchEndpoint, EndpointRefused with the field.
    """
    found = _locked(endpoint_id)
    before = (found.url, found.kinds, found.name)
    if url is not None:
        found.url = check_url(url)
    if kinds is not None:
        found.kinds = _kinds(kinds)
    if name is not None:
        found.name = _name(name)
    if (found.url, found.kinds, found.name) != before:
        found.save(update_fields=["url", "kinds", "name"])
        _step(found, EndpointStep.Verb.CHANGED, actor, at)
    return found


def rotate(endpoint_id: str, actor: Actor, *, at: datetime, at_once: bool = False) -> tuple[Endpoint, str]:
    """Gives an endpoint a new secret, and returns it. The earlier one signs beside it for `OVERLAP`; with ``at_once``,
    for a secret that others have seen, no longer at all.

    Raises NoSuchEndpoint.
    """
    found = _locked(endpoint_id)
    earlier = _unsealed(found, bytes(found.secret))
    raw = _fresh_secret(found)
    found.previous_secret = None if at_once else seal(SECRET, f"{found.id}/previous", data_keys.DEPLOYMENT, earlier)
    found.previous_until = None if at_once else at + OVERLAP
    found.save(update_fields=["secret", "previous_secret", "previous_until"])
    _step(found, EndpointStep.Verb.ROTATED, actor, at)
    return found, _written(raw)


def switch_off(endpoint_id: str, actor: Actor, *, at: datetime) -> Endpoint:
    """Stops deliveries to an endpoint. What waits for it goes on waiting; what comes from now on can be resent.

    One that is off stays as it is. Raises NoSuchEndpoint.
    """
    found = _locked(endpoint_id)
    if found.enabled:
        found.off, found.off_since = Endpoint.Off.PERSON, at
        found.save(update_fields=["off", "off_since"])
        _step(found, EndpointStep.Verb.OFF, actor, at)
    return found


def switch_on(endpoint_id: str, actor: Actor, *, at: datetime) -> Endpoint:
    """Delivers to an endpoint again, what waits for it at once. What came while it was off is not sent by itself:
    `resend_period` does that. Raises NoSuchEndpoint."""
    found = _locked(endpoint_id)
    if not found.enabled:
        found.off, found.off_since = "", None
        found.failures, found.failing_since, found.paused_until = 0, None, None
        found.save(update_fields=["off", "off_since", "failures", "failing_since", "paused_until"])
        WebhookDelivery.objects.filter(endpoint=found, state=DeliveryState.WAITING).update(due_at=at)
        _step(found, EndpointStep.Verb.ON, actor, at)
    return found


def ping(endpoint_id: str, actor: Actor, *, at: datetime) -> WebhookDelivery:
    """Sends a test message to one endpoint, whatever kinds it gets. Raises NoSuchEndpoint, EndpointOff."""
    found = _enabled(endpoint_id)
    message = StoredMessage.objects.create(
        id=new_id("msg"), key=f"test/{new_id('tst')}", kind=_TEST.value, at=at, spread_at=at,
        data={"endpoint": found.id, "sent_by": actor.id[:40]},
    )  # fmt: skip
    return WebhookDelivery.objects.create(
        id=new_id("whd"), message=message, endpoint=found, due_at=at, created_at=at
    )  # fmt: skip


def resend(delivery_id: str, actor: Actor, *, at: datetime) -> WebhookDelivery:
    """Sends one message again, with its id of the first time: a receiver that has it recognises it.

    Raises NoSuchDelivery, EndpointOff.
    """
    found = WebhookDelivery.objects.select_for_update().filter(id=delivery_id).first()
    if found is None:
        raise NoSuchDelivery(delivery_id)
    endpoint = _enabled(found.endpoint_id)
    found.state, found.due_at, found.attempts, found.delivered_at = DeliveryState.WAITING, at, 0, None
    found.save(update_fields=["state", "due_at", "attempts", "delivered_at"])
    _step(endpoint, EndpointStep.Verb.RESENT, actor, at, f"delivery {delivery_id}")
    return found


def resend_period(
    endpoint_id: str, since: datetime, until: datetime, actor: Actor, *, at: datetime, delivered_too: bool = False
) -> int:
    """Sends what an endpoint missed between two times: messages of its kinds that were never on their way to it, or
    were given up; with ``delivered_too`` also those it has accepted. Returns how many.

    Raises NoSuchEndpoint, EndpointOff, and EndpointRefused for a period that is empty, too long ago or too full.
    """
    found = _enabled(endpoint_id)
    if since >= until:
        raise EndpointRefused("until", "the end must come after the beginning")
    if until <= at - KEPT:
        raise EndpointRefused("until", f"messages are kept for {KEPT.days} days")
    states = [DeliveryState.GIVEN_UP.value, *([DeliveryState.DELIVERED.value] if delivered_too else [])]
    rows = query(
        "SELECT m.id FROM webhook_message m LEFT JOIN webhook_delivery d ON d.message_id = m.id AND d.endpoint_id = %s"
        " WHERE m.at >= %s AND m.at < %s AND m.kind = ANY(%s) AND (d.id IS NULL OR d.state = ANY(%s))"
        " ORDER BY m.at, m.id LIMIT %s",
        [found.id, since, until, found.kinds, states, MOST_RESENT + 1],
    ).fetchall()
    if len(rows) > MOST_RESENT:
        raise EndpointRefused("until", f"more than {MOST_RESENT} messages; choose a shorter period")
    send([(message_id, found.id) for (message_id,) in rows], at=at, again=True)
    if rows:
        period = f"{since.isoformat(timespec='minutes')} to {until.isoformat(timespec='minutes')}"
        _step(found, EndpointStep.Verb.RESENT, actor, at, f"{len(rows)} messages, {period}")
    return len(rows)


def send(pairs: Sequence[tuple[str, str]], *, at: datetime, again: bool = False) -> None:
    """Puts messages on their way to endpoints: pairs of message and endpoint. One statement. ``again``: those that were
    on their way before begin anew."""
    if not pairs:
        return
    messages, endpoints = (list(column) for column in zip(*pairs, strict=True))
    known = (
        "(message_id, endpoint_id) DO UPDATE SET state = 'waiting', due_at = excluded.due_at, attempts = 0,"
        " delivered_at = NULL"
        if again
        else "DO NOTHING"
    )
    query(
        "INSERT INTO webhook_delivery"
        " (id, message_id, endpoint_id, state, due_at, attempts, status, problem, created_at, delivered_at)"
        " SELECT w.id, w.message_id, w.endpoint_id, 'waiting', %b, 0, NULL, '', %b, NULL"
        " FROM unnest(%b::text[], %b::text[], %b::text[]) AS w(id, message_id, endpoint_id)"
        f" ON CONFLICT {known}",
        [at, at, [new_id("whd") for _ in pairs], messages, endpoints],
    )


def secret_of(endpoint: Endpoint) -> str:
    """The secret that signs (``whsec_…``), for those who may change the endpoint."""
    return _written(_unsealed(endpoint, bytes(endpoint.secret)))


def signatures(endpoint: Endpoint, messages: Sequence[bytes], *, at: datetime) -> list[tuple[bytes, ...]]:
    """HMAC-SHA256 of each message under every secret that signs at this time, the newest first. No secret is opened
    here."""
    rows = [(endpoint.id, endpoint.secret)]
    if endpoint.previous_secret is not None and endpoint.previous_until is not None and endpoint.previous_until > at:
        rows.append((f"{endpoint.id}/previous", endpoint.previous_secret))
    made = [
        macs("webhook", SECRET, Place(row, data_keys.DEPLOYMENT), bytes(sealed), messages) for row, sealed in rows
    ]  # fmt: skip
    return list(zip(*made, strict=True))


def note_off(endpoint: Endpoint, *, at: datetime) -> None:
    """Leaves the step of an endpoint that the engine switched off."""
    _step(endpoint, EndpointStep.Verb.OFF, Actor("engine", "engine", str(endpoint.get_off_display())), at)


#: Secrets that sign; the row is the endpoint's id, with `/previous` behind it for the one before.
SECRET: Final = Column("webhook_endpoint.secret", "webhook")
STORED: Final = Stored(
    SECRET,
    "SELECT id, id AS place, 'deployment', secret FROM webhook_endpoint WHERE id > %s AND get_byte(secret, 0) = 1"
    " ORDER BY id LIMIT %s FOR UPDATE",
    "UPDATE webhook_endpoint t SET secret = w.sealed FROM unnest(%b::text[], %b::bytea[]) AS w(id, sealed)"
    " WHERE t.id = w.id",
)


def _fresh_secret(endpoint: Endpoint) -> bytes:
    raw = secrets.token_bytes(_SECRET_BYTES)
    endpoint.secret = seal(SECRET, endpoint.id, data_keys.DEPLOYMENT, raw)
    return raw


def _unsealed(endpoint: Endpoint, sealed: bytes) -> bytes:
    return _opened(endpoint.id, sealed)


def _opened(row: str, sealed: bytes) -> bytes:
    return unseal(SECRET, row, data_keys.DEPLOYMENT, sealed)


def _written(raw: bytes) -> str:
    return "whsec_" + base64.b64encode(raw).decode()


def _locked(endpoint_id: str) -> Endpoint:
    found = Endpoint.objects.select_for_update().filter(id=endpoint_id).first()
    if found is None:
        raise NoSuchEndpoint(endpoint_id)
    return found


def _enabled(endpoint_id: str) -> Endpoint:
    found = _locked(endpoint_id)
    if not found.enabled:
        raise EndpointOff(endpoint_id)
    return found


def _name(name: str) -> str:
    name = name.strip()
    if len(name) > 80:
        raise EndpointRefused("name", "at most 80 letters")
    return name


def _kinds(kinds: Iterable[str]) -> list[str]:
    known = [kind.value for kind in MessageKind if kind is not _TEST]
    wanted = set(kinds)
    unknown = sorted(wanted - set(known))
    if unknown:
        raise EndpointRefused("kinds", f"there is no kind {unknown[0]}; there are {', '.join(known)}")
    if not wanted:
        raise EndpointRefused("kinds", f"choose at least one of {', '.join(known)}")
    return [kind for kind in known if kind in wanted]


def _step(endpoint: Endpoint, verb: EndpointStep.Verb, actor: Actor, at: datetime, about: str = "") -> None:
    step = EndpointStep.objects.create(
        endpoint=endpoint, verb=verb, actor=actor.id[:40], role=actor.role[:40], why=(about or actor.why)[:200], at=at
    )  # fmt: skip
    leaves.add(record_payload.WEBHOOK_STEP, [record_payload.subject(step.id)], at)
