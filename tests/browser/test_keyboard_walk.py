"""Whoever has no mouse: each stop of Tab is seen, in the order of the page, and nothing holds one fast."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser import test_seller_story as of_seller
from tests.browser import test_staff_story as of_staff
from tests.portal import shops
from tests.protections.disputes.people import opened

pytestmark = pytest.mark.browser

#: Where one is: what it is called, its place among all elements, and what is wrong with how it shows.
STOP = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const s = getComputedStyle(e), r = e.getBoundingClientRect(), wrong = [];
  const framed = getComputedStyle(e.closest(".editor") || e).boxShadow !== "none" && e.closest(".editor");
  if (!framed && (s.outlineStyle === "none" || parseFloat(s.outlineWidth) < 1)) wrong.push("no outline");
  if (r.width < 2 || r.height < 2) wrong.push("no size");
  if (r.bottom <= 0 || r.top >= innerHeight || r.right <= 0 || r.left >= innerWidth) wrong.push("out of view");
  for (let p = e; p; p = p.parentElement)
    if (getComputedStyle(p).clipPath === "inset(50%)") wrong.push("clipped away");
  return [(e.textContent || e.name || e.type || e.tagName).trim().slice(0, 40),
          [...document.querySelectorAll("*")].indexOf(e), wrong];
}"""
MOST = 150


def walk(page: Any) -> list[str]:
    """Tab from the top until the page is left; what went wrong on the way."""
    page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
    found, last = [], -1
    for n in range(MOST):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            return found if n > 5 else [*found, f"only {n} stops"]
        name, place, wrong = stop
        found += [f"{name}: {one}" for one in wrong]
        if place <= last:
            found.append(f"{name}: comes before the stop ahead of it")
        last = place
    return [*found, f"still there after {MOST} stops"]


def opens_with_enter(page: Any) -> list[str]:
    """The folded parts of the page that Enter does not open and close."""
    stuck = []
    for part in page.locator("main details > summary:visible").all():
        for wanted in (True, False):
            part.press("Enter")
            if part.evaluate("e => e.parentElement.open") is not wanted:
                stuck.append(f"{part.inner_text()}: open is not {wanted}")
    return stuck


def skips_to_the_content(page: Any, address: str) -> None:
    page.goto(address)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"
    page.keyboard.press("Tab")
    assert page.evaluate("Boolean(document.activeElement.closest('main'))")


@pytest.mark.parametrize("width", [1366, 390])
def test_staff_walk_through_queue_and_decision_by_keyboard(address: str, browser: Any, width: int) -> None:
    email, secret = of_staff.staff_with_factor()
    of_staff.hold_orders()
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    of_staff.sign_in(page, address, email, secret)
    assert walk(page) == []
    page.keyboard.press("?")
    keys = page.inner_text("dialog#keyboard")
    assert all(word in keys for word in ("Take", "Allow", "Block", "Challenge", "Send to review", "Next, previous"))
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    page.keyboard.press("Control+k")
    assert page.evaluate(STOP)[2] == []
    page.keyboard.press("Escape")
    skips_to_the_content(page, f"{address}/console/")
    decision = page.locator("a[href*='/console/decisions/dec_']").first.get_attribute("href")
    page.goto(f"{address}{decision}")
    assert walk(page) == []
    assert opens_with_enter(page) == []
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.name") == "reason"
    page.keyboard.press("Escape")
    assert page.locator("main .confirm[open]").count() == 0
    assert page.evaluate("document.activeElement.dataset.key") == "a", "one stands again where one came from"


def test_a_seller_walks_through_dispute_and_order_by_keyboard(address: str, browser: Any) -> None:
    case_id = opened(delivered=True)
    user = shops.member("sel-1")
    page = browser.new_context(viewport={"width": 1366, "height": 900}).new_page()
    of_seller.sign_in(page, address, user)
    skips_to_the_content(page, f"{address}/portal/disputes/{case_id}/")
    assert (walk(page), opens_with_enter(page)) == ([], [])
    page.goto(f"{address}/portal/transactions/orders/")
    page.click("main table a[href*='/orders/']")
    page.wait_for_load_state("networkidle")
    assert (walk(page), opens_with_enter(page)) == ([], [])
