"""Reading the books under lock, and writing what was planned: one statement for each table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from safeconduct.foundation import compact_json
from safeconduct.kernel.ledger import record_payload
from safeconduct.kernel.ledger.accounts import PLATFORM_KINDS, SELLER_KINDS, Kind
from safeconduct.kernel.ledger.books import Books, Draft, Held, Purse, Step
from safeconduct.kernel.scope import query

_ENSURE = """
INSERT INTO ledger_account (seller_key, kind, currency)
SELECT w.seller_key, w.kind, w.currency FROM (
    SELECT p.seller_key, k.kind, p.currency FROM jsonb_to_recordset(%s::jsonb) AS p (seller_key bigint, currency text)
        CROSS JOIN unnest(%s::text[]) AS k (kind)
    UNION ALL
    SELECT NULL::bigint, k.kind, c.currency FROM unnest(%s::text[]) AS c (currency)
        CROSS JOIN unnest(%s::text[]) AS k (kind)
) w
WHERE NOT EXISTS (
    SELECT 1 FROM ledger_account a
    WHERE a.kind = w.kind AND a.currency = w.currency AND a.seller_key IS NOT DISTINCT FROM w.seller_key
)
ORDER BY w.seller_key NULLS LAST, w.kind, w.currency
ON CONFLICT DO NOTHING
"""
_PLATFORM = """
SELECT id, kind, currency FROM ledger_account
WHERE seller_key IS NULL AND currency = ANY (%s::text[]) AND kind = ANY (%s::text[])
"""
_PENDING = """
SELECT p.seller_key, nullif(p.order_key, 0), p.currency, p.amount_minor, p.available_at
FROM ledger_pending p
JOIN jsonb_to_recordset(%s::jsonb) AS w (seller_key bigint, order_key bigint, currency text)
    ON p.seller_key = w.seller_key AND p.order_key = coalesce(w.order_key, 0) AND p.currency = w.currency
"""
_HELD = """
SELECT id, key, seller_key, order_key, currency, asked_minor, taken_minor, pending_minor, available_minor,
       reserve_minor, owed_minor, reason, released_by, at, release_at, ended_at
FROM ledger_hold
"""

Place = tuple[int, int | None, str]


def open_books(places: Iterable[Place], currencies: Iterable[str], hold_keys: Sequence[str] = ()) -> Books:
    """Locks the sellers' accounts and reads them: balances, these orders' pending money and open holds.

    ``places`` are (seller, order, currency). The locks last until the scope ends; two batches that touch the same
    seller wait for each other, and what is read here is what holds until then.
    """
    wanted = sorted(set(places), key=lambda p: (p[0], p[1] or 0, p[2]))
    pairs = sorted({(seller, currency) for seller, _, currency in wanted})
    codes = sorted({*currencies, *(currency for _, currency in pairs)})
    platform = _ensure(pairs, codes)
    books = Books({pair: Purse(*pair) for pair in pairs}, {})
    if pairs:
        locked = query(
            "SELECT id, seller_key, kind, currency, balance_minor FROM ledger_lock(%s::bigint[], %s::text[])",
            [[*dict.fromkeys(seller for seller, _ in pairs)], codes],
        )
        for number, seller, kind, currency, balance in locked:
            books.accounts[Kind(kind), seller, currency] = number
            if (seller, currency) in books.purses:
                books.purse(seller, currency).balances[Kind(kind)] = balance
    for number, kind, currency in platform:
        books.accounts[Kind(kind), None, currency] = number
    if wanted:
        _read_orders(books, wanted, hold_keys)
    return books


def _ensure(pairs: Sequence[tuple[int, str]], codes: Sequence[str]) -> list[tuple[int, str, str]]:
    """Opens the accounts that are missing and returns the platform's. Before anything is locked: whoever opens an
    account waits for others who open the same, and must not keep them waiting for a lock."""
    platform = query(_PLATFORM, [codes, list(PLATFORM_KINDS)]).fetchall()
    there = query(
        "SELECT count(*) FROM unnest(%s::bigint[], %s::text[]) AS w (seller_key, currency)"
        " JOIN ledger_account a ON a.seller_key = w.seller_key AND a.currency = w.currency",
        [[seller for seller, _ in pairs], [currency for _, currency in pairs]],
    ).fetchone()
    if there == (len(pairs) * len(SELLER_KINDS),) and len(platform) == len(codes) * len(PLATFORM_KINDS):
        return platform
    wanted = compact_json.dumps([{"seller_key": seller, "currency": currency} for seller, currency in pairs])
    query(_ENSURE, [wanted, list(SELLER_KINDS), codes, list(PLATFORM_KINDS)])
    return query(_PLATFORM, [codes, list(PLATFORM_KINDS)]).fetchall()


def lock(sellers: Sequence[int]) -> None:
    """Waits until nobody else moves these sellers' money, and keeps others waiting until the scope ends."""
    query("SELECT count(*) FROM ledger_lock(%s::bigint[], NULL)", [list(sellers)])


