"""The demo's weeks, and how long an order was held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from safeconduct.cli.demo_desk import fraud_of, weeks
from safeconduct.cli.demo_score import held_seconds
from safeconduct.demo import Parameters, generate
from safeconduct.presets.numbers import Origin, Payouts

SECOND = 1_000_000
THURSDAYS = Payouts(3, 6, {}, Origin("the test", "ours"))


def test_a_history_is_cut_on_thursday_mornings_and_at_its_end() -> None:
    begins, ends = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 24, tzinfo=UTC)
    points = weeks(begins, ends, THURSDAYS)
    assert [point.day for point in points] == [2, 9, 16, 23, 24]
    assert all(point.weekday() == 3 and point.hour == 6 for point in points[:-1]) and points[-1] == ends
    assert weeks(begins, begins + timedelta(hours=3), THURSDAYS) == [begins + timedelta(hours=3)]


def test_a_history_that_ends_at_a_cut_is_not_cut_twice_there() -> None:
    ends = datetime(2026, 7, 9, 6, tzinfo=UTC)
    assert [point.day for point in weeks(ends - timedelta(days=8), ends, THURSDAYS)] == [2, 9]


def test_a_hold_lasts_from_the_review_to_the_ruling_or_until_now() -> None:
    allow, review, block = (0, 1, "allow"), (10 * SECOND, 2, "review"), (70 * SECOND, 3, "block")
    assert held_seconds([allow], 500 * SECOND) == 0
    assert held_seconds([block, review], 500 * SECOND) == 60
    assert held_seconds([review, (40 * SECOND, 2, "review")], 100 * SECOND) == 90


def test_the_desk_learns_of_fraud_and_of_no_honest_order() -> None:
    world = generate(Parameters(seed=5, orders=600))
    fraud = fraud_of(world)
    assert 3 < len(fraud) < 120
    assert not fraud & set(world.decoy_orders)
