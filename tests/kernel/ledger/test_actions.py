"""What the ledger does with money: holds that fill up, payouts that pay once, reversals, exchanges, release dates."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.kernel.ledger.money import ORDER, SELLER, START, balances, days, entry, held, posted, request, sold

from safeconduct.kernel.ledger import actions, queries
from safeconduct.kernel.ledger.accounts import Kind
from safeconduct.kernel.ledger.actions import PayoutState, TakeFrom
from safeconduct.kernel.ledger.checking import check
from safeconduct.kernel.ledger.checkpoints import roll_up
from safeconduct.kernel.ledger.errors import EntryRefused, KeyReused, LedgerError, NoSuchThing, NotEnough
from safeconduct.kernel.ledger.exchange import exchange
from safeconduct.kernel.ledger.payouts import PayoutReturn
from safeconduct.kernel.scope import ENGINE_ACTOR, engine_scope, query, seller_scope, staff_scope


def pay_out(at: float = 0, **given: Any) -> actions.PayoutRun:
    with engine_scope():
        return actions.pay_out(given.pop("sellers", None), days(at), **given)


def release(*keys: str, at: float = 0) -> list[str]:
    with engine_scope():
        return actions.release(keys, days(at), "it is settled", ENGINE_ACTOR)


def release_due(at: float) -> int:
    with engine_scope():
        return actions.release_due(days(at))


def reverse(transaction: str, key: str = "reversal-1") -> str:
    with engine_scope():
        return actions.reverse(transaction, key, days(1), "it was booked twice")


def exchanged(amount: float, *, key: str = "fx-1", source: str = "EUR", target: str = "USD", at: float = 0) -> str:
    with engine_scope():
        return exchange(key, days(at), SELLER, None, source, target, round(amount * 100))


def rate(currency: str, day: date, value: str) -> None:
    with engine_scope():
        query(
            "INSERT INTO rate (currency, target, day, rate, source) VALUES (%s, 'USD', %s, %s, 'a central bank')",
            [currency, day, Decimal(value)],
        )


def steps(key: str) -> list[tuple[str, float]]:
    with engine_scope():
        rows = query(
            "SELECT s.verb, s.amount_minor FROM ledger_hold_step s JOIN ledger_hold h ON h.id = s.hold_id"
            " WHERE h.key = %s ORDER BY s.id",
            [key],
        ).fetchall()
    return [(verb, amount / 100) for verb, amount in rows]


def wrong() -> dict[str, tuple[str, ...]]:
    with engine_scope():
        return {answer.question: answer.wrong for answer in check() if not answer.ok}


# Holds


def test_a_hold_on_an_order_that_has_not_been_paid_for_yet_fills_up_as_the_money_comes_in() -> None:
    held(request(100, key="h", reason="order_under_review", released_by="review_ends"))
    assert balances() == {}
    posted(entry("capture", sale=60))
    assert balances() == {"psp_clearing": -60, "on_hold": 60}
    posted(entry("capture", sale=60))
    assert balances() == {"psp_clearing": -120, "on_hold": 100, "pending": 20}
    assert steps("h") == [("taken", 0), ("filled", 60), ("filled", 40)]


def test_a_hold_during_a_review_never_makes_the_seller_owe() -> None:
    sold()
    held(request(500, reason="order_under_review"))
    assert balances() == {"psp_clearing": -100, "on_hold": 92, "fee_revenue": 8}


def test_a_hold_takes_the_money_of_its_own_order_and_leaves_other_orders_pending_money_alone() -> None:
    sold(release=False, order_key=1)
    sold(release=False, order_key=2)
    held(request(150, order_key=1))
    assert balances()["pending"] == 92
    assert balances()["on_hold"] == 150
    assert balances()["seller_receivable"] == -58


def test_a_hold_may_begin_with_what_is_available() -> None:
    sold()
    posted(entry("capture", sale=50))
    held(request(60, take_from=TakeFrom.AVAILABLE))
    assert balances() == {"psp_clearing": -150, "available": 32, "pending": 50, "on_hold": 60, "fee_revenue": 8}


def test_what_was_advanced_for_a_hold_is_paid_back_when_the_hold_ends() -> None:
    sold()
    pay_out()
    held(request(92, key="h"))
    assert balances()["seller_receivable"] == -92
    assert release("h", at=1) != []
    assert balances() == {"psp_clearing": -100, "payout_clearing": 92, "fee_revenue": 8}


def test_a_refund_uses_the_sellers_own_part_of_the_hold_before_what_was_advanced() -> None:
    sold()
    posted(entry("reserve", amount=40))
    pay_out()
    held(request(92, key="h"))
    posted(entry("refund", refund=40))
    with engine_scope():
        (line,) = queries.holds(SELLER).items
        (owed,) = query("SELECT owed_minor FROM ledger_hold").fetchone() or (None,)
    assert (line.held_minor, owed) == (5200, 5200)
    release("h", at=1)
    assert "seller_receivable" not in balances()


def test_two_holds_on_one_order_are_used_oldest_first() -> None:
    sold()
    held(request(50, key="older"))
    held(request(42, key="younger", at=days(1)))
    posted(entry("refund", refund=60))
    assert steps("older") == [("taken", 50), ("used", 50)]
    assert steps("younger") == [("taken", 42), ("used", 10)]


def test_a_hold_ends_once_and_then_stays_ended() -> None:
    sold()
    held(request(92, key="h"))
    assert len(release("h")) == 1
    assert release("h") == []
    assert balances()["available"] == 92
    with pytest.raises(NoSuchThing, match="no hold"):
        release("another")


def test_the_same_hold_asked_for_twice_is_held_once() -> None:
    sold()
    one = request(30, key="h")
    assert held(one, one) == held(one) * 2
    assert balances()["on_hold"] == 30
    with pytest.raises(KeyReused):
        held(request(31, key="h"))


def test_a_whole_sellers_hold_stops_payouts_but_no_orders_refund() -> None:
    sold()
    held(request(92, order_key=None, reason="account_security", released_by="identity_confirmed"))
    posted(entry("refund", refund=10))
    assert balances()["on_hold"] == 92
    assert balances()["seller_receivable"] == -10


# Release dates


def test_a_hold_ends_on_its_date_and_not_before() -> None:
    sold()
    held(request(92, key="h", release_at=days(5)))
    assert release_due(4.9) == 0
    assert release_due(5) == 1
    assert release_due(6) == 0
    assert balances()["available"] == 92
    assert steps("h")[-1] == ("released", 92)


def test_a_hold_can_be_extended_but_not_shortened() -> None:
    sold()
    held(request(92, key="h", release_at=days(5)))
    with engine_scope():
        actions.extend(["h"], days(9), days(4), "the carrier has not answered", ENGINE_ACTOR)
        with pytest.raises(EntryRefused, match="release_at"):
            actions.extend(["h"], days(8), days(4), "", ENGINE_ACTOR)
        assert actions.release_due(days(8)) == 0
        assert actions.release_due(days(9)) == 1
    assert [verb for verb, _ in steps("h")] == ["taken", "extended", "released"]


def test_pending_money_waits_for_a_date_and_the_date_can_move() -> None:
    sold(release=False)
    assert release_due(400) == 0  # no date is known yet
    with engine_scope():
        assert actions.reschedule([ORDER], days(7)) == 1
        assert actions.reschedule([ORDER], days(7)) == 0
        assert actions.release_due(days(6)) == 0
        assert queries.balances(SELLER)["USD"].next_release_at == days(7)
        assert actions.release_due(days(7)) == 1
    assert balances()["available"] == 92


def test_a_hold_that_outlasts_its_orders_date_gives_back_available_money() -> None:
    sold(release=False, available_at=days(7))
    held(request(50, key="h"))
    assert release_due(7) == 1
    assert balances() == {"psp_clearing": -100, "available": 42, "on_hold": 50, "fee_revenue": 8}
    release("h", at=10)
    assert balances()["available"] == 92


def test_a_hold_that_ends_before_its_orders_date_gives_back_pending_money() -> None:
    sold(release=False, available_at=days(7))
    held(request(50, key="h"))
    release("h", at=3)
    assert balances()["pending"] == 92
    assert release_due(7) == 1
    assert balances()["available"] == 92


# Payouts, and what is owed


def test_a_payout_never_pays_what_is_held_pending_reserved_or_deposited() -> None:
    sold()
    sold(release=False, order_key=71)
    posted(entry("deposit_paid", amount=50), entry("reserve", amount=10))
    held(request(20))
    (outcome,) = pay_out().outcomes
    assert outcome.amount_minor == 6200
    left = balances()
    assert (left["on_hold"], left["pending"], left["reserve"], left["deposits"]) == (20, 92, 10, 50)


def test_the_same_run_pays_once_and_says_again_what_it_paid() -> None:
    sold()
    first = pay_out(run_key="2026-06-01")
    sold(order_key=71)
    assert pay_out(1, run_key="2026-06-01").outcomes == first.outcomes
    assert balances()["available"] == 92
    assert pay_out(2, run_key="2026-06-02").outcomes[0].amount_minor == 9200
    assert balances()["payout_clearing"] == 184


def test_what_is_owed_is_made_good_before_anything_is_paid() -> None:
    posted(entry("fine", amount=20, memo="2 × 10"))
    sold()
    (outcome,) = pay_out().outcomes
    assert (outcome.state, outcome.amount_minor, outcome.made_good_minor) == (PayoutState.PAID, 7200, 2000)
    assert balances() == {"psp_clearing": -100, "payout_clearing": 72, "fee_revenue": 8, "fine_revenue": 20}


def test_a_seller_who_owes_more_than_came_in_is_paid_nothing() -> None:
    posted(entry("fine", amount=200, memo="20 × 10"))
    sold()
    (outcome,) = pay_out().outcomes
    assert (outcome.state, outcome.amount_minor, outcome.made_good_minor) == (PayoutState.MADE_GOOD, 0, 9200)
    assert balances()["seller_receivable"] == -108


def test_a_debt_is_made_good_from_what_is_available_then_from_the_reserve_and_the_deposit_last() -> None:
    posted(entry("deposit_paid", amount=50))
    sold()
    posted(entry("reserve", amount=40))
    pay_out()
    posted(entry("capture", sale=30), entry("release", amount=30))
    held(request(70, key="h"))  # 30 available, 40 of the reserve
    posted(entry("fine", amount=90, memo="9 × 10"))
    release("h")
    posted(entry("debt_made_good", amount=70))
    assert balances().get("available", 0) == balances().get("reserve", 0) == 0
    assert balances()["seller_receivable"] == -20
    with pytest.raises(NotEnough):
        posted(entry("debt_made_good", amount=1))
    posted(entry("deposit_drawn", amount=20))
    assert balances()["deposits"] == 30


def test_nobody_pays_back_more_than_is_owed_and_what_is_paid_in_beyond_it_becomes_available() -> None:
    posted(entry("fine", amount=20, memo="2 × 10"))
    with pytest.raises(NotEnough):
        posted(entry("debt_written_off", amount=21))
    posted(entry("debt_paid_in", amount=25))
    assert balances() == {"fine_revenue": 20, "bank_clearing": -25, "available": 5}


def test_small_amounts_wait_for_the_minimum_of_their_currency() -> None:
    sold()
    sold(currency="EUR")
    run = pay_out(minimums={"USD": 10_000})
    assert [(o.currency, o.state) for o in run.outcomes] == [
        ("EUR", PayoutState.PAID), ("USD", PayoutState.BELOW_MINIMUM),
    ]  # fmt: skip
    assert balances()["available"] == 92


def test_a_run_over_many_sellers_goes_page_by_page_and_reaches_everyone_once() -> None:
    for seller in (1, 2, 3):
        sold(seller_key=seller, order_key=seller)
    paid, after = [], None
    while True:
        run = pay_out(run_key="r", after=after, limit=2)
        paid += [o.seller_key for o in run.outcomes if o.state is PayoutState.PAID]
        after = run.next_after
        if after is None:
            break
    assert paid == [1, 2, 3]


def test_a_returned_payout_is_available_again_once() -> None:
    sold()
    (outcome,) = pay_out().outcomes
    returned = [PayoutReturn(outcome.payout_id, "account closed")]
    with engine_scope():
        assert actions.payout_returned(returned, days(2)) == [outcome.payout_id]
        assert actions.payout_returned(returned, days(3)) == []
        with pytest.raises(NoSuchThing, match="payout"):
            actions.payout_returned([PayoutReturn("pay_none", "")], days(3))
    assert balances() == {"psp_clearing": -100, "available": 92, "fee_revenue": 8}
    assert wrong() == {}


def test_a_payout_leaves_the_bank_when_the_bank_says_so() -> None:
    sold()
    pay_out()
    posted(entry("payout_settled", amount=92, seller_key=None, order_key=None))
    posted(entry("processor_settled", amount=100, seller_key=None, order_key=None))
    assert balances() == {"bank_clearing": -8, "fee_revenue": 8}


def test_a_seller_who_leaves_takes_reserve_and_deposit_along() -> None:
    posted(entry("deposit_paid", amount=50))
    sold()
    posted(entry("reserve", amount=20))
    posted(entry("reserve_released", amount=20), entry("deposit_returned", amount=50))
    assert pay_out().outcomes[0].amount_minor == 14_200
    with engine_scope():
        left = queries.balances(SELLER)["USD"]
    assert left == queries.Balance("USD")


# Postings beside the table's usual chain


def test_a_provisional_payment_is_marked_and_can_be_taken_back() -> None:
    posted(entry("provisional_reimbursement", amount=92))
    with seller_scope(SELLER):
        (line,) = queries.movements(SELLER).items
    assert line.provisional
    posted(entry("reimbursement_taken_back", amount=92))
    assert balances() == {}


def test_the_fund_refunds_a_buyer_and_the_seller_bears_nothing() -> None:
    sold()
    posted(entry("refund_by_fund", refund=100, seller_key=None))
    assert balances() == {"available": 92, "fee_revenue": 8, "protection_fund": -100}


def test_what_a_refund_cost_at_another_rate_is_gain_or_loss_of_the_platform_with_the_rates_named() -> None:
    with pytest.raises(EntryRefused, match="memo"):
        posted(entry("fx_loss", amount=3, seller_key=None))
    memo = "EUR 1.08 (2026-06-01), EUR 1.11 (2026-06-20), a central bank"
    posted(
        entry("fx_loss", amount=3, seller_key=None, memo=memo), entry("fx_gain", amount=1, memo=memo, seller_key=None)
    )
    assert balances() == {"fx_gain_loss": -2, "psp_clearing": 2}


# Reversals


def test_a_reversal_undoes_a_transaction_once_and_edits_nothing() -> None:
    (first,) = posted(entry("capture", sale=100, fee=8))
    back = reverse(first)
    assert balances() == {}
    assert reverse(first) == back
    with pytest.raises(EntryRefused, match="already"):
        reverse(first, "reversal-2")
    with pytest.raises(EntryRefused, match="not reversed"):
        reverse(back, "reversal-3")
    with pytest.raises(NoSuchThing):
        reverse("txn_none", "reversal-4")
    with engine_scope():
        assert [m.says for m in queries.movements(SELLER).items][:1] == ["A transaction was reversed"]


def test_a_reversal_after_the_payout_leaves_the_seller_owing() -> None:
    (first,) = posted(entry("capture", sale=100, fee=8))
    posted(entry("release", amount=92))
    pay_out()
    reverse(first)
    assert balances() == {"seller_receivable": -92, "payout_clearing": 92}


def test_the_reversal_of_a_fine_pays_the_debt_and_the_rest_becomes_available() -> None:
    (fine,) = posted(entry("fine", amount=20, memo="2 × 10"))
    posted(entry("debt_paid_in", amount=15))
    reverse(fine)
    assert balances() == {"bank_clearing": -15, "available": 15}


def test_holds_and_payouts_are_not_reversed_because_their_rows_would_say_otherwise() -> None:
    sold()
    held(request(20))
    pay_out()
    with engine_scope():
        found = dict(query("SELECT event, id FROM ledger_transaction WHERE event IN ('hold', 'payout')").fetchall())
    for event in ("hold", "payout"):
        with pytest.raises(EntryRefused, match=f"{event} is not reversed"):
            reverse(found[event], f"back-{event}")


# Exchange


def test_money_is_changed_at_the_last_rate_before_the_day_and_the_memo_names_rate_day_and_source() -> None:
    rate("EUR", date(2026, 5, 29), "1.0800")
    rate("EUR", date(2026, 6, 2), "2.0000")  # not yet, on the first of June
    sold(currency="EUR")
    exchanged(50)
    assert balances("EUR") == {"psp_clearing": -100, "available": 42, "fx_gain_loss": 50, "fee_revenue": 8}
    assert balances("USD") == {"available": 54, "fx_gain_loss": -54}
    with seller_scope(SELLER):
        memo = queries.movements(SELLER, filters=queries.Filters(currency="USD")).items[0].memo
    assert memo == "EUR 1.08 (2026-05-29, a central bank); USD 1"
    assert wrong() == {}


def test_an_exchange_happens_once_and_can_be_reversed_at_its_own_rate() -> None:
    rate("EUR", date(2026, 6, 1), "1.0800")
    sold(currency="EUR")
    first = exchanged(50)
    assert exchanged(50, at=3) == first
    with pytest.raises(KeyReused):
        exchanged(51)
    rate("EUR", date(2026, 6, 2), "1.5000")
    reverse(first)
    assert balances("USD") == {}
    assert balances("EUR")["available"] == 92


def test_yen_have_no_cents_and_halves_go_to_the_even_side() -> None:
    rate("JPY", date(2026, 6, 1), "0.0080")
    posted(entry("capture", sale=100), entry("release", amount=100))
    exchanged(0.10, source="USD", target="JPY")  # 12.5 yen
    with engine_scope():
        assert queries.balances(SELLER)["JPY"].available_minor == 12


@pytest.mark.parametrize(
    ("given", "problem", "about"),
    [
        ({"source": "GBP"}, EntryRefused, "no rate of GBP"),
        ({"target": "EUR"}, EntryRefused, "the same"),
        ({"amount": 93}, NotEnough, "9300 EUR"),
    ],
)
def test_an_exchange_says_why_it_is_refused(given: dict[str, Any], problem: type[LedgerError], about: str) -> None:
    rate("EUR", date(2026, 6, 1), "1.0800")
    sold(currency="EUR")
    with pytest.raises(problem, match=about):
        exchanged(given.pop("amount", 10), **given)
    assert balances("EUR")["available"] == 92


# Retries and refusals


def test_a_retry_posts_nothing_and_another_content_under_the_same_key_is_refused() -> None:
    first = posted(entry("capture", key="k", sale=100))
    assert posted(entry("capture", key="k", sale=100, at=days(3), memo="sent again")) == first
    with pytest.raises(KeyReused):
        posted(entry("capture", key="k", sale=101))
    with pytest.raises(KeyReused):
        posted(entry("capture", key="k", sale=100, seller_key=8))
    assert balances()["pending"] == 100


def test_of_a_refused_batch_nothing_is_kept() -> None:
    with pytest.raises(NotEnough, match="9300 USD"):
        posted(entry("capture", sale=100, fee=8), entry("release", amount=93))
    assert balances() == {}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"event": "gift"}, "event"), ({"event": "hold", "amount": 1}, "event"), ({"sale": 0}, "amounts.sale"),
        ({"sale": -1}, "amounts.sale"), ({"sale": 1e17}, "amounts.sale"), ({"tip": 1}, "amounts"),
        ({"currency": "usd"}, "currency"), ({"currency": "ZZZ"}, "currency"), ({"key": "x" * 201}, "key"),
        ({"at": START.replace(tzinfo=None)}, "at"), ({"seller_key": None}, "seller_key"), ({"order_key": 0}, "order_key"),
        ({"memo": "m" * 501}, "memo"), ({"sale": 5, "fee": 8}, "amounts"),
    ],
)  # fmt: skip
def test_a_bad_entry_is_refused_by_the_name_of_its_field(given: dict[str, Any], field: str) -> None:
    whole = {"event": "capture", "sale": 100, **given}
    with pytest.raises(LedgerError) as refused:
        posted(entry(whole.pop("event"), **whole))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"reason": "mood"}, "reason"), ({"released_by": "luck"}, "released_by"), ({"amount_minor": 0}, "amount_minor"),
        ({"release_at": START}, "release_at"), ({"currency": "gold"}, "currency"), ({"key": ""}, "key"),
    ],
)  # fmt: skip
def test_a_bad_hold_is_refused_by_the_name_of_its_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(EntryRefused) as refused:
        held(request(**given))
    assert refused.value.field == field


# Reading


def test_a_seller_reads_its_own_money_and_neither_anothers_nor_the_platforms() -> None:
    sold()
    sold(seller_key=8, order_key=80)
    held(request(10, key="h"))
    with seller_scope(SELLER):
        assert queries.balances(SELLER)["USD"].available_minor == 8200
        assert queries.balances(8) == {}
        assert queries.movements(8).items == ()
        seen = query("SELECT DISTINCT seller_key FROM ledger_posting").fetchall()
        accounts = query("SELECT count(*) FROM ledger_account WHERE seller_key IS NULL").fetchone()
        (line,) = queries.holds(SELLER).items
        history = query("SELECT verb FROM ledger_hold_step WHERE hold_id = %s", [line.id]).fetchall()
    assert seen == [(SELLER,)]
    assert accounts == (0,)
    assert line.says("zh-hans") == "纠纷裁定之前，争议金额暂扣"
    assert line.release_says("de").startswith("It is released when the dispute")
    assert history == [("taken",)]


def test_lists_come_in_pages_that_miss_nothing_and_repeat_nothing() -> None:
    for order in range(1, 8):
        posted(entry("capture", sale=order, order_key=order, at=days(order // 3)))
    found, after = [], ""
    with staff_scope():
        while True:
            page = queries.movements(SELLER, after=after, size=3)
            found += [line.order_key for line in page.items]
            after = page.next
            if not after:
                break
        only = queries.movements(SELLER, filters=queries.Filters(order_key=4, since=days(1), until=days(2))).items
        assert len(queries.movements(SELLER, after="nonsense").items) == 7
        for typed in ("2026-06-01T00:00:00+00:00~hld_1", f"2026-06-01T00:00:00+00:00~{10**25}", "2026-06-01~1"):
            assert len(queries.movements(SELLER, after=typed).items) == 7
        pending = queries.movements(SELLER, filters=queries.Filters(account=Kind.PENDING)).items
        assert len(pending) == 7
        assert queries.movements(SELLER, filters=queries.Filters(account=Kind.RESERVE)).items == ()
    assert found == [7, 6, 5, 4, 3, 2, 1]
    assert [line.amount_minor for line in only] == [400]


def test_a_statements_opening_and_lines_make_its_closing() -> None:
    posted(entry("capture", sale=100, fee=8))
    posted(entry("release", amount=92, at=days(2)), entry("capture", sale=30, at=days(2)))
    posted(entry("reserve", amount=12, at=days(4)))
    with seller_scope(SELLER):
        told = queries.statement(SELLER, "USD", days(1), days(3))
    assert (told.opening["pending"], told.opening["available"]) == (9200, 0)
    assert (told.closing["pending"], told.closing["available"], told.closing["reserve"]) == (3000, 9200, 0)
    assert [line.amount_minor for line in told.lines] == [-9200, 9200, 3000]
    assert told.complete


def _rolled_up() -> bool:
    with engine_scope():
        roll_up()
    with staff_scope():
        row = query("SELECT count(*) FROM ledger_checkpoint WHERE balance_minor <> 0").fetchone()
    time.sleep(0.05)
    return row is not None and row[0] > 0


def test_the_platforms_sums_are_exact_before_during_and_after_a_roll_up() -> None:
    sold()
    held(request(20))
    for _ in range(3):
        with engine_scope():
            roll_up()
        posted(entry("protection_fee", fee=1))
        with staff_scope():
            totals = queries.totals_by_currency()["USD"]
        assert totals.platform["psp_clearing"] == -10_000
        assert sum(totals.platform.values()) + sum(totals.sellers.values()) == 0
    with staff_scope():
        exposure = queries.totals_by_currency()["USD"].exposure
        assert exposure is not None
        assert exposure.on_hold_minor == 1700
    # Transactions that are open anywhere on the server hold a roll-up back: it is done later, never wrongly.
    assert any(_rolled_up() for _ in range(100)), "nothing was ever rolled up"
    assert wrong() == {}
