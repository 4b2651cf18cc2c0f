"""Buyers who use what they buy for an evening and send it back: each parcel whole, none of them new.

When they order there is nothing to see, so the rows expect "allow"; law lets everybody send goods back. What a shop can
do is look at each parcel, and take off what the use has cost.
"""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, MINUTE, START
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.complaints import Channel, Fault
from safeconduct.demo.life import ask_refund, came_back, sell, ship
from safeconduct.demo.orders import costly
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Buyer
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "wardrobing"
DESCRIPTION = "Five buyers who send back eight to eleven of a dozen orders, each time after an evening's use"

#: Of the parcels that come back used: those whose shop does not look, and pays everything back.
_UNSEEN_SHARE = 0.35


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for i, buyer in enumerate(b.reserve_buyers(rng, b.scaled(5, least=2), lambda x: x.registered_at < START)):
        b.label_entity(Kind.BUYER, buyer, NAME, "borrower", Action.REVIEW, severity=Severity.LOW, incident=i)
        at = b.moment(rng, 5, 40)
        keeps = rng.sample(range(12), k=rng.randint(1, 4))
        for nth in range(12):
            _borrow(b, rng, buyer, at, i, keeps=nth in keeps)
            at += int(rng.uniform(4, 8) * DAY)


def _borrow(b: WorldBuilder, rng: Random, buyer: Buyer, at: int, incident: int, *, keeps: bool) -> None:
    shop = b.any_seller(rng, at)
    order = b.draft(rng, buyer, shop, at)
    order.listing, order.items = costly(rng, shop, at), 1
    order.amount_minor, order.discount_minor, order.promotion = order.listing.price_minor, 0, None
    order.weight_g = order.listing.weight_g + 60
    sell(b, rng, order)
    arrived = ship(b, rng, order, hours=rng.uniform(5, 40))
    assert arrived is not None
    b.label_order(order, NAME, "kept" if keeps else "worn", Action.ALLOW, severity=Severity.LOW, incident=incident)
    if keeps:
        return
    asked = arrived + int(rng.uniform(1, 5) * DAY)
    ask_refund(b, order, asked, "changed_mind", keeps_goods=False)
    b.record("return.requested", asked + MINUTE, order, {"reason": "changed_mind", "category": order.listing.category})
    back = asked + int(rng.uniform(3, 8) * DAY)
    came_back(b, rng, order, back, max(30, round(order.weight_g * rng.uniform(0.97, 1.02))), order.serial)
    unseen = rng.random() < _UNSEEN_SHARE
    b.complain(order, back, Channel.RETURN, Fault.BUYER, NAME, incident=incident, paid=unseen)
    if unseen:
        b.record("refund.created", back + int(rng.uniform(0.3, 3) * DAY), order, {"reason": "changed_mind"})
