"""A password alone: what it opens, and what it must not change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.cache import cache
from django.test import Client, override_settings

from safeconduct.config import environment
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties import attempts, members
from safeconduct.kernel.parties.models import MemberRole, User
from safeconduct.kernel.scope import staff_scope, visitor_scope
from tests.portal import shops
from tests.portal.passkeys import Passkey
from tests.portal.second_steps import code_of
from tests.portal.shops import PASSWORD, read

NOW = datetime.now(UTC)
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


def enters_with(client: Client, user: User, code: str, network: str) -> bool:
    """A sign-in with the right password and this code, from networks without end."""
    cache.clear()
    if client.session.get("account_login") is None:
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}, REMOTE_ADDR=network)
    cache.clear()
    client.post("/accounts/2fa/authenticate/", {"code": code}, REMOTE_ADDR=network)
    return client.get("/portal/").status_code == 200


def test_who_has_the_password_guesses_no_code_from_networks_without_end_and_the_owners_browser_goes_on() -> None:
    user, own, thief = shops.member("sel-1"), Client(), Client()
    secret = app_of(user)
    assert enters_with(own, user, code_of(secret), "203.0.113.1")
    own.post("/accounts/logout/")
    for place in range(attempts.UNKNOWN_FREE):
        assert not enters_with(thief, user, "000000", f"198.51.100.{place}")
    assert not enters_with(thief, user, code_of(secret), "198.51.100.99"), "the right code comes too soon"
    assert enters_with(own, user, code_of(secret), "203.0.113.1")


def test_after_fifty_wrong_codes_none_is_taken_from_elsewhere_and_the_person_is_told() -> None:
    user, thief = shops.member("sel-1"), Client()
    secret, at = app_of(user), datetime.now(UTC) - timedelta(days=30)
    with visitor_scope():
        for _ in range(attempts.UNKNOWN_END - 1):
            at += timedelta(hours=1)
            assert attempts.begin(attempts.codes_of(user.id), "", at) is not None
    assert not enters_with(thief, user, "000000", "198.51.100.1")
    with staff_scope():
        assert StoredNotice.objects.filter(person=user, values__what="codes_stopped").count() == 1
    assert not enters_with(thief, user, code_of(secret), "198.51.100.2")


def test_a_new_password_from_the_mailbox_gives_no_new_guesses_and_one_from_a_session_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    user, client = somebody()
    secret, now = app_of(user), datetime.now(UTC)
    count = attempts.codes_of(user.id)
    with visitor_scope():
        assert attempts.begin(count, "", now) is not None
    Client().post("/accounts/password/reset/", {"email": user.email})
    (link,) = re.findall(r"http://testserver(/accounts/password/reset/key/\S+)", capsys.readouterr().out)
    anonymous = Client()
    assert anonymous.post(anonymous.get(link).headers["Location"], NEW).status_code == 302
    with visitor_scope():
        again = attempts.begin(count, "", now)
        assert again is not None and again.number == 2
    client.force_login(User.objects.get(id=user.id))
    client.get(CHANGE, follow=True)
    client.post(f"/accounts/reauthenticate/?next={CHANGE}", {"code": code_of(secret)})
    client.post(f"/accounts/2fa/reauthenticate/?next={CHANGE}", {"code": code_of(secret)})
    other = {"password1": "one more long sentence", "password2": "one more long sentence"}
    assert client.post(CHANGE, {"oldpassword": NEW["password1"], **other}).status_code == 302
    with visitor_scope():
        first = attempts.begin(count, "", now)
        assert first is not None and first.number == 1


@override_settings(SECOND_STEP="everyone")
def test_who_was_invited_sets_up_an_app_and_then_the_shop_opens() -> None:
    owner = shops.member("sel-1")
    with staff_scope():
        _made, token = members.invite_member("ana@example.org", shops.seller_key(), MemberRole.FINANCE, owner, at=NOW)
    client, given = Client(), {"name": "Ana", "password": "a long pass phrase of hers"}
    assert client.post(f"/portal/welcome/{token}/", given).status_code == 302
    client.post("/accounts/login/", {"login": "ana@example.org", "password": given["password"]})
    assert client.get("/portal/").headers["Location"] == "/accounts/2fa/"
    client.post("/accounts/reauthenticate/", {"password": given["password"]})
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    code = code_of(client.session["mfa.totp.secret"])
    assert client.post("/accounts/2fa/totp/activate/", {"code": code}).status_code == 302
    assert client.get("/portal/").status_code == 200


def test_nobody_at_an_open_session_gives_somebody_without_a_password_one() -> None:
    user, client = somebody()
    passkey = Passkey.of(user)
    with staff_scope():
        user.set_unusable_password()
        user.save()
    client.force_login(user)
    page = "/accounts/password/set/"
    assert client.post(page, NEW).headers["Location"] == f"/accounts/reauthenticate/?next={page}"
    assert not User.objects.get(id=user.id).has_usable_password()
    shown = client.get(f"/accounts/reauthenticate/?next={page}", follow=True)
    client.post(shown.redirect_chain[-1][0], {"credential": passkey.sign(shown.content.decode())})
    assert client.post(page, NEW).status_code == 302
    assert User.objects.get(id=user.id).has_usable_password()
