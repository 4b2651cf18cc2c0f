"""A small world of orders for the tests of training: quiet cards, and stolen cards that race through shops."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow

from safeconduct.analytics.features_duckdb import Period
from safeconduct.analytics.labels import KnownLabel
from safeconduct.analytics.training import DAY, Split
from safeconduct.foundation.moments import moment
from safeconduct.foundation.policy.facts import duckdb_facts_table
from safeconduct.foundation.policy.nodes import Policy
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.kernel.events.catalogue import CATALOGUE

START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS, MATURITY_DAYS = 50, 5
ORDER_PLACED, FRAUD_WARNED = CATALOGUE["order.placed"].code, CATALOGUE["fraud.warned"].code

POLICY = """\
policy: order-risk
on: order.placed
in: USD
features:
  card_shops_1h: {distinct: seller, by: card, over: 1 hour}
  card_orders_1d: {count: order.placed, by: card, over: 1 day}
  card_amount_30d: {avg: amount, by: card, over: 30 days}
  card_most_30d: {max: amount, by: card, over: 30 days}
  shop_warned_30d: {count: fraud.warned, by: seller, over: 30 days}
  order_warned: {count: fraud.warned, by: order, over: 30 days}
  last_order: {last_seen: order.placed, by: card, over: 30 days}
  shops_for_orders: {ratio: [card_shops_1h, card_orders_1d]}
scores:
  fraud: {model: order-fraud}
rules:
  likely_fraud:
    when: fraud >= 0.5
    then: review
    because: {en: "This order resembles reported fraud", zh: "与欺诈相似", es: "Se parece a un fraude"}
"""


def policy(text: str = POLICY) -> Policy:
    reading = read_policy(text, CATALOGUE)
    assert reading.policy is not None, reading.render()
    return reading.policy


def at(day: float) -> int:
    """The moment of a day of the world."""
    return moment(START + timedelta(days=day))


def split(train: tuple[float, float] = (8, 28), test: tuple[float, float] = (33, 43)) -> Split:
    return Split(Period(at(train[0]), at(train[1])), Period(at(test[0]), at(test[1])), MATURITY_DAYS * DAY)


@dataclass
class World:
    """Facts as rows (dictionaries) and labels as they became known."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    labels: list[KnownLabel] = field(default_factory=list)

    def facts(self) -> duckdb.DuckDBPyRelation:
        """The rows as a relation of facts."""
        connection = duckdb.connect()
        connection.execute("SET threads = 1")
        connection.execute(duckdb_facts_table(CATALOGUE))
        names = {name: None for row in self.rows for name in row}
        given = pyarrow.Table.from_pylist([{**names, **row} for row in self.rows])
        connection.register("given", given)
        connection.execute("INSERT INTO facts BY NAME SELECT * FROM given")
        return connection.table("facts")

    def order(self, day: float, *, card: int | None, seller: int, amount: int, fraud: bool, known_after: float) -> int:
        """Places an order; a fraud is reported so many days later, as a label and as an event."""
        number = len(self.rows) + 1
        placed = {"order": number, "card": card, "seller": seller, "amount": amount, "buyer": card}
        # The tie-breaker is the order's number, so that no two events share a moment.
        self.rows.append({"type": ORDER_PLACED, "moment": at(day) + number % 4096, "proxy": number % 3 == 0, **placed})
        if fraud:
            known = at(day + known_after) + number % 4096
            self.labels.append(KnownLabel(number, known))
            self.rows.append({"type": FRAUD_WARNED, "moment": known, **placed})
        return number


def stolen_cards(seed: int = 1, *, known_after: float = 3.0) -> World:
    """Quiet cards all day; two stolen cards a day that go through five shops within half an hour."""
    dice = random.Random(seed)
    world = World()
    for day in range(DAYS):
        for _ in range(70):
            card = dice.randrange(300) if dice.random() < 0.95 else None
            amount = round(dice.lognormvariate(8.0, 0.6))
            world.order(
                day + dice.random(), card=card, seller=dice.randrange(40), amount=amount, fraud=False, known_after=0
            )
        for thief in range(2):
            card, began = 10_000 + 2 * day + thief, day + 0.9 * dice.random()
            for number, seller in enumerate(dice.sample(range(40), 5)):
                amount = round(dice.lognormvariate(8.6, 0.6))
                world.order(
                    began + number * 0.004, card=card, seller=seller, amount=amount, fraud=True, known_after=known_after
                )  # fmt: skip
    return world


def pure_chance(seed: int = 1) -> World:
    """Frauds that nothing announces, each reported an hour later."""
    dice = random.Random(seed)
    world = World()
    for day in range(DAYS):
        for _ in range(70):
            world.order(
                day + dice.random(), card=dice.randrange(5000), seller=dice.randrange(40),
                amount=round(dice.lognormvariate(8.0, 0.6)), fraud=dice.random() < 0.1, known_after=1 / 24,
            )  # fmt: skip
    return world
