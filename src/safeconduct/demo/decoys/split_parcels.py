"""Large baskets that travel in two or three parcels, some captured in parts, some with a piece left out of the bill."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, START
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.life import give_back, sell
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.parcels import ship_in_parts

NAME = "split_parcels"
DESCRIPTION = "220 honest orders in several parcels: captured at once, in parts, or less than was ordered"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    people = b.reserve_buyers(rng, b.scaled(220, least=12), lambda x: x.registered_at < START)
    for i, buyer in enumerate(people):
        at = b.moment(rng, 2, 132)
        order = b.draft(rng, buyer, b.any_seller(rng, at), at)
        order.items += 2
        order.amount_minor = order.listing.price_minor * order.items - order.discount_minor
        draw = rng.random()
        captured = order.amount_minor * rng.randint(40, 70) // 100 if draw < 0.4 else None
        short = draw >= 0.85
        if short:
            captured = order.amount_minor - order.listing.price_minor
        sell(b, rng, order, captured_minor=captured)
        rest = 0 if short or captured is None else order.amount_minor - captured
        arrived = ship_in_parts(b, rng, order, rng.choice((2, 2, 3)), rest_minor=rest)
        if draw > 0.4 and not short and rng.random() < 0.15:
            give_back(b, order, arrived + int(rng.uniform(0.3, 5) * DAY), 100 // order.items, "item_missing")
        b.label_decoy(order, NAME, incident=i)
