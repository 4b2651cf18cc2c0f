"""Envelopes as they came, sealed: under the key of their order, so that an order's data can be erased by itself.

What belongs to no order (a listing, a payout, a login) is sealed under a key of its source and month: many people share
it, so it is destroyed when that month's retention has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.events.envelope import Incoming
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault import data_keys
from safeconduct.kernel.vault.data_keys import DataKey, Owner
from safeconduct.kernel.vault.resealing import Stored
from safeconduct.kernel.vault.sealing import Column, Place, unseal_many

#: The row is the event's id.
BODY: Final = Column("event_body.sealed", "event", "event_body/{row}")
STORED: Final = Stored(
    BODY,
    "SELECT b.moment, e.id, CASE WHEN e.order_key IS NULL"
    " THEN 'source/' || e.source || '/' || to_char(e.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM')"
    " ELSE 'order/' || e.order_key END, b.sealed FROM event_body b JOIN event e USING (moment)"
    " WHERE b.moment > %s AND get_byte(b.sealed, 0) = 1 ORDER BY b.moment LIMIT %s",
    "UPDATE event_body t SET sealed = w.sealed FROM unnest(%b::bigint[], %b::bytea[]) AS w(moment, sealed)"
    " WHERE t.moment = w.moment",
    first=-1,
)


def subject(source: str, occurred_at: datetime, order_key: int | None) -> str:
    """Whose an event's body is."""
    return f"source/{source}/{occurred_at:%Y-%m}" if order_key is None else f"order/{order_key}"


def keys_for(events: Collection[Incoming], pseudonyms: Mapping[tuple[str, str], int]) -> dict[Owner, DataKey]:
    """The keys under which these are sealed, in an engine scope; at most one statement. Once it is committed the caller
    may remember them (`data_keys.remember`)."""
    wanted: set[Owner] = set()
    for event in events:
        order = event.entities.get("order")
        whose = subject(event.source, at_micros(event.occurred_us), None if order is None else pseudonyms[order])
        wanted.add((whose, BODY.purpose))
    known = data_keys.remembered(wanted)
    return known if len(known) == len(wanted) else known | data_keys.keys_for(wanted - known.keys())


def read(event_ids: Collection[str]) -> dict[str, bytes]:
    """Envelopes by the ids of their events, without those that were erased or are restricted to other purposes. In an
    engine or staff scope; the caller answers for the right to see them."""
    rows = query(
        "SELECT e.id, e.source, e.occurred_at, e.order_key, b.sealed FROM event e JOIN event_body b USING (moment)"
        " WHERE e.id = ANY(%b::text[])",
        [sorted(set(event_ids))],
    ).fetchall()
    values = [(Place(key, subject(source, at, order)), bytes(sealed)) for key, source, at, order, sealed in rows]
    opened = zip(values, unseal_many(BODY, values), strict=True)
    return {place.row: plain for (place, _), plain in opened if plain is not None}
