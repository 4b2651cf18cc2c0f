"""The published answer of each template, one story for each."""

from __future__ import annotations

import pytest
from tests.protections.transactions.coverage.order_builder import DAY, HOME, HOUR, OTHER, Story, at, news, ordinary

from safeconduct.protections.transactions.coverage.facts import Line
from safeconduct.protections.transactions.coverage.words import Cause, Standing, State

JD, SHOPIFY, PAYPAL, SIGNIFYD = "jd-like", "shopify-protect-like", "paypal-like", "signifyd-like"
STOLEN, LOST, ABUSE = Cause.UNAUTHORISED, Cause.NOT_RECEIVED, Cause.REFUND_ABUSE


# -- like JD ----------------------------------------------------------------------------------------------------------


def test_an_order_shipped_in_time_to_its_address_is_protected() -> None:
    order = ordinary()
    assert order.against(LOST, 40) == (State.PROTECTED, "", 0)
    assert order.seen(40).up_to_minor == 12_000


def test_before_payment_it_is_only_quoted_and_after_it_active() -> None:
    order = Story().decided(0.01)
    assert order.against(LOST, 0.05) == (State.QUOTED, "not_paid", 0)
    assert order.paid(1).against(LOST, 2) == (State.ACTIVE, "ship_by", 0)


def test_shipping_an_hour_late_loses_it() -> None:
    late = Story().decided(0.01).paid(0).parcel(49, scanned=50)
    assert late.against(LOST, 60) == (State.VOID, "ship_by", 0)
    assert late.seen(60).overall is State.VOID
    assert late.seen(60).conditions["ship_by"].at_us == at(48)


def test_a_carrier_that_scans_too_late_loses_it() -> None:
    assert Story().decided(0.01).paid(0).parcel(47, scanned=73).against(LOST, 80) == (State.VOID, "pickup_scan", 0)


def test_the_seller_is_warned_at_half_time_and_twelve_hours_before_and_can_rescue_it() -> None:
    order = Story().decided(0.01).paid(0)
    assert order.seen(20).reminders == ()
    assert order.seen(20).warn_at_us == at(24)
    assert [(r.condition, r.step) for r in order.seen(24).reminders] == [("ship_by", 1), ("tracking", 1)]
    assert [(r.condition, r.step) for r in order.seen(36).reminders] == [
        ("ship_by", 2), ("tracking", 2), ("pickup_scan", 1),
    ]  # fmt: skip
    rescued = order.parcel(47.9, scanned=60)
    assert rescued.against(LOST, 61).state is State.PROTECTED
    assert rescued.seen(61).reminders == ()


def test_a_parcel_sent_elsewhere_loses_it() -> None:
    assert Story().decided(0.01).paid(0).parcel(5, scanned=6, to=OTHER).against(LOST, 9).reason == "address"


def test_a_change_of_address_that_is_not_followed_harms_nobody() -> None:
    assert ordinary().moved(2).against(LOST, 40).state is State.PROTECTED


def test_a_carrier_that_leaves_it_elsewhere_loses_it() -> None:
    order = Story().decided(0.01).paid(0).parcel(5, scanned=6, delivered=100, left_at=OTHER)
    assert order.against(LOST, 99 + 2).reason == "address"


def test_above_the_limit_the_fund_pays_the_limit() -> None:
    order = ordinary(40_000).claimed(300, STOLEN, closed=900)
    assert order.seen(1000).up_to_minor == 25_000
    assert order.against(STOLEN, 1000) == (State.PAID, "", 25_000)


def test_two_lost_claims_of_one_order_share_its_limit() -> None:
    order = ordinary(40_000).claimed(300, STOLEN, closed=900, amount_minor=20_000)
    order.claimed(310, LOST, closed=910, amount_minor=20_000)
    assert order.against(STOLEN, 1000).pays_minor == 20_000
    assert order.against(LOST, 1000).pays_minor == 5_000


