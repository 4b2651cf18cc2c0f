"""The seller's pages of disputes: what is asked and there, answering, settling, and what one seller never sees."""

from __future__ import annotations

from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from tests.kernel.builders import event, usd
from tests.portal import shops
from tests.protections.disputes.people import opened, page_of, sold

from safeconduct.kernel.cases.models import Case, Evidence, Step
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.scope import engine_scope, staff_scope
from safeconduct.protections.disputes import automatic
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.models import Dispute

pytestmark = pytest.mark.usefixtures("empty_database")


def state(case_id: str) -> str:
    with staff_scope():
        return Case.objects.get(id=case_id).state


def test_the_list_shows_what_waits_first_and_the_home_says_so() -> None:
    case_id = opened()
    client = shops.signed_in()
    text = shops.read(client, "/portal/disputes/")
    assert "Waiting for you" in text
    assert page_of(case_id) in text
    home = shops.read(client, "/portal/")
    assert "answer the dispute" in home


def test_a_dispute_shows_what_is_asked_what_is_there_and_a_draft_made_of_records() -> None:
    case_id = opened(delivered=True)
    text = shops.read(shops.signed_in(), page_of(case_id))
    assert "The seller proves that the parcel was delivered" in text
    assert "The records of this order show:" in text
    assert "Delivered " in text
    assert "Would help most" in text
    assert "signature" in text
    assert "Who pays" not in text, "there is no outcome yet"


def test_what_was_offered_agreed_and_weighed_is_there_before_anybody_asks() -> None:
    shops.open_for_business()
    listing, terms = {"listing": "lst-1", "listing_title": "Cherries, 5 kg"}, {"policies_accepted": "returns 2026-05"}
    shops.happen(event("listing.created", at=shops.ago(24 * 30), seller="sel-1", price=usd(120), **listing))
    order = shops.order(at=shops.ago(24 * 6), listing="lst-1", address="12 Main St", **terms)
    shops.happen(
        event("listing.changed", at=shops.ago(24 * 5), seller="sel-1", listing="lst-1", listing_title="Cherries, 2 kg"),
        event("shipment.shipped", at=shops.ago(24 * 5), order=order.ref, seller="sel-1", weight_g=5300, serial="SN-4"),
        event("shipment.delivered", at=shops.ago(24 * 2), order=order.ref, seller="sel-1", address="12 Main St"),
    )
    case_id = opened(order=order, type=ClaimType.NOT_AS_DESCRIBED)
    text = unescape(shops.read(shops.signed_in(), page_of(case_id)))
    assert "Offered as “Cherries, 5 kg”, $120.00, unchanged since " in text and "2 kg" not in text
    assert "returns 2026-05" in text
    assert "Weighed 5,300 g when it was sent" in text and "Serial number when it was sent: SN-4" in text
    assert "to the address of the order" in text


def test_a_parcel_that_went_elsewhere_is_told_to_both() -> None:
    shops.open_for_business()
    order = shops.order(at=shops.ago(24 * 6), address="12 Main St")
    shops.happen(event("shipment.delivered", at=shops.ago(24 * 2), order=order.ref, seller="sel-1", address="9 Elm St"))
    text = unescape(shops.read(shops.signed_in(), page_of(opened(order=order))))
    assert "to another address than the order's" in text and "Elm" not in text


def test_the_page_says_which_ways_to_the_money_are_open_what_is_held_and_until_when() -> None:
    order = sold(delivered=True)
    case_id = opened(order=order)
    text = unescape(shops.read(shops.signed_in(), page_of(case_id)))
    assert "Ways to this money" in text and "Dispute here" in text and "refunds stand still" not in text
    assert "Paid by the buyer</dt><dd>$120.00" in text and "Held</dt>" in text
    shops.dispute(order, at=shops.ago(0.5))
    text = unescape(shops.read(shops.signed_in(), page_of(case_id)))
    assert "Chargeback of the bank" in text and "refunds stand still" in text and "not paid twice" in text


def test_the_stepper_says_since_when_until_when_and_how_long() -> None:
    case_id = opened()
    text = unescape(shops.read(shops.signed_in(), page_of(case_id)))
    steps = text[text.index('<ol class="steps"') : text.index("</ol>", text.index('<ol class="steps"'))]
    assert "Seller answers" in steps and "until " in steps and "5 working days" in steps and "7 days" in steps


def test_the_seller_answers_in_their_own_words_and_it_is_the_buyers_turn() -> None:
    case_id = opened(delivered=True)
    client = shops.signed_in()
    answer = client.post(f"{page_of(case_id)}answer/", {"words": "It was handed over on Monday.", "seen_step": "1"})
    assert answer.status_code == 303
    assert state(case_id) == "negotiating"
    assert "It was handed over on Monday." in shops.read(client, page_of(case_id))