def stand_by(pairs: Iterable[tuple[int, str]]) -> None:
    """Opens the accounts of these sellers and currencies where they are missing, and locks all of the sellers'."""
    wanted = sorted(set(pairs))
    query(
        _ENSURE,
        [compact_json.dumps([{"seller_key": s, "currency": c} for s, c in wanted]), list(SELLER_KINDS),
         sorted({currency for _, currency in wanted}), list(PLATFORM_KINDS)],
    )  # fmt: skip
    lock(sorted({seller for seller, _ in wanted}))


def _read_orders(books: Books, wanted: Sequence[Place], hold_keys: Sequence[str]) -> None:
    given = compact_json.dumps([{"seller_key": s, "order_key": o, "currency": c} for s, o, c in wanted])
    for seller, order, currency, amount, available_at in query(_PENDING, [given]):
        purse = books.purse(seller, currency)
        purse.pending[order] = amount
        purse.available_at[order] = available_at
    orders = sorted({order for _, order, _ in wanted if order is not None})
    for held in read_holds(
        "WHERE ended_at IS NULL AND (order_key = ANY (%s::bigint[]) OR key = ANY (%s::text[])) ORDER BY at, id",
        [orders, list(hold_keys)],
    ):
        if (held.seller_key, held.currency) in books.purses:
            books.purse(held.seller_key, held.currency).holds.append(held)


def read_holds(where: str, parameters: Sequence[Any]) -> list[Held]:
    """Holds by a condition."""
    return [
        Held(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6],
            {Kind.PENDING: row[7], Kind.AVAILABLE: row[8], Kind.RESERVE: row[9], Kind.SELLER_RECEIVABLE: row[10]},
            row[11], row[12], row[13], row[14], row[15],
        )
        for row in query(_HELD + where, parameters)
    ]  # fmt: skip