def test_when_the_yearly_limit_is_used_up_the_claim_is_denied_and_says_so() -> None:
    order = ordinary().claimed(300, LOST, closed=900)
    order.facts.limit_left_minor = 0
    assert order.against(LOST, 1000) == (State.DENIED, "limit_reached", 0)


def test_a_claim_waits_as_claimed_and_one_that_was_won_leaves_the_order_protected() -> None:
    assert ordinary().claimed(300, STOLEN).against(STOLEN, 400).state is State.CLAIMED
    assert ordinary().claimed(300, STOLEN, closed=900, outcome="won").against(STOLEN, 950).state is State.PROTECTED


def test_a_claim_on_an_order_that_was_shipped_late_is_denied_with_that_reason() -> None:
    order = Story().decided(0.01).paid(0).parcel(50, scanned=51).claimed(300, STOLEN, closed=900)
    assert order.against(STOLEN, 1000) == (State.DENIED, "ship_by", 0)


def test_a_claim_after_half_a_year_comes_too_late() -> None:
    assert ordinary().claimed(24 * 181, LOST, closed=24 * 200).against(LOST, 24 * 201).reason == "claim_too_late"
    assert ordinary().against(LOST, 24 * 181) == (State.ENDED, "period_over", 0)


def test_an_order_refunded_before_the_chargeback_is_paid_to_nobody_twice() -> None:
    order = ordinary().refunded(200).claimed(300, STOLEN, closed=900)
    assert order.against(STOLEN, 1000) == (State.DENIED, "refunded", 0)
    assert ordinary().refunded(200).against(STOLEN, 250) == (State.ENDED, "refunded", 0)


def test_a_part_that_was_refunded_before_is_not_paid_again() -> None:
    order = ordinary().refunded(200, 5_000).claimed(300, STOLEN, closed=900)
    assert order.seen(250).up_to_minor == 7_000
    assert order.against(STOLEN, 1000).pays_minor == 7_000


def test_only_what_was_captured_is_covered() -> None:
    order = Story().decided(0.01).paid(0.1, 4_000).parcel(24, scanned=30).claimed(300, STOLEN, closed=900)
    assert order.against(STOLEN, 1000).pays_minor == 4_000


def test_an_order_that_the_risk_check_blocks_is_void_and_one_it_holds_is_quoted() -> None:
    assert Story().decided(0.01, "block").paid().against(STOLEN, 1) == (State.VOID, "blocked", 0)
    held = Story().decided(0.01, "review").paid(0.1)
    assert held.against(STOLEN, 1) == (State.QUOTED, "under_review", 0)


def test_a_review_stops_the_sellers_clock_and_gives_the_time_back() -> None:
    order = Story().decided(0.01, "review").paid(0.1)
    assert order.seen(140).conditions["ship_by"].detail == "clock_stopped"
    assert order.seen(140).conditions["ship_by"].standing is Standing.PENDING
    order.decided(30)
    assert order.seen(40).conditions["ship_by"].deadline_us == at(30 + 48)
    assert order.parcel(70, scanned=80).against(LOST, 90).state is State.PROTECTED


def test_a_review_must_end_a_day_before_the_card_authorisation_lapses() -> None:
    order = Story().decided(0.01, "review")
    assert order.seen(1).review_must_end_by_us == at(6 * 24)
    order.facts.authorised_until_us = at(100)
    assert order.seen(1).review_must_end_by_us == at(76)
    assert order.decided(3).seen(4).review_must_end_by_us is None


