"""What Shopify tells us: by topic, by shape, old and new."""

from __future__ import annotations

import json
from typing import Any

import pytest
from connector_samples import PAYLOADS, body, by_type, nothing_is_lost, only, read, sample, shared_data

from safeconduct.connectors import RefusalReason

SHOP = {"X-Shopify-Shop-Domain": "andes.myshopify.com", "X-Shopify-Webhook-Id": "wh-1"}


def topic(name: str, **more: str) -> dict[str, str]:
    return {**SHOP, "X-Shopify-Topic": name, **more}


def order(**changes: Any) -> dict[str, Any]:
    """The 2025-01 order as a webhook sends it: the inner object."""
    return {**body("shopify/2025-01.order.0.json")["orders"][0], "fulfillments": [], "refunds": [], **changes}


def money(amount: str, currency: str) -> dict[str, str]:
    return {"amount": amount, "currency_code": currency}


def test_a_created_order_is_placed_with_who_bought_where_and_how() -> None:
    placed = only(read("shopify", order(), topic("orders/create")))
    assert placed["id"] == "450789469:order.placed"
    assert placed["time"] == "2008-01-10T16:00:00Z"
    data = placed["data"]
    assert (data["order"], data["seller"], data["buyer"]) == ("450789469", "andes.myshopify.com", "207119551")
    assert data["amount"] == {"minor": 59894, "currency": "USD"}
    assert (data["items"], data["digital"], data["gift_card"], data["guest"]) == (3, False, False, True)
    assert (data["ship_country"], data["bill_country"], data["email_domain"]) == ("US", "US", "mail.example.com")
    assert data["phone"] == "+557734881234" and data["name_matches_card"] is True
    assert "ip" not in data, "0.0.0.0 is nobody's address"


def test_the_amount_is_what_the_buyer_paid_unless_the_operator_wants_the_shops() -> None:
    both = order(
        currency="CNY",
        presentment_currency="JPY",
        total_price="598.94",
        total_price_set={"shop_money": money("598.94", "CNY"), "presentment_money": money("12980", "JPY")},
    )

    def amount(**options: Any) -> Any:
        return only(read("shopify", both, topic("orders/create"), **options))["data"]["amount"]

    assert amount() == {"minor": 12980, "currency": "JPY"}
    assert amount(money="shop") == {"minor": 59894, "currency": "CNY"}


def test_the_lines_of_an_order_come_to_its_amount_after_reductions() -> None:
    data = only(read("shopify", order(), topic("orders/create")))["data"]
    assert [(line["line"], line["price"]["minor"], line["quantity"]) for line in data["lines"]] == [
        ("466157049", 19_566, 1), ("518995019", 19_567, 1), ("703073504", 19_567, 1),
    ]  # fmt: skip
    assert data["shipping"]["minor"] == 0 and data["tax"]["minor"] == 1_194
    refund = {
        "id": 1,
        "created_at": "2025-01-10T16:00:00Z",
        "order_id": 450789469,
        "refund_line_items": [{"line_item_id": 518995019, "quantity": 1}],
    }
    told = only(read("shopify", refund, topic("refunds/create")))["data"]
    assert told["lines"] == [{"line": "518995019", "quantity": 1}]


def test_several_units_of_a_line_cost_so_many_times_their_price() -> None:
    lines = [{**order()["line_items"][0], "quantity": 3, "discount_allocations": []}]
    data = only(read("shopify", order(line_items=lines), topic("orders/create")))["data"]
    assert "lines" not in data and "tax" not in data  # 597 and 11.94 of tax are no 598.94
    whole = {"total_price_set": {"presentment_money": money("608.94", "USD")}}
    data = only(read("shopify", order(line_items=lines, **whole), topic("orders/create")))["data"]
    assert [line["price"]["minor"] for line in data["lines"]] == [59_700]


