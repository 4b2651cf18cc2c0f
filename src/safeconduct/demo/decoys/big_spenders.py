"""A first order of several thousand yuan by its true owner, with the second factor to show for it."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import HOUR, MINUTE
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.life import ordinary_life
from safeconduct.demo.orders import costly, set_amount, set_three_ds
from safeconduct.demo.parameters import Parameters

NAME = "big_spenders"
DESCRIPTION = "Forty honest first orders of high value, authenticated with 3-D Secure"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for i in range(b.scaled(40, least=6)):
        at = b.moment(rng, 3, 143)
        country = "CN" if rng.random() < 0.8 else rng.choice(("AU", "FR", "DE", "JP"))
        buyer = b.newcomer(rng, country, at - rng.randrange(10 * MINUTE, 30 * HOUR))
        seller = b.any_seller(rng, at)
        order = b.draft(rng, buyer, seller, at)
        order.listing = costly(rng, seller, order.at)
        set_amount(order, int(rng.uniform(120_000, 500_000)))
        order.method, order.card, order.guest = "card", buyer.cards[0], False
        order.billing_address, order.bill_country = buyer.addresses[0], country
        order.avs = "Y" if country == "AU" else "U"
        order.cvv, order.name_matches = "M", True
        set_three_ds(order, "authenticated")
        ordinary_life(b, rng, order)
        b.label_decoy(order, NAME, incident=i)
