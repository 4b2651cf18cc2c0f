"""People who try on three and keep one: many returns, each of them received whole."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import START
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.life import sell, send_back, ship
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "high_returners"
DESCRIPTION = "Eight honest buyers who send back half of what they order, and really send it"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for i, buyer in enumerate(b.reserve_buyers(rng, b.scaled(8, least=3), lambda x: x.registered_at < START)):
        b.label_entity(Kind.BUYER, buyer, NAME, DECOY, Action.ALLOW, severity=Severity.NONE, incident=i)
        for _ in range(rng.randint(8, 14)):
            at = b.moment(rng, 2, 143)
            order = b.draft(rng, buyer, b.any_seller(rng, at), at)
            sell(b, rng, order)
            arrived = ship(b, rng, order)
            assert arrived is not None
            if rng.random() < 0.5:
                send_back(b, rng, order, arrived, "changed_mind")
            b.label_decoy(order, NAME, incident=i)
