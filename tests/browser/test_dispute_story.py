"""A buyer with a telephone and a seller at a desk settle a dispute in Chromium, without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest

from safeconduct.protections.disputes.links import token_of
from tests.browser.test_seller_story import sign_in
from tests.portal import shops
from tests.protections.disputes.people import sold

pytestmark = pytest.mark.browser


def test_a_buyer_opens_a_dispute_on_a_telephone_and_both_settle_it(address: str, browser: Any) -> None:
    order = sold(delivered=True)
    user = shops.member("sel-1", zone="America/Santiago")
    buyer = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False).new_page()
    buyer.goto(f"{address}/disputes/{token_of(order.key)}/")
    assert wide(buyer) <= 390
    buyer.select_option("select[name=type]", "not_received")
    buyer.fill("textarea[name=words]", "Nobody rang, nothing is there.")
    buyer.click("form.form button.primary")
    assert "Nobody rang, nothing is there." in buyer.inner_text("main")
    assert wide(buyer) <= 390
    seller = browser.new_context(viewport={"width": 1366, "height": 900}, java_script_enabled=False).new_page()
    sign_in(seller, address, user)
    seller.click("a[href^='/portal/disputes/']")
    seller.click("a[data-open]")
    assert "The records of this order show:" in seller.input_value("#answer textarea[name=words]")
    seller.click("#answer form.form button.primary")
    seller.click("summary:has-text('Offer a settlement')")
    seller.fill("input[name=amount]", "30")
    seller.click("button:has-text('Make the offer')")
    buyer.reload()
    buyer.click("summary:has-text('Accept')")
    buyer.click("form[action$='/accept/'] button.primary")
    assert "a partial refund: $30.00" in buyer.inner_text("main")
    assert "Who pays" in buyer.inner_text("main")
    seller.reload()
    assert "Who pays" in seller.inner_text("main")


def wide(page: Any) -> int:
    """How wide the page is, told without its own scripts."""
    box = page.locator("main").bounding_box()
    return round(box["x"] + box["width"])