def test_lines_that_do_not_come_to_the_amount_are_left_out_and_reported_and_the_order_is_taken() -> None:
    found = read("shopify", order(total_tip_received="5.00", total_price_set=None, total_price="603.94"),
                 topic("orders/create"))  # fmt: skip
    (placed,) = [one for one in found.events if one["type"] == "order.placed"]
    assert "lines" not in placed["data"]
    assert [(one.field, "come to" in one.detail) for one in found.dropped] == [("lines", True)]


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        ("1000", "JPY", 1000),
        ("1000.00", "JPY", 1000),
        ("9.990", "KWD", 9990),
        ("9.9", "KWD", 9900),
        ("12990", "CLP", 12990),
        ("0.1", "USD", 10),
        ("1e2", "USD", None),
        ("10.005", "USD", None),
        ("1000.5", "JPY", None),
        ("ten", "USD", None),
        (199.99, "USD", 19999),
        (0.29, "USD", 29),
        (1e2, "USD", 10000),
    ],
)
def test_money_is_exact_or_refused(written: Any, currency: str, minor: int | None) -> None:
    given = order(total_price=written, currency=currency, total_price_set=None, current_total_price=None)
    reading = read("shopify", given, topic("orders/create"))
    if minor is None:
        assert [(r.field, r.reason) for r in reading.refused] == [("amount", RefusalReason.BAD_VALUE)]
    else:
        assert only(reading)["data"]["amount"] == {"minor": minor, "currency": currency}


def test_a_number_in_the_body_is_never_a_float() -> None:
    # As a float this is …409.94: the neighbour it can represent.
    raw = b'{"id": 1, "line_items": [], "total_price": 90071992547409.93, "currency": "USD", "customer": {"id": 2}}'
    reading = read("shopify", raw, topic("orders/create"), received_at="2026-06-01T08:00:00Z")
    assert only(reading)["data"]["amount"]["minor"] == 9007199254740993


def test_a_guest_has_the_same_key_at_every_order() -> None:
    def buyer(**changes: Any) -> Any:
        return only(read("shopify", order(customer=None, **changes), topic("orders/create")))["data"]["buyer"]

    assert buyer(email="Bob@Example.com") == buyer(email=" bob@example.com ") == "guest:bob@example.com"
    assert buyer(email=None, contact_email=None, phone="+56 9 1234 5678") == "guest:+56912345678"


def test_an_order_of_the_counter_that_names_nobody_has_a_buyer_of_its_own() -> None:
    nobody = {"customer": None, "email": "", "contact_email": None, "phone": None}
    for kind in ("orders/create", "orders/paid"):
        found = by_type(read("shopify", order(**nobody), topic(kind)))
        assert {event["data"]["buyer"] for event in found.values()} == {"guest:order:450789469"}
    refund = {"id": 1, "order_id": 2, "created_at": "2026-06-01T08:00:00Z", "transactions": []}
    assert not read("shopify", refund, topic("refunds/create")).refused


def test_without_shop_or_default_the_seller_is_missing_by_name() -> None:
    reading = read("shopify", sample("shopify/legacy.order.json"))
    assert [(r.field, r.reason) for r in reading.refused if r.type == "order.placed"] == [
        ("seller", RefusalReason.MISSING_FIELD)
    ]
    # The newer body links to the buyer's order page, on the shop's own host.
    newer = by_type(read("shopify", sample("shopify/2025-01.order.0.json")))
    assert newer["order.placed"]["data"]["seller"] == "jsmith.myshopify.com"


def test_a_shop_of_many_vendors_has_the_vendor_as_seller_where_one_stands_for_the_order() -> None:
    lines = [{"vendor": "Andes"}, {"vendor": "Andes"}]

    def seller(lines: list[dict[str, str]], **options: Any) -> Any:
        return only(read("shopify", order(line_items=lines), topic("orders/create"), **options))["data"]["seller"]

    assert seller(lines) == "andes.myshopify.com"
    assert seller(lines, seller_from="vendor", sellers={"Andes": "sel-1"}) == "sel-1"
    assert seller([*lines, {"vendor": "Other"}], seller_from="vendor") == "andes.myshopify.com"


def test_card_checks_of_an_order_are_kept_in_the_schemes_letters() -> None:
    details = {
        "avs_result_code": "x",
        "cvv_result_code": "M",
        "credit_card_bin": "424242",
        "credit_card_company": "Visa",
        "credit_card_number": "•••• •••• •••• 4242",
        "credit_card_name": "bob  norman",
    }
    data = only(read("shopify", order(payment_details=details), topic("orders/create")))["data"]
    assert (data["avs"], data["cvv"], data["card_bin"], data["card"]) == ("Y", "M", "424242", "visa:424242:4242")
    assert data["payment_method"] == "card" and data["name_matches_card"] is True
    less = only(read("shopify", order(payment_details={**details, "credit_card_bin": None}), topic("orders/create")))[
        "data"
    ]
    assert "card" not in less, "four digits alone would make one card of thousands"


