"""Presents sent across borders: the card and its address abroad, the parcel to the family at home."""

from __future__ import annotations

from random import Random

from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.life import ordinary_life
from safeconduct.demo.orders import honest_checks
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import locale_of, new_address, new_name

NAME = "gift_season"
DESCRIPTION = "120 gifts from abroad before the Mid-Autumn Festival and in November: bill and ship country differ"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    givers = b.reserve_buyers(rng, b.scaled(120, least=8), lambda x: x.country != "CN")
    china = locale_of("CN")
    for i, buyer in enumerate(givers):
        at = b.moment(rng, 70, 86) if rng.random() < 0.6 else b.moment(rng, 124, 142)
        if buyer.registered_at >= at:
            continue
        order = b.draft(rng, buyer, b.any_seller(rng, at), at)
        order.method, order.card, order.guest = "card", buyer.cards[0], False
        order.billing_address, order.bill_country = buyer.addresses[0], buyer.country
        order.address, order.ship_country, order.recipient = new_address(rng, china), "CN", new_name(rng, china)[0]
        order.name_matches = False
        honest_checks(rng, order)
        ordinary_life(b, rng, order)
        b.label_decoy(order, NAME, incident=i)
