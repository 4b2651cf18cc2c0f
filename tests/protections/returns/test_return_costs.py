"""Freight and duty of returns: the books follow who bears them, each once, and an overturned decision reverses."""

from __future__ import annotations

import psycopg
import pytest
from tests.kernel.builders import person
from tests.protections.endings import the_books_balance_and_nobody_was_paid_twice
from tests.protections.returns.market import Market, returned
from tests.protections.returns.test_return_stories import BRICK, PHONE, contested, seller_money
from tests.protections.transactions.shop import balances, key_of

from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.scope import query, staff_scope
from safeconduct.protections.returns import costs
from safeconduct.protections.returns.bearing import Place
from safeconduct.protections.returns.errors import NoSuchReturn, ReturnsError
from safeconduct.protections.returns.models import ReturnCost
from safeconduct.protections.returns.words import Cost, Duties, Grade, Payer, Reason

pytestmark = pytest.mark.usefixtures("empty_database")


def noted(market: Market, kind: Cost, amount: float, paid_by: Payer) -> None:
    with staff_scope():
        costs.note(returned().id, person(), kind, round(amount * 100), paid_by, "DHL invoice 7", at=market.now)


def paid(market: Market, kind: Cost, place: Place) -> None:
    with staff_scope():
        costs.paid(returned().id, kind, place, at=market.now)


def accepted(reason: Reason = Reason.DEFECTIVE, **fields: object) -> Market:
    """A return that the seller took as it came, whose refund the shop has sent."""
    market = asked(reason, **fields)
    market.does("accept", day=10)
    market.pays_out_refunds()
    return market


def asked(reason: Reason, **fields: object) -> Market:
    market = Market()
    market.sent(**PHONE)
    market.asks(reason=reason, **fields)
    market.comes_back(day=9, **PHONE)
    return market


def freight_posted() -> list[str]:
    """What was posted for costs, by the keys' order; a reversal with the event that it reverses."""
    with staff_scope():
        return [
            event if reverses is None else f"-{reverses}"
            for event, reverses in query(
                "SELECT t.event, r.event FROM ledger_transaction t LEFT JOIN ledger_transaction r ON r.id = t.reverses"
                " WHERE t.key LIKE 'return/%%' ORDER BY array_position(ARRAY['paid', 'borne', 'back', 'sent', 'debt'],"
                " split_part(t.key, '/', 4)), t.key COLLATE \"C\""
            )
        ]


def test_the_seller_bears_a_defect_and_the_buyer_gets_the_freight_back_once() -> None:
    market = accepted()
    before = seller_money()
    noted(market, Cost.RETURN_FREIGHT, 12, Payer.BUYER)
    noted(market, Cost.RETURN_FREIGHT, 12, Payer.BUYER)  # the same again, as a person clicks twice
    assert seller_money() == before - 12 and balances()["buyer_refund_payable"] == 12
    for _ in range(2):
        paid(market, Cost.RETURN_FREIGHT, Place.SENT)
    assert freight_posted() == ["return_freight_owed", "return_costs_sent"]
    assert seller_money() == before - 12 and "buyer_refund_payable" not in balances()
    # Freight is no part of the sale: what was sent of that is the sale's amount, as without it.
    the_books_balance_and_nobody_was_paid_twice(key_of("ord-1"), 100, before - 12, 0)


def test_nothing_is_posted_before_the_return_is_decided_and_the_decision_posts_it() -> None:
    market = asked(Reason.WRONG_ITEM)
    noted(market, Cost.RETURN_FREIGHT, 12, Payer.BUYER)
    assert freight_posted() == []
    with pytest.raises(ReturnsError, match="Nobody owes this"):
        paid(market, Cost.RETURN_FREIGHT, Place.SENT)
    market.does("accept", day=10)
    assert freight_posted() == ["return_freight_owed"]


def test_who_paid_and_bears_it_moves_no_money() -> None:
    market = accepted()
    noted(market, Cost.RETURN_FREIGHT, 12, Payer.SELLER)
    noted(market, Cost.FIRST_LEG, 20, Payer.SELLER)
    assert freight_posted() == []


def test_a_label_of_the_marketplace_is_charged_to_the_seller_who_bears_it() -> None:
    market = accepted()
    before, fund = seller_money(), balances().get("protection_fund", 0)
    noted(market, Cost.RETURN_FREIGHT, 12, Payer.PLATFORM)
    assert freight_posted() == ["return_freight_advanced", "return_freight_charged"]
    assert (seller_money(), balances().get("protection_fund", 0)) == (before - 12, fund)
    assert balances()["bank_clearing"] == 12


def test_the_buyer_bears_what_came_back_without_a_reason_and_that_is_a_memorandum() -> None:
    market = accepted(Reason.NO_REASON)
    before = seller_money()
    noted(market, Cost.RETURN_FREIGHT, 12, Payer.SELLER)
    assert freight_posted() == ["return_freight_of_buyer"]
    assert seller_money() == before and balances()["buyer_debt_memo"] == 12


def test_the_carrier_owes_both_ways_and_pays_the_seller_who_advanced_them() -> None:
    market = accepted(Reason.DAMAGED_IN_TRANSIT)
    before = seller_money()
    noted(market, Cost.RETURN_FREIGHT, 12, Payer.BUYER)
    noted(market, Cost.FIRST_LEG, 20, Payer.SELLER)
    assert seller_money() == before - 12  # the seller advances it to the buyer
    for kind in (Cost.RETURN_FREIGHT, Cost.FIRST_LEG, Cost.FIRST_LEG):
        paid(market, kind, Place.BACK)
    assert sorted(freight_posted()) == ["first_leg_from_carrier", "return_freight_from_carrier", "return_freight_owed"]
    assert seller_money() == before + 20 and balances()["carrier_claims"] == -32


