"""Django has no secret of its own: links, tokens, messages and sessions are signed by whoever holds the keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse
from django.utils.crypto import salted_hmac
from tests.kernel.vault.key_process_world import KeyProcess, asking

from safeconduct.config.cookies import Messages
from safeconduct.kernel import buyer_links
from safeconduct.kernel.parties import not_me_link
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.password_links import HeldTokens
from safeconduct.kernel.vault.errors import KeyUseRefused
from safeconduct.kernel.vault.holder import hashed
from safeconduct.kernel.vault.key_file import derive, read_keys
from safeconduct.kernel.vault.signed_text import TextSigner, TimedSigner

PERSON = User(id="usr_1", email="ana@example.org", password="argon2$…")


def djangos() -> str:
    """The secret that Django had in earlier versions."""
    return derive(read_keys(Path(settings.ROOT_KEY_FILE)).current.secret, "django").hex()


def test_whatever_asks_for_djangos_secret_fails_loudly() -> None:
    for asks in (lambda: settings.SECRET_KEY, lambda: signing.dumps("x"), lambda: salted_hmac("a", "b")):
        with pytest.raises(ImproperlyConfigured, match="must not be empty"):
            asks()
    with pytest.raises(NoReverseMatch):  # allauth would sign this link; addresses are proved by a code here
        reverse("account_confirm_email", args=["key"])


def test_what_django_signed_in_an_earlier_version_is_good_still(key_process: KeyProcess) -> None:
    secret = djangos()
    tokens = PasswordResetTokenGenerator()
    tokens.secret = secret
    reset = tokens.make_token(PERSON)
    order = signing.dumps(4711, key=secret, salt="safeconduct.disputes.link")
    event = signing.Signer(key=secret, salt="safeconduct.accounts.not-me").sign("sev_1")
    claim = signing.Signer(key=secret, salt="safeconduct.accounts.ownership").sign("own_1")
    session = salted_hmac(
        "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", PERSON.password, secret, algorithm="sha256"
    ).hexdigest()
    cookie = RequestFactory().get("/")
    cookie.session = {}
    signer = signing.TimestampSigner(key="django.http.cookies" + secret, salt="django.contrib.messages")
    cookie.COOKIES["messages"] = signer.sign_object([["__json_message", 0, 20, "It is saved"]])
    with asking(key_process):
        assert buyer_links.order_of(order) == 4711
        assert not_me_link.event_id_of(event) == "sev_1"
        assert TextSigner("signed/links of claims to shops").unsign(claim) == "own_1"
        assert PERSON.get_session_auth_hash() == session
        assert HeldTokens().check_token(PERSON, reset)
        assert [str(one) for one in Messages(cookie)] == ["It is saved"]
    key_process.write(7)
    assert key_process.counted("hashes")["signed/links of buyers"] >= 1
    assert "django" not in key_process.counted("given_out")


def test_a_signature_is_good_for_its_text_and_its_purpose_alone() -> None:
    link = buyer_links.token_of(4711)
    other = TimedSigner("signed/messages of pages").sign_object(4711)
    for token in (other, link[:-2], "x" + link, link.rpartition(":")[0], "", ":", "4711:é"):
        assert buyer_links.order_of(token) is None
    assert not_me_link.event_id_of(not_me_link.token_of("sev_1").replace("1", "2")) is None
    with pytest.raises(KeyUseRefused):
        hashed("signed/anything", b"x")
