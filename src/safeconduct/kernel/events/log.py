"""The way in: a batch of events is checked, stored once, and only then acknowledged. `ordering` says in which order."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

import psycopg

from safeconduct.foundation import compact_json
from safeconduct.foundation.ids import new_id
from safeconduct.foundation.moments import at_micros, moment_time
from safeconduct.kernel.events import bodies, rollups
from safeconduct.kernel.events.envelope import Incoming, Refusal, read_envelope
from safeconduct.kernel.events.models import EventKind
from safeconduct.kernel.events.ordering import moment_of_learning, moments_of_the_past, next_moments
from safeconduct.kernel.events.rates import reporting_minor
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.parties.sellers import note_sellers, remember
from safeconduct.kernel.scope import alone, engine_scope, query
from safeconduct.kernel.vault import data_keys, pseudonyms
from safeconduct.kernel.vault.data_keys import DataKey, Owner
from safeconduct.kernel.vault.pseudonyms import register
from safeconduct.kernel.vault.sealing import Sealing, seal_each

MAX_BATCH = 1000
#: So many events are stored in one transaction with the pseudonyms that they bring.
_FEW = 20


class Known(StrEnum):
    """When an event counts as known.

    ``NOW``: at its receipt, the rule for live traffic. ``WHEN_IT_HAPPENED``: at its own time, for imported history and
    for a world that is replayed from its beginning.
    """

    NOW = "now"
    WHEN_IT_HAPPENED = "when it happened"


@dataclass(frozen=True, slots=True)
class Listened:
    """Event types that wait for a decision, as the database has them when the batch is stored: ``columns`` to be read
    in a round trip that there is anyway, and the types that they come to."""

    columns: str
    types: Callable[[Sequence[Any]], Collection[str]]


@dataclass(frozen=True, slots=True)
class Stored:
    """An event of the batch that is in the log: its id, its moment, and whether it was there before."""

    index: int
    id: str
    moment: int
    duplicate: bool
    queued: bool
    known_type: bool


@dataclass(frozen=True, slots=True)
class Met:
    """Whom a batch is about, as its rows name them: what a process may remember once those rows are durable."""

    keys: Mapping[tuple[str, str], int]
    openers: Mapping[Owner, DataKey]
    sellers: Collection[int]


@dataclass(slots=True)
class Receipt:
    """What became of a batch, each event by its place in it."""

    stored: list[Stored] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    met: Met | None = None


class LostWithTheDatabase(psycopg.OperationalError):
    """The database ended before a batch was on disk, and came back without it: it is to be sent again."""

    def __init__(self) -> None:
        super().__init__("the database ended before the events were on disk; send them again")


class BatchTooLarge(ValueError):
    """More events than one batch may hold; the message says how many may."""


def receive(
    batch: Sequence[object],
    *,
    queue: Collection[str] | Listened = (),
    known: Known = Known.NOW,
    imported: bool = False,
    lease_s: float = 0.0,
    durable: bool = True,
) -> Receipt:
    """Stores a batch and commits. What is bad is refused one by one; the rest goes through.

    ``queue``: the event types that wait for a decision; where `Listened` raises, nothing is stored. ``lease_s``: for
    how long the caller alone may decide them.
    ``imported``: history; it is stored and counted by later features, but decides nothing and is not queued.
    ``durable``: whether it is on disk when this returns. Who says no calls `make_durable` before it acknowledges
    anything, and waits for the disk once for several commits; such a batch never goes into an open transaction.
    Raises BatchTooLarge above `MAX_BATCH` events.
    """
    if len(batch) > MAX_BATCH:
        raise BatchTooLarge(f"a batch holds at most {MAX_BATCH} events, this one has {len(batch)}; send it in parts")
    receipt = Receipt()
    incoming: list[Incoming] = []
    seen: dict[tuple[str, str], Incoming] = {}
    again: list[Incoming] = []
    for index, raw in enumerate(batch):
        match read_envelope(raw, index):
            case Refusal() as refusal:
                receipt.refused.append(refusal)
            case Incoming() as event if (event.source, event.source_id) in seen:
                again.append(event)
            case Incoming() as event:
                seen[event.source, event.source_id] = event
                incoming.append(event)
    if incoming:
        store = partial(_store, incoming, batch, receipt, queue, known, imported, lease_s, durable)
        with engine_scope():
            keys = register({entity for event in incoming for entity in event.entities.values()})
            openers = bodies.keys_for(incoming, keys)
            if together := known is Known.NOW and len(incoming) <= _FEW:
                sellers = store(keys, openers)
        if not together:
            # Pseudonyms and keys commit first: whoever meets the same new card must not wait until many events are
            # stored. One that is left without an event says nothing.
            with engine_scope():
                sellers = store(keys, openers)
        receipt.met = Met(keys, openers, sellers)
        if durable:  # what was there before may have been stored by somebody who has not waited yet
            make_durable(receipt, flushed=not any(item.duplicate for item in receipt.stored))
    stored = {item.index: item for item in receipt.stored}
    for event in again:
        first = stored[seen[event.source, event.source_id].index]
        receipt.stored.append(Stored(event.index, first.id, first.moment, True, first.queued, first.known_type))
    receipt.stored.sort(key=lambda item: item.index)
    return receipt


def make_durable(receipt: Receipt, *, flushed: bool) -> None:
    """Waits until a batch that was received as not durable is on disk, and what it depends on.

    ``flushed``: this process has seen events of the batch in the database since, in a transaction that has committed
    durably, and so everything before it. Raises LostWithTheDatabase.
    """
    if not flushed and receipt.stored:
        # The message is written to the log of the database and nowhere else; its commit waits for the disk. The count
        # tells whether the database has gone away, and come back without the batch, in between.
        moments = sorted({stored.moment for stored in receipt.stored})
        found = alone(
            "SELECT pg_logical_emit_message(true, 'safeconduct', ''), count(*) FROM event"
            " WHERE moment = ANY(%b::bigint[])",
            [moments],
        ).fetchone()
        if found is None or found[1] < len(moments):
            raise LostWithTheDatabase
    if receipt.met is not None:
        pseudonyms.remember(receipt.met.keys)
        data_keys.remember(receipt.met.openers)
        remember(receipt.met.sellers)


def _store(
    incoming: list[Incoming],
    batch: Sequence[object],
    receipt: Receipt,
    queue: Collection[str] | Listened,
    known: Known,
    imported: bool,
    lease_s: float,
    durable: bool,
    keys: Mapping[tuple[str, str], int],
    openers: Mapping[Owner, DataKey],
) -> set[int]:
    """Stores checked events and fills the receipt; returns the keys of the sellers that were met."""
    if known is Known.NOW:
        moments, read = next_moments(len(incoming), durable, queue.columns if isinstance(queue, Listened) else "NULL")
        types = queue.types(read) if isinstance(queue, Listened) else queue
        learned = None
    else:
        types = _types(queue)
        query("SELECT pg_advisory_xact_lock(%s)", [Lock.HISTORY])
        incoming.sort(key=lambda event: event.occurred_us)
        moments = moments_of_the_past([event.occurred_us for event in incoming])
        learned = moment_of_learning() if imported else None
    rows = [_row(event, moment, keys, types, known, imported) for event, moment in zip(incoming, moments, strict=True)]
    for row, sealed in zip(rows, seal_each([_body(row, openers, batch[row.event.index]) for row in rows]), strict=True):
        row.sealed = sealed
    fresh = _insert(rows, learned, lease_s)
    if known is not Known.NOW and fresh:
        rollups.drop_from(min(fresh), keys.values())
    note_sellers(
        [
            (
                row.event.entities["seller"][1],
                keys[row.event.entities["seller"]],
                row.event.type,
                row.event.data,
                row.occurred_at,
            )
            for row in rows
            if row.moment in fresh and "seller" in row.event.entities
        ]
    )
    existing = _existing([row for row in rows if row.moment not in fresh])
    for row in rows:
        if row.moment in fresh:
            known_type = row.event.event_type is not None
            receipt.stored.append(Stored(row.event.index, row.id, row.moment, False, row.queued, known_type))
        else:
            identity, moment, kind, queued = existing[row.event.source, row.event.source_id]
            receipt.stored.append(Stored(row.event.index, identity, moment, True, queued, kind != EventKind.UNKNOWN))
    return {row.seller_key for row in rows if row.seller_key is not None}


# Made once: json.dumps would make an encoder for each event.
_DATA = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
# ASCII: half of a surrogate pair in a field that is not read must not stop the batch.
_BODY = json.JSONEncoder(separators=(",", ":"))


@dataclass(slots=True)
class _Row:
    event: Incoming
    moment: int
    id: str
    kind: int
    occurred_at: datetime
    received_at: datetime
    seller_key: int | None
    order_key: int | None
    data: str
    fact: dict[str, Any] | None
    sealed: bytes
    queued: bool


def _row(
    event: Incoming, moment: int, keys: Mapping[tuple[str, str], int], queue: Collection[str], known: Known,
    imported: bool,
) -> _Row:  # fmt: skip
    identity = new_id("evt")
    fact: dict[str, Any] | None = None
    queued = False
    kind = EventKind.UNKNOWN
    if event.event_type is not None:
        fact = dict(event.values)
        columns = {name: keys[entity] for name, entity in event.entities.items()}
        fact.update(columns)
        for name, money in event.amounts.items():
            fact[name] = reporting_minor(money, event.occurred_us)
        fact["moment"], fact["type"], fact["occurred"] = moment, event.event_type.code, event.occurred_us
        queued = not imported and event.type in queue
        kind = EventKind.HISTORY if imported else EventKind.LIVE
    entities = event.entities
    occurred_at = at_micros(event.occurred_us)
    return _Row(
        event, moment, identity, kind, occurred_at,
        moment_time(moment) if known is Known.NOW else occurred_at,
        keys.get(entities["seller"]) if "seller" in entities else None,
        keys.get(entities["order"]) if "order" in entities else None,
        _DATA.encode(event.data),
        fact,
        b"",
        queued,
    )  # fmt: skip


def _body(row: _Row, openers: Mapping[Owner, DataKey], raw: object) -> Sealing:
    """The envelope as it came, for sealing."""
    owner = (bodies.subject(row.event.source, row.occurred_at, row.order_key), bodies.BODY.purpose)
    return Sealing(openers[owner], bodies.BODY, row.id, _BODY.encode(raw).encode())


_INSERT = """
WITH fresh AS (
    INSERT INTO event (moment, id, source, source_id, type, kind, occurred_at, received_at, seller_key, order_key, data)
    SELECT moment, id, source, source_id, type, kind, occurred_at, received_at,
           nullif(seller_key, 0), nullif(order_key, 0), data::jsonb
    FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::smallint[], %b::timestamptz[],
                %b::timestamptz[], %b::bigint[], %b::bigint[], %b::text[])
         AS n(moment, id, source, source_id, type, kind, occurred_at, received_at, seller_key, order_key, data)
    ON CONFLICT (source, source_id) DO NOTHING
    RETURNING moment, id
), facts AS (
    INSERT INTO fact SELECT f.* FROM jsonb_populate_recordset(NULL::fact, %s::jsonb) AS f JOIN fresh USING (moment)
), bodies AS (
    INSERT INTO event_body (moment, sealed)
    SELECT fresh.moment, b.sealed FROM unnest(%b::text[], %b::bytea[]) AS b(id, sealed) JOIN fresh USING (id)
), waiting AS (
    INSERT INTO event_queue (moment, not_before)
    SELECT fresh.moment, now() + make_interval(secs => %s)
    FROM unnest(%b::bigint[]) AS q(moment) JOIN fresh USING (moment)
)
SELECT moment FROM fresh
"""


def _insert(rows: list[_Row], learned: int | None, lease_s: float) -> set[int]:
    facts = [row.fact if learned is None else row.fact | {"imported": learned} for row in rows if row.fact is not None]
    columns = [
        [r.moment for r in rows], [r.id for r in rows], [r.event.source for r in rows],
        [r.event.source_id for r in rows], [r.event.type for r in rows], [r.kind for r in rows],
        [r.occurred_at for r in rows], [r.received_at for r in rows],
        # 0 is no pseudonym; an array of NULLs alone would have no type.
        [r.seller_key or 0 for r in rows], [r.order_key or 0 for r in rows], [r.data for r in rows],
    ]  # fmt: skip
    found = query(
        _INSERT,
        [
            *columns, compact_json.dumps(facts), [r.id for r in rows], [r.sealed for r in rows],
            lease_s, [r.moment for r in rows if r.queued],
        ],
    )  # fmt: skip
    return {moment for (moment,) in found}


def _existing(rows: Iterable[_Row]) -> dict[tuple[str, str], tuple[str, int, int, bool]]:
    wanted = [(row.event.source, row.event.source_id) for row in rows]
    if not wanted:
        return {}
    found = query(
        "SELECT e.source, e.source_id, e.id, e.moment, e.kind, q.moment IS NOT NULL"
        " FROM unnest(%b::text[], %b::text[]) AS w(source, source_id)"
        " JOIN event e USING (source, source_id) LEFT JOIN event_queue q ON q.moment = e.moment",
        [[source for source, _ in wanted], [identity for _, identity in wanted]],
    )
    return {(source, source_id): tuple(rest) for source, source_id, *rest in found}


def _types(queue: Collection[str] | Listened) -> Collection[str]:
    if not isinstance(queue, Listened):
        return queue
    read = query(f"SELECT {queue.columns}").fetchone()
    assert read is not None
    return queue.types(read)
