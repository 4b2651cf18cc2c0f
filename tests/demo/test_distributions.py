"""The world is shaped as planned: sizes, seasons, delays, shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from statistics import mean

import pytest

from safeconduct.demo import Label, Parameters, World, generate
from safeconduct.demo.almanac import DAY, END, START, beijing_day
from safeconduct.demo.goods import delivery_days
from safeconduct.demo.seeds import generator

from .conftest import Event, Reading


def at(event: Event) -> datetime:
    return datetime.fromisoformat(event["time"].replace("Z", "+00:00"))


def delays(mall: Reading, first: str, second: str, without: Collection[str] = ()) -> list[timedelta]:
    found = []
    for events in (events for order, events in mall.by_order.items() if order not in without):
        times = {event["type"]: at(event) for event in reversed(events)}
        if first in times and second in times:
            found.append(times[second] - times[first])
    return found


def is_bad_order(row: Label) -> bool:
    return row.entity_kind == "order" and row.role != "decoy" and row.expected_action != "allow"


def test_between_half_and_two_percent_of_orders_are_bad(mall: Reading) -> None:
    assert 0.005 <= sum(map(is_bad_order, mall.truth)) / 6_000 <= 0.02


def test_ninety_three_percent_ship_within_48_hours(mall: Reading) -> None:
    found = delays(mall, "order.placed", "shipment.shipped")
    assert mean(delay <= timedelta(hours=48.5) for delay in found) == pytest.approx(0.93, abs=0.015)


def test_parcels_take_six_to_fourteen_days_and_cherries_three_to_five() -> None:
    rng = generator(1, "test")
    ordinary = sorted(delivery_days(rng, False) for _ in range(4_000))
    cold = sorted(delivery_days(rng, True) for _ in range(4_000))
    assert ordinary[400] == pytest.approx(6, abs=0.3) and ordinary[3600] == pytest.approx(14, abs=0.7)
    assert cold[400] == pytest.approx(3, abs=0.15) and cold[3600] == pytest.approx(5, abs=0.25)


def test_reviews_are_j_shaped(mall: Reading) -> None:
    stars = Counter(event["data"]["stars"] for event in mall.by_type["review.posted"])
    total = stars.total()
    assert stars[5] / total == pytest.approx(0.74, abs=0.04)
    assert stars[1] / total == pytest.approx(0.08, abs=0.025)
    assert stars[1] > stars[2]


def test_disputes_come_weeks_after_the_order_and_some_are_not_known_yet(mall: Reading) -> None:
    at_once = {row.order_id for row in mall.world.complaints if row.cause == "friendly_fraud"}
    found = delays(mall, "order.placed", "dispute.opened", without=at_once)
    assert all(timedelta(days=19) < delay < timedelta(days=101) for delay in found)
    later = [record for record in mall.world.pending if record[2] == "dispute.opened"]
    assert len(found) > 30 and len(later) > 8
    assert all(record[0] >= END for record in later)


def test_a_warning_comes_before_its_dispute(mall: Reading) -> None:
    assert all(delay > timedelta() for delay in delays(mall, "fraud.warned", "dispute.opened"))
    assert len(mall.by_type["fraud.warned"]) > 8


def test_only_card_orders_are_disputed(mall: Reading) -> None:
    for event in mall.by_type["dispute.opened"]:
        assert mall.placed(event["data"]["order"])["payment_method"] == "card"


def test_no_chilean_fruit_before_november(mall: Reading) -> None:
    fruit = [e for e in mall.by_type["order.placed"] if e["data"]["category"] == "fruit"]
    attacked = {row.order_id for row in mall.truth}
    assert len(fruit) > 20
    assert all(e["time"] >= "2026-10-31T16" for e in fruit if e["data"]["order"] not in attacked)


def test_locales_of_nine_countries_occur_and_a_shift_moves_them(mall: Reading) -> None:
    plain = Counter(e["data"]["locale"] for e in mall.by_type["order.placed"])
    assert len(plain) == 9 and plain["zh-CN"] > 0.7 * 6_000
    shifted = generate(Parameters(seed=1, orders=1_000, shift="languages"))
    moved = Counter(e["data"]["locale"] for e in shifted.events if e["type"] == "order.placed")
    assert moved["zh-CN"] < 0.6 * 1_000 and moved["es-CL"] > 80


# -- the full world, judged without reading its events -----------------------------------------------------------------


def placed_days(world: World) -> Counter[int]:
    orders = [r for r in world.builder.records if r[2] == "order.placed" and r[0] < END]
    return Counter((beijing_day(record[0]) - beijing_day(START)).days for record in orders)


def test_the_full_world_has_its_planned_size(full: World) -> None:
    assert len(full.sellers) == 180
    assert full.order_count == pytest.approx(65_000, abs=5)
    assert 350_000 <= len(full.events) <= 450_000  # nearly every parcel is scanned when the carrier takes it
    truth = list(full.truth)
    assert 0.005 <= sum(map(is_bad_order, truth)) / full.order_count <= 0.02
    rows = Counter(row.attack for row in truth if row.entity_kind == "order")
    assert rows["stolen_cards"] == 60 and 120 < rows["friendly_fraud"] < 140 and rows["live_stream"] == 320
    attempts = sum(row.attack == "card_testing" and row.entity_kind in ("event", "order") for row in truth)
    assert 1_700 <= attempts <= 1_780
    eligible = sum(row.role == "ce3_eligible" for row in truth)
    assert eligible == 70


def test_the_top_shop_and_the_top_fifth_weigh_what_they_should(full: World) -> None:
    counts = Counter(r[3].seller.id for r in full.builder.records if r[2] == "order.placed" and r[3] is not None)
    ordered = [count for _, count in counts.most_common()]
    assert ordered[0] / sum(ordered) == pytest.approx(0.09, abs=0.03)
    assert sum(ordered[:36]) / sum(ordered) == pytest.approx(0.69, abs=0.05)


def test_singles_day_is_three_and_a_half_ordinary_days(full: World) -> None:
    days = placed_days(full)
    ordinary = mean(days[i] for i in range(5, 60) if beijing_day(START + i * DAY).weekday() < 5)
    assert days[133] / ordinary == pytest.approx(3.5, abs=0.35)
    assert max(days, key=lambda day: days[day]) == 133
    assert mean(days[i] for i in range(92, 99)) < ordinary * 1.05


def test_most_people_are_honest_and_their_disputes_are_few(full: World) -> None:
    disputed = [r[3] for r in full.builder.records if r[2] == "dispute.opened" and r[0] < END]
    bad = {row.order_id for row in full.truth if row.role != "decoy"}
    honest = [order for order in disputed if order is not None and order.id not in bad]
    assert 0.001 < len(disputed) / 65_000 < 0.012
    assert len(honest) / 65_000 < 0.0035
    assert datetime(2026, 11, 24, tzinfo=UTC) == full.end
