"""A chargeback on a disputed, on a refunded, on a returned order: nobody is paid twice, the books balance, everybody is
told why, and the record can be checked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.kernel.builders import usd
from tests.protections.disputes.court import Court, for_the_seller
from tests.protections.returns.market import Market
from tests.protections.transactions.shop import Shop, balances, notices

from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.claims.models import Recovery, Refund
from safeconduct.kernel.record import sequencer, verification
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope
from safeconduct.protections.transactions.chargebacks import answers
from safeconduct.protections.transactions.chargebacks.models import BankDispute, DisputeStep

pytestmark = pytest.mark.usefixtures("empty_database")

SELLER = Actor("usr_1", "finance")
CREDIT: dict[str, Any] = {
    "network": "visa", "network_reason": "13.6", "stage": "chargeback", "reason": "credit_not_processed",
}  # fmt: skip


def opened(shop: Shop, order: str, *, day: float, **told: Any) -> BankDispute:
    due_at = (shop.now + timedelta(days=40)).isoformat()
    shop.disputed(order, day=day, due_at=due_at, **CREDIT | told)
    with engine_scope():
        return BankDispute.objects.get()


def answered(one: BankDispute, shop: Shop) -> dict[str, Any]:
    """The answer is put together, looked at and sent; the exhibits by document."""
    with engine_scope():
        staged = answers.stage(one.id, SELLER, shop.now)
        answers.submit(one.id, SELLER, shop.now)
    return {entry["document"]: entry for entry in staged.manifest}


def decided(shop: Shop, order: str, outcome: str, *, day: float) -> None:
    shop.tell("dispute.closed", order, day=day, dispute=f"dp-{order}", outcome=outcome, amount=usd(100))


def refunds() -> list[tuple[int, str]]:
    with engine_scope():
        return list(Refund.objects.order_by("requested_at", "id").values_list("amount_minor", "state"))


def ends_well(shop: Shop, *, outcome: str) -> dict[str, float]:
    """The books balance, the seller was told how it ended, each step is in the record, and the record holds."""
    found = balances()
    assert [one["outcome"] for one in notices("chargeback.decided")] == [outcome]
    sequencer.keep_up(shop.now + timedelta(days=1))
    with staff_scope():
        steps = DisputeStep.objects.count()
    assert steps >= 3
    report = verification.verify()
    assert report.ok and report.contents >= steps, report.findings
    return found


def test_a_chargeback_on_a_disputed_order_shows_the_bank_why_no_credit_was_due() -> None:
    court = Court()
    court.open()
    arbiter = court.to_the_arbiter()
    court.take("decide", Role.ARBITER, arbiter, for_the_seller())
    assert court.outcome()[:2] == ("nothing", "nobody")
    one = opened(court.shop, "ord-1", day=court.shop.day + 1)
    shown = answered(one, court.shop)
    assert not shown["credit_not_due"]["brought"]
    decided(court.shop, "ord-1", "won", day=court.shop.day + 20)
    assert refunds() == []
    ends_well(court.shop, outcome="won")


def test_a_chargeback_on_a_refunded_order_is_answered_with_the_refund_and_what_was_paid_twice_is_recovered() -> None:
    shop = Shop()
    shop.sold("o-1", deliver=True)
    shop.tell("refund.created", "o-1", day=6, amount=usd(100), reason="requested_by_customer")
    one = opened(shop, "o-1", day=10)
    assert "proof_of_refund" in answered(one, shop)
    decided(shop, "o-1", "lost", day=30)
    with staff_scope():
        (recovery,) = Recovery.objects.all()
    assert (recovery.due_minor, recovery.defence) == (10_000, "credit_already_issued")
    assert refunds() == [(10_000, "sent")]
    ends_well(shop, outcome="lost")


def test_a_chargeback_on_a_returned_order_pays_the_buyer_once() -> None:
    market = Market()
    market.sent()
    market.wants_back()
    market.comes_back()
    one = opened(market, "ord-1", day=9.5)
    market.does("accept", day=10)
    assert refunds() == [(10_000, "frozen")]
    shown = answered(one, market)
    assert "not_returned" not in shown, "the goods are back, and nobody says otherwise"
    decided(market, "ord-1", "lost", day=20)
    assert refunds() == [(10_000, "paid_by_bank")]
    assert ends_well(market, outcome="lost").get("psp_clearing", 0) == 0
