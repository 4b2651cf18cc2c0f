"""What a decision costs for a shop with 100,000 orders, against a shop with a few: medians, in one run.

The way is the live one: orders are received and decided by `engine.decide`, that notes the busy shops, `hot.keep_up`
builds their roll-ups as a lane does every second, and the orders that follow are read through them. Only the past is
written straight into the facts. Every answer through roll-ups is compared with the raw one.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.figures import Figure
from bench.place import forget_everything, ready

EVENTS, READS = 100_000, 200
COLD, SPREAD, HOUR = "a cold key", "spread over 60 days", "within one hour"
_AIM = 3.0
_BECAUSE = "because: {en: busy, zh: 忙, es: mucho}"
POLICIES = {
    "count, sum, avg, max": f"""\
policy: bench-hot-keys
on: order.placed
in: USD
budget: 5000 ms
features:
  orders_60d: {{count: order.placed, by: seller, over: 60 days}}
  takings_60d: {{sum: amount, by: seller, over: 60 days}}
  usual_60d: {{avg: amount, by: seller, over: 60 days}}
  dearest_60d: {{max: amount, by: seller, over: 60 days}}
  orders_1h: {{count: order.placed, by: seller, over: 1 hour}}
  takings_1h: {{sum: amount, by: seller, over: 1 hour}}
rules:
  busy: {{when: orders_60d > 1000000, then: challenge, {_BECAUSE}}}
""",
    "distinct": f"""\
policy: bench-hot-distinct
on: order.placed
budget: 5000 ms
features:
  buyers_60d: {{distinct: buyer, by: seller, over: 60 days}}
  buyers_1h: {{distinct: buyer, by: seller, over: 1 hour}}
rules:
  busy: {{when: buyers_60d > 1000000, then: challenge, {_BECAUSE}}}
