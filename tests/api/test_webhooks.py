"""Other systems deliver to an address of their own."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

from django.test import Client, override_settings
from tests.api.api_world import good, problem

from safeconduct.kernel.events.models import Delivery, Event
from safeconduct.kernel.scope import staff_scope

SECRET = "whsec_test_0123456789"
BODY = json.dumps({
    "id": "evt_1", "object": "event", "type": "charge.refunded", "created": 1780000100, "account": "acct_1",
    "data": {
        "object": {
            "id": "ch_1", "object": "charge", "amount": 5000, "amount_refunded": 5000, "currency": "usd",
            "created": 1780000000, "status": "succeeded", "paid": True, "captured": True, "refunded": True,
            "metadata": {"order_id": "ord-1"}, "customer": "cus_1",
        },
        "previous_attributes": {"amount_refunded": 0},
    },
}).encode()  # fmt: skip


def deliver(raw: bytes, *, secret: str = SECRET, name: str = "stripe") -> Any:
    stamp = int(time.time())
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return Client(raise_request_exception=False).post(
        f"/v1/connectors/{name}/webhook", raw, content_type="application/json; charset=utf-8",
        headers={"Stripe-Signature": f"t={stamp},v1={digest}"},
    )  # fmt: skip


@override_settings(CONNECTOR_SECRETS={"stripe": ["whsec_old", SECRET]})
def test_a_signed_delivery_needs_no_api_key_and_is_taken_once() -> None:
    first = good(deliver(BODY))
    assert first["status"] == "read" and first["events"] + first["unknown"] >= 1, first
    again = good(deliver(BODY))
    assert again["status"] == "duplicate" and again["delivery"] == first["delivery"]
    with staff_scope():
        assert Delivery.objects.count() == 1 and Event.objects.count() == first["events"] + first["unknown"]


@override_settings(CONNECTOR_SECRETS={"stripe": [SECRET]})
def test_a_forged_delivery_is_refused_with_its_reason() -> None:
    assert problem(deliver(BODY, secret="whsec_thief"), 401, "signature-refused")["reason"] == "mismatch"
    assert problem(deliver(BODY, name="csv"), 401, "signature-refused")["reason"] == "unsigned_source"
    problem(deliver(BODY, name="strype"), 404, "not-found")
    with staff_scope():
        assert not Delivery.objects.exists()


def test_without_a_secret_nothing_passes() -> None:
    assert problem(deliver(BODY), 401, "signature-refused")["reason"] == "no_secret"


@override_settings(CONNECTOR_SECRETS={"stripe": [SECRET]})
def test_what_cannot_be_mapped_is_kept_and_not_asked_for_again() -> None:
    answer = good(deliver(b'{"id": 1'))
    assert answer["status"] == "refused" and "not JSON" in answer["refused"][0]["problem"]
    with staff_scope():
        assert Delivery.objects.get().state == "refused"
