"""Refunds, freight, comparison and rights, without a database: what may be taken off, by whom, and what law gives."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.kernel.cases.floors import Route
from safeconduct.presets import numbers
from safeconduct.protections.returns.comparing import Because, Finding, Seen, compare
from safeconduct.protections.returns.freight import payer
from safeconduct.protections.returns.refunding import Ground, Judgement, Line, NoGround, refund
from safeconduct.protections.returns.rights import Asked, refund_due, rights
from safeconduct.protections.returns.terms import TermsMalformed, all_terms, read, terms_on
from safeconduct.protections.returns.words import WHOLE, Duties, Grade, Payer, Reason, Reception

DAY = date(2026, 6, 1)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TERMS = terms_on("jd-like", DAY)
BERLIN = Route("DE", "CL")


def line(judgement: Judgement | None = None, amount: int = 10_000, reception: Reception = Reception.RECEIVED) -> Line:
    return Line("1", amount, reception, judgement)


def found(grade: Grade, take_off: int = 0, late: int = 0, by: str = "usr_ana", *evidence: str) -> Judgement:
    return Judgement(grade, by, evidence or ("evd_scale",), take_off, late)


# -- refunds ----------------------------------------------------------------------------------------------------------


def test_who_does_not_look_finds_nothing_wrong() -> None:
    assert refund([line()], TERMS, statutory=True, in_window=True).amount_minor == 10_000


def test_a_box_that_was_opened_and_tried_comes_back_whole() -> None:
    assert refund([line(found(Grade.OPENED_COMPLETE))], TERMS, statutory=True, in_window=True).amount_minor == 10_000


def test_a_brick_in_the_box_gives_nothing_back_and_says_who_found_it() -> None:
    given_back = refund([line(found(Grade.DIFFERENT_OR_EMPTY))], TERMS, statutory=True, in_window=True)
    assert given_back.amount_minor == 0
    (one,) = given_back.reductions
    assert (one.ground, one.amount_minor, one.by, one.evidence) == (
        Ground.DIFFERENT, 10_000, "usr_ana", ("evd_scale",),
    )  # fmt: skip


def test_use_takes_off_half_at_most() -> None:
    worn = found(Grade.USED_OR_DAMAGED_BY_BUYER, 5_000)
    assert refund([line(worn)], TERMS, statutory=True, in_window=True).amount_minor == 5_000
    with pytest.raises(NoGround, match="5001 is more than grade C allows of this line, which is 5000"):
        refund([line(found(Grade.USED_OR_DAMAGED_BY_BUYER, 5_001))], TERMS, statutory=True, in_window=True)


def test_lateness_counts_only_where_neither_law_nor_the_window_allows_the_return() -> None:
    late = [line(found(Grade.SELLABLE_AS_NEW, late=2_000))]
    assert refund(late, TERMS, statutory=False, in_window=False).amount_minor == 8_000
    for statutory, in_window in ((True, False), (False, True)):
        with pytest.raises(NoGround, match="is not late"):
            refund(late, TERMS, statutory=statutory, in_window=in_window)


def test_without_a_person_or_evidence_nothing_is_taken_off() -> None:
    for judgement, field in (
        (Judgement(Grade.DIFFERENT_OR_EMPTY, "", ("evd_scale",)), "by"),
        (Judgement(Grade.PARTS_MISSING, "usr_ana", (), 100), "evidence"),
    ):
        with pytest.raises(NoGround) as refused:
            refund([line(judgement)], TERMS, statutory=False, in_window=True)
        assert refused.value.field == field


def test_a_line_that_never_set_out_is_no_part_of_the_refund() -> None:
    back = refund([line(), line(amount=700, reception=Reception.NOT_SENT)], TERMS, statutory=True, in_window=True)
    assert (back.amount_minor, back.whole_minor) == (10_000, 10_000)


_judgements = st.none() | st.builds(
    Judgement, st.sampled_from(Grade), st.sampled_from(["", "usr_ana"]),
    st.sampled_from([(), ("evd_scale",)]), st.just(0) | st.integers(-5, 6_000), st.just(0) | st.integers(-5, 2_000),
)  # fmt: skip
_lines = st.lists(
    st.builds(Line, st.just("1"), st.integers(0, 20_000), st.sampled_from(Reception), _judgements), min_size=1, max_size=4
)  # fmt: skip


@settings(max_examples=400)
@given(_lines, st.booleans(), st.booleans())
def test_no_refund_is_ever_less_without_evidence_of_this_parcel_and_a_named_person(
    lines: list[Line], statutory: bool, in_window: bool
) -> None:  # fmt: skip
    try:
        got = refund(lines, TERMS, statutory=statutory, in_window=in_window)
    except NoGround:
        return
    assert 0 <= got.amount_minor <= got.whole_minor
    assert got.amount_minor == got.whole_minor - sum(one.amount_minor for one in got.reductions)
    assert all(one.amount_minor > 0 and one.by and one.evidence for one in got.reductions)
    if statutory:
        assert all(one.ground is not Ground.LATE for one in got.reductions)
    if all(one.judgement is None or one.judgement.grade in WHOLE for one in lines) and (statutory or in_window):
        assert not got.reductions


# -- freight ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "grade", "duties", "who"),
    [
        (Reason.NO_REASON, None, None, Payer.BUYER),
        (Reason.NO_REASON, Grade.DEFECTIVE_OR_DAMAGED_IN_TRANSIT, None, Payer.SELLER),
        (Reason.DEFECTIVE, None, None, Payer.SELLER),
        (Reason.DEFECTIVE, Grade.DIFFERENT_OR_EMPTY, None, Payer.BUYER),
        (Reason.WRONG_ITEM, Grade.SELLABLE_AS_NEW, None, Payer.SELLER),
        (Reason.DAMAGED_IN_TRANSIT, None, None, Payer.CARRIER),
        (Reason.CUSTOMS_REFUSED, None, Duties.PAID, Payer.SELLER),
        (Reason.CUSTOMS_REFUSED, None, Duties.UNPAID, Payer.BUYER),
        (Reason.CUSTOMS_REFUSED, None, None, Payer.SELLER),
    ],
)
def test_who_pays_for_the_way_back(reason: Reason, grade: Grade | None, duties: Duties | None, who: Payer) -> None:
    assert payer(reason, grade=grade, duties=duties) is who


# -- comparison -------------------------------------------------------------------------------------------------------


def test_the_weight_may_be_off_by_the_packaging() -> None:
    weight, _, _ = compare(Seen(weight_g=1_300), Seen(weight_g=1_200), TERMS)
    assert (weight.finding, weight.because, weight.facts["allowed_g"]) == (Finding.SAME, Because.WITHIN, 130)
    weight, _, _ = compare(Seen(weight_g=1_300), Seen(weight_g=1_000), TERMS)
    assert (weight.finding, weight.because, weight.facts["off_g"]) == (Finding.DIFFERENT, Because.LIGHTER, 300)
    weight, _, _ = compare(Seen(weight_g=40), Seen(weight_g=85), TERMS)
    assert weight.finding is Finding.SAME  # 50 grams are always allowed


def test_of_a_part_the_weight_says_nothing() -> None:
    weight, _, _ = compare(Seen(weight_g=1_300), Seen(weight_g=300), TERMS, whole=False)
    assert (weight.finding, weight.because) == (Finding.UNKNOWN, Because.PART_ONLY)


def test_a_serial_number_is_the_same_however_it_is_written() -> None:
    _, serial, _ = compare(Seen(serial="SN-12 ab"), Seen(serial="sn12AB"), TERMS)
    assert serial.finding is Finding.SAME
    _, serial, _ = compare(Seen(serial="SN-12"), Seen(serial="SN-13"), TERMS)
    assert (serial.finding, serial.left, serial.back) == (Finding.DIFFERENT, "SN-12", "SN-13")


def test_a_copied_picture_is_noticed_and_another_picture_proves_nothing() -> None:
    picture = "f" * 64
    _, _, photo = compare(Seen(photo_hash=picture), Seen(photo_hash=picture), TERMS)
    assert (photo.finding, photo.because) == (Finding.DIFFERENT, Because.COPY)
    _, _, photo = compare(Seen(photo_hash=picture), Seen(photo_hash="0" * 64), TERMS)
    assert (photo.finding, photo.because) == (Finding.UNKNOWN, Because.OTHER_PICTURE)


@given(
    st.builds(Seen, st.none() | st.integers(0, 10**6), st.text(max_size=9), st.text("0f", max_size=64)),
    st.builds(Seen, st.none() | st.integers(0, 10**6), st.text(max_size=9), st.text("0f", max_size=64)),
)
def test_comparing_always_answers_and_never_calls_what_is_missing_a_difference(left: Seen, back: Seen) -> None:
    lines = compare(left, back, TERMS)
    assert len(lines) == 3
    if back == Seen():
        assert Finding.DIFFERENT not in {line.finding for line in lines}


# -- rights -----------------------------------------------------------------------------------------------------------


def asked(route: Route = BERLIN, *, after_days: float = 3, zone: str = "Europe/Berlin") -> Asked:
    return Asked(route, zone, NOON, NOON + timedelta(days=after_days))


def test_a_buyer_in_the_union_may_withdraw_for_fourteen_days() -> None:
    assert rights(asked(after_days=14)).statutory
    assert not rights(asked(after_days=15.5)).statutory
    assert rights(asked()).by == ("eu-withdrawal",)


def test_a_buyer_in_china_for_seven_and_elsewhere_no_law_of_ours_says_so() -> None:
    beijing = Route("CN", "JP")
    assert rights(asked(beijing, after_days=6, zone="Asia/Shanghai")).statutory
    assert not rights(asked(beijing, after_days=9, zone="Asia/Shanghai")).statutory
    assert not rights(asked(Route("CL", "JP"))).statutory


def test_what_was_not_told_to_be_delivered_can_still_be_withdrawn() -> None:
    right = rights(Asked(BERLIN, "UTC", None, NOON))
    assert (right.statutory, right.until) == (True, None)


def test_the_money_waits_for_goods_or_proof_of_sending_and_for_nothing_else() -> None:
    early = asked(after_days=1)
    assert refund_due(early, sent_at=None, received_at=None) is None
    due = refund_due(early, sent_at=NOON + timedelta(days=3), received_at=None)
    assert due == datetime(2026, 6, 16, 21, 59, 59, tzinfo=UTC)  # 14 days from the withdrawal, in Berlin
    late = NOON + timedelta(days=20)
    assert refund_due(early, sent_at=late, received_at=None) == late


def test_in_china_the_money_is_due_seven_days_after_the_goods_are_back() -> None:
    beijing = Asked(Route("CN", "JP"), "Asia/Shanghai", NOON, NOON)
    assert refund_due(beijing, sent_at=NOON, received_at=None) is None
    due = refund_due(beijing, sent_at=NOON, received_at=NOON + timedelta(days=2))
    assert due == datetime(2026, 6, 10, 15, 59, 59, tzinfo=UTC)


# -- terms ------------------------------------------------------------------------------------------------------------


def test_every_preset_of_the_marketplace_has_terms_for_returns() -> None:
    assert set(all_terms()) >= set(numbers.names())
    assert terms_on("eu-fair", date(1999, 1, 1)).window_days == 14
    assert TERMS.written_rule_most["CNY"] == 15_000
    with pytest.raises(TermsMalformed, match="has no terms for returns"):
        terms_on("nowhere", DAY)


def test_a_number_without_a_source_is_refused() -> None:
    with pytest.raises(TermsMalformed, match="window: needs a source"):
        read("x:\n  - valid_from: 2020-01-01\n    window: {days: 7}\n")
