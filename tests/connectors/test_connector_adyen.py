"""What Adyen tells us of payments and disputes, and how it signs it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from connector_samples import by_type, only, read, shared_data

from safeconduct.connectors import SignatureReason, SignatureRefused, load_connector

#: The key of Adyen's own published test of this item (adyen-dotnet-api-library, MIT).
KEY = "74F490DD33F7327BAECC88B2947C011FC02D014A473AAA33A8EC93E4DC069174"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def sample(name: str) -> Any:
    return json.loads((shared_data() / "payloads" / "adyen" / name).read_text(encoding="utf-8"))


def told(code: str, success: str = "true", **more: Any) -> dict[str, Any]:
    item = {
        "additionalData": {
            "chargebackReasonCode": "10.4", "chargebackSchemeCode": "visa",
            "defensePeriodEndsAt": "2026-06-20T10:00:00+02:00",
        },
        "amount": {"currency": "EUR", "value": 1000}, "eventCode": code, "eventDate": "2026-06-01T13:55:31+02:00",
        "merchantAccountCode": "Shop", "merchantReference": "ord-1", "originalReference": "991", "pspReference": "992",
        "success": success, **more,
    }  # fmt: skip
    return {"live": "true", "notificationItems": [{"NotificationRequestItem": item}]}


def test_the_published_chargeback_opens_a_dispute() -> None:
    (opened,) = read("adyen", sample("notification.chargeback.json"), default_seller="sel-1").events
    assert opened["type"] == "dispute.opened" and opened["time"] == "2018-03-23T12:55:31Z"
    assert opened["data"] == {
        "dispute": "9915555555555555", "payment": "9913333333333333", "order": "XXXXXXXXXX", "seller": "sel-1", "reason": "10.4", "network": "visa",
        "network_reason": "10.4", "stage": "chargeback", "amount": {"minor": 1000, "currency": "EUR"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "kind", "stage", "outcome"),
    [
        ("REQUEST_FOR_INFORMATION", "dispute.opened", "inquiry", None),
        ("NOTIFICATION_OF_CHARGEBACK", "dispute.opened", "chargeback", None),
        ("INFORMATION_SUPPLIED", "dispute.updated", None, "under_review"),
        ("CHARGEBACK_REVERSED", "dispute.closed", None, "won"),
        ("SECOND_CHARGEBACK", "dispute.closed", "second_chargeback", "lost"),
        ("PREARBITRATION_WON", "dispute.closed", "pre_arbitration", "won"),
        ("PREARBITRATION_LOST", "dispute.closed", "pre_arbitration", "lost"),
        ("DISPUTE_DEFENSE_PERIOD_ENDED", "dispute.closed", None, "lost"),
    ],
)
def test_each_stage_of_a_dispute_has_its_event(code: str, kind: str, stage: str | None, outcome: str | None) -> None:
    event = by_type(read("adyen", told(code)))[kind]
    data = event["data"]
    assert (data["dispute"], data.get("stage"), data.get("outcome")) == ("992", stage, outcome)
    assert event["id"].startswith("992:" + code)
    if kind == "dispute.opened":
        assert data["due_at"] == "2026-06-20T08:00:00Z"


@pytest.mark.parametrize(
    ("code", "answered"),
    [("ISSUER_RESPONSE_TIMEFRAME_EXPIRED", True), ("SECOND_CHARGEBACK", True), ("CHARGEBACK_REVERSED", None)],
)
def test_what_follows_only_a_defence_says_that_there_was_one(code: str, answered: bool | None) -> None:
    assert by_type(read("adyen", told(code)))["dispute.closed"]["data"].get("answered") is answered


def test_a_step_that_did_not_succeed_says_nothing() -> None:
    for code in ("CHARGEBACK_REVERSED", "SECOND_CHARGEBACK"):
        reading = read("adyen", told(code, success="false"))
        assert not reading.events and len(reading.unknown) == 1


def test_a_warning_of_fraud_comes_before_the_dispute() -> None:
    assert only(read("adyen", told("NOTIFICATION_OF_FRAUD", reason="Fraud"))).get("type") == "fraud.warned"


def test_a_seller_that_is_named_comes_before_the_shops_own() -> None:
    named = told("CHARGEBACK", additionalData={"metadata.seller_id": "sel-7"})
    for item, seller in ((told("CHARGEBACK"), "sel-1"), (named, "sel-7")):
        event = by_type(read("adyen", item, default_seller="sel-1"))["dispute.opened"]
        assert event["data"]["seller"] == seller
    assert by_type(read("adyen", told("CHARGEBACK")))["dispute.opened"]["data"]["seller"] == "Shop"
    mapped = read("adyen", told("CHARGEBACK"), sellers={"Shop": "sel-3"})
    assert by_type(mapped)["dispute.opened"]["data"]["seller"] == "sel-3"


def test_an_approved_payment_keeps_what_the_bank_checked() -> None:
    checks = {
        "alias": "H167852639363479", "cardBin": "411111", "avsResult": "6 Postal code matches, but the address does not match",
        "cvcResult": "1 Matches", "threeDAuthenticated": "true", "threeDOffered": "true", "liabilityShift": "true",
        "issuerCountry": "DE", "fundingSource": "DEBIT", "shopperIP": "203.0.113.9", "shopperEmail": "Ana@Example.org",
    }  # fmt: skip
    data = only(read("adyen", told("AUTHORISATION", additionalData=checks, paymentMethod="visa_applepay")))["data"]
    assert {name: data[name] for name in data if name not in ("order", "amount", "outcome")} == {
        "card": "H167852639363479", "card_bin": "411111", "avs": "Z", "cvv": "M", "three_ds": "authenticated",
        "liability_shift": True, "card_country": "DE", "card_funding": "debit", "ip": "203.0.113.9",
        "email": "ana@example.org", "payment_method": "wallet", "seller": "Shop",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("avs", "letter"),
    [("7 Both postal code and address match", "Y"), ("2 Neither postal code nor address match", "N"),
     ("4 AVS not supported for this card type", "S"), ("12", "A"), ("5 No AVS data provided", None), ("99", None)],
)  # fmt: skip
def test_adyens_numbers_of_the_address_check_become_the_schemes_letters(avs: str, letter: str | None) -> None:
    checks = {"avsResult": avs, "cvcResult": "5 Issuer not certified for CVC/CVV", "threeDOffered": "false"}
    data = only(read("adyen", told("AUTHORISATION", additionalData=checks)))["data"]
    assert (data.get("avs"), data["cvv"], data["three_ds"]) == (letter, "U", "none")


def test_a_refused_payment_keeps_the_reason_and_pays_nothing() -> None:
    reading = read("adyen", told("AUTHORISATION", success="false", reason="Refused"), auto_capture=True)
    assert [(event["type"], event["data"]["decline_code"]) for event in reading.events] == [
        ("payment.attempted", "Refused")
    ]


def test_a_capture_pays_the_order_each_by_its_own_reference_and_a_failed_one_does_not() -> None:
    paid = only(read("adyen", told("CAPTURE", paymentMethod="mc")))
    assert (paid["type"], paid["id"]) == ("order.paid", "992:order.paid")
    assert paid["data"] == {
        "order": "ord-1", "seller": "Shop", "amount": {"minor": 1000, "currency": "EUR"}, "payment_method": "card",
        "payment": "991",
    }  # fmt: skip
    for body in (told("CAPTURE", success="false"), told("CAPTURE_FAILED")):
        assert not read("adyen", body).events


def test_where_adyen_captures_by_itself_an_approved_payment_is_paid_once() -> None:
    both = by_type(read("adyen", told("AUTHORISATION"), auto_capture=True))
    assert set(both) == {"payment.attempted", "order.paid"} and both["order.paid"]["id"] == "992:order.paid"
    assert set(by_type(read("adyen", told("AUTHORISATION")))) == {"payment.attempted"}


@pytest.mark.parametrize("code", ["REFUND_FAILED", "REFUNDED_REVERSED"])
def test_a_refund_that_came_back_names_the_refund_that_had_gone_out(code: str) -> None:
    sent, back = (only(read("adyen", told(one, pspReference="rf-1"))) for one in ("REFUND", code))
    assert (sent["type"], back["type"]) == ("refund.created", "refund.failed")
    assert sent["data"]["refund"] == back["data"]["refund"] == "rf-1"
    assert back["id"] == "rf-1:refund.failed", "both of them tell of one failure"
    assert not read("adyen", told("REFUND", success="false")).events


def signed() -> bytes:
    return json.dumps({"notificationItems": [{"NotificationRequestItem": sample("hmac-validation.json")}]}).encode()


def test_adyens_own_test_of_its_signature_holds_and_any_change_breaks_it() -> None:
    adyen = load_connector("adyen")
    adyen.verify(signed(), {}, ["00" * 32, KEY], NOW)
    for before, after in (("1000", "1001"), ("EUR", "USD"), ("AUTHORISATION", "CHARGEBACK"), ('"true"', '"false"')):
        with pytest.raises(SignatureRefused) as refused:
            adyen.verify(signed().replace(before.encode(), after.encode()), {}, [KEY], NOW)
        assert refused.value.reason is SignatureReason.MISMATCH


@pytest.mark.parametrize(
    ("raw", "keys", "reason"),
    [
        (b"no json", [KEY], SignatureReason.MALFORMED),
        (b'{"notificationItems": [{"NotificationRequestItem": {}}]}', [KEY], SignatureReason.MALFORMED),
        (b'{"notificationItems": []}', [KEY], SignatureReason.MISSING_HEADER),
        (b'{"notificationItems": []}', ["no hex"], SignatureReason.NO_SECRET),
        (b'{"notificationItems": []}', [], SignatureReason.NO_SECRET),
    ],
)
def test_a_body_that_is_not_signed_is_refused(raw: bytes, keys: list[str], reason: SignatureReason) -> None:
    with pytest.raises(SignatureRefused) as refused:
        load_connector("adyen").verify(raw, {}, keys, NOW)
    assert refused.value.reason is reason


def test_one_unsigned_item_makes_the_whole_body_untrusted() -> None:
    body = json.loads(signed())
    body["notificationItems"].append(told("CHARGEBACK")["notificationItems"][0])
    with pytest.raises(SignatureRefused):
        load_connector("adyen").verify(json.dumps(body).encode(), {}, [KEY], NOW)


@pytest.mark.parametrize(
    "body",
    [
        {"notificationItems": [{"NotificationRequestItem": "abc"}]}, {"notificationItems": ["abc"]}, [], "abc", 5, None,
        {"notificationItems": [{"NotificationRequestItem": {"amount": "x", "additionalData": {"hmacSignature": "y"}}}]},
        {"notificationItems": [{"NotificationRequestItem": {"amount": [1], "additionalData": ["hmacSignature"]}}]},
        {"notificationItems": {"NotificationRequestItem": {}}}, {"notificationItems": [{"NotificationRequestItem": []}]},
    ],
    ids=str,
)  # fmt: skip
def test_a_body_of_another_shape_is_refused_as_unsigned_and_in_no_other_way(body: object) -> None:
    with pytest.raises(SignatureRefused) as refused:
        load_connector("adyen").verify(json.dumps(body).encode(), {}, [KEY], NOW)
    assert refused.value.reason in (SignatureReason.MALFORMED, SignatureReason.MISSING_HEADER)
