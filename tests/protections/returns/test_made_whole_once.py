"""Coverage, a return and a bank's dispute about one order: whatever comes first, the seller is made whole once."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from tests.kernel.builders import usd
from tests.protections.returns.market import Market, refunds, state
from tests.protections.returns.test_return_stories import BRICK, PHONE, contested, seller_money
from tests.protections.transactions.shop import key_of, position

from safeconduct.kernel.claims.whole import made_whole
from safeconduct.kernel.ledger import actions as ledger
from safeconduct.kernel.ledger.entries import Entry
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.scope import engine_scope

pytestmark = pytest.mark.usefixtures("empty_database")
SOLD = 91.7  # what a sale of 100 brings: less 8 of commission and 0.30 for protection


def paid_by_the_fund() -> Market:
    """A return that a person had not judged when law wanted the money: the fund has made the seller whole."""
    market = Market()
    market.sent(**PHONE)
    market.wants_back()
    market.comes_back(day=18, **BRICK)
    contested(market)
    market.passes(20.5)
    assert state() == "final"
    return market


def loses(market: Market, *, day: float) -> None:
    market.disputed("ord-1", day=day, outcome="lost")
    assert position("ord-1") == ("paid", "")


def given() -> float:
    with engine_scope():
        return made_whole([key_of("ord-1")]).get((key_of("ord-1"), "USD"), 0) / 100


def test_the_fund_paid_for_the_return_and_the_bank_then_took_the_money_instead() -> None:
    market = paid_by_the_fund()
    loses(market, day=21)
    assert refunds() == [(100, "paid_by_bank")]  # the buyer has it once, from the bank
    assert given() == 92  # with the 0.30 that a refund would have given back, and a bank's debit does not
    assert seller_money() == SOLD
    market.wait(60)
    assert seller_money() == SOLD


def test_coverage_paid_for_the_banks_dispute_and_the_fund_then_paid_for_the_return() -> None:
    market = Market()
    market.sent(**PHONE)
    market.wants_back()
    loses(market, day=8)
    before = given()
    market.comes_back(day=18, **BRICK)
    contested(market)
    market.passes(20.5)
    assert (state(), given()) == ("final", before)
    assert seller_money() == pytest.approx(before - 0.3)


def test_a_bank_that_takes_what_was_refunded_is_a_recovery_and_no_second_payment() -> None:
    market = paid_by_the_fund()
    market.pays_out_refunds(day=21)  # the buyer has it from the shop, and then from the bank
    market.disputed("ord-1", day=22, outcome="lost")
    assert position("ord-1") == ("denied", "refunded")
    assert given() == SOLD


def test_the_database_refuses_to_make_a_seller_whole_twice() -> None:
    market = paid_by_the_fund()
    with pytest.raises(IntegrityError, match="would be made whole twice"), engine_scope():
        seller = Seller.objects.get().key
        ledger.post(
            [
                Entry(
                    "protection_reimbursement", "by-hand/1", market.now, "USD", seller, key_of("ord-1"),
                    {"amount": usd(100)["minor"]}, "once more",
                )
            ]
        )  # fmt: skip
