"""One claim over three channels, through the doors that a marketplace has: its API, the staff's pages, and time.

Each story ends alike (`endings`): balanced books, nobody paid twice, reasons for everybody, a record that verifies.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import tests.django_world as world
from django.test import Client
from tests.api.api_world import Machine, good, problem
from tests.kernel.builders import event, person, usd
from tests.portal import shops
from tests.protections.disputes.test_dispute_console import decided, desk, staff, to_the_arbiter
from tests.protections.endings import ends_well

from safeconduct.api import outage
from safeconduct.kernel.cases import publishing
from safeconduct.kernel.cases import sweep as clocks
from safeconduct.kernel.cases.models import Case
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.disputes import protection as disputes
from safeconduct.protections.returns import protection as returns

AMOUNT = 120
#: What a sale of 120 brings: less 9.60 of commission and 0.36 for protection.
NET = 110.04
FOR_NOBODY = {"remedy": "nothing", "liability": "nobody", "standing": "does_not_count"}
PHONE: dict[str, Any] = {"weight_g": 420, "serial": "SN-4021-77", "photo_hash": "f0" * 32}
BRICK: dict[str, Any] = {"weight_g": 900, "serial": "", "photo_hash": "0f" * 32}


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


class Order:
    """One order of 120 dollars, its shop at the API, and the marketplace's clocks. ``delivered``: on its sixth day."""

    def __init__(self, *, delivered: bool = True, seller: str = "sel-1", **noted: Any) -> None:
        self.seller, self.shop, self.days = seller, Machine(), 0.0
        self.sold = shops.order(at=shops.ago(24 * 8), amount=AMOUNT, seller=seller, ship_country="DE")
        if delivered:
            parcel = {"parcel": shops.parcel_of(self.sold), "carrier": "dhl"}
            self.tells("shipment.shipped", hours=24 * 7, **parcel, **noted)
            shops.happen(event("shipment.tracked", at=shops.ago(24 * 6.9), scan="accepted", **parcel))
            self.tells("shipment.delivered", hours=24 * 2, **parcel)
        self.case = self.returned = ""

    @property
    def key(self) -> int:
        return self.sold.key

    def tells(self, kind: str, *, hours: float = 0, **data: Any) -> None:
        """The shop sends an event to the API; it happened so many hours ago."""
        at = shops.ago(hours) if hours else datetime.now(UTC)
        about = {"order": self.sold.ref, "seller": self.seller, "buyer": "buy-1", **data}
        good(self.shop.post("/v1/events", event(kind, at=at, **about)))

    def refunds(self, amount: float) -> None:
        """The shop sends a refund, and tells it twice."""
        told = event(
            "refund.created", at=datetime.now(UTC), order=self.sold.ref, seller=self.seller, amount=usd(amount)
        )
        good(self.shop.post("/v1/events", told))
        good(self.shop.post("/v1/events", told))

    def disputes(self, **changes: Any) -> None:
        body = {"reference": "c-1", "order": self.sold.ref, "type": "not_received", "words": "It never came", **changes}
        self.case = good(self.shop.post("/v1/disputes", body), 201)["id"]

    def step(self, role: str, verb: str, **values: Any) -> Any:
        return good(self.shop.post(f"/v1/disputes/{self.case}/steps", {"role": role, "verb": verb, **values}))

    def found(self) -> Any:
        """The dispute as the API has it."""
        return good(self.shop.get(f"/v1/disputes/{self.case}"))

    def before_the_arbiter(self) -> Client:
        """Answered, not mediated; somebody sits to decide."""
        self.step("seller", "answer", words="The carrier delivered it")
        self.step("buyer", "escalate")
        to_the_arbiter(self.case)
        arbiter = staff("Arbiter")
        arbiter.post(f"{desk(self.case)}seat/", {})
        return arbiter

    def wants_back(self, **changes: Any) -> Any:
        body = {"reference": "rma-1", "order": self.sold.ref, **changes}
        made = good(self.shop.post("/v1/returns", body), 201)
        self.returned = made["id"]
        return made

    def return_step(self, role: str, step: str, **values: Any) -> Any:
        return good(self.shop.post(f"/v1/returns/{self.returned}/steps", {"role": role, "step": step, **values}))

    def bank(self, kind: str, **data: Any) -> None:
        """The processor tells of the buyer's bank; a dispute that ends names no order, as banks do."""
        told = {"dispute": f"dp-{self.sold.ref}", "amount": usd(AMOUNT), **data}
        if kind == "opened":
            due_at = (datetime.now(UTC) + timedelta(days=20)).isoformat()
            told |= {"order": self.sold.ref, "seller": self.seller, "stage": "chargeback", "due_at": due_at}
            told |= {"network": "visa", "network_reason": "13.1", "reason": "product_not_received", **data}
        good(self.shop.post("/v1/events", event(f"dispute.{kind}", at=datetime.now(UTC), **told)))

    def answers_the_bank(self) -> Any:
        """The pack is put together, looked at and sent."""
        (chargeback,) = good(self.shop.get("/v1/chargebacks", seller=self.seller))["items"]
        address = f"/v1/chargebacks/{chargeback['id']}"
        staged = good(self.shop.post(f"{address}/answer", {"language": "en"}))["answer"]
        return good(self.shop.post(f"{address}/submit", {"sha256": staged["sha256"], "person": person().email}))[
            "answer"
        ]

    def wait(self, days: float) -> None:
        """Time passes, and what is due is done."""
        self.days += days
        now = datetime.now(UTC) + timedelta(days=self.days)
        returns.sweep(now)
        disputes.sweep(now)
        clocks.keep_up(now)


