"""Links of messages: the token is in no address of a page, and an address that is copied opens nothing."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from safeconduct.kernel.buyer_pages import token_of
from tests.portal import shops
from tests.portal.shops import ago

ADDRESSES = ("/returns/{}/", "/disputes/{}/", "/data_security/{}/")


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def token() -> str:
    return token_of(shops.order(at=ago(200), ship_country="DE", buyer="buy-9").key)


@pytest.mark.parametrize("form", ADDRESSES)
def test_the_first_look_leads_on_to_an_address_that_opens_nothing_elsewhere(form: str) -> None:
    secret, buyer = token(), Client()
    led = buyer.get(form.format(secret))
    assert led.status_code == 303 and "no-store" in led.headers["Cache-Control"]
    address = led.headers["Location"]
    assert re.fullmatch(form.format("o-[0-9a-f]{16}"), address)
    page = buyer.get(address)
    assert page.status_code == 200 and secret not in page.content.decode()
    assert address in page.content.decode(), "the page's forms and links have the handle"
    (cookie,) = [cookie for name, cookie in buyer.cookies.items() if name.startswith("sc_link_")]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/" and not cookie["max-age"]
    elsewhere = Client().get(address)
    assert elsewhere.status_code == 404 and "Open the link in the message once more" in elsewhere.content.decode()


def test_a_question_behind_the_address_is_kept_and_a_form_that_was_open_is_still_taken() -> None:
    secret, buyer = token(), Client()
    assert buyer.get(f"/returns/{secret}/?again=1").headers["Location"].endswith("/?again=1")
    assert buyer.post(f"/returns/{secret}/open/", {"reason": "?"}).status_code == 422


def test_an_exchanged_cookie_opens_no_other_order_and_a_forged_token_nothing() -> None:
    one, other, buyer = token(), token(), Client()
    first = buyer.get(f"/returns/{one}/").headers["Location"]
    second = Client().get(f"/returns/{other}/").headers["Location"]
    buyer.cookies["sc_link_" + second.split("o-")[1].rstrip("/")] = one
    assert first != second and buyer.get(second).status_code == 404
    assert Client().get(f"/returns/{one}x/", follow=True).status_code == 404
    assert Client().get(f"/returns/{'x' * 500}/").status_code == 404


def test_of_many_links_in_one_browser_the_first_are_forgotten() -> None:
    buyer = Client()
    addresses = [buyer.get(f"/returns/{token_of(number)}/").headers["Location"] for number in range(15)]
    kept = [cookie for name, cookie in buyer.cookies.items() if name.startswith("sc_link_") and cookie.value]
    assert len(kept) == 12 and len(set(addresses)) == 15
