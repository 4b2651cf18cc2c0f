"""The mirror of a bank's dispute: the same whatever the order in which its news arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from safeconduct.protections.transactions.chargebacks.mirror import News, Stage, Status, Told, fold

START = datetime(2026, 6, 1, tzinfo=UTC)


def news(told: Told, day: float, **data: Any) -> News:
    return News(round(day * 1000) + 1, START + timedelta(days=day), told, {"dispute": "dp_1", **data}, "stripe")


def opened(day: float = 0, **data: Any) -> News:
    given = {"network": "visa", "network_reason": "10.4", "reason": "fraudulent", "stage": "chargeback"}
    return news(Told.OPENED, day, **given | data)


def updated(day: float, outcome: str | None = None, **data: Any) -> News:
    return news(Told.UPDATED, day, outcome=outcome, **data)


def closed(day: float, outcome: str | None, **data: Any) -> News:
    return news(Told.CLOSED, day, outcome=outcome, **data)


def test_the_processors_last_day_wins_over_the_table() -> None:
    by_table = fold([opened()])
    assert (by_table.due_at, by_table.due_of_table) == (START + timedelta(days=30), True)
    told = fold([opened(due_at="2026-06-09T23:59:59Z")])
    assert (told.due_at, told.due_of_table) == (datetime(2026, 6, 9, 23, 59, 59, tzinfo=UTC), False)
    moved = fold([opened(due_at="2026-06-09T23:59:59Z"), updated(1, due_at="2026-06-12T23:59:59Z")])
    assert moved.due_at == datetime(2026, 6, 12, 23, 59, 59, tzinfo=UTC)


def test_no_day_is_made_up_for_a_code_that_nobody_knows() -> None:
    assert fold([opened(network_reason="99")]).due_at is None


def test_a_processor_that_takes_no_answer_is_believed() -> None:
    mirror = fold([opened(due_at="1970-01-01T00:00:00Z")])
    assert not mirror.answerable and mirror.due_at is None


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("won", Status.WON), ("lost", Status.LOST), ("prevented", Status.PREVENTED), ("charge_refunded", Status.LOST),
     ("resolved", Status.PREVENTED), ("reversed", Status.WON), (None, Status.WON)],
)  # fmt: skip
def test_how_it_ends(outcome: str | None, status: Status) -> None:
    mirror = fold([opened(), closed(9, outcome)])
    assert (mirror.status, mirror.closed_at) == (status, START + timedelta(days=9))


def test_an_inquiry_becomes_a_chargeback_when_the_bank_takes_the_money() -> None:
    inquiry = opened(stage="inquiry")
    assert fold([inquiry]).status is Status.WARNING_NEEDS_RESPONSE
    assert fold([inquiry, updated(1, "warning_under_review")]).status is Status.WARNING_UNDER_REVIEW
    assert fold([inquiry, closed(20, "warning_closed")]).status is Status.WARNING_CLOSED
    for word in ("funds_withdrawn", "needs_response"):
        mirror = fold([inquiry, updated(5, word)])
        assert (mirror.stage, mirror.status) == (Stage.CHARGEBACK, Status.NEEDS_RESPONSE)


def test_what_was_won_can_be_reopened() -> None:
    won = [opened(due_at="2026-06-09T00:00:00Z"), updated(3, "under_review"), closed(20, "won")]
    again = fold([*won, updated(40, "needs_response")])
    assert (again.stage, again.status, again.reopened, again.closed_at) == (
        Stage.SECOND_CHARGEBACK, Status.NEEDS_RESPONSE, 1, None,
    )  # fmt: skip
    assert again.due_at is None  # the first stage's last day says nothing about this one
    arbitration = fold([*won, updated(40, stage="pre_arbitration", due_at="2026-07-20T00:00:00Z"), closed(60, "lost")])
    assert (arbitration.stage, arbitration.status) == (Stage.PRE_ARBITRATION, Status.LOST)


def test_news_of_before_the_end_does_not_reopen_anything() -> None:
    assert fold([opened(), closed(20, "won"), updated(20.5, "funds_reinstated")]).status is Status.WON
    assert fold([opened(), closed(20, "lost"), updated(3, "under_review")]).status is Status.LOST


def test_that_the_bank_had_an_answer_is_kept_after_its_end_whenever_it_was_told() -> None:
    assert not fold([opened(), closed(20, "lost")]).reviewed
    assert fold([opened(), updated(3, "under_review"), closed(20, "lost")]).reviewed
    assert fold([opened(), closed(20, "lost"), updated(20.5, "under_review")]).reviewed  # told late, dated late
    assert fold([opened(), closed(20, "won", answered=True)]).reviewed  # history that is imported with its end
    assert not fold([opened(), closed(20, "lost", answered=False)]).reviewed


def test_an_answer_of_an_earlier_stage_is_none_of_this_one() -> None:
    first = [opened(), updated(3, "under_review", answered=True), closed(20, "won")]
    again = [*first, updated(40, "needs_response", answered=True)]
    assert fold(first).reviewed and not fold(again).reviewed  # the processor goes on counting the first answer
    assert fold([*again, updated(45, "under_review")]).reviewed
    inquiry = [opened(stage="inquiry"), updated(2, "warning_under_review")]
    assert fold(inquiry).reviewed and not fold([*inquiry, updated(5, "funds_withdrawn")]).reviewed
    refused = fold([*first, closed(40, "lost", stage="second_chargeback")])  # Adyen: the bank refused that answer
    assert refused.reviewed and refused.stage is Stage.SECOND_CHARGEBACK


def test_the_order_of_arrival_does_not_matter() -> None:
    told = [
        opened(due_at="2026-06-09T00:00:00Z"), updated(1, "funds_withdrawn"), updated(3, "under_review"),
        closed(20, "won", answered=True), updated(40, stage="second_chargeback"),
    ]  # fmt: skip
    expected = fold(told)
    assert expected.stage is Stage.SECOND_CHARGEBACK
    assert all(fold(order) == expected for order in permutations(told))


def test_an_opening_that_never_came_is_no_hindrance() -> None:
    mirror = fold([updated(3, "under_review", network_reason="13.1")])
    assert (mirror.status, mirror.opened_at) == (Status.UNDER_REVIEW, START + timedelta(days=3))
