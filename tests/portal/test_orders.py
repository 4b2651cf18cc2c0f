"""A seller's orders: what keeps each covered, what was missed, what its money does, and nobody else's."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from html import unescape

import pytest

from safeconduct.foundation.merkle.hashing import leaf_hash
from tests.kernel.builders import event, usd
from tests.portal import shops
from tests.portal.shops import ago, read


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def page_of(sold: shops.Sold, **member: str) -> str:
    return unescape(read(shops.signed_in(**member), f"/portal/transactions/orders/{sold.key}/"))


def test_an_order_that_waits_says_what_to_do_by_when_in_the_sellers_own_time() -> None:
    sold = shops.order(at=ago(20))
    shops.until_now()
    page = page_of(sold, zone="America/Santiago")
    assert "Covered if you meet the terms" in page
    assert "Shipped within 48 hours of payment" in page
    assert "Hand the parcel over and enter its tracking number" in page
    due = ago(20) + timedelta(minutes=1, hours=48)
    assert f'datetime="{due.isoformat()}"' in page
    in_tokyo = page_of(sold, zone="Asia/Tokyo")
    hour = (due + timedelta(hours=9)).strftime("%H:%M")
    assert f", {hour}</small></time>" in in_tokyo
    assert f", {hour}</small></time>" not in page


def test_protected_is_never_said_without_up_to_how_much_if_what_and_until_when() -> None:
    sold = shops.order(at=ago(100), amount=190)
    shops.ship(sold, at=ago(90))
    shops.until_now()
    page = page_of(sold)
    assert "Protected up to $190.00, if every condition below is met, against claims made until" in page
    assert "not insurance" in page
    assert "Parcel handed over · dhl" in page


def test_an_order_shipped_late_says_which_term_was_missed_and_promises_nothing() -> None:
    sold = shops.order(at=ago(120))
    shops.ship(sold, at=ago(50))
    shops.until_now()
    page = page_of(sold)
    assert "Not covered" in page
    assert "Not met: Shipped within 48 hours of payment" in page
    assert "What was told: Parcel handed over" in page
    assert "Protected up to" not in page


def test_a_scan_by_a_carrier_who_knows_no_order_stands_under_its_parcel() -> None:
    sold = shops.order(at=ago(100))
    shops.ship(sold, at=ago(90))
    page = page_of(sold)
    assert f"0042{sold.ref}" in page
    assert "Taken over by the carrier" in page


def test_a_held_order_says_why_how_much_until_when_and_what_would_release_it() -> None:
    sold = shops.suspicious()
    shops.until_now()
    page = page_of(sold)
    assert "The money of this order is held while the order is reviewed" in page
    assert "released at the latest" in page
    assert "It is released when the review finds nothing wrong" in page
    assert "The clock stands still while the order is held." in page
    assert "Protected up to" not in page


def test_a_lost_claim_shows_who_paid_and_every_movement() -> None:
    sold = shops.order(at=ago(480))
    shops.ship(sold, at=ago(470))
    shops.dispute(sold, at=ago(300), outcome="lost", closed_at=ago(100))
    page = page_of(sold)
    assert "The claim was lost, and it is covered up to $120.00." in page
    assert "The protection fund has paid you $110.40 for this order." in page  # less the commission
    for line in ("The buyer paid", "The bank took the money back", "The protection fund paid"):
        assert line in page
    assert "+$120.00" in page


def test_what_is_known_of_the_buyer_stays_sealed() -> None:
    sold = shops.order(
        email="ana@example.org",
        phone="+56912345678",
        address="Av. Providencia 1208",
        recipient="Ana Rojas",
        device="dev-9",
    )
    page = page_of(sold)
    for secret in (
        "ana@example.org",
        "56912345678",
        "Providencia",
        "Ana Rojas",
        "dev-9",
        f"buy-{sold.ref}",
        f"card-{sold.ref}",
    ):
        assert secret not in page
    assert "China" in page


def test_the_proof_of_a_coverage_is_a_line_of_the_record() -> None:
    sold = shops.order()
    client = shops.signed_in()
    address = f"/portal/transactions/orders/{sold.key}/proof/"
    read(client, address, status=404)  # not in the record yet
    shops.until_now()
    proof = json.loads(read(client, address))
    assert proof["content"]["shown"]
    assert len(leaf_hash(proof["entry"].encode())) == 32


@pytest.mark.parametrize("what", ["order", "proof"])
def test_another_shops_order_is_not_there(what: str) -> None:
    theirs = shops.order(seller="sel-2")
    shops.until_now()
    address = f"/portal/transactions/orders/{theirs.key}/" + ("proof/" if what == "proof" else "")
    read(shops.signed_in("sel-1"), address, status=404)
    read(shops.signed_in("sel-2"), address)


def test_the_list_and_its_csv_hold_the_own_orders_only() -> None:
    mine, theirs = shops.order(), shops.order(seller="sel-2")
    client = shops.signed_in("sel-1")
    for address in ("/portal/transactions/orders/", "/portal/transactions/orders/?format=csv"):
        answer = client.get(address)
        body = b"".join(answer) if answer.streaming else answer.content  # type: ignore[attr-defined]
        assert mine.ref.encode() in body
        assert theirs.ref.encode() not in body


def names_in(page: str) -> list[str]:
    return re.findall(r"data-open>([^<]+)</a>", page)


def test_orders_are_found_by_state_by_action_by_time_by_the_beginning_of_their_id_and_by_what_waits() -> None:
    old = shops.order(at=ago(24 * 60))
    shops.ship(old, at=ago(24 * 60 - 5))
    waits, refused = shops.order(at=ago(20)), shops.order(amount=9000, at=ago(10), paid=False)
    shops.until_now()
    client = shops.signed_in()

    def found(query: str) -> list[str]:
        return names_in(read(client, f"/portal/transactions/orders/?{query}"))

    assert found("") == [refused.ref, waits.ref, old.ref]
    assert found("state=protected") == [old.ref]
    assert found("action=block") == [refused.ref]
    assert found("days=30") == [refused.ref, waits.ref]
    assert found("todo=1") == [waits.ref]
    assert found("q=ORD-") == sorted(found(""))
    assert found(f"q={waits.ref}&state=active") == [waits.ref]
    assert found("q=nothing-like-it") == []
    assert found("state=nonsense&days=-1&after=nonsense") == found("")


def test_pages_of_the_list_follow_each_other_without_gap_or_repetition() -> None:
    placed = [
        event(at=ago(100 - n / 10), order=f"ORD-P{n:03}", seller="sel-1", buyer=f"b{n}", card=f"c{n}", amount=usd(20 + n))
        for n in range(53)
    ]  # fmt: skip
    shops.happen(*placed)
    client = shops.signed_in()
    first = read(client, "/portal/transactions/orders/")
    following = re.search(r'href="(\?[^"]*after=[^"]*)"', first)
    assert following is not None
    second = read(client, "/portal/transactions/orders/" + unescape(following[1]))
    seen = names_in(first) + names_in(second)
    assert seen == [f"ORD-P{n:03}" for n in reversed(range(53))]
    back = re.search(r'href="(\?[^"]*before=[^"]*)"', second)
    assert back is not None
    assert names_in(read(client, "/portal/transactions/orders/" + unescape(back[1]))) == names_in(first)
    rows = list(
        csv.reader(io.StringIO(b"".join(client.get("/portal/transactions/orders/?format=csv")).decode("utf-8-sig")))
    )  # type: ignore[call-overload]
    assert rows[0][:3] == ["order", "placed_at", "state"]
    assert [row[0] for row in rows[1:]] == seen


def test_the_home_counts_what_is_covered_and_puts_the_nearest_deadline_first() -> None:
    later, sooner = shops.order(at=ago(10)), shops.order(at=ago(40))
    safe = shops.order(at=ago(200))
    shops.ship(safe, at=ago(190))
    shops.until_now()
    page = unescape(read(shops.signed_in(), "/portal/"))
    assert page.index(f"{sooner.ref}: Hand the parcel over") < page.index(f"{later.ref}: Hand the parcel over")
    assert "2 orders lose their protection unless you act" in page
    assert "Needs your attention" in page
    shops.ship(sooner, at=ago(2))
    shops.ship(later, at=ago(2))
    page = unescape(read(shops.signed_in(), "/portal/"))
    assert "3 of 3 orders of the last 30 days are covered" in page
    assert "Nothing needs you now" in page
