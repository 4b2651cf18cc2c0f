"""A session that somebody took with them opens nothing, and what happened is judged and told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.parties import attempts, security_events
from safeconduct.kernel.parties.models import SignInSession, User
from safeconduct.kernel.scope import engine_scope, query, staff_scope, visitor_scope
from tests.kernel.builders import live_policy
from tests.portal import shops
from tests.portal.shops import PASSWORD

POLICY = (files("safeconduct.protections.accounts") / "policies" / "account-risk.yaml").read_text("utf-8")


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    cache.clear()
    shops.open_for_business()
    live_policy(POLICY)


def entered(user: User) -> Client:
    cache.clear()
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}, headers={"user-agent": "Firefox/128"})
    assert client.get("/portal/", headers={"user-agent": "Firefox/128"}).status_code == 200
    return client


def fired() -> list[str]:
    with engine_scope():
        rows = query("SELECT reasons FROM decision WHERE policy = 'account-risk' ORDER BY moment").fetchall()
    return [line["rule"] for (reasons,) in rows for line in reasons.get("statement", ())]


def test_a_session_key_without_the_cookie_of_its_browser_opens_nothing_and_payouts_wait() -> None:
    user = shops.member("sel-1")
    own, thief = entered(user), Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = own.cookies[settings.SESSION_COOKIE_NAME].value
    answer = thief.get("/portal/", headers={"user-agent": "Firefox/128"}, follow=True)
    assert "used outside the browser in which it began" in answer.content.decode()
    assert own.get("/portal/").status_code == 302, "whose session it was signs in again"
    with visitor_scope():
        assert SignInSession.objects.get().ended_why == "off_device"
    assert fired() == ["session_off_its_device"]
    with staff_scope():
        assert "session_off_device" in [e.kind for e in security_events.of_person(user.id, since=shops.ago(1))]
    with engine_scope():
        key, now = shops.seller_key(), datetime.now(UTC)
        assert payout_accounts.stops([key], now + timedelta(hours=71)) == {key: "account_risk"}
        assert payout_accounts.stops([key], now + timedelta(hours=73)) == {}, "no person is needed for a cookie"


def test_the_cookie_of_another_person_in_the_same_browser_is_not_this_ones() -> None:
    user, other = shops.member("sel-1"), shops.member("sel-1")
    own, thief = entered(user), entered(other)
    thief.cookies[settings.SESSION_COOKIE_NAME] = own.cookies[settings.SESSION_COOKIE_NAME].value
    assert thief.get("/portal/").status_code == 302


def test_who_makes_all_browsers_unknown_goes_on_in_the_session_that_runs() -> None:
    user = shops.member("sel-1")
    own = entered(user)
    with visitor_scope():
        attempts.forget_devices(user)
    assert own.get("/portal/").status_code == 200
    assert fired() == []


def test_a_session_that_moves_is_judged_as_well() -> None:
    user = shops.member("sel-1")
    own = entered(user)
    there = {"user-agent": "Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36"}
    assert own.get("/portal/", headers=there, REMOTE_ADDR="198.51.100.7").status_code == 302
    assert fired() == ["session_moved"]
