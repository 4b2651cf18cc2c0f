"""The pages of returns: the seller's list and return, a person's grading in the console, and nobody else's returns."""

from __future__ import annotations

from html import unescape

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.kernel.builders import event, person
from tests.portal import shops
from tests.portal.shops import ago

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.returns.models import Return, ReturnLine

MAX_QUERIES = 39
MAX_BYTES = 100_000


@pytest.fixture(autouse=True)
def a_marketplace(empty_database: None) -> None:
    shops.open_for_business()


def swapped(*, back: bool = True) -> Return:
    """A phone that left, and a brick that came back."""
    sold = shops.order(at=ago(200), ship_country="DE", buyer="buy-9")
    about = {"order": sold.ref, "seller": "sel-1", "buyer": "buy-9"}
    noted = {"weight_g": 420, "serial": "SN-4021-77", "photo_hash": "f0" * 32}
    shops.happen(event("shipment.shipped", at=ago(190), **about, carrier="dhl", parcel="dhl:1", **noted))
    shops.happen(event("shipment.delivered", at=ago(150), **about, parcel="dhl:1"))
    shops.happen(event("return.requested", at=ago(100), **about, reason="defective"))
    if back:
        shops.happen(event("return.received", at=ago(20), **about, weight_g=900, serial="", photo_hash="0f" * 32))
    with staff_scope():
        return Return.objects.select_related("case").get()


def staff() -> Client:
    user = person(StaffRole.ANALYST)
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    return client


def read(client: Client, url: str) -> str:
    with CaptureQueriesContext(connections["default"]) as asked, CaptureQueriesContext(connections["staff"]) as theirs:
        answer = client.get(url)
    assert isinstance(answer, HttpResponse) and answer.status_code == 200, answer
    assert len(asked) + len(theirs) <= MAX_QUERIES
    assert len(answer.content) < MAX_BYTES and b"style=" not in answer.content
    return unescape(answer.content.decode())


def state(one: Return) -> str:
    with staff_scope():
        return Return.objects.select_related("case").get(id=one.id).case.state


def test_the_seller_sees_what_left_beside_what_came_back() -> None:
    one = swapped()
    client = shops.signed_in()
    assert one.order_ref in read(client, "/portal/returns/")
    page = read(client, f"/portal/returns/{one.id}/")
    assert "480 g heavier; up to 50 g would be packaging and scales." in page
    assert "Nobody noted it" not in page and "SN-4021-77" in page
    assert "The law gives the buyer this return" in page
    assert page.count("<svg") >= 4 and "What you can do" in page


def test_the_home_says_that_a_return_waits() -> None:
    one = swapped()
    page = read(shops.signed_in(), "/portal/")
    assert f"{one.order_ref}: a return waits for you" in page


def test_a_seller_contests_with_a_picture_and_a_person_grades_and_decides() -> None:
    one = swapped()
    client = shops.signed_in()
    url = f"/portal/returns/{one.id}/contest/"
    answer = client.post(url, {"reason": "A brick lay in the box", "seen": one.case.step})
    assert answer.status_code == 422 and state(one) == "inspecting"  # without evidence it stays where it is
    film = SimpleUploadedFile("box.txt", b"A brick, filmed while unpacking")
    client.post(url, {"reason": "A brick lay in the box", "seen": one.case.step, "files": film})
    assert state(one) == "judging"
    console = staff()
    assert one.order_ref in read(console, "/console/returns/")
    page = read(console, f"/console/returns/{one.id}/")
    assert "Judge and decide" in page and "Brought by the seller" in page
    with staff_scope():
        evidence = list(one.case.exhibits.values_list("evidence_id", flat=True))
    decision = {"grade_0": "E", "reception_0": "wrong_item", "reason": "Another thing lay in the box."}
    console.post(f"/console/returns/{one.id}/decide/", decision)
    assert state(one) == "judging"  # no evidence, no reduction
    answer = console.post(f"/console/returns/{one.id}/decide/", {**decision, "evidence": evidence})
    assert answer.status_code == 303 and state(one) == "decided"
    page = read(client, f"/portal/returns/{one.id}/")
    assert "Another thing lay in the box." in page and "Who pays" in page and "the buyer" in page
    assert "It can be appealed until" in page
    assert read(console, f"/console/returns/{one.id}/")


def test_nobody_sees_another_shops_return() -> None:
    one = swapped()
    other = shops.signed_in("sel-2")
    assert other.get(f"/portal/returns/{one.id}/").status_code == 404
    assert other.post(f"/portal/returns/{one.id}/accept/").status_code == 404
    assert one.order_ref not in read(other, "/portal/returns/")