def state(case_id: str) -> str:
    with staff_scope():
        return Case.objects.get(id=case_id).state


# -- a dispute ---------------------------------------------------------------------------------------------------------


def test_a_dispute_that_the_seller_wins() -> None:
    order = Order()
    order.disputes()
    decided(order.case, order.before_the_arbiter(), **FOR_NOBODY)
    order.wait(8)
    (outcome,) = order.found()["outcomes"]
    assert (outcome["remedy"], outcome["liability"], outcome["standing"]) == tuple(FOR_NOBODY.values())
    ends_well(order.key, sent=0, seller=NET, reasons=1)


def test_a_dispute_that_the_seller_loses() -> None:
    order = Order()
    order.disputes()
    decided(order.case, order.before_the_arbiter())
    order.wait(8)
    order.refunds(AMOUNT)
    (outcome,) = order.found()["outcomes"]
    assert (outcome["remedy"], outcome["liability"], outcome["says"]) == (
        "refund", "seller", "The scans end before the buyer's town.",
    )  # fmt: skip
    ends_well(order.key, sent=AMOUNT, seller=0, reasons=1)


def test_a_dispute_that_both_settle() -> None:
    order = Order()
    order.disputes()
    offers = order.step("seller", "offer", remedy="partial_refund", amount_minor=3000)["offers"]
    offer = next(one["id"] for one in offers if one["role"] == "seller")
    order.step("buyer", "accept", offer=offer)
    order.refunds(30)
    assert order.found()["status"] == "closed"
    ends_well(order.key, sent=30, seller=NET * 0.75, reasons=1)


def test_a_part_that_was_sent_by_agreement_counts_once_when_the_bank_comes_later() -> None:
    order = Order()
    order.disputes()
    offers = order.step("seller", "offer", remedy="partial_refund", amount_minor=3000)["offers"]
    order.step("buyer", "accept", offer=next(one["id"] for one in offers if one["role"] == "seller"))
    order.refunds(30)
    order.bank("opened")
    order.bank("closed", outcome="won")
    ends_well(order.key, sent=30, seller=NET * 0.75, reasons=1)


def test_a_decision_that_is_appealed_and_overturned() -> None:
    order = Order()
    order.disputes()
    arbiter = order.before_the_arbiter()
    decided(order.case, arbiter)
    order.step("seller", "appeal", words="The neighbour signed")
    arbiter.post(f"{desk(order.case)}seat/", {})
    arbiter.post(f"{desk(order.case)}rule/", {**FOR_NOBODY, "facts": "I was right, or not"})
    assert state(order.case) == "appealed", "nobody rules on their own decision"
    reviewer = staff("Reviewer")
    reviewer.post(f"{desk(order.case)}seat/", {})
    decided(order.case, reviewer, "rule", **FOR_NOBODY)
    assert [one["remedy"] for one in order.found()["outcomes"] if one["final"]] == ["nothing"]
    ends_well(order.key, sent=0, seller=NET, reasons=2)


# -- silence -----------------------------------------------------------------------------------------------------------


