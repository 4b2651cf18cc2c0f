"""A refund went out, and its bank sent it back: the buyer is owed it again by the same day, and the seller is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import tests.django_world as world
from django.test import Client
from django.urls import reverse
from tests.api.api_world import good
from tests.kernel.builders import event, usd
from tests.portal import shops
from tests.protections.disputes.test_dispute_console import decided
from tests.protections.endings import ends_well
from tests.protections.test_one_claim_stories import AMOUNT, PHONE, Order
from tests.protections.transactions.shop import balances

from safeconduct.api import outage
from safeconduct.kernel.buyer_links import token_of
from safeconduct.kernel.cases import publishing
from safeconduct.kernel.claims.models import Refund
from safeconduct.kernel.scope import query, staff_scope


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Empty tables before and after, and no workflow or outage remembered of them."""
    world.forget_everything()
    publishing.forget()
    outage.forget()
    shops.open_for_business()
    yield
    publishing.forget()
    outage.forget()


class GivenBack(Order):
    """The parcel came back as it had left, and a person has the buyer paid back whole."""

    def __init__(self) -> None:
        super().__init__(**PHONE)
        self.wants_back()
        self.tells("return.received", **PHONE)
        self.return_step("seller", "accept")

    def refund(self, kind: str, name: str, amount: float = AMOUNT) -> None:
        """The processor tells of a refund, twice."""
        told = event(
            f"refund.{kind}", at=datetime.now(UTC), order=self.sold.ref, seller=self.seller, amount=usd(amount),
            refund=name,
        )  # fmt: skip
        good(self.shop.post("/v1/events", told))
        good(self.shop.post("/v1/events", {**told, "id": f"{told['id']}-again"}))

    def refunds_are(self) -> list[tuple[float, str]]:
        with staff_scope():
            rows = Refund.objects.filter(claim__order_key=self.key).order_by("requested_at", "id")
            return [(one.to_send_minor / 100, one.state) for one in rows]

    def due(self) -> list[Any]:
        with staff_scope():
            return list(
                Refund.objects.filter(claim__order_key=self.key)
                .order_by("requested_at")
                .values_list("due_at", flat=True)
            )


class Disputed(GivenBack):
    """A person decides a dispute for the buyer, at the seller's cost."""

    def __init__(self) -> None:
        Order.__init__(self, delivered=False)
        self.disputes()
        decided(self.case, self.before_the_arbiter())
        self.wait(8)


def test_a_refund_that_did_not_arrive_is_owed_again_by_the_same_day_and_is_sent_once_more() -> None:
    order = GivenBack()
    assert order.refunds_are() == [(AMOUNT, "requested")]
    held = balances()["on_hold"]
    order.refund("created", "re_1")
    assert order.refunds_are() == [(AMOUNT, "sent")]
    order.refund("failed", "re_1")
    assert order.refunds_are() == [(AMOUNT, "failed"), (AMOUNT, "requested")]
    first, again = order.due()
    assert first == again is not None, "the day that law gives has not moved"
    assert balances()["on_hold"] == held, "the seller's money is held for it"
    seller = shops.signed_in(order.seller)
    assert f"{order.sold.ref}: a refund did not arrive" in shops.read(seller, "/portal/")
    page = shops.read(seller, reverse("portal:transactions:order", args=[order.key]))
    assert "did not arrive" in page and "It is to be sent again." in page
    hers = Client().get(f"/returns/{token_of(order.key)}/", follow=True).content.decode()
    assert "Did not arrive" in hers and "Asked of the shop; it sends the money" in hers
    order.refund("created", "re_2")
    assert order.refunds_are() == [(AMOUNT, "failed"), (AMOUNT, "sent")]
    assert "did not arrive" not in shops.read(seller, "/portal/")
    ends_well(order.key, sent=AMOUNT, seller=0, reasons=1)


def test_news_of_the_failure_that_come_first_leave_the_buyer_owed_what_was_owed() -> None:
    order = GivenBack()
    order.refund("failed", "re_1")
    order.refund("created", "re_1")
    assert order.refunds_are() == [(AMOUNT, "requested")]
    order.refund("created", "re_2")
    assert order.refunds_are() == [(AMOUNT, "sent")]
    ends_well(order.key, sent=AMOUNT, seller=0, reasons=1)


def test_what_the_bank_has_paid_meanwhile_is_not_sent_once_more() -> None:
    order = GivenBack()
    order.refund("created", "re_1")
    order.bank("opened")
    order.bank("closed", outcome="lost")
    order.refund("failed", "re_1")
    assert order.refunds_are() == [(AMOUNT, "failed")]
    with staff_scope():
        assert not query("SELECT 1 FROM claim WHERE closed_at IS NULL").fetchall(), "there is nothing to wait for"
        assert not query("SELECT 1 FROM claim_recovery WHERE settled_at IS NULL").fetchall(), "the buyer has it once"


def test_the_buyer_of_a_dispute_reads_that_the_refund_did_not_arrive_and_is_owed_again() -> None:
    order = Disputed()
    order.refund("created", "re_1")
    order.refund("failed", "re_1")
    assert set(order.refunds_are()) == {(AMOUNT, "failed"), (AMOUNT, "requested")}
    hers = Client().get(f"/disputes/{token_of(order.key)}/", follow=True).content.decode()
    assert "Did not arrive" in hers and "Asked of the shop; it sends the money" in hers
    order.refund("created", "re_2")
    assert set(order.refunds_are()) == {(AMOUNT, "failed"), (AMOUNT, "sent")}
    ends_well(order.key, sent=AMOUNT, seller=0, reasons=1)
