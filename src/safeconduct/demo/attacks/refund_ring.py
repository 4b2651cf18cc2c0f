"""A ring that lives on refunds without return: many accounts, few devices, few addresses in many spellings."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, END, HOUR
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.complaints import Channel, Fault
from safeconduct.demo.life import ask_refund, sell, ship
from safeconduct.demo.orders import Order, set_amount
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import address_variant, locale_of, new_address, new_device, new_ip
from safeconduct.demo.truth import Action, Kind, Severity

NAME = "refund_ring"
DESCRIPTION = "38 buyers on 6 devices and 11 addresses, spelt differently each time, who keep goods and money"

WARM_UP_REFUNDS = 5
"""Until this many refunds of the ring are known nobody could tell; those orders expect "allow"."""


def plant(b: WorldBuilder, rng: Random, parameters: Parameters) -> None:
    country = "CN"
    place = locale_of(country)
    begins = b.moment(rng, 12, 40)
    devices = [new_device(rng) for _ in range(b.spread(6, least=2))]
    homes = [new_address(rng, place) for _ in range(b.spread(11, least=3))]
    ips = [new_ip(rng, country) for _ in range(5)]
    members = [b.newcomer(rng, country, begins - int(rng.uniform(-60, 40) * DAY)) for _ in range(b.scaled(38, least=5))]
    for member in members:
        b.label_entity(Kind.BUYER, member, NAME, "member", Action.REVIEW)
    for device in devices:
        b.label_entity(Kind.DEVICE, device, NAME, "shared_device", Action.REVIEW)
    for home in homes:
        b.label_entity(Kind.ADDRESS, home, NAME, "shared_address", Action.REVIEW)

    found: list[tuple[Order, int]] = []
    for i, member in enumerate(members):
        home = homes[i % len(homes)]
        for _ in range(rng.randint(2, 5)):
            first = max(begins, member.registered_at + HOUR)
            at = first + int(rng.random() * min(b.span(75 * DAY), END - first - 20 * DAY))
            order = b.draft(rng, member, b.any_seller(rng, at), at)
            set_amount(order, int(rng.choice((4_500, 7_900, 9_500, 18_000)) * b.shift.amounts))
            order.device, order.guest, order.proxy = devices[i % len(devices)], False, False
            order.ip, order.ip_country = rng.choice(ips), country
            order.address = address_variant(rng, home, place)
            sell(b, rng, order)
            arrived = ship(b, rng, order)
            assert arrived is not None
            asked = arrived + int(rng.uniform(0.05, 2) * DAY)
            reason = rng.choice(("damaged", "damaged", "not_received"))
            ask_refund(b, order, asked, reason, keeps_goods=True)
            paid_back = asked + int(rng.uniform(0.1, 2) * DAY)
            insists = rng.random() >= 0.85
            b.complain(
                order, asked + 2 * DAY if insists else asked, Channel.MARKETPLACE, Fault.BUYER, NAME,
                opens=reason if insists else "", paid=not insists,
            )  # fmt: skip
            if not insists:
                b.record("refund.created", paid_back, order, {"reason": "damaged"})
            found.append((order, asked))
    _label(b, found)


def _label(b: WorldBuilder, found: list[tuple[Order, int]]) -> None:
    requests = sorted(asked for _, asked in found)
    known_from = requests[min(WARM_UP_REFUNDS, len(requests)) - 1]
    for order, _ in sorted(found, key=lambda entry: entry[0].at):
        if order.at < known_from:
            b.label_order(order, NAME, "warm_up", Action.ALLOW, severity=Severity.LOW)
        else:
            b.label_order(order, NAME, "ring_order", Action.REVIEW)
