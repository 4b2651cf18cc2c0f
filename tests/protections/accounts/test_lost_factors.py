"""A shop's person who lost every second step comes in again, and nobody learns a password by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files

import pytest
import tests.django_world as world
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client, override_settings
from django.utils import timezone
from tests.kernel.builders import live_policy, person
from tests.portal import shops
from tests.portal.shops import PASSWORD

from safeconduct.cli.people import lost_factors
from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties.errors import NoSuchPerson
from safeconduct.kernel.parties.models import SecurityEvent, StaffRole
from safeconduct.kernel.scope import engine_scope, staff_scope
from safeconduct.protections.accounts.sign_in.lost_factors import forget_factors

POLICY = (files("safeconduct.protections.accounts") / "policies" / "account-risk.yaml").read_text("utf-8")
WHY = "Called back at the number of the contract; passport seen."


@pytest.fixture(autouse=True)
def a_marketplace() -> Iterator[None]:
    world.forget_everything()
    cache.clear()
    shops.open_for_business()
    live_policy(POLICY)
    yield


@override_settings(SECOND_STEP="everyone")
def test_sessions_end_the_shop_waits_for_a_new_step_and_everybody_hears_of_it() -> None:
    user = shops.member("sel-1")
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    old = Client()
    old.force_login(user)
    assert old.get("/portal/").status_code == 200
    assert forget_factors(user.email, WHY, at=timezone.now()) == 1
    assert old.get("/portal/").status_code == 302
    fresh = Client()
    assert fresh.post("/accounts/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
    assert fresh.get("/portal/").headers["Location"] == "/accounts/2fa/", "nothing of the shop before a new second step"
    with staff_scope():
        assert not Authenticator.objects.filter(user=user).exists()
        event = SecurityEvent.objects.filter(person=user, kind="recovered").get()
        assert (event.why, event.facts, event.level) == (WHY, {"by": "operator"}, "alert")
        assert StoredNotice.objects.filter(person=user, values__what="recovered").exists()


def test_payouts_wait_as_after_any_recovery() -> None:
    user, now, key = shops.member("sel-1"), timezone.now(), shops.seller_key()
    forget_factors(user.email, WHY, at=now)
    with engine_scope():
        assert payout_accounts.stops([key], now + timedelta(days=6)) == {key: "account_risk"}
        assert payout_accounts.stops([key], now + timedelta(days=8)) == {}


def test_staff_strangers_and_a_reason_that_says_nothing_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for email in (person(StaffRole.LEAD).email, "nobody@example.org"):
        with pytest.raises(NoSuchPerson):
            forget_factors(email, WHY, at=timezone.now())
    with pytest.raises(SystemExit):
        lost_factors(shops.member("sel-1").email, "lost")
    assert "how you know" in capsys.readouterr().err


def test_the_operator_is_told_what_happens_and_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    user = shops.member("sel-1")
    assert lost_factors(user.email, WHY) == 0
    told = capsys.readouterr().out
    assert "their own password" in told and "seven days" in told
    assert Client().post("/accounts/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
