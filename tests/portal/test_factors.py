"""Seeds of second factors are their person's: in somebody else's row they open nothing."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client

from safeconduct.kernel.parties import factors, security_events
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import owner_scope, query, staff_scope
from safeconduct.kernel.vault import resealing
from tests.portal import shops
from tests.portal.second_steps import code_of
from tests.portal.shops import PASSWORD


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    cache.clear()
    shops.open_for_business()


def with_an_app(user: User, *, bound: bool = True) -> str:
    secret = generate_totp_secret()
    with staff_scope(), factors.of(user.id if bound else ""):
        TOTP.activate(user, secret)
    return secret


def gets_in(user: User, code: str) -> bool:
    cache.clear()
    client = Client()
    sent = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert sent.headers["Location"] == "/accounts/2fa/authenticate/"
    return client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302


def data_of(user: User) -> str:
    with staff_scope():
        return str(Authenticator.objects.get(user=user, type="totp").data["secret"])


def test_a_seed_that_is_moved_to_anothers_row_opens_nothing_there_and_is_told() -> None:
    thief, owner = shops.member("sel-1"), shops.member("sel-1")
    known, own = with_an_app(thief), with_an_app(owner)
    assert gets_in(owner, code_of(own))
    with owner_scope():  # whoever writes to the database puts a seed of their own in the owner's place
        query(
            "UPDATE mfa_authenticator SET data = (SELECT data FROM mfa_authenticator WHERE user_id = %s)"
            " WHERE user_id = %s",
            [thief.id, owner.id],
        )
    assert not gets_in(owner, code_of(known))
    assert gets_in(thief, code_of(known))
    with staff_scope():
        kinds = [e.kind for e in security_events.of_person(owner.id, since=shops.ago(1))]
    assert "factor_broken" in kinds


def test_what_the_pages_of_sign_in_set_up_is_the_persons() -> None:
    user, client = shops.member("sel-1"), Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.get("/accounts/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    assert client.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 302
    assert data_of(user).startswith("person.") and secret not in data_of(user)
    assert gets_in(user, code_of(secret))


def test_seeds_of_an_earlier_version_open_until_they_are_bound_and_after() -> None:
    user, other = shops.member("sel-1"), shops.member("sel-1")
    secret, _theirs = with_an_app(user, bound=False), with_an_app(other)
    assert gets_in(user, code_of(secret))
    assert resealing.reseal_all() == {"mfa_authenticator.data": 1}
    assert resealing.reseal_all() == {}
    assert data_of(user).startswith("person.")
    assert gets_in(user, code_of(secret))
