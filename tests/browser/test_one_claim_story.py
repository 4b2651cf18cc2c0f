"""One claim over its channels in Chromium: buyer, seller and staff at their own pages, without JavaScript.

What no page does, the shop, the bank and time, comes as in the stories of the API.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from safeconduct.kernel.buyer_pages import token_of
from safeconduct.kernel.cases import sweep as clocks
from safeconduct.kernel.cases.models import Case
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.disputes.links import token_of as dispute_token_of
from safeconduct.protections.returns.models import Return
from tests.kernel.builders import event, usd
from tests.portal import shops
from tests.protections.disputes.people import page_of
from tests.protections.disputes.test_dispute_console import desk, staff, to_the_arbiter
from tests.protections.endings import ends_well

pytestmark = pytest.mark.browser
WIDE, PHONE = {"width": 1366, "height": 900}, {"width": 390, "height": 844}
NET = 110.04  # of a sale of 120: less 9.60 of commission and 0.36 for protection
LEFT: dict[str, Any] = {"weight_g": 420, "serial": "SN-4021-77", "photo_hash": "f0" * 32}
BRICK: dict[str, Any] = {"weight_g": 900, "serial": "", "photo_hash": "0f" * 32}


@pytest.fixture(autouse=True)
def a_marketplace(empty_database: None) -> None:
    shops.open_for_business()


class Sale:
    """An order that was paid, sent and delivered, and what its shop and the buyer's bank tell."""

    def __init__(self) -> None:
        self.sold = shops.order(at=shops.ago(24 * 8), ship_country="DE", buyer="buy-9")
        parcel = {"parcel": shops.parcel_of(self.sold), "carrier": "dhl"}
        self.tells("shipment.shipped", hours=24 * 7, **parcel, **LEFT)
        self.tells("shipment.tracked", hours=24 * 6.9, scan="accepted", **parcel)
        self.tells("shipment.delivered", hours=48, **parcel)

    def tells(self, kind: str, *, hours: float = 0.0, **data: Any) -> None:
        at = shops.ago(hours) if hours else datetime.now(UTC)
        shops.happen(event(kind, at=at, order=self.sold.ref, seller="sel-1", buyer="buy-9", **data))

    def bank(self, kind: str, **data: Any) -> None:
        self.tells(f"dispute.{kind}", dispute=f"dp-{self.sold.ref}", amount=usd(120), **data)


def page_of_client(
    browser: Any, address: str, client: Client | None = None, *, size: dict[str, int] | None = None
) -> Any:
    """A page of somebody who is signed in as this client is; without one, of a buyer."""
    context = browser.new_context(viewport=size or WIDE, java_script_enabled=False)
    if client is not None:
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": address}])
    return context.new_page()


def the_case() -> str:
    with staff_scope():
        return Case.objects.get().id


def later(days: float) -> None:
    clocks.keep_up(datetime.now(UTC) + timedelta(days=days))


def decides(page: Any, **answers: str) -> None:
    """The panel of arbiter or reviewer: three answers, one piece of evidence, what was found."""
    for name in ("remedy", "liability", "standing"):
        page.select_option(f"#decide select[name={name}]", answers[name])
    page.check("#decide input[name=considered] >> nth=0")
    page.fill("#decide textarea[name=facts]", answers["facts"])
    page.click("#decide form.form button.primary")


def test_a_dispute_is_lost_appealed_and_overturned_by_another_person(address: str, browser: Any) -> None:
    sale = Sale()
    buyer = page_of_client(browser, address, size=PHONE)
    buyer.goto(f"{address}/disputes/{dispute_token_of(sale.sold.key)}/")
    buyer.select_option("select[name=type]", "not_received")
    buyer.fill("textarea[name=words]", "Nobody rang, nothing is there.")
    buyer.click("form.form button.primary")
    case_id = the_case()
    member = shops.signed_in()
    seller = page_of_client(browser, address, member)
    seller.goto(address + page_of(case_id))
    seller.click("#answer form.form button.primary")
    member.post(f"{page_of(case_id)}escalate/", {})
    to_the_arbiter(case_id)
    arbiter = page_of_client(browser, address, staff("Arbiter"))
    arbiter.goto(address + desk(case_id))
    arbiter.click("button:has-text('Take the seat')")
    decides(
        arbiter, remedy="refund", liability="seller", standing="counts", facts="The scans end before the buyer's town."
    )  # fmt: skip
    seller.reload()
    shown = seller.inner_text("main")
    for words in ("a full refund", "Who pays", "the seller", "The scans end before the buyer's town."):
        assert words in shown
    seller.click("summary:has-text('Appeal')")
    seller.fill("form[action$='/appeal/'] textarea[name=words]", "The neighbour signed; see the scan.")
    seller.click("form[action$='/appeal/'] button")
    arbiter.reload()
    assert "You have had a seat in this dispute" in arbiter.inner_text("main")
    reviewer = page_of_client(browser, address, staff("Reviewer"))
    reviewer.goto(address + desk(case_id))
    reviewer.click("button:has-text('Take the seat')")
    decides(
        reviewer, remedy="nothing", liability="nobody", standing="does_not_count", facts="The neighbour signed for it."
    )  # fmt: skip
    for page in (buyer, seller):
        page.reload()
        assert "The neighbour signed for it." in page.inner_text("main")
    ends_well(sale.sold.key, sent=0, seller=NET, reasons=2)


