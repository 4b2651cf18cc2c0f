"""From a connector to the log: a delivery is kept first, then read, then stored as events.

Order of steps, each a transaction of its own, so that a process may die after any of them and nothing is lost:

1. the signature is checked on the raw bytes; a forged body is counted and not kept;
2. the body is kept, sealed, as a delivery that is *not read yet*;
3. it is mapped, and its events go into the log (each once, whatever happens);
4. what became of it is noted at the delivery.

A delivery that comes again is read again only where step 4 was not reached.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from safeconduct.connectors.connector import Connector, load_connector
from safeconduct.connectors.linking import link
from safeconduct.connectors.results import Reading, UnknownItem
from safeconduct.connectors.signatures import SignatureRefused
from safeconduct.foundation.ids import new_id
from safeconduct.foundation.moments import moment
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.log import MAX_BATCH
from safeconduct.kernel.events.models import DeliveryState
from safeconduct.kernel.scope import alone
from safeconduct.kernel.vault.resealing import Stored
from safeconduct.kernel.vault.sealing import Column, seal, unseal

#: Deliveries as they came. Many people share one; their keys are those of a connector and month.
DELIVERY: Final = Column("delivery.sealed", "delivery", "delivery/{row}")
STORED: Final = Stored(
    DELIVERY,
    "SELECT id, id AS place, 'delivery/' || connector || '/' || to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM'),"
    " sealed FROM delivery WHERE id > %s AND get_byte(sealed, 0) = 1 ORDER BY id LIMIT %s",
    "UPDATE delivery t SET sealed = w.sealed FROM unnest(%b::text[], %b::bytea[]) AS w(id, sealed) WHERE t.id = w.id",
)
#: The reason of a delivery between steps 2 and 4.
NOT_READ_YET = "not read yet"
#: Headers that carry a right or a person's session: they are never kept.
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
#: Headers that differ between two sendings of one delivery, or say nothing about what is sent.
_FLEETING = ("signature", "hmac", "timestamp", "triggered-at", "forwarded", "trace", "request-id")
_MAX_REASON = 500
#: Nothing of it became an event, or some of what should have become one did not.
_NOT_WHOLLY_READ: Final = f"(state = '{DeliveryState.REFUSED.value}' OR refused > 0)"
_COUNTED: Final = "refused/"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RefusedPart:
    """A part of a delivery that did not become an event: the type meant, the field at fault, what is wrong."""

    type: str
    field: str
    problem: str


@dataclass(slots=True)
class Outcome:
    """What became of a delivery. ``events``, ``unknown``: how many of each are in the log, whether new or known."""

    delivery_id: str
    duplicate: bool = False
    events: int = 0
    unknown: int = 0
    stored: int = 0
    refused: list[RefusedPart] = field(default_factory=list)

    @property
    def state(self) -> DeliveryState:
        return DeliveryState.REFUSED if self.refused and not self.events + self.unknown else DeliveryState.READ


def ingest(
    name: str,
    raw: bytes,
    headers: Mapping[str, str],
    *,
    signed: bool,
    secrets: Sequence[str],
    now: datetime,
    options: Mapping[str, object] | None = None,
) -> Outcome:
    """Takes one delivery of a connector; what it holds waits in the log for the lanes.

    ``signed``: whether a signature is demanded; False only for files that a member of staff reads in. ``options``: the
    connector's own (`Connector.options`), such as ``default_seller``.
    Raises UnknownConnectorError, OptionError, SignatureRefused. A body that cannot be mapped raises nothing: it is
    kept, and the outcome says what is wrong with it.
    """
    connector = load_connector(name)
    connector.read(b"{}", {}, options)  # wrong options are refused before anything is kept
    if signed:
        try:
            connector.verify(raw, headers, secrets, now)
        except SignatureRefused:
            _count_refusal(name)
            raise
    kept = {key.lower(): value for key, value in headers.items() if key.lower() not in _SECRET_HEADERS}
    delivery_id, duplicate = _keep(name, raw, kept, now)
    if duplicate is not None:
        if duplicate.refused:  # kept as one text; what it was of is read off the body
            reading = connector.read(raw, kept, received(connector, options or {}, now))
            duplicate.refused = _parts_refused(reading) or duplicate.refused
        return duplicate
    return _read(connector, delivery_id, raw, kept, now, options or {})


def received(connector: Connector, options: Mapping[str, object], received_at: datetime) -> dict[str, object]:
    """The options with the time of receipt, which stands in for a time that a body does not say."""
    return {**options, **({"received_at": received_at} if "received_at" in connector.options else {})}


def read_again(delivery_id: str, *, options: Mapping[str, object] | None = None) -> Outcome:
    """Reads a kept delivery anew, with the mapping of today. What is in the log already stays as it is.

    Raises LookupError where there is no such delivery.
    """
    row = alone("SELECT connector, sealed, received_at FROM delivery WHERE id = %s", [delivery_id]).fetchone()
    if row is None:
        raise LookupError(f"there is no delivery {delivery_id}")
    raw, headers = unpack(delivery_id, row[0], row[2], bytes(row[1]))
    return _read(load_connector(row[0]), delivery_id, raw, headers, row[2], options or {})


def refused(name: str, *, after: str = "", size: int = 500) -> list[str]:
    """Ids of a connector's kept deliveries of which not all could be read, those behind ``after``, the oldest first."""
    rows = alone(
        f"SELECT id FROM delivery WHERE connector = %s AND {_NOT_WHOLLY_READ} AND id > %s ORDER BY id LIMIT %s",
        [name, after, size],
    )
    return [delivery_id for (delivery_id,) in rows]


