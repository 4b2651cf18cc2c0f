"""A shop sells cheaply what it does not own, and buys it elsewhere with stolen cards for its buyers' addresses."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, HOUR
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.crime import act_from, pay_with, stolen_card
from safeconduct.demo.life import fraud_aftermath, sell, ship
from safeconduct.demo.orders import Order, in_season, set_amount
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Buyer, Seller
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "triangulation"
DESCRIPTION = "Two shops fulfil 45 orders from other shops, with stolen cards and their own buyers' addresses"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    pairs = b.scaled(45, least=6)
    begins = b.moment(rng, 30, 60)
    shops = _front_shops(b, rng, begins)
    for incident, shop in enumerate(shops):
        b.label_entity(Kind.SELLER, shop, NAME, "front_shop", Action.REVIEW, incident=incident)
        helpers = [b.newcomer(rng, "CN", begins - int(rng.uniform(1, 40) * DAY)) for _ in range(b.spread(4, least=2))]
        for helper in helpers:
            b.label_entity(Kind.BUYER, helper, NAME, "straw_buyer", Action.BLOCK, incident=incident)
        count = pairs // len(shops) + (incident < pairs % len(shops))
        victims = b.reserve_buyers(rng, count, lambda x: x.country == "CN" and x.registered_at < begins)
        at = begins
        for victim in victims:
            _pair(b, rng, incident, shop, helpers, victim, at)
            at += int(rng.uniform(0.3, 1.6) * DAY * min(b.shift.tempo, 1.5))


def _front_shops(b: WorldBuilder, rng: Random, at: int) -> list[Seller]:
    """Small shops of a kind of goods that others sell too."""
    pool = b.open_sellers(at, lambda s: s.country in ("AU", "FR", "KR", "JP"))
    small = sorted(pool, key=lambda s: (s.weight, s.id))[: max(4, len(pool) // 3)]
    return [b.book_seller(shop) for shop in rng.sample(small, k=2)]


def _pair(
    b: WorldBuilder, rng: Random, incident: int, shop: Seller, helpers: list[Buyer], victim: Buyer, at: int
) -> None:
    """The honest order at the front shop, and the stolen one behind it; both travel in one parcel."""
    bait = b.draft(rng, victim, shop, at)
    bait.address, bait.recipient, bait.guest, bait.gift_card = victim.addresses[0], victim.name, False, False
    bait.crooked = True
    sell(b, rng, bait)
    b.label_order(bait, NAME, "bait", Action.ALLOW, severity=Severity.LOW, incident=incident)

    source = _source(b, rng, shop, bait)
    order = b.draft(rng, rng.choice(helpers), source, bait.at + int(rng.uniform(1, 20) * HOUR))
    same = [offer for offer in in_season(source, bait.at) if offer.category == bait.listing.category]
    order.listing = min(same, key=lambda offer: (abs(offer.price_minor - bait.listing.price_minor), offer.id))
    set_amount(order, int(max(bait.amount_minor * 1.3, order.listing.price_minor)))
    order.address, order.recipient, order.ship_country = bait.address, bait.recipient, bait.ship_country
    clean = rng.random() < b.shift.polish
    pay_with(rng, order, stolen_card(rng, "CN", clean=clean), clean=clean)
    order.name_matches = False
    member = rng.choice(shop.members)
    act_from(rng, order, rng.choice(member.devices), clean=clean, ip=member.ip if rng.random() < 0.5 else None)
    if order.ip == member.ip:
        order.ip_country, order.proxy = shop.country, False
    sell(b, rng, order, declines=rng.choice((0, 0, 1, 2)))
    ship(b, rng, order)
    fraud_aftermath(b, rng, order)
    b.label_order(order, NAME, "fulfilment", Action.BLOCK, incident=incident)

    bait.carrier = order.carrier
    bait.weight_g = order.weight_g
    ship(b, rng, bait, hours=(order.at - bait.at) / HOUR + rng.uniform(18, 50), parcel=order.parcel)


def _source(b: WorldBuilder, rng: Random, shop: Seller, bait: Order) -> Seller:
    pool = b.open_sellers(
        bait.at,
        lambda s: s is not shop and any(offer.category == bait.listing.category for offer in in_season(s, bait.at)),
    )
    return rng.choices(pool, [s.weight for s in pool])[0]