def test_a_review_that_nobody_ends_is_over_for_cover_as_for_money() -> None:
    order = Story().decided(0.01, "review").paid(0.1)
    assert order.against(LOST, 6 * 24 - 1) == (State.QUOTED, "under_review", 0)
    assert order.seen(1).next_at_us == at(6 * 24)
    assert order.against(LOST, 6 * 24) == (State.ACTIVE, "ship_by", 0)
    assert order.seen(6 * 24).conditions["ship_by"].deadline_us == at(6 * 24 + 48), "all of the term is left"
    assert order.seen(6 * 24).conditions["accepted"].detail == "review_over"
    assert order.decided(200).seen(201).conditions["ship_by"].deadline_us == at(200 + 48), "a late word harms nobody"
    refused = Story().decided(0.01, "review").paid(0.1).decided(200, "block")
    assert refused.against(LOST, 201) == (State.VOID, "blocked", 0)
    late = Story().decided(0.01).paid(0.1).parcel(24, scanned=30).decided(24 * 20, "review")
    assert late.against(LOST, 24 * 21 - 1) == (State.QUOTED, "under_review", 0)
    assert late.against(LOST, 24 * 21).state is State.PROTECTED
    asked = Story().decided(0.01, "review").paid(0.1).parcel(2)
    assert asked.against(STOLEN, 24 * 30, SIGNIFYD) == (State.QUOTED, "under_review", 0), "where approval is a must"


def test_late_news_of_a_scan_in_time_brings_it_back_and_very_late_news_does_not() -> None:
    order = Story().decided(0.01).paid(0)
    assert order.against(LOST, 80).state is State.VOID
    told_late = Story().decided(0.01).paid(0).parcel(40, scanned=60, told_after=48)
    assert told_late.against(LOST, 110).state is State.PROTECTED
    told_much_later = Story().decided(0.01).paid(0).parcel(40, scanned=60, told_after=24 * 9)
    assert told_much_later.against(LOST, 300).state is State.VOID


def test_a_cancelled_order_needs_no_protection() -> None:
    assert Story().decided(0.01).paid().cancelled(5).against(LOST, 90) == (State.ENDED, "cancelled", 0)


def test_refund_abuse_is_paid_only_where_a_person_found_it() -> None:
    found = ordinary().claimed(300, ABUSE, closed=400, abuse=390)
    assert found.against(ABUSE, 500) == (State.PAID, "", 12_000)
    assert ordinary().claimed(300, ABUSE, closed=400).against(ABUSE, 500) == (State.DENIED, "abuse_found", 0)


def test_a_digital_order_is_not_covered() -> None:
    order = ordinary()
    order.facts.digital = True
    assert order.against(LOST, 40).reason == "physical"


def test_without_a_known_amount_nothing_is_promised() -> None:
    order = ordinary()
    order.facts.amount_minor = None
    assert order.against(LOST, 40) == (State.QUOTED, "amount_unknown", 0)
    assert order.seen(40).up_to_minor is None


def test_a_chargeback_for_another_reason_touches_no_cause() -> None:
    assert ordinary().claimed(300, None, closed=400).seen(500).overall is State.PROTECTED


# -- like Shopify Protect ---------------------------------------------------------------------------------------------


def test_shopify_tracking_within_seven_days_and_in_transit_within_ten_is_protected() -> None:
    order = Story().decided(0.01).paid().parcel(24 * 6.9, scanned=24 * 9.9)
    assert order.against(STOLEN, 24 * 10, SHOPIFY).state is State.PROTECTED


@pytest.mark.parametrize(
    ("shipped_day", "scanned_day", "missed"), [(7.1, 9, "fulfilled"), (6, 10.1, "in_transit")]
)  # fmt: skip
def test_shopify_late_is_not_eligible(shipped_day: float, scanned_day: float, missed: str) -> None:
    order = Story().decided(0.01).paid().parcel(24 * shipped_day, scanned=24 * scanned_day)
    assert order.against(STOLEN, 24 * 11, SHOPIFY) == (State.VOID, missed, 0)


def test_shopify_tracking_told_too_late_does_not_count_although_the_parcel_left_in_time() -> None:
    order = Story().decided(0.01).paid().parcel(24 * 6, scanned=24 * 6.5, told_after=24 * 2)
    assert order.against(STOLEN, 24 * 9, SHOPIFY).state is State.VOID


