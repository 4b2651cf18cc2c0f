"""What Stripe tells us, in the versions it has told it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from connector_samples import PAYLOADS, body, by_type, nothing_is_lost, only, read, sample, shared_data

from safeconduct.connectors import RefusalReason, load_connector

CHARGE: dict[str, Any] = {
    "id": "ch_1",
    "object": "charge",
    "amount": 129900,
    "currency": "usd",
    "created": 1780000000,
    "status": "succeeded",
    "captured": True,
    "paid": True,
    "payment_intent": "pi_1",
    "customer": "cus_1",
    "metadata": {"order_id": "ord-1"},
    "billing_details": {"email": "Ana@Example.org"},
    "payment_method_details": {
        "type": "card",
        "card": {
            "fingerprint": "fp_1",
            "country": "CL",
            "funding": "debit",
            "iin": "424242",
            "checks": {"address_line1_check": "pass", "address_postal_code_check": "fail", "cvc_check": "pass"},
            "three_d_secure": {"result": "attempt_acknowledged", "version": "2.2.0"},
            "wallet": None,
        },
    },
}


def event(kind: str, thing: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": 1780000100,
        "livemode": True,
        "data": {"object": thing, **more.pop("data", {})},
        **more,
    }


def charge(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(CHARGE), **changes}


def test_a_charge_that_succeeded_is_an_approved_attempt_with_its_card() -> None:
    attempt = by_type(read("stripe", event("charge.succeeded", charge(), account="acct_9")))["payment.attempted"]
    assert attempt["id"] == "ch_1:payment.attempted"
    assert attempt["time"] == "2026-05-28T20:26:40Z"
    assert attempt["data"] == {
        "amount": {"minor": 129900, "currency": "USD"},
        "outcome": "approved",
        "seller": "acct_9",
        "buyer": "cus_1",
        "order": "ord-1",
        "card": "fp_1",
        "card_bin": "424242",
        "card_country": "CL",
        "card_funding": "debit",
        "email": "ana@example.org",
        "avs": "A",
        "cvv": "M",
        "three_ds": "attempted",
        "payment_method": "card",
    }


def test_a_refused_charge_keeps_the_issuers_reason() -> None:
    failed = charge(
        status="failed", paid=False, captured=False, failure_code="card_declined", outcome={"reason": "do_not_honor"}
    )
    attempt = only(read("stripe", event("charge.failed", failed)))
    assert attempt["data"]["outcome"] == "declined"
    assert attempt["data"]["decline_code"] == "do_not_honor"


def test_one_failed_payment_told_by_two_events_is_one_attempt() -> None:
    failed = charge(status="failed", paid=False, captured=False)
    intent = {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 129900,
        "currency": "usd",
        "latest_charge": "ch_1",
        "created": 1,
        "last_payment_error": {
            "charge": "ch_1",
            "code": "card_declined",
            "decline_code": "insufficient_funds",
            "payment_method": {"type": "card", "card": {"fingerprint": "fp_1", "country": "CL"}},
        },
    }
    told = [
        only(read("stripe", event("charge.failed", failed))),
        only(read("stripe", event("payment_intent.payment_failed", intent))),
    ]
    assert told[0]["id"] == told[1]["id"]
    assert told[1]["data"]["decline_code"] == "insufficient_funds"
    assert told[1]["data"]["card"] == "fp_1"


def test_a_payment_that_never_became_a_charge_is_an_attempt_of_its_own() -> None:
    intent = {
        "id": "pi_2",
        "object": "payment_intent",
        "amount": 500,
        "currency": "jpy",
        "last_payment_error": {
            "code": "payment_intent_authentication_failure",
            "source": {"object": "card", "fingerprint": "fp_2"},
        },
    }
    attempt = only(read("stripe", event("payment_intent.payment_failed", intent)))
    assert attempt["id"] == "evt_1:payment.attempted"
    assert attempt["data"]["amount"] == {"minor": 500, "currency": "JPY"}
    assert attempt["data"]["decline_code"] == "payment_intent_authentication_failure"
    assert attempt["data"]["card"] == "fp_2"


def test_a_charge_of_2014_is_read_by_its_source_and_its_flags() -> None:
    old = {
        "id": "ch_old",
        "object": "charge",
        "created": 1400000000,
        "amount": 2000,
        "currency": "gbp",
        "paid": False,
        "failure_code": "card_declined",
        "customer": None,
        "source": {
            "object": "card",
            "fingerprint": "fp_old",
            "country": "GB",
            "funding": "credit",
            "cvc_check": "fail",
            "address_line1_check": "fail",
            "address_zip_check": "pass",
        },
    }
    attempt = only(read("stripe", event("charge.failed", old)))
    assert attempt["data"] == {
        "amount": {"minor": 2000, "currency": "GBP"},
        "outcome": "declined",
        "decline_code": "card_declined",
        "buyer": "guest:card:fp_old",
        "card": "fp_old",
        "card_country": "GB",
        "card_funding": "credit",
        "avs": "Z",
        "cvv": "N",
        "payment_method": "card",
    }


def test_a_charge_whose_order_is_known_pays_it_once_however_often_it_is_told() -> None:
    paid = by_type(read("stripe", event("charge.succeeded", charge())))["order.paid"]
    intent = {
        "id": "pi_1",
        "object": "payment_intent",
        "status": "succeeded",
        "amount": 129900,
        "amount_received": 129900,
        "currency": "usd",
        "metadata": {"order_id": "ord-1"},
    }
    again = only(read("stripe", event("payment_intent.succeeded", intent)))
    assert paid["id"] == again["id"] == "pi_1:order.paid"
    assert paid["data"]["order"] == again["data"]["order"] == "ord-1"
    assert not read("stripe", event("payment_intent.succeeded", {**intent, "metadata": {}})).events


def test_the_seller_is_found_wherever_connect_puts_it_and_renamed_by_the_operators_table() -> None:
    def seller(given: dict[str, Any], **options: Any) -> Any:
        return by_type(read("stripe", given, **options))["payment.attempted"]["data"].get("seller")

    assert seller(event("charge.succeeded", charge(transfer_data={"destination": "acct_2"}))) == "acct_2"
    assert seller(event("charge.succeeded", charge(transfer_data={"destination": {"id": "acct_3"}}))) == "acct_3"
    assert seller(event("charge.succeeded", charge(on_behalf_of="acct_4"))) == "acct_4"
    assert seller(event("charge.succeeded", charge(), account="acct_5")) == "acct_5"
    assert seller(event("charge.succeeded", charge(metadata={"seller_id": "sel-6"}), account="acct_5")) == "sel-6"
    assert seller(event("charge.succeeded", charge()), default_seller="sel-7") == "sel-7"
    assert seller(event("charge.succeeded", charge(), account="acct_5"), sellers={"acct_5": "sel-8"}) == "sel-8"
    assert seller(event("charge.succeeded", charge())) is None


def test_each_refund_of_a_charge_counts_once_in_a_list_an_event_or_an_update() -> None:
    refunds = [
        {
            "id": f"re_{n}",
            "object": "refund",
            "amount": 100 * n,
            "currency": "usd",
            "created": 1780000000 + n,
            "status": status,
            "reason": "requested_by_customer",
            "charge": "ch_1",
        }
        for n, status in ((1, "succeeded"), (2, "pending"), (3, "failed"))
    ]
    listed = read("stripe", event("charge.refunded", charge(amount_refunded=300, refunds={"data": refunds})))
    assert [(e["id"], e["data"]["amount"]["minor"]) for e in listed.events] == [
        ("re_1:refund.created", 100),
        ("re_2:refund.created", 200),
        ("re_3:refund.failed", 300),
    ]
    assert only(read("stripe", event("refund.created", refunds[0])))["id"] == "re_1:refund.created"
    assert only(read("stripe", event("charge.refund.updated", refunds[1])))["id"] == "re_2:refund.created"
    assert only(read("stripe", refunds[0]))["id"] == "re_1:refund.created"
    failed = only(read("stripe", event("refund.failed", refunds[2])))
    assert failed["id"] == "re_3:refund.failed"
    assert failed["data"]["refund"] == "re_3" and failed["data"]["charge"] == "ch_1"
    assert failed["data"]["sent_at"] == "2026-05-28T20:26:43Z" < failed["time"]
    for kind in ("refund.updated", "charge.refund.updated"):
        assert only(read("stripe", event(kind, refunds[2])))["id"] == "re_3:refund.failed"


def test_a_charge_without_its_refunds_gives_the_increase() -> None:
    changed = event(
        "charge.refunded", charge(amount_refunded=3000), data={"previous_attributes": {"amount_refunded": 1000}}
    )
    refund = only(read("stripe", changed))
    assert refund["data"]["amount"] == {"minor": 2000, "currency": "USD"}
    assert refund["id"] == "ch_1-3000:refund.created"
    assert refund["data"]["charge"] == "ch_1" and refund["data"]["refunded"] == {"minor": 3000, "currency": "USD"}


def test_a_dispute_opens_with_its_deadline_and_ends_with_its_outcome() -> None:
    dispute = {
        "id": "dp_1",
        "object": "dispute",
        "amount": 129900,
        "currency": "usd",
        "charge": "ch_1",
        "created": 1780000000,
        "reason": "product_not_received",
        "status": "needs_response",
        "payment_intent": "pi_1",
        "evidence_details": {"due_by": 1780604799},
        "payment_method_details": {"type": "card", "card": {"network": "visa", "network_reason_code": "13.1"}},
    }
    reading = read("stripe", event("charge.dispute.created", dispute, account="acct_1"))
    opened = only(reading)
    assert opened["data"]["due_at"] == "2026-06-04T20:26:39Z"
    assert opened["data"]["network"] == "visa"
    assert reading.references[opened["id"]]["network_reason_code"] == "13.1"
    assert reading.references[opened["id"]]["payment"] == "pi_1"
    taken = {"amount": -129900, "fee": 1500, "net": -131400, "currency": "usd"}
    withdrawn = only(
        read("stripe", event("charge.dispute.funds_withdrawn", {**dispute, "balance_transactions": [taken]}))
    )
    assert (withdrawn["type"], withdrawn["data"]["outcome"]) == ("dispute.updated", "funds_withdrawn")
    assert withdrawn["data"]["fee"] == {"minor": 1500, "currency": "USD"}
    assert "fee" not in opened["data"], "nothing was charged yet"
    closed = only(read("stripe", event("charge.dispute.closed", {**dispute, "status": "lost"})))
    assert (closed["type"], closed["data"]["outcome"], closed["id"]) == (
        "dispute.closed",
        "lost",
        "dp_1:dispute.closed",
    )


def test_a_dispute_that_was_prevented_is_over_at_once_and_says_whether_money_went() -> None:
    dispute = {**body("stripe/object.dispute.json"), "status": "prevented", "balance_transactions": []}
    told = by_type(read("stripe", event("charge.dispute.created", dispute)))
    assert told["dispute.closed"]["data"]["outcome"] == "prevented"
    paid = {**dispute, "balance_transactions": [{"id": "txn_1", "amount": -1000}]}
    told = by_type(read("stripe", event("charge.dispute.created", paid)))
    assert told["dispute.closed"]["data"]["outcome"] == "resolved"
    assert only(read("stripe", event("charge.dispute.updated", paid)))["data"]["outcome"] == "resolved"


def test_a_bare_dispute_that_is_over_was_opened_and_closed() -> None:
    dispute = {**body("stripe/object.dispute.json"), "status": "won"}
    events = by_type(read("stripe", dispute, received_at="2026-06-01T00:00:00Z"))
    assert set(events) == {"dispute.opened", "dispute.closed"}
    assert events["dispute.closed"]["time"] == "2026-06-01T00:00:00Z"
    assert events["dispute.closed"]["data"]["answered"] is False


def test_a_dispute_that_is_over_says_whether_the_bank_was_given_an_answer() -> None:
    dispute = body("stripe/object.dispute.json")
    details = {**dispute["evidence_details"], "submission_count": 1}
    events = by_type(read("stripe", {**dispute, "status": "lost", "evidence_details": details}))
    assert events["dispute.closed"]["data"]["answered"] is True and "answered" not in events["dispute.opened"]["data"]


def test_a_dispute_of_2013_is_known_by_its_charge() -> None:
    closed = only(read("stripe", sample("stripe/charge.dispute.closed.json")))
    assert closed["data"] == {
        "dispute": "ch_00000000000000",
        "payment": "ch_00000000000000",
        "amount": {"minor": 1000, "currency": "USD"},
        "reason": "general",
        "outcome": "won",
    }


def test_a_changed_bank_account_is_a_changed_payout_account() -> None:
    changed = only(read("stripe", sample("stripe/account.external_account.updated.json")))
    assert changed["type"] == "payout_account.changed"
    assert changed["data"] == {
        "seller": "acct_00000000000000",
        "bank_account": "efGCBmiwp56O1lsN",
        "account_country": "US",
    }
    added = event(
        "account.external_account.created", {"id": "card_1", "object": "card", "fingerprint": "f"}, account="acct_1"
    )
    assert only(read("stripe", added))["data"] == {"seller": "acct_1", "bank_account": "f"}


def test_payouts_are_scheduled_and_paid_and_a_failed_one_is_neither() -> None:
    payout = {
        "id": "po_1",
        "object": "payout",
        "amount": 1100,
        "currency": "usd",
        "created": 1780000000,
        "arrival_date": 1780100000,
        "status": "in_transit",
        "destination": "ba_1",
    }
    scheduled = only(read("stripe", event("payout.created", payout, account="acct_1")))
    assert (scheduled["type"], scheduled["data"]["seller"], scheduled["data"]["bank_account"]) == (
        "payout.scheduled",
        "acct_1",
        "ba_1",
    )
    assert (
        only(read("stripe", event("payout.paid", {**payout, "status": "paid"}, account="acct_1")))["type"]
        == "payout.paid"
    )
    failed = read("stripe", event("payout.failed", {**payout, "status": "failed"}, account="acct_1"))
    assert not failed.events and failed.unknown[0].type == "payout.failed" and failed.unknown[0].time


def test_a_payout_of_2015_was_a_transfer_to_a_bank_and_todays_transfer_is_none() -> None:
    old = {
        "id": "tr_1",
        "object": "transfer",
        "type": "bank_account",
        "amount": 1100,
        "currency": "usd",
        "created": 1430000000,
        "date": 1430100000,
        "destination": "ba_1",
    }
    scheduled = only(read("stripe", event("transfer.created", old, user_id="acct_1")))
    assert (scheduled["type"], scheduled["data"]["seller"]) == ("payout.scheduled", "acct_1")
    assert only(read("stripe", event("transfer.paid", old, user_id="acct_1")))["type"] == "payout.paid"
    today = {"id": "tr_2", "object": "transfer", "amount": 1100, "currency": "usd", "destination": "acct_1"}
    assert not read("stripe", event("transfer.created", today)).events


def test_a_payout_of_nobody_is_refused_by_the_name_of_what_is_missing() -> None:
    payout = {"id": "po_1", "object": "payout", "amount": 1100, "currency": "usd", "created": 1780000000}
    reading = read("stripe", event("payout.created", payout))
    assert not reading.events and not reading.unknown
    refused = reading.refused[0]
    assert (refused.reason, refused.field, refused.type) == (RefusalReason.MISSING_FIELD, "seller", "payout.scheduled")


def test_a_completed_checkout_pays_an_order_and_places_it_only_where_checkout_is_the_shop() -> None:
    session = {
        "id": "cs_1",
        "object": "checkout.session",
        "created": 1780000000,
        "amount_total": 5000,
        "currency": "eur",
        "payment_status": "paid",
        "payment_intent": "pi_1",
        "client_reference_id": "ord-9",
        "customer": None,
        "customer_details": {"email": "B@Example.org", "address": {"country": "DE"}},
        "locale": "de",
        "metadata": {"seller_id": "sel-1"},
    }
    assert only(read("stripe", event("checkout.session.completed", session)))["type"] == "order.paid"
    events = by_type(read("stripe", event("checkout.session.completed", session), checkout_orders=True))
    placed = events["order.placed"]["data"]
    assert placed["buyer"] == "guest:b@example.org" and placed["order"] == "ord-9" and placed["guest"] is True
    assert placed["email_domain"] == "example.org" and placed["bill_country"] == "DE" and placed["locale"] == "de"


def test_a_checkout_that_only_keeps_a_card_for_later_pays_and_places_nothing() -> None:
    session = {
        "id": "cs_2", "object": "checkout.session", "mode": "setup", "payment_status": "no_payment_required",
        "amount_total": None, "currency": None, "client_reference_id": "ord-1", "created": 1780000000,
        "customer_details": {"email": "ana@example.org"},
    }  # fmt: skip
    for options in ({}, {"checkout_orders": True}):
        reading = read("stripe", event("checkout.session.completed", session), **options)
        assert not reading.events and [item.type for item in reading.unknown] == ["checkout.session.completed"]
    trial = {**session, "mode": "subscription"}
    assert only(read("stripe", event("checkout.session.completed", trial)))["type"] == "order.paid"


def test_the_fraud_warning_of_an_issuer_is_kept_with_its_charge() -> None:
    reading = read("stripe", sample("stripe/object.radar.early_fraud_warning.json"))
    warned = only(reading)
    assert (warned["type"], warned["data"]["reason"]) == ("fraud.warned", "misc")
    assert reading.references[warned["id"]]["charge"] == "ch_1234"


@pytest.mark.parametrize("wrap", ["list", "eventbridge"])
def test_lists_and_forwarded_events_are_unpacked(wrap: str) -> None:
    inner = event("charge.dispute.created", body("stripe/object.dispute.json"))
    given = {"object": "list", "data": [inner, inner]} if wrap == "list" else {"id": "aws-1", "detail": inner}
    reading = read("stripe", given)
    assert {e["id"] for e in reading.events} == {"dp_1Pgc71B7WZ01zgkWMevJiAUx:dispute.opened"}
    assert len(reading.events) == 1


def test_stripe_counts_some_currencies_in_its_own_way() -> None:
    # docs.stripe.com/currencies: ISK and UGX are sent with two decimals although they have none; MGA with none.
    for currency, sent, minor in (
        ("isk", 500, 5),
        ("ugx", 500, 5),
        ("jpy", 500, 500),
        ("kwd", 5120, 5120),
        ("clp", 990, 990),
    ):
        attempt = by_type(read("stripe", event("charge.succeeded", charge(amount=sent, currency=currency))))[
            "payment.attempted"
        ]
        assert attempt["data"]["amount"] == {"minor": minor, "currency": currency.upper()}
    inexact = read("stripe", event("charge.succeeded", charge(amount=550, currency="isk", captured=False)))
    assert inexact.refused[0].field == "amount" and inexact.refused[0].reason is RefusalReason.BAD_VALUE


def test_a_type_nobody_has_heard_of_is_kept_under_its_name() -> None:
    reading = read("stripe", event("treasury.something.happened", {"id": "x", "object": "treasury.something"}))
    assert [(item.id, item.type) for item in reading.unknown] == [("evt_1", "treasury.something.happened")]
    thin = {
        "id": "evt_2",
        "object": "v2.core.event",
        "type": "v2.core.account.updated",
        "related_object": {"id": "acct_1"},
    }
    assert read("stripe", thin).unknown


def test_the_same_delivery_twice_gives_the_same_ids() -> None:
    for path in sorted((PAYLOADS / "stripe").glob("*.json")):
        first, second = (read("stripe", path.read_bytes(), default_seller="s") for _ in range(2))
        assert [e["id"] for e in first.events] == [e["id"] for e in second.events]
        assert first == second


@pytest.mark.parametrize("path", sorted((PAYLOADS / "stripe").glob("*.json")), ids=lambda path: path.stem)
def test_every_sample_of_stripe_gives_an_event(path: Any) -> None:
    reading = read("stripe", path.read_bytes(), default_seller="sel-1")
    nothing_is_lost(reading)
    assert reading.events and not reading.refused and not reading.dropped


def test_every_shared_body_of_stripe_is_read_and_none_is_lost() -> None:
    data = shared_data()
    bodies = [path.read_bytes() for path in sorted((data / "payloads" / "stripe").glob("*.json"))]
    objects = json.loads((data / "stripe_fixtures_subset.json").read_text())
    bodies += [json.dumps(thing).encode() for thing in objects.values()]
    for raw in bodies:
        nothing_is_lost(read("stripe", raw, default_seller="sel-1"))
    assert len(bodies) >= 24


def test_options_that_do_not_exist_are_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="default_seller"):
        load_connector("stripe").read(b"{}", {}, {"default_sellr": "x"})


def test_a_thin_event_keeps_its_name() -> None:
    thin = {
        "id": "evt_65", "object": "v2.core.event", "type": "v2.core.account.updated", "livemode": False,
        "created": "2026-01-01T00:00:00.000Z",
        "related_object": {"id": "acct_1", "type": "v2.core.account", "url": "/v2/core/accounts/acct_1"},
    }  # fmt: skip
    reading = read("stripe", thin)
    assert not reading.events and not reading.refused
    assert [unknown.type for unknown in reading.unknown] == ["v2.core.account.updated"]
