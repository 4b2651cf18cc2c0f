"""Goods bought with many people's cards, all sent to a few private homes where somebody posts them on."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, HOUR, MINUTE
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.crime import act_from, pay_with, stolen_card
from safeconduct.demo.life import change_address, fraud_aftermath, sell, ship
from safeconduct.demo.orders import costly, set_amount
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import address_variant, locale_of, new_address, new_device, new_name
from safeconduct.demo.truth import Action, Kind

NAME = "mule_addresses"
DESCRIPTION = "Seven homes receive dear goods for many names, paid with cards from many countries"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for mule in range(b.spread(7)):
        _mule(b, rng, mule)


def _mule(b: WorldBuilder, rng: Random, mule: int) -> None:
    country = rng.choice(("CN", "CN", "CN", "AU", "TH"))
    place = locale_of(country)
    home = new_address(rng, place)
    at = b.moment(rng, 8, 100)
    b.label_entity(Kind.ADDRESS, home, NAME, "mule", Action.REVIEW, incident=mule)
    devices = [new_device(rng) for _ in range(max(2, round(2 * b.shift.devices)))]
    for _ in range(max(3, round(rng.randint(4, 8) / b.shift.devices**0.7))):
        clean = rng.random() < b.shift.polish
        buyer = b.newcomer(rng, country, at - int(rng.uniform(2 * HOUR, 60 * DAY)), disposable=rng.random() < 0.2)
        seller = b.any_seller(rng, at)
        order = b.draft(rng, buyer, seller, at)
        order.listing = costly(rng, seller, order.at)
        set_amount(order, int(rng.uniform(50_000, 260_000) * b.shift.amounts))
        order.address = home if rng.random() < 0.6 else address_variant(rng, home, place)
        order.recipient, order.ship_country = new_name(rng, place)[0], country
        order.forwarder = rng.random() < 0.15
        pay_with(rng, order, stolen_card(rng, country, clean=clean), clean=clean)
        act_from(rng, order, rng.choice(devices), clean=clean)
        declared_elsewhere = rng.random() < 0.2
        if declared_elsewhere:
            order.address = buyer.addresses[0]
        sell(b, rng, order)
        b.label_order(order, NAME, "reshipped", Action.BLOCK, incident=mule)
        if declared_elsewhere:
            number = change_address(b, order, order.at + rng.randrange(10, 200) * MINUTE, home)
            b.label_event(number, NAME, "redirected", Action.REVIEW, incident=mule)
        ship(b, rng, order, hours=rng.uniform(8, 40))
        fraud_aftermath(b, rng, order)
        at += int(rng.uniform(0.3, 2.5) * min(b.shift.tempo, 2.0) * DAY)
