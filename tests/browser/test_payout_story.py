"""Where a shop is paid, in Chromium: an owner confirms with a passkey what they read, and a colleague of finance stops it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safeconduct.kernel.ledger import payout_accounts, payout_reading
from safeconduct.kernel.ledger.payout_accounts import AccountState
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties.models import MemberRole, User
from safeconduct.kernel.scope import Actor, engine_scope
from tests.browser.test_seller_story import sign_in
from tests.django_world import BUILD
from tests.portal import shops
from tests.portal.passkeys import Passkey

pytestmark = pytest.mark.browser
PAGE = "/portal/accounts/payout/"


def has_passkey(page: Any, user: User) -> None:
    """Gives the browser an authenticator with a passkey that the person has had for a month."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    made = devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True,
                "hasResidentKey": True, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip
    passkey = Passkey.of(user, site="localhost")
    devtools.send(
        "WebAuthn.addCredential", {"authenticatorId": made["authenticatorId"], "credential": passkey.for_browser()}
    )


def accounts() -> list[payout_reading.PayoutAccount]:
    with engine_scope():
        return payout_reading.accounts_of(shops.seller_key())


@pytest.mark.parametrize(("width", "scheme"), [(1366, "light"), (390, "dark")])
def test_an_owner_confirms_what_they_read_with_a_passkey_and_finance_cancels_it(
    address: str, browser: Any, width: int, scheme: str
) -> None:
    address = address.replace("127.0.0.1", "localhost")  # a passkey belongs to a name, never to a number
    shops.open_for_business()
    owner, finance = shops.member("sel-1"), shops.member("sel-1", role=MemberRole.FINANCE)
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, address, owner)
    has_passkey(page, owner)
    page.goto(address + PAGE)
    look(page, f"payout-{width}-empty")
    page.click(f"a[href='{PAGE}add/']")
    page.fill("input[name=holder]", "Viña del Mar Fruits SpA")
    page.select_option("select[name=country]", "DE")
    page.fill("input[name=number]", "DE89 3704 0044 0532 0130 00")
    look(page, f"payout-{width}-add")
    page.click("form .btn.primary")
    page.wait_for_url(address + PAGE + "confirm/")
    assert "3000" in page.inner_text(".kv") and "3704" not in page.content()
    look(page, f"payout-{width}-confirm")
    page.wait_for_timeout(2_100)  # she reads it
    page.click("#payout_confirm")
    page.wait_for_url(address + PAGE)
    (account,) = accounts()
    assert account.state is AccountState.DRAFT
    with engine_scope():
        payout_accounts.verified(account.id, Actor("bank", "engine"), name_matches=True, at=datetime.now(UTC))
    page.goto(address + PAGE)
    look(page, f"payout-{width}-waits")
    colleague = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme).new_page()
    sign_in(colleague, address, finance)
    colleague.goto(address + PAGE)
    colleague.click("details.confirm summary")
    colleague.click("details.confirm form button.danger")
    colleague.wait_for_selector("text=One of you cancelled it")
    look(colleague, f"payout-{width}-cancelled")
    assert accounts()[0].state is AccountState.CANCELLED
    assert complaints == []


def test_two_taps_in_the_mail_about_a_new_account_stop_it_and_after_73_hours_nothing_goes_there(
    address: str, browser: Any
) -> None:
    """Somebody at the owner's open session, with the owner's passkey, who has not signed in: no sign-in was told of."""
    address = address.replace("127.0.0.1", "localhost")
    shops.open_for_business()
    owner = shops.member("sel-1")
    page = browser.new_context().new_page()
    sign_in(page, address, owner)
    has_passkey(page, owner)
    page.goto(address + PAGE + "add/")
    page.fill("input[name=holder]", "Viña del Mar Fruits SpA")
    page.select_option("select[name=country]", "DE")
    page.fill("input[name=number]", "DE89 3704 0044 0532 0130 00")
    page.click("form .btn.primary")
    page.wait_for_url(address + PAGE + "confirm/")
    page.wait_for_timeout(2_100)
    page.click("#payout_confirm")
    page.wait_for_url(address + PAGE)
    now = datetime.now(UTC)
    with engine_scope():
        payout_accounts.verified(accounts()[0].id, Actor("bank", "engine"), name_matches=True, at=now)
        link = StoredNotice.objects.get(code="payout_account.changed", values__what="asked").url
    mailbox = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    mailbox.goto(address + link)
    look(mailbox, "payout-not-me")
    assert accounts()[0].state is AccountState.AGEING
    mailbox.click("form button.danger")
    mailbox.wait_for_selector("text=It is stopped")
    with engine_scope():
        payout_accounts.ripen(now + timedelta(hours=73))
        assert payout_reading.destinations([shops.seller_key()]) == {}
    assert accounts()[0].state is AccountState.CANCELLED
    page.goto(address + PAGE)
    assert "/accounts/login/" in page.url, "and whoever sat there is signed out"


def look(page: Any, name: str) -> None:
    """No page is wider than its window; the picture is for whoever wants to see it."""
    (BUILD / "screens").mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(BUILD / "screens" / f"{name}.png"), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