def test_an_order_is_paid_once_by_its_creation_or_by_its_payment() -> None:
    created = by_type(read("shopify", order(financial_status="paid"), topic("orders/create")))
    paid = only(read("shopify", order(), topic("orders/paid", **{"X-Shopify-Triggered-At": "2026-06-01T08:00:00.5Z"})))
    assert created["order.paid"]["id"] == paid["id"] == "450789469:order.paid"
    assert paid["time"] == "2026-06-01T08:00:00.500000Z"


def test_an_order_is_changed_at_every_delivery_and_cancelled_once() -> None:
    changed = [
        only(read("shopify", order(), topic("orders/updated", **{"X-Shopify-Webhook-Id": n})))["id"] for n in ("a", "b")
    ]
    assert changed == ["a:order.changed", "b:order.changed"]
    gone = order(cancelled_at="2026-06-01T10:00:00+02:00", cancel_reason="fraud")
    cancelled = only(read("shopify", gone, topic("orders/cancelled")))
    assert (cancelled["time"], cancelled["data"]["reason"]) == ("2026-06-01T08:00:00Z", "fraud")
    edited = {"order_edit": {"id": 1, "order_id": 450789469, "committed_at": "2026-06-01T08:00:00Z"}}
    assert only(read("shopify", edited, topic("orders/edited")))["data"]["order"] == "450789469"


def fulfillment(**changes: Any) -> dict[str, Any]:
    return {**body("shopify/2025-01.fulfillment.0.json")["fulfillments"][0], "status": "success", **changes}


def test_each_tracking_number_is_a_parcel_that_left() -> None:
    two = fulfillment(tracking_numbers=["1Z1", "1Z2"], tracking_number="1Z1", tracking_company="UPS")
    shipped = read("shopify", two, topic("fulfillments/create"))
    assert [e["data"]["parcel"] for e in shipped.events] == ["ups:1Z1", "ups:1Z2"]
    again = read("shopify", two, topic("fulfillments/update"))
    assert [e["id"] for e in again.events] == [e["id"] for e in shipped.events], "an update is not a second parcel"
    assert not [e for e in shipped.events if "items" in e["data"]], "how many are in which is not told"
    one = only(read("shopify", fulfillment(tracking_numbers=["1Z1"], line_items=[{"quantity": 2}, {"quantity": 1}])
                    , topic("fulfillments/create")))  # fmt: skip
    assert one["data"]["items"] == 3
    bare = only(read("shopify", fulfillment(tracking_numbers=[], tracking_number=None), topic("fulfillments/create")))
    assert bare["data"]["order"] == "450789469" and "parcel" not in bare["data"]


def test_a_fulfillment_that_failed_or_waits_has_not_left() -> None:
    for status in ("failure", "cancelled", "pending", "open", "error"):
        reading = read("shopify", fulfillment(status=status), topic("fulfillments/create"))
        assert not reading.events and reading.unknown[0].type == "fulfillments/create"


def test_tracking_ends_in_a_delivery_told_once() -> None:
    moving = by_type(read("shopify", fulfillment(shipment_status="out_for_delivery"), topic("fulfillments/update")))
    assert moving["shipment.tracked"]["data"]["scan"] == "out_for_delivery"
    delivered = by_type(read("shopify", fulfillment(shipment_status="delivered"), topic("fulfillments/update")))
    assert delivered["shipment.delivered"]["data"]["parcel"] == "usps:1Z1234512345123456"
    scan = {
        "id": 9,
        "fulfillment_id": 255858046,
        "order_id": 450789469,
        "status": "delivered",
        "happened_at": "2026-06-01T08:00:00Z",
    }
    told = only(read("shopify", scan, topic("fulfillment_events/create")))
    assert told["id"] == delivered["shipment.delivered"]["id"]


def refund(**changes: Any) -> dict[str, Any]:
    return {**body("shopify/2025-01.refund.0.json")["refunds"][0], **changes}