""",
}


@dataclass(slots=True)
class _Found:
    """Milliseconds a read or decision, and the most events of the key that one of them read one by one."""

    raw_ms: list[float] = field(default_factory=list)
    read_ms: list[float] = field(default_factory=list)
    decision_ms: list[float] = field(default_factory=list)
    events_read: int = 0


def run(quick: bool) -> list[Figure]:
    """For sums and for distinct values: features of both busy shops against the cold one; and whole decisions."""
    ready()
    forget_everything()
    events, reads = (EVENTS // 5, READS // 4) if quick else (EVENTS, READS)
    figures: list[Figure] = []
    _fill(events)
    built_s = 0.0
    for measured, text in POLICIES.items():
        _put_in_force(text)
        built_s += _grow_hot()
        found = _measure(text, reads)
        cold = statistics.median(found[COLD].read_ms)
        for kind in (SPREAD, HOUR):
            value = statistics.median(found[kind].read_ms)
            raw = statistics.median(found[kind].raw_ms)
            figures.append(
                Figure(f"hot key {kind}: {measured}", value, "ms", f"{COLD} {cold:.2f} ms (raw {raw:.1f} ms)",
                       value / cold, f"{_AIM:.0f}x", value <= _AIM * cold)
            )  # fmt: skip
        cold = statistics.median(found[COLD].decision_ms)
        for kind in (SPREAD, HOUR):
            value = statistics.median(found[kind].decision_ms)
            figures.append(
                Figure(f"hot key {kind}: {measured}, whole decision", value, "ms", f"{COLD} {cold:.2f} ms", value / cold,
                       f"{_AIM:.0f}x", value <= _AIM * cold)
            )  # fmt: skip
    built = f"{4 * events:,} events"
    return [*figures, Figure("building all roll-ups of both keys", built_s, "s", built)]


def _keys() -> dict[str, int]:
    from safeconduct.kernel.scope import engine_scope
    from safeconduct.kernel.vault.pseudonyms import register

    with engine_scope():
        found = register({("seller", kind) for kind in (COLD, SPREAD, HOUR)})
    return {kind: found["seller", kind] for kind in (COLD, SPREAD, HOUR)}


def _fill(events: int) -> None:
    """The past of the three shops, up to some seconds ago, among 100,000 orders of others."""
    from safeconduct.foundation.moments import SECOND, moment
    from safeconduct.kernel.events.catalogue import CATALOGUE
    from safeconduct.kernel.scope import engine_scope, owner_scope, query

    keys = _keys()
    end = moment(datetime.now(UTC) - timedelta(seconds=5))
    code = CATALOGUE["order.placed"].code
    day = 86_400
    shops = (
        (str(keys[COLD]), 40, 60 * day), (str(keys[SPREAD]), events, 60 * day), (str(keys[HOUR]), events, 3_600),
        ("9100000 + i % 2500", 100_000, 60 * day),
    )  # fmt: skip
    for place, (seller, count, span_s) in enumerate(shops):
        with engine_scope():
            query(
                "INSERT INTO fact (moment, type, occurred, seller, buyer, amount)"
                f" SELECT {end - span_s * SECOND} + i * {span_s * SECOND // count} + {place}, {code}, 0, {seller},"
                f" 8000000 + (i * 7919) % 30000, 100 + (i * 31) % 9000 FROM generate_series(0::bigint, {count - 1}) AS g(i)"
            )
    with owner_scope():
        query("ANALYZE fact")


def _put_in_force(text: str) -> None:
    from safeconduct.kernel.decisions import policies
    from safeconduct.kernel.scope import Actor, owner_scope, query, staff_scope

    with owner_scope():
        query("TRUNCATE policy_version, decision, review, rule_count CASCADE")
    with staff_scope():
        policies.install(text, at=datetime.now(UTC), actor=Actor("bench", "owner"))


def _order(kind: str, identity: str) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": identity, "source": "bench-hot", "type": "order.placed",
        "time": datetime.now(UTC).isoformat(),
        "data": {
            "order": identity, "seller": kind, "buyer": f"b{identity}", "amount": {"minor": 500, "currency": "USD"},
        },
    }  # fmt: skip


def _grow_hot() -> float:
    """An order of each shop notes the busy ones; returns the seconds until their roll-ups are built.

    Half a minute of sleep at most: a roll-up may not pass the end of the log, which is the order just decided.
    """
    from safeconduct.kernel.decisions import hot, lanes

    for kind in (COLD, SPREAD, HOUR):
        lanes.accept([_order(kind, f"note {kind} {time.time()}")])
    time.sleep(2.0)  # what is built ends a second before the clock, and with the log
    lanes.accept([_order(COLD, f"end {time.time()}")])
    started = time.perf_counter()
    moved = hot.keep_up()
    assert moved, "no roll-up was built"
    built_s = time.perf_counter() - started
    _analyse()
    hot.forget()
    return built_s


def _analyse() -> None:
    # As autovacuum does by itself after some minutes of a day's work.
    from safeconduct.kernel.scope import owner_scope, query

    with owner_scope():
        for table in ("fact", "rollup", "rollup_seen", "hot_key"):
            query(f"ANALYZE {table}")


def _measure(text: str, reads: int) -> dict[str, _Found]:
    """Orders of the three shops in turn: each decided, then its features read again both ways, and compared."""
    from safeconduct.kernel.decisions import engine, hot, lanes
    from safeconduct.kernel.decisions.running import compile_text
    from safeconduct.kernel.events import log
    from safeconduct.kernel.scope import engine_scope, query

    compiled = compile_text(text)
    features = compiled.features
    found = {kind: _Found() for kind in (COLD, SPREAD, HOUR)}
    warm_up, kept_up = 10, time.monotonic()
    for number in range(reads + warm_up):
        for kind, one in found.items():
            receipt = log.receive([_order(kind, f"{kind} {number} {time.time()}")], queue=["order.placed"])
            moment = receipt.stored[0].moment
            started = time.perf_counter()
            with engine_scope():
                (made,) = engine.decide([moment], now=lanes.utc_now)
            decision_ms = (time.perf_counter() - started) * 1000
            with engine_scope():
                rows = engine.facts([moment])
                started = time.perf_counter()
                (answer,) = hot.read(compiled, rows)
                read_ms = (time.perf_counter() - started) * 1000
                started = time.perf_counter()
                (raw,) = query(features.sql, features.parameters([moment], rows)).fetchall()
                raw_ms = (time.perf_counter() - started) * 1000
            assert features.values(answer) == features.values(raw), f"{kind}: roll-ups answer otherwise"
            assert all(
                made.values[name] == value for name, value in features.values(raw).items() if name in made.values
            )
            if number >= warm_up:
                one.decision_ms.append(decision_ms)
                one.read_ms.append(read_ms)
                one.raw_ms.append(raw_ms)
                one.events_read = max(one.events_read, *features.events_read(answer))
        if time.monotonic() - kept_up > lanes.KEEP_UP_EVERY_S:
            hot.keep_up()
            kept_up = time.monotonic()
    for kind in (SPREAD, HOUR):
        assert found[kind].events_read <= hot.HOT_EVENTS, f"{kind}: read {found[kind].events_read} events one by one"
    return found