def test_shopify_any_change_of_address_after_checkout_voids() -> None:
    assert ordinary().moved(2).against(STOLEN, 40, SHOPIFY) == (State.VOID, "address_kept", 0)
    assert ordinary().moved(2, HOME).against(STOLEN, 40, SHOPIFY).state is State.PROTECTED


def test_shopify_every_line_that_was_not_refunded_must_be_fulfilled() -> None:
    order = ordinary()
    order.facts.lines = (Line(news(24)), Line(None))
    assert order.against(STOLEN, 100, SHOPIFY) == (State.ACTIVE, "fulfilled", 0)
    assert order.against(STOLEN, 24 * 8, SHOPIFY).reason == "fulfilled"
    order.facts.lines = (Line(news(24)), Line(None, refunded=True))
    assert order.against(STOLEN, 24 * 8, SHOPIFY).state is State.PROTECTED


def test_shopify_a_second_parcel_that_never_moves_voids() -> None:
    order = ordinary().parcel(30)
    assert order.against(STOLEN, 24 * 9, SHOPIFY) == (State.ACTIVE, "in_transit", 0)
    assert order.against(STOLEN, 24 * 11, SHOPIFY).reason == "in_transit"


def test_shopify_only_the_united_states_and_only_fraud() -> None:
    order = ordinary()
    order.facts.seller_country = "CL"
    assert order.against(STOLEN, 40, SHOPIFY).reason == "us_shop"
    assert LOST not in ordinary().seen(40, SHOPIFY).positions


def test_shopify_pays_the_whole_amount() -> None:
    assert ordinary(90_000).claimed(300, closed=900).against(STOLEN, 1000, SHOPIFY).pays_minor == 90_000


def test_a_cancelled_order_of_which_nothing_was_sent_is_denied_for_that_and_for_no_term() -> None:
    """The shop forgot to refund: the bank takes the payment back, and the seller still has the goods."""
    order = Story().decided(0.01).paid().cancelled(2).claimed(300, STOLEN, closed=500)
    for name in ("jd-like", SHOPIFY, PAYPAL):
        assert order.against(STOLEN, 310, name) == (State.DENIED, "cancelled", 0)
    sent = ordinary().cancelled(200).claimed(300, STOLEN, closed=500)
    assert sent.against(STOLEN, 600).state is State.PAID


# -- like PayPal ------------------------------------------------------------------------------------------------------


def test_paypal_a_transaction_that_risk_refused_is_partly_eligible_for_not_received_alone() -> None:
    order = Story().decided(0.01, "block").paid().parcel(24, delivered=100)
    assert order.against(STOLEN, 200, PAYPAL).state is State.VOID
    assert order.against(LOST, 200, PAYPAL).state is State.PROTECTED
    assert order.seen(200, PAYPAL).overall is State.PARTLY


def test_paypal_a_lost_claim_waits_for_the_parcel_while_its_term_runs_though_no_address_is_proved_yet() -> None:
    order = Story().decided(0.01).paid().claimed(10, STOLEN, closed=12)
    assert order.against(STOLEN, 20, PAYPAL) == (State.CLAIMED, "shipment_proof", 0)
    assert order.seen(20, PAYPAL).next_at_us == at(10) + 2 * DAY
    assert order.against(STOLEN, 10 + 48, PAYPAL) == (State.DENIED, "shipment_proof", 0)
    assert order.parcel(40).against(STOLEN, 60, PAYPAL) == (State.PAID, "", 12_000)


def test_paypal_not_received_needs_proof_of_delivery() -> None:
    order = Story().decided(0.01).paid().parcel(24, scanned=30).claimed(300, LOST, closed=800)
    assert order.against(LOST, 310, PAYPAL).state is State.CLAIMED
    assert order.against(LOST, 800, PAYPAL) == (State.DENIED, "delivery_proof", 0)
    proved = Story().decided(0.01).paid().parcel(24, delivered=400).claimed(300, LOST, closed=800)
    assert proved.against(LOST, 800, PAYPAL).state is State.PAID


