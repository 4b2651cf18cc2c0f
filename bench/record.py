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
    append_s, bare_s = _append(lines)
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


def _append(count: int) -> tuple[float, float]:
    """Seconds for appending all of them, and for the bare INSERTs of the same bytes; in turns, so that both see the
    same machine.
    """
    from safeconduct.kernel.record import sequencer, store
    from safeconduct.kernel.scope import engine_scope, owner_scope, query

    with owner_scope():
        query("DROP TABLE IF EXISTS bench_bare")
        query("CREATE TABLE bench_bare (index bigint PRIMARY KEY, data bytea NOT NULL)")
        query("GRANT INSERT ON bench_bare TO safeconduct_engine")
    done, append_s, bare_s, now = 0, 0.0, 0.0, datetime.now(UTC)
    while True:
        started = time.perf_counter()
        appended = sequencer.sequence(BATCH, now=now)
        append_s += time.perf_counter() - started
        if not appended:
            break
        with engine_scope():
            lines = store.entries(done, done + appended)
        started = time.perf_counter()
        with engine_scope():
            query(
                "INSERT INTO bench_bare SELECT * FROM unnest(%b::bigint[], %b::bytea[])",
                [list(range(done, done + appended)), lines],
            )
        bare_s += time.perf_counter() - started
        done += appended
    assert done == count
    with owner_scope():
        query("DROP TABLE bench_bare")
    return append_s, bare_s


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
