"""Buyers who have the parcel, and tell the marketplace that it never came.

Nothing shows when they order, so the rows expect "allow". The seller kept every term: the fund answers for it. Where
the shop does not pay, the buyer insists and opens a dispute.
"""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, HOUR, START
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.complaints import Channel, Fault
from safeconduct.demo.life import ask_refund, sell, ship
from safeconduct.demo.orders import set_amount
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "false_claims"
DESCRIPTION = "Thirty buyers who deny, one to three times, a parcel that was delivered to their door"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    liars = b.reserve_buyers(rng, b.scaled(30, least=5), lambda x: x.registered_at < START)
    for i, buyer in enumerate(liars):
        b.label_entity(Kind.BUYER, buyer, NAME, "liar", Action.REVIEW, severity=Severity.LOW, incident=i)
        at = b.moment(rng, 10, 60)
        for _ in range(rng.choice((1, 1, 2, 3))):
            order = b.draft(rng, buyer, b.any_seller(rng, at), at)
            set_amount(order, int(rng.uniform(15_000, 90_000) * b.shift.amounts))
            sell(b, rng, order)
            arrived = ship(b, rng, order, hours=rng.uniform(5, 40))
            assert arrived is not None
            asked = arrived + int(rng.uniform(0.3, 6) * DAY)
            ask_refund(b, order, asked, "not_received", keeps_goods=True)
            insists = rng.random() >= 0.8
            b.complain(
                order, asked + 2 * DAY if insists else asked, Channel.MARKETPLACE, Fault.BUYER, NAME, incident=i,
                opens="not_received" if insists else "", paid=not insists,
            )  # fmt: skip
            if not insists:
                paid_back = asked + rng.randrange(6 * HOUR, 3 * DAY)
                b.record("refund.created", paid_back, order, {"reason": "not_received"})
            b.label_order(order, NAME, "denied_delivery", Action.ALLOW, severity=Severity.LOW, incident=i)
            at += int(rng.uniform(12, 30) * DAY)
