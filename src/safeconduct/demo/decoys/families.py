"""Families with one tablet and one address: several buyers, several cards, one device."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import START
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.life import ordinary_life
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "families"
DESCRIPTION = "Twenty families, two to five accounts on one device"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for family in range(b.spread(20, least=4)):
        members = b.reserve_buyers(rng, rng.randint(2, 5), lambda x: x.country == "CN" and x.registered_at < START)
        if not members:
            return
        first = members[0]
        device = first.devices[0]
        b.label_entity(Kind.DEVICE, device, NAME, DECOY, Action.ALLOW, severity=Severity.NONE, incident=family)
        for member in members:
            for _ in range(rng.randint(1, 4)):
                at = b.moment(rng, 2, 143)
                order = b.draft(rng, member, b.any_seller(rng, at), at)
                order.device, order.address, order.ip = device, first.addresses[0], first.ips[0]
                order.ip_country, order.proxy = first.country, False
                ordinary_life(b, rng, order)
                b.label_decoy(order, NAME, incident=family)
