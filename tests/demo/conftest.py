"""One small world for all tests of the demo, read once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import pytest

from safeconduct.demo import Label, Parameters, World, generate

Event = dict[str, Any]


@dataclass(frozen=True)
class Reading:
    """A world with its events already made, by type and by order."""

    world: World
    events: list[Event]
    by_type: dict[str, list[Event]]
    by_order: dict[str, list[Event]]
    by_id: dict[str, Event]
    truth: list[Label]

    def placed(self, order_id: str | None) -> dict[str, Any]:
        return next(e["data"] for e in self.by_order[order_id or ""] if e["type"] == "order.placed")

    def labels(self, attack: str, kind: str = "order") -> list[Label]:
        return [row for row in self.truth if row.attack == attack and row.entity_kind == kind]

    def orders_of(self, attack: str, role: str | None = None) -> list[dict[str, Any]]:
        return [self.placed(row.order_id) for row in self.labels(attack) if role in (None, row.role)]

    def having(self, order_id: str, type_: str) -> list[Event]:
        return [e for e in self.by_order[order_id] if e["type"] == type_]


def read(world: World) -> Reading:
    events = list(world.events)
    by_type, by_order = defaultdict(list), defaultdict(list)
    for event in events:
        by_type[event["type"]].append(event)
        if "order" in event["data"]:
            by_order[event["data"]["order"]].append(event)
    return Reading(world, events, dict(by_type), dict(by_order), {e["id"]: e for e in events}, list(world.truth))


@pytest.fixture(scope="session")
def full() -> World:
    """A world of full size, whose events nobody reads: that would take longer than to make it."""
    return generate(Parameters(seed=2))


@pytest.fixture(scope="session")
def mall() -> Reading:
    return read(generate(Parameters(seed=1, orders=6_000)))
