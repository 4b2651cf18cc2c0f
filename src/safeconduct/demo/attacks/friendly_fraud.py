"""Buyers who received their goods and deny it to their bank. At the time of the order there is little to see.

Most rows expect "allow": the answer is evidence, not refusal. 70 of the 120 disputes have two earlier undisputed
payments with the same card, device and address, 120 to 365 days before the dispute (Visa's Compelling Evidence 3.0);
the others miss that narrowly, or come from buyers who did it before.
"""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, END, HOUR, START
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.life import dispute, sell, ship, warn
from safeconduct.demo.orders import Order, honest_checks
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Buyer
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "friendly_fraud"
DESCRIPTION = "120 disputes by 45 buyers with delivered orders; 70 can be answered with earlier payments, 50 nearly"

_REASONS = ("fraudulent", "fraudulent", "product_not_received", "product_unacceptable")


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    people = b.scaled(45, least=6)
    disputes = b.scaled(120, least=12)
    eligible = round(disputes * 70 / 120)
    buyers = b.reserve_buyers(rng, people, lambda x: x.registered_at < START - 30 * DAY)
    for i, buyer in enumerate(buyers):
        b.label_entity(Kind.BUYER, buyer, NAME, "abuser", Action.REVIEW, severity=Severity.MEDIUM, incident=i)
    first_group = max(1, round(len(buyers) * 0.6))
    for i in range(eligible):
        who = i % first_group
        _with_history(b, rng, buyers[who], who, first=i < first_group)
    for i in range(disputes - eligible):
        who = first_group + i % max(1, len(buyers) - first_group)
        _without_history(b, rng, buyers[who % len(buyers)], who % len(buyers), nth=i // (len(buyers) - first_group))


def _own_order(b: WorldBuilder, rng: Random, buyer: Buyer, at: int) -> Order:
    """An order from home with the first card: what the same person always did."""
    order = b.draft(rng, buyer, b.any_seller(rng, at), at)
    order.method, order.card, order.guest, order.proxy = "card", buyer.cards[0], False, False
    order.device, order.ip, order.ip_country = buyer.devices[0], buyer.ips[0], buyer.country
    order.address, order.recipient, order.name_matches = buyer.addresses[0], buyer.name, True
    order.billing_address, order.bill_country = buyer.addresses[0], buyer.country
    honest_checks(rng, order)
    return order


def _live_through(b: WorldBuilder, rng: Random, order: Order) -> None:
    sell(b, rng, order)
    ship(b, rng, order)


def _deny(b: WorldBuilder, rng: Random, order: Order, opened: int) -> None:
    reason = rng.choice(_REASONS)
    dispute(b, rng, order, reason, lost=0.6, opened_at=opened)
    if reason == "fraudulent" and rng.random() < 0.35:
        warn(b, rng, order, opened)


def _with_history(b: WorldBuilder, rng: Random, buyer: Buyer, who: int, *, first: bool) -> None:
    if first:
        for _ in range(2):
            _live_through(b, rng, _own_order(b, rng, buyer, START + int(rng.uniform(0.2, 20) * DAY)))
    opened = END - int(rng.uniform(0.2, 4.5) * DAY)
    order = _own_order(b, rng, buyer, opened - int(rng.uniform(21, 90) * DAY))
    _live_through(b, rng, order)
    _deny(b, rng, order, opened)
    b.label_order(order, NAME, "ce3_eligible", Action.ALLOW, severity=Severity.MEDIUM, incident=who)


def _without_history(b: WorldBuilder, rng: Random, buyer: Buyer, who: int, *, nth: int) -> None:
    """Priors 119 days before the dispute or less; from the second dispute on the buyer is known for it."""
    if nth == 0:
        opened = END - int(rng.uniform(12, 24) * DAY)
        _live_through(b, rng, _own_order(b, rng, buyer, opened - 119 * DAY))
        _live_through(b, rng, _own_order(b, rng, buyer, opened - int(rng.uniform(104, 118) * DAY)))
        order = _own_order(b, rng, buyer, opened - int(rng.uniform(60, 85) * DAY))
        _live_through(b, rng, order)
        _deny(b, rng, order, opened)
        b.label_order(order, NAME, "ce3_near_miss", Action.ALLOW, severity=Severity.MEDIUM, incident=who)
        return
    order = _own_order(b, rng, buyer, END - int(rng.uniform(1, 11.5) * DAY) + nth * HOUR)
    _live_through(b, rng, order)
    _deny(b, rng, order, order.at + int(rng.uniform(21, 60) * DAY))
    b.label_order(order, NAME, "repeat", Action.REVIEW, severity=Severity.MEDIUM, incident=who)
