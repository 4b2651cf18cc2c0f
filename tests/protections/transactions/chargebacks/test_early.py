"""Before the chargeback: warnings of issuers and questions of banks, and what a refund in time does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.kernel.builders import usd
from tests.protections.transactions.shop import START, Shop, balances, coverage, holds, notices

from safeconduct.kernel.claims import actions as claims
from safeconduct.kernel.claims.models import Channel, Refund
from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope
from safeconduct.protections.transactions.chargebacks import early
from safeconduct.protections.transactions.chargebacks.errors import AlreadyDecided, BankDecides, NothingLeft
from safeconduct.protections.transactions.chargebacks.foreseen import Early, Matter, foreseen
from safeconduct.protections.transactions.chargebacks.models import BankDispute, DisputeStep, EarlyWarning

pytestmark = pytest.mark.usefixtures("empty_database")

SELLER = Actor("usr_1", "finance")
INQUIRY: dict[str, Any] = {"network": "visa", "network_reason": "10.4", "stage": "inquiry"}


def warned(shop: Shop, order: str = "o-1", *, day: float = 2) -> EarlyWarning:
    shop.tell("fraud.warned", order, day=day, reason="misc")
    with engine_scope():
        return EarlyWarning.objects.order_by("-warned_at").first()  # type: ignore[return-value]


def channels() -> list[tuple[str, str]]:
    with engine_scope():
        return list(Channel.objects.order_by("opened_at", "id").values_list("kind", "outcome"))


def refunds() -> list[tuple[int, str]]:
    with engine_scope():
        return list(Refund.objects.order_by("requested_at").values_list("amount_minor", "state"))


def test_a_warning_is_stored_once_and_the_seller_is_told() -> None:
    shop = Shop()
    shop.sold("o-1", deliver=True)
    found = warned(shop, day=5)
    warned(shop, day=6)
    with engine_scope():
        assert EarlyWarning.objects.count() == 1
    assert (found.amount_minor, found.currency, found.to_hold) == (10_000, "USD", False)
    (told,) = notices("chargeback.warned")
    assert told["order"] == "o-1" and "You can refund now" in told["next"]["en"]


def test_an_order_that_was_not_sent_is_held_until_a_person_rules_on_it() -> None:
    shop = Shop()
    shop.sold("o-1")
    assert warned(shop, day=0.2).to_hold
    assert early.hold_due(shop.now) == 1 and early.hold_due(shop.now) == 0
    with staff_scope():
        standing = Decision.objects.get(standing=True)
    assert (standing.action, standing.actor) == ("review", "engine") and standing.reasons["automated"]
    assert "reported this payment as fraud" in standing.reasons["statement"][0]["told"]["en"]
    assert [reason for reason, _ in holds()] == ["order_under_review"]
    assert coverage("o-1").state != "void"


def test_an_order_that_was_sent_meanwhile_is_not_held() -> None:
    shop = Shop()
    shop.sold("o-1")
    warned(shop, day=0.2)
    shop.ship("o-1", day=0.3)
    assert early.hold_due(shop.now) == 1 and not holds()


def test_a_refund_in_time_runs_through_the_claim_and_is_sent_once() -> None:
    shop = Shop()
    shop.sold("o-1", deliver=True)
    found = warned(shop, day=5)
    with engine_scope():
        assert len(early.refund_warned(found.id, SELLER, shop.now)) == 1
    with engine_scope(), pytest.raises(AlreadyDecided):
        early.refund_warned(found.id, SELLER, shop.now)
    assert refunds() == [(10_000, "requested")]
    shop.tell("refund.created", "o-1", day=6, amount=usd(100))
    assert refunds() == [(10_000, "sent")]
    assert "seller_available" not in balances()


def test_a_chargeback_after_the_refund_is_answered_with_it_and_the_warning_stands_in_its_history() -> None:
    shop = Shop()
    shop.sold("o-1", deliver=True)
    found = warned(shop, day=5)
    with engine_scope():
        early.refund_warned(found.id, SELLER, shop.now)
    shop.tell("refund.created", "o-1", day=6, amount=usd(100))
    shop.disputed("o-1", day=20, network="visa", network_reason="10.4", stage="chargeback", outcome="lost")
    with engine_scope():
        dispute = BankDispute.objects.get()
        assert EarlyWarning.objects.get().dispute_id == dispute.id
        assert [step.what for step in DisputeStep.objects.order_by("id")] == ["opened", "warned", "closed"]
    assert refunds() == [(10_000, "sent")]
    balances()


def test_a_bank_that_asks_freezes_nothing_and_a_refund_is_the_answer() -> None:
    shop = Shop()
    shop.sold("o-1", deliver=True)
    shop.disputed("o-1", day=20, **INQUIRY)
    assert channels() == [("inquiry", "")]
    with engine_scope():
        dispute = BankDispute.objects.get()
        early.refund_asked(dispute.id, SELLER, shop.now)
    assert refunds() == [(10_000, "requested")]
    shop.tell("refund.created", "o-1", day=21, amount=usd(100))
    shop.tell("dispute.closed", "o-1", day=25, dispute="dp-o-1", outcome="warning_closed", stage="inquiry")
    assert refunds() == [(10_000, "sent")] and channels() == [("inquiry", "won")]
    with engine_scope():
        assert BankDispute.objects.get().status == "warning_closed"
    balances()


def test_a_bank_that_only_asked_has_paid_no_refund_whatever_it_found() -> None:
    shop = Shop()
    shop.sold("o-1", deliver=True)
    shop.disputed("o-1", day=20, **INQUIRY)
    before = balances()["psp_clearing"]
    with engine_scope():
        early.refund_asked(BankDispute.objects.get().id, SELLER, shop.now)
    shop.tell("dispute.closed", "o-1", day=25, dispute="dp-o-1", outcome="lost", stage="inquiry", amount=usd(100))
    assert refunds() == [(10_000, "requested")]
    assert balances()["psp_clearing"] == before


def test_an_inquiry_that_becomes_a_chargeback_goes_on_as_one() -> None:
    shop = Shop()
    shop.sold("o-1", deliver=True)
    shop.disputed("o-1", day=20, **INQUIRY)
    with engine_scope():
        claim = Channel.objects.get().claim_id
        claims.request_refund([ask(claim, 4_000)], SELLER, at=shop.now)
    shop.tell("dispute.updated", "o-1", day=22, dispute="dp-o-1", outcome="funds_withdrawn", amount=usd(100))
    assert channels() == [("inquiry", "moved"), ("chargeback", "")]
    assert refunds() == [(4_000, "frozen")]
    with engine_scope(), pytest.raises(BankDecides):
        early.refund_asked(BankDispute.objects.get().id, SELLER, shop.now)
    shop.tell("dispute.closed", "o-1", day=40, dispute="dp-o-1", outcome="lost", amount=usd(100))
    assert refunds() == [(4_000, "paid_by_bank")]
    balances()


def ask(claim: str, minor: int) -> Any:
    from safeconduct.kernel.claims.asks import RefundAsk

    return RefundAsk("test/1", claim, minor)


def test_what_was_refunded_cannot_be_refunded_again() -> None:
    shop = Shop()
    shop.sold("o-1", deliver=True)
    shop.tell("refund.created", "o-1", day=4, amount=usd(100))
    found = warned(shop, day=5)
    with engine_scope(), pytest.raises(NothingLeft):
        early.refund_warned(found.id, SELLER, shop.now)


def test_the_advice_is_the_marketplaces_own_history() -> None:
    shop = Shop()
    for n in range(12):
        shop.sold(f"w-{n}", day=n, deliver=False)
        warned(shop, f"w-{n}", day=n + 0.1)
        if n < 11:
            shop.disputed(f"w-{n}", day=n + 0.2, network="visa", network_reason="10.4", stage="chargeback")
    given = [Matter("unsent", 10_000, "USD", sent=False), Matter("sent", 10_000, "USD", sent=True)]
    with engine_scope():
        nothing = foreseen(given, START + timedelta(days=20))
        known = foreseen(given, START + timedelta(days=200))
    assert nothing["sent"].chance.decided == 0 and nothing["sent"].advice is Early.UNCLEAR
    assert known["unsent"].chance.decided == 12 and known["unsent"].chance.expected > 0.8
    assert known["unsent"].advice is Early.REFUND and known["unsent"].now_minor == 0
    assert known["sent"].advice is not Early.REFUND and known["sent"].now_minor == 10_000
