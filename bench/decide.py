"""Deciding with 12 features and rules, durable: in batches of 200, and one by one."""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.figures import Figure

BUILD = Path(__file__).resolve().parent.parent / "build" / "bench-var"
FEATURES = """\
policy: bench
on: order.placed
in: USD
features:
  card_shops_1h: {distinct: seller, by: card, over: 1 hour}
  card_orders_1h: {count: order.placed, by: card, over: 1 hour}
  card_sum_1d: {sum: amount, by: card, over: 1 day}
  buyer_orders_90d: {count: order.placed, by: buyer, over: 90 days}
  buyer_refunds_90d: {count: refund.requested, by: buyer, over: 90 days}
  buyer_avg_90d: {avg: amount, by: buyer, over: 90 days}
  device_buyers_7d: {distinct: buyer, by: device, over: 7 days}
  device_orders_1h: {count: order.placed, by: device, over: 1 hour}
  ip_cards_1d: {distinct: card, by: ip, over: 1 day}
  bin_orders_1h: {count: order.placed, by: card_bin, over: 1 hour}
  address_buyers_30d: {distinct: buyer, by: address, over: 30 days}
  seller_orders_1h: {count: order.placed, by: seller, over: 1 hour}
rules:
"""
NAMES = [line.split(":")[0].strip() for line in FEATURES.splitlines() if line.startswith("  ")]


def run(quick: bool) -> list[Figure]:
    """Decisions a second by one process; committed, with fsync."""
    BUILD.mkdir(parents=True, exist_ok=True)
    os.environ["SAFECONDUCT_VAR"] = str(BUILD)
    os.environ["DJANGO_SETTINGS_MODULE"] = "safeconduct.config.settings"
    import django

    django.setup()
    from safeconduct.config.migrate import bring_up_to_date
    from safeconduct.kernel.decisions import engine, lanes, policies
    from safeconduct.kernel.events import log
    from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, staff_scope

    bring_up_to_date()
    with owner_scope():
        query(
            "TRUNCATE event, event_body, fact, event_queue, decision, review, leaf, rule_count, policy_version CASCADE"
        )
    rules = (
        "".join(
            f"  r{i}:\n    when: {NAMES[i % len([n for n in NAMES if n != 'buyer_avg_90d'])]} >= {1000 + i}\n    then: review\n"
            "    because: {en: r, zh: r, es: r}\n"
            for i in range(25)
        )
        .replace("card_sum_1d >= 10", "card_orders_1h >= 10")
        .replace("buyer_avg_90d >=", "card_orders_1h >=")
    )
    with staff_scope():
        policies.install(FEATURES + rules, at=datetime.now(UTC), actor=Actor("bench", "owner"))
    dice = random.Random(3)
    start = datetime(2026, 6, 1, tzinfo=UTC)
    history = [_order(dice, f"h{n}", start + timedelta(seconds=n * 40)) for n in range(2_000 if quick else 20_000)]
    for first in range(0, len(history), 1000):
        log.receive(history[first : first + 1000], known=log.Known.WHEN_IT_HAPPENED, imported=True)
    with owner_scope():
        query("ANALYZE fact")

    def batches(count: int, size: int) -> float:
        fresh = [_order(dice, f"b{size}-{n}-{dice.random()}", datetime.now(UTC)) for n in range(count)]
        moments = []
        for first in range(0, count, 1000):
            receipt = log.receive(fresh[first : first + 1000], queue=["order.placed"])
            moments += [stored.moment for stored in receipt.stored]
        started = time.perf_counter()
        for first in range(0, count, size):
            with engine_scope():
                engine.decide(moments[first : first + size], now=lanes.utc_now)
        return count / (time.perf_counter() - started)

    batches(400, 200)
    many = max(batches(1000 if quick else 4000, 200) for _ in range(2))
    one = max(batches(100 if quick else 400, 1) for _ in range(2))
    return [
        Figure("decide, 12 features, 25 rules, by 200", many, "events/s", f"one by one {one:,.0f}/s", many / one,
               "5,000/s", many >= 5000),
        Figure("decide, 12 features, 25 rules, one by one", one, "events/s", "", None, "400/s", one >= 400),
    ]  # fmt: skip


def _order(dice: random.Random, identity: str, at: datetime) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": identity, "source": "bench", "type": "order.placed", "time": at.isoformat(),
        "data": {
            "order": identity, "seller": f"s{dice.randrange(180)}", "buyer": f"b{dice.randrange(9000)}",
            "card": f"c{dice.randrange(9000)}", "card_bin": f"4{dice.randrange(300):05d}",
            "device": f"d{dice.randrange(9000)}", "ip": f"10.0.{dice.randrange(90)}.{dice.randrange(90)}",
            "address": f"street {dice.randrange(9000)}", "amount": {"minor": dice.randrange(100_000), "currency": "USD"},
        },
    }  # fmt: skip
