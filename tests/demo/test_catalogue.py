"""Every event of every world is one that the product's intake accepts: known type, known fields, right types."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Any

import pytest

from safeconduct.demo import SHIFTS, Parameters, generate, live_events
from safeconduct.foundation.policy.types import Type
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.envelope import Refusal, read_envelope

from .conftest import Reading

_EXPECTED_TYPES = {
    "seller.registered", "session.started", "session.failed", "security.changed", "payout_account.changed", "access.requested",
    "export.requested",
    "promotion.joined", "review.posted", "payment.attempted", "order.placed", "order.paid", "order.cancelled",
    "order.changed", "shipment.shipped", "shipment.tracked", "shipment.delivered", "refund.requested",
    "refund.created", "return.requested", "return.received", "dispute.opened", "dispute.updated", "dispute.closed",
    "fraud.warned",
}  # fmt: skip


def faults(event: dict[str, Any]) -> list[str]:
    """What is wrong with an event, as the catalogue sees it."""
    found = []
    if list(event) != ["specversion", "id", "source", "type", "time", "data"] or event["source"] != "haihang":
        found.append(f"envelope {list(event)}")
    type_ = CATALOGUE[event["type"]]
    found += [f"{type_.name}.{f.name} is missing" for f in type_.fields if f.required and f.name not in event["data"]]
    read = read_envelope(event)
    if "lines" in event["data"] and isinstance(read, Refusal):
        found.append(f"{read.field}: {read.problem}")
    for name, value in event["data"].items():
        field = type_.field(name)
        if field is None and name in {listed.name for listed in type_.lists}:
            continue
        if field is None:
            found.append(f"{event['type']}.{name} is unknown")
        elif not _fits(field.type, value) or (field.choices and value not in field.choices):
            found.append(f"{event['type']}.{name} cannot be {value!r}")
    return found


def _fits(type_: Type, value: object) -> bool:
    match type_:
        case Type.KEY | Type.TEXT:
            return type(value) is str and value != ""
        case Type.INTEGER:
            return type(value) is int
        case Type.BOOLEAN:
            return type(value) is bool
        case Type.TIMESTAMP:
            return type(value) is str and _instant(value) is not None
        case Type.MONEY:
            return (
                type(value) is dict and set(value) == {"minor", "currency"} and type(value["minor"]) is int
                and value["minor"] >= 0 and value["currency"] == "CNY"
            )  # fmt: skip
        case _:
            return False


def _instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text.endswith("Z") else None


def test_every_event_fits_the_catalogue(mall: Reading) -> None:
    assert [fault for event in mall.events for fault in faults(event)][:10] == []


@pytest.mark.parametrize("shift", sorted(SHIFTS))
def test_every_event_of_a_shifted_world_and_of_its_continuation_fits_too(shift: str) -> None:
    world = generate(Parameters(seed=11, orders=700, shift=shift))
    start = datetime(2026, 11, 24, tzinfo=UTC)
    for events in (world.events, islice(live_events(world, start), 1_200)):
        assert [fault for event in events for fault in faults(event)][:10] == []


def test_the_check_itself_finds_faults(mall: Reading) -> None:
    event = json.loads(json.dumps(mall.by_type["order.placed"][0]))
    event["data"] |= {"items": True, "avs": "Q", "colour": "red", "amount": {"minor": 1.5, "currency": "CNY"}}
    del event["data"]["buyer"]
    event["data"].pop("lines", None)
    assert len(faults(event)) == 5


def test_all_kinds_of_events_of_an_order_world_occur(mall: Reading) -> None:
    assert set(mall.by_type) == _EXPECTED_TYPES


def test_time_only_moves_forward_and_no_two_events_share_a_microsecond_or_an_id(mall: Reading) -> None:
    times = [event["time"] for event in mall.events]
    assert all(a < b for a, b in pairwise(times))
    assert len(mall.by_id) == len(mall.events) == len(mall.world.events)
    assert times[0] >= "2026-07-01T00:00:00" and times[-1] < "2026-11-24T00:00:00"


def test_ids_grow_with_time_and_tell_nothing_else(mall: Reading) -> None:
    orders = [event["data"]["order"] for event in mall.by_type["order.placed"]]
    assert orders == sorted(orders) and len(set(orders)) == len(orders) == 6_000


def test_what_follows_an_order_follows_it_in_time_too(mall: Reading) -> None:
    order_of = ["order.placed", "order.paid", "shipment.shipped", "shipment.delivered", "review.posted"]
    for events in mall.by_order.values():
        first = dict.fromkeys(event["type"] for event in events if event["type"] in order_of)
        ranks = [order_of.index(type_) for type_ in first]
        assert ranks == sorted(ranks), events[0]["data"]["order"]


def test_no_mail_address_or_network_of_the_demo_belongs_to_anybody(mall: Reading) -> None:
    for event in mall.events:
        data = event["data"]
        assert data.get("email", "x@y.example").endswith(".example") and data.get("email", "").isascii()
        if "ip" in data:
            first, second = data["ip"].split(".")[:2]
            assert first == "100" and 64 <= int(second) <= 127, data["ip"]


def test_truth_is_nowhere_in_the_events(mall: Reading) -> None:
    words = {row.attack for row in mall.truth} | {"decoy", "fraudster", "attack"}
    for event in mall.events[:8_000]:
        text = json.dumps(event["data"])
        assert not any(word in text for word in words)


def test_sellers_are_told_as_facts(mall: Reading) -> None:
    sellers = mall.world.sellers
    assert len(sellers) == len(mall.by_type["seller.registered"]) == 40
    assert {s.country for s in sellers} <= {"JP", "AU", "FR", "CL", "KR", "DE", "TH", "NZ"}
    assert all(s.registered_at.tzinfo is not None for s in sellers)
    for event in mall.by_type["seller.registered"]:
        facts = next(s for s in sellers if s.id == event["data"]["seller"])
        assert _instant(event["data"]["seller_registered_at"]) == facts.registered_at
