"""What the fund pays for now while a bank decides, and how each way ends: nobody is made whole twice, and no seller is
burdened for what was covered. A sale of 100 carries a commission of 8 and a protection fee of 0.30."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.kernel.builders import event, usd
from tests.protections.transactions.shop import (
    START,
    Shop,
    balances,
    coverage,
    events_posted,
    holds,
    key_of,
    notices,
    position,
)
from tests.protections.transactions.test_coverage_stories import in_force, jd_like

from safeconduct.kernel.claims import checking
from safeconduct.kernel.claims.whole import give, made_whole, paid_for_now
from safeconduct.kernel.events import rates
from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.ledger.entries import Entry
from safeconduct.kernel.scope import engine_scope, query, staff_scope
from safeconduct.protections.transactions.models import CoverageUsage

pytestmark = pytest.mark.usefixtures("empty_database")

SALE = {"pending": 91.7, "fee_revenue": 8, "protection_fund": 0.3, "psp_clearing": -100}
OWN_BUYER = """\
policy: order-risk
on: order.placed
in: USD
rules:
  own_shop:
    when: ip_country = 'XR'
    then: review
    because: {en: "The buyer is of the shop", es: "El comprador es de la tienda", zh: "买家属于该店铺"}
    category: links
"""


def for_now(order: str = "ord-1", currency: str = "USD") -> float:
    """What stands paid for now; and `ledger check` finds nothing."""
    with engine_scope():
        assert [answer for answer in checking.asked(START) if answer.wrong and "for now" in answer.question] == []
        return paid_for_now([key_of(order)]).get((key_of(order), currency), 0) / 100


def for_good(order: str = "ord-1") -> float:
    with engine_scope():
        return made_whole([key_of(order)]).get((key_of(order), "USD"), 0) / 100


def open_dispute(day: float = 5, **data: Any) -> Shop:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.disputed("ord-1", day=day, **data)
    return shop


def ends(shop: Shop, outcome: str, *, day: float = 12, order: str = "ord-1") -> None:
    shop.tell("dispute.closed", order, day=day, dispute=f"dp-{order}", outcome=outcome, amount=usd(100))


# -- how it ends ------------------------------------------------------------------------------------------------------


def test_a_covered_order_is_paid_at_once_and_what_the_bank_may_take_is_held() -> None:
    open_dispute()
    assert (for_now(), for_good()) == (92, 0)
    assert holds() == [("chargeback_open", 92)]
    # The seller has what the sale brought, though the bank's money is held: nothing is owed.
    assert balances() == {
        "available": 91.7, "on_hold": 92, "fee_revenue": 8, "protection_fund": -91.7, "psp_clearing": -100,
    }  # fmt: skip
    (told,) = notices("money.advanced")
    assert (told["order"], told["amount"]) == ("ord-1", {"minor": 9_200, "currency": "USD"})


def test_a_lost_case_takes_nothing_back() -> None:
    shop = open_dispute()
    ends(shop, "lost")
    assert (for_now(), for_good()) == (0, 92)
    assert balances() == {"available": 91.7, "protection_fund": -91.7}
    of_the_fund = [one for one in events_posted() if "reimbursement" in one]
    assert of_the_fund == [
        "provisional_reimbursement", "protection_reimbursement", "provisional_reimbursement_ended"
    ]  # fmt: skip
    assert not notices("money.advance_ended"), "nothing went back that the seller does not have for good"
    assert shop.pay_out(20) == 91.7


@pytest.mark.parametrize("outcome", ["won", "withdrawn"])
def test_a_case_that_the_bank_gives_up_repays_the_fund(outcome: str) -> None:
    shop = open_dispute()
    ends(shop, outcome, day=9)
    assert (for_now(), for_good()) == (0, 0)
    assert balances() == SALE
    (told,) = notices("money.advance_ended")
    assert (told["why"], told["amount"]) == ("decided", {"minor": 9_200, "currency": "USD"})


def test_what_the_seller_gives_up_is_a_loss_like_another() -> None:
    shop = open_dispute()
    ends(shop, "accepted")
    assert (for_now(), for_good()) == (0, 92)


def test_a_won_case_is_repaid_out_of_what_was_held_also_after_the_payout() -> None:
    shop = open_dispute()
    assert shop.pay_out(6, key="early") == 91.7
    ends(shop, "won", day=12)
    assert balances() == {"payout_clearing": 91.7, "fee_revenue": 8, "protection_fund": 0.3, "psp_clearing": -100}
    assert shop.pay_out(20) == 0


def test_a_case_that_is_won_after_all_and_lost_again_ends_where_the_bank_ends() -> None:
    shop = open_dispute()
    ends(shop, "lost")
    shop.tell("dispute.updated", "ord-1", day=30, dispute="dp-ord-1", outcome="won")
    assert (for_now(), for_good()) == (0, 0) and balances()["protection_fund"] == 0.3
    shop.tell("dispute.updated", "ord-1", day=40, dispute="dp-ord-1", outcome="lost")
    assert (for_now(), for_good()) == (0, 92)
    assert shop.pay_out(50) == 91.7


def test_a_case_that_is_reopened_after_it_was_won_is_held_and_paid_for_now_again() -> None:
    shop = open_dispute()
    ends(shop, "won", day=12)
    shop.tell("dispute.updated", "ord-1", day=40, dispute="dp-ord-1", stage="pre_arbitration")
    assert position("ord-1")[0] == "claimed"
    assert (for_now(), holds()) == (92, [("chargeback_open", 92)])
    ends(shop, "lost", day=60)
    assert (for_now(), for_good(), holds()) == (0, 92, [])
    assert shop.pay_out(70) == 91.7


def test_a_dispute_that_is_told_again_is_paid_once() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    opened = event(
        "dispute.opened", at=START + timedelta(days=5), order="ord-1", seller="sel-1", dispute="dp-1",
        amount=usd(100), reason="fraudulent",
    )  # fmt: skip
    shop.day = 5
    for _ in range(2):
        shop.send([opened])
    shop.tell("dispute.updated", "ord-1", day=6, dispute="dp-1")
    assert events_posted().count("provisional_reimbursement") == 1 and len(notices("money.advanced")) == 1


# -- how much ---------------------------------------------------------------------------------------------------------


def test_only_what_is_disputed_is_paid_and_it_follows_the_amount() -> None:
    shop = open_dispute(amount=50)
    assert for_now() == 46
    shop.tell("dispute.updated", "ord-1", day=6, dispute="dp-ord-1", amount=usd(25))
    assert for_now() == 23 and holds() == [("chargeback_open", 23)]
    shop.tell("dispute.updated", "ord-1", day=7, dispute="dp-ord-1", amount=usd(75))
    assert for_now() == 69


def test_two_disputes_about_one_order_come_to_no_more_than_the_order() -> None:
    shop = open_dispute(amount=75)
    shop.tell(
        "dispute.opened", "ord-1", day=6, dispute="dp-2", amount=usd(75), reason="product_not_received"
    )  # fmt: skip
    assert for_now() == 92
    ends(shop, "won", day=9)
    assert for_now() == 69
    shop.tell("dispute.closed", "ord-1", day=10, dispute="dp-2", outcome="lost", amount=usd(75))
    assert (for_now(), for_good()) == (0, 69)
    assert balances()["fee_revenue"] == 2


def test_the_limit_of_the_order_bounds_it() -> None:
    shop = Shop()
    shop.sold("ord-1", amount=400, deliver=True)
    shop.disputed("ord-1", day=5, amount=400)
    assert for_now() == 250
    ends_whole = usd(400)
    shop.tell("dispute.closed", "ord-1", day=9, dispute="dp-ord-1", outcome="lost", amount=ends_whole)
    assert (for_now(), for_good()) == (0, 250)


def test_what_is_paid_for_now_counts_against_the_limit_of_the_year() -> None:
    shop = Shop(template=None)
    in_force(jd_like(limits=("fund_year: 25000000 USD", "seller_year: 150 USD")), day=date(2026, 6, 2))
    for number, day in enumerate((2.0, 3.0, 4.0)):
        shop.sold(f"ord-{number}", day=day, deliver=True)
    for number in range(3):
        shop.disputed(f"ord-{number}", day=20 + number)
    assert [for_now(f"ord-{number}") for number in range(3)] == [92, 50, 0]
    with staff_scope():
        usage = CoverageUsage.objects.get()
    assert (usage.paid_minor, usage.claims, usage.advanced_minor) == (0, 0, 15_000)
    ends(shop, "won", day=30, order="ord-0")
    shop.tell("dispute.updated", "ord-2", day=31, dispute="dp-ord-2")
    assert [for_now(f"ord-{number}") for number in range(3)] == [0, 50, 92], "what is free again is promised anew"
    ends(shop, "lost", day=32, order="ord-1")
    with staff_scope():
        usage = CoverageUsage.objects.get()
    assert (usage.paid_minor, usage.claims, usage.advanced_minor) == (5_000, 1, 10_000)


def test_it_is_paid_in_the_currency_the_buyer_paid() -> None:
    shop = Shop()
    with engine_scope():
        rates.store([("EUR", START.date(), Decimal("1.25"), "a test")])
    euros = {"minor": 10_000, "currency": "EUR"}
    shop.tell("order.placed", "ord-1", day=0, amount=euros, address="12 Main St")
    shop.tell("order.paid", "ord-1", day=0.01, amount=euros)
    shop.ship("ord-1", day=0.5)
    shop.tell("dispute.opened", "ord-1", day=5, dispute="dp-ord-1", reason="fraudulent", amount=euros)
    assert (for_now(), for_now(currency="EUR")) == (0, 92)
    shop.tell("dispute.closed", "ord-1", day=9, dispute="dp-ord-1", outcome="lost", amount=euros)
    assert balances("EUR") == {"available": 91.7, "protection_fund": -91.7}


def test_the_processors_fee_is_no_part_of_it() -> None:
    shop = open_dispute(fee=usd(15))
    assert for_now() == 92 and balances()["dispute_fee_expense"] == -15
    ends(shop, "won", day=9)
    assert balances() == {**SALE, "psp_clearing": -85, "dispute_fee_expense": -15}


# -- who gets it ------------------------------------------------------------------------------------------------------


def test_nothing_is_paid_for_what_is_not_covered() -> None:
    shop = Shop()
    shop.sold("ord-1")  # never shipped
    shop.wait(3)
    shop.disputed("ord-1", day=5)
    assert (position("ord-1"), for_now()) == (("denied", "ship_by"), 0)
    open_ones = [one["code"] for one in notices() if one["code"].startswith("money.advance")]
    assert open_ones == []


def test_a_bank_that_only_asks_is_waited_for() -> None:
    shop = open_dispute(stage="inquiry")
    assert for_now() == 0
    shop.tell("dispute.updated", "ord-1", day=8, dispute="dp-ord-1", stage="chargeback")
    assert for_now() == 92


def test_a_complaint_that_came_before_the_bank_does_not_put_it_off() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.tell("refund.requested", "ord-1", day=4, reason="not_received", amount=usd(100))
    assert for_now() == 0
    shop.disputed("ord-1", day=5, reason="product_not_received")
    assert for_now() == 92


def test_an_order_under_review_is_paid_for_when_the_review_is_over_by_time_alone() -> None:
    shop = Shop()
    shop.sold("ord-1", ip_country="XR", deliver=True)
    shop.disputed("ord-1", day=4)
    assert for_now() == 0
    shop.wait(6.1)
    assert for_now() == 92


def test_a_seller_whose_payouts_are_stopped_gets_no_more_and_keeps_what_was_paid() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.sold("ord-2", day=4, deliver=True)
    shop.disputed("ord-1", day=8)
    with engine_scope():
        [(seller,)] = query("SELECT DISTINCT seller_key FROM coverage")
        payout_accounts.stop(seller, "account_risk", at=shop.now, until=shop.now + timedelta(hours=72))
    shop.disputed("ord-2", day=9)
    shop.tell("dispute.updated", "ord-1", day=9.1, dispute="dp-ord-1")
    assert (for_now("ord-1"), for_now("ord-2")) == (92, 0)
    shop.tell("dispute.updated", "ord-2", day=12, dispute="dp-ord-2")
    assert for_now("ord-2") == 92, "the doubt about the account is over"


def test_a_buyer_who_belongs_to_the_shop_brings_it_nothing_for_now() -> None:
    shop = Shop(policy=OWN_BUYER)
    shop.sold("ord-1", ip_country="XR", deliver=True)
    shop.wait(7)  # nobody looked: the review is over
    shop.disputed("ord-1", day=8)
    assert position("ord-1")[0] == "claimed" and coverage("ord-1").advance_minor == 10_000
    assert for_now() == 0


# -- what ends it before the bank does --------------------------------------------------------------------------------


def test_a_condition_that_turns_out_not_to_be_met_takes_it_back_and_says_why() -> None:
    shop = open_dispute()
    shop.tell(
        "shipment.delivered", "ord-1", day=7, at=2.9, parcel="dhl:ord-1", address="Elsewhere 9"
    )  # the carrier had left it there
    assert position("ord-1") == ("denied", "address")
    assert for_now() == 0 and holds() == [("chargeback_open", 92)]
    (told,) = notices("money.advance_ended")
    assert told["why"] == "not_covered"


@pytest.mark.parametrize("happened", [4, 7])
def test_a_refund_by_the_shop_ends_it_whenever_it_was_sent(happened: float) -> None:
    shop = open_dispute()
    shop.tell("refund.created", "ord-1", day=7, at=happened, amount=usd(40))
    assert for_now() == 55.2 and holds() == [("chargeback_open", 55.2)]
    shop.tell("refund.created", "ord-1", day=8, amount=usd(60))
    assert (for_now(), for_good(), holds()) == (0, 0, [])
    assert notices("money.advance_ended")[-1]["why"] in ("made_good", "not_covered")
    assert "available" not in balances() or balances()["available"] == 0


def test_a_dispute_that_the_buyer_was_refunded_for_pays_nobody_twice() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.tell("refund.created", "ord-1", day=4, amount=usd(100))
    shop.disputed("ord-1", day=5)
    assert for_now() == 0
    ends(shop, "lost")
    assert (for_now(), for_good()) == (0, 0)


def test_what_another_room_pays_takes_its_place_in_the_same_transaction() -> None:
    shop = open_dispute()
    with engine_scope():
        [(seller,)] = query("SELECT DISTINCT seller_key FROM coverage")
        entry = Entry(
            "abuse_proven", "case/other/fund", shop.now, "USD", seller, key_of("ord-1"), {"amount": 4_000}, "a return"
        )  # fmt: skip
        give([entry])
    assert (for_now(), for_good()) == (52, 40)
    shop.tell("dispute.updated", "ord-1", day=6, dispute="dp-ord-1")
    assert (for_now(), for_good()) == (92, 0), "nothing is lost yet: what was given for a loss goes back"


def test_money_that_is_no_longer_held_is_not_paid_for_twice() -> None:
    shop = open_dispute()
    shop.wait(184)
    assert holds() != []
    shop.wait(185.1)  # 180 days after it was opened
    assert holds() == [] and for_now() == 0
    assert balances() == {"available": 91.7, "fee_revenue": 8, "protection_fund": 0.3, "psp_clearing": -100}
    ends(shop, "lost", day=200)
    assert (for_now(), for_good()) == (0, 92)
    assert balances()["protection_fund"] == -91.7


def test_a_payment_that_is_told_while_the_bank_decides_is_paid_for_then() -> None:
    shop = Shop()
    shop.tell("order.placed", "ord-1", day=0, amount=usd(100), address="12 Main St")
    shop.ship("ord-1", day=0.5)
    shop.disputed("ord-1", day=1)
    assert for_now() == 0
    shop.tell("order.paid", "ord-1", day=2, at=0.5, amount=usd(100))
    assert for_now() == 92 and holds() == [("chargeback_open", 92)]


@pytest.mark.parametrize("outcomes", [("lost",), ("won",), ("won", "lost"), ("lost", "won"), ("lost", "won", "lost")])
def test_nothing_is_left_of_it_whatever_the_bank_says_last(outcomes: tuple[str, ...]) -> None:
    shop = open_dispute()
    shop.pay_out(6, key="early")
    for number, outcome in enumerate(outcomes):
        ends(shop, outcome, day=12 + number)
    shop.pay_out(30)
    assert (for_now(), for_good()) == ((0, 92) if outcomes[-1] == "lost" else (0, 0))
    of_the_sale = {"psp_clearing": -100, "fee_revenue": 8, "protection_fund": 0.3}
    left = {"protection_fund": -91.7} if outcomes[-1] == "lost" else of_the_sale
    assert balances() == {"payout_clearing": 91.7, **left}
