"""What the record costs: appending leaves, and proving the first and the last of a million lines.

Against the bare INSERT of the same bytes, a thousand in a transaction, as the sequencer does it: the rest is numbering,
commitments, hashes, tiles and signatures. A proof is held against reading the one row that it is about.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bench.figures import Figure
from bench.place import forget_everything, ready

LINES, QUICK_LINES = 1_000_000, 20_000
BATCH = 1_000
PROOFS = 200
_AIM_A_SECOND = 20_000


def run(quick: bool) -> list[Figure]:
    """The figures."""
    ready()
    forget_everything()
    lines = QUICK_LINES if quick else LINES
    _leaves(lines)
    append_s = _append(lines)
    bare_s = _bare(lines)
    rate, bare_rate = lines / append_s, lines / bare_s
    figures = [
        Figure("leaves appended to the record", rate, "a second", f"bare INSERT of the same bytes: {bare_rate:,.0f} a second",
               rate / bare_rate, f"{_AIM_A_SECOND:,}", rate >= _AIM_A_SECOND),
    ]  # fmt: skip
    for name, index in (("proof of the first line", 0), (f"proof of line {lines:,}", lines - 1)):
        proof_ms, row_ms = _proof_ms(index)
        against = f"reading that row: {row_ms:.2f} ms"
        figures.append(Figure(name, proof_ms, "ms, median", against, proof_ms / row_ms))
    forget_everything()
    return figures


def _leaves(count: int) -> None:
    from safeconduct.kernel.scope import engine_scope, owner_scope, query

    with engine_scope():
        query(
            "INSERT INTO leaf (kind, subject, body, created_at) SELECT 'note', 'sub_' || i, '{\"number\": 1}', now()"
            " FROM generate_series(1, %s::int) AS g(i)",
            [count],
        )
    with owner_scope():
        query("ANALYZE leaf")


def _append(count: int) -> float:
    from safeconduct.kernel.record import sequencer

    done, started, now = 0, time.perf_counter(), datetime.now(UTC)
    while appended := sequencer.sequence(BATCH, now=now):
        done += appended
    seconds = time.perf_counter() - started
    assert done == count
    return seconds


def _bare(count: int) -> float:
    from safeconduct.kernel.record import store
    from safeconduct.kernel.scope import engine_scope, owner_scope, query

    with owner_scope():
        query("DROP TABLE IF EXISTS bench_bare")
        query("CREATE TABLE bench_bare (index bigint PRIMARY KEY, data bytea NOT NULL)")
        query("GRANT INSERT ON bench_bare TO safeconduct_engine")
    seconds = 0.0
    for start in range(0, count, BATCH):
        with engine_scope():
            lines = store.entries(start, start + BATCH)
        started = time.perf_counter()
        with engine_scope():
            query(
                "INSERT INTO bench_bare SELECT * FROM unnest(%b::bigint[], %b::bytea[])",
                [list(range(start, start + BATCH)), lines],
            )
        seconds += time.perf_counter() - started
    with owner_scope():
        query("DROP TABLE bench_bare")
    return seconds


def _proof_ms(index: int) -> tuple[float, float]:
    """Milliseconds for the whole proof, and for the entry's row alone."""
    from safeconduct.kernel.record import proving, store
    from safeconduct.kernel.scope import engine_scope

    with engine_scope():
        proof_ms = _median_ms(lambda: proving.proof_of_entry(index))
        row_ms = _median_ms(lambda: store.entry(index))
    return proof_ms, row_ms


def _median_ms(act: Callable[[], object]) -> float:
    taken = []
    for _ in range(PROOFS):
        started = time.perf_counter()
        act()
        taken.append((time.perf_counter() - started) * 1e3)
    return statistics.median(taken)
