"""Money of orders, from the event to the books. A sale of 100 carries a commission of 8 and a protection fee of 0.30."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.kernel.builders import event, person, usd
from tests.protections.transactions.shop import (
    START,
    Shop,
    balances,
    envelope,
    events_posted,
    holds,
    key_of,
    notices,
    position,
)

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions import actions, lanes
from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.ledger.payouts import PayoutReturn
from safeconduct.kernel.notices.models import Endpoint, StoredMessage
from safeconduct.kernel.notices.outbox import MessageKind
from safeconduct.kernel.scope import engine_scope, query, staff_scope
from safeconduct.protections.transactions.money import due

pytestmark = pytest.mark.usefixtures("empty_database")


def rule(order: str, action: Action, shop: Shop, why: str = "Looked at it") -> None:
    """A person decides about an order."""
    with staff_scope():
        standing = Decision.objects.get(order_key=key_of(order), standing=True)
    who = person()
    with staff_scope():
        actions.override(standing.id, who, action, why, at=shop.now)


def test_a_sale_is_pending_until_a_week_after_its_delivery_and_is_paid_on_thursday() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)  # Monday; delivered on Thursday the 4th
    assert balances() == {"pending": 91.7, "fee_revenue": 8, "protection_fund": 0.3, "psp_clearing": -100}
    shop.wait(9.9)
    assert "available" not in balances()
    assert shop.pay_out() == 0
    shop.wait(10.1)
    assert balances()["available"] == 91.7
    assert shop.pay_out() == 91.7
    assert (notices("payout.sent")[0]["amount"]) == {"minor": 9170, "currency": "USD"}
    assert shop.pay_out() == 91.7, "the same run again reports what it paid"
    assert "available" not in balances() and len(notices("payout.sent")) == 1


def test_without_a_told_delivery_money_is_released_45_days_after_payment() -> None:
    shop = Shop()
    shop.sold("ord-1")
    shop.wait(45.0)
    assert balances()["pending"] == 91.7
    shop.wait(45.1)
    assert balances()["available"] == 91.7


def test_a_second_parcel_under_way_waits_for_its_own_delivery() -> None:
    shop = Shop()
    shop.sold("ord-1")
    for parcel in ("dhl:1", "dhl:2"):
        shop.tell("shipment.shipped", "ord-1", day=0.5, parcel=parcel)
    shop.tell("shipment.delivered", "ord-1", day=3, parcel="dhl:1")
    shop.wait(11)
    assert "available" not in balances()
    shop.tell("shipment.delivered", "ord-1", day=12, parcel="dhl:2")
    shop.wait(19.1)
    assert balances()["available"] == 91.7


def test_the_same_event_twice_moves_money_once() -> None:
    shop = Shop()
    batch = [
        event("order.placed", order="ord-1", amount=usd(100)),
        event("order.paid", at=START + timedelta(minutes=1), order="ord-1", seller="sel-1", amount=usd(100)),
    ]
    shop.send(batch)
    shop.send(batch)
    assert events_posted() == ["capture"]


def test_a_payment_that_two_systems_tell_of_was_made_once() -> None:
    shop = Shop()
    shop.sold("ord-1")
    shop.tell("order.paid", "ord-1", day=0.02, amount=usd(100))
    shop.tell("refund.created", "ord-1", day=1, amount=usd(100))
    shop.tell("refund.created", "ord-1", day=1.1, amount=usd(100))
    assert balances() == {}


def test_an_order_paid_in_two_parts_comes_to_one_sale() -> None:
    shop = Shop()
    shop.tell("order.placed", "ord-1", day=0, amount=usd(100))
    shop.tell("order.paid", "ord-1", day=0.1, amount=usd(40))
    assert balances()["psp_clearing"] == -40
    shop.tell("order.paid", "ord-1", day=0.2, amount=usd(60))
    assert balances() == {"pending": 91.7, "fee_revenue": 8, "protection_fund": 0.3, "psp_clearing": -100}


def test_the_books_are_in_the_currency_the_buyer_paid() -> None:
    shop = Shop()
    yen: dict[str, Any] = {"minor": 10_000, "currency": "JPY"}
    shop.tell("order.placed", "ord-1", day=0, amount=yen)
    shop.tell("order.paid", "ord-1", day=0.1, amount=yen)
    assert balances() == {}
    assert balances("JPY") == {"pending": 91.7, "fee_revenue": 8, "protection_fund": 0.3, "psp_clearing": -100}


def test_a_part_refund_gives_back_its_part_of_the_fees() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.tell("refund.created", "ord-1", day=5, amount=usd(30))
    assert balances() == {
        "pending": pytest.approx(64.19), "fee_revenue": 5.6, "protection_fund": 0.21, "psp_clearing": -70,
    }  # fmt: skip
    shop.tell("refund.created", "ord-1", day=6, amount=usd(70))
    assert balances() == {}


def test_fees_of_many_small_refunds_come_to_the_whole_fee() -> None:
    shop = Shop()
    shop.sold("ord-1", amount=9.99)
    for number in range(27):
        shop.tell("refund.created", "ord-1", day=1 + number / 10, amount=usd(0.37))
    assert balances() == {}


def test_a_refund_that_is_known_before_the_payment_waits_for_it() -> None:
    shop = Shop()
    shop.tell("order.placed", "ord-1", day=0, amount=usd(100))
    shop.tell("refund.created", "ord-1", day=1, amount=usd(100))
    assert balances() == {}
    shop.tell("order.paid", "ord-1", day=2, at=0.5, amount=usd(100))
    assert balances() == {}
    assert sorted(events_posted()) == ["capture", "protection_fee_returned", "refund"]


def test_a_cancelled_order_that_was_paid_is_owed_to_the_buyer_until_the_refund_is_told() -> None:
    shop = Shop()
    shop.sold("ord-1")
    shop.tell("order.cancelled", "ord-1", day=1)
    assert balances() == {"buyer_refund_payable": 100, "psp_clearing": -100}
    shop.tell("refund.created", "ord-1", day=2, amount=usd(100))
    assert balances() == {}
    assert events_posted()[-1] == "refund_paid"


def test_a_payment_that_arrives_after_the_cancellation_is_owed_back() -> None:
    shop = Shop()
    shop.tell("order.placed", "ord-1", day=0, amount=usd(100))
    shop.tell("order.cancelled", "ord-1", day=0.1)
    assert balances() == {}
    shop.tell("order.paid", "ord-1", day=0.2, amount=usd(100))
    assert balances() == {"buyer_refund_payable": 100, "psp_clearing": -100}


# -- review and block -------------------------------------------------------------------------------------------------


def test_a_review_holds_the_money_and_says_why_until_when_and_what_releases_it() -> None:
    shop = Shop()
    shop.sold("ord-1", ip_country="XR")
    assert holds() == [("order_under_review", 91.7)]
    told = notices("money.held")[0]
    assert told["order"] == "ord-1" and told["amount"] == {"minor": 9170, "currency": "USD"}
    assert told["release_at"].startswith("2026-06-07")  # six of the seven days of a card authorisation
    assert "review" in told["release_if"]["en"]
    adverse = notices("decision.adverse")[0]
    assert adverse["action"] == "review" and adverse["by"] == "machine" and adverse["rules"] == "order-risk 1"
    assert adverse["reasons"][0]["zh"] and adverse["appeal_until"]


def test_a_person_allows_a_held_order_and_its_money_goes_on() -> None:
    shop = Shop()
    shop.sold("ord-1", ip_country="XR")
    shop.day = 1
    rule("ord-1", Action.ALLOW, shop)
    assert holds() == [] and balances()["pending"] == 91.7
    assert notices("money.released")[0]["amount"] == {"minor": 9170, "currency": "USD"}
    lifted = notices("decision.lifted")[0]
    assert (lifted["was"], lifted["by"]) == ("review", "person")
    # The term to ship stood still for a day: 48 hours after payment became 72.
    shop.ship("ord-1", day=2.5)
    shop.tell("shipment.delivered", "ord-1", day=4, parcel="dhl:ord-1", address="12 Main St")
    assert position("ord-1") == ("protected", "")


def test_a_person_refuses_a_held_order_and_the_buyer_is_owed_the_money() -> None:
    shop = Shop()
    shop.sold("ord-1", ip_country="XR")
    shop.day = 1
    rule("ord-1", Action.BLOCK, shop)
    assert holds() == []
    assert balances() == {"buyer_refund_payable": 100, "psp_clearing": -100}
    assert position("ord-1") == ("void", "blocked")
    assert notices("decision.adverse")[-1]["by"] == "person"


def test_a_refusal_that_is_taken_back_gives_the_seller_the_money_again() -> None:
    shop = Shop()
    shop.sold("ord-1", ip_country="XB")
    assert balances() == {"buyer_refund_payable": 100, "psp_clearing": -100}
    shop.day = 1
    rule("ord-1", Action.ALLOW, shop)
    assert balances() == {"pending": 91.7, "fee_revenue": 8, "protection_fund": 0.3, "psp_clearing": -100}


def test_money_of_a_refused_order_is_never_the_sellers_for_a_moment() -> None:
    shop = Shop()
    shop.sold("ord-1", ip_country="XB")
    assert holds(open_only=False) == []
    assert shop.pay_out(60) == 0


def test_a_review_that_nobody_ends_is_over_before_the_authorisation_lapses() -> None:
    shop = Shop()
    shop.sold("ord-1", ip_country="XR", deliver=True)
    shop.wait(5.9)
    assert holds() == [("order_under_review", 91.7)]
    shop.wait(6.0)
    assert holds() == [] and balances()["pending"] == 91.7
    assert notices("money.released")


def test_a_payout_never_pays_what_is_held() -> None:
    shop = Shop(template=None)  # nothing is covered, so that the fund pays nothing for now
    shop.sold("free", deliver=True)
    shop.sold("held", day=3.1, deliver=True)
    shop.wait(20)
    shop.disputed("held", day=20, amount=100)
    assert holds() == [("chargeback_open", 92)]
    # 183.40 were available; 92 are held, so 91.40 go out.
    assert shop.pay_out(21) == pytest.approx(91.4)
    assert balances()["on_hold"] == 92


def test_one_policy_overruled_does_not_lift_what_another_says() -> None:
    shop = Shop()
    second = """\
