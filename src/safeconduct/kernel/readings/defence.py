"""Payment-defence data: what answers a bank that takes a payment back, kept as a class of its own.

Of each order the address it came from, the device, the account, the login, and where it went, sealed under a key that
opens nothing else, for 540 days (guardrails, section 5) and no longer, also where the same values were erased or
forgotten elsewhere. Neither sellers nor staff have a right to the table, and of the programs only what writes answers
to banks may open it (an import contract keeps it): pages about risk show masks out of the registry.

In a scope of the engine.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from safeconduct.foundation.moments import moment as moment_of
from safeconduct.kernel.events import bodies
from safeconduct.kernel.events.catalogue import ANSWERS_BANKS, CATALOGUE
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.data_keys import reading_for
from safeconduct.kernel.vault.pseudonyms import reveal
from safeconduct.kernel.vault.sealing import Column, Place, seal_many, unseal_many

KEPT: Final = timedelta(days=540)
#: Whose erasure was asked for opens for this purpose still, as long as banks can ask (`vault.data_keys.reading_for`).
READER: Final = "payment_defence"
#: What is kept of an order, by the catalogue's names: what has a pseudonym, and what stands in its envelope alone.
FIELDS: Final = ("ip", "device", "buyer", "email", "address", "billing_address")
IN_THE_ENVELOPE: Final = tuple(field.name for field in ANSWERS_BANKS)
#: The row is the order's pseudonym, and the subject the order.
_KEPT: Final = Column("payment_defence.sealed", "payment_defence")
_PLACED: Final = CATALOGUE["order.placed"].code
_BATCH: Final = 1000
_COLUMNS: Final = ", ".join(f"f.{name}" for name in FIELDS)


def keep_new(now: datetime) -> int:
    """Keeps what has come in since the last time; how many orders, at most a batch. An order that was stored late, with
    an earlier moment, is kept when its bank asks (`opened`)."""
    rows = query(
        "SELECT e.order_key FROM event e WHERE e.type = 'order.placed' AND e.order_key IS NOT NULL"
        " AND e.moment > greatest((SELECT coalesce(max(moment), 0) FROM payment_defence), %s)"
        " ORDER BY e.moment LIMIT %s",
        [moment_of(now - KEPT), _BATCH],
    )
    return keep({order for (order,) in rows}, now)


def keep(order_keys: Collection[int], now: datetime) -> int:
    """Keeps these orders' data where it is not there yet and not too old; how many. As many statements for a thousand
    orders as for one (eight at most), and about 0.1 ms of a processor for each order."""
    rows = query(
        f'SELECT DISTINCT ON (f."order") f."order", f.moment, e.occurred_at, e.id, {_COLUMNS}'
        " FROM fact f JOIN event e ON e.moment = f.moment"
        ' LEFT JOIN payment_defence d ON d.order_key = f."order"'
        ' WHERE f."order" = ANY(%b::bigint[]) AND f.type = %s AND d.order_key IS NULL AND e.occurred_at > %s'
        ' ORDER BY f."order", f.moment',
        [sorted(set(order_keys)), _PLACED, now - KEPT],
    ).fetchall()
    if not rows:
        return 0
    keys = {key for _order, _moment, _at, _event, *given in rows for key in given if key is not None}
    with reading_for(READER):
        clear = {key: value for key, (_kind, value) in reveal(keys).items()}
        envelopes = bodies.read([event for _order, _moment, _at, event, *_given in rows])
    told = [
        {name: clear[key] for name, key in zip(FIELDS, given, strict=True) if key in clear}
        | _in_the_envelope(envelopes.get(event))
        for _order, _moment, _at, event, *given in rows
    ]
    places = [_place(order) for order, *_ in rows]
    sealed = seal_many(
        _KEPT, [(place, json.dumps(one, ensure_ascii=False).encode()) for place, one in zip(places, told, strict=True)]
    )
    return query(
        "INSERT INTO payment_defence (order_key, moment, until, sealed)"
        " SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::timestamptz[], %b::bytea[]) ON CONFLICT DO NOTHING",
        [
            [order for order, *_ in rows], [moment for _, moment, *_ in rows], [at + KEPT for _, _, at, *_ in rows],
            sealed,
        ],
    ).rowcount  # fmt: skip


def opened(order_keys: Collection[int], now: datetime) -> dict[int, Mapping[str, str]]:
    """What answers banks about these orders, by the names of `FIELDS` and `IN_THE_ENVELOPE`; without those that are too
    old. Who asks writes down what is shown of it."""
    if not order_keys:
        return {}
    keep(order_keys, now)
    rows = query(
        "SELECT order_key, sealed FROM payment_defence WHERE order_key = ANY(%b::bigint[]) AND until > %s",
        [sorted(set(order_keys)), now],
    ).fetchall()
    with reading_for(READER):
        opened_ones = unseal_many(_KEPT, [(_place(order), bytes(sealed)) for order, sealed in rows])
    return {order: json.loads(plain) for (order, _), plain in zip(rows, opened_ones, strict=True) if plain is not None}


def drop(order_keys: Collection[int]) -> int:
    """Deletes what was kept of these orders, whose keys are destroyed; how many."""
    return query("DELETE FROM payment_defence WHERE order_key = ANY(%b::bigint[])", [sorted(order_keys)]).rowcount


def _in_the_envelope(plain: bytes | None) -> dict[str, str]:
    """What stands in an order's envelope for this purpose; nothing where it was erased."""
    data = {} if plain is None else json.loads(plain).get("data", {})
    return {name: value for name in IN_THE_ENVELOPE if isinstance(value := data.get(name), str) and value.strip()}


def _place(order_key: int) -> Place:
    return Place(str(order_key), f"order/{order_key}")
