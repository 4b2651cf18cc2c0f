"""What the log knows of a disputed order becomes what the bank is shown, and nothing that speaks against the seller."""

from __future__ import annotations

import hmac
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from tests.kernel.builders import event, usd
from tests.kernel.vault.key_process_world import KeyProcess, asking
from tests.protections.transactions.shop import START, Shop

from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.vault.key_file import derive, read_keys
from safeconduct.protections.transactions.chargebacks import earlier
from safeconduct.protections.transactions.chargebacks.ce3 import Status
from safeconduct.protections.transactions.chargebacks.collecting import dossiers
from safeconduct.protections.transactions.chargebacks.dossier import Dossier, made, manifest
from safeconduct.protections.transactions.chargebacks.models import BankDispute

pytestmark = pytest.mark.usefixtures("empty_database")

ANA: dict[str, Any] = {
    "buyer": "ana", "card": "card-ana", "ip": "8.8.4.4", "device": "fingerprint-of-ana-0001", "email": "ana@example.org",
    "listing": "lst-1", "category": "kettles", "digital": False,
}  # fmt: skip
VISA: dict[str, Any] = {"network": "visa", "network_reason": "10.4", "stage": "chargeback"}


def told(ref: str = "dp-o-1") -> Dossier:
    with engine_scope():
        one = BankDispute.objects.get(ref=ref)
        return dossiers([one], START + timedelta(days=30))[one.id]


def shown(dossier: Dossier) -> dict[str, dict[str, str]]:
    return {one.document: {str(row.label): row.value for row in one.rows} for one in dossier.exhibits}


def test_a_delivered_order_brings_its_proofs_along() -> None:
    shop = Shop()
    shop.sold("o-1", deliver=True, avs="Y", cvv="M", three_ds="authenticated", billing_address="12 Main St", **ANA)
    shop.disputed("o-1", day=20, **VISA)
    found = shown(told())
    assert set(found) == {
        "order_details", "payment_checks", "three_ds", "ip_address", "device", "customer", "delivery_address",
        "billing_address", "proof_of_shipment", "tracking", "proof_of_delivery", "verified_delivery",
    }  # fmt: skip
    assert found["ip_address"] == {"IP address": "8.8.4.4"}
    assert found["proof_of_delivery"] == {"Delivered": "2026-06-04 12:00 UTC", "To": "12 Main St"}
    assert told().score.complete and told().code is not None
    assert [str(one.says) for one in told().timeline][:2] == ["Order placed", "Order paid"]


def test_salts_are_those_of_earlier_answers_and_their_key_is_given_to_nobody(tmp_path: Path) -> None:
    shop = Shop()
    shop.sold("o-1", deliver=True, **ANA)
    shop.disputed("o-1", day=20, **VISA)
    key = derive(read_keys(Path(settings.ROOT_KEY_FILE)).current.secret, "chargebacks/manifest")
    with KeyProcess(tmp_path) as process, asking(process):
        dossier = told()
        entries = manifest(dossier)
    by_name = {exhibit.document: exhibit.content() for exhibit in dossier.exhibits}
    for entry in entries:
        said = b"dp-o-1\0" + by_name[entry.document]
        assert entry.salt == hmac.new(key, said, "sha256").hexdigest()[:32]
    assert process.counted("hashes")["chargebacks/manifest"] == len(entries) > 3
    assert process.counted("given_out") == {}


def test_what_speaks_against_the_seller_is_no_exhibit() -> None:
    shop = Shop()
    shop.sold("o-1", avs="N", cvv="N", three_ds="failed", **ANA)
    shop.ship("o-1", day=0.5)
    shop.tell("shipment.delivered", "o-1", day=3, parcel="dhl:o-1", address="9 Elm St", signed=True)
    shop.disputed("o-1", day=20, **VISA)
    found = shown(told())
    assert not set(found) & {
        "payment_checks",
        "three_ds",
        "proof_of_delivery",
        "delivery_signature",
        "verified_delivery",
    }
    assert not told().score.complete


def test_a_refund_that_was_sent_answers_a_credit_that_was_not_given() -> None:
    shop = Shop()
    shop.sold("o-1", **ANA)
    shop.tell("refund.created", "o-1", day=10, amount=usd(100))
    shop.disputed("o-1", day=20, **VISA | {"network_reason": "13.6", "reason": "credit_not_processed"})
    assert shown(told())["proof_of_refund"] == {"Refunded": "$100.00 · 2026-06-11 12:00 UTC"}
    assert told().score.complete


def test_no_bank_is_shown_a_refund_twice_or_one_that_did_not_arrive() -> None:
    shop = Shop()
    shop.sold("o-1", **ANA)
    charge = {"charge": "ch_1", "amount": usd(40)}
    shop.tell("refund.created", "o-1", day=10, **charge, refunded=usd(40))
    shop.tell("refund.created", "o-1", day=10, **charge, refund="re_1")
    shop.disputed("o-1", day=20, **VISA | {"network_reason": "13.6", "reason": "credit_not_processed"})
    assert shown(told())["proof_of_refund"] == {"Refunded": "$40.00 · 2026-06-11 12:00 UTC"}
    shop.tell("refund.failed", "o-1", day=21, **charge, refund="re_1")
    assert "proof_of_refund" not in shown(told())