def unread_since(since: datetime) -> dict[str, tuple[int, str]]:
    """Connectors of whose deliveries since a time not all could be read: how many, and the reason of the latest."""
    rows = alone(
        "SELECT connector, count(*), (array_agg(reason ORDER BY received_at DESC))[1] FROM delivery"
        f" WHERE received_at >= %s AND {_NOT_WHOLLY_READ} GROUP BY connector ORDER BY connector",
        [since],
    )
    return {name: (int(count), reason) for name, count, reason in rows}


def unpack(delivery_id: str, connector: str, received_at: datetime, sealed: bytes) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a kept delivery. Raises SealBroken, of it KeyGone where it was erased."""
    head, _, raw = unseal(DELIVERY, delivery_id, whose(connector, received_at), sealed).partition(b"\n")
    return raw, json.loads(head)


def whose(connector: str, received_at: datetime) -> str:
    """The subject of a delivery's key."""
    return f"delivery/{connector}/{received_at:%Y-%m}"


def refusals_since(since: datetime) -> dict[str, tuple[int, bool]]:
    """Connectors of which deliveries were refused for their signature since a time: how many, and whether others came
    in. Counts are kept for an hour."""
    rows = alone(
        "SELECT substr(api_key, %s), sum(requests), EXISTS (SELECT FROM delivery"
        " WHERE connector = substr(api_key, %s) AND received_at >= %s)"
        " FROM rate_window WHERE api_key LIKE %s AND minute >= %s GROUP BY api_key ORDER BY api_key",
        [len(_COUNTED) + 1, len(_COUNTED) + 1, since, f"{_COUNTED}%", since],
    )
    return {name: (int(count), others) for name, count, others in rows}


