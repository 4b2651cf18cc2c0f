"""What is said about a rule counts orders whose fate is known, and no others."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from tests.kernel.builders import CARD_AT_MANY_SHOPS, START, event, live_policy, minutes, usd

from safeconduct.foundation.moments import moment
from safeconduct.kernel.decisions import labels, lanes, statistics
from safeconduct.kernel.decisions.models import Label, LabelKind
from safeconduct.kernel.decisions.statistics import RuleStatistics
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope

LONG_AFTER = START + timedelta(days=400)


def of(rule: str, *, days: int = 400) -> RuleStatistics:
    with staff_scope():
        found = statistics.rule_statistics(policy="order-risk", now=START + timedelta(days=days))
    return next(s for s in found if s.rule == rule)


def six_orders_of_one_card() -> list[int]:
    """Placed at six shops within minutes; the last three are held. The keys of the orders, in their sequence."""
    batch = [event(order=f"o{n}", seller=f"s{n}", at=START + minutes(n)) for n in range(6)]
    made = lanes.accept(batch, known=Known.WHEN_IT_HAPPENED).decisions
    return [d.order_key or 0 for d in made]


def tell(order: int, kind: LabelKind, after: timedelta = timedelta(days=20)) -> None:
    with engine_scope():
        labels.add([(order, kind, f"test {kind} {after}", moment(START + after))])


def test_of_three_held_orders_one_was_fraud() -> None:
    live_policy()
    orders = six_orders_of_one_card()
    tell(orders[4], LabelKind.FRAUD)
    found = of("card_at_many_shops")
    assert (found.decided, found.fired, found.unknown, found.muted) == (6, 3, 0, 0)
    assert (found.mature_orders, found.fraud_orders, found.abuse_orders) == (3, 1, 0)
    assert found.precision == pytest.approx(1 / 3)
    assert (found.interval.low, found.interval.high) == (
        pytest.approx(0.0084, abs=1e-4),
        pytest.approx(0.9057, abs=1e-4),
    )
    assert (found.stopped, found.stopped_minor, found.good_stopped, found.good_stopped_minor) == (3, 18_000, 2, 12_000)


def test_a_fraud_that_is_reported_early_does_not_count_before_its_time() -> None:
    live_policy()
    orders = six_orders_of_one_card()
    tell(orders[4], LabelKind.FRAUD, timedelta(hours=3))
    early = of("card_at_many_shops", days=30)
    assert (early.mature_orders, early.fraud_orders, early.precision) == (0, 0, None)
    assert (early.interval.low, early.interval.high) == (0, 1)
    assert (early.stopped, early.good_stopped) == (3, 0)
    assert of("card_at_many_shops").fraud_orders == 1


def test_abuse_is_neither_fraud_nor_a_good_order_that_was_stopped() -> None:
    live_policy()
    orders = six_orders_of_one_card()
    tell(orders[3], LabelKind.ABUSE)
    tell(orders[4], LabelKind.FRAUD)
    tell(orders[4], LabelKind.ABUSE, timedelta(days=30))
    found = of("card_at_many_shops")
    assert (found.mature_orders, found.fraud_orders, found.abuse_orders, found.good_stopped) == (3, 1, 1, 1)


def test_a_label_that_says_good_takes_an_earlier_one_back() -> None:
    live_policy()
    orders = six_orders_of_one_card()
    tell(orders[4], LabelKind.FRAUD, timedelta(days=2))
    tell(orders[4], LabelKind.GOOD, timedelta(days=9))
    tell(orders[5], LabelKind.GOOD, timedelta(days=2))
    tell(orders[5], LabelKind.FRAUD, timedelta(days=9))
    assert of("card_at_many_shops").fraud_orders == 1


def test_the_latest_word_of_a_person_holds_also_where_it_is_one_they_had_said_before() -> None:
    live_policy()
    order = six_orders_of_one_card()[4]
    with staff_scope():
        for kind, why in (("fraud", "the bank said so"), ("good", "the bank lost"), ("fraud", "and won after all")):
            label = labels.say(order, LabelKind(kind), Actor("p", "analyst", why))
            assert (label.kind, label.note) == (kind, why)
    assert of("card_at_many_shops").fraud_orders == 1
    with staff_scope():
        labels.say(order, LabelKind.FRAUD, Actor("p", "analyst", "pressed twice"))
        notes = Label.objects.filter(kind="fraud").order_by("moment").values_list("note", flat=True)
        assert list(notes) == ["the bank said so", "and won after all"]


def test_an_order_decided_twice_is_one_order() -> None:
    text = CARD_AT_MANY_SHOPS.replace("on: order.placed", "on: payment.attempted").replace(
        "card_shops_1h >= 3", "TRUE OR card_shops_1h >= 3"
    )
    text = text.replace(
        "when: TRUE OR card_shops_1h >= 3 AND amount > money('50 USD')", "when: amount > money('50 USD')"
    )
    live_policy(text)
    tries = [
        event("payment.attempted", order="o1", seller="s1", buyer="b1", card="c1", amount=usd(60 + n), outcome="declined",
              at=START + minutes(n))
        for n in range(4)
    ]  # fmt: skip
    lanes.accept(tries, known=Known.WHEN_IT_HAPPENED)
    found = of("card_at_many_shops")
    assert (found.fired, found.mature_orders, found.stopped, found.stopped_minor) == (4, 1, 1, 6300)


def test_a_muted_rule_fires_and_stops_nothing() -> None:
    from safeconduct.kernel.decisions import actions

    live_policy()
    with staff_scope():
        why = Actor("lead", "lead", "live stream tonight")
        actions.snooze("order-risk", "card_at_many_shops", why, at=START, until=LONG_AFTER)
    six_orders_of_one_card()
    found = of("card_at_many_shops")
    assert (found.fired, found.muted, found.stopped, found.mature_orders) == (3, 3, 0, 3)


def test_rules_can_be_asked_by_version_and_must_be_named() -> None:
    version = live_policy()
    six_orders_of_one_card()
    with staff_scope():
        assert [s.rule for s in statistics.rule_statistics(versions=[version.id], now=LONG_AFTER)] == [
            "card_at_many_shops"
        ]
        with pytest.raises(ValueError, match="say which rules"):
            statistics.rule_statistics(now=LONG_AFTER)


# -- compaction -------------------------------------------------------------------------------------------------------


def _rows() -> int:
    with staff_scope():
        return int((query("SELECT count(*) FROM rule_count").fetchone() or (0,))[0])


def _age_counts(hours: int = 5) -> None:
    with engine_scope():
        query("UPDATE rule_count SET hour = hour - make_interval(hours => %s)", [hours])


def test_compaction_saves_rows_and_changes_no_number() -> None:
    live_policy()
    for n in range(5):
        lanes.accept([event(order=f"o{n}", seller=f"s{n}", amount=usd(9000), at=START + minutes(n))])
    before = of("huge")
    _age_counts()
    now = _now()
    with engine_scope():
        assert statistics.compact(now) > 0
        assert statistics.compact(now) == 0
    assert _rows() == 3  # decisions, and two rules that spoke
    after = of("huge")
    assert (after.decided, after.fired) == (before.decided, before.fired) == (5, 5)


def test_the_hour_that_runs_is_left_alone() -> None:
    live_policy()
    for n in range(3):
        lanes.accept([event(order=f"o{n}")])
    rows = _rows()
    with engine_scope():
        assert statistics.compact(_now()) == 0
    assert _rows() == rows


def test_nothing_is_lost_or_counted_twice_while_others_write_and_compact() -> None:
    version = live_policy()
    written, writers, rounds = 0, 3, 60
    stop = threading.Event()
    problems: list[BaseException] = []

    def write() -> None:
        for _ in range(rounds):
            with engine_scope():
                query(
                    "INSERT INTO rule_count (version_id, rule, hour, decided, fired, unknown, muted, amount_minor)"
                    " SELECT %s, 'huge', date_trunc('hour', now()) - interval '9 hours', 1, 1, 0, 0, 5 FROM generate_series(1, 3)",
                    [version.id],
                )

    def compact() -> None:
        while not stop.is_set():
            with engine_scope():
                statistics.compact(_now())

    def guarded(work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guarded, args=[write]) for _ in range(writers)]
    compactors = [threading.Thread(target=guarded, args=[compact]) for _ in range(2)]
    for thread in [*threads, *compactors]:
        thread.start()
    for thread in threads:
        thread.join()
        written += rounds * 3
    stop.set()
    for thread in compactors:
        thread.join()
    assert problems == []
    with engine_scope():
        statistics.compact(_now())
        total, rows, money = query("SELECT sum(fired), count(*), sum(amount_minor) FROM rule_count").fetchone() or (
            0,
            0,
            0,
        )
    assert (total, rows, money) == (written, 1, written * 5)


def _now():  # type: ignore[no-untyped-def]
    return lanes.utc_now()
