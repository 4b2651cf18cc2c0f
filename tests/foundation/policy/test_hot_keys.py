"""Roll-ups answer exactly as reading every event does, wherever the window begins and however far they are built."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import policy_trees as trees
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_shop import SHOP

from safeconduct.foundation.moments import SECOND, TIES
from safeconduct.foundation.policy.facts import postgres_facts_table, postgres_indexes
from safeconduct.foundation.policy.hot_keys import (
    TABLES,
    bucket_bits,
    build_statement,
    hot_features_query,
    rolled,
)
from safeconduct.foundation.policy.nodes import (
    Compare,
    CompareOp,
    EventField,
    Expr,
    InList,
    Literal,
    Measure,
    Policy,
    Window,
)
from safeconduct.foundation.policy.to_postgres import features_query, window_features
from safeconduct.foundation.policy.types import INT64_MAX, Type

ORDER = ("order.placed",)
TRIED = ("order.placed", "payment.attempted")
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
START = 2_500 * DAY_US * TIES
LONG_TEXT = "x" * 5000


def _above(amount: int) -> Expr:
    return Compare(Type.BOOLEAN, CompareOp.GT, EventField(Type.MONEY, "amount"), Literal(Type.MONEY, amount))


WINDOWS = (
    Window("count", Type.INTEGER, Measure.COUNT, ORDER, "seller", "seller", 0),
    Window("count_now", Type.INTEGER, Measure.COUNT, ORDER, "seller", "seller", 0, including_current=True),
    Window("dear", Type.INTEGER, Measure.COUNT, ORDER, "seller", "seller", 0, where=_above(50)),
    Window("sum", Type.MONEY, Measure.SUM, ORDER, "seller", "seller", 0, "amount", including_current=True),
    Window("avg", Type.MONEY, Measure.AVG, ORDER, "seller", "seller", 0, "amount"),
    Window("min", Type.MONEY, Measure.MIN, ORDER, "seller", "seller", 0, "amount", _above(20)),
    Window("max", Type.MONEY, Measure.MAX, ORDER, "seller", "seller", 0, "amount"),
    Window("buyers", Type.INTEGER, Measure.DISTINCT, ORDER, "seller", "seller", 0, "buyer", including_current=True),
    Window("dear_buyers", Type.INTEGER, Measure.DISTINCT, ORDER, "seller", "seller", 0, "buyer", _above(50)),
    Window("lands", Type.INTEGER, Measure.DISTINCT, ORDER, "seller", "seller", 0, "ship_country"),
    Window("risks", Type.INTEGER, Measure.DISTINCT, ORDER, "seller", "seller", 0, "ip_risk"),
    Window("first", Type.TIMESTAMP, Measure.FIRST_SEEN, ORDER, "seller", "seller", 0),
    Window("tries", Type.INTEGER, Measure.COUNT, TRIED, "seller", "seller", 0, including_current=True),
    Window("cards", Type.INTEGER, Measure.DISTINCT, TRIED, "buyer", "buyer", 0, "card"),
)
EVERY_GROUP = frozenset(range(8))


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(postgres_facts_table(SHOP).replace("CREATE TABLE", "CREATE TEMP TABLE"))
        for statement in postgres_indexes(SHOP):
            connection.execute(statement)
        for statement in TABLES:
            connection.execute(statement.replace("CREATE TABLE", "CREATE TEMP TABLE"))
        connection.execute("SET enable_seqscan = off")
        yield connection


def _policy(*windows: Window) -> Policy:
    return trees.policy((), {w.name: w for w in windows})


def _fill(database: psycopg.Connection[Any], moments: list[int], chance: random.Random) -> None:
    database.execute("TRUNCATE facts, hot_key, rollup, rollup_seen RESTART IDENTITY")
    rows = [
        (
            moment, chance.choice((1, 1, 1, 2)), chance.choice((7, 7, 7, 8)), chance.choice((None, *range(1, 30))),
            chance.choice((None, *range(100, 130))), chance.choice((None, *range(-5, 100), INT64_MAX)),
            chance.choice((None, "US", "CN", "us", LONG_TEXT, LONG_TEXT + "y")), chance.choice((None, 0.5, 0.25)),
        )
        for moment in moments
    ]  # fmt: skip
    with (
        database.cursor() as cursor,
        cursor.copy("COPY facts (moment, type, seller, buyer, card, amount, ship_country, ip_risk) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _roll_up(database: psycopg.Connection[Any], policy: Policy, built_from: int, steps: list[int], finest: int) -> None:
    """Builds every roll-up of the policy for seller 7 and buyer 3, in stretches that end at these moments."""
    bits = bucket_bits(finest)
    edges = [built_from >> bits << bits, *sorted(step >> bits << bits for step in steps if step >= built_from)]
    for roll in {r for w in window_features(policy) if (r := rolled(w, SHOP)) is not None}:
        key = 7 if roll.match == "seller" else 3
        found = database.execute(
            'INSERT INTO hot_key (key, "window", built_from, built_to, finest)'
            " VALUES (%s, %s, %s, %s, %s) RETURNING id",
            [key, roll.id, edges[0], edges[-1], finest],
        ).fetchone()
        assert found is not None
        for since, until in pairwise(edges):
            statement = build_statement(
                roll, hot=found[0], key=key, finest=finest, since=since, until=until, facts="facts"
            )
            database.execute(statement)


def _both(database: psycopg.Connection[Any], policy: Policy, moments: list[int]) -> tuple[list[Any], list[Any]]:
    found = []
    events = database.execute("SELECT moment, seller, buyer FROM facts WHERE moment = ANY(%b::bigint[])", [moments])
    rows = [{"moment": m, "seller": s, "buyer": b} for m, s, b in events]
    for query in (features_query(policy, SHOP), hot_features_query(policy, SHOP, EVERY_GROUP)):
        answers = psycopg.Cursor(database).execute(query.sql, query.parameters([r["moment"] for r in rows], rows))  # type: ignore[call-overload]
        found.append([query.values(row) for row in answers.fetchall()])
    return found[0], found[1]


def _spread(chance: random.Random, count: int, span_us: int) -> list[int]:
    """Rising moments, in clumps: some within one microsecond, some in one second, some far apart."""
    moments: set[int] = set()
    while len(moments) < count:
        at = START + chance.randrange(span_us) * TIES
        for _ in range(chance.choice((1, 1, 3, 12))):
            moments.add(at + chance.choice((0, 1, 2, 3)) + chance.choice((0, 0, TIES, SECOND // 3, SECOND)))
    return sorted(moments)


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 400),
    span_us=st.sampled_from((5 * SECOND_US, 3_600 * SECOND_US, 40 * DAY_US, 900 * DAY_US)),
    finest=st.integers(0, 2),
    over=st.lists(st.integers(1, 45), min_size=len(WINDOWS), max_size=len(WINDOWS)),
    built=st.tuples(st.floats(-0.2, 0.4), st.floats(0, 1.1), st.floats(0, 1.1)),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
def test_a_roll_up_answers_as_reading_every_event_does(
    database: Any, seed: int, count: int, span_us: int, finest: int, over: list[int],
    built: tuple[float, float, float],
) -> None:  # fmt: skip
    chance = random.Random(seed)
    moments = _spread(chance, count, span_us)
    # Lengths from a microsecond, far below a bucket, to years, over rising powers of two with something on top.
    lengths = [(1 << bits) + chance.randrange(1 << bits) for bits in over]
    windows = [replace(w, over_us=length) for w, length in zip(WINDOWS, lengths, strict=True)]
    if chance.random() < 0.5:  # the same length for all, as policies mostly have it
        windows = [replace(w, over_us=windows[0].over_us) for w in windows]
    policy = _policy(*windows)
    _fill(database, moments, chance)
    begin, first, second = (START + int(part * span_us) * TIES for part in built)
    _roll_up(database, policy, begin, [begin, first, second], finest)
    raw, hot = _both(database, policy, chance.sample(moments, min(len(moments), 25)))
    assert hot == raw


def test_a_window_older_than_the_roll_up_is_read_raw(database: Any) -> None:
    policy = _policy(*(replace(w, over_us=30 * DAY_US) for w in WINDOWS))
    chance = random.Random(1)
    moments = _spread(chance, 300, 40 * DAY_US)
    _fill(database, moments, chance)
    _roll_up(database, policy, START + 20 * DAY_US * TIES, [START + 41 * DAY_US * TIES], 0)
    raw, hot = _both(database, policy, moments[-20:])
    assert hot == raw
    assert hot[-1]["count"] > 20


def test_a_wrong_bucket_would_be_seen(database: Any) -> None:
    policy = _policy(*(replace(w, over_us=30 * DAY_US) for w in WINDOWS))
    chance = random.Random(2)
    moments = _spread(chance, 300, 40 * DAY_US)
    _fill(database, moments, chance)
    _roll_up(database, policy, START - DAY_US * TIES, [moments[-1] - SECOND], 0)
    database.execute("UPDATE rollup SET n = n + 1, total = total + 1, low = low - 9, high = high - 9")
    raw, hot = _both(database, policy, moments[-1:])
    assert {name for name in raw[0] if raw[0][name] != hot[0][name]} >= {"count", "buyers", "lands", "min"}


def test_a_hot_key_costs_few_events_to_read(database: Any) -> None:
    policy = _policy(replace(WINDOWS[0], over_us=3_600 * SECOND_US), replace(WINDOWS[8], over_us=3_600 * SECOND_US))
    chance = random.Random(3)
    moments = sorted({START + chance.randrange(3_500 * SECOND_US) * TIES for _ in range(20_000)})
    _fill(database, moments, chance)
    database.execute("UPDATE facts SET seller = 7, type = 1")
    database.execute("ANALYZE facts")
    end = moments[-1] - SECOND
    _roll_up(database, policy, START - 3_600 * SECOND, [START + 1_000 * SECOND, end], 0)
    assert _both(database, policy, moments[-5:])[0] == _both(database, policy, moments[-5:])[1]
    query = hot_features_query(policy, SHOP, EVERY_GROUP)
    parameters = query.parameters([moments[-1]], [{"seller": 7}])
    row = psycopg.Cursor(database).execute(query.sql, parameters).fetchone()
    assert row is not None
    assert 0 < query.events_read(row)[0] < 60


def test_windows_of_other_lengths_share_a_roll_up_and_other_questions_do_not() -> None:
    first = replace(WINDOWS[3], over_us=DAY_US)
    same = (replace(first, over_us=7 * DAY_US), replace(WINDOWS[4], over_us=5), replace(WINDOWS[6], over_us=9))
    by_buyer, of_more = replace(first, match="buyer", by="buyer"), replace(first, event_types=TRIED)
    other = (WINDOWS[0], WINDOWS[5], by_buyer, of_more, WINDOWS[7])
    ids = [_id(w) for w in (first, *same, *other)]
    assert len(set(ids[:4])) == 1
    assert len(set(ids)) == 6
    assert all(0 <= identity < 2**63 for identity in ids)


def _id(window: Window) -> int:
    roll = rolled(window, SHOP)
    assert roll is not None
    return roll.id


def test_what_can_change_afterwards_is_never_rolled_up() -> None:
    listed = InList(Type.BOOLEAN, "trusted-buyers", EventField(Type.KEY, "buyer"))
    assert rolled(replace(WINDOWS[0], where=listed), SHOP) is None
    assert rolled(WINDOWS[10], SHOP) is None
    assert rolled(WINDOWS[11], SHOP) is None
