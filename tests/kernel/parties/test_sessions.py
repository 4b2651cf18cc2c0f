"""Sessions end: by the clock, by number, by their person, by a change of factor or password."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from tests.kernel.builders import START, person

from safeconduct.kernel.parties import security_events, sessions
from safeconduct.kernel.parties.browsers import browser_of
from safeconduct.kernel.parties.models import SignInSession, StaffRole, User
from safeconduct.kernel.parties.security_events import ORIGIN_KEPT, Origin
from safeconduct.kernel.parties.sessions import MEMBER, STAFF, Ended, Limits
from safeconduct.kernel.parties.traits import COUNT, traits_of
from safeconduct.kernel.scope import engine_scope, query, staff_scope, visitor_scope

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


def begun(who: User, key: str, at: datetime) -> str:
    return sessions.begin(who.id, key, Origin("203.0.113.9", FIREFOX), at)[0]


@pytest.mark.parametrize(("role", "limits"), [(StaffRole.NONE, MEMBER), (StaffRole.LEAD, STAFF)])
def test_a_session_is_over_on_the_second_after_its_hours_and_after_it_was_idle(role: StaffRole, limits: Limits) -> None:
    who, second = person(role), timedelta(seconds=1)
    with visitor_scope():
        identity = begun(who, "key-1", START)
        idle = sessions.look_up(who.id, "key-1", START + limits.idle)
        assert idle is not None and idle.over is Ended.IDLE
        busy = sessions.look_up(who.id, "key-1", START + limits.idle - second)
        assert busy is not None and busy.over is None and busy.stale
        sessions.seen(identity, START + limits.lasts - second)
        for at, over in ((START + limits.lasts - second, None), (START + limits.lasts, Ended.EXPIRED)):
            found = sessions.look_up(who.id, "key-1", at)
            assert found is not None and found.over is over


def test_a_sixth_session_ends_the_oldest_and_no_other() -> None:
    who, other = person(StaffRole.NONE), person(StaffRole.NONE)
    with visitor_scope():
        begun(other, "other", START)
        ids = [begun(who, f"key-{n}", START + timedelta(minutes=n)) for n in range(sessions.AT_ONCE)]
        _sixth, ended = sessions.begin(who.id, "key-6", Origin(), START + timedelta(hours=1))
        assert ended == 1
        gone = SignInSession.objects.get(ended_at__isnull=False)
        assert (gone.id, gone.ended_why) == (ids[0], "too_many")


def test_the_same_key_is_begun_once_and_ended_once() -> None:
    who = person(StaffRole.NONE)
    with visitor_scope():
        one = begun(who, "key-1", START)
        assert begun(who, "key-1", START) == one
        assert sessions.end(one, who.id, Ended.REVOKED, START)
        assert not sessions.end(one, who.id, Ended.IDLE, START)
        assert not sessions.end(one, person(StaffRole.NONE).id, Ended.IDLE, START)


def test_neither_key_nor_address_nor_browser_stand_in_the_table_in_clear() -> None:
    who = person(StaffRole.NONE)
    with visitor_scope():
        begun(who, "key-of-the-session", START)
        (row,) = query("SELECT s::text, encode(key_hash, 'escape') || encode(origin, 'escape') FROM sign_in_session s")
        one = SignInSession.objects.get()
    for planted in ("key-of-the-session", "203.0.113.9", "Firefox"):
        assert planted not in row[0] + row[1]
    assert sessions.origin_of(one) == Origin("203.0.113.9", FIREFOX)


def test_sign_in_data_are_deleted_after_their_time() -> None:
    who = person(StaffRole.NONE)
    with visitor_scope():
        begun(who, "old", START)
        begun(who, "new", START + timedelta(days=1))
    with engine_scope():
        assert sessions.forget(START + ORIGIN_KEPT + timedelta(hours=1)) == 1
        assert SignInSession.objects.count() == 1


def test_a_session_that_was_ended_elsewhere_opens_nothing_although_the_browser_has_its_cookie() -> None:
    who, client = person(StaffRole.NONE), Client()
    client.force_login(who)
    client.get("/accounts/2fa/")
    with visitor_scope():
        one = SignInSession.objects.get()
        sessions.end(one.id, who.id, Ended.REVOKED, START)
    answer = client.get("/accounts/2fa/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/")
    assert "This session was ended from another one." in answer.content.decode()
    assert client.get("/accounts/2fa/").status_code == 302


def test_signing_out_is_written_down_and_confirming_who_one_is_changes_the_sessions_key() -> None:
    who, client = person(StaffRole.NONE), Client()
    who.set_password("a long pass phrase")
    with visitor_scope():
        who.save()
    client.post("/accounts/login/", {"login": who.email, "password": "a long pass phrase"})
    before = client.session.session_key
    answer = client.post("/accounts/reauthenticate/", {"password": "a long pass phrase"})
    assert answer.status_code == 302
    assert client.session.session_key != before
    assert client.get("/accounts/2fa/").status_code == 200, "it is the same session under another key"
    client.post("/accounts/logout/")
    with visitor_scope():
        assert SignInSession.objects.get().ended_why == "signed_out"


def test_a_new_password_ends_every_session() -> None:
    who, mine, other = person(StaffRole.NONE), Client(), Client()
    who.set_password("a long pass phrase")
    with visitor_scope():
        who.save()
    for client in (mine, other):
        client.post("/accounts/login/", {"login": who.email, "password": "a long pass phrase"})
    mine.post(
        "/accounts/password/change/",
        {"oldpassword": "a long pass phrase", "password1": "quite another phrase", "password2": "quite another phrase"},
    )
    with visitor_scope():
        assert set(SignInSession.objects.values_list("ended_why", flat=True)) == {"password_changed"}
    assert other.get("/accounts/2fa/").status_code == 302


@pytest.mark.parametrize(
    ("says", "shown"),
    [
        (FIREFOX, "Firefox, Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1",
            "Safari, iOS",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        ("curl/8.5", ""),
    ],
)
def test_a_browser_is_named_in_two_words(says: str, shown: str) -> None:
    assert str(browser_of(says)) == shown


def test_a_neighbour_shares_the_network_and_not_the_address() -> None:
    mine, neighbour = traits_of("203.0.113.9", FIREFOX), traits_of("203.0.113.77", FIREFOX)
    assert len(mine) == COUNT
    assert mine[0] != neighbour[0] and mine[1:] == neighbour[1:]
    assert traits_of("2001:db8:1:2::1", "")[1] == traits_of("2001:db8:1:3::1", "")[1]


@pytest.mark.parametrize(
    ("network", "browser", "ends"),
    [
        ("198.51.100.7", FIREFOX, False),  # a telephone on another tower
        ("203.0.113.1", "curl/8.5", False),  # the same office
        ("198.51.100.7", FIREFOX.replace("128.0", "129.0"), False),  # an update on a journey
        ("198.51.100.7", "Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36", True),
    ],
)
def test_a_cookie_that_goes_on_in_another_network_and_browser_opens_nothing(
    network: str, browser: str, ends: bool
) -> None:
    who, client = person(StaffRole.NONE), Client()
    client.force_login(who)
    client.get("/accounts/2fa/", headers={"user-agent": FIREFOX}, REMOTE_ADDR="203.0.113.1")
    answer = client.get("/accounts/2fa/", headers={"user-agent": browser}, REMOTE_ADDR=network)
    assert (answer.status_code == 302) is ends
    with staff_scope():
        assert SignInSession.objects.get().ended_why == ("moved" if ends else "")
        told = [e.kind for e in security_events.of_person(who.id, since=START)]
    assert told == (["session_moved"] if ends else [])
