"""The arithmetic of the score, on cases small enough to check by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from safeconduct.demo import Action, Decision, Label, score
from safeconduct.demo.scoreboard import render

from .conftest import Reading

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)


def label(order: str, attack: str = "stolen_cards", **changes: object) -> Label:
    values: dict[str, object] = {
        "entity_kind": "order", "entity_id": order, "event_id": f"e-{order}", "order_id": order, "attack": attack,
        "role": "fraud", "incident": f"{attack}#0", "start": "2026-08-01T12:00:00.000000Z",
        "end": "2026-08-01T12:00:00.000000Z", "severity": "high", "expected_action": "block", "amount_minor": 1_000,
        "currency": "CNY",
    }  # fmt: skip
    return Label(**(values | changes))  # type: ignore[arg-type]


def decided(order: str, action: str, seconds: float = 1, rules: tuple[str, ...] = ()) -> Decision:
    return Decision(f"e-{order}", order, Action(action), NOON + timedelta(seconds=seconds), 1_000, rules)


def decoy(order: str, name: str = "families") -> Label:
    return label(order, name, role="decoy", severity="none", expected_action="allow")


def test_half_of_the_fraud_caught_with_one_good_order_stopped() -> None:
    truth = [label("f1", amount_minor=7_000), label("f2", amount_minor=3_000)]
    decisions = [decided("f1", "block"), decided("f2", "allow"), decided("g1", "review"), decided("g2", "allow")]
    report = score(truth, decisions)
    assert (report.orders, report.bad_orders, report.caught, report.recall) == (4, 2, 1, 0.5)
    assert (report.saved_minor, report.lost_minor, report.precision) == (7_000, 3_000, 0.5)
    assert (report.good_orders, report.good_stopped, report.good_stop_rate) == (2, 1, 0.5)
    assert report.good_stopped_minor == 1_000


def test_a_challenge_catches_what_calls_for_one_and_accuses_nobody() -> None:
    truth = [label("a", "takeover", expected_action="challenge"), label("b", "takeover"), decoy("c")]
    report = score(truth, [decided(o, "challenge") for o in "abcd"])
    assert report.caught == 1
    assert report.good_challenged == 2 and report.good_stopped == 0
    assert report.decoys[0].challenged == 1 and report.decoys[0].false_accusation_rate == 0


def test_harm_nobody_could_see_is_neither_success_nor_mistake() -> None:
    truth = [label("a", "friendly_fraud", role="ce3_eligible", expected_action="allow"), label("b")]
    for action in ("allow", "block"):
        report = score(truth, [decided("a", action), decided("b", "block")])
        assert (report.recall, report.precision, report.good_orders) == (1.0, 1.0, 0)
        assert report.unseen[0].stopped == (action == "block")
        assert [attack.attack for attack in report.attacks] == ["stolen_cards"]


def test_a_stopped_decoy_is_a_false_accusation_and_a_stopped_good_order() -> None:
    truth = [decoy("a"), decoy("b"), decoy("c", "travellers"), label("f")]
    report = score(truth, [decided("a", "block"), decided("b", "allow"), decided("c", "allow"), decided("f", "block")])
    rates = {row.decoy: row.false_accusation_rate for row in report.decoys}
    assert rates == {"families": 0.5, "travellers": 0.0}
    assert report.decoy_stop_rate == pytest.approx(1 / 3)
    assert report.good_orders == 3 and report.good_stopped == 1


def test_the_strongest_of_several_decisions_on_an_order_counts() -> None:
    attempt = Decision("e-attempt", "f", Action.BLOCK, NOON, 1_000)
    report = score([label("f")], [decided("f", "allow"), attempt])
    assert report.caught == 1


def test_what_nobody_decided_is_missed_and_said_to_be_undecided() -> None:
    truth = [label(f"x{i}", "card_testing", entity_kind="event", entity_id=f"e-x{i}", order_id=None) for i in range(4)]
    decisions = [Decision(f"e-x{i}", None, Action.BLOCK, NOON, 100) for i in range(3)]
    attack = score(truth, decisions).attacks[0]
    assert (attack.unit, attack.rows, attack.caught, attack.undecided, attack.recall) == ("events", 4, 3, 1, 0.75)


def test_time_to_action_runs_from_the_start_of_each_burst() -> None:
    def burst(number: int, minute: int, row: int) -> Label:
        start = f"2026-08-01T12:{minute:02d}:00.000000Z"
        return label(f"b{number}{row}", "card_testing", incident=f"card_testing#{number}", start=start, end=start)

    truth = [burst(1, 0, 0), burst(1, 2, 1), burst(1, 4, 2), burst(2, 10, 0), burst(2, 11, 1), burst(3, 30, 0)]
    decisions = [
        decided("b10", "allow"), decided("b11", "allow"), decided("b12", "block", 240.5),
        decided("b20", "block", 601), decided("b21", "block", 661), decided("b30", "allow"),
    ]  # fmt: skip
    attack = score(truth, decisions).attacks[0]
    assert (attack.incidents, attack.incidents_noticed) == (3, 2)
    assert attack.median_s_to_first_catch == pytest.approx((240.5 + 1) / 2)
    assert attack.median_rows_before_catch == 1


def test_precision_of_an_attack_is_that_of_the_rules_that_caught_it() -> None:
    truth = [label("f1", "a"), label("f2", "b"), label("f3", "a")]
    decisions = [
        decided("f1", "block", rules=("sharp",)), decided("f2", "review", rules=("blunt",)),
        decided("f3", "allow"), decided("g1", "review", rules=("blunt",)), decided("g2", "review", rules=("blunt",)),
    ]  # fmt: skip
    by_name = {attack.attack: attack for attack in score(truth, decisions).attacks}
    assert by_name["a"].precision == 1.0
    assert by_name["b"].precision == pytest.approx(1 / 3)
    unnamed = score([label("f1")], [decided("f1", "block")])
    assert unnamed.attacks[0].precision is None and unnamed.precision == 1.0


def test_a_rule_is_not_blamed_for_what_nobody_could_tell() -> None:
    truth = [label("f1"), label("u", "friendly_fraud", role="ce3_eligible", expected_action="allow")]
    report = score(truth, [decided("f1", "block", rules=("r",)), decided("u", "review", rules=("r",))])
    assert report.attacks[0].precision == 1.0


def test_nothing_at_all_gives_a_report_and_no_division_by_zero() -> None:
    report = score([], [])
    assert (report.recall, report.precision, report.good_stop_rate, report.attacks) == (0.0, None, 0.0, ())
    assert json.loads(json.dumps(report.as_json()))["orders"] == 0


def test_mixed_currencies_and_naive_times_are_refused() -> None:
    with pytest.raises(ValueError, match="several currencies"):
        score([label("a"), label("b", currency="USD")], [])
    with pytest.raises(ValueError, match="decided_at of e-a has no time zone"):
        score([], [Decision("e-a", "a", Action.ALLOW, datetime(2026, 8, 1), 1)])  # noqa: DTZ001


@given(st.lists(st.sampled_from(["allow", "challenge", "review", "block"]), min_size=9, max_size=9), st.integers(0, 8))
def test_stopping_one_more_order_never_lowers_recall_and_never_helps_the_innocent(actions: list[str], n: int) -> None:
    truth = [label(f"o{i}") for i in range(3)] + [decoy(f"o{i}") for i in range(3, 6)]
    before = score(truth, [decided(f"o{i}", action) for i, action in enumerate(actions)])
    harder = [*actions[:n], "block", *actions[n + 1 :]]
    after = score(truth, [decided(f"o{i}", action) for i, action in enumerate(harder)])
    assert after.recall >= before.recall and after.good_stopped >= before.good_stopped
    assert after.saved_minor + after.lost_minor == before.saved_minor + before.lost_minor == 3_000


def test_allowing_everything_loses_everything_and_blocking_everything_accuses_everybody(mall: Reading) -> None:
    placed = mall.by_type["order.placed"]

    def all_of(action: Action) -> list[Decision]:
        return [Decision(e["id"], e["data"]["order"], action, NOON, e["data"]["amount"]["minor"]) for e in placed]

    lax, strict = score(mall.truth, all_of(Action.ALLOW)), score(mall.truth, all_of(Action.BLOCK))
    assert (lax.recall, lax.saved_minor, lax.good_stop_rate, lax.precision) == (0.0, 0, 0.0, None)
    assert (strict.recall, strict.lost_minor, strict.good_stop_rate, strict.decoy_stop_rate) == (1.0, 0, 1.0, 1.0)
    assert strict.saved_minor == lax.lost_minor > 1_000_000
    unseen = sum(row.orders for row in lax.unseen)
    assert lax.orders == 6_000 == lax.bad_orders + unseen + lax.good_orders


def test_the_score_is_told_in_sentences_and_tables_a_person_reads() -> None:
    truth = [
        label("f1", "card_testing", amount_minor=1_234_500), label("f2", "stolen_cards"), decoy("d1"),
        decoy("d2", "travellers"), label("u", "friendly_fraud", role="ce3_eligible", expected_action="allow"),
    ]  # fmt: skip
    decisions = [decided("f1", "block", 95), decided("f2", "allow"), decided("d1", "review"), decided("d2", "allow")]
    console = Console(width=80, record=True, color_system=None, file=None, quiet=False, force_terminal=False)
    with console.capture() as capture:
        render(score(truth, decisions), console)
    text = capture.get()
    assert "Caught 1 of 2 fraudulent orders (50 %): ¥12,345 kept safe, ¥10 lost." in text
    assert "Good orders stopped: 1 of 2 (50.00 %)" in text
    assert "2 min" in text and "never" in text and "…" not in text
    assert "none ✓" in text and "ce3 eligible" in text
