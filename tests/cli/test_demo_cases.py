"""The demo's people work on cases by the product's own verbs, and what they do is the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import tests.django_world as world
from tests.kernel.builders import event, person
from tests.protections.transactions.shop import START, Shop

from safeconduct.cli.demo_cases import CaseDesk
from safeconduct.demo import Complaint
from safeconduct.demo.complaints import Channel, Fault
from safeconduct.kernel.cases import publishing
from safeconduct.kernel.cases.models import Case, ClockPause, Deadline, Seat, Step, StoredOutcome
from safeconduct.kernel.claims.models import Refund
from safeconduct.kernel.scope import engine_scope, query, staff_scope
from safeconduct.protections.returns.models import ReturnCost


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    world.forget_everything()
    publishing.forget()
    yield
    publishing.forget()


def worked(
    fault: Fault, *, seed: int = 7, weeks: int = 12, cause: str = "honest_complaints", strike_days: int = 9,
    seller_country: str = "", amount: int = 100,
) -> CaseDesk:  # fmt: skip
    """One sold order whose buyer opens a dispute, and the desk at work for some weeks."""
    shop = Shop()
    for _ in range(5):
        person()
    if seller_country:
        shop.send([event("seller.registered", at=START, seller="sel-1", seller_country=seller_country)])
    shop.sold("ord-1", amount=amount, deliver=True, ship_country="DE")
    at = (shop.now + timedelta(days=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
    complaint = Complaint(
        "ord-1", at, Channel.MARKETPLACE, fault, cause, f"{cause}#0", "not_received", "", False, amount * 100, "USD"
    )
    desk = CaseDesk(seed, [complaint], timedelta(), ("CL", shop.now, shop.now + timedelta(days=strike_days)))
    for week in range(1, weeks + 1):
        until = shop.now + timedelta(days=7 * week)
        desk.strikes(until)
        desk.people(until, everybody())
        desk.clocks(until)
    return desk


def everybody() -> list[int]:
    with engine_scope():
        return [key for (key,) in query("SELECT key FROM seller").fetchall()]


def path() -> list[str]:
    with staff_scope():
        return list(Step.objects.order_by("number").values_list("name", flat=True))


def test_a_buyer_who_is_right_is_paid_by_the_shop_with_reasons_and_by_different_people() -> None:
    desk = worked(Fault.SELLER)
    with staff_scope():
        case = Case.objects.get()
        outcome = StoredOutcome.objects.order_by("-at").first()
        assert case.status == "closed" and outcome is not None
        assert (outcome.liability, outcome.remedy, outcome.facts != {}) == ("seller", "refund", True)
        held = list(Seat.objects.values_list("person_id", flat=True))
        assert len(held) == len(set(held)) >= 2
        assert Refund.objects.get().amount_minor == 10_000
    assert (desk.tally.opened, desk.tally.judged >= 1) == (1, True)


def test_what_is_too_much_for_one_person_is_confirmed_by_another() -> None:
    worked(Fault.SELLER, amount=4_000)
    with staff_scope():
        made = [one for one in StoredOutcome.objects.all() if not one.automated]
        assert made and all(one.approved_by not in (None, one.decided_by) for one in made)


def test_a_buyer_who_lies_gets_nothing() -> None:
    worked(Fault.BUYER, cause="false_claims")
    with staff_scope():
        outcome = StoredOutcome.objects.order_by("-at").first()
        assert outcome is not None and (outcome.remedy, outcome.standing) == ("nothing", "does_not_count")
        assert not Refund.objects.exists()


def test_a_strike_stops_the_clocks_of_its_country_for_as_long_as_it_was_announced() -> None:
    worked(Fault.CARRIER, cause="customs_strike")
    with staff_scope():
        pause = ClockPause.objects.get(scope="country", value="CL")
        assert pause.ends_at is not None and pause.ends_at - pause.begins_at == timedelta(days=9)
        assert all(row.standing == "does_not_count" for row in StoredOutcome.objects.all())


def test_the_same_seed_takes_the_same_way() -> None:
    worked(Fault.SELLER, seed=3)
    first = path()
    world.forget_everything()
    publishing.forget()
    worked(Fault.SELLER, seed=3)
    assert path() == first and first[0]


def test_a_shop_in_a_strike_keeps_its_time() -> None:
    worked(Fault.SELLER, seller_country="CL", strike_days=50, weeks=16)
    with staff_scope():
        pause = ClockPause.objects.get(scope="country")
        clocks = Deadline.objects.filter(owner="seller", started_at__lt=pause.ends_at)
        assert clocks and not clocks.filter(state="missed").exists()
        assert StoredOutcome.objects.exists() and Case.objects.get().status in ("decided", "closed")


def test_freight_and_duty_of_some_returns_are_noted_from_papers_and_paid_and_the_same_each_time() -> None:
    def noted() -> list[tuple[str, int, str, str, bool, bool]]:
        shop = Shop()
        for _ in range(5):
            person()
        shop.send([event("seller.registered", at=START, seller="sel-1", seller_country="CN")])
        for order in ("ord-20", "ord-21"):
            shop.sold(order, amount=100, deliver=True, ship_country="DE")
            shop.tell("return.requested", order, day=5, buyer="buy-1", reason="defective")
            shop.tell("return.received", order, day=8, buyer="buy-1")
        desk = CaseDesk(7, [], timedelta(), None)
        for week in range(1, 8):
            desk.people(shop.now + timedelta(days=7 * week), everybody())
            desk.clocks(shop.now + timedelta(days=7 * week))
        with staff_scope():
            rows = ReturnCost.objects.order_by("kind")
            return [
                (one.kind, one.amount_minor, one.paid_by, one.source, bool(one.recovered_at), bool(one.sent_at))
                for one in rows
            ]

    first = noted()
    assert first == [
        ("duty", 1200, "buyer", "Customs receipt 20-D", True, True),
        ("return_freight", 500, "seller", "Label invoice 20-R", False, False),
    ]
    world.forget_everything()
    publishing.forget()
    assert noted() == first
