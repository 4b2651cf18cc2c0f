"""The score of cover is right: worked out by hand on small cases."""

from __future__ import annotations

import json
from dataclasses import replace

from rich.console import Console

from safeconduct.demo import Cover, Standing, covers, score_cover
from safeconduct.demo.books import Books
from safeconduct.demo.cover import Deserves
from safeconduct.demo.scoreboard import render_books, render_cover

from .conftest import Reading

MAIN = ("unauthorised_payment", "not_received")


def deserving(order: str, **changes: object) -> Cover:
    row = Cover(order, "2026-08-01T12:00:00.000000Z", 50_000, "CNY", Deserves.COVER, "", 0, {}, 0, "")
    return replace(row, **changes)  # type: ignore[arg-type]


def late(order: str, by_s: int = 3_600, **changes: object) -> Cover:
    return deserving(order, deserves=Deserves.NOTHING_LATE, missed="ship_by", missed_by_s=by_s, **changes)


def stands(order: str, state: str, reason: str = "", pays: int = 0, held_s: int = 0) -> Standing:
    return Standing(order, dict.fromkeys(MAIN, (state, reason)), pays, held_s)


def test_kept_terms_refused_and_missed_terms_covered_are_the_two_mistakes() -> None:
    truth = [deserving("a"), deserving("b"), late("c"), late("d")]
    rows = [
        stands("a", "protected"), stands("b", "void", "pickup_scan"), stands("c", "active"), stands("d", "void", "ship_by"),
    ]  # fmt: skip
    report = score_cover(truth, rows)
    assert (report.deserving, report.wrongly_void, report.wrongly_void_rate) == (2, 1, 0.5)
    assert (report.undeserving, report.wrongly_covered, report.wrongly_covered_rate) == (2, 1, 0.5)
    assert report.void_for == {"pickup_scan": 1}


def test_one_cause_refused_is_one_order_wrongly_void() -> None:
    row = Standing("a", {"unauthorised_payment": ("protected", ""), "not_received": ("denied", "address")}, 0)
    assert score_cover([deserving("a")], [row]).wrongly_void == 1


def test_what_risk_checks_stopped_or_hold_is_counted_apart() -> None:
    truth = [deserving("a", pays_minor=7_000), deserving("b", pays_minor=7_000), deserving("c")]
    rows = [stands("a", "denied", "blocked"), stands("b", "quoted", "under_review"), stands("c", "protected")]
    report = score_cover(truth, rows)
    assert (report.deserving, report.stopped, report.waiting, report.wrongly_void) == (3, 1, 1, 0)
    assert (report.owed, report.unpaid_minor) == (0, 0)


def test_time_that_the_marketplace_took_is_given_to_the_seller() -> None:
    rows = [stands("a", "protected", held_s=7_200), stands("b", "protected", held_s=1_800)]
    report = score_cover([late("a"), late("b")], rows)
    assert (report.deserving, report.wrongly_covered) == (1, 1)
    refused = score_cover([late("a")], [stands("a", "void", "ship_by", held_s=7_200)])
    assert refused.wrongly_void == 1


def test_a_wrong_address_is_not_cured_by_a_hold() -> None:
    astray = deserving("a", deserves=Deserves.NOTHING_LATE, missed="address", missed_by_s=-1)
    assert score_cover([astray], [stands("a", "protected", held_s=90_000)]).wrongly_covered == 1


def test_a_thief_with_all_terms_kept_is_told_apart_from_a_missed_term() -> None:
    thief = deserving("a", deserves=Deserves.NOTHING_CROOKED)
    lazy = deserving("b", deserves=Deserves.NOTHING_CROOKED, missed="pickup_scan", missed_by_s=9)
    report = score_cover([thief, lazy], [stands("a", "protected"), stands("b", "protected")])
    assert (report.wrongly_covered, report.of_thieves) == (2, 1)
    assert score_cover([thief], [stands("a", "void", "blocked")]).wrongly_covered == 0


