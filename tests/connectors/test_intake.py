"""From a delivery to the log: nothing is lost, nothing is taken twice, nothing forged is kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import tests.django_world as world
from connector_samples import PAYLOADS, sample
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kernel.builders import live_policy

from safeconduct.cli import doctor
from safeconduct.cli.intake import read_again as read_all_again
from safeconduct.connectors import OptionError, SignatureReason, SignatureRefused, UnknownConnectorError
from safeconduct.connectors.intake import NOT_READ_YET, Outcome, ingest, read_again, refusals_since, refused, unpack
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.events.models import Delivery, DeliveryState, Event, EventKind
from safeconduct.kernel.scope import engine_scope, query, staff_scope

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SECRET = "whsec_test_0123456789"
SELLER = {"default_seller": "sel-1"}


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    """Each test begins with empty tables."""
    world.forget_everything()
    yield


def signed(raw: bytes, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    stamp = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={digest}", "Authorization": "Bearer hidden"}


def stripe(raw: bytes, **options: Any) -> Outcome:
    return ingest("stripe", raw, signed(raw), signed=True, secrets=[SECRET], now=NOW, options={**SELLER, **options})


def shopify(raw: bytes, topic: str, delivery: str, **more: str) -> Outcome:
    digest = base64.b64encode(hmac.new(SECRET.encode(), raw, hashlib.sha256).digest()).decode()
    headers = {
        "X-Shopify-Hmac-Sha256": digest, "X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": delivery,
        "X-Shopify-Shop-Domain": "andes.myshopify.com", **more,
    }  # fmt: skip
    return ingest("shopify", raw, headers, signed=True, secrets=[SECRET], now=NOW, options=SELLER)


def types() -> list[str]:
    with staff_scope():
        return sorted(Event.objects.values_list("type", flat=True))


def only_delivery() -> Delivery:
    with staff_scope():
        return Delivery.objects.get()


def test_a_signed_charge_becomes_a_canonical_event_that_waits_for_the_lanes() -> None:
    outcome = stripe(sample("stripe/charge.succeeded.json"))
    assert outcome.events >= 1 and not outcome.refused and not outcome.duplicate
    assert "payment.attempted" in types()
    kept = only_delivery()
    assert kept.state == DeliveryState.READ and kept.events == outcome.events and "payment.attempted" in kept.topic


def test_a_field_named_by_half_of_a_letter_is_refused_in_words_that_can_be_kept() -> None:
    amount = '{"minor": 1, "currency": "USD"}'
    row = (
        '{"id": "1", "source": "s", "type": "order.placed", "time": "2026-06-01T08:00:00Z", "data":'
        f' {{"order": "o", "seller": "s", "buyer": "b", "amount": {amount}, "\\ud800\\u0000": 1}}}}\n'
    )
    outcome = ingest("jsonl", row.encode(), {}, signed=False, secrets=[], now=NOW)
    assert [part.problem[:17] for part in outcome.refused] == ["there is no field"]
    kept = only_delivery()
    assert kept.refused == 1 and "there is no field" in kept.reason


def test_what_a_connector_brings_is_decided_by_the_lanes() -> None:
    live_policy()
    raw = sample("shopify/legacy.order.json")
    outcome = shopify(raw, "orders/create", "w-1")
    assert outcome.events >= 1, outcome
    with staff_scope():
        assert not Decision.objects.exists()  # the source was answered without waiting for it
    assert lanes.work() >= 1
    with staff_scope():
        assert Decision.objects.filter(policy="order-risk").count() == 1


def test_the_body_is_kept_sealed_and_opens_again_byte_for_byte() -> None:
    raw = sample("stripe/charge.refunded.json")
    outcome = stripe(raw)
    kept = only_delivery()
    assert raw[:60] not in bytes(kept.sealed)
    body, headers = unpack(outcome.delivery_id, kept.connector, kept.received_at, bytes(kept.sealed))
    assert body == raw and "authorization" not in headers and "stripe-signature" in headers


def test_the_same_delivery_twice_is_taken_once_even_when_signed_anew() -> None:
    raw = sample("stripe/charge.dispute.created.json")
    first = stripe(raw)
    later = NOW + timedelta(hours=1)
    again = ingest("stripe", raw, signed(raw, later), signed=True, secrets=[SECRET], now=later, options=SELLER)
    assert again.duplicate and again.delivery_id == first.delivery_id and again.events == first.events
    assert only_delivery().id == first.delivery_id
    with staff_scope():
        assert Event.objects.count() == first.events + first.unknown


def test_one_body_under_two_topics_is_two_deliveries() -> None:
    raw = sample("shopify/legacy.order.json")
    shopify(raw, "orders/create", "w-1")
    paid = shopify(raw, "orders/paid", "w-2")
    assert not paid.duplicate
    assert {"order.placed", "order.paid"} <= set(types())


def test_a_delivery_that_comes_again_another_way_is_the_same() -> None:
    raw = sample("shopify/legacy.order.json")
    shopify(raw, "orders/create", "w-1", **{"X-Forwarded-For": "203.0.113.7", "X-Shopify-Triggered-At": "12:00"})
    again = shopify(
        raw, "orders/create", "w-1", **{"X-Forwarded-For": "203.0.113.9", "X-Shopify-Triggered-At": "12:05"}
    )
    assert again.duplicate


def test_a_kind_no_event_stands_for_is_stored_under_its_own_name() -> None:
    raw = json.dumps(
        {
            "id": "evt_9",
            "object": "event",
            "type": "customer.created",
            "created": 1780000000,
            "data": {"object": {"id": "cus_1"}},
        }
    ).encode()
    outcome = stripe(raw)
    assert (outcome.events, outcome.unknown, outcome.state) == (0, 1, DeliveryState.READ)
    with staff_scope():
        event = Event.objects.get()
    assert event.type == "customer.created" and event.kind == EventKind.UNKNOWN


def test_a_word_of_the_source_that_also_names_a_canonical_event_does_not_become_an_empty_one() -> None:
    # `charge.refunded` is another name of refund.created; this charge tells of no refund that was not told before.
    charge = {"id": "ch_1", "object": "charge", "status": "draft"}
    raw = json.dumps(
        {"id": "evt_1", "object": "event", "type": "charge.refunded", "created": 1780000000, "data": {"object": charge}}
    ).encode()
    outcome = stripe(raw)
    assert (outcome.events, outcome.unknown, outcome.refused) == (0, 1, [])
    assert types() == ["stripe:charge.refunded"]


def test_a_body_that_cannot_be_read_is_kept_and_says_why() -> None:
    outcome = stripe(b"{broken")
    assert outcome.state is DeliveryState.REFUSED and "not JSON" in outcome.refused[0].problem
    kept = only_delivery()
    assert kept.state == DeliveryState.REFUSED and "not JSON" in kept.reason and kept.refused == 1
    assert unpack(kept.id, kept.connector, kept.received_at, bytes(kept.sealed))[0] == b"{broken"
    assert types() == []


def test_a_forged_delivery_is_counted_and_nothing_of_it_is_kept() -> None:
    raw = sample("stripe/charge.succeeded.json")
    for headers in (signed(raw, secret="whsec_thief"), {}):
        with pytest.raises(SignatureRefused):
            ingest("stripe", raw, headers, signed=True, secrets=[SECRET], now=NOW, options=SELLER)
    with pytest.raises(SignatureRefused) as caught:
        ingest("stripe", raw, signed(raw), signed=True, secrets=[], now=NOW, options=SELLER)
    assert caught.value.reason is SignatureReason.NO_SECRET
    with staff_scope():
        assert not Delivery.objects.exists() and not Event.objects.exists()
    assert refusals_since(datetime.now(UTC) - timedelta(minutes=5)) == {"stripe": (3, False)}


def test_the_doctor_finds_a_wrong_signing_secret_and_is_not_alarmed_by_single_forgeries() -> None:
    raw, now = sample("stripe/charge.succeeded.json"), datetime.now(UTC)
    with pytest.raises(SignatureRefused):
        ingest("stripe", raw, {}, signed=True, secrets=[SECRET], now=now, options=SELLER)
    found = doctor.deliveries()
    assert not found.ok and found.found.startswith("1 of stripe refused") and "what stripe shows" in found.mend
    ingest("stripe", raw, {}, signed=False, secrets=[], now=now, options=SELLER)
    assert doctor.deliveries().ok


def test_the_doctor_names_refunds_that_stripe_tells_both_ways() -> None:
    now = datetime.now(UTC)
    charge = {"id": "ch_1", "object": "charge", "amount": 1000, "currency": "usd", "amount_refunded": 400,
              "metadata": {"order_id": "ord-1"}}  # fmt: skip
    refund = {"id": "re_1", "object": "refund", "amount": 400, "currency": "usd", "charge": "ch_1",
              "status": "succeeded", "created": int(now.timestamp()), "metadata": {"order_id": "ord-1"}}  # fmt: skip
    for kind, told in (("charge.refunded", charge), ("refund.created", refund)):
        assert doctor.deliveries().ok
        body = {"id": f"evt_{kind}", "object": "event", "type": kind, "created": int(now.timestamp()),
                "data": {"object": told, "previous_attributes": {"amount_refunded": 0}}}  # fmt: skip
        kept = ingest("stripe", json.dumps(body).encode(), {}, signed=False, secrets=[], now=now, options=SELLER)
        assert kept.events == 1
    found = doctor.deliveries()
    assert not found.ok and "policies count them twice" in found.found and "charge.refunded" in found.mend


def test_what_was_refused_is_read_once_more_after_the_mapping_was_mended(capsys: pytest.CaptureFixture[str]) -> None:
    kept = stripe(sample("stripe/charge.succeeded.json"))
    with engine_scope():  # as an earlier mapping left it
        query("DELETE FROM event")
        query("UPDATE delivery SET state = 'refused', reason = 'amount: is no number', events = 0, refused = 1")
    broken = stripe(b"{broken")
    assert refused("stripe") == sorted([kept.delivery_id, broken.delivery_id])
    with override_settings(CONNECTOR_OPTIONS={"stripe": SELLER}):
        assert read_all_again("stripe", as_json=True) == 1  # one of them cannot be mended
    assert json.loads(capsys.readouterr().out) == {
        "deliveries": 2, "read": 1, "events": 1, "still_refused": 1, "erased": 0,
    }  # fmt: skip
    assert types() == ["payment.attempted"] and refused("stripe") == [broken.delivery_id]


def test_what_was_read_in_part_is_told_by_the_doctor_and_read_once_more(capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    paid = {"id": 450, "line_items": [], "order_number": 1, "customer": {"id": 2}, "total_price": "1.00",
            "currency": "USD", "created_at": "2026-06-01T08:00:00Z", "refunds": []}  # fmt: skip
    raw = json.dumps({"orders": [paid, {**paid, "id": 451, "total_price": "-"}]}).encode()
    kept = ingest("shopify", raw, {}, signed=False, secrets=[], now=now, options=SELLER)
    assert kept.events == 1 and {part.field for part in kept.refused} == {"amount"}
    found = doctor.deliveries()
    assert not found.ok and found.found.startswith("1 of shopify could not be read (order.placed amount")
    assert "connectors read-again shopify" in found.mend and refused("shopify") == [kept.delivery_id]
    with override_settings(CONNECTOR_OPTIONS={"shopify": SELLER}):
        assert read_all_again("shopify", as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["still_refused"] == 1
    with engine_scope():
        query("UPDATE delivery SET received_at = received_at - interval '8 days'")
    assert doctor.deliveries().ok


def test_a_body_that_comes_again_tells_what_was_refused_of_it_in_the_same_words() -> None:
    raw = json.dumps({"id": 450, "line_items": [], "order_number": 1, "customer": {"id": 2}, "total_price": "-",
                      "currency": "USD", "created_at": "2026-06-01T08:00:00Z", "refunds": []}).encode()  # fmt: skip
    first, again = (
        ingest("shopify", raw, {}, signed=False, secrets=[], now=datetime.now(UTC), options=SELLER) for _ in range(2)
    )
    assert again.duplicate and not first.duplicate
    assert again.refused == first.refused
    assert [(part.type, part.field) for part in again.refused] == [("order.placed", "amount")]


def test_a_process_killed_before_reading_loses_nothing() -> None:
    raw = sample("stripe/charge.succeeded.json")
    first = stripe(raw)
    with engine_scope():  # as it stands between keeping and reading
        query("DELETE FROM event")
        query("UPDATE delivery SET state = 'refused', reason = %s, events = 0", [NOT_READ_YET])
    again = stripe(raw)
    assert not again.duplicate and again.delivery_id == first.delivery_id and again.events == first.events
    assert only_delivery().state == DeliveryState.READ


def test_a_kept_delivery_can_be_read_again_with_better_options() -> None:
    raw = b'{"id": 5, "created_at": "2026-06-01T10:00:00Z", "title": "Cherries"}'
    first = ingest("shopify", raw, {}, signed=False, secrets=[], now=NOW, options=SELLER)
    assert (first.events, first.unknown) == (0, 1)
    better = {**SELLER, "topic": "products/create"}
    again = read_again(first.delivery_id, options=better)
    assert again.delivery_id == first.delivery_id and (again.events, again.stored) == (1, 1)
    assert types() == ["listing.created", "untyped"]
    assert read_again(first.delivery_id, options=better).stored == 0
    assert only_delivery().topic == "listing.created"
    with pytest.raises(LookupError):
        read_again("dlv_none")


def test_files_need_no_signature_and_wrong_names_and_options_are_refused_before_anything_is_kept() -> None:
    line = {
        "id": "e-1",
        "source": "shop",
        "type": "order.cancelled",
        "time": "2026-06-01T12:00:00Z",
        "data": {"order": "o-1"},
    }
    assert ingest("jsonl", json.dumps(line).encode(), {}, signed=False, secrets=[], now=NOW).events == 1
    with pytest.raises(UnknownConnectorError):
        ingest("strype", b"{}", {}, signed=False, secrets=[], now=NOW)
    with pytest.raises(OptionError):
        ingest("stripe", b"{}", {}, signed=False, secrets=[], now=NOW, options={"selller": "x"})
    with staff_scope():
        assert Delivery.objects.count() == 1


@pytest.mark.parametrize("path", sorted(p.relative_to(PAYLOADS).as_posix() for p in PAYLOADS.rglob("*.json")))
def test_every_sample_leaves_a_trace_in_the_log(path: str) -> None:
    name = path.split("/")[0]
    outcome = ingest(name, sample(path), {}, signed=False, secrets=[], now=NOW, options=SELLER)
    assert outcome.events + outcome.unknown + len(outcome.refused) >= 1
    assert len(types()) == outcome.events + outcome.unknown
    assert only_delivery().reason != NOT_READ_YET


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "data", "object", "created", "\x00"]), inner, max_size=4)
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(_JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
def test_whatever_comes_is_kept_and_never_raises(raw: bytes) -> None:
    outcome = ingest("stripe", raw, {}, signed=False, secrets=[], now=NOW)
    with staff_scope():
        kept = Delivery.objects.get(id=outcome.delivery_id)
    assert (
        unpack(kept.id, kept.connector, kept.received_at, bytes(kept.sealed))[0] == raw and kept.reason != NOT_READ_YET
    )
