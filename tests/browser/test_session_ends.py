"""What was read while signed in leaves the page with the session, in Chromium."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.browser.test_seller_story import sign_in
from tests.portal import shops

pytestmark = pytest.mark.browser
SHOP = "Viña del Mar Fruits"


@pytest.fixture
def two_tabs(address: str, browser: Any) -> tuple[Any, Any]:
    shops.open_for_business()
    user = shops.member("sel-1", language="en")
    context = browser.new_context(locale="en-GB")
    page, other = context.new_page(), context.new_page()
    sign_in(page, address, user)
    other.goto(f"{address}/portal/money/")
    assert SHOP in page.content() and SHOP in other.content()
    return page, other


def is_cleared(page: Any) -> None:
    page.get_by_text("Your session is over").wait_for(timeout=15_000)
    assert SHOP not in page.content().replace("\n", " ") and page.title().startswith("Your session is over")


def test_signing_out_in_one_tab_clears_the_other_also_when_the_server_does_not_answer(
    two_tabs: tuple[Any, Any],
) -> None:
    page, other = two_tabs
    page.context.set_offline(True)
    page.evaluate("document.querySelector('form[action$=\"/accounts/logout/\"]').requestSubmit()")
    is_cleared(other)


def test_a_page_that_nobody_uses_clears_itself_when_the_session_has_run_out(two_tabs: tuple[Any, Any]) -> None:
    page, other = two_tabs
    page.context.set_offline(True)
    for tab in (page, other):
        tab.evaluate("(() => { const now = Date.now; Date.now = () => now() + 3605e3; })()")
    is_cleared(page)
    is_cleared(other)
    assert page.locator("a").get_attribute("href") == "/accounts/login/?next=%2Fportal%2F"


def test_a_tab_that_is_used_keeps_the_others(two_tabs: tuple[Any, Any]) -> None:
    page, other = two_tabs
    other.evaluate("(() => { const now = Date.now; Date.now = () => now() + 3605e3; })()")
    page.evaluate(f"localStorage.setItem('sc-session', {json.dumps('9999999999999')})")
    other.wait_for_timeout(4_500)
    assert SHOP in other.content()


def test_without_script_the_page_is_asked_for_anew_when_the_session_has_run_out(address: str, browser: Any) -> None:
    shops.open_for_business()
    user = shops.member("sel-1")
    page = browser.new_context(java_script_enabled=False).new_page()
    sign_in(page, address, user)
    assert '<meta http-equiv="refresh" content="3605">' in page.content()
