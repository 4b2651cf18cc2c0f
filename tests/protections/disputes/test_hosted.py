"""The buyer's link: opening a dispute without an account, in one's own language, and following it to the end."""

from __future__ import annotations

import io
import json
import zipfile
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.api.api_world import Machine, good
from tests.kernel.builders import usd
from tests.portal import shops
from tests.protections.disputes.people import page_of, sold

from safeconduct.kernel.cases import evidence
from safeconduct.kernel.cases.evidence import Piece
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.models import Case, CaseMessage
from safeconduct.kernel.cases.words import Role, Source, Visibility
from safeconduct.kernel.scope import Actor, engine_scope, staff_scope
from safeconduct.protections.disputes.links import token_of
from safeconduct.protections.disputes.models import Dispute

pytestmark = pytest.mark.usefixtures("empty_database")


def read(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address, follow=True)  # a link of a message leads on to its handle
    assert answer.status_code == status, answer.status_code
    assert len(answer.content) < 100_000
    return answer.content.decode()


def door(order_key: int) -> str:
    return f"/disputes/{token_of(order_key)}/"


def asked(**changes: str) -> dict[str, str]:
    return {"type": "not_received", "asked": "refund", "words": "It never came, I was at home.", **changes}


def the_dispute() -> tuple[Dispute, str]:
    with staff_scope():
        dispute = Dispute.objects.get()
        return dispute, Case.objects.get(id=dispute.case_id).state


def test_a_buyer_opens_a_dispute_and_follows_it_without_an_account() -> None:
    order = sold()
    buyer, here = Client(), door(order.key)
    assert "What is wrong?" in read(buyer, here)
    assert buyer.post(f"{here}open/", asked()).status_code == 303
    dispute, state = the_dispute()
    assert (state, dispute.opened) == ("open", "link")
    page = read(buyer, here)
    assert "It never came, I was at home." in page
    assert "The seller proves that the parcel was delivered" in page
    buyer.post(
        f"{here}{dispute.number}/evidence/",
        {"kind": "buyer_statement", "gist": "An empty doorstep", "file": SimpleUploadedFile("d.txt", b"empty")},
    )
    assert "An empty doorstep" in read(buyer, here)
    assert "An empty doorstep" in shops.read(shops.signed_in(), page_of(dispute.case_id))


def test_a_buyer_names_lines_of_the_order_and_everybody_sees_which() -> None:
    lines = [
        {"line": "l-1", "title": "A phone", "price": usd(70)},
        {"line": "l-2", "title": "A case for it", "price": usd(40)},
    ]
    order = sold(lines=lines, shipping=usd(10))
    buyer, here = Client(), door(order.key)
    assert "A case for it · $43.64" in unescape(read(buyer, here))
    refused = buyer.post(f"{here}open/", {**asked(), "lines": ["l-9"]})
    assert refused.status_code == 422 and "l-9 is no line of this order; there is l-1, l-2" in refused.content.decode()
    assert buyer.post(f"{here}open/", {**asked(), "lines": ["l-2"]}).status_code == 303
    dispute, _ = the_dispute()
    with staff_scope():
        assert Case.objects.get(id=dispute.case_id).amount_minor == 4_364
    seen = shops.read(shops.signed_in(), page_of(dispute.case_id))
    assert "(l-2)" in seen and "Ways to this money · l-2" in seen and "Ways to this money · l-1" not in seen
    assert "(l-2)" in read(buyer, here)
    assert good(Machine().get(f"/v1/disputes/{dispute.case_id}"))["lines"] == ["l-2"]


def test_too_much_is_refused_with_the_sum_as_people_write_it() -> None:
    order = sold()
    page = Client().post(f"{door(order.key)}open/", asked(asked="partial_refund", amount="500")).content.decode()
    assert "is at most what was paid, $120.00" in page and "minor units" not in page
    assert "It never came, I was at home." in page, "nothing has to be written twice"


def test_both_settle_over_the_link_and_the_page_of_the_seller() -> None:
    order = sold()
    buyer, here = Client(), door(order.key)
    buyer.post(f"{here}open/", asked())
    dispute, _ = the_dispute()
    shops.signed_in().post(
        f"{page_of(dispute.case_id)}offer/", {"remedy": "partial_refund", "amount": "30", "words": "Sorry"}
    )
    page = read(buyer, here)
    assert "a partial refund: $30.00" in page
    offer = page.split("/accept/")[1].split('name="offer" value="')[1].split('"')[0]
    buyer.post(f"{here}{dispute.number}/accept/", {"offer": offer})
    assert the_dispute()[1] == "agreed"
    assert "the seller" in read(buyer, here)


