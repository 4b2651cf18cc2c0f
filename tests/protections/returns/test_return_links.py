"""The buyer's link: a return is asked for, sent, followed and contested without an account, in one's own language."""

from __future__ import annotations

import struct
import zlib
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.kernel.builders import event, live_policy, usd
from tests.portal import shops
from tests.portal.shops import Sold, ago
from tests.protections.returns.test_return_pages import staff

from safeconduct.kernel.buyer_pages import token_of
from safeconduct.kernel.cases.models import Evidence
from safeconduct.kernel.claims.models import Claim
from safeconduct.kernel.decisions.actions import create_list
from safeconduct.kernel.decisions.models import ListKind, Review
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.returns.models import Return, ReturnLine
from safeconduct.protections.returns.protection import shipped_policies


def png() -> bytes:
    """A picture of one blue point."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\0\0\xff")) + chunk(b"IEND", b"")


@pytest.fixture(autouse=True)
def a_marketplace(empty_database: None) -> None:
    shops.open_for_business()


def bought(**data: object) -> Sold:
    sold = shops.order(at=ago(200), **{"ship_country": "DE", "buyer": "buy-9", **data})
    about = {"order": sold.ref, "seller": "sel-1", "buyer": "buy-9"}
    noted = {"weight_g": 420, "serial": "SN-4021-77"}
    shops.happen(event("shipment.shipped", at=ago(190), **about, carrier="dhl", parcel="dhl:1", **noted))
    shops.happen(event("shipment.delivered", at=ago(150), **about, parcel="dhl:1"))
    return sold


def door(sold: Sold) -> str:
    return f"/returns/{token_of(sold.key)}/"


def read(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address, follow=True)  # a link of a message leads on to its handle
    assert answer.status_code == status, answer.status_code
    assert len(answer.content) < 100_000 and b"style=" not in answer.content
    return unescape(answer.content.decode())


def asked(**changes: object) -> dict[str, object]:
    return {"reason": "not_as_described", "wish": "refund", "words": "It is green, not blue.", **changes}


def the_return() -> Return:
    with staff_scope():
        return Return.objects.select_related("case").get()


def test_a_buyer_asks_sends_and_contests_without_an_account() -> None:
    sold = bought()
    buyer, here, seller = Client(), door(sold), shops.signed_in()
    assert "The law lets you send it back without a reason until" in read(buyer, here)
    photo = SimpleUploadedFile("green.png", png())
    assert buyer.post(f"{here}open/", asked(files=[photo])).status_code == 303
    one = the_return()
    assert one.case.state == "authorised"
    page = read(buyer, here)
    assert one.authorisation in page and "has not said yet where it goes" in page
    assert "Brought by the buyer about the goods" in page
    label = SimpleUploadedFile("label.png", png())
    address = f"/portal/returns/{one.id}/address/"
    assert seller.post(address, {"send_to": "Lindenstr. 4\n10115 Berlin", "label": label}).status_code == 303
    page = read(buyer, here)
    assert "Lindenstr. 4" in page and "Open the label" in page
    label_url = page.split("Open the label")[0].rsplit('href="', 1)[1].split('"')[0]
    assert buyer.get(label_url)["Content-Disposition"].startswith("attachment")
    buyer.post(f"{here}{one.id}/sent/", {"carrier": "hermes", "tracking": "H-1", "seen": one.case.step})
    assert the_return().case.state == "in_transit"
    about = {"order": sold.ref, "seller": "sel-1", "buyer": "buy-9"}
    shops.happen(event("return.received", at=ago(1), **about, weight_g=900, serial="SN-1"))
    brick = SimpleUploadedFile("brick.txt", b"A brick lay in the box")
    seller.post(f"/portal/returns/{one.id}/contest/", {"reason": "A brick.", "files": [brick]})
    page = read(buyer, here)
    assert "Another unit: its number is not the one that left." in page
    with staff_scope():
        pieces = list(Evidence.objects.filter(exhibits__case_id=one.case_id).values_list("id", flat=True))
    judged = {"grade_0": "E", "evidence": pieces, "reason": "A brick lay in the box."}
    staff().post(f"/console/returns/{one.id}/decide/", judged)
    page = read(buyer, here)
    assert the_return().case.state == "decided"
    assert "A brick lay in the box." in page and "Your figures" not in page
    assert buyer.post(f"{here}{one.id}/appeal/", {"words": "I sent the phone back."}).status_code == 303
    assert the_return().case.state == "appealed"


def test_a_buyer_reads_that_a_closer_look_was_asked_for_and_contests_it_before_a_person() -> None:
    advising()
    sold = bought()
    buyer, here = Client(), door(sold)
    buyer.post(f"{here}open/", asked())
    assert "A closer look" not in read(buyer, here)
    about = {"order": sold.ref, "seller": "sel-1", "buyer": "buy-9"}
    shops.happen(event("return.received", at=ago(1), **about, weight_g=900))
    page = read(buyer, here)
    assert "what the parcel weighs" in page and "420 g" not in page.split("A closer look")[1].split("</div></div>")[0]
    decision = page.split('name="decision" value="')[1].split('"')[0]
    contest = f"{here}{the_return().id}/contest_advice/"
    buyer.post(contest, {"decision": decision, "words": "I put the charger into the box as well."})
    page = read(buyer, here)
    assert "You contested it:" in page and "I put the charger into the box as well." in page
    assert "Have a person look" not in page
    pane = read(staff(), f"/console/decisions/{decision}/")
    assert "The buyer contests this:" in pane and "I put the charger into the box as well." in pane
    assert "already" in read_after(buyer, contest, {"decision": decision, "words": "And again"})


def test_a_buyer_contests_no_decision_of_another_order_nor_without_words() -> None:
    advising()
    sold, other = bought(), shops.order(at=ago(100), ship_country="DE")
    buyer, here = Client(), door(sold)
    buyer.post(f"{here}open/", asked())
    contest = f"{here}{the_return().id}/contest_advice/"
    read_after(buyer, contest, {"decision": other.decision, "words": "This is not mine"})
    shops.happen(event("return.received", at=ago(1), order=sold.ref, seller="sel-1", buyer="buy-9", weight_g=900))
    decision = read(buyer, here).split('name="decision" value="')[1].split('"')[0]
    read_after(buyer, contest, {"decision": decision, "words": " "})
    with staff_scope():
        assert not Review.objects.exclude(asked_by="").exists()


def advising() -> None:
    """The policy about abuse, with the lists it asks for, is in force."""
    with staff_scope():
        for name, entity in (("trusted-buyers", "buyer"), ("shared-addresses", "address")):
            create_list(name, ListKind.ALLOW, entity, "Known to be fine")
    live_policy(shipped_policies()[0])


def read_after(client: Client, address: str, given: dict[str, str]) -> str:
    answer = client.post(address, given, follow=True)
    assert answer.status_code in (200, 422)  # a refusal is told on the page itself
    return unescape(answer.content.decode())


def test_the_next_return_from_the_same_country_goes_to_the_same_address() -> None:
    first, second = bought(), shops.order(at=ago(100), ship_country="DE")
    Client().post(f"{door(first)}open/", asked())
    shops.signed_in().post(f"/portal/returns/{the_return().id}/address/", {"send_to": "Lindenstr. 4\n10115 Berlin"})
    Client().post(f"{door(second)}open/", asked())
    assert "Lindenstr. 4" in read(Client(), door(second))


def test_what_is_wrong_with_the_form_is_told_and_what_was_written_is_kept() -> None:
    sold = bought()
    buyer, here = Client(), door(sold)
    for wrong, says in (
        ({"reason": "bad_mood"}, "Choose why it goes back."),
        ({"words": ""}, "Say what is wrong with it"),
        ({"files": [SimpleUploadedFile("a.exe", b"MZ\x90\x00\xff\xfe")]}, "green, not blue"),
    ):
        answer = buyer.post(f"{here}open/", asked(**wrong))
        assert answer.status_code == 422
        assert says in unescape(answer.content.decode())
    with staff_scope():
        assert not Return.objects.exists()
    assert buyer.post(f"{here}open/", asked()).status_code == 303
    assert "open already" in unescape(buyer.post(f"{here}open/", asked()).content.decode())


def test_a_link_opens_the_returns_of_one_order_only() -> None:
    sold = bought()
    buyer, here = Client(), door(sold)
    buyer.post(f"{here}open/", asked())
    one = the_return()
    assert "not valid any more" in read(buyer, f"{here[:-2]}x/", 404)
    other = door(shops.order(at=ago(9)))
    assert buyer.post(f"{other}{one.id}/withdraw/", {}).status_code == 404
    assert the_return().case.state == "authorised"
    assert buyer.post(f"{here}{one.id}/accept/", {}).status_code == 422  # the seller's step is refused to the buyer
    assert the_return().case.state == "authorised"


def test_goods_that_go_nowhere_are_followed_in_the_language_of_the_order() -> None:
    sold = bought(locale="es")
    buyer, here = Client(), door(sold)
    assert 'lang="es"' in read(buyer, here)
    buyer.post(f"{here}open/", asked())
    assert "El comprador envía" in read(buyer, here)
    one = the_return()
    buyer.post(f"{here}{one.id}/withdraw/", {"seen": one.case.step})
    assert the_return().case.state == "withdrawn"


def test_a_buyer_sends_one_line_of_an_order_back_and_it_alone_is_held() -> None:
    lines = [{"line": "blue", "price": usd(70)}, {"line": "green", "title": "A green one", "price": usd(50)}]
    sold = bought(lines=lines)
    buyer, here = Client(), door(sold)
    assert "A green one" in read(buyer, here)
    assert buyer.post(f"{here}open/", asked(lines=["red"])).status_code == 422
    assert buyer.post(f"{here}open/", asked(lines=["green"])).status_code == 303
    one = the_return()
    assert (one.amount_minor, one.whole) == (5_000, False)
    with staff_scope():
        assert list(ReturnLine.objects.values_list("name", "amount_minor")) == [("green", 5_000)]
        assert list(Claim.objects.values_list("line__name", flat=True)) == ["green"]
    assert "Ways to this money · green" in read(shops.signed_in(), f"/portal/returns/{one.id}/")