def test_a_refund_is_the_money_that_moved() -> None:
    created = only(read("shopify", refund(), topic("refunds/create")))
    assert created["data"]["amount"] == {"minor": 20900, "currency": "USD"}
    parts = [
        {"id": n, "kind": kind, "status": status, "amount": amount, "currency": "USD"}
        for n, kind, status, amount in (
            (1, "refund", "success", "10.10"),
            (2, "refund", "pending", "0.05"),
            (3, "refund", "failure", "99.00"),
            (4, "void", "success", "50.00"),
        )
    ]
    assert only(read("shopify", refund(transactions=parts), topic("refunds/create")))["data"]["amount"]["minor"] == 1015
    none = read("shopify", refund(transactions=[]), topic("refunds/create"))
    assert not none.events and "no money moved" in none.unknown[0].reason


def test_an_order_from_the_api_brings_its_history() -> None:
    gone = {**body("shopify/2025-01.order.0.json")["orders"][0], "cancelled_at": "2008-01-11T00:00:00Z"}
    gone["fulfillments"][0]["status"] = "success"
    events = by_type(read("shopify", {"orders": [gone]}))
    assert set(events) == {"order.placed", "order.cancelled", "shipment.shipped", "refund.created"}
    alone = only(read("shopify", sample("shopify/2025-01.refund.0.json")))
    assert alone["id"] == events["refund.created"]["id"], "the refund told twice is one refund"


def test_a_dispute_opens_is_updated_and_ends() -> None:
    dispute = {**body("shopify/legacy.dispute.json")["dispute"], "status": "needs_response", "order_id": 7}
    opened = only(read("shopify", dispute, topic("disputes/create")))
    assert opened["data"] == {
        "dispute": "1052608616",
        "order": "7",
        "seller": "andes.myshopify.com",
        "reason": "fraudulent",
        "amount": {"minor": 10000, "currency": "USD"},
        "due_at": "2013-07-03T23:00:00Z",
    }
    updated = only(read("shopify", {**dispute, "status": "under_review"}, topic("disputes/update")))
    assert (updated["type"], updated["data"]["outcome"]) == ("dispute.updated", "under_review")
    for status in ("won", "lost", "accepted", "charge_refunded", "prevented"):
        closed = only(read("shopify", {**dispute, "status": status}, topic("disputes/update")))
        assert (closed["type"], closed["data"]["outcome"]) == ("dispute.closed", status)
        assert closed["data"]["answered"] is True
    unanswered = {**dispute, "status": "lost", "evidence_sent_on": None}
    assert only(read("shopify", unanswered, topic("disputes/update")))["data"]["answered"] is False


def test_a_bare_dispute_that_is_over_was_opened_and_closed() -> None:
    assert set(by_type(read("shopify", sample("shopify/legacy.dispute.json")))) == {"dispute.opened", "dispute.closed"}


def test_a_transaction_is_an_attempt_to_pay() -> None:
    tried = {
        "id": 5,
        "order_id": 7,
        "kind": "sale",
        "status": "failure",
        "error_code": "card_declined",
        "gateway": "shopify_payments",
        "amount": "10.00",
        "currency": "EUR",
        "created_at": "2026-06-01T08:00:00Z",
        "payment_details": {
            "credit_card_bin": "55555555",
            "credit_card_number": "•••• 4444",
            "credit_card_company": "Mastercard",
            "credit_card_expiration_month": 8,
            "credit_card_expiration_year": 2028,
            "cvv_result_code": None,
        },
    }
    attempt = only(read("shopify", tried, topic("order_transactions/create")))
    assert attempt["data"]["outcome"] == "declined" and attempt["data"]["decline_code"] == "card_declined"
    assert attempt["data"]["card"] == "mastercard:55555555:4444:2028-08"
    assert only(read("shopify", tried))["id"] == attempt["id"], "recognised by its shape"
    assert not read("shopify", {**tried, "kind": "refund"}, topic("order_transactions/create")).events


