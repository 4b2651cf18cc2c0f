"""Buyers who send something else back: a lighter box, an older machine with another number on its plate.

When they order there is nothing to see, so the rows expect "allow". What left was weighed, and what has a serial number
was noted: the answer is to compare, and a person who judges.
"""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, MINUTE, START
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.complaints import Channel, Fault
from safeconduct.demo.life import ask_refund, came_back, sell, serial_number, ship
from safeconduct.demo.orders import costly
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Buyer, Seller
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "return_swaps"
DESCRIPTION = "25 returns in which something else came back: lighter by 8 to 60 %, or with another serial number"

#: A box is lighter by as much as this without anybody's fault; whoever stays below it changed the machine inside.
_NOTHING = 0.10


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    swappers = b.reserve_buyers(rng, b.scaled(25, least=6), lambda x: x.registered_at < START)
    for i, buyer in enumerate(swappers):
        at = b.moment(rng, 8, 122)
        shops = b.open_sellers(at, lambda s: s.country in ("DE", "FR", "KR"))
        b.label_entity(Kind.BUYER, buyer, NAME, "swapper", Action.REVIEW, severity=Severity.MEDIUM, incident=i)
        _swap(b, rng, buyer, rng.choice(shops or b.open_sellers(at)), at, i)


def _swap(b: WorldBuilder, rng: Random, buyer: Buyer, shop: Seller, at: int, incident: int) -> None:
    order = b.draft(rng, buyer, shop, at)
    order.listing, order.items = costly(rng, shop, at), 1
    order.amount_minor, order.discount_minor, order.promotion = order.listing.price_minor, 0, None
    order.weight_g = order.listing.weight_g + 60
    sell(b, rng, order)
    arrived = ship(b, rng, order, hours=rng.uniform(5, 40))
    assert arrived is not None
    asked = arrived + int(rng.uniform(0.5, 6) * DAY)
    ask_refund(b, order, asked, "changed_mind", keeps_goods=False)
    b.record("return.requested", asked + MINUTE, order, {"reason": "changed_mind", "category": order.listing.category})
    lighter = rng.uniform(0.08, 0.6)
    serial = order.serial
    if serial and (lighter < _NOTHING or rng.random() < 0.6):
        serial = serial_number(rng)
    elif lighter < _NOTHING:
        lighter += _NOTHING
    back = asked + int(rng.uniform(4, 10) * DAY)
    came_back(b, rng, order, back, max(20, round(order.weight_g * (1 - lighter))), serial)
    b.label_order(order, NAME, "swapped", Action.ALLOW, severity=Severity.MEDIUM, incident=incident)
    b.complain(order, back, Channel.RETURN, Fault.BUYER, NAME, incident=incident)