def test_the_seller_is_silent_then_the_platform_and_the_buyer_is_paid_at_the_platforms_cost() -> None:
    order = Order()
    order.disputes()
    order.wait(7)
    assert state(order.case) == "awaiting_platform", "a seller's silence loses nothing"
    order.wait(1.5)
    assert state(order.case) == "awaiting_platform", "the platform has missed its time once"
    order.wait(1.5)
    (outcome,) = order.found()["outcomes"]
    assert (outcome["liability"], outcome["standing"], outcome["automated"]) == ("platform", "does_not_count", True)
    order.refunds(AMOUNT)
    ends_well(order.key, sent=AMOUNT, seller=AMOUNT * 0.92, reasons=1)


def test_the_buyer_is_silent_after_an_answer_and_a_person_decides() -> None:
    order = Order()
    order.disputes()
    order.step("seller", "answer", words="It was delivered on Monday")
    order.wait(8)
    assert state(order.case) == "awaiting_platform"
    to_the_arbiter(order.case)
    arbiter = staff("Arbiter")
    arbiter.post(f"{desk(order.case)}seat/", {})
    decided(order.case, arbiter, **FOR_NOBODY)
    order.wait(20)
    assert state(order.case) == "final"
    ends_well(order.key, sent=0, seller=NET, reasons=1)


# -- the bank ----------------------------------------------------------------------------------------------------------


def test_a_chargeback_on_a_disputed_order_that_the_seller_wins_lets_the_dispute_go_on() -> None:
    order = Order()
    order.disputes()
    order.bank("opened")
    order.wait(15)
    assert state(order.case) == "open", "the clocks stand still while the bank decides"
    assert order.answers_the_bank()["state"] == "queued"
    order.bank("closed", outcome="won")
    order.step("buyer", "withdraw")
    ends_well(order.key, sent=0, seller=NET, reasons=1)


def test_a_chargeback_on_a_disputed_order_that_is_lost_is_the_only_way_the_buyer_is_paid() -> None:
    order = Order(delivered=False)
    order.disputes()
    order.bank("opened")
    order.bank("closed", outcome="lost")
    decided(order.case, order.before_the_arbiter(), liability="fund", standing="does_not_count")
    order.wait(8)
    order.refunds(0.01)  # a shop that is late with a cent of its own
    (outcome,) = order.found()["outcomes"]
    assert (outcome["remedy"], outcome["liability"]) == ("refund", "fund")
    # The cent is what the buyer has twice; the fund bears what the bank took.
    ends_well(order.key, sent=0.01, seller=round(NET + 0 - 0.01, 2), reasons=1, owed_twice=0.01)


def test_a_chargeback_on_a_refunded_order_is_asked_back() -> None:
    order = Order()
    order.refunds(AMOUNT)
    order.bank("opened", network_reason="13.6", reason="credit_not_processed")
    assert "proof_of_refund" in order.answers_the_bank()["exhibits"]
    order.bank("closed", outcome="lost")
    ends_well(order.key, sent=AMOUNT, seller=-AMOUNT, reasons=0, owed_twice=AMOUNT)
    order.bank("closed", outcome="won")
    ends_well(order.key, sent=AMOUNT, seller=0, reasons=0)


def test_a_chargeback_on_a_returned_order_pays_the_buyer_once_and_when_it_is_undone_the_shop_pays() -> None:
    order = Order(**PHONE)
    order.wants_back()
    order.tells("return.received", **PHONE)
    order.bank("opened")
    order.return_step("seller", "accept")
    order.bank("closed", outcome="lost")
    # The seller agreed to the refund and has the goods: coverage does not pay it because a bank was faster.
    ends_well(order.key, sent=0, seller=0, reasons=1)
    page = shops.read(shops.signed_in(), f"/portal/transactions/orders/{order.key}/")
    assert "Claim covered" in page and "The protection fund has paid you nothing for this order" in page
    order.bank("closed", outcome="won")
    order.refunds(AMOUNT)
    ends_well(order.key, sent=AMOUNT, seller=0, reasons=1)


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_covered_order_is_paid_for_now_and_its_seller_reads_what_becomes_of_that(outcome: str) -> None:
    order = Order()
    order.bank("opened")
    (chargeback,) = good(order.shop.get("/v1/chargebacks", seller=order.seller))["items"]
    pages = [
        f"/portal/transactions/orders/{order.key}/",
        f"/portal/transactions/chargebacks/{chargeback['id']}/",
    ]
    for page in pages:
        assert "The protection fund has paid you $110.40 for now." in shops.read(shops.signed_in(), page)
    assert good(order.shop.get(f"/v1/coverage/{order.sold.ref}"))["pays_for_now"]["minor"] == AMOUNT * 100
    order.bank("closed", outcome=outcome)
    shown = [shops.read(shops.signed_in(), page) for page in pages]
    assert not any("has paid you $110.40 for now" in page for page in shown)
    if outcome == "won":
        assert "Won for now; the bank can reopen it" in shown[1]
        ends_well(order.key, sent=0, seller=NET, reasons=0)
    else:
        assert "The protection fund has paid you $110.40 for" in shown[0]
        ends_well(order.key, sent=0, seller=NET, reasons=0)


