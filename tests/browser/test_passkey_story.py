"""Signing in with a passkey, in Chromium with its virtual authenticator, against a running server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.models import SignInSession, User
from safeconduct.kernel.scope import staff_scope
from tests.browser.test_staff_story import code_of, staff_with_factor
from tests.browser.test_staff_story import sign_in as staff_sign_in
from tests.django_world import BUILD
from tests.portal import shops

pytestmark = pytest.mark.browser


def at_home(address: str) -> str:
    """Passkeys belong to a name, never to a number."""
    return address.replace("127.0.0.1", "localhost")


def with_authenticator(page: Any, *, verifies: bool = True) -> Any:
    """A key in the machine itself, that knows its owner by the finger."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": verifies, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip
    return session


def sign_in(page: Any, address: str, user: User) -> None:
    page.goto(address)
    page.fill("input[name=login]", user.email)
    page.fill("input[name=password]", shops.PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/portal/")


def sign_out(page: Any, address: str) -> None:
    page.goto(f"{address}/accounts/logout/")
    page.click("form[action$='logout/'] button")
    page.wait_for_url(f"{address}/accounts/login/**")


def confirm_by_password(page: Any) -> None:
    page.fill("input[name=password]", shops.PASSWORD)
    page.click("button:has-text('Confirm')")


def add_passkey(page: Any, address: str) -> list[str]:
    """Sets a passkey up and returns the recovery codes, which are shown this once."""
    page.goto(f"{address}/accounts/2fa/")
    page.click("a:has-text('Add a passkey')")
    confirm_by_password(page)
    picture(page, "passkey-add")
    page.fill("input[name=name]", "Telephone")
    page.click("#mfa_webauthn_add")
    page.wait_for_selector("#recovery_codes")
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture(page, f"recovery-codes-{width}")
    return [code.strip() for code in page.locator("#recovery_codes code").all_inner_texts()]


def picture(page: Any, name: str) -> None:
    (BUILD / "screens").mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(BUILD / "screens" / f"{name}.png"), full_page=True)


def test_a_seller_sets_a_passkey_up_and_signs_in_with_nothing_else(address: str, browser: Any) -> None:
    shops.open_for_business()
    user, address = shops.member("sel-1"), at_home(address)
    page = browser.new_context(viewport={"width": 1366, "height": 900}).new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    with_authenticator(page)
    sign_in(page, address, user)
    codes = add_passkey(page, address)
    assert len(codes) == 10
    page.goto(f"{address}/accounts/2fa/recovery-codes/")
    assert codes[0] not in page.content(), "recovery codes are shown once"
    page.goto(f"{address}/accounts/2fa/")
    picture(page, "how-you-sign-in")
    sign_out(page, address)
    picture(page, "sign-in")
    page.click("#passkey_login")
    page.wait_for_url(f"{address}/portal/")
    page.goto(f"{address}/portal/accounts/")
    assert "1 of 4 guards" not in page.content()
    assert complaints == []
    with staff_scope():
        assert [s.factor for s in SignInSession.objects.order_by("started_at")] == ["password", "passkey"]
        kinds = [e.kind for e in security_events.of_person(user.id, since=shops.ago(1))]
    assert kinds.count("signed_in") == 2 and "factor_added" in kinds


def test_somebody_invited_makes_an_account_with_a_passkey_alone(address: str, browser: Any) -> None:
    shops.open_for_business()
    owner, address = shops.signed_in("sel-1"), at_home(address)
    shown = owner.post("/portal/people/invite/", {"email": "ana@example.org", "role": "finance"}).content.decode()
    link = re.search(r"/portal/welcome/[A-Za-z0-9_-]+/", shown)
    assert link is not None
    page = browser.new_context(viewport={"width": 390, "height": 900}).new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    with_authenticator(page)
    page.goto(address + link[0])
    page.fill("input[name=name]", "Ana Rojas")
    picture(page, "passkey-sign-up")
    page.click("#sign_up_passkey")
    page.wait_for_url(f"{address}/accounts/login/**")
    page.click("#passkey_login")
    page.wait_for_url(f"{address}/portal/")
    assert complaints == []
    with staff_scope():
        session = SignInSession.objects.select_related("person").get(factor="passkey")
        assert session.person.name == "Ana Rojas" and not session.person.has_usable_password()


