"""Coverage, a return and a bank's dispute about one order: whatever comes first, the seller is made whole once."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from tests.kernel.builders import person, usd
from tests.protections.returns.market import SAYS, SELLER, Market, open_claims, refunds, returned, state
from tests.protections.returns.test_return_stories import BRICK, PHONE, contested, seller_money
from tests.protections.transactions.shop import balances, events_posted, holds, key_of, position

from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.claims import actions as claims
from safeconduct.kernel.claims.models import Refund
from safeconduct.kernel.claims.whole import made_whole
from safeconduct.kernel.ledger import actions as ledger
from safeconduct.kernel.ledger.entries import Entry
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.scope import engine_scope, staff_scope
from safeconduct.protections.returns import reimbursing
from safeconduct.protections.returns.models import Reimbursement
from safeconduct.protections.returns.words import Claimed

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
    assert given() == SOLD  # coverage adds nothing: what the bank took is the refund that the fund bears
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


def gives_back(market: Market, *, day: float) -> None:
    market.tell("dispute.closed", "ord-1", day=day, dispute="dp-ord-1", outcome="won", amount=usd(100))


def test_a_bank_gives_back_what_the_fund_had_paid_for_and_the_refund_is_due_after_all() -> None:
    market = paid_by_the_fund()
    loses(market, day=21)
    gives_back(market, day=40)
    # The sale is the seller's again, and so is what the fund gave: the buyer is to get the refund out of it.
    assert refunds() == [(100, "paid_by_bank"), (100, "requested")]
    assert balances()["on_hold"] == 92 and holds() == [("refund_running", 92)]
    assert market.pays_out_refunds(day=41) == 100
    assert (given(), seller_money(), open_claims()) == (SOLD, SOLD, 0)


def test_what_the_fund_paid_for_a_refund_that_never_went_out_goes_back_to_it() -> None:
    market = paid_by_the_fund()
    with engine_scope():
        claims.fail_refund([Refund.objects.get(state="requested").id], SELLER, at=market.now)
    market.tell("order.changed", "ord-1", day=22)
    assert (given(), seller_money()) == (0, SOLD)
    assert events_posted()[-1] == "reimbursement_taken_back"
    # The shop sends it all the same: then it is lost after all, and the fund bears it as it was decided.
    market.tell("refund.created", "ord-1", day=23, amount=usd(100))
    assert (given(), seller_money()) == (SOLD, SOLD)


def test_coverage_paid_first_and_when_the_bank_gives_that_back_the_fund_bears_the_return() -> None:
    market = Market()
    market.sent(**PHONE)
    market.wants_back()
    loses(market, day=8)
    market.comes_back(day=18, **BRICK)
    contested(market)
    market.passes(20.5)
    assert refunds() == [(100, "paid_by_bank")]  # what the return gives, the bank has paid already
    gives_back(market, day=40)
    assert "representment_won_after_reimbursement" in events_posted()
    assert refunds() == [(100, "paid_by_bank"), (100, "requested")]
    assert market.pays_out_refunds(day=41) == 100
    assert (given(), seller_money(), open_claims()) == (SOLD, SOLD, 0)


def test_a_claim_on_the_fund_after_a_lost_chargeback_is_not_kept_beside_what_the_bank_gives_back() -> None:
    market = Market()
    market.sold("ord-1", ship_country="US")
    market.disputed("ord-1", day=1, outcome="lost")  # not shipped, so not covered
    market.wants_back(day=8)
    market.comes_back(day=9)
    market.does("accept", day=10)
    with engine_scope():
        claim = reimbursing.file(returned().id, Claimed.ABUSE, SELLER, at=market.now)
    with staff_scope():
        claim = Reimbursement.objects.select_related("returned", "case").get(id=claim.id)
        reimbursing.decide(claim, person(), Role.ARBITER, 10_000, SAYS, at=market.now)
    assert (given(), balances()["buyer_debt_memo"]) == (SOLD, SOLD)
    gives_back(market, day=40)
    assert "buyer_debt_memo" not in balances(), "the buyer has nothing of it until the refund is sent after all"
    gives_back(market, day=40)
    market.pays_out_refunds(day=41)
    assert (given(), seller_money(), balances()["buyer_debt_memo"]) == (SOLD, SOLD, SOLD)


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