def test_a_product_is_a_listing_with_a_price_where_the_currency_is_known() -> None:
    product = {
        "id": 1,
        "title": "Cherries",
        "vendor": "Andes",
        "product_type": "fruit",
        "created_at": "2026-06-01T08:00:00Z",
        "updated_at": "2026-06-02T08:00:00Z",
        "variants": [{"price": "19.90", "barcode": "4006381333931"}],
    }
    created = only(read("shopify", product, topic("products/create"), currency="EUR"))
    assert created["data"]["price"] == {"minor": 1990, "currency": "EUR"}
    assert created["data"]["product"] == "4006381333931"
    changed = only(read("shopify", product, topic("products/update")))
    assert changed["type"] == "listing.changed" and "price" not in changed["data"]


def test_a_return_is_requested_for_its_order() -> None:
    asked = {
        "id": 3,
        "order": {"id": 7},
        "status": "requested",
        "created_at": "2026-06-01T08:00:00Z",
        "return_line_items": [{"return_reason": "DEFECTIVE"}],
    }
    requested = only(read("shopify", asked, topic("returns/request")))
    assert requested["data"] == {"order": "7", "seller": "andes.myshopify.com", "reason": "defective"}


def test_customers_and_the_unheard_of_are_kept_under_their_topic() -> None:
    for name in ("customers/create", "customers/redact", "app/uninstalled", "something/new"):
        reading = read("shopify", {"id": 1, "email": "a@b.example"}, topic(name))
        assert [(item.type, item.id) for item in reading.unknown] == [(name, "wh-1")] and not reading.refused
    assert read("shopify", {"hello": "world"}).unknown[0].type == "untyped"
    assert read("shopify", {"orders": []}).unknown[0].type == "empty"


def test_an_order_full_of_nulls_is_refused_by_name_and_not_by_accident() -> None:
    empty = dict.fromkeys(order())
    reading = read("shopify", empty, topic("orders/create"))
    assert {item.field for item in reading.refused} == {"order", "buyer", "amount", "time"}


def test_a_checkout_that_comes_without_its_topic_is_no_order_however_much_it_looks_like_one() -> None:
    alike = {name: value for name, value in order().items() if name not in ("order_number", "financial_status")}
    checkout = {**alike, "completed_at": None, "closed_at": None}
    for shown, kind in (
        (checkout, "shape:checkout"),
        ({**checkout, "completed_at": "2026-06-01T08:00:00Z"}, "shape:checkout"),
        ({**alike, "abandoned_checkout_url": "https://andes.example/recover"}, "shape:checkout"),
        (alike, "untyped"),  # it says neither: it may be either
        ({**alike, "order_number": None, "financial_status": None}, "untyped"),
    ):
        reading = read("shopify", shown, SHOP)
        assert not reading.events and not reading.refused
        assert [item.type for item in reading.unknown] == [kind]
    for name, value in (("order_number", 1001), ("financial_status", "pending")):
        assert "order.placed" in by_type(read("shopify", {**alike, name: value}, SHOP))


def test_a_delivery_forwarded_by_eventbridge_is_the_same_delivery() -> None:
    metadata = {"X-Shopify-Topic": "orders/create", "X-Shopify-Shop-Domain": "andes.myshopify.com"}
    forwarded = {"id": "aws", "detail": {"payload": order(), "metadata": metadata}}
    assert only(read("shopify", forwarded)) == only(read("shopify", order(), topic("orders/create")))


@pytest.mark.parametrize("path", sorted((PAYLOADS / "shopify").glob("*.json")), ids=lambda path: path.stem)
def test_every_sample_of_shopify_is_recognised_by_its_shape(path: Any) -> None:
    wrapped = path.read_bytes()
    reading = read("shopify", wrapped, default_seller="sel-1")
    nothing_is_lost(reading)
    # The lines of the sample of 2013 do not come to its total.
    assert not reading.refused and {one.field for one in reading.dropped} <= {"lines"}
    inner = next(iter(json.loads(wrapped).values()))
    bare = read("shopify", inner[0] if isinstance(inner, list) else inner, default_seller="sel-1")
    assert [e["id"] for e in bare.events] == [e["id"] for e in reading.events]
    assert reading.events or "has not left" in reading.unknown[0].reason


def test_every_shared_body_of_shopify_is_read_and_none_is_lost() -> None:
    paths = sorted((shared_data() / "payloads" / "shopify").glob("*.json"))
    for path in paths:
        nothing_is_lost(read("shopify", path.read_bytes(), default_seller="sel-1"))
    assert len(paths) >= 5
