"""Staff sign in at their company's directory: into accounts that are there, and with tokens that hold in every point."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tests.django_world as world
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client, override_settings
from tests.console.test_console import signed_in as staff_signed_in
from tests.kernel.builders import person
from tests.portal import shops
from tests.protections.accounts.directory_stub import (
    CLIENT,
    CURVE,
    RSA,
    SECRET,
    SHORT_RSA,
    STRANGER,
    DirectoryStub,
    open_directory,
    public,
)

from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.directory import Directory, RoleClaim, read_directory
from safeconduct.kernel.parties.models import SignInSession, StaffIdentity, StaffRole, User
from safeconduct.kernel.scope import query, staff_scope


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    world.forget_everything()
    cache.clear()
    yield


@pytest.fixture
def stub() -> Iterator[DirectoryStub]:
    with open_directory() as found:
        yield found


@pytest.fixture
def directory(stub: DirectoryStub, tmp_path: Path) -> Iterator[Directory]:
    """The directory, in force; the staff's addresses are of example.org."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    found = Directory(stub.issuer, CLIENT, secret, ("example.org",), frozenset({"phr", "hwk"}))
    with override_settings(DIRECTORY=found):
        yield found


def is_(stub: DirectoryStub, user: User | None = None, **claims: Any) -> None:
    """Who signs in at the directory."""
    address = "new@example.org" if user is None else user.email
    stub.claims = {"sub": "u-1", "email": address, "email_verified": True, "name": "Ana Lopez", **claims}


def signs_in(client: Client, stub: DirectoryStub, after: str = "") -> str:
    """The whole way there and back; returns where it ends."""
    sent = client.get("/accounts/company/", {"next": after} if after else {}, headers={"user-agent": "Firefox/128"})
    if not sent.headers["Location"].startswith(stub.issuer):
        return sent.headers["Location"]
    answer = stub.authorize(sent.headers["Location"])
    return client.get(answer, headers={"user-agent": "Firefox/128"}).headers["Location"]


def said(client: Client) -> str:
    return client.get("/accounts/login/").content.decode()


def kinds_of(user: User) -> list[str]:
    with staff_scope():
        return [e.kind for e in security_events.of_person(user.id, since=shops.ago(1))]


def test_the_directory_opens_an_account_that_is_there_and_links_it_once(
    stub: DirectoryStub, directory: Directory
) -> None:
    user, client = person(StaffRole.LEAD), Client()
    is_(stub, user, amr=["pwd", "hwk"])
    assert "Sign in at your company" in said(client)
    assert signs_in(client, stub, "/console/decisions/") == "/console/decisions/"
    assert client.get("/console/decisions/").status_code == 200
    with staff_scope():
        assert SignInSession.objects.get().factor == "sso"
        assert StoredNotice.objects.filter(values__what="identity_linked").count() == 1
        (row,) = query("SELECT s::text FROM staff_identity s")
    assert user.id in str(row) and user.email not in str(row) and "u-1" not in str(row)
    client.post("/accounts/logout/")
    is_(stub, user, amr=["hwk"], email="renamed@example.org")
    assert signs_in(client, stub) == "/"
    assert kinds_of(user).count("identity_linked") == 1, "the directory's own name for them finds them, not the address"


def test_what_moves_money_asks_for_a_passkey_of_ours_though_the_directory_vouches(
    stub: DirectoryStub, directory: Directory
) -> None:
    user, client = person(StaffRole.ADMINISTRATOR), Client()
    is_(stub, user, acr="phr")
    signs_in(client, stub)
    assert client.get("/console/").status_code == 200
    acts = "/console/people/invite/"
    assert client.post(acts, {}).headers["Location"] == "/accounts/2fa/webauthn/add/"
    with staff_scope():
        Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={})
    asked = client.post(acts, {}, headers={"referer": "http://testserver/console/people/"}).headers["Location"]
    assert asked.startswith("/accounts/2fa/webauthn/reauthenticate/?next=") and asked.endswith("/console/people/")
    session = client.session
    shown = [{"method": "mfa", "type": "webauthn", "at": time.time(), "reauthenticated": True}]
    session[AUTHENTICATION_METHODS_SESSION_KEY] += shown
    session.save()
    assert client.post(acts, {}).status_code == 422


