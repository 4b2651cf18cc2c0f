"""The finished world: `generate` makes one, `World.events` reads it from the first day to the last."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from pathlib import Path

from safeconduct.demo import attacks, decoys
from safeconduct.demo.almanac import DAY, END, START, rfc3339
from safeconduct.demo.background import fill_with_orders, open_shops, run_offices
from safeconduct.demo.builder import DECOY, WorldBuilder
from safeconduct.demo.complaints import Complaint
from safeconduct.demo.orders import CURRENCY, Order
from safeconduct.demo.parameters import Parameters
from safeconduct.demo.people import Buyer, Seller
from safeconduct.demo.rendering import Data, Record, envelope, event_id
from safeconduct.demo.seeds import generator
from safeconduct.demo.truth import Kind, Label, Look, Mark, truth_lines
from safeconduct.foundation.moments import at_micros, micros

_PLANNED = frozenset({Kind.BUYER, Kind.DEVICE, Kind.IP})


#: The first instant of every world, 2026-07-01T00:00Z, and the end of its history, 2026-11-24T00:00Z.
WORLD_START, WORLD_END = at_micros(START), at_micros(END)


@dataclass(frozen=True, slots=True)
class SellerFacts:
    """What the marketplace knows of a seller without looking at events."""

    id: str
    name: str
    country: str
    time_zone: str
    locale: str
    registered_at: datetime


class Events:
    """The world's envelopes, oldest first; it may be read again and again, and makes each one when asked.

    ``shift_micros`` moves all times, ``first_number`` is how many events came before these.
    """

    def __init__(self, records: list[Record], *, shift_micros: int = 0, first_number: int = 0) -> None:
        self._records = records
        self._shift = shift_micros
        self._first = first_number

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Data]:
        for position, record in enumerate(self._records, self._first):
            yield envelope(record, event_id(position), self._shift)

    def between(self, first: int, end: int) -> list[Data]:
        """The envelopes at positions first … end - 1, without making the others."""
        chosen = enumerate(self._records[first:end], self._first + first)
        return [envelope(record, event_id(position), self._shift) for position, record in chosen]


class World:
    """A demo world: its events, its sellers, and, apart from them, what really happened."""

    def __init__(self, builder: WorldBuilder) -> None:
        self.parameters = builder.parameters
        self.builder = builder
        ordered = sorted(builder.records, key=itemgetter(0))
        self._records = [record for record in ordered if record[0] < END]
        self.pending: list[Record] = ordered[len(self._records) :]
        self._marks = builder.marks
        self._grievances = sorted(builder.grievances, key=lambda one: one.at)
        self._positions = {record[1]: i for i, record in enumerate(self._records)}
        builder.close()
        _name_buyers(builder)
        self.order_count = _name_orders(ordered)

    @property
    def start(self) -> datetime:
        """The first instant of the world."""
        return WORLD_START

    @property
    def end(self) -> datetime:
        """The end of its history; what happens later is in the tail."""
        return WORLD_END

    @property
    def events(self) -> Events:
        return Events(self._records)

    def moved(self, days: int) -> Events:
        """The events with all their times moved by whole days: the same world, at another time."""
        return Events(self._records, shift_micros=days * DAY)

    def aftermath(self, days: int, until: datetime) -> Events:
        """What was still to come at the world's end and came by ``until``, in a world moved by so many days."""
        waiting = [r for r in self.pending if r[0] + days * DAY < micros(until)]
        return Events(waiting, shift_micros=days * DAY, first_number=len(self._records))

    @cached_property
    def sellers(self) -> list[SellerFacts]:
        return [
            SellerFacts(s.id, s.name, s.country, s.time_zone, s.locale.locale, at_micros(s.registered_at))
            for s in self.builder.sellers
        ]

    @cached_property
    def strike(self) -> tuple[str, datetime, datetime] | None:
        """The customs strike: the country whose parcels stand still, from when and until when."""
        found = self.builder.strike
        return None if found is None else (found[0], at_micros(found[1]), at_micros(found[2]))

    @property
    def looks(self) -> list[Look]:
        """What the marketplace's staff read about shops' buyers without a case, in the order of time."""
        return sorted((look for look in self.builder.looks if look.at < END), key=lambda look: look.at)

    @property
    def records(self) -> list[Record]:
        """What happened within the world's history, oldest first."""
        return self._records

    @cached_property
    def decoy_orders(self) -> dict[str, str]:
        """Order → the honest look-alikes it belongs to."""
        return {row.order_id: row.attack for row in self._labels if row.role == DECOY and row.order_id is not None}

    @property
    def truth(self) -> Iterator[Label]:
        """The label rows; attacks and decoys in the order of their files, rows in the order of time."""
        return iter(self._labels)

    @cached_property
    def complaints(self) -> list[Complaint]:
        """What each complaint within the world's history truly was, in the order of time."""
        return [
            Complaint(
                one.order.id, rfc3339(one.at), one.channel, one.fault, one.cause, f"{one.cause}#{one.incident}",
                one.opens, "" if one.earlier is None else one.earlier.value, one.paid, one.order.amount_minor, CURRENCY,
            )
            for one in self._grievances
            if one.at < END
        ]  # fmt: skip

    @cached_property
    def _labels(self) -> list[Label]:
        guilty = {id(m.thing) for m in self._marks if m.kind is Kind.ORDER and m.role != DECOY}
        marks = [
            m for m in self._marks
            if not (m.role == DECOY and id(m.thing) in guilty) and (m.kind not in _PLANNED or m.thing in self._actors)
        ]  # fmt: skip
        spans: dict[tuple[str, int], tuple[int, int]] = {}
        for mark in marks:
            at = self._time_of(mark)
            if at is not None:
                low, high = spans.get((mark.attack, mark.incident), (at, at))
                spans[mark.attack, mark.incident] = (min(low, at), max(high, at))
        return [self._label(mark, *spans.get((mark.attack, mark.incident), (START, END))) for mark in marks]

    @cached_property
    def _actors(self) -> set[object]:
        """Every buyer, device and IP address behind an order or payment; a plan may have more of them than it used."""
        orders = [record[3] for record in self._records if record[3] is not None]
        return {o.buyer for o in orders} | {o.device for o in orders} | {o.ip for o in orders}

    def _time_of(self, mark: Mark) -> int | None:
        match mark.thing:
            case Order():
                return mark.thing.at
            case int():
                return self.builder.time_of(mark.thing)
            case Look():
                return mark.thing.at
            case _:
                return None

    def _label(self, mark: Mark, first: int, last: int) -> Label:
        event: str | None = None
        order: str | None = None
        match mark.thing:
            case Order():
                entity = order = mark.thing.id
                event = event_id(self._positions[mark.thing.placed])
                first = last = mark.thing.at
            case int():
                entity = event = event_id(self._positions[mark.thing])
                about = self.builder.records[mark.thing][3]
                order = (about.id or None) if about is not None else None
                first = last = self.builder.time_of(mark.thing)
            case Look():
                entity = mark.thing.seller.id
                first = last = mark.thing.at
            case Buyer() | Seller():
                entity = mark.thing.id
            case str():
                entity = mark.thing
        return Label(
            entity_kind=mark.kind.value, entity_id=entity, event_id=event, order_id=order, attack=mark.attack,
            role=mark.role, incident=f"{mark.attack}#{mark.incident}", start=rfc3339(first), end=rfc3339(last),
            severity=mark.severity.value, expected_action=mark.expected.value, amount_minor=mark.amount_minor,
            currency=CURRENCY,
        )  # fmt: skip