def refunds_told_twice(since: datetime) -> tuple[int, int]:
    """How many refunds Stripe told since a time by what a charge has given back (`charge.refunded` without its list),
    and how many by themselves (`refund.created`). Where both are told, policies count each refund twice."""
    row = alone(
        "SELECT count(*) FILTER (WHERE source_id LIKE 'ch\\_%%'), count(*) FILTER (WHERE source_id LIKE 're\\_%%')"
        " FROM event WHERE type = 'refund.created' AND moment >= %s AND source = 'stripe'",
        [moment(since)],
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _keep(name: str, raw: bytes, headers: Mapping[str, str], now: datetime) -> tuple[str, Outcome | None]:
    """Keeps a delivery. Returns its id, and its outcome where it was here before and was read."""
    delivery_id = new_id("dlv")
    digest = _digest(raw, headers)
    packed = json.dumps(dict(headers)).encode() + b"\n" + raw
    inserted = alone(
        "INSERT INTO delivery"
        " (id, connector, digest, received_at, state, reason, topic, events, unknown, refused, sealed)"
        " VALUES (%s, %s, %b::bytea, %s, %s, %s, '', 0, 0, 0, %b::bytea)"
        " ON CONFLICT (connector, digest) DO NOTHING RETURNING id",
        [
            delivery_id, name, digest, now, DeliveryState.REFUSED.value, NOT_READ_YET,
            seal(DELIVERY, delivery_id, whose(name, now), packed),
        ],
    ).fetchone()  # fmt: skip
    if inserted is not None:
        return delivery_id, None
    row = alone(
        "SELECT id, state, reason, events, unknown, refused FROM delivery WHERE connector = %s AND digest = %b::bytea",
        [name, digest],
    ).fetchone()
    assert row is not None
    identity, _, reason, events, unknown, refused = row
    if reason == NOT_READ_YET:
        return identity, None
    parts = [RefusedPart("", "", reason)] * (1 if refused else 0)
    return identity, Outcome(identity, duplicate=True, events=events, unknown=unknown, refused=parts)


def _read(
    connector: Connector, delivery_id: str, raw: bytes, headers: Mapping[str, str], received_at: datetime,
    options: Mapping[str, object],
) -> Outcome:  # fmt: skip
    reading = connector.read(raw, headers, received(connector, options, received_at))
    link(reading)
    outcome = Outcome(delivery_id, refused=_parts_refused(reading))
    source = str(options.get("source") or connector.name)
    unknown = [_unknown_event(connector.name, source, item, received_at) for item in reading.unknown]
    outcome.events = _store(reading.events, outcome)
    outcome.unknown = _store(unknown, outcome)
    _note(outcome, _topic(reading))
    return outcome


def _parts_refused(reading: Reading) -> list[RefusedPart]:
    return [RefusedPart(item.type, item.field, item.detail) for item in reading.refused]


def _store(envelopes: Sequence[dict[str, Any]], outcome: Outcome) -> int:
    """Puts envelopes into the log; returns how many are there, new or not. What is refused is noted in the outcome."""
    found = 0
    for part in _parts(envelopes):
        receipt = lanes.accept(part, wait=False).receipt
        found += len(receipt.stored)
        outcome.stored += sum(not item.duplicate for item in receipt.stored)
        for refusal in receipt.refused:
            kind = str(part[refusal.index].get("type", ""))
            outcome.refused.append(RefusedPart(kind, refusal.field, refusal.problem))
    return found


def _parts(envelopes: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for start in range(0, len(envelopes), MAX_BATCH):
        yield envelopes[start : start + MAX_BATCH]


def _unknown_event(connector: str, source: str, item: UnknownItem, received_at: datetime) -> dict[str, Any]:
    """An event of a type that no policy knows. A source's word that is also another name of a canonical event is told
    apart by the connector's name, because the body did not give what that event needs."""
    kind = item.type or "untyped"
    if CATALOGUE.resolve(kind) is not None:
        kind = f"{connector}:{kind}"
    return {
        "specversion": "1.0", "id": f"{item.id}:{kind}"[:200], "source": source, "type": _clean(kind)[:80],
        "time": item.time or received_at.isoformat(), "data": {},
    }  # fmt: skip


def _clean(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()) or "untyped"


def _topic(reading: Reading) -> str:
    kinds = [str(event["type"]) for event in reading.events] + [item.type for item in reading.unknown]
    return _clean(", ".join(dict.fromkeys(kinds)))[:120] if kinds else ""


def _note(outcome: Outcome, topic: str) -> None:
    reason = "; ".join(f"{part.type} {part.field}: {part.problem}".strip() for part in outcome.refused[:5])
    alone(
        "UPDATE delivery SET state = %s, reason = %s, topic = %s, events = %s, unknown = %s, refused = %s"
        " WHERE id = %s",
        [
            outcome.state.value, reason.replace("\x00", "")[:_MAX_REASON], topic, outcome.events, outcome.unknown,
            len(outcome.refused), outcome.delivery_id,
        ],
    )  # fmt: skip


def _digest(raw: bytes, headers: Mapping[str, str]) -> bytes:
    """What makes two deliveries one: the body, and those headers that say what it is (topic, id, shop).

    Some sources send one body under two topics, so the body alone does not tell them apart.
    """
    telling = sorted(
        (name, value)
        for name, value in headers.items()
        if name.startswith(("x-", "webhook-")) and not any(word in name for word in _FLEETING)
    )
    return hashlib.sha256(json.dumps(telling).encode() + b"\n" + raw).digest()


def _count_refusal(name: str) -> None:
    """Counts a forged delivery. Nothing of it is kept: who forges must not be able to fill the disk."""
    alone(
        "INSERT INTO rate_window AS w (api_key, minute, requests) VALUES (%s, date_trunc('minute', now()), 1)"
        " ON CONFLICT (api_key, minute) DO UPDATE SET requests = w.requests + 1",
        [_counter(name)],
    )
    logger.warning("connector %s: a delivery was refused for its signature", name)


def _counter(name: str) -> str:
    return f"{_COUNTED}{name}"[:30]