@override_settings(STAFF_PASSKEY_ONLY=True)
def test_without_its_word_a_sign_in_there_stands_for_the_password_alone(
    stub: DirectoryStub, directory: Directory
) -> None:
    user, client = person(StaffRole.LEAD), Client()
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    is_(stub, user, amr=["pwd"])
    assert signs_in(client, stub) == "/accounts/2fa/authenticate/"
    assert client.get("/console/").status_code == 302
    is_(stub, user, amr=["hwk"])
    assert signs_in(Client(), stub) == "/"


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"iss": "https://elsewhere.example"}, "could not be accepted"),
        ({"aud": "another-client"}, "could not be accepted"),
        ({"aud": [CLIENT, "another-client"]}, "could not be accepted"),
        ({"aud": [CLIENT, "another-client"], "azp": "another-client"}, "could not be accepted"),
        ({"nonce": "of another question"}, "could not be accepted"),
        ({"nonce": None}, "could not be accepted"),
        ({"exp": int(time.time()) - 120}, "could not be accepted"),
        ({"iat": int(time.time()) - 3600}, "could not be accepted"),
        ({"iat": int(time.time()) + 3600}, "could not be accepted"),
        ({"nbf": int(time.time()) + 3600}, "could not be accepted"),
        ({"auth_time": int(time.time()) - 13 * 3600}, "could not be accepted"),
        ({"exp": None}, "could not be accepted"),
        ({"exp": "tomorrow"}, "could not be accepted"),
        ({"sub": None}, "could not be accepted"),
        ({"sub": ""}, "could not be accepted"),
        ({"email_verified": False}, "no confirmed e-mail address"),
        ({"email_verified": None}, "no confirmed e-mail address"),
        ({"email_verified": "true"}, "no confirmed e-mail address"),
        ({"email": None}, "no confirmed e-mail address"),
        ({"email": "ana@example.org.evil.example"}, "not of the company"),
        ({"email": "nobody@example.org"}, "no account of the staff"),
    ],
)
def test_a_token_that_fails_in_one_point_opens_nothing(
    stub: DirectoryStub, directory: Directory, claims: dict[str, Any], told: str
) -> None:
    user, client = person(StaffRole.LEAD), Client()
    is_(stub, user, amr=["hwk"], **claims)
    assert signs_in(client, stub) == "/accounts/login/"
    assert told in said(client)
    assert client.get("/console/").status_code == 302
    with staff_scope():
        assert not StaffIdentity.objects.exists()
        assert not User.objects.filter(email="nobody@example.org").exists()


def test_it_is_signed_with_a_key_of_the_directory_or_it_is_nothing(stub: DirectoryStub, directory: Directory) -> None:
    user = person(StaffRole.LEAD)
    is_(stub, user)
    keys = [public(CURVE, "one", "ES256"), public(RSA, "two", "RS256"), public(SHORT_RSA, "three", "RS256")]
    stub.keys = keys
    for key, key_id, algorithm, opens in (
        (CURVE, "one", "ES256", True), (RSA, "two", "RS256", True), (STRANGER, "one", "ES256", False),
        (SHORT_RSA, "three", "RS256", False), (RSA, "one", "RS256", False), ("a secret of the client, thirty-two", "one", "HS256", False),
        (None, "one", "none", False), (CURVE, None, "ES256", True), (RSA, None, "RS256", False),
    ):  # fmt: skip
        cache.clear()
        stub.key, stub.key_id, stub.algorithm = key, key_id, algorithm
        assert (signs_in(Client(), stub) == "/") is opens, (algorithm, key_id)


