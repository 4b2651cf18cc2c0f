"""Offices whose people shop in the lunch break: one address on the network, many buyers and cards."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAYS, HOUR, START, at_day, day_of
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.life import ordinary_life
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import new_ip
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "shared_offices"
DESCRIPTION = "Twelve office IP addresses, each used by eight to sixteen buyers"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for office in range(b.spread(12, least=2)):
        ip = new_ip(rng, "CN")
        b.label_entity(Kind.IP, ip, NAME, DECOY, Action.ALLOW, severity=Severity.NONE, incident=office)
        people = b.reserve_buyers(rng, rng.randint(8, 16), lambda x: x.country == "CN" and x.registered_at < START)
        days = rng.sample(range(8, DAYS - 6), k=3)
        for buyer in people:
            for day in rng.sample(days, k=rng.randint(1, 2)):
                at = at_day(day_of(day), 12) + rng.randrange(int(1.5 * HOUR))
                order = b.draft(rng, buyer, b.any_seller(rng, at), at)
                order.ip, order.ip_country, order.proxy = ip, "CN", False
                ordinary_life(b, rng, order)
                b.label_decoy(order, NAME, incident=office)
