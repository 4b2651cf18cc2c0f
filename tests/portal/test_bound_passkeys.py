"""A public key that somebody writes into the table of factors, or moves there, is nobody's passkey."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client

from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import OWNER, owner_scope, query, visitor_scope
from tests.portal import shops
from tests.portal.passkeys import Passkey
from tests.portal.shops import PASSWORD

BEHIND = "/accounts/password/change/"
CONFIRM = f"/accounts/reauthenticate/?next={BEHIND}"


@pytest.fixture(autouse=True)
def a_marketplace(empty_database: None) -> None:
    cache.clear()
    shops.open_for_business()


def signed_in() -> tuple[User, Client]:
    user, client = shops.member("sel-1"), Client()
    assert client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
    return user, client


def confirms(client: Client, passkey: Passkey) -> bool:
    """Whether the passkey is taken for the one of whoever is signed in."""
    page = client.get(CONFIRM, follow=True)
    signed = passkey.sign(page.content.decode())
    answer = client.post(page.redirect_chain[-1][0], {"credential": signed})
    return answer.headers.get("Location") == BEHIND and client.get(BEHIND).status_code == 200


def written(statement: str, *values: str) -> None:
    """What the web processes' login may write."""
    with visitor_scope():
        query(statement, values)


def test_a_persons_own_passkey_confirms_also_under_another_name() -> None:
    user, client = signed_in()
    passkey = Passkey.of(user)
    written("UPDATE mfa_authenticator SET data = jsonb_set(data, '{name}', '\"blue key\"') WHERE user_id = %s", user.id)
    assert confirms(client, passkey)


def test_a_passkey_that_is_moved_to_somebody_else_is_not_theirs() -> None:
    victim, client = signed_in()
    Passkey.of(victim)
    thief = shops.member("sel-2")
    passkey = Passkey.of(thief)
    written(
        "INSERT INTO mfa_authenticator (user_id, type, data, created_at)"
        " SELECT %s, type, data, created_at FROM mfa_authenticator WHERE user_id = %s",
        victim.id, thief.id,
    )  # fmt: skip
    assert not confirms(client, passkey)
    written("DELETE FROM mfa_authenticator WHERE user_id = %s", victim.id)
    own = Passkey.of(victim)
    written("UPDATE mfa_authenticator SET user_id = %s WHERE user_id = %s", victim.id, thief.id)
    assert not confirms(client, passkey)
    assert confirms(client, own), "what lies beside it is as good as before"


def test_a_public_key_that_is_written_over_another_opens_nothing() -> None:
    victim, client = signed_in()
    Passkey.of(victim)
    thief = shops.member("sel-2")
    passkey = Passkey.of(thief)
    written(
        "UPDATE mfa_authenticator t SET data = jsonb_set(t.data, '{credential}', o.data->'credential')"
        " FROM mfa_authenticator o WHERE t.user_id = %s AND o.user_id = %s",
        victim.id, thief.id,
    )  # fmt: skip
    assert not confirms(client, passkey)


def test_those_of_an_earlier_version_are_bound_once_by_the_upgrade() -> None:
    user, client = signed_in()
    passkey = Passkey.of(user)
    written("UPDATE mfa_authenticator SET data = data - 'bound' WHERE user_id = %s", user.id)
    assert not confirms(client, passkey)
    with owner_scope():
        upgrade = import_module("safeconduct.kernel.parties.migrations.0003_passkeys_bound")
        upgrade.bind_those_there(None, SimpleNamespace(connection=connections[OWNER]))
    assert confirms(client, passkey)