def test_a_new_key_of_the_directory_is_fetched_and_a_made_up_one_not_again_and_again(
    stub: DirectoryStub, directory: Directory
) -> None:
    is_(stub, person(StaffRole.LEAD))
    assert signs_in(Client(), stub) == "/"
    stub.key, stub.key_id, stub.algorithm = RSA, "new", "RS256"
    stub.keys = [public(CURVE, "one", "ES256"), public(RSA, "new", "RS256")]
    assert signs_in(Client(), stub) == "/"
    stub.key_id = "made up"
    for _ in range(3):
        assert signs_in(Client(), stub) == "/accounts/login/"
    assert stub.asked.count("/keys") == 2
    assert stub.asked.count("/.well-known/openid-configuration") == 1


def test_an_answer_is_good_once_and_in_the_browser_that_asked(stub: DirectoryStub, directory: Directory) -> None:
    user, asking, other = person(StaffRole.LEAD), Client(), Client()
    is_(stub, user)
    answer = stub.authorize(asking.get("/accounts/company/").headers["Location"])
    assert other.get(answer).headers["Location"] == "/accounts/login/", "a link that somebody else sent signs nobody in"
    assert asking.get(answer.replace("iss=", "iss=x")).headers["Location"] == "/accounts/login/"
    assert asking.get(answer).headers["Location"] == "/accounts/login/", "the first answer took the question with it"
    answer = stub.authorize(asking.get("/accounts/company/").headers["Location"])
    assert asking.get(answer).headers["Location"] == "/"
    assert asking.get(answer).headers["Location"] == "/", "who is signed in already stays who they are"
    with staff_scope():
        assert SignInSession.objects.count() == 1


def test_after_it_nobody_is_led_away_from_us(stub: DirectoryStub, directory: Directory) -> None:
    is_(stub, person(StaffRole.LEAD))
    assert signs_in(Client(), stub, "https://elsewhere.example/") == "/"


def test_whoever_inherits_a_leavers_mailbox_does_not_get_the_account(stub: DirectoryStub, directory: Directory) -> None:
    user, client = person(StaffRole.LEAD), Client()
    is_(stub, user)
    signs_in(client, stub)
    heir = Client()
    is_(stub, user, sub="u-2")
    assert signs_in(heir, stub) == "/accounts/login/"
    assert "Somebody else at your company" in said(heir)
    assert "sign_on_refused" in kinds_of(user)


def test_an_administrator_undoes_a_link_and_the_person_shut_out_stays_out(
    stub: DirectoryStub, directory: Directory
) -> None:
    user, (boss, _) = person(StaffRole.LEAD), staff_signed_in(StaffRole.ADMINISTRATOR)
    is_(stub, user)
    signs_in(Client(), stub)
    assert "company sign-in" in shops.read(boss, "/console/people/")
    assert boss.post(f"/console/people/{user.id}/unlink/").status_code == 303
    assert "identity_unlinked" in kinds_of(user)
    is_(stub, user, sub="u-2")
    assert signs_in(Client(), stub) == "/"
    boss.post(f"/console/people/{user.id}/deactivate/")
    closed = Client()
    assert signs_in(closed, stub) == "/accounts/login/"
    assert "Your account is closed" in said(closed)


def test_a_claim_gives_neither_an_account_nor_a_role_unless_the_operator_wrote_so(
    stub: DirectoryStub, directory: Directory
) -> None:
    user = person(StaffRole.ANALYST)
    is_(stub, user, groups=["admins"], role="administrator", staff_role="administrator")
    assert signs_in(Client(), stub) == "/"
    with staff_scope():
        assert User.objects.get(id=user.id).staff_role == StaffRole.ANALYST
    shops.open_for_business()
    seller = shops.member("sel-1")
    is_(stub, seller, sub="u-3", groups=["admins"])
    assert signs_in(Client(), stub) == "/accounts/login/", "a seller's person is none of the staff"