def test_claims_are_paid_rightly_wrongly_too_little_or_not_at_all() -> None:
    truth = [
        deserving("a", claims={"not_received": 50_000}, pays_minor=7_000),
        deserving("b", claims={"not_received": 50_000}, pays_minor=7_000),
        deserving("c", claims={"not_received": 50_000}, pays_minor=7_000), late("d", claims={"not_received": 50_000}),
    ]  # fmt: skip
    rows = [
        stands("a", "paid", pays=7_001), stands("b", "paid", pays=5_000), stands("c", "denied", "limit_reached"),
        stands("d", "paid", pays=7_000),
    ]  # fmt: skip
    report = score_cover(truth, rows)
    assert (report.owed, report.paid_rightly, report.unpaid, report.paid_wrongly) == (3, 1, 2, 1)
    assert (report.owed_minor, report.paid_rightly_minor) == (21_000, 12_000)
    assert (report.unpaid_minor, report.paid_wrongly_minor) == (9_000, 7_000)


def test_decoys_are_scored_apart_and_a_missed_term_is_no_false_refusal() -> None:
    truth = [
        deserving("a", decoy="golden_week"), deserving("b", decoy="golden_week"), late("c", decoy="golden_week"),
        deserving("d", decoy="families"),
    ]  # fmt: skip
    rows = [
        stands("a", "claimed"), stands("b", "void", "ship_by"), stands("c", "void", "ship_by"),
        stands("d", "void", "blocked"),
    ]  # fmt: skip
    found = {row.decoy: row for row in score_cover(truth, rows).decoys}
    assert (found["golden_week"].deserving, found["golden_week"].wrongly_void) == (2, 1)
    assert (found["families"].deserving, found["families"].wrongly_void, found["families"].stopped) == (1, 0, 1)


def test_an_order_without_a_row_is_said_and_one_without_truth_is_left_out() -> None:
    report = score_cover([deserving("a")], [stands("later", "protected")])
    assert (report.orders, report.without_row, report.deserving) == (1, 1, 0)
    assert json.loads(json.dumps(report.as_json()))["wrongly_void_rate"] == 0.0


def test_covering_everything_pays_nobody_and_refusing_everything_wrongs_everybody(mall: Reading) -> None:
    truth = list(covers(mall.world))
    lax = score_cover(truth, [stands(row.order_id, "protected") for row in truth])
    strict = score_cover(truth, [stands(row.order_id, "void", "ship_by") for row in truth])
    assert (lax.wrongly_void, lax.wrongly_covered_rate) == (0, 1.0)
    assert (strict.wrongly_covered, strict.wrongly_void_rate) == (0, 1.0)
    assert lax.owed == lax.unpaid > 20 and lax.unpaid_minor == lax.owed_minor


def test_cover_and_money_are_told_in_sentences_a_person_reads() -> None:
    truth = [
        deserving("a", decoy="golden_week"), deserving("b", decoy="families"), late("c"),
        deserving("d", claims={"not_received": 50_000}, pays_minor=7_000),
    ]  # fmt: skip
    rows = [
        stands("a", "protected"), stands("b", "void", "pickup_scan"), stands("c", "protected"),
        stands("d", "paid", pays=7_000),
    ]  # fmt: skip
    books = Books(
        "CNY", captured_minor=1_234_500, payouts=7, paid_out_minor=900_000, payouts_last_month=3,
        paid_out_last_month_minor=300_000, pending_minor=200_000, available_minor=50_000, held_minor=84_500,
        holds_open=2, holds_ended=1, owed_minor=0, fund_claims=1, fund_paid_minor=50_000,
        fund_for_now_minor=20_000, balanced=True,
    )  # fmt: skip
    console = Console(width=200, color_system=None, force_terminal=False)
    with console.capture() as capture:
        render_cover(score_cover(truth, rows), console)
        render_books(books, console)
        render_books(replace(books, balanced=False), console)
    text = capture.get()
    assert "Sellers who kept every term: 3 orders; cover refused for a term to 1" in text
    assert "Refused for: pickup scan 1." in text
    assert "covered all the same 1, of which 0 where only the shop's crime speaks against it." in text
    assert "Claims the fund owes: 1 ($70); paid rightly 1 ($70), left unpaid 0 ($0), paid without owing 0 ($0)." in text
    assert "Buyers paid ¥12,345; sellers got ¥9,000 in 7 payouts, ¥3,000 of it in the last month (3)." in text
    assert "¥845 on hold for 2 open matters (1 holds have ended)" in text
    assert "The protection fund paid ¥500 for 1 orders, and ¥200 for now, until banks have decided." in text
    assert "The books balance." in text and "The books do not balance!" in text
