"""Real card fraud: somebody else's card, dear goods, a dispute weeks later. Some orders look perfectly clean."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, HOUR, MINUTE
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.crime import act_from, pay_with, stolen_card
from safeconduct.demo.life import fraud_aftermath, sell, ship
from safeconduct.demo.orders import costly, set_amount
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Buyer, new_device
from safeconduct.demo.truth import Action, Severity

NAME = "stolen_cards"
DESCRIPTION = "Sixty frauds with stolen cards; one in five shows nothing at the time of the order"


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    left = b.scaled(60, least=6)
    thief = 0
    while left > 0:
        left -= _thief(b, rng, thief, left)
        thief += 1


def _thief(b: WorldBuilder, rng: Random, thief: int, at_most: int) -> int:
    """One thief with one card and one to three orders, at shops of their choice."""
    at = b.moment(rng, 3, 138)
    clean = rng.random() < b.shift.polish
    buyer = _account(b, rng, at, clean)
    card = stolen_card(rng, buyer.country, clean=clean)
    device = new_device(rng)
    count = min(at_most, rng.choice((1, 1, 2, 3)))
    for _ in range(count):
        seller = b.any_seller(rng, at)
        order = b.draft(rng, buyer, seller, at)
        order.listing = costly(rng, seller, order.at)
        set_amount(order, int(rng.uniform(60_000, 380_000) * b.shift.amounts))
        pay_with(rng, order, card, clean=clean)
        act_from(rng, order, device, clean=clean)
        order.speed = "express" if rng.random() < (0.3 if clean else 0.55) else "standard"
        order.guest = not clean and rng.random() < 0.2
        if not clean and rng.random() < 0.3:
            order.avs = "N"
        sell(b, rng, order, declines=0 if clean or rng.random() < 0.6 else rng.randint(1, 3))
        ship(b, rng, order)
        fraud_aftermath(b, rng, order)
        b.label_order(
            order, NAME, "clean_looking" if clean else "fraud", Action.REVIEW if clean else Action.BLOCK,
            severity=Severity.MEDIUM if clean else Severity.HIGH, incident=thief,
        )  # fmt: skip
        at += b.span(rng.uniform(10 * MINUTE, 9 * HOUR))
    return count


def _account(b: WorldBuilder, rng: Random, at: int, clean: bool) -> Buyer:
    """A fresh account in most cases, a bought or dormant one in the others."""
    draw = rng.random()
    if clean or draw > 0.7:
        age = int(rng.uniform(40, 700) * DAY)
    else:
        age = int(rng.uniform(HOUR, 10 * DAY))
    country = "CN" if rng.random() < 0.75 else rng.choice(("AU", "FR", "TH", "CL"))
    return b.newcomer(rng, country, at - age, disposable=not clean and rng.random() < 0.35)
