"""A password alone: what it opens, and what it must not change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.cache import cache
from django.test import Client, override_settings

from safeconduct.config import environment
from safeconduct.kernel.parties.models import MemberRole, User
from safeconduct.kernel.scope import staff_scope
from tests.portal import shops
from tests.portal.passkeys import Passkey
from tests.portal.second_steps import code_of
from tests.portal.shops import PASSWORD, read

CHANGE = "/accounts/password/change/"
NEW = {"password1": "quite another long sentence", "password2": "quite another long sentence"}


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    cache.clear()
    shops.open_for_business()


def somebody(role: MemberRole = MemberRole.OWNER) -> tuple[User, Client]:
    user, client = shops.member("sel-1", role=role), Client()
    client.force_login(user)
    return user, client


def app_of(user: User) -> str:
    secret = generate_totp_secret()
    with staff_scope():
        TOTP.activate(user, secret)
    return secret


@pytest.mark.parametrize(
    ("given", "asks"),
    [
        ({"SAFECONDUCT_MODE": "production"}, "everyone"),
        ({"SAFECONDUCT_MODE": "demo"}, "everyone"),
        ({}, "nobody"),
        ({"SAFECONDUCT_SECOND_STEP": "money"}, "money"),
    ],
)
def test_production_asks_everyone_for_a_second_step_unless_told_otherwise(given: Mapping[str, str], asks: str) -> None:
    assert environment.read(given).second_step == asks


def test_a_word_that_means_nothing_is_named() -> None:
    with pytest.raises(ValueError, match="SAFECONDUCT_SECOND_STEP"):
        environment.read({"SAFECONDUCT_SECOND_STEP": "some"})


@override_settings(SECOND_STEP="everyone")
def test_a_shop_opens_to_nobody_with_a_password_alone() -> None:
    for role in MemberRole:
        user, client = somebody(role)
        for page in ("/portal/", "/portal/money/", "/portal/people/", "/portal/accounts/"):
            assert client.get(page).headers["Location"] == "/accounts/2fa/", (role, page)
        assert "Set up a second step first" in read(client, "/accounts/2fa/")
        app_of(user)
        assert client.get("/portal/").status_code == 200


@override_settings(SECOND_STEP="everyone")
def test_nothing_is_changed_either() -> None:
    _owner, client = somebody()
    assert client.post("/portal/people/invite/", {"email": "x@example.org"}).headers["Location"] == "/accounts/2fa/"


@override_settings(SECOND_STEP="money")
def test_where_only_the_money_is_guarded_owners_and_finance_need_it_and_others_are_asked() -> None:
    for role in (MemberRole.OWNER, MemberRole.FINANCE):
        assert somebody(role)[1].get("/portal/").headers["Location"] == "/accounts/2fa/"
    assert somebody(MemberRole.SUPPORT)[1].get("/portal/").status_code == 200
    user, client = shops.member("sel-1", role=MemberRole.SUPPORT), Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert "Your account opens with a password alone" in read(client, "/portal/")


def test_who_has_a_passkey_changes_the_password_only_after_showing_it() -> None:
    user, client = somebody()
    passkey = Passkey.of(user)
    ways = [client.get(CHANGE), client.post(CHANGE, {"oldpassword": PASSWORD, **NEW})]
    for answer in ways:
        assert answer.headers["Location"] == f"/accounts/reauthenticate/?next={CHANGE}"
    assert client.post(f"/accounts/reauthenticate/?next={CHANGE}", {"password": PASSWORD}).status_code in (200, 302)
    assert client.get(CHANGE).status_code == 302, "the password is no proof where there is a passkey"
    page = client.get(f"/accounts/reauthenticate/?next={CHANGE}", follow=True)
    signed = passkey.sign(page.content.decode())
    answer = client.post(page.redirect_chain[-1][0], {"credential": signed})
    assert answer.headers["Location"] == CHANGE
    assert client.post(CHANGE, {"oldpassword": PASSWORD, **NEW}).status_code == 302
    assert opens(user, NEW["password1"])


def test_who_has_an_app_shows_a_code_and_what_was_typed_before_is_kept_nowhere() -> None:
    user, client = somebody()
    secret = app_of(user)
    client.post(CHANGE, {"oldpassword": PASSWORD, **NEW})
    assert "quite another" not in str(dict(client.session))
    assert client.post("/accounts/2fa/reauthenticate/", {"code": code_of(secret)}).status_code == 302
    assert client.post(CHANGE, {"oldpassword": PASSWORD, **NEW}).status_code == 302
    assert opens(user, NEW["password1"])


def test_who_has_a_password_only_is_asked_for_it_once() -> None:
    user, client = somebody()
    assert client.get(CHANGE).status_code == 200
    assert client.post(CHANGE, {"oldpassword": "something else entirely", **NEW}).status_code == 200
    assert not opens(user, NEW["password1"])
    assert client.post(CHANGE, {"oldpassword": PASSWORD, **NEW}).status_code == 302
    assert opens(user, NEW["password1"])


def opens(user: User, password: str) -> bool:
    with staff_scope():
        return User.objects.get(id=user.id).check_password(password)


@pytest.mark.parametrize(("seconds", "opens_it"), [(590, True), (610, False)])
def test_a_link_that_sets_a_new_password_is_good_for_ten_minutes(
    seconds: int, opens_it: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    user, client = shops.member("sel-1"), Client()
    client.post("/accounts/password/reset/", {"email": user.email})
    (link,) = re.findall(r"http://testserver(/accounts/password/reset/key/\S+)", capsys.readouterr().out)
    later = datetime.now() + timedelta(seconds=seconds)  # noqa: DTZ005  (Django counts in naive local time)
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda _self: later)
    page = client.get(link, follow=True).content.decode()
    assert ('name="password1"' in page) is opens_it
