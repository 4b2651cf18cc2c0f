"""Postings a second: sales through the ledger, against raw INSERTs of the very same rows into a table without its rules.

The raw table has the same columns, primary key and indexes; what is left out is what the ledger adds: locks, balances,
holds, pending money of orders, idempotency, and the triggers that refuse what does not balance. Both commit every batch,
and both write to disk as the database does by default. One process; then two at once over the same sellers.
"""

from __future__ import annotations

import multiprocessing
import time
from datetime import UTC, datetime, timedelta

from bench.figures import Figure
from bench.place import forget_everything, ready

_BATCH, _BATCHES, _SELLERS = 100, 50, 200
_ALONE = 400
_AIM = 3000
_AT = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
_RAW = """
DROP TABLE IF EXISTS bench_posting;
CREATE TABLE bench_posting (LIKE ledger_posting INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING INDEXES);
GRANT SELECT, INSERT ON bench_posting TO safeconduct_engine;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO safeconduct_engine;
"""


def run(quick: bool) -> list[Figure]:
    """Batches of sales with a commission (four postings each), raw rows, single sales, two processes."""
    ready()
    forget_everything()
    batches = _BATCHES // 5 if quick else _BATCHES
    _post(0, 5)
    value, postings = _post(1, batches)
    raw = _insert_again(batches, postings)
    alone = _post_alone(_ALONE // 5 if quick else _ALONE)
    both = _two_processes(batches)
    _check()
    unit = "postings/s"
    return [
        Figure("ledger, batches of 100 sales", value, unit, f"raw INSERTs of the same rows {raw:,.0f}/s", value / raw,
               f"{_AIM:,}", value >= _AIM),
        Figure("ledger, one sale a transaction", alone, unit, f"in batches {value:,.0f}/s", alone / value),
        Figure("ledger, two processes on the same sellers", both, unit, f"one process {value:,.0f}/s", both / value),
    ]  # fmt: skip


def _entries(worker: int, batch: int, count: int) -> list[object]:
    from safeconduct.kernel.ledger.actions import Entry

    numbers = [worker * 10_000_000 + batch * count + n + 1 for n in range(count)]
    return [
        Entry("capture", f"sale-{n}", _AT, "USD", 1 + n % _SELLERS, n, {"sale": 5_000 + n % 900, "fee": 400},
              available_at=_AT + timedelta(days=7))
        for n in numbers
    ]  # fmt: skip


def _post(worker: int, batches: int, size: int = _BATCH) -> tuple[float, int]:
    """Postings a second, and how many there were."""
    from safeconduct.kernel.ledger.actions import post
    from safeconduct.kernel.scope import engine_scope

    before, started = _count(), time.perf_counter()
    for batch in range(batches):
        with engine_scope():
            post(_entries(worker, batch, size))  # type: ignore[arg-type]
    seconds = time.perf_counter() - started
    written = _count() - before
    return written / seconds, written


def _post_alone(sales: int) -> float:
    return _post(2, sales, size=1)[0]


def _insert_again(batches: int, postings: int) -> float:
    """The rows just written, in as many transactions, into a table with the same indexes and no rules."""
    from safeconduct.kernel.scope import engine_scope, owner_scope, query

    with owner_scope():
        for statement in _RAW.strip().split(";\n"):
            query(statement)
    columns = "transaction_id, leg, account_id, seller_key, order_key, currency, amount_minor, at"
    with engine_scope():
        rows = query(f"SELECT {columns} FROM ledger_posting ORDER BY id DESC LIMIT %s", [postings]).fetchall()
    size = -(-len(rows) // batches)
    parts = [list(zip(*rows[n : n + size], strict=True)) for n in range(0, len(rows), size)]
    started = time.perf_counter()
    for part in parts:
        with engine_scope():
            query(
                f"INSERT INTO bench_posting ({columns}) SELECT * FROM unnest(%s::text[], %s::smallint[], %s::bigint[],"
                " %s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::timestamptz[])",
                [list(column) for column in part],
            )
    seconds = time.perf_counter() - started
    with owner_scope():
        query("DROP TABLE bench_posting")
    return len(rows) / seconds


def _two_processes(batches: int) -> float:
    context = multiprocessing.get_context("spawn")
    barrier, found = context.Barrier(2), context.Queue()
    workers = [context.Process(target=_work, args=(barrier, found, 3 + n, batches)) for n in range(2)]
    for worker in workers:
        worker.start()
    spans: list[tuple[float, float]] = [found.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    return 2 * batches * _BATCH * 4 / (max(end for _, end in spans) - min(start for start, _ in spans))


def _work(barrier: object, found: object, worker: int, batches: int) -> None:
    import django

    django.setup()  # the environment is the parent's, which has brought the database up to date
    _post(worker + 10, 1)
    barrier.wait()  # type: ignore[attr-defined]
    started = time.time()
    _post(worker, batches)
    found.put((started, time.time()))  # type: ignore[attr-defined]


def _count() -> int:
    from safeconduct.kernel.scope import engine_scope, query

    with engine_scope():
        row = query("SELECT count(*) FROM ledger_posting").fetchone()
    assert row is not None
    number: int = row[0]
    return number


def _check() -> None:
    from safeconduct.kernel.ledger.checking import check
    from safeconduct.kernel.scope import engine_scope

    with engine_scope():
        wrong = [answer for answer in check() if not answer.ok]
    assert not wrong, wrong
