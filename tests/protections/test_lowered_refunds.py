"""An appeal finds that the buyer gets less than was decided first, and a bank decides about the same money: whichever
comes first, what the appeal took away is sent to nobody, and nobody pays for it in the end.

The way of all of them: a parcel comes back, a person has it paid back whole, the seller appeals with the scales, and
another person finds a brick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import tests.django_world as world
from tests.api.api_world import good
from tests.kernel.builders import event, usd
from tests.portal import shops
from tests.protections.disputes.test_dispute_console import staff
from tests.protections.endings import ends_well
from tests.protections.test_one_claim_stories import AMOUNT, BRICK, NET, PHONE, Order
from tests.protections.transactions.shop import balances

from safeconduct.api import outage
from safeconduct.kernel.cases import publishing
from safeconduct.kernel.claims.models import Refund
from safeconduct.kernel.claims.whole import made_whole
from safeconduct.kernel.scope import engine_scope, query, staff_scope


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


class Brick(Order):
    """A brick came back, and the first person who looked has paid it back whole."""

    def __init__(self) -> None:
        super().__init__(**PHONE)
        self.wants_back()
        self.tells("return.received", **BRICK)
        self.return_step("seller", "contest", words="A brick", proof="A brick lay in the box; it weighs 900 g")
        self.judged({"grade_0": "A", "reason": "The buyer has it from the shelf."})
        assert self.refunds_are() == [(AMOUNT, "requested")]

    def judged(self, finding: dict[str, Any]) -> None:
        """Another person of the staff looks at it, and says so."""
        page = f"/console/returns/{self.returned}/"
        judge = staff(f"Judge {finding['grade_0']}")
        shown = shops.read(judge, page)
        evidence = [part.split('"')[0] for part in shown.split('name="evidence" value="')[1:]]
        judge.post(f"{page}decide/", {**finding, "evidence": evidence})

    def appealed(self, take_off: str = "") -> None:
        """The seller appeals, and the appeal finds a brick; or wear, where something is to be taken off."""
        self.return_step("seller", "appeal", words="900 grams are no phone")
        found = (
            {"grade_0": "E", "reception_0": "wrong_item"} if not take_off else {"grade_0": "C", "take_off_0": take_off}
        )
        self.judged({**found, "reason": "The scales and the number say so."})
        assert good(self.shop.get(f"/v1/returns/{self.returned}"))["state"] == "final"

    def refunds_are(self) -> list[tuple[float, str]]:
        """What refunds still come to, beside what a later decision has called off, and where they stand."""
        with staff_scope():
            rows = Refund.objects.filter(claim__order_key=self.key).order_by("requested_at", "id")
            return [(one.amount_minor / 100, one.state) for one in rows]

    def lost(self) -> None:
        self.bank("closed", outcome="lost")

    def won(self) -> None:
        self.bank("closed", outcome="won")


def given(order: Order) -> float:
    """What the fund has given the seller for the order, less what it took back."""
    with engine_scope():
        return sum(made_whole([order.key]).values()) / 100


def owed() -> float:
    """What is noted as the buyer's debt; both sides of the memorandum say the same."""
    found = balances()
    assert found.get("buyer_debt", 0) == -found.get("buyer_debt_memo", 0)
    return found.get("buyer_debt_memo", 0)


def test_the_bank_paid_then_the_appeal_took_it_away_then_the_bank_gave_it_back() -> None:
    order = Brick()
    order.bank("opened")
    order.lost()
    assert order.refunds_are() == [(AMOUNT, "paid_by_bank")]
    order.appealed()
    assert given(order) == NET, "the buyer has what the appeal took away; the seller does not wait for it"
    assert owed() == NET
    order.won()
    assert owed() == 0, "the bank gave it back, so that the buyer has it no longer"
    assert order.refunds_are() == [(AMOUNT, "paid_by_bank")], "nothing is due again"
    assert given(order) == 0, "the fund has its money back"
    ends_well(order.key, sent=0, seller=NET, reasons=2)
    order.lost()
    assert (given(order), owed()) == (NET, NET - 0.36), "noted again, as far as the fund bears it for the return"
    ends_well(order.key, sent=0, seller=NET - 0.36, reasons=2)  # as with any bank's claim: the fee for protection stays
    order.won()
    assert owed() == 0
    ends_well(order.key, sent=0, seller=NET, reasons=2)


@pytest.mark.parametrize("decided", [Brick.lost, Brick.won])
def test_the_appeal_takes_away_what_stands_still_because_a_bank_decides(decided: Callable[[Brick], None]) -> None:
    order = Brick()
    order.bank("opened")
    order.appealed()
    assert order.refunds_are() == [(AMOUNT, "failed")], "what nobody has sent is called off"
    assert given(order) == 0, "nothing is lost yet"
    decided(order)
    order.won()
    assert order.refunds_are() == [(AMOUNT, "failed")]
    ends_well(order.key, sent=0, seller=NET, reasons=2)


