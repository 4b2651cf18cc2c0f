"""What a decision's features cost for a key with 100,000 events, against a key with a few: medians, in one run.

Needs Django set up with a database that may be filled; `python bench/hot_keys.py` brings its own (the tests' server).
"""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

_DAY = 86_400
_POLICY = """\
policy: bench-hot-keys
on: order.placed
in: USD
features:
  orders_60d: {count: order.placed, by: seller, over: 60 days}
  takings_60d: {sum: amount, by: seller, over: 60 days}
  usual_60d: {avg: amount, by: seller, over: 60 days}
  dearest_60d: {max: amount, by: seller, over: 60 days}
  orders_1h: {count: order.placed, by: seller, over: 1 hour}
  takings_1h: {sum: amount, by: seller, over: 1 hour}
rules:
  busy: {when: orders_60d > 1000000, then: review, because: {en: "busy", zh: "忙", es: "mucho"}}
"""
_DISTINCT = """\
policy: bench-hot-distinct
on: order.placed
features:
  buyers_60d: {distinct: buyer, by: seller, over: 60 days}
  buyers_1h: {distinct: buyer, by: seller, over: 1 hour}
rules:
  busy: {when: buyers_60d > 1000000, then: review, because: {en: "busy", zh: "忙", es: "mucho"}}
"""


def run(quick: bool) -> dict[str, Any]:
    """Fills the facts, lets the keys grow hot, and measures. ``quick``: 20,000 events a key instead of 100,000.

    Per kind of key: the median of one event's features in milliseconds, raw and through roll-ups, how many events were
    read one by one, and the ratio to the cold key. Every answer through roll-ups is compared with the raw one.
    """
    from safeconduct.kernel.decisions import hot
    from safeconduct.kernel.decisions.running import compile_text
    from safeconduct.kernel.scope import engine_scope, owner_scope, query

    events, reads = (20_000, 60) if quick else (100_000, 200)
    keys = {"cold": 9_000_001, "spread over 60 days": 9_000_002, "within one hour": 9_000_003}
    with engine_scope():
        end = _fill(keys, events)
    with owner_scope():
        query("ANALYZE fact")
    report: dict[str, Any] = {"events": events}
    built = 0.0
    for name, text in (("count, sum, avg, max", _POLICY), ("distinct", _DISTINCT)):
        compiled = compile_text(text)
        rows = {kind: _rows(key, end, reads) for kind, key in keys.items()}
        raw = {kind: _measure(compiled, rows[kind], rolled_up=False) for kind in keys}
        started = time.perf_counter()
        _grow_hot(compiled, rows, end)
        built += time.perf_counter() - started
        with owner_scope():
            query("ANALYZE rollup")
            query("ANALYZE rollup_seen")
        hot.forget()
        through = {kind: _measure(compiled, rows[kind], rolled_up=True) for kind in keys}
        cold = through["cold"][0]
        report[name] = {
            kind: {
                "raw_ms": round(raw[kind][0], 3),
                "rolled_up_ms": round(through[kind][0], 3),
                "events_read": through[kind][2],
                "times_cold": round(through[kind][0] / cold, 2),
                "same_answers": raw[kind][1] == through[kind][1],
            }
            for kind in keys
        }
    report["built_in_s"] = round(built, 2)
    return report


def _fill(keys: dict[str, int], events: int) -> int:
    """Facts of the three shops among 100,000 of others; returns the moment after the last."""
    from datetime import UTC, datetime

    from safeconduct.foundation.moments import SECOND, moment
    from safeconduct.kernel.events.catalogue import CATALOGUE
    from safeconduct.kernel.scope import query

    end = moment(datetime(2026, 6, 1, tzinfo=UTC))
    code = CATALOGUE["order.placed"].code
    for place, (key, count, span_s) in enumerate(
        ((keys["cold"], 40, 60 * _DAY), (keys["spread over 60 days"], events, 60 * _DAY),
         (keys["within one hour"], events, 3_600), (None, 100_000, 60 * _DAY))
    ):  # fmt: skip
        seller = f"{key}::bigint" if key is not None else "9100000 + i % 2500"
        query(
            "INSERT INTO fact (moment, type, occurred, seller, buyer, amount)"
            f" SELECT {end - span_s * SECOND} + i * {span_s * SECOND // count} + {place}, {code}, 0, {seller},"
            f" 8000000 + (i * 7919) % 30000, 100 + (i * 31) % 9000 FROM generate_series(0::bigint, {count - 1}) AS g(i)"
        )
    return end


def _rows(key: int, end: int, reads: int) -> list[dict[str, Any]]:
    from safeconduct.foundation.moments import SECOND

    chance = random.Random(key)
    return [{"moment": end + chance.randrange(20 * SECOND), "seller": key} for _ in range(reads)]


def _grow_hot(compiled: Any, rows: dict[str, list[dict[str, Any]]], end: int) -> None:
    """As `hot.keep_up` does for a running policy, with the end of these facts as the moment up to which all is
    there.
    """
    from safeconduct.kernel.decisions import hot
    from safeconduct.kernel.scope import engine_scope

    hot.forget()
    with engine_scope():
        hot.read(compiled, [batch[0] for batch in rows.values()])
        wanted = {roll.id: roll for group in hot.plan_of(compiled).groups for roll in group.rolls}
        noted = [one for one in hot.current() if one.window in wanted]
    for one in noted:
        while one is not None:
            with engine_scope():
                one = hot.advance(one.id, wanted[one.window], end)


def _measure(compiled: Any, rows: list[dict[str, Any]], *, rolled_up: bool) -> tuple[float, list[dict[str, Any]], int]:
    from safeconduct.kernel.decisions import hot
    from safeconduct.kernel.scope import engine_scope, query

    features = compiled.features
    times, answers, events = [], [], 0
    with engine_scope():
        for warm_up in (True, False):
            for row in rows[:12] if warm_up else rows:
                started = time.perf_counter()
                if rolled_up:
                    (answer,) = hot.read(compiled, [row])
                else:
                    (answer,) = query(features.sql, features.parameters([row["moment"]], [row])).fetchall()
                if not warm_up:
                    times.append((time.perf_counter() - started) * 1000)
                    answers.append(features.values(answer))
                    events = max(events, *features.events_read(answer))
    return statistics.median(times), answers, events


if __name__ == "__main__":
    import json
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import tests.django_world as world

    world.forget_everything()
    print(json.dumps(run("--quick" in sys.argv), indent=2))
