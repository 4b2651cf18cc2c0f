"""A seller's own files for banks, and what a seller does before there is a chargeback."""

from __future__ import annotations

from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.transactions.chargebacks.models import BankAnswer, BankDocument, EarlyWarning
from tests.kernel.builders import event
from tests.portal import shops
from tests.portal.shops import ago, happen, read
from tests.portal.test_chargebacks import LIST, disputed, post, refused
from tests.protections.transactions.chargebacks.dossiers import picture

KEPT = "/portal/transactions/bank-documents/"


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def send(client: Client, address: str, data: bytes, **fields: str) -> str:
    file = SimpleUploadedFile("photo", data)
    answer = client.post(address, {"file": file, **fields}, follow=True)
    assert answer.redirect_chain[0][1] == 303
    return unescape(answer.content.decode())


def send_in_vain(client: Client, address: str, data: bytes, **fields: str) -> str:
    answer = client.post(address, {"file": SimpleUploadedFile("photo", data), **fields})
    assert answer.status_code == 422
    return unescape(answer.content.decode())


def test_a_photo_stands_in_the_answer_and_in_its_manifest_marked_as_added() -> None:
    dispute, client = disputed(), shops.signed_in()
    page = send(client, f"{LIST}{dispute}/files/", picture(), document="outbound_photo", title="Before packing")
    assert "Before packing" in page and "A file was added for the bank" in page
    page = post(client, f"{LIST}{dispute}/stage/")
    assert "Photos of what was sent" in page and "added file" in page
    with staff_scope():
        manifest = BankAnswer.objects.get().manifest
        (entry,) = [one for one in manifest if one["document"] == "outbound_photo"]
        assert entry["brought"] and len(entry["sha256"]) == 64
        document = BankDocument.objects.get()
    page = post(client, f"{KEPT}{document.id}/remove/")
    assert "The file is removed." in page and "Before packing" not in page


@pytest.mark.parametrize(
    ("data", "document", "says"),
    [
        (b"x" * 2_000_001, "rebuttal", "larger than 2 MB"),
        (b"\x00\x01", "rebuttal", "none of PNG, JPEG, PDF, MP4 or plain text"),
        (b"A text", "order_details", "shown this from records"),
        (b"A text", "nonsense", "shown this from records"),
        (b"%PDF-1.4 nothing %%EOF", "terms", "this PDF is damaged"),
        (b"a" * 12_001, "rebuttal", "longer than 12,000 letters"),
    ],
)
def test_what_a_bank_does_not_take_is_refused_with_the_way_out(data: bytes, document: str, says: str) -> None:
    dispute, client = disputed(), shops.signed_in()
    page = send_in_vain(client, f"{LIST}{dispute}/files/", data, document=document, title="Before packing")
    assert says in page
    assert 'value="Before packing"' in page and "Choose the file again" in page
    with staff_scope():
        assert not BankDocument.objects.exists()


def test_files_of_one_seller_are_not_anothers() -> None:
    dispute, client = disputed(), shops.signed_in()
    send(client, f"{LIST}{dispute}/files/", b"It was whole.", document="rebuttal")
    stranger = shops.signed_in("sel-2")
    page = send_in_vain(stranger, f"{LIST}{dispute}/files/", b"Mine.", document="rebuttal", title="My own words")
    assert "There is no bank dispute" in page and "My own words" in page and "It was whole." not in page
    with staff_scope():
        (row,) = BankDocument.objects.all()
    assert "There is no such file any more." in post(stranger, f"{KEPT}{row.id}/remove/")
    with staff_scope():
        assert BankDocument.objects.get().removed_at is None
    assert shops.signed_in(role=MemberRole.READ_ONLY).post(f"{KEPT}keep/").status_code == 403


def test_terms_are_kept_by_their_version() -> None:
    client = shops.signed_in()
    assert "No files yet" in read(client, KEPT)
    assert "Say which version" in send_in_vain(client, f"{KEPT}keep/", b"Seven days.", document="policy_text")
    page = send(client, f"{KEPT}keep/", b"Seven days.", document="policy_text", version="2026-03")
    assert "The file is kept." in page and "2026-03" in page
    assert "Name an offer of yours" in send_in_vain(
        client, f"{KEPT}keep/", b"A.", document="brand_authorisation", listing="x"
    )


def test_a_warning_is_answered_with_a_refund() -> None:
    sold = shops.order(at=ago(24 * 5))
    happen(event("fraud.warned", at=ago(3), order=sold.ref, seller="sel-1", reason="misc"))
    client = shops.signed_in()
    assert "Early warnings of banks" in read(client, LIST)
    with staff_scope():
        warning = EarlyWarning.objects.get()
    address = f"/portal/transactions/warnings/{warning.id}/"
    assert "reported this payment as fraud" in read(client, address)
    read(shops.signed_in("sel-2"), address, 404)
    assert "The refund is asked for." in post(client, f"{address}refund/")
    assert "was decided already" in refused(client, f"{address}refund/")


def test_a_bank_that_asks_is_answered_with_a_refund() -> None:
    dispute, client = disputed(stage="inquiry"), shops.signed_in()
    assert "No money was taken yet." in read(client, f"{LIST}{dispute}/")
    page = post(client, f"{LIST}{dispute}/refund/")
    assert "The refund is asked for." in page and "A refund was asked for before the bank decided" in page


def test_a_reason_without_a_code_is_said_in_words() -> None:
    dispute, client = disputed(reason="product_unacceptable", network_reason="", network=""), shops.signed_in()
    page = read(client, f"{LIST}{dispute}/")
    assert "The goods were not as described" in page and "product unacceptable" not in page
