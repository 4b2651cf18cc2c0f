"""What the shop's events do to disputes."""

from __future__ import annotations

import pytest
from django.test import override_settings
from tests.kernel.builders import usd
from tests.protections.disputes.court import Court, balances, decision
from tests.protections.transactions.shop import Shop, events_posted

from safeconduct.kernel.cases.models import Evidence
from safeconduct.kernel.cases.words import Liability, Role, Standing
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.disputes.models import Dispute

pytestmark = pytest.mark.usefixtures("empty_database")


def disputes() -> list[tuple[str, str, str]]:
    with staff_scope():
        return list(Dispute.objects.order_by("number").values_list("type", "asked", "opened"))


def asks(shop: Shop, reason: str, *, day: float, amount: float = 100) -> None:
    shop.tell("refund.requested", "ord-1", day=day, reason=reason, amount=usd(amount))


@override_settings(PRESET="eu-fair")
def test_a_refund_that_was_asked_for_opens_one_dispute_where_the_marketplace_says_so() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    asks(shop, "changed my mind", day=4)
    assert disputes() == [], "a reason that cannot be disputed opens nothing"
    asks(shop, "Item not received", day=4.1)
    asks(shop, "item_not_received", day=4.2)
    assert disputes() == [("not_received", "refund", "event")]
    balances()


@override_settings(PRESET="eu-fair")
def test_a_part_that_was_asked_for_is_what_is_in_dispute() -> None:
    shop = Shop()
    shop.sold("ord-1")
    asks(shop, "defective", day=4, amount=30)
    assert disputes() == [("not_as_described", "partial_refund", "event")]


def test_where_buyer_and_seller_talk_first_the_same_event_opens_nothing() -> None:
    shop = Shop()
    shop.sold("ord-1")
    asks(shop, "item_not_received", day=4)
    assert disputes() == []


def test_a_delivery_while_a_dispute_runs_becomes_evidence_for_both() -> None:
    court = Court(deliver=False)
    court.shop.ship("ord-1", day=4.5)
    court.open()
    court.shop.tell("shipment.delivered", "ord-1", day=6, parcel="dhl:ord-1", signed=True)
    with staff_scope():
        kinds = set(Evidence.objects.filter(exhibits__case_id=court.case).values_list("kind", flat=True))
    assert {"proof_of_delivery", "delivery_signature", "tracking"} <= kinds


def test_a_part_of_the_refund_makes_nothing_good_yet() -> None:
    court = Court()
    court.open()
    arbiter = court.to_the_arbiter()
    court.take("decide", Role.ARBITER, arbiter, decision(liability=Liability.FUND, standing=Standing.DOES_NOT_COUNT))
    court.wait(8)
    court.refund(40)
    assert "protection_reimbursement" not in events_posted()
    balances()
