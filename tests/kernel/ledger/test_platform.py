"""What the staff read of the ledger is what the postings say."""

from __future__ import annotations

from datetime import date

from tests.kernel.ledger.money import ORDER, SELLER, START, days, entry, held, posted, request, sold

from safeconduct.kernel.ledger import platform
from safeconduct.kernel.ledger.actions import pay_out
from safeconduct.kernel.ledger.checkpoints import roll_up
from safeconduct.kernel.scope import engine_scope, query, staff_scope


def test_the_funds_movements_are_its_postings_page_by_page_and_month_by_month() -> None:
    posted(entry("fund_paid_in", amount=500, seller_key=None, order_key=None, memo="first money of the fund"))
    posted(entry("capture", sale=100, fee=8, protection_fee=2, at=days(40)))
    posted(entry("protection_reimbursement", amount=30, at=days(41)))
    with staff_scope():
        first = platform.fund_movements("USD", size=2)
        rest = platform.fund_movements("USD", after=first.next, size=2)
        months = platform.fund_by_month(START)
        later = platform.fund_by_month(days(40))
        row = query("SELECT sum(p.amount_minor)::bigint FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
                    " WHERE a.kind = 'protection_fund'").fetchone()  # fmt: skip
    lines = (*first.items, *rest.items)
    assert [(line.event, line.amount_minor) for line in lines] == [
        ("protection_reimbursement", -3_000), ("capture", 200), ("fund_paid_in", 50_000),
    ]  # fmt: skip
    assert rest.next == ""
    assert row == (sum(line.amount_minor for line in lines),)
    assert [(m.month, m.event, m.amount_minor) for m in months] == [
        (date(2026, 6, 1), "fund_paid_in", 50_000),
        (date(2026, 7, 1), "capture", 200),
        (date(2026, 7, 1), "protection_reimbursement", -3_000),
    ]

    assert later == months[1:]


def test_the_funds_months_are_the_same_before_during_and_after_their_sums_are_rolled_up() -> None:
    posted(entry("capture", sale=100, fee=8, protection_fee=2), entry("protection_fee", fee=1, at=days(1)))
    before = _months()
    for _ in range(3):
        with engine_scope():
            roll_up()
        assert _months() == before
    with engine_scope():
        assert query("SELECT count(*), sum(legs) FROM ledger_month").fetchone() == (2, 2)
    posted(entry("protection_fee", fee=1, at=days(2)), entry("protection_reimbursement", amount=30, at=days(41)))
    after = _months()
    assert [(m.month.month, m.event, m.legs, m.amount_minor) for m in after] == [
        (6, "capture", 1, 200), (6, "protection_fee", 2, 200), (7, "protection_reimbursement", 1, -3_000),
    ]  # fmt: skip
    for _ in range(3):
        with engine_scope():
            roll_up()
        assert _months() == after


def _months() -> list[platform.FundMonth]:
    with staff_scope():
        return platform.fund_by_month(START)


def test_open_holds_are_listed_oldest_first_and_summed_by_reason() -> None:
    sold()
    sold(seller_key=8, order_key=80)
    held(request(50, at=days(2)), request(20, at=days(1), reason="order_under_review", released_by="review_ends"))
    held(request(40, seller_key=8, order_key=80, at=days(3)))
    with staff_scope():
        first = platform.open_holds(size=2)
        rest = platform.open_holds(after=first.next, size=2)
        one = platform.open_holds(reason="order_under_review")
        sums = {(line.reason, line.holds, line.held_minor, line.oldest_at) for line in platform.held_for()}
        of_order = platform.holds_of_order(80)
    assert [h.line.at for h in (*first.items, *rest.items)] == [days(1), days(2), days(3)]
    assert [h.seller_key for h in rest.items] == [8]
    assert [h.line.held_minor for h in one.items] == [2_000]
    assert sums == {("dispute_open", 2, 9_000, days(2)), ("order_under_review", 1, 2_000, days(1))}
    assert [h.held_minor for h in of_order] == [4_000]


def test_payout_runs_and_payouts_say_what_was_paid_and_made_good() -> None:
    sold()
    sold(seller_key=8, order_key=80)
    with engine_scope():
        pay_out(None, days(5), run_key="monday")
    with staff_scope():
        (run,) = platform.payout_runs(START)
        lines = platform.payouts(size=1)
        more = platform.payouts(after=lines.next)
    assert (run.run_key, run.payouts, run.amount_minor, run.returned) == ("monday", 2, 18_400, 0)
    assert {line.seller_key for line in (*lines.items, *more.items)} == {SELLER, 8}


def test_sellers_who_owe_are_listed_by_how_much() -> None:
    posted(entry("chargeback", amount=30), entry("chargeback", amount=70, seller_key=8, order_key=80))
    with staff_scope():
        first = platform.owing(size=1)
        rest = platform.owing(after=first.next)
    assert [(o.seller_key, o.owed_minor) for o in (*first.items, *rest.items)] == [(8, 7_000), (SELLER, 3_000)]
    assert ORDER


def test_a_cursor_that_somebody_typed_begins_at_the_start() -> None:
    sold()
    held(request(50))
    with staff_scope():
        for typed in ("x", "2026-01-01~", "'; DROP TABLE", "9" * 60, "--1~2", "2026-06-01T00:00:00~hld_1"):
            assert len(platform.open_holds(after=typed).items) == 1
            platform.payouts(after=typed)
            platform.owing(after=typed)
            platform.fund_movements("USD", after=typed)
