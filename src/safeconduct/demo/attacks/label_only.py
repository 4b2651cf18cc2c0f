"""Shops that print a label within the term and hand nothing over, so that the clock looks kept.

Their buyers ask for the money back weeks later. When the order is placed there is nothing to see, so the rows expect
"allow"; the answer is that cover asks for a carrier's scan.
"""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.complaints import Channel, Fault
from safeconduct.demo.life import ask_refund, dispute, sell
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.parcels import print_label
from safeconduct.demo.people import Buyer, Seller
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "label_only"
DESCRIPTION = "Four shops sell what they do not have: tracking numbers in time, parcels never; 110 orders"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    begins = b.moment(rng, 25, 45)
    pool = sorted(b.open_sellers(begins), key=lambda s: (s.weight, s.id))
    shops = [b.book_seller(shop) for shop in rng.sample(pool[: max(6, len(pool) * 2 // 3)], k=min(4, len(pool)))]
    buyers = b.reserve_buyers(rng, b.scaled(110, least=12), lambda x: x.registered_at < begins)
    for incident, shop in enumerate(shops):
        b.label_entity(Kind.SELLER, shop, NAME, "sells_air", Action.REVIEW, severity=Severity.MEDIUM, incident=incident)
        for buyer in buyers[incident :: len(shops)]:
            _sell_air(b, rng, incident, shop, buyer, begins)


def _sell_air(b: WorldBuilder, rng: Random, incident: int, shop: Seller, buyer: Buyer, begins: int) -> None:
    order = b.draft(rng, buyer, shop, begins + int(rng.uniform(0, min(b.span(70 * DAY), 85 * DAY))))
    order.crooked = True
    sell(b, rng, order)
    print_label(b, rng, order, hours=rng.uniform(4, 44))
    b.label_order(order, NAME, "label_without_parcel", Action.ALLOW, severity=Severity.MEDIUM, incident=incident)
    asked = order.at + int(rng.uniform(15, 28) * DAY)
    if order.card is not None and rng.random() < 0.3:
        dispute(b, rng, order, "product_not_received", lost=0.95, opened_at=order.at + int(rng.uniform(20, 40) * DAY))
        return
    ask_refund(b, order, asked, "not_received", keeps_goods=False)
    insists = rng.random() >= 0.9
    b.complain(
        order, asked + 3 * DAY if insists else asked, Channel.MARKETPLACE, Fault.SELLER, NAME, incident=incident,
        opens="not_received" if insists else "", paid=not insists,
    )  # fmt: skip
    if not insists:
        b.record("refund.created", asked + int(rng.uniform(1, 5) * DAY), order, {"reason": "not_received"})
