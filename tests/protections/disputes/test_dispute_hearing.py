"""What the shop's events do to disputes."""

from __future__ import annotations

from datetime import timedelta

import pytest
import tests.django_world as world
from django.test import override_settings
from tests.kernel.builders import event, usd
from tests.protections.disputes.court import Court, balances, decision
from tests.protections.transactions.shop import START, Shop, envelope, events_posted

from safeconduct.kernel.cases import new_evidence, publishing
from safeconduct.kernel.cases.models import Evidence
from safeconduct.kernel.cases.words import Liability, Role, Standing
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.disputes.models import Dispute
from safeconduct.protections.disputes.reading import View, view_of

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


def scanned(court: Court, day: float, what: str) -> None:
    court.shop.tell("shipment.tracked", "ord-1", day=day, parcel="dhl:ord-1", carrier="dhl", scan=what)


def tracking(court: Court) -> list[str]:
    """What the scans in the dispute say, the earliest first."""
    with staff_scope():
        rows = Evidence.objects.filter(exhibits__case_id=court.case, kind="tracking").order_by("captured_at", "id")
        return [piece.gist["en"].split(", ")[0].split(": ")[-1] + "/" + piece.visibility for piece in rows]


def told() -> list[str]:
    with staff_scope():
        return list(
            StoredNotice.objects.filter(code="case.evidence").order_by("at", "id").values_list("key", flat=True)
        )


def test_scans_that_come_while_a_dispute_runs_become_evidence_once_for_both() -> None:
    court = Court(deliver=False)
    court.shop.ship("ord-1", day=4.5)
    court.open()
    before = len(tracking(court))
    scanned(court, 5, "in_transit")
    scanned(court, 5, "in_transit")  # the same scan, told twice
    court.shop.day = 6  # a carrier knows the parcel alone
    court.shop.send([event("shipment.tracked", at=court.now, parcel="dhl:ord-1", scan="out_for_delivery")])
    assert len(tracking(court)) == before + 2 and len(told()) == 2
    page = view(court, Role.BUYER)
    assert [piece.gist["en"].rsplit(": ")[-1] for piece in page.pieces if piece.id in page.new] == [
        "in transit", "out for delivery",
    ]  # fmt: skip
    assert all(page.may_open(piece) for piece in page.pieces) and view(court, Role.SELLER).new == page.new
    court.do("answer", Role.SELLER, words="It is on its way")
    assert view(court, Role.SELLER).new == frozenset(), "seen with the step that followed"


def test_scans_in_one_batch_make_the_pieces_that_they_make_one_by_one() -> None:
    made = []
    for together in (True, False):
        world.forget_everything()
        publishing.forget()
        court = Court(deliver=False)
        court.shop.ship("ord-1", day=4.5)
        court.open()
        court.shop.day = 7
        scans = [
            envelope("shipment.tracked", "ord-1", at=START + timedelta(days=5 + n), parcel="dhl:ord-1", scan=what)
            for n, what in enumerate(("in_transit", "customs"))
        ]
        for part in [scans] if together else [[one] for one in scans]:
            court.shop.send(part)
        with staff_scope():
            rows = Evidence.objects.filter(exhibits__case_id=court.case, kind="tracking").order_by("captured_at")
            made.append([(piece.sha256, piece.gist) for piece in rows])
    assert made[0] == made[1] and len(made[0]) == 3


def test_a_scan_from_before_the_dispute_is_in_it_already() -> None:
    court = Court(deliver=False)
    court.shop.ship("ord-1", day=1)
    court.open()
    before = tracking(court)
    assert len(before) == 1 and told() == []


def test_a_dispute_that_is_full_of_evidence_takes_no_more_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    court = Court(deliver=False)
    court.shop.ship("ord-1", day=4.5)
    court.open()
    monkeypatch.setattr(new_evidence, "_FULL", 1)
    before = tracking(court)
    scanned(court, 5, "in_transit")
    assert tracking(court) == before and told() == []


def view(court: Court, role: Role) -> View:
    with staff_scope():
        return view_of(court.dispute, role, at=court.now)


def test_a_part_of_the_refund_makes_nothing_good_yet() -> None:
    court = Court()
    court.open()
    arbiter = court.to_the_arbiter()
    court.take("decide", Role.ARBITER, arbiter, decision(liability=Liability.FUND, standing=Standing.DOES_NOT_COUNT))
    court.wait(8)
    court.refund(40)
    assert "protection_reimbursement" not in events_posted()
    balances()
