"""A live stream goes viral: one shop sells more in ninety minutes than in a month, to people it never saw."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, MINUTE, START, at_day, day_of
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.life import ordinary_life
from safeconduct.demo.orders import set_amount
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "live_stream"
DESCRIPTION = "One shop, 320 honest orders of one offer in ninety minutes"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    at = at_day(day_of(rng.randrange(50, 120)), 20)
    pool = b.open_sellers(at - 90 * DAY, lambda s: s.country != "CL")
    by_size = sorted(pool, key=lambda s: (s.weight, s.id))
    seller = b.book_seller(rng.choice(by_size[len(pool) // 4 : len(pool) * 3 // 4]))
    b.label_entity(Kind.SELLER, seller, NAME, DECOY, Action.ALLOW, severity=Severity.NONE)
    offer = seller.listings[0]
    count = b.scaled(320, least=30)
    viewers = b.reserve_buyers(rng, count * 3 // 4, lambda x: x.registered_at < START)
    while len(viewers) < count:
        viewers.append(b.newcomer(rng, "CN", at - rng.randrange(1, 40) * MINUTE))
    for buyer in viewers:
        order = b.draft(rng, buyer, seller, at + int(rng.betavariate(1.5, 3) * 90 * MINUTE))
        order.listing = offer
        set_amount(order, offer.price_minor * rng.choice((1, 1, 2)))
        ordinary_life(b, rng, order)
        b.label_decoy(order, NAME)
