"""Who signed a body: known answers computed here, forgeries, replays, rotation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from connector_samples import shared_data
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.connectors import SignatureReason, SignatureRefused, load_connector
from safeconduct.connectors.signatures import Scheme, Signature

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
BODY = b'{"id": "evt_1",  "object":"event"}\n'
SECRET = "whsec_test_0123456789"


def stripe_header(raw: bytes, secret: str, at: datetime, *, scheme: str = "v1") -> str:
    stamp = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={stamp},{scheme}={digest}"


def shopify_header(raw: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


def refusal(
    connector: str, raw: bytes, headers: dict[str, str], secrets: list[str], now: datetime = NOW
) -> SignatureReason:
    with pytest.raises(SignatureRefused) as caught:
        load_connector(connector).verify(raw, headers, secrets, now)
    for secret in secrets:
        assert not secret or secret not in str(caught.value)
    return caught.value.reason


def test_a_genuine_stripe_delivery_is_accepted() -> None:
    load_connector("stripe").verify(BODY, {"Stripe-Signature": stripe_header(BODY, SECRET, NOW)}, [SECRET], NOW)


def test_a_fixed_known_answer_of_stripes_scheme_holds() -> None:
    # printf '1492774577.{}' | openssl dgst -sha256 -hmac whsec_test
    digest = "0d0602f6611bd2252dd4b74b58a4528355a7380639a15e6cc21e3059d56d5b8b"
    at = datetime.fromtimestamp(1492774577, UTC)
    load_connector("stripe").verify(b"{}", {"stripe-signature": f"t=1492774577,v1={digest}"}, ["whsec_test"], at)


def test_one_changed_byte_of_the_body_is_a_mismatch() -> None:
    headers = {"Stripe-Signature": stripe_header(BODY, SECRET, NOW)}
    assert refusal("stripe", BODY.replace(b"  ", b" "), headers, [SECRET]) is SignatureReason.MISMATCH


def test_a_body_signed_with_another_secret_is_a_mismatch() -> None:
    headers = {"Stripe-Signature": stripe_header(BODY, "whsec_thief", NOW)}
    assert refusal("stripe", BODY, headers, [SECRET]) is SignatureReason.MISMATCH


def test_a_replay_after_five_minutes_is_stale_and_within_them_is_not() -> None:
    header = {"Stripe-Signature": stripe_header(BODY, SECRET, NOW)}
    load_connector("stripe").verify(BODY, header, [SECRET], NOW + timedelta(seconds=300))
    assert refusal("stripe", BODY, header, [SECRET], NOW + timedelta(seconds=301)) is SignatureReason.STALE
    assert refusal("stripe", BODY, header, [SECRET], NOW - timedelta(seconds=301)) is SignatureReason.FUTURE


def test_a_moved_timestamp_breaks_the_signature() -> None:
    stamp, digest = stripe_header(BODY, SECRET, NOW - timedelta(hours=1)).split(",")
    moved = f"t={int(NOW.timestamp())},{digest}"
    assert stamp != moved.split(",")[0]
    assert refusal("stripe", BODY, {"Stripe-Signature": moved}, [SECRET]) is SignatureReason.MISMATCH


def test_while_a_secret_is_replaced_both_are_accepted() -> None:
    new = "whsec_new"
    for signing in (SECRET, new):
        header = {"STRIPE-SIGNATURE": stripe_header(BODY, signing, NOW)}
        load_connector("stripe").verify(BODY, header, [new, SECRET], NOW)
    # Stripe itself sends one v1 for each of its secrets during a roll.
    first, second = stripe_header(BODY, "whsec_unknown", NOW), stripe_header(BODY, SECRET, NOW).split(",")[1]
    load_connector("stripe").verify(BODY, {"Stripe-Signature": f"{first},{second},v0=ff"}, [SECRET], NOW)


@pytest.mark.parametrize(
    "header",
    [
        "garbage",
        "t=,v1=",
        "v1=" + "a" * 64,
        "t=1,v1=zz",
        "t=1,t=2,v1=" + "a" * 64,
        "t=-1,v1=" + "a" * 64,
        "t=1,v0=" + "a" * 64,
    ],
)
def test_a_header_of_another_form_is_malformed(header: str) -> None:
    assert refusal("stripe", BODY, {"Stripe-Signature": header}, [SECRET]) is SignatureReason.MALFORMED


def test_without_header_or_secret_nothing_passes() -> None:
    assert refusal("stripe", BODY, {}, [SECRET]) is SignatureReason.MISSING_HEADER
    assert (
        refusal("stripe", BODY, {"Stripe-Signature": stripe_header(BODY, "", NOW)}, [""]) is SignatureReason.NO_SECRET
    )
    assert refusal("shopify", BODY, {}, [SECRET]) is SignatureReason.MISSING_HEADER
    assert (
        refusal("shopify", BODY, {"X-Shopify-Hmac-Sha256": shopify_header(BODY, "")}, []) is SignatureReason.NO_SECRET
    )


def test_a_file_connector_takes_nothing_over_http() -> None:
    assert refusal("csv", BODY, {}, [SECRET]) is SignatureReason.UNSIGNED_SOURCE


def test_a_genuine_shopify_delivery_is_accepted_and_a_forged_one_is_not() -> None:
    shopify = load_connector("shopify")
    shopify.verify(BODY, {"X-Shopify-Hmac-SHA256": shopify_header(BODY, SECRET)}, ["old", SECRET], NOW)
    forged = {"X-Shopify-Hmac-SHA256": shopify_header(BODY + b" ", SECRET)}
    assert refusal("shopify", BODY, forged, [SECRET]) is SignatureReason.MISMATCH
    for bad in ("====", "äöü", "YWJj", "a" * 64):
        assert refusal("shopify", BODY, {"X-Shopify-Hmac-SHA256": bad}, [SECRET]) is SignatureReason.MALFORMED


def test_a_spree_like_signature_covers_its_timestamp() -> None:
    scheme = Signature(Scheme.HMAC_HEX, "x-sig", "x-time")
    stamp = str(int(NOW.timestamp()))
    digest = hmac.new(SECRET.encode(), stamp.encode() + b"." + BODY, hashlib.sha256).hexdigest()
    scheme.verify(BODY, {"X-Sig": digest, "X-Time": stamp}, [SECRET], NOW)
    with pytest.raises(SignatureRefused) as caught:
        scheme.verify(BODY, {"X-Sig": digest, "X-Time": str(int(stamp) + 1)}, [SECRET], NOW)
    assert caught.value.reason is SignatureReason.MISMATCH


def test_the_known_answer_of_standard_webhooks_holds() -> None:
    file = shared_data() / "security" / "standard_webhooks_kat.json"
    for vector in json.loads(file.read_text())["vectors"]:
        headers = {
            "webhook-id": vector["msg_id"],
            "webhook-timestamp": str(vector["timestamp"]),
            "webhook-signature": "v1,AAAA " + vector["signature"],
        }
        raw, at = vector["payload"].encode(), datetime.fromtimestamp(vector["timestamp"], UTC)
        load_connector("jsonl").verify(raw, headers, [vector["secret"]], at)
        assert refusal("jsonl", raw + b" ", headers, [vector["secret"]], at) is SignatureReason.MISMATCH


def test_a_naive_clock_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="time zone"):
        load_connector("stripe").verify(BODY, {"Stripe-Signature": "t=1"}, [SECRET], datetime(2026, 6, 1))  # noqa: DTZ001


@given(st.binary(max_size=200), st.text(max_size=120), st.text(max_size=20))
def test_no_header_whatever_gets_through_or_breaks_anything(raw: bytes, header: str, secret: str) -> None:
    for connector, name in (("stripe", "stripe-signature"), ("shopify", "x-shopify-hmac-sha256")):
        try:
            load_connector(connector).verify(raw, {name: header}, [secret or "s"], NOW)
        except SignatureRefused as refused:
            assert refused.reason in set(SignatureReason)
        else:
            pytest.fail("an arbitrary header was accepted")