# -- a return ----------------------------------------------------------------------------------------------------------


def test_a_brick_comes_back_and_a_person_pays_nothing_for_it() -> None:
    order = Order(**PHONE)
    made = order.wants_back()
    assert made["state"] == "authorised", "the law gives the return; the seller was not asked"
    order.tells("return.received", **BRICK)
    compared = good(order.shop.get(f"/v1/returns/{order.returned}"))["compared"]
    assert {"different"} <= {one["finding"] for one in compared}
    order.return_step("seller", "contest", words="A brick", proof="A brick lay in the box; it weighs 900 g")
    page = f"/console/returns/{order.returned}/"
    judge = staff("Judge")
    shown = shops.read(judge, page)
    evidence = [part.split('"')[0] for part in shown.split('name="evidence" value="')[1:]]
    finding = {"grade_0": "E", "reception_0": "wrong_item", "reason": "Another thing lay in the box."}
    judge.post(f"{page}decide/", finding)
    assert good(order.shop.get(f"/v1/returns/{order.returned}"))["state"] == "judging", "no evidence, no reduction"
    judge.post(f"{page}decide/", {**finding, "evidence": evidence})
    order.wait(60)
    found = good(order.shop.get(f"/v1/returns/{order.returned}"))
    (outcome,) = found["outcomes"]
    assert (found["state"], outcome["remedy"], outcome["liability"]) == ("final", "nothing", "buyer")
    ends_well(order.key, sent=0, seller=NET, reasons=1)


def test_a_return_that_nobody_judged_in_time_is_paid_by_the_fund_and_kept_once() -> None:
    order = Order(**PHONE)
    order.wants_back()
    order.tells("return.received", **BRICK)
    order.return_step("seller", "contest", words="A brick", proof="A brick lay in the box")
    order.wait(16)
    found = good(order.shop.get(f"/v1/returns/{order.returned}"))
    assert (found["state"], found["outcomes"][0]["liability"]) == ("final", "fund")
    order.bank("opened")
    order.bank("closed", outcome="lost")
    order.bank("closed", outcome="won")
    order.refunds(AMOUNT)
    ends_well(order.key, sent=AMOUNT, seller=NET, reasons=1)


# -- money without goods -----------------------------------------------------------------------------------------------


def test_a_refund_without_a_return_is_refused_where_law_forbids_to_force_it() -> None:
    shops.happen(event("seller.registered", at=shops.ago(24 * 200), seller="sel-3", seller_country="CN"))
    order = Order(seller="sel-3")
    order.disputes(type="not_as_described", asked="refund", words="Not what I saw; I keep it and want my money")
    arbiter = order.before_the_arbiter()
    decided(order.case, arbiter)
    assert state(order.case) == "adjudication", "a person cannot decide what Order 116 forbids"
    decided(order.case, arbiter, remedy="refund_on_return")
    order.wait(8)
    order.wait(11)  # the goods never come
    (outcome,) = order.found()["outcomes"]
    assert (outcome["remedy"], outcome["liability"]) == ("refund_on_return", "seller")
    ends_well(order.key, sent=0, seller=NET, reasons=1)


def test_a_platform_that_wants_to_give_the_goods_away_needs_a_written_rule() -> None:
    order = Order(**PHONE)
    order.wants_back()
    refused = order.shop.post(
        f"/v1/returns/{order.returned}/steps", {"role": "seller", "step": "platform_keeps", "words": "Keep it"}
    )
    problem(refused, 409, "conflict")
    order.return_step("buyer", "withdraw")
    ends_well(order.key, sent=0, seller=NET, reasons=1)
