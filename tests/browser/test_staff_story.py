"""A member of staff at work in Chromium, against a running server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from typing import Any

import pytest

from tests.django_world import BUILD

pytestmark = pytest.mark.browser
PASSWORD = "a long sentence for a test"


def code_of(secret: str) -> str:
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def staff_with_factor() -> tuple[str, str]:
    from allauth.account.models import EmailAddress
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    from safeconduct.kernel.parties.models import StaffRole, User
    from safeconduct.kernel.scope import staff_scope

    secret = generate_totp_secret()
    with staff_scope():
        user = User.objects.create_user("li@example.org", PASSWORD, name="Li Wei", staff_role=StaffRole.LEAD)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        TOTP.activate(user, secret)
    return user.email, secret


def hold_orders() -> None:
    from safeconduct.kernel.decisions import lanes
    from tests.kernel.builders import event, live_policy, minutes

    live_policy()
    now = lanes.utc_now()
    lanes.accept([event(seller=f"sel-{n}", at=now - minutes(30 - n)) for n in range(6)])


def sign_in(page: Any, address: str, email: str, secret: str) -> None:
    page.goto(f"{address}/console/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.fill("input[name=code]", code_of(secret))
    page.press("input[name=code]", "Enter")
    page.wait_for_url(f"{address}/console/")


def test_staff_sign_in_with_a_second_factor_read_a_reason_and_allow_an_order(address: str, browser: Any) -> None:
    email, secret = staff_with_factor()
    hold_orders()
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, address, email, secret)
    assert "Card used at" in page.content()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    link = page.locator("a[href*='/console/decisions/dec_']").first
    page.goto(address + str(link.get_attribute("href")))
    assert "card_at_many_shops" in page.content()
    pictures = BUILD / "screens"
    pictures.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(pictures / "decision.png"), full_page=True)
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    reason = page.locator("[name=reason]:visible").first
    reason.fill("Confirmed by telephone")
    reason.locator("xpath=ancestor::form").locator("button[type=submit], button:not([type])").last.click()
    page.wait_for_load_state("networkidle")
    assert "Confirmed by telephone" in page.content()
    assert complaints == []


def test_a_name_that_something_else_has_is_nothing_to_the_scripts(address: str, browser: Any) -> None:
    """An element that takes a name the scripts look for (DOM clobbering) is not taken for what it is not."""
    email, secret = staff_with_factor()
    hold_orders()
    page = browser.new_context(viewport={"width": 1366, "height": 900}).new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, address, email, secret)
    page.evaluate(
        "for (const id of ['palette', 'keyboard', 'passkey_problem']) {"
        " document.getElementById(id)?.removeAttribute('id');"
        " document.body.prepend(Object.assign(document.createElement('a'), {id, href: '/elsewhere/'})); }"
        "for (const name of ['cookie', 'body', 'title', 'activeElement'])"
        " document.body.prepend(Object.assign(document.createElement('img'), {name}))"
    )
    for key in ("Control+k", "?", "j", "k", "Escape"):
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert complaints == [] and page.url == f"{address}/console/" and page.locator("dialog[open]").count() == 0


@pytest.mark.parametrize("width", [1366, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_its_window(address: str, browser: Any, width: int, scheme: str) -> None:
    email, secret = staff_with_factor()
    hold_orders()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    sign_in(page, address, email, secret)
    for path in ("", "decisions/", "policies/", "policies/order-risk/", "lists/", "sellers/"):
        page.goto(f"{address}/console/{path}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"/console/{path} is {wide} wide"
        (BUILD / "screens").mkdir(parents=True, exist_ok=True)
        name = path.strip("/").replace("/", "-") or "queue"
        page.screenshot(path=str(BUILD / "screens" / f"{name}-{width}-{scheme}.png"))


def test_the_console_works_without_javascript(address: str, browser: Any) -> None:
    email, secret = staff_with_factor()
    hold_orders()
    page = browser.new_context(java_script_enabled=False).new_page()
    sign_in(page, address, email, secret)
    page.goto(address + str(page.locator("a[href*='/console/decisions/dec_']").first.get_attribute("href")))
    assert "card_at_many_shops" in page.content()


def test_a_check_no_longer_stands_once_the_text_is_changed(address: str, browser: Any) -> None:
    email, secret = staff_with_factor()
    hold_orders()
    page = browser.new_context(viewport={"width": 1366, "height": 900}).new_page()
    sign_in(page, address, email, secret)
    page.goto(f"{address}/console/policies/order-risk/")
    page.locator("form[action*='/draft/'] button").first.click()
    page.wait_for_url("**/edit/")
    checked = page.locator("[data-checked]")
    mark, words = checked.locator("svg").bounding_box(), checked.bounding_box()
    assert words["height"] < 2 * mark["height"], "the mark stands beside its words, not above them"
    page.evaluate("const t = document.querySelector('[data-editor]'); t.focus(); t.setSelectionRange(0, 0)")
    page.keyboard.type("polcy: x\n")
    assert checked.count() == 0
    page.get_by_role("button", name="Check without saving").click()
    page.wait_for_load_state("networkidle")
    assert "polcy" in page.locator(".faults").inner_text()
