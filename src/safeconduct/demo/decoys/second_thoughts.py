"""Buyers who want it elsewhere a little later, and shops that do as they should: cancel, and let them order again."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import HOUR, MINUTE, START
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.life import change_address, ordinary_life, sell
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import new_address
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "second_thoughts"
DESCRIPTION = "Seventy honest changes of address: the first order is cancelled, the second goes to the new address"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    people = b.reserve_buyers(rng, b.scaled(70, least=6), lambda x: x.registered_at < START)
    for i, buyer in enumerate(people):
        b.label_entity(Kind.BUYER, buyer, NAME, DECOY, Action.ALLOW, severity=Severity.NONE, incident=i)
        at = b.moment(rng, 4, 139)
        seller = b.any_seller(rng, at)
        order = b.draft(rng, buyer, seller, at)
        sell(b, rng, order)
        moved = buyer.addresses[1] if len(buyer.addresses) > 1 else new_address(rng, buyer.locale)
        asked = order.at + rng.randrange(30 * MINUTE, 5 * HOUR)
        change_address(b, order, asked, moved, heeded=False)
        cancelled = asked + rng.randrange(20 * MINUTE, 8 * HOUR)
        b.record("order.cancelled", cancelled, order, {"reason": "address_wrong"})
        b.record("refund.created", cancelled + rng.randrange(MINUTE, HOUR), order, {"reason": "cancelled"})
        b.label_decoy(order, NAME, incident=i)
        again = b.draft(rng, buyer, seller, cancelled + rng.randrange(5 * MINUTE, 2 * HOUR))
        again.listing, again.items, again.amount_minor = order.listing, order.items, order.amount_minor
        again.discount_minor, again.promotion = order.discount_minor, order.promotion
        again.device, again.address, again.guest = order.device, moved, order.guest
        ordinary_life(b, rng, again)
        b.label_decoy(again, NAME, incident=i)