def test_where_the_operator_wrote_it_a_claim_gives_the_role_and_the_account(
    stub: DirectoryStub, directory: Directory
) -> None:
    mapped = replace(
        directory,
        roles=(RoleClaim("groups", "risk", "analyst"), RoleClaim("groups", "leads", "lead")),
    )
    user, boss = person(StaffRole.ANALYST), person(StaffRole.ADMINISTRATOR)
    with override_settings(DIRECTORY=mapped):
        is_(stub, user, groups=["risk", "leads"])
        assert signs_in(Client(), stub) == "/"
        assert "role_changed" in kinds_of(user)
        is_(stub, None, sub="u-2", groups=["risk"])
        assert signs_in(Client(), stub) == "/"
        is_(stub, boss, sub="u-3", groups=["risk"])
        assert signs_in(Client(), stub) == "/"
        none = Client()
        is_(stub, user, groups=["canteen"])
        assert signs_in(none, stub) == "/accounts/login/"
        assert "gives you no role" in said(none)
    with staff_scope():
        roles = dict(User.objects.values_list("email", "staff_role"))
        assert not User.objects.get(email="new@example.org").has_usable_password()
    assert roles[user.email] == "lead" and roles["new@example.org"] == "analyst"
    assert roles[boss.email] == "administrator", "one administrator always remains"


def test_a_directory_that_is_silent_or_refuses_is_said_in_plain_words(
    stub: DirectoryStub, directory: Directory
) -> None:
    client = Client()
    is_(stub, person(StaffRole.LEAD))
    stub.refuses = "access_denied"
    assert signs_in(client, stub) == "/accounts/login/"
    assert "did not let you in" in said(client)
    stub.refuses = ""
    directory.secret_file.write_text("another")
    assert signs_in(client, stub) == "/accounts/login/"
    assert "did not let you in" in said(client)
    cache.clear()
    stub.configuration = {"issuer": "https://elsewhere.example"}
    assert signs_in(client, stub) == "/accounts/login/"
    assert "could not be accepted" in said(client)
    with override_settings(DIRECTORY=replace(directory, issuer="http://127.0.0.1:9")):
        assert client.get("/accounts/company/").headers["Location"] == "/accounts/login/"
        assert "does not answer" in said(client)


def test_without_a_directory_there_is_no_such_page() -> None:
    assert Client().get("/accounts/company/").status_code == 404
    assert Client().get("/accounts/company/back/").status_code == 404
    assert "Sign in at your company" not in said(Client())


SETTINGS = {
    "SAFECONDUCT_OIDC_ISSUER": "https://login.example", "SAFECONDUCT_OIDC_CLIENT_ID": "c",
    "SAFECONDUCT_OIDC_CLIENT_SECRET_FILE": "/run/secret", "SAFECONDUCT_OIDC_DOMAINS": "@Example.org, shop.example",
    "SAFECONDUCT_OIDC_STRONG": "", "SAFECONDUCT_OIDC_OWN_ADDRESSES": "0",
    "SAFECONDUCT_OIDC_ROLES": "groups:a=b=lead",
}  # fmt: skip


def test_settings_are_read_and_a_wrong_one_is_named() -> None:
    found = read_directory(SETTINGS)
    assert found is not None
    assert found.may_come("ana@example.org") and not found.may_come("ana@sub.example.org")
    assert found.roles == (RoleClaim("groups", "a=b", "lead"),)
    assert read_directory(SETTINGS | {"SAFECONDUCT_OIDC_ISSUER": ""}) is None
    for name, value in (
        ("ISSUER", "http://login.example"), ("ISSUER", "login.example"), ("CLIENT_ID", ""), ("DOMAINS", ""),
        ("CLIENT_SECRET_FILE", ""), ("ROLES", "groups:a=emperor"), ("ROLES", "a=lead"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"SAFECONDUCT_OIDC_{name}"):
            read_directory(SETTINGS | {f"SAFECONDUCT_OIDC_{name}": value})


def test_an_address_that_the_directory_calls_unverified_is_never_taken() -> None:
    own = read_directory(SETTINGS | {"SAFECONDUCT_OIDC_OWN_ADDRESSES": "1"})
    assert own is not None
    assert own.address_of({"email": "Ana@Example.org"}) == "ana@example.org"
    assert own.address_of({"email": "ana@example.org", "email_verified": False}) == ""