def test_a_password_alone_does_not_get_past_a_passkey_and_a_recovery_code_opens_once(
    address: str, browser: Any
) -> None:
    shops.open_for_business()
    user, address = shops.member("sel-1"), at_home(address)
    page = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark").new_page()
    with_authenticator(page)
    sign_in(page, address, user)
    code, *_rest = add_passkey(page, address)
    elsewhere = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    for opens in (True, False):
        elsewhere.goto(f"{address}/portal/")
        elsewhere.fill("input[name=login]", user.email)
        elsewhere.fill("input[name=password]", shops.PASSWORD)
        elsewhere.press("input[name=password]", "Enter")
        elsewhere.wait_for_url(f"{address}/accounts/2fa/authenticate/")
        picture(elsewhere, "second-step")
        elsewhere.fill("input[name=code]", code)
        elsewhere.press("input[name=code]", "Enter")
        if opens:
            elsewhere.wait_for_url(f"{address}/portal/")
            sign_out(elsewhere, address)
        else:
            elsewhere.wait_for_selector("input[name=code][aria-invalid=true]")
    assert elsewhere.url.endswith("/2fa/authenticate/")


def test_a_key_that_does_not_know_its_owner_signs_nobody_in(address: str, browser: Any) -> None:
    shops.open_for_business()
    user, address = shops.member("sel-1"), at_home(address)
    page = browser.new_context().new_page()
    cdp = with_authenticator(page)
    sign_in(page, address, user)
    add_passkey(page, address)
    sign_out(page, address)
    cdp.send("WebAuthn.disable")
    with_authenticator(page, verifies=False)
    page.click("#passkey_login")
    page.wait_for_selector("#passkey_problem:visible")
    assert page.url.startswith(f"{address}/accounts/login/")


def test_staff_with_an_app_still_sign_in_and_can_add_a_passkey(address: str, browser: Any) -> None:
    email, secret = staff_with_factor()
    address = at_home(address)
    page = browser.new_context().new_page()
    with_authenticator(page)
    page.goto(f"{address}/console/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", shops.PASSWORD)
    page.press("input[name=password]", "Enter")
    page.fill("input[name=code]", code_of(secret))
    page.press("input[name=code]", "Enter")
    page.wait_for_url(f"{address}/console/")
    page.goto(f"{address}/accounts/2fa/webauthn/add/")
    assert "/2fa/reauthenticate/" in page.url, "a password is not asked for where there is a second step"
    with staff_scope():
        sealed = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]
    assert secret not in sealed


@pytest.mark.parametrize("width", [1366, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_two_taps_in_a_mail_end_the_thiefs_session(address: str, browser: Any, width: int, scheme: str) -> None:
    shops.open_for_business()
    user, address = shops.member("sel-1"), at_home(address)
    own, thief, mailbox = (
        browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme).new_page() for _ in range(3)
    )
    sign_in(own, address, user)
    sign_in(thief, address, user)
    with staff_scope():
        link = StoredNotice.objects.filter(person=user).order_by("-at").values_list("url", flat=True)[0]
    mailbox.goto(address + link)
    for page, name in ((mailbox, "not-me"), (own, "security")):
        if page is own:
            page.goto(f"{address}/portal/accounts/")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        picture(page, f"{name}-{width}-{scheme}")
    mailbox.click("button.danger")
    mailbox.wait_for_selector("text=It is stopped")
    picture(mailbox, f"not-me-done-{width}-{scheme}")
    thief.goto(f"{address}/portal/")
    assert thief.url.startswith(f"{address}/accounts/login/")
    own.goto(f"{address}/portal/")
    assert own.url == f"{address}/portal/"


@pytest.mark.parametrize("width", [1366, 390])
def test_staff_read_what_was_frozen_and_write_what_they_found(address: str, browser: Any, width: int) -> None:
    shops.open_for_business()
    user, address = shops.member("sel-1"), at_home(address)
    sign_in(browser.new_context().new_page(), address, user)
    mailbox = browser.new_context().new_page()
    with staff_scope():
        link = StoredNotice.objects.filter(person=user).values_list("url", flat=True)[0]
    mailbox.goto(address + link)
    mailbox.click("button.danger")
    email, secret = staff_with_factor()
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    staff_sign_in(page, address, email, secret)
    page.goto(f"{address}/console/accounts/cases/")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture(page, f"account-cases-{width}")
    page.click(f"a:has-text('{user}')")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture(page, f"account-case-{width}")
    page.check("#finding_taken_over")
    page.fill("#why", "She called: a copy of our page had asked for her password.")
    page.click("button:has-text('Keep the finding')")
    page.wait_for_selector("text=What is frozen stays frozen")