def _name_buyers(builder: WorldBuilder) -> None:
    """Ids in order of registration, so that a number tells nothing but age."""
    everybody: list[Buyer] = [*builder.buyers, *builder.newcomers]
    for i, buyer in enumerate(sorted(everybody, key=lambda x: (x.registered_at, x.email)), start=1):
        buyer.id = f"buy-{10_000 + i}"


def _name_orders(ordered: list[Record]) -> int:
    """Ids in order of placing; answers how many orders there are."""
    number = 0
    for record in ordered:
        if record[2] == "order.placed":
            order = record[3]
            assert order is not None
            number += 1
            order.id = f"ord-{100_000 + number}"
    return number


_FULL_SIZE = Parameters()


def generate(parameters: Parameters = _FULL_SIZE) -> World:
    """Make a world. The same parameters make the same world, byte for byte, in every process."""
    # Nothing made here is garbage, and the collector's walks over a growing heap took a third of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _make(parameters)
    finally:
        if collecting:
            gc.enable()


def _make(parameters: Parameters) -> World:
    builder = WorldBuilder.populated(parameters)
    open_shops(builder)
    for module in (*attacks.ATTACKS, *decoys.DECOYS):
        module.plant(builder, generator(parameters.seed, module.NAME), parameters)
    fill_with_orders(builder)
    run_offices(builder)
    return World(builder)


def write_truth(world: World, path: Path) -> int:
    """Write the labels as JSON lines and answer how many. Keep the file away from the product's database."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for line in truth_lines(world.truth):
            out.write(line + "\n")
            count += 1
    return count
