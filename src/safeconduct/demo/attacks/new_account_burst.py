"""A row of accounts opened within hours, which at once buy the dearest goods of one or two shops."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import HOUR, MINUTE
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.crime import pay_with, stolen_card
from safeconduct.demo.life import fraud_aftermath, sell, ship
from safeconduct.demo.orders import costly, set_amount
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Card, neighbour_ip, new_device, new_ip
from safeconduct.demo.truth import Action, Kind

NAME = "new_account_burst"
DESCRIPTION = "Four bursts of 8 to 14 accounts opened minutes before, dear goods, prepaid and foreign cards"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for burst in range(b.scaled(4)):
        at = b.moment(rng, 15, 136)
        length = b.span(rng.uniform(1, 4) * HOUR)
        shops = b.victims(rng, rng.randint(1, 3), at)
        devices = [new_device(rng) for _ in range(max(1, round(3 * b.shift.devices)))]
        ip = new_ip(rng, "CN")
        for device in devices:
            b.label_entity(Kind.DEVICE, device, NAME, "shared_device", Action.BLOCK, incident=burst)
        for when in sorted(at + int(rng.random() * length) for _ in range(rng.randint(8, 14))):
            opened = when - rng.randrange(4, 180) * MINUTE
            buyer = b.newcomer(rng, "CN", opened, disposable=rng.random() < 0.5)
            b.label_entity(Kind.BUYER, buyer, NAME, "fresh_account", Action.BLOCK, incident=burst)
            seller = rng.choice(shops)
            order = b.draft(rng, buyer, seller, when)
            order.listing = costly(rng, seller, order.at)
            set_amount(order, int(rng.uniform(80_000, 300_000) * b.shift.amounts))
            clean = rng.random() < b.shift.polish
            card = stolen_card(rng, "CN", clean=clean)
            if rng.random() < 0.4:
                card = Card(card.fingerprint, card.bin, card.country, "prepaid")
            pay_with(rng, order, card, clean=clean)
            order.device, order.ip, order.ip_country = rng.choice(devices), neighbour_ip(rng, ip), "CN"
            order.proxy, order.guest, order.gift_card = rng.random() < 0.5, False, rng.random() < 0.3
            order.speed = rng.choice(("express", "express", "standard"))
            sell(b, rng, order, declines=rng.choice((0, 0, 1)))
            ship(b, rng, order, hours=rng.uniform(5, 40))
            fraud_aftermath(b, rng, order)
            b.label_order(order, NAME, "burst_order", Action.BLOCK, incident=burst)
