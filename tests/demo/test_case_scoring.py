"""The score of cases: who was right, held against what was advised, ruled, and answered to banks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from safeconduct.demo import CaseReport, Complaint, Parameters, generate, read_complaints, score_cases, write_complaints
from safeconduct.demo.case_scoring import Advised, Ruling
from safeconduct.demo.complaints import Channel, Fault


def complaint(
    order: str, fault: Fault = Fault.BUYER, channel: Channel = Channel.MARKETPLACE, cause: str = "refund_ring", *,
    earlier: str = "", opens: str = "damaged", incident: int = 0,
) -> Complaint:  # fmt: skip
    return Complaint(
        order, "2026-09-01T00:00:00Z", channel, fault, cause, f"{cause}#{incident}", opens, earlier, False, 10_000,
        "CNY",
    )  # fmt: skip


def ruling(
    order: str, paid: int | None = 0, *, kind: str = "dispute", by_seller: bool = False, counts: bool = False,
    judged: bool = True, paused: bool = False, missed: int = 0, turn: str = "",
) -> Ruling:  # fmt: skip
    return Ruling(order, kind, paid, by_seller, counts, judged, 3_600.0, 7_200.0, missed, paused, turn)


def scored(
    rows: list[Complaint], *, advice: tuple[Advised, ...] = (), rulings: tuple[Ruling, ...] = (),
    answers: dict[str, bool] | None = None, decoys: dict[str, str] | None = None,
) -> CaseReport:  # fmt: skip
    return score_cases(rows, advice, rulings, answers or {}, decoys or {})


def bank(order: str, earlier: str) -> Complaint:
    return complaint(order, channel=Channel.BANK, cause="friendly_fraud", earlier=earlier, opens="")


def test_a_bank_s_disputes_are_told_right_only_if_all_that_qualify_and_none_that_misses_by_a_day_does() -> None:
    rows = [bank("a", "answer"), bank("b", "a_day_too_young"), bank("c", "another_device")]
    right = scored(rows, answers={"a": True, "b": False, "c": False}).earlier
    assert right.exact and (right.answerable, right.nearly, right.wrong) == (1, 2, {})
    wrong = scored(rows, answers={"a": True, "b": True, "c": False}).earlier
    assert not wrong.exact and wrong.nearly_told == 1 and wrong.wrong == {"a_day_too_young": 1}


def test_a_dispute_that_the_product_never_heard_of_is_not_told_right() -> None:
    earlier = scored([bank("a", "answer"), bank("b", "only_one")], answers={"a": True}).earlier
    assert (earlier.unheard, earlier.nearly, earlier.nearly_told, earlier.exact) == (1, 1, 0, False)


def test_what_the_advice_spoke_of_is_recall_and_what_else_its_rules_spoke_of_is_precision() -> None:
    rows = [complaint("a"), complaint("b", incident=1), complaint("c", Fault.SELLER, cause="honest_complaints")]
    advice = (Advised("a", ("ring",)), Advised("b", ()), Advised("c", ("ring",)), Advised("d", ()))
    report = scored(rows, advice=advice, decoys={"c": "honest_complaints"})
    (ring,) = report.abuse
    assert (ring.cause, ring.noticed, ring.complaints, ring.recall, ring.precision) == ("refund_ring", 1, 2, 0.5, 0.5)
    assert (ring.incidents, ring.incidents_noticed) == (2, 1)
    assert (report.honest, report.honest_accused, report.accused_by_decoy) == (2, 1, {"honest_complaints": 1})
    assert report.false_accusation_rate == 0.5


def test_an_abuser_who_gets_nothing_saves_the_shop_and_one_who_is_paid_costs_it() -> None:
    rows = [complaint("a"), complaint("b")]
    report = scored(rows, rulings=(ruling("a", 0), ruling("b", 10_000, by_seller=True)))
    assert (report.saved_minor, report.lost_minor) == (10_000, 10_000)
    assert (report.abuse[0].judged, report.abuse[0].judged_right) == (2, 1)


def test_worn_goods_are_judged_right_when_the_use_is_taken_off() -> None:
    rows = [complaint(name, channel=Channel.RETURN, cause="wardrobing", opens="") for name in ("a", "b", "c")]
    found = (
        ruling("a", 7_000, kind="return", by_seller=True),
        ruling("b", 10_000, kind="return", by_seller=True),
        ruling("c", 10_000, kind="return", by_seller=True, judged=False),  # the shop did not look
    )
    (worn,) = scored(rows, rulings=found).abuse
    assert (worn.judged, worn.judged_right, worn.saved_minor, worn.lost_minor) == (2, 1, 3_000, 27_000)


def test_an_honest_buyer_is_judged_right_when_the_shop_pays() -> None:
    rows = [complaint("a", Fault.SELLER, cause="honest_complaints"), complaint("b", Fault.SELLER, cause="label_only")]
    report = scored(rows, rulings=(ruling("a", 6_000, by_seller=True, counts=True), ruling("b", 0)))
    assert (report.honest_judged, report.honest_judged_right) == (2, 1)


def test_a_strike_counts_against_nobody() -> None:
    rows = [complaint(name, Fault.CARRIER, cause="customs_strike", opens="not_received") for name in ("a", "b")]
    found = (ruling("a", 0, paused=True), ruling("b", 10_000, by_seller=True, counts=True, missed=1, paused=True))
    strike = scored(rows, rulings=found).strike
    assert (strike.disputes, strike.paused, strike.counted, strike.missed) == (2, 2, 1, 1)
    assert strike.lost_minor == 10_000


def test_open_cases_are_told_by_whose_turn_it_is_and_times_are_those_of_disputes() -> None:
    found = (ruling("a", None, turn="seller"), ruling("b", None, turn="staff"), ruling("c", 0, kind="return"))
    report = scored([complaint("a")], rulings=found)
    assert report.waiting == {"seller": 1, "staff": 1}
    assert (report.median_h_to_action, report.median_h_to_decision) == (1.0, 2.0)
    assert json.loads(json.dumps(report.as_json()))["earlier"]["exact"] is True


def test_complaints_are_written_and_read_again(tmp_path: Path) -> None:
    world = generate(Parameters(seed=5, orders=600))
    file = tmp_path / "complaints.jsonl"
    assert write_complaints(world.complaints, file) == len(world.complaints) > 30
    assert read_complaints(file) == world.complaints
    file.write_text(file.read_text().splitlines()[0] + '\n{"order_id": "x"}\n')
    with pytest.raises(ValueError, match=r"complaints.jsonl, line 2: not a complaint"):
        read_complaints(file)


def test_a_complaint_is_no_part_of_the_events_and_lies_within_the_history() -> None:
    world = generate(Parameters(seed=5, orders=600))
    assert all(world.start.isoformat()[:10] <= row.at[:10] < "2026-11-24" for row in world.complaints)
    placed = {event["data"]["order"] for event in world.events if event["type"] == "order.placed"}
    assert {row.order_id for row in world.complaints} <= placed
