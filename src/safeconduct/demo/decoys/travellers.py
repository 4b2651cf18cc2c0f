"""People on a journey: their own card and device, a foreign network, sometimes a hotel as the address."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, START
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.life import ordinary_life
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import COUNTRIES, locale_of, new_address, new_ip

NAME = "travellers"
DESCRIPTION = "Sixty buyers who order from abroad while they travel"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    people = b.reserve_buyers(rng, b.scaled(60, least=6), lambda x: x.registered_at < START)
    for i, buyer in enumerate(people):
        away = b.moment(rng, 30, 138)
        for _ in range(rng.randint(1, 3)):
            at = away - int(rng.uniform(3, 28) * DAY)
            ordinary_life(b, rng, b.draft(rng, buyer, b.any_seller(rng, at), at))
        country = rng.choice([c for c in COUNTRIES if c != buyer.country])
        for _ in range(rng.randint(1, 2)):
            order = b.draft(rng, buyer, b.any_seller(rng, away), away)
            order.ip, order.ip_country, order.device = new_ip(rng, country), country, buyer.devices[0]
            if rng.random() < 0.3:
                order.address, order.ship_country = new_address(rng, locale_of(country)), country
            ordinary_life(b, rng, order)
            b.label_decoy(order, NAME, incident=i)
            away += int(rng.uniform(0.2, 2) * DAY)