def test_two_earlier_payments_of_the_same_card_are_the_proof() -> None:
    shop = Shop()
    shop.sold("p-1", day=0, seller="sel-2", **ANA)
    shop.sold("p-2", day=10, **ANA)
    shop.sold("o-1", day=200, **ANA)
    shop.disputed("o-1", day=210, evidence_offer="visa_compelling_evidence_3", **VISA)
    with engine_scope():
        one = BankDispute.objects.get(ref="dp-o-1")
        answers = earlier.answers([one], START + timedelta(days=30))[one.id]
    assert {name: answer.status for name, answer in answers.items()} == {
        "visa": Status.QUALIFIED, "stripe": Status.QUALIFIED,
    }  # fmt: skip
    assert answers["stripe"].priors == ("p-1", "p-2")
    assert answers["stripe"].equal_in == {"customer_purchase_ip": 2, "customer_device_fingerprint": 2,
                                          "customer_email_address": 2}  # fmt: skip
    assert shown(told())["earlier_payments"]["customer_purchase_ip"] == "8.8.4.4"
    copy = made(told(), "en", redacted=True)
    assert copy.pdf != made(told(), "en", redacted=False).pdf and told().score.complete


@pytest.mark.parametrize(
    "change", [{"ip": "1.1.1.1", "device": "fingerprint-of-someone", "email": "x@example.org"}, {"card": "card-2"}]
)
def test_earlier_payments_of_somebody_else_prove_nothing(change: dict[str, Any]) -> None:
    shop = Shop()
    shop.sold("p-1", day=0, **ANA | change)
    shop.sold("p-2", day=10, **ANA | change)
    shop.sold("o-1", day=200, **ANA)
    shop.disputed("o-1", day=210, **VISA)
    assert "earlier_payments" not in shown(told())


def test_a_seller_of_record_is_shown_only_its_own_orders(settings_of_record: None) -> None:
    shop = Shop()
    shop.sold("p-1", day=0, seller="sel-2", **ANA)
    shop.sold("p-2", day=10, **ANA)
    shop.sold("o-1", day=200, **ANA)
    shop.disputed("o-1", day=210, **VISA)
    assert "earlier_payments" not in shown(told())


@pytest.fixture
def settings_of_record(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "MERCHANT_OF_RECORD", "seller")


def test_a_dispute_of_an_unknown_order_has_a_dossier_with_its_gaps() -> None:
    shop = Shop()
    shop.disputed("o-9", day=20, **VISA)
    assert told("dp-o-9").score.missing == ("order_details",) and not told("dp-o-9").exhibits


def test_the_offer_is_shown_as_it_was_when_it_was_bought() -> None:
    shop = Shop()
    listed = event(
        "listing.created", at=shop.now, seller="sel-1", listing="lst-1", listing_title="Kettle", price=usd(90)
    )
    shop.send([listed])
    shop.sold("o-1", day=1, **ANA)
    changed = event("listing.changed", at=shop.now, seller="sel-1", listing="lst-1", listing_title="Copper kettle, new")
    shop.send([changed])
    shop.disputed("o-1", day=20, **VISA)
    assert shown(told())["listing_snapshot"] == {
        "Title": "Kettle", "Offer": "lst-1", "Category": "kettles", "Price": "$90.00",
        "As of": "2026-06-02 12:00 UTC", "Unchanged since": "2026-06-01 12:00 UTC",
    }  # fmt: skip


def test_another_thing_that_came_back_is_shown_and_the_same_thing_is_not() -> None:
    shop = Shop()
    for order, back in (("o-1", "SN-2"), ("o-2", "SN-1")):
        shop.sold(order, **ANA)
        shop.ship(order, day=1, serial="SN-1")
        shop.tell("return.received", order, day=9, serial=back)
        code = {"network": "visa", "network_reason": "13.3", "reason": "product_unacceptable"}
        shop.disputed(order, day=20, **code)
        shop.day = 0
    assert shown(told())["return_fraud"] == {"Serial number that left": "SN-1", "Serial number that came back": "SN-2"}
    assert "return_fraud" not in shown(told("dp-o-2")) and "not_returned" not in shown(told("dp-o-2"))


def test_the_same_order_charged_twice_is_told_from_two_orders() -> None:
    shop = Shop()
    shop.sold("o-1", **ANA)
    shop.sold("o-2", day=3, **ANA)
    shop.sold("o-3", day=3, seller="sel-2", **ANA)
    shop.disputed("o-1", day=20, **VISA | {"network_reason": "12.6.1", "reason": "duplicate"})
    found = shown(told())["distinct_orders"]
    assert found["This order"].startswith("o-1 ·") and found["Another order"].startswith("o-2 ·") and len(found) == 2


def test_a_signature_alone_links_nobody_to_the_cardholder() -> None:
    shop = Shop()
    shop.sold("o-1", **ANA)
    shop.ship("o-1", day=0.5)
    shop.tell("shipment.delivered", "o-1", day=3, parcel="dhl:o-1", address="12 Main St", signed=True)
    shop.disputed("o-1", day=20, **VISA)
    assert "recipient_link" not in shown(told()) and not told().score.complete