def test_a_brick_comes_back_and_a_person_judges_it(address: str, browser: Any, tmp_path: Path) -> None:
    sale = Sale()
    buyer = page_of_client(browser, address, size=PHONE)
    buyer.goto(f"{address}/returns/{token_of(sale.sold.key)}/")
    buyer.select_option("select[name=reason]", "not_as_described")
    buyer.fill("textarea[name=words]", "It is green, not blue.")
    buyer.click("form.form button.primary")
    sale.tells("return.received", **BRICK)
    with staff_scope():
        returned = Return.objects.get()
    film = tmp_path / "box.txt"
    film.write_text("A brick, filmed while unpacking", encoding="utf-8")
    seller = page_of_client(browser, address, shops.signed_in())
    seller.goto(f"{address}/portal/returns/{returned.id}/")
    assert "480 g heavier" in seller.inner_text("main")
    seller.click("summary:has-text('Something is wrong with it')")
    contest = "form[action$='/contest/']"
    seller.fill(f"{contest} textarea[name=reason]", "A brick lay in the box.")
    seller.set_input_files(f"{contest} input[name=files]", str(film))
    seller.click(f"{contest} button.primary")
    judge = page_of_client(browser, address, staff("Judge"))
    judge.goto(f"{address}/console/returns/{returned.id}/")
    judge.select_option("select[name=grade_0]", "E")
    judge.select_option("select[name=reception_0]", "wrong_item")
    for box in judge.locator("#decide input[name=evidence]").all():
        box.check()
    judge.fill("#decide textarea[name=reason]", "Another thing lay in the box.")
    judge.click("#decide button:has-text('Decide under my name')")
    for page in (buyer, seller):
        page.reload()
        assert "Another thing lay in the box." in page.inner_text("main")
    later(60)
    ends_well(sale.sold.key, sent=0, seller=NET, reasons=1)


def test_a_bank_takes_back_what_a_return_was_to_pay_and_the_seller_answers_it(address: str, browser: Any) -> None:
    sale = Sale()
    buyer = page_of_client(browser, address, size=PHONE)
    buyer.goto(f"{address}/returns/{token_of(sale.sold.key)}/")
    buyer.select_option("select[name=reason]", "not_as_described")
    buyer.fill("textarea[name=words]", "It is green, not blue.")
    buyer.click("form.form button.primary")
    sale.tells("return.received", **LEFT)
    due_at = (datetime.now(UTC) + timedelta(days=20)).isoformat()
    code = {"network": "visa", "network_reason": "13.1", "reason": "product_not_received", "stage": "chargeback"}
    sale.bank("opened", due_at=due_at, **code)
    seller = page_of_client(browser, address, shops.signed_in())
    seller.goto(f"{address}/portal/returns/")
    seller.click("a[data-open]")
    seller.click("form[action$='/accept/'] button")
    seller.goto(f"{address}/portal/transactions/chargebacks/")
    seller.click("a[data-open]")
    seller.click("button:has-text('Put the answer together')")
    seller.click("button:has-text('Send it to the bank')")
    sale.bank("closed", outcome="lost")
    buyer.reload()
    assert "Your bank has paid it" in buyer.inner_text("main")
    ends_well(sale.sold.key, sent=0, seller=0, reasons=1)
    # The bank thinks again: now the shop owes the refund, and sends it.
    sale.bank("closed", outcome="won")
    sale.tells("refund.created", amount=usd(120))
    buyer.reload()
    ends_well(sale.sold.key, sent=120, seller=0, reasons=1)
