"""A shop with thousands of orders: what is decided stays the same, and what it costs stays small."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.kernel.builders import START, event, live_policy, usd

from safeconduct.foundation.moments import TIES, moment
from safeconduct.foundation.policy.hot_keys import TABLES
from safeconduct.kernel.decisions import engine, hot, housekeeping, lanes, policies
from safeconduct.kernel.decisions.models import PolicyVersion
from safeconduct.kernel.decisions.running import running
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.scope import Actor, engine_scope, owner_scope, query, staff_scope
from safeconduct.kernel.vault.pseudonyms import register

SHOP_WIDE = """\
policy: shop-wide
on: order.placed
in: USD
features:
  orders_14d: {count: order.placed, by: seller, over: 14 days, including: current}
  orders_1d: {count: order.placed, by: seller, over: 1 day}
  usual_14d: {avg: amount, by: seller, over: 14 days}
  takings_7d: {sum: amount, by: seller, over: 7 days, including: current}
  dearest_14d: {max: amount, by: seller, over: 14 days}
  buyers_7d: {distinct: buyer, by: seller, over: 7 days, including: current}
  devices_14d: {distinct: device, by: seller, over: 14 days, where: "amount > money('5 USD')"}
  lands_14d: {distinct: ship_country, by: seller, over: 14 days}
  buyer_orders_14d: {count: order.placed, by: buyer, over: 14 days}
rules:
  busy:
    when: orders_14d > 4000 AND buyers_7d > 100 AND usual_14d > money('1 USD')
    then: review
    because: {en: "{orders_14d} orders", zh: "{orders_14d}", es: "{orders_14d}"}
"""


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    hot.forget()


def _sell(orders: int, *, seller: str = "sel-1", over: timedelta = timedelta(days=13)) -> None:
    """Orders of one shop, evenly over this time before `START`, straight into the facts."""
    with engine_scope():
        key = register({("seller", seller)})[("seller", seller)]
        first, step = moment(START - over, len(seller + str(orders))), int(over.total_seconds() * 1e6) * TIES // orders
        query(
            'INSERT INTO fact (moment, type, occurred, seller, buyer, device, amount, ship_country, "order")'
            " SELECT %s + i * %s, %s, 0, %s, 1000000 + i %% 700, 2000000 + i %% 900, (i * 37) %% 5000,"
            " chr(65 + (i %% 20)::int), 3000000 + i FROM generate_series(0::bigint, %s - 1) AS g(i)",
            [first, step, CATALOGUE["order.placed"].code, key, orders],
        )
    with owner_scope():
        query("ANALYZE fact")


def _order(number: int, **data: Any) -> dict[str, Any]:
    data = {"buyer": f"buy-{number % 7}", "device": f"dev-{number % 5}", "amount": usd(10 + number), **data}
    return event(at=START + timedelta(seconds=30 * number), **data)


def _decide(*events: dict[str, Any]) -> list[engine.Made]:
    return lanes.accept(list(events), now=None, known=Known.WHEN_IT_HAPPENED).decisions


def _roll_ups() -> list[tuple[Any, ...]]:
    with engine_scope():
        return query("SELECT id, built_from, built_to, finest FROM hot_key WHERE NOT gone ORDER BY id").fetchall()


def _read_raw(made: engine.Made) -> dict[str, Any]:
    """What the decision's features are, read event by event."""
    with engine_scope():
        (version,) = running()
        ((_, values, _),) = engine.evaluate(version.compiled, engine.facts([made.moment]))
    return json.loads(json.dumps({name: values[name] for name in version.compiled.kept}))  # type: ignore[no-any-return]


def _plain(made: engine.Made) -> dict[str, Any]:
    return json.loads(json.dumps(made.values))  # type: ignore[no-any-return]


def _events_read(made: engine.Made) -> int:
    """How many events of the shop the features of this event are computed from, one by one."""
    with engine_scope():
        (version,) = running()
        (answer,) = hot.read(version.compiled, engine.facts([made.moment]))
    return max(version.compiled.features.events_read(answer))


def _grow_hot() -> list[engine.Made]:
    """A shop of 5,000 orders whose key is noted by a decision, and gets its roll-ups."""
    live_policy(SHOP_WIDE)
    _sell(5000)
    made = _decide(_order(0))
    hot.keep_up()
    hot.forget()
    return made


def test_the_tables_are_what_the_language_expects() -> None:
    with owner_scope():
        for table in ("hot_key", "rollup", "rollup_seen"):
            there = {
                name: kind
                for name, kind in query(
                    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
                    " WHERE attrelid = %s::regclass AND attnum > 0",
                    [table],
                )
            }
            (written,) = [statement for statement in TABLES if f"TABLE {table} (" in statement]
            lines = [line.split() for line in written.splitlines()[1:] if line.startswith("    ")]
            assert there == {w[0].strip('"'): w[1].rstrip(",") for w in lines if w[0] != "PRIMARY"}


def test_a_busy_shop_grows_hot_and_its_decisions_stay_the_same() -> None:
    first = _grow_hot()
    assert len(_roll_ups()) == 5  # one for each thing that is measured of the shop, none for the buyer
    made = first + _decide(*(_order(n) for n in range(1, 40)))
    assert made[-1].values["orders_14d"] > 4900
    assert made[-1].fired == ["busy"]
    for decision in made:
        assert _plain(decision) == _read_raw(decision)


def test_a_hot_shop_costs_few_events_to_decide() -> None:
    before = _grow_hot()
    assert _events_read(_decide(_order(1))[0]) < hot.DENSE_BUCKET
    with engine_scope():
        query("UPDATE hot_key SET gone = true")
    hot.forget()
    assert _events_read(before[0]) > 4000