def test_what_is_wrong_with_a_form_is_told_and_what_was_written_is_kept() -> None:
    order = sold()
    buyer, here = Client(), door(order.key)
    answer = buyer.post(f"{here}open/", asked(asked="partial_refund", amount="many"))
    assert answer.status_code == 422
    assert "write for example 12.50" in answer.content.decode()
    assert "I was at home." in answer.content.decode()
    assert buyer.post(f"{here}open/", asked(asked="partial_refund", amount="500")).status_code == 422
    assert buyer.post(f"{here}open/", asked(type="bad_mood")).status_code == 422
    handle = buyer.get(here).headers["Location"]
    page = buyer.post(f"{handle}open/", asked(asked="partial_refund", amount="many")).content.decode()
    assert f'action="{handle}open/"' in page and 'value="many"' in page, "behind a handle the form itself comes back"
    assert 'aria-invalid="true" autofocus' in page


def test_a_second_dispute_of_the_same_order_is_refused_while_one_is_open() -> None:
    order = sold()
    buyer, here = Client(), door(order.key)
    buyer.post(f"{here}open/", asked())
    again = buyer.post(f"{here}open/", asked())
    assert again.status_code == 422
    assert "has the open dispute DSP-" in again.content.decode()


def test_a_changed_link_opens_nothing_and_a_link_opens_one_order_only() -> None:
    order = sold()
    buyer, here = Client(), door(order.key)
    buyer.post(f"{here}open/", asked())
    dispute, _ = the_dispute()
    assert "not valid any more" in read(buyer, f"{here[:-2]}x/", 404)
    other = door(shops.order(at=shops.ago(9)).key)
    assert buyer.post(f"{other}{dispute.number}/withdraw/", {}).status_code == 404
    assert the_dispute()[1] == "open"


def test_a_buyer_takes_the_case_along_with_what_is_for_both_and_the_gist_of_the_rest() -> None:
    order = sold(delivered=True)
    buyer, here = Client(), door(order.key)
    buyer.post(f"{here}open/", asked())
    dispute, _ = the_dispute()
    secret = Piece(
        EvidenceKind.OTHER, Source.SELLER, b"What the seller paid for it.", dispute.seller_key, shops.ago(1),
        {"en": "An invoice"}, Role.SELLER, Visibility.GIST, case_id=dispute.case_id,
    )  # fmt: skip
    with engine_scope():
        (withheld,) = evidence.collect([secret], Actor("x", "seller"), at=shops.NOW)
    address = read(buyer, here).split('/export/">')[0].rsplit('href="', 1)[1] + "/export/"
    answer = buyer.get(address)
    raw = answer.getvalue()  # type: ignore[attr-defined]
    assert "attachment" in answer["Content-Disposition"] and answer["Cache-Control"].startswith("private, no-store")
    with zipfile.ZipFile(io.BytesIO(raw)) as file:
        told = json.loads(file.read("manifest.json"))
    pieces = {piece["id"]: piece for piece in told["evidence"]}
    assert told["for"] == "buyer" and (pieces[withheld]["file"], pieces[withheld]["gist"]) == (
        None,
        {"en": "An invoice"},
    )
    assert b"What the seller paid" not in raw
    assert any(piece["kind"] == "proof_of_delivery" and piece["file"] for piece in pieces.values())
    stranger = door(shops.order(at=shops.ago(9)).key)
    assert buyer.get(f"{stranger}{dispute.number}/export/", follow=True).status_code == 404


def test_the_page_is_in_the_language_of_the_order_and_hides_the_seller_side() -> None:
    shops.open_for_business()
    order = shops.order(at=shops.ago(24), ship_country="CL", locale="es")
    buyer, here = Client(), door(order.key)
    assert "No llegó" in read(buyer, here)
    buyer.post(f"{here}open/", asked())
    page = read(buyer, here)
    assert "El vendedor prueba que el paquete se entregó" in page
    assert "Responde el vendedor" in page


def test_two_who_share_no_language_write_in_ready_sentences_and_each_reads_their_own() -> None:
    shops.open_for_business()
    order = shops.order(at=shops.ago(24), ship_country="CL", locale="es")
    buyer, here = Client(), door(order.key)
    buyer.post(f"{here}open/", asked())
    dispute, _ = the_dispute()
    seller = shops.signed_in()
    page = shops.read(seller, page_of(dispute.case_id))
    assert '<option value="ask_photo">' in page and '<option value="solved">' not in page
    seller.post(f"{page_of(dispute.case_id)}say/", {"template": "ask_photo", "words": "Thank you"})
    told = read(buyer, here)
    assert "¿Podría enviar fotos del producto y del embalaje, por favor?" in told and "Thank you" in told
    buyer.post(f"{here}{dispute.number}/say/", {"template": "solved"})
    assert "This is solved for me, thank you." in shops.read(seller, page_of(dispute.case_id))
    buyer.post(f"{here}{dispute.number}/say/", {"template": "rude_words"})
    with staff_scope():
        assert CaseMessage.objects.filter(case_id=dispute.case_id).exclude(template="").count() == 2
