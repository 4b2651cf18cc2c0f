"""Guessing from elsewhere slows the guesser down, never the owner in their own browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.test import Client
from tests.kernel.builders import START, person

from safeconduct.kernel.parties import attempts, security_events
from safeconduct.kernel.parties.models import SignInDevice, StaffRole, User
from safeconduct.kernel.scope import query, staff_scope, visitor_scope

PASSWORD = "a long pass phrase"


@pytest.fixture(autouse=True)
def no_counts_by_network() -> None:
    cache.clear()


def someone() -> User:
    found = person(StaffRole.NONE)
    found.set_password(PASSWORD)
    with visitor_scope():
        found.save()
    return found


def sign_in(client: Client, email: str, password: str, network: str = "203.0.113.1") -> bool:
    cache.clear()  # the limit by network is another matter: here the attacker has networks without end
    answer = client.post(
        "/accounts/login/", {"login": email, "password": password}, headers={"user-agent": "Firefox"},
        REMOTE_ADDR=network,
    )  # fmt: skip
    return answer.status_code == 302


def test_ten_thousand_wrong_passwords_from_elsewhere_do_not_lock_the_owners_own_browser_out() -> None:
    owner = someone()
    own = Client()
    assert sign_in(own, owner.email, PASSWORD)
    own.post("/accounts/logout/")
    with visitor_scope():
        given = [attempts.begin(owner.email, "", START + timedelta(milliseconds=i)) for i in range(10_000)]
    assert sum(one is not None for one in given) == attempts.UNKNOWN_FREE  # all others never saw the password
    assert sign_in(own, owner.email, PASSWORD)


def test_from_an_unknown_browser_even_the_right_password_waits_and_after_fifty_is_not_taken() -> None:
    owner = someone()
    stranger = Client()
    for _ in range(attempts.UNKNOWN_FREE):
        assert not sign_in(stranger, owner.email, "wrong pass phrase")
    assert not sign_in(stranger, owner.email, PASSWORD)
    with visitor_scope():
        at = START + timedelta(days=3650)
        while attempts.begin(owner.email, "", at) is not None:
            at += timedelta(hours=1)
        assert query("SELECT failures FROM sign_in_failures").fetchall() == [(attempts.UNKNOWN_END,)]
        attempts.forgive(owner.email)
        assert attempts.begin(owner.email, "", at) is not None


@pytest.mark.parametrize(
    ("device", "free", "first_wait_s"), [("", attempts.UNKNOWN_FREE, 30), ("dvc_1", attempts.KNOWN_FREE, 30)]
)
def test_after_the_free_tries_the_wait_ends_on_the_second(device: str, free: int, first_wait_s: int) -> None:
    with visitor_scope():
        for _ in range(free):
            assert attempts.begin("a@example.org", device, START) is not None
        assert attempts.begin("a@example.org", device, START + timedelta(seconds=first_wait_s - 1)) is None
        assert attempts.begin("a@example.org", device, START + timedelta(seconds=first_wait_s)) is not None
        assert attempts.begin("a@example.org", device, START + timedelta(seconds=2 * first_wait_s)) is None


def test_an_address_without_an_account_is_counted_and_answered_alike() -> None:
    owner, stranger = someone(), Client()
    pages = []
    for address in (owner.email, "nobody@example.org"):
        for _ in range(attempts.UNKNOWN_FREE):
            sign_in(stranger, address, "wrong pass phrase")
        answer = stranger.post("/accounts/login/", {"login": address, "password": "x"})
        text = answer.content.decode().replace(address, "")
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", text))
    assert pages[0] == pages[1]


def test_the_cookie_of_one_person_is_worth_nothing_for_another_and_is_kept_only_as_a_hash() -> None:
    one, other = someone(), someone()
    with visitor_scope():
        token, fresh = attempts.remember(one, "", START)
        assert fresh and attempts.device_of(one, token).startswith("dvc_")
        assert attempts.device_of(other, token) == ""
        assert attempts.remember(one, token, START) == (token, False)
        assert token.encode() not in bytes(SignInDevice.objects.get().cookie_hash)


def test_a_sign_in_from_a_new_browser_is_told_and_a_second_one_from_there_is_not_new() -> None:
    owner, own = someone(), Client()
    for _ in range(2):
        assert sign_in(own, owner.email, PASSWORD)
        own.post("/accounts/logout/")
    with staff_scope():
        seen = security_events.of_person(owner.id, since=START)
    assert [(e.kind, e.facts["new_device"]) for e in seen] == [("signed_in", False), ("signed_in", True)]
    assert security_events.origin_of(seen[0]) == security_events.Origin("203.0.113.1", "Firefox")


def test_passwords_are_argon2id_with_the_parameters_owasp_gives_and_old_ones_are_made_anew() -> None:
    assert make_password("x").startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    owner = person(StaffRole.NONE)
    owner.password = make_password(PASSWORD, hasher="scrypt")
    with visitor_scope():
        owner.save()
    assert sign_in(Client(), owner.email, PASSWORD)
    with staff_scope():
        assert User.objects.get(id=owner.id).password.startswith("argon2$argon2id$")


def test_allauths_own_choices_that_must_not_stand_are_changed() -> None:
    assert settings.MFA_WEBAUTHN_USER_VERIFICATION == "required"
    assert settings.MFA_RECOVERY_CODES_SHOW_ONCE and not settings.MFA_TRUST_ENABLED
    assert settings.ACCOUNT_REAUTHENTICATION_REQUIRED and settings.ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE
    assert "key" not in settings.ACCOUNT_RATE_LIMITS["login_failed"]
    assert settings.AUTHENTICATION_BACKENDS == ["allauth.account.auth_backends.AuthenticationBackend"]