def test_another_shop_in_the_same_batch_is_read_as_always() -> None:
    _grow_hot()
    _sell(30, seller="sel-2", over=timedelta(days=3))
    made = _decide(*(_order(n, seller=f"sel-{1 + n % 2}") for n in range(1, 9)))
    assert {decision.values["orders_14d"] > 1000 for decision in made} == {True, False}
    for decision in made:
        assert _plain(decision) == _read_raw(decision)


def test_roll_ups_move_on_and_decisions_stay_the_same() -> None:
    _grow_hot()
    before = _roll_ups()
    for turn in range(1, 5):
        made = _decide(*(_order(200 * turn + n) for n in range(25)))
        hot.keep_up()
        for decision in made[::6]:
            assert _plain(decision) == _read_raw(decision)
    assert [row[2] for row in _roll_ups()] > [row[2] for row in before]
    assert _plain(made[-1]) == _read_raw(made[-1])


def test_an_import_into_the_past_ends_the_roll_ups_of_its_keys() -> None:
    _grow_hot()
    history = [event(at=START - timedelta(days=2, seconds=n), seller="sel-1", amount=usd(7)) for n in range(20)]
    other = [event(at=START - timedelta(days=2), seller="sel-9", buyer="buy-9", card="card-9")]
    lanes.accept(other, known=Known.WHEN_IT_HAPPENED, imported=True)
    assert len(_roll_ups()) == 5
    lanes.accept(history, known=Known.WHEN_IT_HAPPENED, imported=True)
    assert _roll_ups() == []
    (made,) = _decide(_order(1))
    assert made.values["orders_14d"] == 5000 + 20 + 2
    assert _plain(made) == _read_raw(made)


def test_an_event_between_import_and_upkeep_is_counted_once() -> None:
    _grow_hot()
    lanes.accept([event(at=START - timedelta(days=2), seller="sel-1")], known=Known.WHEN_IT_HAPPENED, imported=True)
    for turn in (1, 2, 3):
        (made,) = _decide(_order(turn))
        assert made.values["orders_14d"] == 5000 + 2 + turn
        hot.keep_up()
        hot.forget()


def test_a_process_killed_while_it_builds_leaves_nothing_wrong() -> None:
    live_policy(SHOP_WIDE)
    _sell(5000)
    _decide(_order(0))
    noted = _roll_ups()
    assert noted and all(row[1] == row[2] for row in noted)
    hot.forget()
    assert _plain(made := _decide(_order(1))[0]) == _read_raw(made)
    with pytest.raises(KeyboardInterrupt), engine_scope():
        one = hot.current()[0]
        assert hot.advance(one.id, hot.wanted_now()[one.window][0], hot.safe_moment()) is not None
        raise KeyboardInterrupt
    assert _roll_ups() == noted
    hot.keep_up()
    hot.forget()
    assert all(row[1] < row[2] for row in _roll_ups())
    assert _plain(made := _decide(_order(2))[0]) == _read_raw(made)


def test_a_burst_gets_shorter_buckets() -> None:
    _grow_hot()
    assert {row[3] for row in _roll_ups()} == {2}
    burst = [event(at=START + timedelta(seconds=60 + n / 10), buyer=f"buy-{n}") for n in range(600)]
    lanes.accept(burst, now=None, known=Known.WHEN_IT_HAPPENED)
    hot.keep_up()
    hot.forget()
    assert {row[3] for row in _roll_ups()} == {0}
    (made,) = _decide(_order(5))
    assert _plain(made) == _read_raw(made)
    assert _events_read(made) < 100


def test_roll_ups_that_nobody_asks_for_are_removed() -> None:
    _grow_hot()
    housekeeping.tidy(START)
    assert len(_roll_ups()) == 5
    with staff_scope():
        PolicyVersion.objects.update(state="retired")
    housekeeping.tidy(START)
    with engine_scope():
        for table in ("hot_key", "rollup", "rollup_seen"):
            assert query(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_key_that_has_cooled_loses_its_roll_ups() -> None:
    _grow_hot()
    _decide(event(at=START + timedelta(days=14), seller="sel-5"))
    hot.review()
    assert _roll_ups() == []


def test_what_is_older_than_any_window_is_cut_off() -> None:
    _grow_hot()
    begun, buckets = _roll_ups()[0][1], _buckets()
    later = START + timedelta(days=12)
    made = [*_decide(*(event(at=later + timedelta(minutes=n), seller="sel-1", amount=usd(8)) for n in range(3)))]
    hot.keep_up()
    hot.review()
    assert _buckets() < buckets
    assert all(row[1] > begun for row in _roll_ups())
    hot.forget()
    made += _decide(event(at=later + timedelta(minutes=9), seller="sel-1", amount=usd(8)))
    for decision in made:
        assert _plain(decision) == _read_raw(decision)


def test_a_longer_window_begins_its_roll_up_again() -> None:
    _grow_hot()
    before = {row[0] for row in _roll_ups()}
    longer = SHOP_WIDE.replace("14 days", "60 days").replace("policy: shop-wide", "policy: shop-wider")
    with staff_scope():
        policies.install(longer, at=START, actor=Actor("test", "owner"))
    hot.review()
    hot.keep_up()
    hot.forget()
    again = _roll_ups()
    assert before.isdisjoint(row[0] for row in again) and len(again) == 5
    decisions = _decide(_order(1))
    assert sorted(d.values["orders_14d"] for d in decisions) == [5002, 5002]


def _buckets() -> int:
    with engine_scope():
        row = query("SELECT count(*) FROM rollup").fetchone()
    assert row is not None
    return int(row[0])