def test_an_amount_is_read_as_people_write_it_and_a_wrong_one_is_refused_with_the_way_out() -> None:
    case_id = opened()
    client = shops.signed_in()
    wrong = client.post(f"{page_of(case_id)}offer/", {"remedy": "partial_refund", "amount": "thirty"}, follow=True)
    assert "write for example 12.50" in wrong.content.decode()
    assert state(case_id) == "open"
    client.post(f"{page_of(case_id)}offer/", {"remedy": "partial_refund", "amount": "30,50", "words": "Sorry"})
    assert "a partial refund: $30.50" in shops.read(client, page_of(case_id))


def test_a_picture_becomes_a_piece_that_both_sides_see_and_can_be_opened() -> None:
    case_id = opened()
    client = shops.signed_in()
    client.post(
        f"{page_of(case_id)}evidence/",
        {"kind": "delivery_signature", "gist": "The neighbour signed", "file": SimpleUploadedFile("s.txt", b"signed")},
    )
    with staff_scope():
        piece = Evidence.objects.get(kind="delivery_signature", given_by="seller")
    assert "The neighbour signed" in shops.read(client, page_of(case_id))
    served = client.get(f"{page_of(case_id)}evidence/{piece.id}/")
    assert b"".join(served.streaming_content) == b"signed"  # type: ignore[attr-defined]
    assert served["Content-Disposition"].startswith("attachment")


def test_another_seller_finds_nothing_and_who_only_reads_does_nothing() -> None:
    case_id = opened()
    stranger = shops.signed_in("sel-2")
    assert stranger.get(page_of(case_id)).status_code == 404
    assert stranger.post(f"{page_of(case_id)}answer/", {"words": "ours"}).status_code == 404
    reader = shops.signed_in(role=MemberRole.READ_ONLY)
    assert reader.post(f"{page_of(case_id)}answer/", {"words": "ours"}).status_code == 403
    assert state(case_id) == "open"


def test_a_draft_goes_out_an_hour_before_the_end_under_the_authorisation_and_says_so() -> None:
    case_id = opened(delivered=True)
    client = shops.signed_in()
    client.post("/portal/disputes/authorisation/", {"give": "1"})
    with staff_scope():
        due = Case.objects.get(id=case_id).deadlines.get(state="running").due_at
    assert due is not None
    assert automatic.send_due(due - 2 * automatic.BEFORE) == 0
    assert automatic.send_due(due - automatic.BEFORE / 2) == 1
    assert state(case_id) == "negotiating"
    text = shops.read(client, page_of(case_id))
    assert "under your authorisation of" in text
    assert "The records of this order show:" in text


def test_what_goes_out_by_itself_is_of_the_records_and_neither_the_sellers_words_nor_what_is_missing() -> None:
    case_id = opened(delivered=True)
    client = shops.signed_in()
    client.post("/portal/disputes/authorisation/", {"give": "1"})
    file = SimpleUploadedFile("statement.txt", b"The driver says so.")
    client.post(f"{page_of(case_id)}evidence/", {"kind": "delivery_signature", "gist": "My own fault", "file": file})
    with staff_scope():
        due = Case.objects.get(id=case_id).deadlines.get(state="running").due_at
    assert due is not None
    assert automatic.send_due(due - automatic.BEFORE / 2) == 1
    with staff_scope():
        words = Step.objects.get(case_id=case_id, name="contest").why
        assert Evidence.objects.filter(source="seller").exists()
    assert words.startswith("The records of this order show:")
    assert "My own fault" not in words and "Not on file yet" not in words


def test_nothing_is_sent_without_an_authorisation_or_after_it_ended() -> None:
    case_id = opened(delivered=True)
    client: Client = shops.signed_in()
    with staff_scope():
        due = Case.objects.get(id=case_id).deadlines.get(state="running").due_at
        seller = Dispute.objects.get(case_id=case_id).seller_key
    assert due is not None
    assert automatic.send_due(due - automatic.BEFORE / 2) == 0
    client.post("/portal/disputes/authorisation/", {"give": "1"})
    client.post("/portal/disputes/authorisation/", {})
    assert automatic.send_due(due - automatic.BEFORE / 2) == 0
    with engine_scope():
        assert not automatic.end(seller, "nobody", at=timezone.now())


@pytest.mark.parametrize("language", ["en", "zh-hans", "es"])
def test_the_page_speaks_the_readers_language(language: str) -> None:
    case_id = opened()
    text = shops.read(shops.signed_in(language=language), page_of(case_id))
    assert {"en": "It did not arrive", "zh-hans": "未收到货", "es": "No llegó"}[language] in text
