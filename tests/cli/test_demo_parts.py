"""The demo's weeks, and how long an order was held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from tests.kernel.builders import START, event, live_policy, minutes

from safeconduct.cli import demo
from safeconduct.cli.demo_desk import fraud_of, weeks
from safeconduct.cli.demo_replay import dealt, tell
from safeconduct.cli.demo_score import held_seconds
from safeconduct.demo import Parameters, generate
from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.events import log
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.scope import engine_scope, owner_scope, query, staff_scope
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
    assert held_seconds([review], 10**7 * SECOND) == 6 * 86_400, "it ends by itself"


def test_the_desk_learns_of_fraud_and_of_no_honest_order() -> None:
    world = generate(Parameters(seed=5, orders=600))
    fraud = fraud_of(world)
    assert 3 < len(fraud) < 120
    assert not fraud & set(world.decoy_orders)


class Told:
    """Events as the world has them."""

    def __init__(self, events: list[dict[str, object]]) -> None:
        self.events = events

    def __len__(self) -> int:
        return len(self.events)

    def between(self, first: int, last: int) -> list[dict[str, object]]:
        return self.events[first:last]


@contextmanager
def server_with_room_for(most: int) -> Iterator[None]:
    """A database that refuses larger batches with the error of a server that has no room for more locks."""
    with owner_scope():
        query(
            f"CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF (SELECT count(*) FROM gone) > {most} THEN"
            f" RAISE 'out of shared memory' USING ERRCODE = 'out_of_memory'; END IF; RETURN NULL; END $$"
        )
        query(
            "CREATE TRIGGER no_room AFTER DELETE ON event_queue REFERENCING OLD TABLE AS gone"
            " FOR EACH STATEMENT EXECUTE FUNCTION no_room()"
        )
    try:
        yield
    finally:
        with owner_scope():
            query("DROP FUNCTION no_room() CASCADE")


def test_a_server_with_room_for_few_locks_is_given_smaller_batches_and_every_event_is_decided_once() -> None:
    live_policy()
    events = Told([event(at=START + minutes(number)) for number in range(20)])
    with server_with_room_for(3):
        assert tell(events, START + minutes(60)) == 20
    with staff_scope():
        assert Decision.objects.count() == 20
        assert len(set(Decision.objects.values_list("moment", flat=True))) == 20


def test_sellers_are_dealt_out_so_that_each_worker_has_as_much_to_decide() -> None:
    live_policy()
    sold = {"sel-great": 9, "sel-a": 4, "sel-b": 3, "sel-c": 3, "sel-quiet": 0}
    told = [event(at=START + minutes(n), seller=s) for s, many in sold.items() for n in range(many)]
    late = [event(at=START + minutes(90), seller="sel-a"), event(at=START + minutes(99), seller="sel-quiet")]
    for one in (*told, *late):
        log.receive([one], queue=frozenset({"order.placed"}), known=Known.WHEN_IT_HAPPENED)
    shares = dealt(START + minutes(60), 2)
    with engine_scope():
        names = dict(query("SELECT key, ref FROM seller").fetchall())
    assert sorted(len(share) for share in shares) == [2, 3]
    assert {names[key] for key in min(shares, key=len)} == {"sel-great", "sel-quiet"}


def test_a_server_without_room_for_a_single_event_stops_the_demo_and_loses_nothing() -> None:
    live_policy()
    with server_with_room_for(0), pytest.raises(psycopg.errors.OutOfMemory):
        tell(Told([event()]), START + minutes(60))
    with staff_scope():
        assert Decision.objects.count() == 0
    assert tell(Told([]), START + minutes(60)) == 0
    with staff_scope():
        assert Decision.objects.count() == 1


def test_a_note_that_was_cut_short_by_a_kill_is_no_world(tmp_path: Path) -> None:
    marker = tmp_path / "world.json"
    assert demo._said_by(marker) == {}
    for text in ("", '{"parameters": {"seed"', "[]", "5", '{"parameters": {}}'):
        marker.write_text(text)
        assert demo._said_by(marker) == {}
    marker.write_text('{"parameters": {"seed": 1}, "built": {}}')
    assert demo._said_by(marker)["parameters"] == {"seed": 1}