def test_who_only_reads_changes_nothing() -> None:
    one = swapped()
    reader = shops.signed_in(role="read_only")
    assert "What you can do" not in read(reader, f"/portal/returns/{one.id}/")
    assert reader.post(f"/portal/returns/{one.id}/accept/").status_code == 403
    assert state(one) == "inspecting"


def test_a_message_about_the_case_leads_to_the_return() -> None:
    one = swapped()
    answer = shops.signed_in().get(f"/portal/returns/cases/{one.case_id}/")
    assert answer.headers["Location"] == f"/portal/returns/{one.id}/"


def test_the_list_leaves_as_a_file() -> None:
    one = swapped(back=False)
    answer = shops.signed_in().get("/portal/returns/?format=csv")
    assert one.id in b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


def test_what_waits_for_the_seller_stands_first_with_its_deadline() -> None:
    one = swapped()
    client = shops.signed_in()
    page = read(client, "/portal/returns/")
    waiting = page[page.index("Waiting for you") : page.index('class="filters')]
    assert one.order_ref in waiting and "<time" in waiting.split("Until")[-1]
    assert "Waiting for you" not in read(client, "/portal/returns/?status=closed")


def test_the_desk_begins_with_what_waits_and_can_look_at_all() -> None:
    one = swapped()
    console = staff()
    begins = read(console, "/console/returns/")
    assert one.id not in begins and "Clear all" not in begins, "what nobody chose cannot be cleared"
    everything = read(console, "/console/returns/?status=any")
    assert one.id in everything and "Clear all" in everything


def test_what_the_seller_accepts_is_paid_back() -> None:
    one = swapped()
    client = shops.signed_in()
    client.post(f"/portal/returns/{one.id}/accept/", {"seen": one.case.step})
    assert state(one) == "accepted"
    with staff_scope():
        assert ReturnLine.objects.get(returned_id=one.id).grade == "A"
    page = read(client, f"/portal/returns/{one.id}/")
    assert "The seller took the goods back as they came." in page
    answer = client.post(f"/portal/returns/{one.id}/reimbursement/", {"ground": "abuse", "reason": "A brick"})
    assert answer.status_code == 303
    assert "At most" in read(client, f"/portal/returns/{one.id}/")
    console = staff()
    assert "The fund pays" in read(console, f"/console/returns/{one.id}/")
    console.post(f"/console/returns/{one.id}/reimbursement/", {"amount": "60.00", "reason": "The scale shows a brick."})
    assert "The scale shows a brick." in read(client, f"/portal/returns/{one.id}/")


def test_the_staff_note_freight_and_everybody_whom_it_concerns_reads_who_bears_it() -> None:
    one = swapped()
    client, console = shops.signed_in(), staff()
    url = f"/console/returns/{one.id}/costs/"
    freight = {"kind": "return_freight", "paid_by": "buyer", "amount": "12.50", "source": "DHL receipt 4"}
    for wrong in ({"kind": "tip"}, {"paid_by": "nobody"}, {"amount": "twelve"}, {"source": " "}):
        assert console.post(url, freight | wrong).status_code == 422
    assert "DHL receipt 4" not in read(console, f"/console/returns/{one.id}/")
    assert console.post(url, freight).status_code == 303
    assert "Decided with the return" in read(client, f"/portal/returns/{one.id}/")
    client.post(f"/portal/returns/{one.id}/accept/", {"seen": one.case.step})
    page = read(client, f"/portal/returns/{one.id}/")
    assert "DHL receipt 4" in page and "Owed to the buyer" in page and "freight/sent/" not in page
    assert "freight/sent/" in read(console, f"/console/returns/{one.id}/")
    for _ in range(2):
        assert console.post(f"{url}return_freight/sent/").status_code == 303
    assert console.post(f"{url}return_freight/back/").status_code == 422  # no carrier owes it: said on the page
    assert console.post(f"{url}return_freight/paid/").status_code == 404
    assert "The buyer has it" in read(client, f"/portal/returns/{one.id}/")
    money = read(client, f"/portal/transactions/orders/{one.order_key}/")
    assert "The buyer had paid the freight of a return, and gets it back from the seller" in money
    month = timezone.localdate().strftime("%Y-%m")
    statement = client.get(f"/portal/money/statement/?format=csv&month={month}&currency={one.currency}")
    assert "The buyer had paid the freight" in statement.content.decode()
