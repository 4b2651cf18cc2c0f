"""The staff work in browsers that were let in, no older than they may be, and show anew who they are where it matters."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client, override_settings
from django.utils import timezone
from tests.cli.commands import safeconduct
from tests.kernel.builders import person
from tests.portal.passkeys import Passkey
from tests.portal.shops import PASSWORD

from safeconduct.config import environment
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties import attempts, security_events, sessions, staff_devices
from safeconduct.kernel.parties.errors import DeviceRefused
from safeconduct.kernel.parties.models import SignInSession, StaffRole, User
from safeconduct.kernel.parties.security_events import Origin
from safeconduct.kernel.parties.sign_in_models import StaffDevice
from safeconduct.kernel.parties.traits import network_of
from safeconduct.kernel.scope import query, staff_scope, visitor_scope

HERE, ASK, LIST = "/console/", "/console/device/", "/console/people/devices/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
ALL = ("analyst", "lead", "administrator")


@pytest.fixture(autouse=True)
def demanded() -> Iterator[None]:
    with override_settings(STAFF_PASSKEY_ONLY=True, STAFF_DEVICES=ALL):
        yield


def sits_at_a_browser(user: User) -> Client:
    """Somebody who has just signed in with a passkey, in a browser of their own."""
    client, now = Client(headers={"user-agent": FIREFOX}), timezone.now()
    client.force_login(user)
    with staff_scope():
        if not Authenticator.objects.filter(user=user).exists():
            Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={})
    with visitor_scope():
        token, _ = attempts.remember(user, "", now)
        sessions.begin(
            user.id, client.session.session_key or "", Origin("127.0.0.1", FIREFOX), now,
            device=attempts.device_of(user, token), factor="passkey",
        )  # fmt: skip
    client.cookies[attempts.cookie_name(user.id)] = token
    proves(client, user)
    return client


def proves(client: Client, user: User, *, ago_s: float = 0.0, network: str = "127.0.0.1") -> None:
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "type": "webauthn", "at": time.time() - ago_s}]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = user.id
    session["proved_in"] = network_of(network)
    session.save()


def proves_again(client: Client, user: User) -> None:
    """As whoever confirms with a passkey within a session."""
    proves(client, user)
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY][0]["reauthenticated"] = True
    session.save()


def inside(client: Client) -> bool:
    answer = client.get(HERE)
    assert answer.status_code == 200 or answer.headers["Location"] == ASK, answer.headers
    return answer.status_code == 200


def let_in(user: User, by: User) -> StaffDevice:
    """The browser that waits is let in."""
    with staff_scope():
        (waits,) = [one for one in staff_devices.waiting() if one.person_id == user.id]
        return staff_devices.approve(waits.id, by, at=timezone.now())[0]


def kinds_of(user: User) -> list[str]:
    with staff_scope():
        return [one.kind for one in security_events.of_person(user.id, since=timezone.now() - timedelta(hours=1))]


def test_a_passkey_in_an_unknown_browser_opens_nothing_until_an_administrator_has_let_it_in() -> None:
    user, boss = person(StaffRole.LEAD), person(StaffRole.ADMINISTRATOR)
    client, desk = sits_at_a_browser(user), sits_at_a_browser(boss)
    desk.post(ASK)
    let_in(boss, person(StaffRole.ADMINISTRATOR))
    assert not inside(client)
    for method, address in (("get", "/console/decisions/"), ("post", "/console/queue/bulk/")):
        assert getattr(client, method)(address).headers["Location"] == ASK
    page = client.get(ASK).content.decode()
    assert "Ask for this browser" in page
    assert client.post(ASK).status_code == 303 and client.post(ASK).status_code == 303
    with staff_scope():
        (waits,) = staff_devices.waiting()
        told = StoredNotice.objects.filter(code="staff.device", values__code=staff_devices.shown_as(waits)).count()
        assert told == User.objects.filter(staff_role=StaffRole.ADMINISTRATOR).count()
    assert staff_devices.shown_as(waits) in client.get(ASK).content.decode() and not inside(client)
    listed = desk.get(LIST).content.decode()
    assert staff_devices.shown_as(waits) in listed and "Firefox, Windows" in listed
    proves_again(desk, boss)
    assert desk.post(f"{LIST}{waits.id}/approve/").status_code == 303
    assert inside(client)
    assert {"device_asked", "device_enrolled"} <= set(kinds_of(user))
    other = sits_at_a_browser(user)
    assert not inside(other), "a copied cookie of the session, or the passkey elsewhere, is another browser"


def test_nobody_lets_in_their_own_browser_and_the_database_says_so_too() -> None:
    boss = person(StaffRole.ADMINISTRATOR)
    client = sits_at_a_browser(boss)
    client.post(ASK)
    with staff_scope():
        (waits,) = staff_devices.waiting()
        with pytest.raises(DeviceRefused, match="of their own"):
            staff_devices.approve(waits.id, boss, at=timezone.now())
    with pytest.raises(psycopg.errors.CheckViolation), staff_scope():
        query(
            "UPDATE staff_device SET approved_at = now(), approved_by_id = person_id, how = 'administrator'"
            " WHERE id = %s",
            [waits.id],
        )
    assert not inside(client)


def test_a_browser_that_is_taken_out_is_out_at_once_with_its_sessions() -> None:
    user, boss = person(StaffRole.LEAD), person(StaffRole.ADMINISTRATOR)
    client = sits_at_a_browser(user)
    client.post(ASK)
    found = let_in(user, boss)
    assert inside(client)
    with staff_scope():
        staff_devices.end(found.id, boss, at=timezone.now())
        assert SignInSession.objects.get(person=user).ended_why == "by_staff"
    assert client.get(HERE).headers["Location"].startswith("/accounts/login/")


def test_it_holds_for_a_year_and_is_asked_for_anew() -> None:
    user, boss = person(StaffRole.LEAD), person(StaffRole.ADMINISTRATOR)
    client = sits_at_a_browser(user)
    client.post(ASK)
    let_in(user, boss)
    with staff_scope():
        query("UPDATE staff_device SET approved_at = now() - interval '367 days'")
    assert not inside(client)
    assert client.post(ASK).status_code == 303
    let_in(user, boss)
    assert inside(client)


def test_the_first_passkey_of_a_new_colleague_enrols_the_browser_and_a_later_one_does_not() -> None:
    user, now = person(StaffRole.LEAD), timezone.now()
    client = sits_at_a_browser(user)
    with staff_scope():
        device = SignInSession.objects.get(person=user).device
        old = person(StaffRole.LEAD)
        query("UPDATE person SET created_at = %s WHERE id = %s", [now - timedelta(days=3), old.id])
        old.refresh_from_db()
        Authenticator.objects.create(user=old, type=Authenticator.Type.WEBAUTHN, data={})
        query("UPDATE person SET created_at = %s WHERE id = %s", [now, user.id])
        user.refresh_from_db()
        assert not staff_devices.with_first_passkey(old, "dvc_old", FIREFOX, at=now), "nobody has just vouched for them"
        assert not staff_devices.with_first_passkey(user, "", FIREFOX, at=now)
        assert staff_devices.with_first_passkey(user, device, FIREFOX, at=now)
        assert not staff_devices.with_first_passkey(user, "dvc_other", FIREFOX, at=now), "once"
    assert inside(client)


def test_the_operator_lets_in_what_was_asked_for_and_says_how_they_know() -> None:
    boss = person(StaffRole.ADMINISTRATOR)
    with staff_scope(), pytest.raises(DeviceRefused, match="no browser of theirs waits"):
        staff_devices.approve_by_operator(boss.email, "We sat side by side.", at=timezone.now())
    client = sits_at_a_browser(boss)
    client.post(ASK)

    def lets_in(why: str) -> subprocess.CompletedProcess[str]:
        return safeconduct("people", "device", boss.email, "--why", why)

    assert "at least 10 letters" in lets_in("because").stderr and not inside(client)
    assert "for a year" in lets_in("We sat side by side.").stdout and inside(client)


def test_who_asks_again_and_again_has_one_request_and_another_browser_takes_its_place() -> None:
    user = person(StaffRole.LEAD)
    first, second = sits_at_a_browser(user), sits_at_a_browser(user)
    for client in (first, first, second):
        client.post(ASK)
    with staff_scope():
        assert len(staff_devices.waiting()) == 1 and StaffDevice.objects.count() == 2
    assert "Ask for this browser" in first.get(ASK).content.decode()


def test_an_act_asks_for_the_passkey_again_after_two_hours_and_in_another_network() -> None:
    user, boss = person(StaffRole.LEAD), person(StaffRole.ADMINISTRATOR)
    client = sits_at_a_browser(user)
    client.post(ASK)
    let_in(user, boss)
    acts = "/console/lists/"
    assert client.post(acts, {}).status_code == 200
    proves(client, user, ago_s=7300)
    assert "/2fa/webauthn/reauthenticate/" in client.post(acts, {}).headers["Location"]
    assert client.get(acts).status_code == 200, "whoever looks is not asked"
    proves(client, user)
    assert client.post(acts, {}, REMOTE_ADDR="203.0.113.9").headers["Location"].startswith("/accounts/2fa/webauthn/")
    assert client.post(acts, {}).status_code == 200, "back where it was shown"


def test_what_is_judged_to_be_a_thief_in_another_network_loses_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    from safeconduct.foundation.policy.nodes import Action
    from safeconduct.protections.accounts.risk.judging import ActKind, Judgement
    from safeconduct.protections.accounts.risk.signals import Level
    from safeconduct.protections.accounts.sign_in import adapter

    asked: list[tuple[ActKind, dict[str, object]]] = []

    def judged(_person: User, kind: ActKind, known: dict[str, object], _at: object) -> Judgement:
        asked.append((kind, known))
        return Judgement(Action.BLOCK, Level.LOCK, "dec_1", ("session_off_its_device",))

    monkeypatch.setattr(adapter, "judgement_of", judged)
    user, boss = person(StaffRole.LEAD), person(StaffRole.ADMINISTRATOR)
    client = sits_at_a_browser(user)
    client.post(ASK)
    let_in(user, boss)
    answer = client.post("/console/lists/", {}, REMOTE_ADDR="203.0.113.9")
    assert answer.headers["Location"].startswith("/accounts/login/")
    kind, known = asked[0]
    assert kind is ActKind.SESSION_USE and known["network_changed"] is True and known["device"]
    assert client.get(HERE).headers["Location"].startswith("/accounts/login/")
    assert "session_moved" in kinds_of(user)


@override_settings(STAFF_BROWSERS={"Firefox": 141, "Chrome": 140})
def test_an_older_or_another_browser_is_told_which_one_to_come_with() -> None:
    client = sits_at_a_browser(person(StaffRole.LEAD))
    old = client.get(HERE)
    assert old.status_code == 403 and "older than" in old.content.decode() and "141" in old.content.decode()
    for agent, told in (
        (FIREFOX.replace("140.0", "141.0"), ""), ("curl/8.0", "Chrome, Firefox"), ("", "Chrome, Firefox"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605 (KHTML, like Gecko) Version/18.0 Safari/605", "Chrome, Firefox"),
    ):  # fmt: skip
        answer = client.get(ASK, headers={"user-agent": agent})
        assert (answer.status_code == 200) is not bool(told) and told in answer.content.decode(), agent


@override_settings(SESSION_COOKIE_SECURE=True)
def test_a_browser_that_lacks_what_pages_are_made_safe_with_is_warned_and_the_console_does_not_open() -> None:
    old, new = Client(), Client(headers={"sec-fetch-site": "none", "sec-fetch-mode": "navigate"})
    words = "too old to be safe"
    assert words in old.get("/accounts/login/", secure=True).content.decode()
    assert words not in new.get("/accounts/login/", secure=True).content.decode()
    user = person(StaffRole.LEAD)
    for client, status in ((old, 403), (new, 302)):
        client.force_login(user)
        assert client.get(HERE, secure=True).status_code == status


def test_where_the_operator_asks_for_it_a_passkey_that_is_copied_between_devices_opens_nothing() -> None:
    for copied, opens in ((False, True), (True, False)):
        user, boss = person(StaffRole.LEAD), person(StaffRole.ADMINISTRATOR)
        Passkey.of(user, copied=copied)
        client = sits_at_a_browser(user)
        with staff_scope():
            row = Authenticator.objects.get(user=user)
        client.post(ASK)
        let_in(user, boss)
        session = client.session
        session[AUTHENTICATION_METHODS_SESSION_KEY][0]["id"] = row.pk
        session.save()
        assert inside(client), "any passkey, unless it is asked for"
        with override_settings(STAFF_PASSKEYS="device"):
            answer = client.get(HERE)
            assert (answer.status_code == 200) is opens and (
                "copied between devices" in answer.content.decode()
            ) is not opens


@pytest.mark.parametrize(
    ("mode", "said", "roles"),
    [
        ("production", "", ALL), ("production", "none", ()), ("demo", "", ()), ("development", "", ()),
        ("development", "administrator, lead", ("administrator", "lead")),
    ],
)  # fmt: skip
def test_production_lets_the_staff_work_in_known_browsers_only_unless_it_says_otherwise(
    mode: str, said: str, roles: tuple[str, ...]
) -> None:
    env = environment.read({"SAFECONDUCT_MODE": mode, "SAFECONDUCT_STAFF_DEVICES": said})
    assert env.staff_devices == roles


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SAFECONDUCT_STAFF_DEVICES", "boss", "is no role"), ("SAFECONDUCT_STAFF_BROWSERS", "Netscape=4", "Netscape"),
        ("SAFECONDUCT_STAFF_BROWSERS", "Firefox", "must look like"), ("SAFECONDUCT_STAFF_PASSKEYS", "none", "can be"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_named(name: str, value: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as problem:
        environment.read({name: value})
    assert name in str(problem.value)


def test_a_new_colleague_comes_in_with_a_password_sets_a_passkey_up_and_works_there_and_nowhere_else() -> None:
    user, client = person(StaffRole.LEAD, password=PASSWORD), Client(headers={"user-agent": FIREFOX})
    with staff_scope():
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert client.get(HERE).headers["Location"] == "/accounts/2fa/"
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    key, made = Passkey.made_on(client.get("/accounts/2fa/webauthn/add/").content.decode())
    added = client.post("/accounts/2fa/webauthn/add/", {"credential": made, "name": "blue", "passwordless": "on"})
    assert added.status_code == 302, added.content.decode()[-2000:]
    asked = client.get(HERE).headers["Location"]
    assert asked.startswith("/accounts/2fa/webauthn/reauthenticate/")
    client.post(asked, {"credential": key.sign(client.get(asked).content.decode())})
    assert inside(client)
    with staff_scope():
        found = StaffDevice.objects.get(person=user)
    assert (found.how, found.browser) == ("first_passkey", "Firefox, Windows")
    assert not inside(sits_at_a_browser(user)), "the passkey in another browser is another matter"
