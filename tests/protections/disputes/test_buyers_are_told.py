"""What buyers are told of disputes and returns: by the shop, in their language, with the link to their own page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from tests.api.api_world import Machine, good, problem
from tests.portal import shops
from tests.protections.disputes.people import opened, page_of
from tests.protections.disputes.test_dispute_console import decided, desk, staff, to_the_arbiter
from tests.protections.returns.test_return_links import asked, bought, door

from safeconduct.kernel.cases import messages
from safeconduct.kernel.cases.buyer_telling import texts
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.notices.models import StoredMessage, StoredNotice
from safeconduct.kernel.notices.outbox import MessageKind
from safeconduct.kernel.notices.webhooks import endpoints
from safeconduct.kernel.scope import Actor, staff_scope
from safeconduct.protections.returns.models import Return

pytestmark = pytest.mark.usefixtures("empty_database")


def the_shop_wants_to_know() -> None:
    with staff_scope():
        endpoints.create("https://shop.example/hook", [MessageKind.BUYER_NOTICE], Actor("usr_1", "owner"), at=shops.NOW)


def told() -> list[dict[str, Any]]:
    with staff_scope():
        rows = StoredMessage.objects.filter(kind=MessageKind.BUYER_NOTICE).order_by("at", "id")
        return [row.data for row in rows]


def test_every_text_is_there_in_every_language_with_the_same_values() -> None:
    for what, languages in texts().items():
        assert set(languages) == {"en", "es", "zh"}, what
        named = {frozenset(part.split("}")[0] for part in words["text"].split("{")[1:]) for words in languages.values()}
        assert len(named) == 1, what


def test_a_dispute_tells_its_buyer_at_each_turn_in_their_language_with_their_link() -> None:
    the_shop_wants_to_know()
    case_id = opened(delivered=True, language="es", zone="Europe/Madrid")
    seller = shops.signed_in()
    seller.post(f"{page_of(case_id)}answer/", {"words": "The carrier delivered it."})
    seller.post(f"{page_of(case_id)}offer/", {"remedy": "partial_refund", "amount": "7.77", "words": "For peace"})
    seller.post(f"{page_of(case_id)}escalate/", {})
    to_the_arbiter(case_id)
    arbiter = staff("Arbiter")
    arbiter.post(f"{desk(case_id)}seat/", {})
    decided(case_id, arbiter)
    found = told()
    assert [one["what"] for one in found if one["what"] != "moved"] == ["opened", "your_turn", "wrote", "decided"]
    assert {one["language"] for one in found} == {"es"}
    assert "reembolso total" in found[-1]["text"]
    assert "For peace" not in str(found), "what was written is read behind the link"
    page = Client().get(urlsplit(found[-1]["url"]).path, follow=True)
    assert page.status_code == 200
    assert "DSP-" in page.content.decode()


def test_a_buyer_who_writes_before_the_seller_has_answered_is_not_left_unread() -> None:
    case_id = opened(delivered=True)
    with staff_scope():
        assert not StoredNotice.objects.filter(code="case.message").exists(), "the opening itself tells of its words"
        messages.say(case_id, Actor("buyer", "buyer"), Role.BUYER, "The neighbour has nothing either.", at=shops.NOW)
        assert StoredNotice.objects.filter(code="case.message").count() == 1


def test_nothing_is_kept_of_it_where_no_endpoint_wants_to_know() -> None:
    opened()
    assert told() == []


def test_a_return_tells_its_buyer_and_both_sides_can_write_to_each_other() -> None:
    shops.open_for_business()
    the_shop_wants_to_know()
    sold = bought()
    buyer, seller = Client(), shops.signed_in()
    buyer.post(f"{door(sold)}open/", asked())
    with staff_scope():
        returned = Return.objects.get()
    assert "opened" in [one["what"] for one in told()]
    page = f"/portal/returns/{returned.id}/"
    seller.post(f"{page}say/", {"words": "Which colour did you get?"})
    assert told()[-1]["what"] == "wrote"
    text = buyer.get(door(sold), follow=True).content.decode()
    assert "Which colour did you get?" in text
    buyer.post(f"{door(sold)}{returned.id}/say/", {"words": "A green one."})
    assert "A green one." in shops.read(seller, page)
    with staff_scope():
        notice = StoredNotice.objects.get(code="case.message")
    assert notice.values["who"]["en"] == "the buyer"
    colleague = staff()
    colleague.post(f"/console/returns/{returned.id}/say/", {"words": "Please send a photo."})
    assert "Please send a photo." in buyer.get(door(sold), follow=True).content.decode()
    refused = seller.post(f"{page}say/", {"words": " "}, follow=True)
    assert "say something" in refused.content.decode()


def test_the_api_writes_for_a_party_and_a_closed_return_takes_no_words() -> None:
    shops.open_for_business()
    sold = bought()
    Client().post(f"{door(sold)}open/", asked())
    with staff_scope():
        returned = Return.objects.get()
    machine, address = Machine(), f"/v1/returns/{returned.id}/messages"
    good(machine.post(address, {"role": "buyer", "words": "It went back today."}, idempotency="one"), 201)
    assert "It went back today." in shops.read(shops.signed_in(), f"/portal/returns/{returned.id}/")
    Client().post(f"{door(sold)}{returned.id}/withdraw/", {"words": "I keep it"})
    problem(machine.post(address, {"role": "buyer", "words": "Late"}, idempotency="two"), 409, "conflict")
