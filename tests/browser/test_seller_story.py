"""A seller at work in Chromium, against a running server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from safeconduct.kernel.parties.models import User
from tests.django_world import BUILD
from tests.portal import shops

pytestmark = pytest.mark.browser
PAGES = ("", "transactions/orders/", "money/", "money/statement/", "decisions/", "notices/", "people/", "settings/")


def a_shop_at_work() -> tuple[User, shops.Sold, shops.Sold]:
    """A seller in Santiago with one order that is covered and one that is held."""
    shops.open_for_business()
    user = shops.member("sel-1", language="es", zone="America/Santiago")
    covered = shops.order(at=shops.ago(100), amount=190)
    shops.ship(covered, at=shops.ago(90))
    shops.order()
    held = shops.suspicious()
    shops.until_now()
    return user, covered, held


def sign_in(page: Any, address: str, user: User) -> None:
    page.goto(address)
    page.fill("input[name=login]", user.email)
    page.fill("input[name=password]", shops.PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/portal/")


def test_a_seller_signs_in_sees_what_is_covered_and_why_an_order_is_held_and_checks_the_proof(
    address: str, browser: Any, tmp_path: Path
) -> None:
    user, covered, held = a_shop_at_work()
    page = browser.new_context(viewport={"width": 1366, "height": 768}, locale="es-CL").new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, address, user)
    assert "Santiago" in page.inner_text(".head")
    page.click("a[data-go=o]")
    page.click(f"text={covered.ref}")
    assert "190,00" in page.inner_text(".promise")
    page.go_back()
    page.click(f"text={held.ref}")
    assert "retenido mientras se revisa el pedido" in page.content()
    with page.expect_download() as download:
        page.click(f"a[href$='/decisions/{held.decision}/proof/']")
    proof = tmp_path / "proof.json"
    download.value.save_as(proof)
    assert json.loads(proof.read_text())["content"]["shown"]
    page.goto(f"{address}/portal/settings/")
    key = page.locator(".copy code", has_text="record").inner_text()
    verifier = Path(shops.__file__).parents[2] / "src/safeconduct/kernel/record/verify_record.py"
    told = [sys.executable, str(verifier), "--key", key, str(proof)]
    checked = subprocess.run(told, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert complaints == []


@pytest.mark.parametrize("width", [1366, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_the_portal_is_wider_than_its_window(address: str, browser: Any, width: int, scheme: str) -> None:
    user, covered, held = a_shop_at_work()
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, locale="es-CL")
    page = context.new_page()
    sign_in(page, address, user)
    (BUILD / "screens").mkdir(parents=True, exist_ok=True)
    own = [f"transactions/orders/{sold.key}/" for sold in (covered, held)] + [f"decisions/{held.decision}/"]
    for number, path in enumerate((*PAGES, *own)):
        page.goto(f"{address}/portal/{path}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"/portal/{path} is {wide} wide"
        page.screenshot(path=str(BUILD / "screens" / f"portal-{number}-{width}-{scheme}.png"))


def test_on_a_telephone_what_has_a_deadline_comes_first(address: str, browser: Any) -> None:
    user, _covered, _held = a_shop_at_work()
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    sign_in(page, address, user)
    needs, figures = page.locator(".needs").bounding_box(), page.locator(".figures").bounding_box()
    assert needs["y"] + needs["height"] <= figures["y"]


def test_the_portal_works_without_javascript(address: str, browser: Any) -> None:
    user, _covered, held = a_shop_at_work()
    page = browser.new_context(java_script_enabled=False).new_page()
    sign_in(page, address, user)
    page.goto(f"{address}/portal/decisions/{held.decision}/")
    page.fill("textarea[name=reason]", "Es un cliente de diez años")
    page.locator("form[action$='second-look/'] button").click()
    assert "Es un cliente de diez años" in page.content()