policy: second-opinion
on: order.placed
in: USD
rules:
  careful:
    when: ip_country = 'XR'
    then: review
    because: {en: "Second opinion", es: "Segunda opinión", zh: "第二意见"}
"""
    from tests.kernel.builders import live_policy

    live_policy(second)
    shop.sold("ord-1", ip_country="XR")
    with staff_scope():
        first = Decision.objects.get(policy="order-risk")
    who = person()
    with staff_scope():
        actions.override(first.id, who, Action.ALLOW, "Fine by me", at=shop.now + timedelta(hours=1))
    assert holds() == [("order_under_review", 91.7)]
    assert position("ord-1") == ("quoted", "under_review")


# -- banks ------------------------------------------------------------------------------------------------------------


def test_a_dispute_holds_only_what_is_disputed() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.disputed("ord-1", day=5, amount=25)
    assert holds() == [("chargeback_open", 23)]  # the commission on 25 would be given back
    assert balances()["pending"] == pytest.approx(68.7)


def test_a_lost_dispute_of_a_covered_order_is_paid_by_the_fund() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.disputed("ord-1", day=5, outcome="lost")
    assert position("ord-1") == ("paid", "")
    # The fund has the fee of 0.30 and paid 92: the seller is where the sale had left them.
    assert balances() == {"available": 91.7, "protection_fund": -91.7}
    assert shop.pay_out(20) == 91.7


def test_a_lost_dispute_without_cover_is_the_sellers_loss() -> None:
    shop = Shop()
    shop.sold("ord-1")  # never shipped
    shop.wait(3)
    shop.disputed("ord-1", day=5, outcome="lost")
    assert position("ord-1") == ("denied", "ship_by")
    assert balances() == {"seller_receivable": -0.3, "protection_fund": 0.3}


def test_a_won_dispute_gives_the_money_back() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.disputed("ord-1", day=5, outcome="won")  # on the day on which the money would have been released
    assert holds() == []
    assert balances() == {"available": 91.7, "fee_revenue": 8, "protection_fund": 0.3, "psp_clearing": -100}
    assert [n["code"] for n in notices()][-3:] == ["money.released", "money.advance_ended", "chargeback.decided"]


def test_a_case_that_is_won_after_all_repays_the_fund_first() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.disputed("ord-1", day=5, outcome="lost")
    shop.tell("dispute.updated", "ord-1", day=30, dispute="dp-ord-1", outcome="won")
    assert events_posted()[-1] == "representment_won_after_reimbursement"
    assert balances()["protection_fund"] == 0.3 and balances()["fee_revenue"] == 8


def test_what_the_bank_takes_is_stored_whatever_was_captured() -> None:
    shop = Shop()
    shop.tell("order.placed", "ord-1", day=0, amount=usd(100))
    shop.disputed("ord-1", day=1, amount=130, outcome="lost")
    assert balances() == {"suspense": -130, "psp_clearing": 130}
    shop.tell("order.paid", "ord-1", day=8, at=0.5, amount=usd(100))
    # The seller answers for the 100 that were captured; the other 30 nobody ever had.
    assert balances() == {"suspense": -30, "psp_clearing": 30, "seller_receivable": -0.3, "protection_fund": 0.3}


def test_a_dispute_about_an_order_that_was_never_paid_takes_nothing_from_its_seller() -> None:
    shop = Shop()
    shop.sold("other", deliver=True)
    shop.wait(20)  # 91.70 are available
    shop.tell("order.placed", "ord-1", day=20, amount=usd(100))
    shop.disputed("ord-1", day=21, amount=100)
    assert holds() == [] and not notices("money.held")
    shop.tell("dispute.closed", "ord-1", day=26, dispute="dp-ord-1", outcome="lost", amount=usd(100))
    assert balances() == {
        "available": 91.7, "fee_revenue": 8, "protection_fund": 0.3, "suspense": -100,
    }  # fmt: skip
    assert position("ord-1") == ("denied", "not_paid")
    assert shop.pay_out(27) == 91.7
    # The bank changes its mind: nothing is left to explain, and nobody gains.
    shop.tell("dispute.updated", "ord-1", day=40, dispute="dp-ord-1", outcome="won")
    assert "suspense" not in balances() and "seller_receivable" not in balances()


def test_what_the_processor_charges_for_a_dispute_is_the_marketplaces_cost_however_it_ends() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.disputed("ord-1", day=5, fee=usd(15))
    assert balances()["dispute_fee_expense"] == -15
    shop.tell("dispute.closed", "ord-1", day=9, dispute="dp-ord-1", outcome="won", fee=usd(15))
    assert balances() == {
        "pending": 91.7, "fee_revenue": 8, "protection_fund": 0.3, "psp_clearing": -85, "dispute_fee_expense": -15,
    }  # fmt: skip
    shop.tell("dispute.updated", "ord-1", day=12, dispute="dp-ord-1", fee=usd(0))
    assert "dispute_fee_expense" not in balances() and balances()["psp_clearing"] == -100


def test_a_payment_that_is_told_while_the_bank_still_decides_is_held_then() -> None:
    shop = Shop()
    shop.tell("order.placed", "ord-1", day=0, amount=usd(100))
    shop.disputed("ord-1", day=1)
    assert holds() == []
    shop.tell("order.paid", "ord-1", day=2, at=0.5, amount=usd(100))
    assert holds() == [("chargeback_open", 92)]


def test_a_chargeback_on_a_refunded_order_pays_nobody_twice() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.tell("refund.created", "ord-1", day=4, amount=usd(100))
    shop.disputed("ord-1", day=5)
    assert holds() == []
    shop.tell("dispute.closed", "ord-1", day=11, dispute="dp-ord-1", outcome="lost", amount=usd(100))
    assert position("ord-1") == ("denied", "refunded")
    # The bank's debit is stored and the seller's to recover; the fund pays nothing.
    assert balances() == {"seller_receivable": -100, "psp_clearing": 100}


def test_a_refund_told_late_takes_back_what_the_fund_paid() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.disputed("ord-1", day=5, outcome="lost")
    shop.tell("refund.created", "ord-1", day=12, at=4, amount=usd(100))
    assert "protection_fund" not in balances()
    assert sum(balances().values()) == pytest.approx(0) and balances()["psp_clearing"] == 100


def test_a_bank_that_names_only_the_dispute_is_understood() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.disputed("ord-1", day=5)
    closed = event("dispute.closed", at=START + timedelta(days=9), dispute="dp-ord-1", outcome="lost")
    shop.day = 9
    shop.send([closed])
    assert position("ord-1") == ("paid", "") and holds() == []
    assert "chargeback" in events_posted()


def test_a_changed_amount_changes_the_hold_and_is_told_once() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.disputed("ord-1", day=5, amount=50)
    shop.tell("dispute.updated", "ord-1", day=6, dispute="dp-ord-1", amount=usd(25))
    assert holds() == [("chargeback_open", 23)]
    assert len(notices("money.held")) == 1 and not notices("money.released")


def test_a_payout_that_comes_back_is_the_sellers_again_and_goes_out_in_the_next_run() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    assert shop.pay_out(11) == 91.7
    payout = notices("payout.sent")[0]["payout"]
    for _ in range(2):
        due.take_back([PayoutReturn(payout, "account closed")], shop.now)
    assert balances()["available"] == 91.7
    (told,) = notices("payout.returned")
    assert told["payout"] == payout and told["reason"] == {"en": "account closed"}
    assert shop.pay_out(18) == 91.7


def test_the_shops_systems_hear_of_decisions_holds_cover_and_payouts_once() -> None:
    with staff_scope():
        Endpoint.objects.create(
            url="https://shop.example/hooks", kinds=[kind.value for kind in MessageKind], secret=b"sealed",
            created_by="test", created_at=START,
        )  # fmt: skip
    shop = Shop()
    shop.sold("ord-1", ip_country="XR")
    shop.day = 0.1
    rule("ord-1", Action.ALLOW, shop)
    shop.ship("ord-1", day=0.5)
    shop.tell("shipment.delivered", "ord-1", day=3, parcel="dhl:ord-1", address="12 Main St")
    shop.pay_out(11)
    with staff_scope():
        told = list(StoredMessage.objects.order_by("at", "id").values_list("kind", flat=True))
        hold = StoredMessage.objects.get(kind="hold.placed")
    assert told == [
        "decision.made", "hold.placed", "hold.released", "decision.changed", "coverage.protected", "payout.sent",
    ]  # fmt: skip
    assert hold.data["order"] == "ord-1" and hold.data["amount"] == {"minor": 9170, "currency": "USD"}


# -- history ----------------------------------------------------------------------------------------------------------


def test_a_replayed_world_books_at_the_time_of_its_facts_and_sends_no_mail() -> None:
    Shop()
    member = person()
    batch = [
        event("order.placed", order="ord-1", amount=usd(100), ip_country="XR"),
        envelope("order.paid", "ord-1", at=START + timedelta(days=1), amount=usd(100)),
        envelope("refund.created", "ord-1", at=START + timedelta(days=2), amount=usd(40)),
    ]
    lanes.accept(batch, now=None, known=Known.WHEN_IT_HAPPENED)
    with engine_scope():
        times = query("SELECT event, at FROM ledger_transaction WHERE event IN ('capture', 'refund')").fetchall()
        mails = query("SELECT count(*) FROM notice_copy WHERE mail_state = 'waiting'").fetchone()
        messages = query("SELECT count(*) FROM webhook_message").fetchone()
    assert dict(times) == {"capture": START + timedelta(days=1), "refund": START + timedelta(days=2)}
    assert (mails, messages) == ((0,), (0,)) and member.id