def known(keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Transactions by key: id and digest."""
    return {
        key: (identity, digest)
        for key, identity, digest in query(
            "SELECT key, id, encode(digest, 'hex') FROM ledger_transaction WHERE key = ANY (%s::text[])", [list(keys)]
        )
    }


def write(books: Books) -> set[str]:
    """Writes drafts, holds, their history and dates. Returns the keys of drafts that someone else has written first:
    of entries that lock no seller, or of the same key for two sellers, which must be refused."""
    lost: set[str] = set()
    _write_holds(books)
    if books.drafts:
        lost = _write_transactions(books.drafts)
        _write_postings(books, [draft for draft in books.drafts if draft.key not in lost])
    write_steps(books.steps)
    if books.scheduled:
        schedule(books.scheduled)
    return lost


def schedule(dates: dict[Place, datetime]) -> int:
    """Sets when pending money is released; returns how many rows changed."""
    return query(
        "UPDATE ledger_pending p SET available_at = w.available_at"
        " FROM jsonb_to_recordset(%s::jsonb)"
        "   AS w (seller_key bigint, order_key bigint, currency text, available_at timestamptz)"
        " WHERE p.seller_key = w.seller_key AND p.order_key = w.order_key AND p.currency = w.currency"
        " AND p.available_at IS DISTINCT FROM w.available_at",
        [
            compact_json.dumps(
                [
                    {"seller_key": s, "order_key": o or 0, "currency": c, "available_at": at.isoformat()}
                    for (s, o, c), at in dates.items()
                ]
            )
        ],
    ).rowcount


def _write_transactions(drafts: Sequence[Draft]) -> set[str]:
    rows = [
        {
            "id": d.id, "key": d.key, "event": d.event, "at": d.at.isoformat(), "currency": d.currency,
            "seller_key": d.seller_key, "order_key": d.order_key, "legs": len(d.moves), "amounts": dict(d.amounts),
            "memo": d.memo, "provisional": d.provisional, "reverses": d.reverses, "digest": d.digest,
        }
        for d in drafts
    ]  # fmt: skip
    written = query(
        "INSERT INTO ledger_transaction (id, key, event, at, currency, seller_key, order_key, legs, amounts, memo,"
        " provisional, reverses, digest)"
        " SELECT id, key, event, at, currency, seller_key, order_key, legs, amounts, memo, provisional, reverses,"
        " decode(digest, 'hex')"
        " FROM jsonb_to_recordset(%s::jsonb) AS w (id text, key text, event text, at timestamptz, currency text,"
        " seller_key bigint, order_key bigint, legs smallint, amounts jsonb, memo text, provisional boolean,"
        " reverses text, digest text) ORDER BY key ON CONFLICT DO NOTHING RETURNING key",
        [compact_json.dumps(rows)],
    )
    return {d.key for d in drafts} - {key for (key,) in written}


def _write_postings(books: Books, drafts: Sequence[Draft]) -> None:
    rows = []
    for draft in drafts:
        for leg, (kind, currency, amount) in enumerate(draft.moves):
            seller = draft.seller_key if kind in SELLER_KINDS else None
            rows.append(
                [draft.id, leg, books.accounts[kind, seller, currency], seller, draft.order_key, currency, amount,
                 draft.at.isoformat()]
            )  # fmt: skip
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] if rows else []
    if columns:
        query(
            "INSERT INTO ledger_posting (transaction_id, leg, account_id, seller_key, order_key, currency,"
            " amount_minor, at)"
            " SELECT * FROM unnest(%s::text[], %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[],"
            " %s::text[], %s::bigint[], %s::timestamptz[])",
            columns,
        )


def _write_holds(books: Books) -> None:
    changed = books.changed_holds()
    rows = compact_json.dumps([_hold_row(hold) for hold in changed])
    record = (
        "jsonb_to_recordset(%s::jsonb) AS w (id text, key text, seller_key bigint, order_key bigint, currency text,"
        " asked_minor bigint, taken_minor bigint, pending_minor bigint, available_minor bigint, reserve_minor bigint,"
        " owed_minor bigint, reason text, released_by text, at timestamptz, release_at timestamptz,"
        " ended_at timestamptz, new boolean)"
    )
    columns = (
        "id, key, seller_key, order_key, currency, asked_minor, taken_minor, pending_minor, available_minor,"
        " reserve_minor, owed_minor, reason, released_by, at, release_at, ended_at"
    )
    if any(hold.new for hold in changed):
        query(f"INSERT INTO ledger_hold ({columns}) SELECT {columns} FROM {record} WHERE w.new", [rows])
    if any(not hold.new for hold in changed):
        query(
            "UPDATE ledger_hold h SET taken_minor = w.taken_minor, pending_minor = w.pending_minor,"
            " available_minor = w.available_minor, reserve_minor = w.reserve_minor, owed_minor = w.owed_minor,"
            f" release_at = w.release_at, ended_at = w.ended_at FROM {record} WHERE h.id = w.id AND NOT w.new",
            [rows],
        )


def _hold_row(hold: Held) -> dict[str, Any]:
    return {
        "id": hold.id, "key": hold.key, "seller_key": hold.seller_key, "order_key": hold.order_key,
        "currency": hold.currency, "asked_minor": hold.asked_minor, "taken_minor": hold.taken_minor,
        "pending_minor": hold.parts[Kind.PENDING], "available_minor": hold.parts[Kind.AVAILABLE],
        "reserve_minor": hold.parts[Kind.RESERVE], "owed_minor": hold.parts[Kind.SELLER_RECEIVABLE],
        "reason": hold.reason, "released_by": hold.released_by, "at": hold.at.isoformat(),
        "release_at": hold.release_at.isoformat() if hold.release_at else None,
        "ended_at": hold.ended_at.isoformat() if hold.ended_at else None, "new": hold.new,
    }  # fmt: skip


def write_steps(steps: Sequence[Step]) -> None:
    """Adds to the history of holds."""
    if not steps:
        return
    rows = [
        {
            "hold_id": s.hold.id, "seller_key": s.hold.seller_key, "verb": s.verb, "at": s.at.isoformat(),
            "amount_minor": s.amount_minor, "actor": s.actor, "why": s.why,
            "release_at": s.hold.release_at.isoformat() if s.hold.release_at else None,
        }
        for s in steps
    ]  # fmt: skip
    query(
        "WITH kept AS (INSERT INTO ledger_hold_step"
        " (hold_id, seller_key, verb, at, amount_minor, release_at, actor, why)"
        " SELECT hold_id, seller_key, verb, at, amount_minor, release_at, actor, why FROM jsonb_to_recordset(%s::jsonb)"
        " AS w (hold_id text, seller_key bigint, verb text, at timestamptz, amount_minor bigint,"
        " release_at timestamptz, actor text, why text) RETURNING id, at)"
        " INSERT INTO leaf (kind, subject, body, created_at) SELECT %s, %s || id, '{}', at FROM kept ORDER BY id",
        [compact_json.dumps(rows), record_payload.HOLD, record_payload.STEP],
    )
