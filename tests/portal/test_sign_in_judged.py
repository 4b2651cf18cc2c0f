"""Signing in, judged: thieves are asked for more, and the owner's own browser always opens."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib.resources import files

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client

from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.notices.models import NoticeCopy, StoredNotice
from safeconduct.kernel.notices.texts import text_of
from safeconduct.kernel.parties import attempts, security_events, sessions
from safeconduct.kernel.parties.models import SignInSession, User
from safeconduct.kernel.parties.security_events import Origin
from safeconduct.kernel.parties.traits import traits_of
from safeconduct.kernel.scope import engine_scope, owner_scope, query, staff_scope, visitor_scope
from safeconduct.protections.accounts.risk.judging import ActKind
from safeconduct.protections.accounts.sign_in import history, log, own_sessions
from safeconduct.protections.accounts.sign_in.judged import judgement_of
from tests.console.test_console import signed_in as staff_signed_in
from tests.kernel.builders import live_policy
from tests.portal import shops
from tests.portal.second_steps import code_of
from tests.portal.shops import PASSWORD

POLICY = (files("safeconduct.protections.accounts") / "policies" / "account-risk.yaml").read_text("utf-8")


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    cache.clear()
    shops.open_for_business()
    live_policy(POLICY)


def enters(client: Client, user: User, password: str = PASSWORD, network: str = "127.0.0.1") -> bool:
    cache.clear()
    answer = client.post(
        "/accounts/login/", {"login": user.email, "password": password}, headers={"user-agent": "Firefox/128"},
        REMOTE_ADDR=network,
    )  # fmt: skip
    return answer.status_code == 302 and "/login/" not in answer.headers["Location"]


def under_attack(user: User) -> None:
    """Ten wrong passwords from five addresses within a day (S09), as the log counts them."""
    for n in range(10):
        log.failed(user, user.email, "password", Origin(f"198.51.100.{n % 5}", ""), lanes.utc_now())


def kinds_of(user: User) -> list[str]:
    with staff_scope():
        return [e.kind for e in security_events.of_person(user.id, since=shops.ago(1))]


def test_an_ordinary_sign_in_is_allowed_and_told_to_the_log() -> None:
    user, client = shops.member("sel-1"), Client()
    assert enters(client, user)
    with engine_scope():
        told = query("SELECT count(*) FROM event WHERE type IN ('access.requested', 'session.started')").fetchone()
    assert told == (2,)
    assert client.get("/portal/").status_code == 200


def test_while_an_account_is_attacked_a_stranger_with_the_right_password_is_refused_and_its_owner_is_not() -> None:
    user, own, stranger = shops.member("sel-1"), Client(), Client()
    assert enters(own, user)
    own.post("/accounts/logout/")
    under_attack(user)
    for _ in range(3):
        answer = stranger.post("/accounts/login/", {"login": user.email, "password": PASSWORD}, follow=True)
    assert "We could not complete this sign-in." in answer.content.decode()
    assert stranger.get("/portal/").status_code == 302
    assert "sign_in_refused" in kinds_of(user)
    assert enters(own, user), "the owner's own browser always opens"
    with staff_scope():
        assert StoredNotice.objects.filter(values__what="sign_in_refused").count() == 1


def test_with_a_second_step_the_owner_gets_in_from_a_new_browser_even_then() -> None:
    user, stranger = shops.member("sel-1"), Client()
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    under_attack(user)
    answer = stranger.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/accounts/2fa/authenticate/"


def test_a_wrong_code_is_counted_by_the_log() -> None:
    user, client = shops.member("sel-1"), Client()
    with staff_scope():
        TOTP.activate(user, generate_totp_secret())
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    with engine_scope():
        assert query("SELECT count(*) FROM event WHERE type = 'session.failed'").fetchone() == (1,)


def test_when_the_engine_cannot_answer_a_person_without_a_second_step_is_let_in() -> None:
    user, client = shops.member("sel-1"), Client()
    with owner_scope():
        query("REVOKE INSERT ON decision FROM safeconduct_engine")
    try:
        answer = judgement_of(user, ActKind.SIGN_IN, {"new_device": True}, lanes.utc_now())
        assert answer.decision_id == "" and answer.step_up
        assert enters(client, user)
    finally:
        with owner_scope():
            query("GRANT INSERT ON decision TO safeconduct_engine")


def test_getting_in_by_the_mailbox_stops_payouts_for_seven_days_and_tells_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    user, client = shops.member("sel-1"), Client()
    client.post("/accounts/password/reset/", {"email": user.email})
    (link,) = re.findall(r"http://testserver(/accounts/password/reset/key/\S+)", capsys.readouterr().out)
    asked = client.get(link).headers["Location"]
    given = {"password1": "quite another phrase", "password2": "quite another phrase"}
    assert client.post(asked, given).status_code == 302
    key = shops.seller_key()
    with engine_scope():
        assert payout_accounts.stops([key], lanes.utc_now() + timedelta(days=6)) == {key: "account_risk"}
        assert payout_accounts.stops([key], lanes.utc_now() + timedelta(days=8)) == {}
    with staff_scope():
        copies = [c for c in NoticeCopy.objects.select_related("notice") if "what" in c.notice.values]
        told = {c.notice.values["what"]: c.urgency for c in copies}
    assert told == {"recovered": "now", "password_changed": "now"}
    assert enters(Client(), user, "quite another phrase"), "who has no second step is not kept out for it"


def test_a_sign_in_unlike_the_earlier_ones_scores_higher_and_only_many_make_limits() -> None:
    user, other = shops.member("sel-1"), shops.member("sel-2")
    with visitor_scope():
        for n in range(6):
            who = user if n % 2 else other
            place = Origin("203.0.113.1", "Firefox/128") if n % 2 else Origin("198.51.100.7", "Chrome/126")
            sessions.begin(who.id, f"key-{n}", place, shops.ago(10 - n))
        usual = history.score_of(user.id, traits_of("203.0.113.1", "Firefox/128"))
        strange = history.score_of(user.id, traits_of("192.0.2.200", "curl/8"))
        assert usual is not None and strange is not None and strange.value > 4 * usual.value
        assert history.score_of(shops.member("sel-1").id, traits_of("203.0.113.1", "")) is None
        cache.clear()
        assert history.band_of(strange, shops.NOW) is None, "six sign-ins are too few to say what is usual"


def test_from_five_thousand_accepted_sign_ins_on_the_most_unusual_ones_are_named() -> None:
    user = shops.member("sel-1")
    with visitor_scope():
        sessions.begin(user.id, "key", Origin(), shops.ago(10))
        query(
            "INSERT INTO sign_in_session (id, person_id, key_hash, device, origin, traits, score, factor, started_at,"
            " last_seen_at, ended_at, ended_why) SELECT 'ses_' || n, %s, convert_to('k' || n, 'UTF8'), '', '', '{}', n,"
            " '', %s, %s, %s, 'idle' FROM generate_series(1, %s) n",
            [user.id, shops.ago(5), shops.ago(5), shops.ago(5), history.LIMITS_FROM],
        )
        cache.clear()
        assert [history.band_of(history.Score(score, False), shops.NOW) for score in (100.0, 4751.0, 4976.0)] == [
            0,
            1,
            2,
        ]
        assert history.band_of(None, shops.NOW) is None


def test_the_session_keeps_its_score_and_a_known_browser_is_a_device_of_the_person() -> None:
    user, client = shops.member("sel-1"), Client()
    for _ in range(2):
        assert enters(client, user)
        client.post("/accounts/logout/")
    with visitor_scope():
        first, second = SignInSession.objects.order_by("started_at")
        assert first.score is None and second.score is not None
        assert second.device == attempts.devices_of(user)[0].id


def test_a_page_of_security_lists_sessions_and_ends_another_one() -> None:
    user, here, there = shops.member("sel-1"), Client(), Client()
    assert enters(here, user) and enters(there, user)
    page = here.get("/portal/accounts/").content.decode()
    assert page.count("Firefox") >= 2 and "this one" in page and "with a password only" in page
    with visitor_scope():
        other = SignInSession.objects.order_by("started_at").last()
    assert other is not None
    asked = here.post("/accounts/sessions/", {"end": other.id})
    assert asked.headers["Location"] == "/accounts/reauthenticate/?next=/accounts/sessions/"
    assert there.get("/portal/").status_code == 200, "whoever sits at an open session ends no other one"
    assert here.post(asked.headers["Location"], {"password": PASSWORD}).status_code == 302
    assert here.post("/accounts/sessions/", {"end": other.id}).status_code == 303
    assert there.get("/portal/").status_code == 302
    assert here.get("/portal/").status_code == 200
    assert "session_revoked" in kinds_of(user)


def test_a_session_past_its_hours_is_shown_as_ended_though_nobody_came_back_to_it() -> None:
    user, here, left_open = shops.member("sel-1"), Client(), Client()
    assert enters(left_open, user) and enters(here, user)
    with visitor_scope():
        query("UPDATE sign_in_session SET last_seen_at = last_seen_at - interval '3 hours' WHERE id = %s",
              [SignInSession.objects.order_by("started_at").values_list("id", flat=True)[0]])  # fmt: skip
        runs, over = (one["runs"] for one in own_sessions.shown(user, "")["sessions"])
    assert (runs, over) == (True, False)
    assert "ended: not used for a while" in here.get("/portal/accounts/").content.decode()


def test_nobody_ends_the_session_of_somebody_else() -> None:
    one, two = Client(), Client()
    assert enters(one, shops.member("sel-1")) and enters(two, shops.member("sel-1"))
    with visitor_scope():
        theirs = SignInSession.objects.order_by("started_at").last()
    assert theirs is not None
    one.post("/accounts/reauthenticate/", {"password": PASSWORD})
    one.post("/accounts/sessions/", {"end": theirs.id})
    one.post("/accounts/sessions/", {"end": "others", "back": "https://elsewhere.example/"})
    assert two.get("/portal/").status_code == 200


def test_staff_see_and_end_their_sessions_as_well() -> None:
    staff, user = staff_signed_in(second_factor=False)
    secret = generate_totp_secret()
    with staff_scope():
        TOTP.activate(user, secret)
    assert "this one" in shops.read(staff, "/accounts/sessions/")
    other = Client()
    other.force_login(user)
    other.get("/console/")
    staff.post("/accounts/2fa/reauthenticate/", {"code": code_of(secret)})
    answer = staff.post("/accounts/sessions/", {"end": "others", "back": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/accounts/sessions/"
    assert other.get("/console/").status_code == 302
    assert staff.get("/console/").status_code == 200
    assert Client().get("/accounts/sessions/").status_code == 302


def written_to(capsys: pytest.CaptureFixture[str], address: str) -> str:
    """The latest mail to an address."""
    mails = capsys.readouterr().out.replace("=\n", "").split("-" * 79)
    return [one for one in mails if f"To: {address}" in one][-1]


def asks_for(client: Client, address: str) -> None:
    cache.clear()
    answer = client.post("/accounts/email/", {"action_add": "", "email": address})
    assert answer.headers["Location"] == "/accounts/confirm-email/", answer.content.decode()


def test_another_address_takes_the_place_of_the_one_in_use_once_its_mailbox_has_shown_a_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    user, client = shops.member("sel-1"), Client()
    old = user.email
    assert enters(client, user)
    with staff_scope():
        TOTP.activate(user, secret := generate_totp_secret())
    client.post("/accounts/2fa/reauthenticate/", {"code": code_of(secret)})
    asks_for(client, "new@example.org")
    written = written_to(capsys, "new@example.org")
    assert "/message/" in written, "it can be asked whether it is from us"
    assert User.objects.get(id=user.id).email == old
    (code,) = re.findall(r"^([A-Z0-9]{4,}-?[A-Z0-9]*)$", written.replace("\r", ""), re.MULTILINE)
    client.post("/accounts/confirm-email/", {"code": code})
    assert User.objects.get(id=user.id).email == "new@example.org"
    with staff_scope():
        assert [(a.email, a.primary, a.verified) for a in EmailAddress.objects.filter(user=user)] == [
            ("new@example.org", True, True)
        ]
    assert "contact_changed" in kinds_of(user)
    Client().post("/accounts/password/reset/", {"email": old})
    assert "reset/key" not in capsys.readouterr().out, "no link for a new password goes to the old mailbox any more"


def test_three_wrong_codes_leave_the_address_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    user, client = shops.member("sel-1"), Client()
    assert enters(client, user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    asks_for(client, "new@example.org")
    written = written_to(capsys, "new@example.org").replace("\r", "")
    (code,) = re.findall(r"^([A-Z0-9]{4,}-?[A-Z0-9]*)$", written, re.MULTILINE)
    for _ in range(3):
        client.post("/accounts/confirm-email/", {"code": "WRONG0"})
    client.post("/accounts/confirm-email/", {"code": code})
    assert User.objects.get(id=user.id).email == user.email


def test_a_changed_address_is_told_to_the_old_mailbox_with_a_way_to_stop_it(capsys: pytest.CaptureFixture[str]) -> None:
    user, client = shops.member("sel-1"), Client()
    assert enters(client, user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    asks_for(client, "new@example.org")
    written = written_to(capsys, "new@example.org").replace("\r", "")
    (code,) = re.findall(r"^([A-Z0-9]{4,}-?[A-Z0-9]*)$", written, re.MULTILINE)
    client.post("/accounts/confirm-email/", {"code": code})
    with staff_scope():
        (url,) = StoredNotice.objects.filter(values__what="contact_changed").values_list("url", flat=True)
        assert text_of("account.event").former, "and to addresses of the last 30 days"
    assert "Has another e-mail address now" in Client().get(url, follow=True).content.decode()
    assert "It is stopped" in Client().post(url).content.decode()
    assert client.get("/portal/").status_code == 302, "the session in which it was changed is over"
