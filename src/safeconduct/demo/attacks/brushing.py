"""Shops that buy from themselves through straw buyers, send empty parcels, and praise what they sold."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, END, HOUR, MINUTE
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.life import review, sell, ship
from safeconduct.demo.orders import set_amount
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Seller, new_device
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "brushing"
DESCRIPTION = "Nine shops place orders with themselves from their own devices, with parcels of a few grams"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    begins = b.moment(rng, 20, 30)
    pool = sorted(b.open_sellers(begins), key=lambda s: (s.weight, s.id))
    middling = pool[: max(6, len(pool) * 2 // 3)]
    for incident, shop in enumerate(rng.sample(middling, k=min(b.scaled(9), len(middling)))):
        _brush(b, rng, incident, b.book_seller(shop))


def _brush(b: WorldBuilder, rng: Random, incident: int, shop: Seller) -> None:
    at = b.moment(rng, 25, 105)
    b.label_entity(Kind.SELLER, shop, NAME, "brushing_shop", Action.REVIEW, incident=incident)
    straw = [b.newcomer(rng, "CN", at - int(rng.uniform(0.5, 25) * DAY)) for _ in range(rng.randint(3, 6))]
    own = [device for member in shop.members for device in member.devices]
    devices = [*own, *(new_device(rng) for _ in range(round(2 * (b.shift.devices - 1))))]
    for buyer in straw:
        b.label_entity(Kind.BUYER, buyer, NAME, "straw_buyer", Action.REVIEW, incident=incident)
    for _ in range(rng.randint(8, 14)):
        buyer = rng.choice(straw)
        order = b.draft(rng, buyer, shop, at)
        set_amount(order, int(rng.uniform(3_000, 30_000) * b.shift.amounts))
        order.device, order.guest, order.proxy = rng.choice(devices), False, False
        if rng.random() < 0.75:
            order.ip, order.ip_country = shop.members[0].ip, shop.country
        sell(b, rng, order)
        order.weight_g, order.crooked = rng.randrange(15, 60), True
        arrived = ship(b, rng, order, hours=rng.uniform(0.5, 8))
        assert arrived is not None
        review(b, rng, order, arrived + rng.randrange(5, 90) * MINUTE, stars=5)
        b.label_order(
            order, NAME, "self_purchase", Action.REVIEW,
            severity=Severity.MEDIUM, incident=incident, at_risk_minor=0,
        )  # fmt: skip
        at = min(at + b.span(rng.uniform(1, 40) * HOUR), END - 2 * DAY)