def test_goods_left_at_customs_are_the_buyers_where_the_buyer_was_to_pay_duty() -> None:
    market = accepted(Reason.CUSTOMS_REFUSED, duties=Duties.UNPAID)
    noted(market, Cost.FIRST_LEG, 20, Payer.SELLER)
    assert freight_posted() == ["first_leg_of_buyer"]


def test_customs_give_duty_back_to_who_paid_it_and_a_quota_is_no_money() -> None:
    market = accepted()
    before = seller_money()
    noted(market, Cost.DUTY, 9, Payer.BUYER)
    noted(market, Cost.QUOTA, 100, Payer.BUYER)
    assert freight_posted() == []
    for kind, place in ((Cost.QUOTA, Place.BACK), (Cost.DUTY, Place.BACK), (Cost.DUTY, Place.SENT)):
        paid(market, kind, place)
    assert freight_posted() == ["duty_refund_owed", "return_costs_sent"]
    assert seller_money() == before and "buyer_refund_payable" not in balances()


def test_duty_that_the_seller_had_paid_comes_back_to_the_seller() -> None:
    market = accepted()
    before = seller_money()
    noted(market, Cost.DUTY, 9, Payer.SELLER)
    paid(market, Cost.DUTY, Place.BACK)
    assert freight_posted() == ["duty_refunded"] and seller_money() == before + 9


def overturned(market: Market) -> None:
    """A person finds a brick, the buyer appeals, another person finds a defect after all."""
    market.does("appeal", Role.BUYER)
    market.judged(Grade.DEFECTIVE_OR_DAMAGED_IN_TRANSIT, role=Role.REVIEWER)


def test_an_appeal_that_turns_who_bears_it_reverses_and_posts_anew() -> None:
    market = asked(Reason.DEFECTIVE)
    contested(market)
    noted(market, Cost.RETURN_FREIGHT, 12, Payer.SELLER)
    market.judged(Grade.DIFFERENT_OR_EMPTY)
    assert freight_posted() == ["return_freight_of_buyer"]
    overturned(market)
    assert freight_posted() == ["return_freight_of_buyer", "-return_freight_of_buyer"]
    assert "buyer_debt_memo" not in balances()


def test_a_buyer_who_was_paid_and_then_bears_it_owes_it_and_the_seller_gets_it_back() -> None:
    market = Market()
    market.sent(**PHONE)
    market.wants_back(reason="defective")
    market.comes_back(day=9, **BRICK)
    contested(market)
    market.judged(Grade.SELLABLE_AS_NEW)
    noted(market, Cost.RETURN_FREIGHT, 12, Payer.BUYER)
    paid(market, Cost.RETURN_FREIGHT, Place.SENT)
    market.does("appeal")
    before = seller_money()
    market.judged(Grade.DIFFERENT_OR_EMPTY, role=Role.REVIEWER)
    assert freight_posted() == [
        "return_freight_owed", "-return_freight_owed", "return_freight_owed_by_fund", "return_costs_sent",
        "return_freight_of_buyer",
    ]  # fmt: skip
    assert seller_money() >= before + 12 and balances()["buyer_debt_memo"] >= 12


def test_another_amount_takes_the_place_of_the_first_and_zero_takes_it_back() -> None:
    market = accepted()
    before = seller_money()
    for amount in (12, 15, 0, 15):
        noted(market, Cost.RETURN_FREIGHT, amount, Payer.BUYER)
        assert seller_money() == before - amount
    paid(market, Cost.RETURN_FREIGHT, Place.SENT)
    with pytest.raises(ReturnsError, match="cannot be changed any more"):
        noted(market, Cost.RETURN_FREIGHT, 20, Payer.BUYER)


@pytest.mark.parametrize(
    ("kind", "amount", "who", "source", "says"),
    [
        (Cost.RETURN_FREIGHT, -1, Payer.BUYER, "x", "as the paper says"),
        (Cost.RETURN_FREIGHT, 0, Payer.BUYER, "x", "as the paper says"),
        (Cost.RETURN_FREIGHT, 10**12, Payer.BUYER, "x", "as the paper says"),
        (Cost.RETURN_FREIGHT, 100, Payer.BUYER, " ", "Name the paper"),
        (Cost.RETURN_FREIGHT, 100, Payer.CARRIER, "x", "who really paid it"),
        (Cost.FIRST_LEG, 100, Payer.BUYER, "x", "who really paid it"),
    ],
)
def test_what_cannot_be_is_refused(kind: Cost, amount: int, who: Payer, source: str, says: str) -> None:
    market = asked(Reason.DEFECTIVE)
    with pytest.raises(ReturnsError, match=says), staff_scope():
        costs.note(returned().id, person(), kind, amount, who, source, at=market.now)
    with pytest.raises(NoSuchReturn), staff_scope():
        costs.note("ret_none", person(), kind, 100, Payer.SELLER, "x", at=market.now)


def test_the_database_refuses_a_cost_that_a_carrier_paid() -> None:
    market = asked(Reason.DEFECTIVE)
    noted(market, Cost.DUTY, 9, Payer.SELLER)
    with pytest.raises(Exception, match="return_cost_was_paid_by_who_can") as refused, staff_scope():
        ReturnCost.objects.update(paid_by="carrier")
    assert isinstance(refused.value.__cause__, psycopg.errors.CheckViolation)
