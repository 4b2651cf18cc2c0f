"""A young shop earns trust with small sales, then sells much and dear within days, and ships nothing."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, END, START
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.life import dispute, ordinary_life, sell, ship
from safeconduct.demo.orders import Order, costly, honest_checks, set_amount
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Seller
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "bust_out"
DESCRIPTION = "Three young shops: four weeks of small sales, a jump in number and price, then goods that never come"

FIRST_ORDERS = 5
"""The first orders of the jump look like a good day; they expect "allow"."""


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    young = b.open_sellers(START + 100 * DAY, lambda s: s.registered_at > START - 60 * DAY)
    young.sort(key=lambda s: s.id)
    shops = rng.sample(young, k=min(b.scaled(3), len(young)))
    for incident, shop in enumerate(shops):
        _bust(b, rng, incident, b.book_seller(shop))


def _bust(b: WorldBuilder, rng: Random, incident: int, shop: Seller) -> None:
    begins = max(shop.registered_at, START) + int(rng.uniform(2, 8) * DAY)
    jump = min(begins + int(rng.uniform(24, 32) * DAY), END - 12 * DAY)
    b.label_entity(Kind.SELLER, shop, NAME, "bust_out_shop", Action.REVIEW, incident=incident)
    cheapest = sorted(shop.listings, key=lambda offer: (offer.price_minor, offer.id))[:5]
    buyers = b.reserve_buyers(rng, b.scaled(65, least=16), lambda x: x.registered_at < jump)
    small = len(buyers) // 3
    for buyer in buyers[:small]:
        at = max(int(rng.uniform(begins, jump)), buyer.registered_at + DAY)
        order = b.draft(rng, buyer, shop, at)
        order.listing = rng.choice(cheapest)
        set_amount(order, order.listing.price_minor)
        ordinary_life(b, rng, order)

    length = min(b.span(6 * DAY), END - jump - DAY)
    times = sorted(jump + int(rng.random() ** 0.7 * length) for _ in buyers[small:])
    for i, (buyer, at) in enumerate(zip(buyers[small:], times, strict=True)):
        order = b.draft(rng, buyer, shop, at)
        order.listing = costly(rng, shop, order.at)
        set_amount(order, int(rng.uniform(60_000, 240_000) * b.shift.amounts))
        if order.card is None and rng.random() < 0.6:
            order.method, order.card = "card", buyer.cards[0]
            order.billing_address, order.bill_country = buyer.addresses[0], buyer.country
            honest_checks(rng, order)
        _cheat(b, rng, order)
        expected = Action.ALLOW if i < FIRST_ORDERS else Action.REVIEW
        severity = Severity.LOW if i < FIRST_ORDERS else Severity.HIGH
        b.label_order(order, NAME, "jump", expected, severity=severity, incident=incident)


def _cheat(b: WorldBuilder, rng: Random, order: Order) -> None:
    """A label is printed for most; a light parcel goes out for some; nothing useful ever arrives."""
    order.crooked = True
    sell(b, rng, order)
    draw = rng.random()
    if draw < 0.7:
        order.weight_g = rng.randrange(20, 70)
        ship(b, rng, order, delivered=draw < 0.2)
    if order.card is not None and rng.random() < 0.8:
        opened = order.at + int(rng.uniform(20, 45) * DAY)
        dispute(b, rng, order, "product_not_received", lost=0.95, opened_at=opened)
