"""Buyers who received their goods and deny it to their bank. At the time of the order there is little to see.

Most rows expect "allow": the answer is evidence, not refusal. 70 of the 120 disputes can be answered with two earlier
undisputed payments of the same card, device and e-mail address at the same shop, 120 days before or more (Visa's
Compelling Evidence 3.0, in Stripe's stricter reading); 50 miss that by a day or by an element. A buyer who did it
before is to be asked for a second factor, which settles it beforehand: so the later orders expect "challenge".
"""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, END, HOUR, MINUTE, START
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.complaints import Channel, EarlierPayments, Fault
from safeconduct.demo.life import dispute, sell, ship, warn
from safeconduct.demo.orders import Order, honest_checks, set_three_ds
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Buyer, Seller, new_device
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "friendly_fraud"
DESCRIPTION = "120 disputes by 45 buyers with delivered orders; 70 can be answered with earlier payments, 50 nearly"

#: The scheme's least age of an earlier payment, in days.
OLD_ENOUGH = 120
_NEARLY = (
    EarlierPayments.A_DAY_TOO_YOUNG, EarlierPayments.ANOTHER_DEVICE, EarlierPayments.ONLY_ONE,
    EarlierPayments.REPORTED,
)  # fmt: skip


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    count = b.scaled(120, least=24)
    answered = round(count * 70 / 120)
    people = b.reserve_buyers(
        rng, b.scaled(45, least=10), lambda x: x.registered_at < START - 30 * DAY and x.cards[0].network == "visa"
    )
    for i, buyer in enumerate(people):
        b.label_entity(Kind.BUYER, buyer, NAME, "abuser", Action.REVIEW, severity=Severity.MEDIUM, incident=i)
    first = max(1, round(len(people) * 0.6))
    for i, buyer in enumerate(people[:first]):
        _disown(b, rng, buyer, i, EarlierPayments.ANSWER, len(range(i, answered, first)))
    others = people[first:]
    for i, buyer in enumerate(others):
        nearly = _NEARLY[i % len(_NEARLY)]
        shop, opened = _disown(b, rng, buyer, first + i, nearly, len(range(i, count - answered, len(others))))
        if nearly is not EarlierPayments.A_DAY_TOO_YOUNG:  # a day later, those would be old enough
            _again(b, rng, buyer, shop, first + i, opened)


def _disown(
    b: WorldBuilder, rng: Random, buyer: Buyer, who: int, earlier: EarlierPayments, count: int
) -> tuple[Seller, int]:
    """One call to the bank, by which a buyer disowns several payments at a shop. Answers the shop and when."""
    shop = _favourite(b, rng)
    last = START + OLD_ENOUGH * DAY + int(rng.uniform(0.6, 4) * DAY)
    orders = [_own_order(b, rng, buyer, shop, last + i * HOUR) for i in range(count)]
    arrivals = [_live_through(b, rng, order) for order in orders]
    opened = min(max(arrivals) + int(rng.uniform(0.2, 4) * DAY), END - int(rng.uniform(0.2, 1.2) * DAY))
    opened += 2 * HOUR - opened % DAY if opened % DAY > 20 * HOUR else 0  # all of them on one day
    if earlier is EarlierPayments.A_DAY_TOO_YOUNG:
        ages = [opened - (OLD_ENOUGH - 1) * DAY, opened - int(rng.uniform(100, OLD_ENOUGH - 2) * DAY)]
    else:
        ages = [last - OLD_ENOUGH * DAY, last - OLD_ENOUGH * DAY - int(rng.uniform(0.05, 0.5) * DAY)]
    if earlier is EarlierPayments.ONLY_ONE:
        ages[0] = opened - int(rng.uniform(30, 80) * DAY)
    for i, at in enumerate(ages):
        order = _own_order(b, rng, buyer, shop, at)
        if i == 0 and earlier is EarlierPayments.ANOTHER_DEVICE:
            order.device = new_device(rng)
        _live_through(b, rng, order)
        if i == 0 and earlier is EarlierPayments.REPORTED:
            warn(b, rng, order, order.at + 30 * DAY)
    role = "ce3_eligible" if earlier is EarlierPayments.ANSWER else "ce3_near_miss"
    for i, order in enumerate(orders):
        _deny(b, rng, order, opened + i * 9 * MINUTE)
        b.label_order(order, NAME, role, Action.ALLOW, severity=Severity.MEDIUM, incident=who)
        b.complain(
            order, opened + i * 9 * MINUTE, Channel.BANK, Fault.BUYER, NAME, incident=who, earlier=earlier
        )  # fmt: skip
    return shop, opened


def _favourite(b: WorldBuilder, rng: Random) -> Seller:
    """An old shop, whose parcels no strike will hold."""
    pool = b.open_sellers(START, lambda s: s.country != "CL")
    return rng.choices(pool, [s.weight for s in pool])[0]


def _own_order(b: WorldBuilder, rng: Random, buyer: Buyer, shop: Seller, at: int) -> Order:
    """An order from home with the first card: what the same person always did. Nobody asked for a second factor, or
    the issuer would have to answer for it."""
    order = b.draft(rng, buyer, shop, at)
    order.method, order.card, order.guest, order.proxy = "card", buyer.cards[0], False, False
    order.device, order.ip, order.ip_country = buyer.devices[0], buyer.ips[0], buyer.country
    order.address, order.recipient, order.name_matches = buyer.addresses[0], buyer.name, True
    order.billing_address, order.bill_country = buyer.addresses[0], buyer.country
    honest_checks(rng, order)
    set_three_ds(order, "none")
    return order


def _live_through(b: WorldBuilder, rng: Random, order: Order) -> int:
    sell(b, rng, order)
    arrived = ship(b, rng, order, hours=rng.uniform(5, 40))
    assert arrived is not None
    return arrived


def _deny(b: WorldBuilder, rng: Random, order: Order, opened: int) -> None:
    dispute(b, rng, order, "fraudulent", lost=0.6, opened_at=opened)


def _again(b: WorldBuilder, rng: Random, buyer: Buyer, shop: Seller, who: int, opened: int) -> None:
    """After the dispute the buyer orders once more; the bank will hear of that too."""
    at = opened + int(rng.uniform(0.02, 0.8) * (END - opened))
    order = _own_order(b, rng, buyer, shop, at)
    _live_through(b, rng, order)
    _deny(b, rng, order, order.at + int(rng.uniform(21, 60) * DAY))
    b.label_order(order, NAME, "repeat", Action.CHALLENGE, severity=Severity.MEDIUM, incident=who)
