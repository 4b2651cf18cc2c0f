"""Buyers who are right: broken, wrong or other than described, and a shop that does not want to hear of it."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, START
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.complaints import Channel, Fault
from safeconduct.demo.life import ask_refund, sell, ship
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "honest_complaints"
DESCRIPTION = (
    "Thirty-five buyers with broken or wrong goods whose shop does not pay: they open a dispute, and are right"
)

#: What the shop is told → the type of the dispute that follows.
_WRONGS = (("damaged", "damaged"), ("wrong_item", "wrong_or_missing"), ("not_as_described", "not_as_described"))


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for i, buyer in enumerate(b.reserve_buyers(rng, b.scaled(35, least=10), lambda x: x.registered_at < START)):
        b.label_entity(Kind.BUYER, buyer, NAME, DECOY, Action.ALLOW, severity=Severity.NONE, incident=i)
        at = b.moment(rng, 4, 95) if rng.random() < 0.6 else b.moment(rng, 95, 128)
        order = b.draft(rng, buyer, b.any_seller(rng, at), at)
        sell(b, rng, order)
        arrived = ship(b, rng, order, hours=rng.uniform(5, 40))
        assert arrived is not None
        reason, type_ = rng.choice(_WRONGS)
        asked = arrived + int(rng.uniform(0.1, 3) * DAY)
        ask_refund(b, order, asked, reason, keeps_goods=False)
        opened = asked + int(rng.uniform(1.5, 5) * DAY)
        b.complain(order, opened, Channel.MARKETPLACE, Fault.SELLER, NAME, incident=i, opens=type_)
        b.label_decoy(order, NAME, incident=i)