def test_what_the_bank_takes_after_the_appeal_costs_the_seller_no_more_than_what_it_took_before() -> None:
    order = Brick()
    order.bank("opened")
    order.appealed()
    order.lost()
    assert given(order) == pytest.approx(AMOUNT * 0.92), "what the bank took, less the commission"
    ends_well(order.key, sent=0, seller=NET, reasons=2)


def test_the_appeal_takes_away_what_is_to_be_sent_again() -> None:
    order = Brick()
    order.bank("opened")
    order.lost()
    order.won()
    assert order.refunds_are() == [(AMOUNT, "paid_by_bank"), (AMOUNT, "requested")]
    order.appealed()
    assert order.refunds_are() == [(AMOUNT, "paid_by_bank"), (AMOUNT, "failed")]
    ends_well(order.key, sent=0, seller=NET, reasons=2)


def test_the_appeal_takes_away_what_was_never_sent() -> None:
    order = Brick()
    order.appealed()
    assert order.refunds_are() == [(AMOUNT, "failed")]
    assert given(order) == 0
    ends_well(order.key, sent=0, seller=NET, reasons=2)


def test_a_part_that_the_appeal_leaves_is_sent_once_whatever_the_bank_does() -> None:
    order = Brick()
    order.bank("opened")
    order.lost()
    order.appealed(take_off="30")
    order.won()
    assert order.refunds_are() == [(AMOUNT, "paid_by_bank"), (90, "requested")]
    order.refunds(90)
    ends_well(order.key, sent=90, seller=NET * 0.25, reasons=2)


def test_a_part_of_what_stands_still_is_called_off_and_the_rest_goes_on() -> None:
    order = Brick()
    order.bank("opened")
    order.appealed(take_off="30")
    order.won()
    assert order.refunds_are() == [(AMOUNT, "requested")]
    order.refunds(90)
    assert order.refunds_are() == [(AMOUNT, "sent")]
    ends_well(order.key, sent=90, seller=NET * 0.25, reasons=2)


def test_what_the_buyer_has_stays_with_the_buyer_and_the_fund_bears_what_the_appeal_took_away() -> None:
    order = Brick()
    order.refunds(AMOUNT)
    order.appealed()
    assert order.refunds_are() == [(AMOUNT, "sent")]
    assert (given(order), owed()) == (NET, NET)
    ends_well(order.key, sent=AMOUNT, seller=NET, reasons=2)


def test_a_refund_that_had_gone_out_before_it_was_called_off_is_borne_by_the_fund_when_the_shop_tells_of_it() -> None:
    order = Brick()
    sent_at = datetime.now(UTC)
    order.appealed()
    late = event("refund.created", at=sent_at, order=order.sold.ref, seller=order.seller, amount=usd(AMOUNT))
    good(order.shop.post("/v1/events", late))
    assert given(order) == NET
    ends_well(order.key, sent=AMOUNT, seller=NET, reasons=2)


def test_what_a_shop_sends_of_its_own_after_the_appeal_is_its_own() -> None:
    order = Brick()
    order.appealed()
    order.refunds(30)
    assert given(order) == 0
    ends_well(order.key, sent=30, seller=NET * 0.75, reasons=2)


def test_a_smaller_refund_of_the_shop_that_ends_a_running_one_takes_back_what_was_given_for_it() -> None:
    """The parcel broke on its way, the buyer is to get all of it back, and the fund made the seller whole for that. Then
    the shop sends a quarter instead: the seller keeps the rest of the sale, and nothing beside it."""
    order = Broken()
    given = order.given()
    assert given > 0 and order.refunds_are() == [(AMOUNT, "requested")]
    order.tells("refund.created", amount=usd(AMOUNT / 4))
    assert order.refunds_are() == [(AMOUNT, "failed"), (AMOUNT / 4, "sent")]
    assert order.given() == 3_000 - 240, "what went back, less its commission"
    with engine_scope():
        row = query(
            "SELECT sum(amount_minor)::bigint FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id"
            " WHERE t.order_key = %s AND p.seller_key IS NOT NULL",
            [order.key],
        ).fetchone()
    assert row is not None and row[0] <= AMOUNT * 100


class Broken(Brick):
    """It broke on its way: the fund bears it."""

    def __init__(self) -> None:
        Order.__init__(self, **PHONE)
        self.wants_back(reason="damaged_in_transit")
        self.tells("return.received", **BRICK)
        self.return_step("seller", "contest", words="It is broken", proof="The screen is broken; see the photo")
        self.judged({"grade_0": "F", "reason": "Broken on its way."})

    def given(self) -> int:
        """What the seller was made whole with, in minor units."""
        with engine_scope():
            return made_whole([self.key]).get((self.key, "USD"), 0)
