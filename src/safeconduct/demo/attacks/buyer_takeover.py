"""Old accounts in new hands: the stored card, a new device, another address, the dearest goods."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, HOUR, MINUTE, START
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.crime import foreign_countries
from safeconduct.demo.life import change_address, fraud_aftermath, ordinary_life, sell, ship
from safeconduct.demo.orders import Order, costly, set_amount, set_three_ds
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Buyer, locale_of, new_address, new_device, new_ip
from safeconduct.demo.truth import Action, Kind

NAME = "buyer_takeover"
DESCRIPTION = "35 accounts over a year old, used from a new device for dear goods to a new address"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    devices = [new_device(rng) for _ in range(b.spread(9, least=3))]
    drops = [new_address(rng, locale_of("CN")) for _ in range(b.spread(12, least=3))]
    victims = b.reserve_buyers(rng, b.scaled(35, least=4), lambda x: x.registered_at < START - 365 * DAY)
    for i, victim in enumerate(victims):
        at = b.moment(rng, 30, 138)
        for _ in range(rng.randint(1, 4)):
            before = at - int(rng.uniform(4, 25) * DAY)
            ordinary_life(b, rng, b.draft(rng, victim, b.any_seller(rng, before), before))
        b.label_entity(Kind.BUYER, victim, NAME, "victim", Action.CHALLENGE, incident=i)
        device = rng.choice(devices)
        for _ in range(rng.choice((1, 1, 2))):
            _steal(b, rng, i, victim, at, device, rng.choice(drops))
            at += b.span(rng.uniform(5 * MINUTE, 3 * HOUR))


def _steal(b: WorldBuilder, rng: Random, incident: int, victim: Buyer, at: int, device: str, drop: str) -> None:
    seller = b.any_seller(rng, at)
    order = b.draft(rng, victim, seller, at)
    order.listing = costly(rng, seller, order.at)
    set_amount(order, int(rng.uniform(70_000, 320_000) * b.shift.amounts))
    _with_stored_card(rng, order, victim)
    polished = rng.random() < b.shift.polish
    country = victim.country if polished else rng.choice(foreign_countries(victim.country))
    order.device, order.ip, order.ip_country = device, new_ip(rng, country), country
    order.proxy, order.guest, order.speed = rng.random() < 0.4, False, rng.choice(("express", "express", "standard"))
    redirected = rng.random() < 0.2
    order.address = victim.addresses[0] if redirected else drop
    sell(b, rng, order)
    b.label_order(order, NAME, "stolen_account_order", Action.CHALLENGE, incident=incident)
    if redirected:
        number = change_address(b, order, order.at + rng.randrange(3, 90) * MINUTE, drop)
        b.label_event(number, NAME, "redirected", Action.REVIEW, incident=incident)
    ship(b, rng, order, hours=rng.uniform(6, 40))
    fraud_aftermath(b, rng, order)


def _with_stored_card(rng: Random, order: Order, victim: Buyer) -> None:
    """The shop kept the card: address and code answer well, a second factor would have failed."""
    order.method, order.card = "card", victim.cards[0]
    order.billing_address, order.bill_country, order.name_matches = victim.addresses[0], victim.country, True
    order.avs, order.cvv = rng.choice(("Y", "U", "U")), rng.choice(("P", "P", "M"))
    set_three_ds(order, rng.choice(("none", "none", "none", "attempted", "unavailable")))
