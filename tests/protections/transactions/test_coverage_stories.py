"""Coverage through the front door: what happens to an order, and what its certificate and its seller hear of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from tests.kernel.builders import event, usd
from tests.protections.transactions.shop import START, Shop, balances, coverage, envelope, key_of, notices, position

from safeconduct.foundation.ids import is_id
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope
from safeconduct.protections.transactions import versions
from safeconduct.protections.transactions.coverage.shipped import shipped_templates
from safeconduct.protections.transactions.models import CoverageStep, CoverageUsage, TemplateState, TemplateVersion

pytestmark = pytest.mark.usefixtures("empty_database")

WRITER, APPROVER = Actor("mei", "lead", "A better offer"), Actor("li", "lead", "Checked with finance")


def in_force(text: str, *, day: date) -> TemplateVersion:
    """A version that two people put in force."""
    with staff_scope():
        draft = versions.draft(text, WRITER, START)
        draft.valid_from = day
        draft.save(update_fields=["valid_from"])
        return versions.approve(draft.id, APPROVER, START)


def jd_like(**changes: str) -> str:
    text = shipped_templates()["jd-like"].text
    for before, after in changes.values():  # type: ignore[misc]
        assert before in text, before
        text = text.replace(before, after)
    return text


def steps(order: str) -> list[str]:
    with staff_scope():
        return [step.state for step in CoverageStep.objects.filter(order_key=key_of(order)).order_by("id")]


# -- one story for each template --------------------------------------------------------------------------------------


def test_jd_like_covers_an_order_that_is_sent_in_time_with_tracking_to_its_address() -> None:
    shop = Shop()
    shop.sold("ord-1")
    assert position("ord-1") == ("active", "ship_by")
    shop.ship("ord-1", day=0.5)
    row = coverage("ord-1")
    assert row.state == "protected" and row.up_to_minor == 10_000
    assert (row.order_ref, row.order_minor, row.order_currency) == ("ord-1", 10_000, "USD")
    assert steps("ord-1")[0] == "quoted" and steps("ord-1")[-1] == "protected"


def test_shopify_protect_like_is_void_when_the_address_changes_after_checkout() -> None:
    shop = Shop(template="shopify-protect-like")
    shop.sold("ord-1", payment_method="wallet", seller_country="US")
    shop.ship("ord-1", day=1)
    shop.tell("order.changed", "ord-1", day=1.5, address="Elsewhere 9", address_changed=True)
    assert coverage("ord-1").state == "void"
    assert position("ord-1")[1] == "address_kept"


def test_paypal_like_wants_a_proof_of_delivery() -> None:
    shop = Shop(template="paypal-like")
    shop.sold("ord-1", payment_method="wallet", seller_country="US")
    shop.ship("ord-1", day=1)
    shop.tell("shipment.delivered", "ord-1", day=4, parcel="dhl:ord-1", address="12 Main St", signed=True)
    shop.disputed("ord-1", day=10, reason="product_not_received", outcome="lost")
    assert position("ord-1", "not_received") == ("paid", "")


def test_signifyd_like_pays_fraud_only_if_it_was_shipped_before_the_claim() -> None:
    shop = Shop(template="signifyd-like")
    shop.sold("late", day=0)
    shop.disputed("late", day=1, outcome="lost")
    assert position("late")[0] == "denied"
    shop.sold("sent", day=10)
    shop.ship("sent", day=11)
    shop.disputed("sent", day=20, outcome="lost")
    assert position("sent") == ("paid", "")


# -- the life of a certificate ----------------------------------------------------------------------------------------


def test_cover_is_lost_by_shipping_late_and_the_seller_is_told_why() -> None:
    shop = Shop()
    shop.sold("ord-1")
    shop.wait(2.5)
    assert position("ord-1") == ("void", "ship_by")
    told = notices("coverage.void")[0]
    assert told["order"] == "ord-1" and "48" in told["reasons"][0]["en"]
    assert "within 7 days" in told["cure"]["en"] and "7 天" in told["cure"]["zh"]
    shop.ship("ord-1", day=3)
    assert position("ord-1") == ("void", "ship_by")


def test_a_warned_seller_ships_in_time_and_is_protected() -> None:
    shop = Shop()
    shop.sold("ord-1")
    shop.wait(1.2)
    first = notices("coverage.at_risk")
    assert len(first) == 1 and first[0]["order"] == "ord-1"
    shop.wait(1.25)
    assert len(notices("coverage.at_risk")) == 1  # the same step is told once
    shop.ship("ord-1", day=1.3)
    assert coverage("ord-1").state == "protected"
    [rescued] = notices("coverage.protected")
    assert rescued["order"] == "ord-1" and rescued["until"].startswith("2026-11-28") and len(rescued["conditions"]) == 6
    shop.wait(30)
    assert not notices("coverage.void") and len(notices("coverage.protected")) == 1


def test_late_news_that_brings_the_cover_back_is_told_and_what_simply_goes_well_is_not() -> None:
    shop = Shop()
    shop.sold("ord-1")
    shop.sold("ord-2")
    shop.ship("ord-2", day=0.5)
    assert coverage("ord-2").state == "protected" and not notices("coverage.protected")
    shop.wait(3.5)
    assert coverage("ord-1").state == "void"
    shop.tell("shipment.shipped", "ord-1", day=4, at=1, parcel="dhl:1", carrier="dhl", address="12 Main St")
    shop.tell("shipment.tracked", "ord-1", day=4.1, at=1.2, parcel="dhl:1", carrier="dhl", scan="accepted")
    assert [one["order"] for one in notices("coverage.protected")] == ["ord-1"]


def test_a_parcel_that_goes_elsewhere_loses_the_cover() -> None:
    shop = Shop()
    shop.sold("ord-1")
    shop.ship("ord-1", day=0.5, address="Somewhere Else 7")
    assert position("ord-1") == ("void", "address")


def test_claims_above_the_limit_of_an_order_are_paid_up_to_it() -> None:
    shop = Shop()
    shop.sold("ord-1", amount=400, deliver=True)
    assert coverage("ord-1").up_to_minor == 25_000
    shop.disputed("ord-1", day=5, amount=400, outcome="lost")
    assert coverage("ord-1").pays_minor == 25_000
    assert balances()["protection_fund"] == pytest.approx(1.2 - 250)


def test_the_version_of_the_day_counts_and_not_a_later_one() -> None:
    Shop(template="jd-like")
    later = in_force(jd_like(), day=date(2026, 10, 1))
    with staff_scope():
        old = versions.in_force(date(2026, 9, 30))
        assert old is not None
        assert old.id != later.id
        assert versions.in_force(date(2026, 10, 1)) == later
        assert versions.in_force(date(2019, 12, 31)) is None


def test_a_limit_of_the_year_that_is_reached_is_said_and_ends_the_payments() -> None:
    shop = Shop(template=None)
    in_force(jd_like(limits=("fund_year: 25000000 USD", "seller_year: 150 USD")), day=date(2026, 6, 2))
    for number, day in enumerate((2.0, 3.0, 4.0)):
        shop.sold(f"ord-{number}", day=day, deliver=True)
    for number in range(3):
        shop.disputed(f"ord-{number}", day=20 + 6 * number, outcome="lost")
    assert [coverage(f"ord-{number}").pays_minor for number in range(3)] == [10_000, 5_000, 0]
    assert position("ord-2") == ("denied", "limit_reached")
    told = notices("limit.reached")
    assert len(told) == 1 and told[0]["amount"] == {"minor": 15_000, "currency": "USD"}
    assert told[0]["resets_at"].startswith("2027-01-01")
    with staff_scope():
        usage = CoverageUsage.objects.get()
    assert (usage.year, usage.paid_minor, usage.claims) == (2026, 15_000, 2)


def test_an_order_keeps_the_template_of_its_day() -> None:
    shop = Shop()
    shop.sold("before")
    in_force(jd_like(term=("within: 48 hours", "within: 12 hours")), day=date(2026, 6, 2))
    shop.sold("after", day=1)
    for order, day in (("before", 1.5), ("after", 1.6)):
        shop.ship(order, day=day)
    assert position("before") == ("protected", "")
    assert position("after") == ("void", "ship_by")
    with staff_scope():
        assert TemplateVersion.objects.filter(state=TemplateState.LIVE).count() == 2
    assert coverage("before").template_id != coverage("after").template_id


def test_a_held_order_is_quoted_and_its_term_stands_still() -> None:
    shop = Shop()
    shop.sold("ord-1", ip_country="XR")
    assert position("ord-1") == ("quoted", "under_review")
    shop.wait(5.9)
    assert position("ord-1") == ("quoted", "under_review")
    assert coverage("ord-1").ship_by_at is None
    shop.wait(6.1)  # nobody decided: the platform's silence is not the seller's loss
    assert position("ord-1") == ("active", "ship_by")
    shop.wait(7.1)
    assert [one["order"] for one in notices("coverage.at_risk")] == ["ord-1"]
    shop.ship("ord-1", day=7.9)
    assert position("ord-1") == ("protected", "")


def test_an_order_that_the_marketplace_stops_has_its_time_given_back() -> None:
    shop = Shop()
    shop.sold("ord-1")
    shop.tell("order.held", "ord-1", day=1)
    assert coverage("ord-1").ship_by_at is None
    shop.wait(5)
    assert position("ord-1") == ("active", "ship_by")
    shop.tell("order.resumed", "ord-1", day=5)
    shop.ship("ord-1", day=5.9)  # 48 hours after payment, and four days on top
    assert position("ord-1") == ("protected", "")
    shop.sold("ord-2", day=10)
    shop.tell("order.held", "ord-2", day=10.5)
    shop.tell("order.resumed", "ord-2", day=11)
    shop.wait(12.6)
    assert position("ord-2") == ("void", "ship_by")


def test_shopify_protect_like_wants_every_unit_that_was_not_refunded() -> None:
    shop = Shop(template="shopify-protect-like")
    for order in ("ord-1", "ord-2"):
        shop.sold(order, payment_method="wallet", seller_country="US", items=3)
    for order in ("ord-1", "ord-2"):
        shop.ship(order, day=1, items=2)
        shop.tell("shipment.tracked", order, day=1.5, parcel=f"dhl:{order}", carrier="dhl", scan="in_transit")
        assert position(order) == ("active", "fulfilled"), "one unit is still to be sent"
    shop.tell("refund.created", "ord-1", day=2, amount=usd(30), items=1)
    assert position("ord-1") == ("protected", "")
    shop.wait(7.1)
    assert position("ord-1") == ("protected", "") and position("ord-2") == ("void", "fulfilled")


def test_what_the_buyer_got_back_needs_no_protection_any_more() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.tell("refund.created", "ord-1", day=5, amount=usd(100))
    assert position("ord-1") == ("ended", "refunded")
    shop.sold("ord-2", day=6)
    shop.tell("order.cancelled", "ord-2", day=6.5)
    assert position("ord-2") == ("ended", "cancelled")


def test_protection_ends_with_its_period() -> None:
    shop = Shop()
    shop.sold("ord-1", deliver=True)
    shop.wait(180.1)
    assert position("ord-1") == ("ended", "period_over")


# -- gathering and storing --------------------------------------------------------------------------------------------


def test_a_scan_that_names_no_order_is_found_by_its_parcel() -> None:
    shop = Shop()
    shop.sold("ord-1")
    shop.tell("shipment.shipped", "ord-1", day=0.5, parcel="dhl:1", carrier="dhl", address="12 Main St")
    assert position("ord-1") == ("active", "pickup_scan")
    shop.day = 0.7
    shop.send([event("shipment.tracked", at=shop.now, parcel="dhl:1", carrier="dhl", scan="accepted")])
    assert position("ord-1") == ("protected", "")


def test_events_before_their_order_wait_for_it() -> None:
    shop = Shop()
    shop.tell("order.paid", "ord-1", day=1, amount=usd(100))
    shop.ship("ord-1", day=1.2)
    with staff_scope():
        assert not CoverageStep.objects.exists()
    shop.tell("order.placed", "ord-1", day=1.3, amount=usd(100), address="12 Main St")
    assert position("ord-1") == ("protected", "")
    assert balances()["pending"] == 91.7


def test_a_batch_costs_the_same_number_of_statements_as_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop()
    shop.sold("first")
    ran: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(self: Any, statement: Any, *rest: Any, **more: Any) -> Any:
        ran.append(str(statement))
        return execute(self, statement, *rest, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    counts = []
    for size in (1, 20):
        batch = [
            e
            for n in range(size)
            for e in (
                event("order.placed", at=START + timedelta(hours=size), order=f"b{size}-{n}", amount=usd(100)),
                envelope("order.paid", f"b{size}-{n}", at=START + timedelta(hours=size, minutes=1), amount=usd(100)),
            )
        ]  # fmt: skip
        ran.clear()
        shop.send(batch)
        counts.append(len(ran))
    assert counts[1] <= counts[0], counts


def test_every_change_leaves_a_step_and_a_leaf_and_no_change_leaves_none() -> None:
    shop = Shop()
    shop.sold("ord-1")
    with engine_scope():
        leaves = query("SELECT count(*) FROM leaf WHERE kind = 'coverage'").fetchone()
    assert leaves == (len(steps("ord-1")),)
    before = steps("ord-1")
    shop.wait(0.3)
    assert steps("ord-1") == before
    with staff_scope():
        assert all(is_id(step.id, "cov") for step in CoverageStep.objects.all())
