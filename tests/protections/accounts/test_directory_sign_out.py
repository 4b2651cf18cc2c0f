"""Who signs out at the company's directory is signed out here, too: of what began there, and by a real signature."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tests.django_world as world
from django.core.cache import cache
from django.test import Client, override_settings
from tests.kernel.builders import person
from tests.portal import shops
from tests.protections.accounts.directory_stub import (
    CLIENT,
    CURVE,
    RSA,
    SECRET,
    STRANGER,
    DirectoryStub,
    open_directory,
    public,
)

from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.directory import Directory
from safeconduct.kernel.parties.models import SignInSession, StaffRole, User
from safeconduct.kernel.scope import query, staff_scope

TOLD = "/accounts/company/signed-out/"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    world.forget_everything()
    cache.clear()
    yield


@pytest.fixture
def stub() -> Iterator[DirectoryStub]:
    with open_directory() as found:
        yield found


@pytest.fixture(autouse=True)
def directory(stub: DirectoryStub, tmp_path: Path) -> Iterator[Directory]:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    found = Directory(stub.issuer, CLIENT, secret, ("example.org",), frozenset({"hwk"}))
    with override_settings(DIRECTORY=found):
        yield found


def signed_in(stub: DirectoryStub, user: User, **claims: Any) -> Client:
    """Somebody who came by the directory, in a browser of their own."""
    client = Client()
    stub.claims = {"sub": "u-1", "email": user.email, "email_verified": True, "amr": ["hwk"], **claims}
    answer = stub.authorize(client.get("/accounts/company/", headers={"user-agent": "Firefox/128"}).headers["Location"])
    assert client.get(answer, headers={"user-agent": "Firefox/128"}).headers["Location"] == "/"
    assert inside(client)
    return client


def inside(client: Client) -> bool:
    return client.get("/console/", headers={"user-agent": "Firefox/128"}).status_code == 200


def told(token: str) -> int:
    answer = Client().post(TOLD, {"logout_token": token})
    assert answer.headers["Cache-Control"].count("no-store") == 1
    return answer.status_code


def test_one_session_there_ends_what_began_with_it_and_the_page_says_why(stub: DirectoryStub) -> None:
    user = person(StaffRole.LEAD)
    office, home = signed_in(stub, user, sid="s-office"), signed_in(stub, user, sid="s-home")
    assert told(stub.signed_out(sid="s-office")) == 200
    assert not inside(office) and inside(home)
    assert "You signed out at your company" in office.get("/accounts/login/").content.decode()
    with staff_scope():
        assert SignInSession.objects.exclude(ended_at=None).get().ended_why == "by_directory"
        rows = query("SELECT s::text FROM sign_in_session s").fetchall()
        happened = [one.kind for one in security_events.of_person(user.id, since=shops.ago(1))]
    assert "s-office" not in str(rows), "the directory's names stay with the directory"
    assert happened.count("signed_out_at_directory") == 1


def test_without_a_session_all_that_began_there_ends_and_nobody_elses(stub: DirectoryStub) -> None:
    user, other = person(StaffRole.LEAD), person(StaffRole.ANALYST)
    first, second = signed_in(stub, user, sid="s-1"), signed_in(stub, user)
    stranger = signed_in(stub, other, sub="u-2", sid="s-2")
    ours = Client()
    ours.force_login(user)
    assert ours.get("/accounts/sessions/").status_code == 200
    assert told(stub.signed_out()) == 200
    assert not inside(first) and not inside(second) and inside(stranger)
    assert ours.get("/accounts/sessions/").status_code == 200, "what began with us is not the directory's"


def test_a_session_alone_is_enough_and_of_another_person_it_ends_nothing(stub: DirectoryStub) -> None:
    user, other = person(StaffRole.LEAD), person(StaffRole.ANALYST)
    client, stranger = signed_in(stub, user, sid="s-1"), signed_in(stub, other, sub="u-2", sid="s-2")
    assert told(stub.signed_out(sid="s-2", sub="u-1")) == 200
    assert inside(client) and inside(stranger)
    assert told(stub.signed_out(sid="s-2", sub=None)) == 200
    assert inside(client) and not inside(stranger)


def test_where_the_directory_gave_no_name_for_a_session_the_persons_word_counts(stub: DirectoryStub) -> None:
    client = signed_in(stub, person(StaffRole.LEAD))
    assert told(stub.signed_out(sid="never said")) == 200
    assert not inside(client)


def test_a_token_that_comes_again_ends_nothing_that_began_since(stub: DirectoryStub) -> None:
    user = person(StaffRole.LEAD)
    client, token = signed_in(stub, user, sid="s-1"), stub.signed_out()
    assert told(token) == 200 and not inside(client)
    again = signed_in(stub, user, sid="s-1")
    with staff_scope():
        query("UPDATE sign_in_session SET started_at = now() + interval '62 seconds' WHERE ended_at IS NULL")
    assert told(token) == 200 and inside(again)
    with staff_scope():
        happened = [one.kind for one in security_events.of_person(user.id, since=shops.ago(1))]
    assert happened.count("signed_out_at_directory") == 1


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"}, {"aud": "another-client"}, {"aud": None}, {"iat": None}, {"exp": None},
        {"exp": int(time.time()) - 120}, {"iat": int(time.time()) - 3600}, {"iat": int(time.time()) + 3600},
        {"iat": "now"}, {"iat": float("nan")}, {"exp": float("inf")}, {"nonce": "n-1"}, {"nonce": ""}, {"jti": None}, {"jti": ""}, {"sub": None}, {"sub": ""},
        {"sub": 7}, {"sid": ["s-1"]}, {"sid": "s" * 256}, {"events": None}, {"events": {}}, {"events": [EVENT]},
        {"events": {EVENT: True}}, {"events": {"http://schemas.openid.net/event/other": {}}},
    ],
)  # fmt: skip
def test_a_token_that_fails_in_one_point_ends_nothing(stub: DirectoryStub, claims: dict[str, Any]) -> None:
    client = signed_in(stub, person(StaffRole.LEAD), sid="s-1")
    assert told(stub.signed_out(**claims)) == 400
    assert inside(client)


def test_neither_an_identity_token_nor_a_strangers_nor_an_unsigned_one_passes(stub: DirectoryStub) -> None:
    client = signed_in(stub, person(StaffRole.LEAD), sid="s-1")
    stub.keys = [public(CURVE, "one", "ES256"), public(RSA, "two", "RS256")]
    cache.clear()
    for kind in (None, "JWT", "at+jwt"):
        assert told(stub.signed_out(kind)) == 400, kind
    assert told(stub.signed("a nonce")) == 400
    for key, key_id, algorithm in (
        (STRANGER, "one", "ES256"), (RSA, "one", "RS256"), (None, "one", "none"),
        ("a secret of the client, thirty-two", "one", "HS256"),
    ):  # fmt: skip
        stub.key, stub.key_id, stub.algorithm = key, key_id, algorithm
        assert told(stub.signed_out()) == 400, algorithm
    for junk in ("", "x", "a.b.c", "y" * 20_000):
        assert told(junk) == 400
    assert inside(client)
    stub.key, stub.key_id, stub.algorithm = RSA, "two", "RS256"
    assert told(stub.signed_out("application/logout+JWT")) == 200 and not inside(client)


def test_a_directory_that_is_silent_may_say_it_again(stub: DirectoryStub, directory: Directory) -> None:
    client, token = signed_in(stub, person(StaffRole.LEAD), sid="s-1"), stub.signed_out()
    cache.clear()
    stub.configuration = {"jwks_uri": f"{stub.issuer}/nothing-there"}
    assert told(token) == 503 and inside(client)
    stub.configuration = {}
    cache.clear()
    assert told(token) == 200 and not inside(client)


def test_a_sign_in_that_was_broken_off_binds_nobody_elses_session_to_the_directory(stub: DirectoryStub) -> None:
    user, other = person(StaffRole.LEAD), person(StaffRole.ANALYST)
    client = signed_in(stub, user, sid="s-1")
    client.post("/accounts/logout/")
    client.force_login(other)
    assert told(stub.signed_out()) == 200
    assert client.get("/accounts/sessions/").status_code == 200


@override_settings(PAGE_RATE_PER_MINUTE=5)
def test_everybody_who_goes_home_at_five_is_signed_out_and_a_flood_is_not_read(stub: DirectoryStub) -> None:
    token = stub.signed_out(sub="nobody here")
    assert [told(token) for _ in range(100)] == [200] * 100
    assert Client().post(TOLD, {"logout_token": token}).status_code == 429


def test_nobody_asks_by_a_link_and_without_a_directory_there_is_no_such_door() -> None:
    assert Client().get(TOLD).status_code == 405
    with override_settings(DIRECTORY=None):
        assert Client().post(TOLD, {"logout_token": "x"}).status_code == 404
