"""A week in which nothing is delivered in China: parcels wait, buyers ask, and no shop is to blame."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, GOLDEN_WEEK, HOUR, START, at_day
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.life import ask_refund, sell, ship
from safeconduct.demo.parameters import Parameters

NAME = "golden_week"
DESCRIPTION = "160 honest parcels that wait over Golden Week while their buyers say that nothing came"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    over = at_day(GOLDEN_WEEK[1]) + DAY
    people = b.reserve_buyers(rng, b.scaled(160, least=8), lambda x: x.country == "CN" and x.registered_at < START)
    for i, buyer in enumerate(people):
        at = at_day(GOLDEN_WEEK[0]) - int(rng.uniform(3, 10) * DAY)
        order = b.draft(rng, buyer, b.any_seller(rng, at), at)
        sell(b, rng, order)
        ship(b, rng, order, hours=rng.uniform(4, 40), delivered=False)
        asked = at_day(GOLDEN_WEEK[0]) + int(rng.uniform(1, 6.5) * DAY)
        if rng.random() < 0.35:
            ask_refund(b, order, asked, "not_received", keeps_goods=False)
        delivered = over + int(rng.uniform(0.2, 4) * DAY)
        b.record("shipment.delivered", delivered - rng.randrange(HOUR, 9 * HOUR), order, {"signed": rng.random() < 0.4})
        b.label_decoy(order, NAME, incident=i)
