"""The world goes on: what `safeconduct demo` drips in while it serves.

Content and order are fixed by the world's seed; the caller supplies the clock. Parcels, reviews and disputes that were
still to come when the world's history ended arrive at their time, and new orders are placed at a steady pace, with a
theft now and then. Nothing of it is labelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from heapq import heappop, heappush
from random import Random

from safeconduct.demo.almanac import END, HOUR, MINUTE, SECOND
from safeconduct.demo.background import Market
from safeconduct.demo.crime import act_from, foreign_countries, pay_with, stolen_card
from safeconduct.demo.life import attempt, ordinary_life, sell, ship
from safeconduct.demo.orders import costly, draft, exact_amount, set_amount
from safeconduct.demo.people import Buyer, bins_of, new_card, new_device, new_ip
from safeconduct.demo.rendering import Data, Record, envelope, event_id
from safeconduct.demo.seeds import generator
from safeconduct.demo.world import World
from safeconduct.foundation.moments import micros

ORDERS_PER_MINUTE = 60
"""One order a second, which is about three events a second with its payments."""
_THEFT_EVERY = 90
"""Orders between two thefts: a minute and a half."""
_BURST_EVERY = 400
"""Orders between two bursts of card testing."""
_LEAD = 15 * MINUTE
"""An order is made this long before it is placed, so that its refused payments lie in the future too."""


def live_events(
    world: World, start: datetime, *, orders_per_minute: int = ORDERS_PER_MINUTE, told: int = 0
) -> Iterator[Data]:  # fmt: skip
    """An endless continuation of the world, with its end moved to ``start``. ``told``: how many of the events that were
    still to come have been told already; the world then continues where those end.

    Each call begins anew and yields the same contents at the same distance from ``start``, oldest first. The caller
    waits until an event's time has come, or does not. What has been yielded is forgotten, so it may run for days.
    Raises ValueError for a naive ``start`` and for a pace outside 1 to 600 orders a minute.
    """
    if not 1 <= orders_per_minute <= 600:
        raise ValueError(f"orders_per_minute: {orders_per_minute} is not in 1..600")
    return _run(world, micros(start) - END, MINUTE // orders_per_minute, told)


def _run(world: World, shift: int, pause: int, told: int) -> Iterator[Data]:
    rng = generator(world.parameters.seed, "live")
    future = _Future(world)
    over = world.pending[told - 1][0] + 1 - END if told else 0
    heap: list[tuple[int, int, Record]] = [
        (record[0] - over, i, record) for i, record in enumerate(world.pending[told:])
    ]  # fmt: skip
    numbered = len(heap)
    position, last, now, count = len(world.events) + told, END - 1, END, 0
    while True:
        count += 1
        now += pause
        for record in future.next_order(rng, count, now + rng.randrange(pause)):
            heappush(heap, (record[0], numbered, record))
            numbered += 1
        while heap and heap[0][0] <= now - _LEAD:
            record = heappop(heap)[2]
            last = max(record[0], last + 1)
            future.name(record)
            yield envelope((last, *record[1:]), event_id(position), shift)
            position += 1


class _Future:
    """Makes one order at a time with the world's own verbs, and hands over the records it left."""

    def __init__(self, world: World) -> None:
        self._past = world.builder
        self._market = Market(world.builder)
        self._builder = world.builder.continued()
        self._orders = world.order_count
        self._buyers = len(world.builder.buyers) + len(world.builder.newcomers)

    def next_order(self, rng: Random, count: int, at: int) -> list[Record]:
        b = self._builder
        if count % _BURST_EVERY == 0:
            self._card_tests(rng, at)
        elif count % _THEFT_EVERY == 0:
            self._theft(rng, at)
        else:
            buyer = rng.choice(self._past.buyers)
            seller = self._market.seller(rng, None, at)
            ordinary_life(b, rng, draft(rng, buyer, seller, at))
        return b.take_records()

    def name(self, record: Record) -> None:
        """Give the next number to an order that is placed now."""
        order = record[3]
        if order is not None and not order.id and order.placed >= 0:
            self._orders += 1
            order.id = f"ord-{100_000 + self._orders}"

    def _newcomer(self, rng: Random, at: int, *, disposable: bool) -> Buyer:
        buyer = self._builder.newcomer(rng, "CN", at, disposable=disposable)
        self._buyers += 1
        buyer.id = f"buy-{10_000 + self._buyers}"
        return buyer

    def _theft(self, rng: Random, at: int) -> None:
        b = self._builder
        buyer = self._newcomer(rng, at - rng.randrange(5 * MINUTE, 5 * HOUR), disposable=True)
        seller = b.any_seller(rng, at)
        order = draft(rng, buyer, seller, at)
        order.listing = costly(rng, seller, order.at)
        set_amount(order, rng.randrange(80_000, 300_000))
        pay_with(rng, order, stolen_card(rng, "CN"), clean=False)
        act_from(rng, order, new_device(rng), clean=False)
        sell(b, rng, order, declines=rng.randint(0, 3))
        ship(b, rng, order)

    def _card_tests(self, rng: Random, at: int) -> None:
        b = self._builder
        country = rng.choice(foreign_countries("CN"))
        buyer = self._newcomer(rng, at - 20 * MINUTE, disposable=True)
        shops, device, ip = b.victims(rng, 4, at), new_device(rng), new_ip(rng, country)
        for _ in range(rng.randint(25, 60)):
            order = draft(rng, buyer, rng.choice(shops), at)
            exact_amount(order, rng.randrange(100, 901))
            pay_with(rng, order, new_card(rng, country, bins_of(country)[0]), clean=False)
            order.device, order.ip, order.ip_country = device, ip, country
            attempt(b, order, at, decline_code="do_not_honor" if rng.random() < 0.9 else None)
            at += rng.randrange(SECOND, 9 * SECOND)
