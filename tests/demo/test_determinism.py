"""The same seed makes the same world, byte for byte; another seed makes another."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.demo import SHIFTS, Parameters, generate, live_events, read_truth, world_sha256, write_truth
from safeconduct.demo.almanac import DAY, parse_rfc3339, rfc3339
from safeconduct.foundation.moments import at_micros

SMALL = Parameters(seed=5, orders=600)
_PROGRAM = (
    "from itertools import islice; from safeconduct.demo import *; w = generate(Parameters(seed=5, orders=600));"
    "print(world_sha256(w), *[e['id'] + e['time'] for e in islice(live_events(w, w.end), 50)])"
)


def _in_a_process(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_two_processes_with_different_hash_seeds_make_identical_bytes() -> None:
    assert _in_a_process("1") == _in_a_process("4242")


def test_a_world_made_after_another_one_is_the_same() -> None:
    first = world_sha256(generate(SMALL))
    generate(Parameters(seed=6, orders=600))
    assert world_sha256(generate(SMALL)) == first


def test_reading_a_world_twice_or_letting_it_run_on_does_not_change_it() -> None:
    world = generate(SMALL)
    first = world_sha256(world)
    list(islice(live_events(world, world.end), 500))
    assert world_sha256(world) == first


def test_another_seed_or_shift_makes_another_world() -> None:
    digests = {world_sha256(generate(Parameters(seed=6, orders=500)))}
    digests |= {world_sha256(generate(Parameters(seed=5, orders=500, shift=shift))) for shift in SHIFTS}
    assert len(digests) == 1 + len(SHIFTS)


def test_an_unknown_shift_is_refused_with_the_known_ones_named() -> None:
    with pytest.raises(ValueError, match="shift: 'moon' is unknown; choose one of none, devices"):
        Parameters(shift="moon")
    with pytest.raises(ValueError, match="orders: 20 is too small"):
        Parameters(orders=20)


def test_truth_written_and_read_back_is_the_same(tmp_path: Path) -> None:
    world = generate(SMALL)
    path = tmp_path / "truth.jsonl"
    assert write_truth(world, path) == len(list(world.truth))
    assert read_truth(path) == list(world.truth)
    path.write_text('{"attack": "x"}\n')
    with pytest.raises(ValueError, match=r"truth.jsonl, line 1: not a row of truth"):
        read_truth(path)


def test_the_live_continuation_repeats_itself_and_follows_the_callers_clock() -> None:
    world = generate(SMALL)
    start = datetime(2027, 1, 5, 9, 30, tzinfo=UTC)
    first = list(islice(live_events(world, start), 900))
    assert first == list(islice(live_events(world, start), 900))
    times = [event["time"] for event in first]
    assert times == sorted(set(times)) and times[0] >= "2027-01-05T09:30"
    assert len({event["id"] for event in first}) == 900
    assert first[0]["id"] == f"hh-{len(world.events) + 1:07d}"
    later = list(islice(live_events(world, datetime(2027, 2, 1, tzinfo=UTC)), 900))
    assert [event["id"] for event in later] == [event["id"] for event in first]
    assert later[0]["time"] > first[0]["time"]


def test_a_demo_drips_a_few_events_a_second_with_an_attack_within_minutes() -> None:
    world = generate(SMALL)
    start = datetime(2027, 1, 5, tzinfo=UTC)
    events = list(islice(live_events(world, start), 3_500))
    seconds = (parse_rfc3339(events[-1]["time"]) - parse_rfc3339(events[0]["time"])) / 1_000_000
    assert 1 <= len(events) / seconds <= 5
    declined = [e for e in events if e["data"].get("outcome") == "declined" and e["data"]["amount"]["minor"] < 1_000]
    assert len(declined) > 15
    known = {e["data"]["order"] for e in world.events if e["type"] == "order.placed"}
    placed = [e["data"]["order"] for e in events if e["type"] == "order.placed"]
    assert len(placed) == len(set(placed)) and not known & set(placed)


def test_the_tail_knows_what_was_still_to_come() -> None:
    world = generate(SMALL)
    waiting = {(record[2], record[3].id) for record in world.pending if record[3] is not None}
    slow = islice(live_events(world, world.end, orders_per_minute=1), 4_500)
    arrived = {(e["type"], e["data"].get("order")) for e in slow}
    assert len(waiting & arrived) >= 5


def test_a_world_moved_in_time_is_the_same_world_with_every_distance_kept() -> None:
    world = generate(SMALL)
    moved = list(world.moved(-40))
    assert len(moved) == len(world.events)
    for event, other in zip(world.events, moved, strict=True):
        assert event["id"] == other["id"] and set(event["data"]) == set(other["data"])
        assert parse_rfc3339(event["time"]) - parse_rfc3339(other["time"]) == 40 * DAY
        for name in ("buyer_registered_at", "seller_registered_at", "due_at"):
            if name in event["data"]:
                before, after = parse_rfc3339(event["data"][name]), parse_rfc3339(other["data"][name])
                assert before - after == 40 * DAY or after == 0
    assert world.moved(-40).between(3, 9) == moved[3:9]


def test_what_came_after_the_end_is_told_once_and_the_rest_goes_on_from_there() -> None:
    world = generate(SMALL)
    noon = world.end + timedelta(days=2, hours=12)
    told = list(world.aftermath(2, noon))
    assert told and told[0]["id"] == f"hh-{len(world.events) + 1:07d}"
    assert all(world.end + timedelta(days=2) <= datetime.fromisoformat(e["time"]) < noon for e in told)
    rest = list(islice(live_events(world, noon, told=len(told)), 400))
    assert rest[0]["id"] == f"hh-{len(world.events) + len(told) + 1:07d}"
    known = {(e["type"], e["data"].get("parcel")) for e in told if e["type"] == "shipment.delivered"}
    assert not known & {(e["type"], e["data"].get("parcel")) for e in rest}


def test_the_demo_needs_neither_django_nor_a_database() -> None:
    program = "import sys, safeconduct.demo; print(*[m for m in ('django', 'psycopg', 'duckdb') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_naive_clock_or_an_absurd_pace_is_refused() -> None:
    world = generate(SMALL)
    with pytest.raises(ValueError, match="aware"):
        live_events(world, datetime(2027, 1, 5))  # noqa: DTZ001
    with pytest.raises(ValueError, match="orders_per_minute: 0"):
        live_events(world, datetime(2027, 1, 5, tzinfo=UTC), orders_per_minute=0)


@given(st.integers(min_value=0, max_value=20 * 366 * 86_400 * 1_000_000))
def test_times_are_written_as_the_standard_library_reads_them(at: int) -> None:
    text = rfc3339(at)
    assert datetime.fromisoformat(text.replace("Z", "+00:00")) == at_micros(at)
    assert parse_rfc3339(text) == at