def test_paypal_from_750_dollars_delivery_must_be_signed() -> None:
    def unsigned(amount: int) -> Story:
        return Story(amount).decided(0.01).paid().parcel(24, delivered=100, signed=False)

    assert unsigned(75_000).against(LOST, 200, PAYPAL) == (State.VOID, "signature", 0)
    assert unsigned(74_999).against(LOST, 200, PAYPAL).state is State.PROTECTED
    assert ordinary(75_000).against(LOST, 200, PAYPAL).state is State.PROTECTED


def test_paypal_a_redirected_parcel_is_not_covered() -> None:
    order = Story().decided(0.01).paid().moved(2).parcel(24, to=OTHER, delivered=100)
    assert order.against(STOLEN, 200, PAYPAL).reason == "address"
    assert order.against(LOST, 200, PAYPAL).reason == "address"


def test_paypal_documents_that_are_asked_for_must_come_in_time() -> None:
    silent = ordinary().claimed(300, STOLEN, asked=310)
    assert silent.against(STOLEN, 400, PAYPAL).state is State.CLAIMED
    assert silent.against(STOLEN, 310 + 240, PAYPAL) == (State.DENIED, "answered", 0)
    assert ordinary().claimed(300, STOLEN, asked=310, answered=500).against(STOLEN, 600, PAYPAL).state is State.CLAIMED


def test_paypal_covers_claims_of_180_days() -> None:
    assert ordinary().claimed(24 * 179, closed=24 * 190).against(STOLEN, 24 * 200, PAYPAL).state is State.PAID
    late = ordinary().claimed(24 * 181, closed=24 * 190)
    assert late.against(STOLEN, 24 * 200, PAYPAL).reason == "claim_too_late"


# -- like Signifyd ----------------------------------------------------------------------------------------------------


def test_signifyd_approved_before_the_chargeback_shipped_and_filed_in_a_week_is_paid() -> None:
    order = ordinary().claimed(300, STOLEN, closed=500, filed=320)
    assert order.against(STOLEN, 600, SIGNIFYD) == (State.PAID, "", 12_000)


def test_signifyd_an_approval_after_the_chargeback_is_none() -> None:
    order = Story().decided(0.01, "review").paid().claimed(10, STOLEN, filed=11).decided(20).parcel(5)
    assert order.against(STOLEN, 30, SIGNIFYD) == (State.DENIED, "approved", 0)


def test_signifyd_an_order_nobody_approved_stays_quoted() -> None:
    order = Story().paid().parcel(5)
    assert order.against(STOLEN, 30, SIGNIFYD).state is State.QUOTED


def test_signifyd_shipping_after_the_notice_is_too_late() -> None:
    order = Story().decided(0.01).paid().claimed(20, STOLEN, filed=21).parcel(25)
    assert order.against(STOLEN, 30, SIGNIFYD) == (State.DENIED, "shipped", 0)


def test_signifyd_a_claim_filed_after_a_week_is_denied() -> None:
    order = ordinary().claimed(300, STOLEN)
    assert order.against(STOLEN, 310, SIGNIFYD).state is State.CLAIMED
    assert order.seen(310, SIGNIFYD).next_at_us == at(300) + 7 * DAY
    assert order.against(STOLEN, 300 + 7 * 24, SIGNIFYD) == (State.DENIED, "filed", 0)


def test_the_term_ends_at_its_end_and_not_an_instant_before() -> None:
    order = Story().decided(0.01).paid(0)
    assert order.against(LOST, 48 - 1 / 3_600).state is State.ACTIVE
    assert order.seen(47).next_at_us == at(48)
    assert order.against(LOST, 48).state is State.VOID
    assert at(48) - at(0) == 48 * HOUR
