"""One test for each row of the table of postings, with the figures of a sale of 100, commission 8, dispute fee 15."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.kernel.ledger.money import START, balances, days, entry, held, posted, request, sold

from safeconduct.kernel.ledger.actions import pay_out, release, release_due
from safeconduct.kernel.ledger.rules import rules
from safeconduct.kernel.scope import ENGINE_ACTOR, engine_scope


def fund() -> None:
    posted(entry("fund_paid_in", amount=500, seller_key=None, order_key=None))


def test_a_capture_and_its_commission() -> None:
    posted(entry("capture", sale=100))
    posted(entry("commission", fee=8))
    assert balances() == {"psp_clearing": -100, "pending": 92, "fee_revenue": 8}


def test_pending_money_is_released_after_its_date() -> None:
    posted(entry("capture", sale=100, fee=8, available_at=days(7)))
    with engine_scope():
        assert release_due(days(6)) == 0
        assert release_due(days(7)) == 1
    assert balances() == {"psp_clearing": -100, "available": 92, "fee_revenue": 8}


def test_a_hold_on_a_dispute_takes_the_disputed_amount() -> None:
    sold()
    held(request(92))
    assert balances() == {"psp_clearing": -100, "on_hold": 92, "fee_revenue": 8}


def test_a_hold_that_finds_too_little_takes_the_reserve_and_then_the_rest_is_owed() -> None:
    sold()
    posted(entry("reserve", amount=20))
    with engine_scope():
        pay_out(None, START)
    assert balances() == {"psp_clearing": -100, "reserve": 20, "payout_clearing": 72, "fee_revenue": 8}
    held(request(92))
    assert balances() == {
        "psp_clearing": -100, "on_hold": 92, "seller_receivable": -72, "payout_clearing": 72, "fee_revenue": 8,
    }  # fmt: skip


def test_a_lifted_hold_gives_back() -> None:
    sold()
    held(request(92, key="h"))
    with engine_scope():
        release(["h"], days(1), "the dispute was decided for the seller", ENGINE_ACTOR)
    assert balances() == {"psp_clearing": -100, "available": 92, "fee_revenue": 8}


def test_a_refund() -> None:
    sold()
    held(request(92))
    posted(entry("refund", refund=100, fee=8))
    assert balances() == {}


def test_a_refund_that_did_not_arrive() -> None:
    sold()
    posted(entry("refund", refund=100, fee=8))
    posted(entry("refund_failed", refund=100, fee=8))
    assert balances() == {"psp_clearing": -100, "pending": 92, "fee_revenue": 8}


def test_a_partial_refund_of_thirty_waives_its_part_of_the_fee_and_releases_the_rest() -> None:
    sold()
    held(request(92))
    posted(entry("partial_refund", sale=100, fee=8, refund=30))
    assert balances() == {"psp_clearing": -70, "available": 64.4, "fee_revenue": 5.6}


def test_a_chargeback_with_the_dispute_fee_on_the_platform() -> None:
    sold()
    held(request(92))
    posted(entry("chargeback", amount=100, fee=8, dispute_fee=15))
    assert balances() == {"psp_clearing": 15, "dispute_fee_expense": -15}


def test_a_chargeback_with_the_dispute_fee_on_the_seller() -> None:
    sold()
    held(request(92))
    posted(entry("chargeback", amount=100, fee=8, dispute_fee_to_seller=15))
    assert balances() == {"psp_clearing": 15, "seller_receivable": -15}


def test_what_a_bank_takes_without_a_payment_is_the_platforms_to_explain() -> None:
    posted(entry("chargeback_unexplained", amount=100))
    assert balances() == {"suspense": -100, "psp_clearing": 100}
    posted(entry("chargeback_explained", amount=70))
    posted(entry("suspense_written_off", amount=30, seller_key=None))
    assert balances() == {"psp_clearing": 30, "write_off_expense": -30}


def test_what_the_processor_charges_for_a_dispute_is_the_platforms_cost() -> None:
    posted(entry("dispute_fee", amount=15, seller_key=None))
    assert balances() == {"dispute_fee_expense": -15, "psp_clearing": 15}
    posted(entry("dispute_fee_returned", amount=15, seller_key=None))
    assert balances() == {}


def test_the_fund_reimburses() -> None:
    fund()
    posted(entry("protection_reimbursement", amount=92))
    assert balances() == {"bank_clearing": -500, "protection_fund": 408, "available": 92}


def test_what_the_fund_paid_for_now_goes_back_to_it_when_the_bank_has_decided() -> None:
    fund()
    posted(entry("provisional_reimbursement", amount=92))
    assert balances() == {"bank_clearing": -500, "protection_fund": 408, "available": 92}
    posted(entry("provisional_reimbursement_ended", amount=92))
    assert balances() == {"bank_clearing": -500, "protection_fund": 500}


def test_a_representment_won_without_reimbursement_pays_the_seller() -> None:
    sold()
    held(request(92))
    posted(entry("chargeback", amount=100, fee=8, dispute_fee=15))
    posted(entry("representment_won", amount=100, fee=8))
    assert balances() == {"psp_clearing": -85, "available": 92, "fee_revenue": 8, "dispute_fee_expense": -15}


def test_the_whole_chain_leaves_the_seller_92_and_the_fund_its_500() -> None:
    fund()
    sold()
    held(request(92))
    posted(entry("chargeback", amount=100, fee=8, dispute_fee=15))
    posted(entry("provisional_reimbursement", amount=92))
    posted(entry("representment_won_after_reimbursement", amount=100, fee=8))
    assert balances() == {
        "bank_clearing": -500, "psp_clearing": -85, "available": 92, "protection_fund": 500, "fee_revenue": 8,
        "dispute_fee_expense": -15,
    }  # fmt: skip


def test_a_second_chargeback_takes_back_what_was_won() -> None:
    fund()
    sold()
    held(request(92))
    posted(entry("chargeback", amount=100, fee=8, dispute_fee=15))
    posted(entry("provisional_reimbursement", amount=92))
    before = balances()
    posted(entry("representment_won_after_reimbursement", amount=100, fee=8))
    posted(entry("second_chargeback_after_reimbursement", amount=100, fee=8))
    assert balances() == before
    assert before["protection_fund"] == 408
    assert before["available"] == 92


def test_a_second_chargeback_without_the_fund_takes_from_the_seller() -> None:
    sold()
    held(request(92))
    posted(entry("chargeback", amount=100, fee=8, dispute_fee=15))
    before = balances()
    posted(entry("representment_won", amount=100, fee=8))
    posted(entry("second_chargeback", amount=100, fee=8))
    assert balances() == before


def test_abuse_proven_after_a_refund_is_paid_by_the_fund_and_noted_as_the_buyers_debt() -> None:
    fund()
    posted(entry("abuse_proven", amount=92))
    assert balances() == {
        "bank_clearing": -500, "protection_fund": 408, "available": 92, "buyer_debt": -92, "buyer_debt_memo": 92,
    }  # fmt: skip


def test_a_debt_of_the_buyer_ends_with_what_the_buyer_has_and_is_noted_again() -> None:
    fund()
    posted(entry("abuse_proven", amount=92))
    posted(entry("buyer_debt_ended", amount=92))
    assert balances() == {"bank_clearing": -500, "protection_fund": 408, "available": 92}
    posted(entry("buyer_debt_noted", amount=92))
    assert (balances()["buyer_debt"], balances()["buyer_debt_memo"]) == (-92, 92)


def test_what_a_body_outside_cost_the_seller_is_repaid_out_of_the_fund() -> None:
    fund()
    posted(entry("outside_costs", amount=35))
    assert balances() == {"bank_clearing": -500, "protection_fund": 465, "available": 35}


@pytest.mark.parametrize(("to", "account"), [("fund", "protection_fund"), ("seller", "available")])
def test_a_carrier_pays_whoever_bore_the_loss(to: str, account: str) -> None:
    posted(entry(f"carrier_claim_to_{to}", amount=40))
    assert balances() == {"carrier_claims": -40, account: 40}
    posted(entry("carrier_settled", amount=40, seller_key=None))
    assert balances() == {"bank_clearing": -40, account: 40}


def test_freight_that_the_marketplace_paid_and_the_seller_bears() -> None:
    fund()
    posted(entry("return_freight_advanced", amount=12))
    assert balances() == {"bank_clearing": -488, "protection_fund": 488}
    posted(entry("return_freight_charged", amount=12))
    assert balances() == {"bank_clearing": -488, "protection_fund": 500, "seller_receivable": -12}


def test_freight_that_the_seller_paid_and_the_marketplace_bears() -> None:
    fund()
    posted(entry("return_freight_repaid", amount=12))
    assert balances() == {"bank_clearing": -500, "protection_fund": 488, "available": 12}


def test_freight_that_the_buyer_paid_and_the_seller_bears_goes_from_the_seller_to_the_buyer() -> None:
    posted(entry("return_freight_owed", amount=12))
    assert balances() == {"seller_receivable": -12, "buyer_refund_payable": 12}
    posted(entry("return_costs_sent", amount=12))
    assert balances() == {"seller_receivable": -12, "bank_clearing": 12}


def test_freight_that_the_buyer_paid_and_the_marketplace_bears_goes_from_the_fund_to_the_buyer() -> None:
    fund()
    posted(entry("return_freight_owed_by_fund", amount=12))
    posted(entry("return_costs_sent", amount=12))
    assert balances() == {"bank_clearing": -488, "protection_fund": 488}


@pytest.mark.parametrize("leg", ["return_freight", "first_leg"])
def test_freight_that_the_buyer_bears_and_somebody_else_paid_is_noted_as_the_buyers_debt(leg: str) -> None:
    posted(entry({"return_freight": "return_freight_of_buyer", "first_leg": "first_leg_of_buyer"}[leg], amount=12))
    assert balances() == {"buyer_debt": -12, "buyer_debt_memo": 12}


@pytest.mark.parametrize("event", ["return_freight_from_carrier", "first_leg_from_carrier"])
def test_a_carrier_pays_the_seller_who_advanced_the_freight(event: str) -> None:
    posted(entry(event, amount=12))
    posted(entry("carrier_settled", amount=12, seller_key=None))
    assert balances() == {"bank_clearing": -12, "available": 12}


def test_a_carrier_pays_the_fund_that_advanced_the_freight() -> None:
    fund()
    posted(entry("return_freight_advanced", amount=12))
    posted(entry("return_freight_from_carrier_to_fund", amount=12))
    posted(entry("carrier_settled", amount=12, seller_key=None))
    assert balances() == {"bank_clearing": -500, "protection_fund": 500}


def test_duty_that_customs_gives_back_is_the_sellers_who_had_paid_it() -> None:
    posted(entry("duty_refunded", amount=9))
    assert balances() == {"bank_clearing": -9, "available": 9}


def test_duty_that_customs_gives_back_is_the_buyers_who_had_paid_it() -> None:
    posted(entry("duty_refund_owed", amount=9))
    assert balances() == {"bank_clearing": -9, "buyer_refund_payable": 9}
    posted(entry("return_costs_sent", amount=9))
    assert balances() == {}


def test_protection_is_paid_for_into_the_fund() -> None:
    posted(entry("capture", sale=100, fee=8, protection_fee=1))
    posted(entry("protection_fee", fee=0.5))
    assert balances() == {"psp_clearing": -100, "pending": 90.5, "fee_revenue": 8, "protection_fund": 1.5}


def test_a_fee_for_protection_goes_back_with_the_sale() -> None:
    posted(entry("capture", sale=100, fee=8, protection_fee=1))
    posted(entry("protection_fee_returned", fee=1))
    assert balances() == {"psp_clearing": -100, "pending": 92, "fee_revenue": 8}


def test_a_sale_that_was_called_off_is_owed_to_the_buyer_until_the_money_is_on_its_way() -> None:
    sold()
    posted(entry("refund_owed", refund=100, fee=8))
    assert balances() == {"psp_clearing": -100, "buyer_refund_payable": 100}
    posted(entry("refund_paid", amount=100))
    assert balances() == {}


def test_a_sale_that_stands_after_all_is_the_sellers_again() -> None:
    sold()
    posted(entry("refund_owed", refund=100, fee=8))
    posted(entry("refund_no_longer_owed", refund=100, fee=8))
    assert balances() == {"psp_clearing": -100, "pending": 92, "fee_revenue": 8}


def test_a_reserve_is_set_aside_and_given_back() -> None:
    sold()
    posted(entry("reserve", amount=20))
    assert balances()["reserve"] == 20
    posted(entry("reserve_released", amount=20))
    assert balances()["available"] == 92


def test_deposits_are_the_sellers_until_they_are_drawn() -> None:
    posted(entry("deposit_paid", amount=50, order_key=None))
    posted(entry("fine", amount=20, memo="Late shipment of 2 orders at 10 each", order_key=None))
    posted(entry("deposit_drawn", amount=20, order_key=None))
    posted(entry("deposit_returned", amount=30, order_key=None))
    assert balances() == {"bank_clearing": -50, "fine_revenue": 20, "available": 30}


def test_a_fine_by_rate_is_calculated_here_and_rounded_half_to_even() -> None:
    posted(entry("fine_by_rate", basis=10.01, rate_bp=0.5, memo="0.5 % of 10.01"))
    assert balances() == {"seller_receivable": -0.05, "fine_revenue": 0.05}


def test_what_is_owed_is_paid_in_or_written_off() -> None:
    posted(entry("fine", amount=20, memo="2 × 10"))
    posted(entry("debt_paid_in", amount=15))
    posted(entry("debt_written_off", amount=5))
    assert balances() == {"fine_revenue": 20, "bank_clearing": -15, "write_off_expense": -5}


def test_every_event_of_the_table_is_tried_by_these_tests() -> None:
    told = Path(__file__).read_text(encoding="utf-8") + (Path(__file__).parent / "test_actions.py").read_text("utf-8")
    by_functions = {"hold", "hold_lifted", "payout", "payout_returned", "exchange"}
    spelled_out = {"carrier_claim_to_fund", "carrier_claim_to_seller"}
    assert {event for event, rule in rules().items() if rule.by} == by_functions
    assert {event for event in rules() if f'"{event}"' not in told} <= by_functions | spelled_out
