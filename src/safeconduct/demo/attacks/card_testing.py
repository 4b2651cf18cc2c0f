"""Stolen card numbers tried with tiny payments, to find the live ones."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import MINUTE, SECOND
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.crime import act_from, foreign_countries
from safeconduct.demo.life import attempt, fraud_aftermath, sell
from safeconduct.demo.orders import Order, exact_amount
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Buyer, Seller, bins_of, neighbour_ip, new_card, new_device, new_ip
from safeconduct.demo.truth import Action, Kind

NAME = "card_testing"
DESCRIPTION = "Five bursts of 60 to 900 payments of ¥1 to ¥9 at several shops, from clusters of card ranges"

_BURST_SIZES = (60, 140, 260, 420, 900)
_DECLINES = ("do_not_honor", "invalid_cvc", "stolen_card", "incorrect_number", "insufficient_funds", "lost_card")


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    for burst, size in enumerate(_BURST_SIZES):
        _burst(b, rng, burst, b.scaled(size, least=12 + 3 * burst))


def _burst(b: WorldBuilder, rng: Random, burst: int, size: int) -> None:
    at = b.moment(rng, 8, 134)
    length = b.span(rng.uniform(12, 70) * MINUTE)
    shops = b.victims(rng, rng.randint(3, 8), at)
    country = rng.choice(foreign_countries("CN"))
    ranges = rng.sample(bins_of(country), k=rng.randint(2, 3))
    devices = [new_device(rng) for _ in range(max(1, round(rng.randint(1, 4) * b.shift.devices)))]
    home = new_ip(rng, country)
    ips = [home, *(neighbour_ip(rng, home) for _ in range(3)), *(new_ip(rng, country) for _ in range(4))]
    accounts = [b.newcomer(rng, "CN", at - rng.randrange(5, 300) * MINUTE, disposable=True) for _ in range(4)]
    for device in devices:
        b.label_entity(Kind.DEVICE, device, NAME, "tester", Action.BLOCK, incident=burst)
    for when in sorted(at + int(rng.random() * length) for _ in range(size)):
        order = _tiny_order(b, rng, rng.choice(accounts), rng.choice(shops), when)
        order.card = new_card(rng, country, rng.choice(ranges))
        act_from(rng, order, rng.choice(devices), clean=False, ip=rng.choice(ips))
        order.ip_country = country
        if rng.random() < 0.11:
            _live_card(b, rng, order, burst)
            continue
        order.cvv = rng.choice(("N", "N", "M", "P"))
        number = attempt(b, order, when, decline_code=rng.choice(_DECLINES))
        b.label_event(number, NAME, "attempt", Action.BLOCK, incident=burst, amount_minor=order.amount_minor)


def _tiny_order(b: WorldBuilder, rng: Random, buyer: Buyer, seller: Seller, at: int) -> Order:
    order = b.draft(rng, buyer, seller, at)
    exact_amount(order, rng.randrange(100, 901))
    order.method, order.bill_country, order.billing_address = "card", None, None
    order.avs, order.cvv, order.three_ds, order.liability_shift = "U", "M", "none", False
    order.name_matches, order.guest = False, rng.random() < 0.7
    return order


def _live_card(b: WorldBuilder, rng: Random, order: Order, burst: int) -> None:
    """The number works. One in three is left as an order; the rest stay bare payments."""
    if rng.random() < 0.35:
        sell(b, rng, order)
        b.record("order.cancelled", order.at + rng.randrange(5, 400) * MINUTE, order, {"reason": "out_of_stock"})
        b.label_order(order, NAME, "test_order", Action.BLOCK, incident=burst)
        fraud_aftermath(b, rng, order, share=0.5)
        return
    number = attempt(b, order, order.at + rng.randrange(SECOND))
    b.label_event(number, NAME, "attempt", Action.BLOCK, incident=burst, amount_minor=order.amount_minor)
