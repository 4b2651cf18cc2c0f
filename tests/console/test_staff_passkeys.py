"""Where staff have to have a passkey, the console asks for it, whatever else they signed in with."""

from __future__ import annotations

import time

import pytest
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.mfa.models import Authenticator
from django.test import Client, override_settings
from tests.console.test_console import signed_in

from safeconduct.config import environment
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.traits import network_of
from safeconduct.kernel.scope import staff_scope


def has_a_passkey(user: User) -> None:
    with staff_scope():
        Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={})


def shown(client: Client, user: User, kind: str) -> None:
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "type": kind, "at": time.time()}]
    session["proved_in"] = network_of("127.0.0.1")
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = user.id
    session.save()


@override_settings(STAFF_PASSKEY_ONLY=True)
def test_a_code_from_an_app_does_not_open_the_console_and_a_passkey_does() -> None:
    client, user = signed_in()
    shown(client, user, "totp")
    assert client.get("/console/").headers["Location"] == "/accounts/2fa/webauthn/add/"
    has_a_passkey(user)
    asked = client.get("/console/").headers["Location"]
    assert asked == "/accounts/2fa/webauthn/reauthenticate/?next=/console/"
    shown(client, user, "webauthn")
    assert client.get("/console/").status_code == 200


def test_where_it_is_not_demanded_an_app_opens_the_console() -> None:
    client, user = signed_in()
    shown(client, user, "totp")
    assert client.get("/console/").status_code == 200


@pytest.mark.parametrize(
    ("mode", "said", "demanded"),
    [("production", "", True), ("production", "0", False), ("demo", "", False), ("development", "1", True)],
)
def test_production_demands_passkeys_unless_it_says_otherwise(mode: str, said: str, demanded: bool) -> None:
    env = environment.read({"SAFECONDUCT_MODE": mode, "SAFECONDUCT_STAFF_PASSKEY_ONLY": said})
    assert env.staff_passkey_only is demanded
