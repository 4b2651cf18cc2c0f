"""Mail: at the reader's hour, in their words, once; and again, recognisably, where a worker died in between."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
import threading
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail as outbox_of
from django.core.mail.backends.base import BaseEmailBackend
from django.test import override_settings
from tests.django_world import thread_of
from tests.kernel.builders import START, minutes, person
from tests.kernel.notices.mail_server import receiving_mail
from tests.kernel.notices.notices_world import SHOP, member, money_held, payout_sent, shop, tell

from safeconduct.kernel.notices import actions, mail, queries, upkeep
from safeconduct.kernel.notices.models import NoticeCopy, Pace, Urgency
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.notices.preferences import Preferences, mail_time
from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.models import MemberRole, Membership, StaffRole, User
from safeconduct.kernel.scope import engine_scope, query, seller_scope, staff_scope

MEMORY = "django.core.mail.backends.locmem.EmailBackend"
BROKEN = "tests.kernel.notices.test_mail.BrokenServer"


class BrokenServer(BaseEmailBackend):
    """A server that refuses every mail."""

    def send_messages(self, _messages: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({"ana@example.org": (550, b"no such person ana@example.org")})


@pytest.fixture(autouse=True)
def world() -> Iterator[None]:
    shop()
    outbox_of.outbox = []  # type: ignore[attr-defined]
    with override_settings(EMAIL_BACKEND=MEMORY):
        yield


def sent() -> list[Any]:
    return list(outbox_of.outbox)  # type: ignore[attr-defined]


def copies() -> list[NoticeCopy]:
    with engine_scope():
        return list(NoticeCopy.objects.order_by("at", "notice_id"))


def wants(someone: User, **changes: Any) -> None:
    with seller_scope(SHOP):
        actions.set_preferences(someone.id, **changes)


# -- told in the reader's words ---------------------------------------------------------------------------------------


def test_a_mail_speaks_the_readers_language_and_names_their_zone() -> None:
    ana = member(language="es", time_zone="America/Santiago")
    tell(money_held())
    upkeep.keep_up(START)
    (found,) = sent()
    assert found.to == [ana.email]
    assert found.subject == "99,00 US$ retenido"
    assert "Motivo: El banco pregunta por este pago" in found.body
    assert "America/Santiago" in found.body
    (html, kind) = found.alternatives[0]
    assert kind == "text/html"
    assert '<html lang="es" dir="ltr">' in html
    assert "http" not in html.replace("http://127.0.0.1:8000", "")  # nothing remote in it


def test_a_line_break_in_an_order_makes_no_header() -> None:
    member()
    tell(payout_sent(payout="po-1\r\nBcc: thief@example.org"))
    upkeep.keep_up(START)
    (found,) = sent()
    assert "\n" not in found.subject
    assert found.recipients() == found.to


def test_what_is_written_into_a_text_is_no_markup() -> None:
    member()
    tell(payout_sent(payout="<img src=x>"))
    upkeep.keep_up(START)
    assert "<img" not in sent()[0].alternatives[0][0]


# -- once -------------------------------------------------------------------------------------------------------------


def test_two_workers_at_once_send_each_mail_once() -> None:
    people = [member(email=f"m{n}@example.org") for n in range(6)]
    tell(*(payout_sent() for _ in range(10)))
    threads = [thread_of(upkeep.send_mail, START) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    upkeep.send_mail(START)
    assert len(sent()) == len(people) * 10
    assert len({m.extra_headers["Message-ID"] for m in sent()}) == len(people) * 10


def test_what_another_worker_is_claiming_is_passed_over_and_not_waited_for() -> None:
    member()
    tell(money_held())
    with engine_scope():
        list(NoticeCopy.objects.select_for_update())
        other = thread_of(upkeep.send_mail, START)
        other.start()
        other.join(10)
        assert not other.is_alive()
        assert sent() == []
    upkeep.send_mail(START)
    assert len(sent()) == 1


def test_an_undone_transaction_sends_no_mail() -> None:
    member()
    with pytest.raises(ZeroDivisionError), engine_scope():
        notify([money_held()])
        raise ZeroDivisionError
    upkeep.keep_up(START)
    assert sent() == []


_WORKER = """
import sys
from datetime import datetime
import django
django.setup()
from django.conf import settings
settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", int(sys.argv[1]), False
from safeconduct.kernel.notices import upkeep
upkeep.send_mail(datetime.fromisoformat(sys.argv[2]))
"""


def test_a_worker_killed_between_sending_and_storing_is_followed_by_the_same_mail() -> None:
    """SMTP cannot take part in a transaction: at least once, and the same Message-ID, is what it can give."""
    member()
    tell(money_held(), payout_sent())
    with receiving_mail() as server:

        def work(at: datetime) -> subprocess.Popen[bytes]:
            arguments = [sys.executable, "-c", _WORKER, str(server.port), at.isoformat()]
            return subprocess.Popen(arguments, env=os.environ.copy())

        doomed: list[subprocess.Popen[bytes]] = []
        started = threading.Event()

        def kill() -> None:
            started.wait(10)
            if len(server.mails) == 1:
                os.kill(doomed[0].pid, signal.SIGKILL)
                doomed[0].wait(10)

        server.on_mail = kill
        doomed.append(work(START))
        started.set()
        assert doomed[0].wait(60) == -signal.SIGKILL
        assert work(START + minutes(1)).wait(60) == 0
        assert len(server.mails) == 1  # the claim of the dead one still holds
        assert work(START + mail.LEASE + minutes(1)).wait(60) == 0
    assert len(server.mails) == 3
    assert len(set(server.message_ids)) == 2
    assert server.message_ids.count(server.message_ids[0]) == 2
    assert {copy.mail_state for copy in copies()} == {"sent"}


# -- failures ---------------------------------------------------------------------------------------------------------


def test_a_mail_that_fails_is_tried_again_later_and_later_and_given_up_aloud(caplog: pytest.LogCaptureFixture) -> None:
    ana = member(email="ana@example.org")
    tell(money_held())
    at, waits = START, []
    with override_settings(EMAIL_BACKEND=BROKEN):
        for _ in range(mail.MAX_ATTEMPTS):
            upkeep.keep_up(at)
            (copy,) = copies()
            waits.append(copy.mail_at - at)
            at = copy.mail_at
        assert copy.mail_state == "given_up"
    assert waits[:4] == [minutes(1), minutes(2), minutes(4), minutes(8)]
    assert max(waits) == timedelta(hours=6)
    assert "given up after 14 attempts" in caplog.text
    assert "ana@example.org" not in caplog.text + copy.problem
    assert copy.problem == "SMTPRecipientsRefused 550"
    with staff_scope():
        (given_up,) = queries.given_up_mails()
        assert actions.mail_again(given_up.notice_id, ana.id, at=at) == 1
    upkeep.keep_up(at)
    assert len(sent()) == 1


def test_a_server_that_is_away_loses_no_mail() -> None:
    member()
    tell(money_held())
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    with override_settings(EMAIL_BACKEND=smtp, EMAIL_HOST="127.0.0.1", EMAIL_PORT=9, EMAIL_USE_TLS=False):
        upkeep.keep_up(START)
    upkeep.keep_up(START + minutes(1))
    assert len(sent()) == 1


# -- whom it still concerns -------------------------------------------------------------------------------------------


def test_who_has_left_the_shop_gets_no_collection_of_it() -> None:
    owner, ben = member(), member(MemberRole.FINANCE)
    wants(ben, digest="daily")
    tell(payout_sent(at=START))
    with staff_scope():
        members.end_membership(Membership.objects.get(person=ben).id, None, at=START + minutes(5))
    upkeep.keep_up(START)
    upkeep.keep_up(START + timedelta(days=1))
    assert [m.to for m in sent()] == [[owner.email]]


def test_who_was_shut_out_gets_no_mail() -> None:
    ana = member()
    tell(money_held())
    with staff_scope():
        User.objects.filter(id=ana.id).update(is_active=False)
    upkeep.keep_up(START)
    assert sent() == []


def test_staff_are_told_without_a_shop() -> None:
    lead = person(StaffRole.LEAD)
    values = {"endpoint": "whe_1", "host": "shop.example", "why": "gone", "since": START}
    tell(Notice("webhook/1", "webhook.off", values, START, person=lead.id, url="/console/webhooks/whe_1/"))
    upkeep.keep_up(START)
    (found,) = sent()
    assert "You get this because you work for this marketplace" in found.body
    assert "http://127.0.0.1:8000/console/webhooks/whe_1/" in found.body
    assert "/portal/" not in found.body


# -- when -------------------------------------------------------------------------------------------------------------


def test_a_days_collection_is_one_mail_at_the_persons_hour() -> None:
    ana = member(time_zone="America/Santiago", language="en")
    wants(ana, digest="daily", daily_hour=7)
    tell(*(payout_sent(at=START + minutes(n)) for n in range(3)))  # 08:00 in Santiago
    upkeep.keep_up(START + minutes(10))
    assert sent() == []
    eve = datetime(2026, 6, 2, 10, 59, tzinfo=UTC)
    upkeep.keep_up(eve)
    assert sent() == []
    upkeep.keep_up(eve + minutes(1))
    (found,) = sent()
    assert found.subject == "3 notices for Viña del Mar"
    upkeep.keep_up(eve + minutes(5))
    assert len(sent()) == 1


def test_urgent_ones_come_at_once_whatever_is_wished() -> None:
    ana = member()
    wants(ana, digest="urgent", quiet_from_hour=0, quiet_until_hour=23)
    tell(money_held(), payout_sent())
    upkeep.keep_up(START)
    assert [m.subject for m in sent()] == ["$99.00 is held"]
    assert {copy.mail_state for copy in copies()} == {"sent", "unwanted"}


def test_quiet_hours_hold_back_what_can_wait() -> None:
    ana = member(time_zone="Asia/Shanghai")
    wants(ana, quiet_from_hour=20, quiet_until_hour=7)  # START is 20:00 in Shanghai
    tell(payout_sent())
    upkeep.keep_up(START)
    upkeep.keep_up(START + timedelta(hours=10, minutes=59))
    assert sent() == []
    upkeep.keep_up(START + timedelta(hours=11))
    assert len(sent()) == 1


def test_a_setting_changed_meanwhile_counts_when_the_hour_comes() -> None:
    ana = member()
    wants(ana, digest="daily")
    tell(payout_sent(at=START))
    upkeep.keep_up(START)
    wants(ana, digest="urgent")
    upkeep.keep_up(START + timedelta(days=1))
    assert sent() == []


BERLIN, SHANGHAI, SANTIAGO, LORD_HOWE = (
    zoneinfo.ZoneInfo(name) for name in ("Europe/Berlin", "Asia/Shanghai", "America/Santiago", "Australia/Lord_Howe")
)


@pytest.mark.parametrize(
    ("zone", "at", "hour", "due"),
    [
        (SHANGHAI, "2026-06-01T00:00+00:00", 8, "2026-06-02T00:00+00:00"),  # exactly at the hour: the next day's
        (SHANGHAI, "2026-05-31T23:59+00:00", 8, "2026-06-01T00:00+00:00"),
        (SANTIAGO, "2026-06-01T02:00+00:00", 23, "2026-06-01T03:00+00:00"),  # still the evening before
        (BERLIN, "2026-03-28T12:00+00:00", 8, "2026-03-29T06:00+00:00"),  # the clocks went forward in the night
        (BERLIN, "2026-10-24T12:00+00:00", 8, "2026-10-25T07:00+00:00"),  # and back
        (BERLIN, "2026-03-28T12:00+00:00", 2, "2026-03-29T01:00+00:00"),  # an hour that this day does not have
        (BERLIN, "2026-10-24T12:00+00:00", 2, "2026-10-25T00:00+00:00"),  # one that it has twice: the first
        (BERLIN, "2026-10-25T00:30+00:00", 2, "2026-10-26T01:00+00:00"),  # and not again at the second
        (LORD_HOWE, "2026-06-01T00:00+00:00", 8, "2026-06-01T21:30+00:00"),  # half hours
    ],
)
def test_the_collections_hour_in_every_zone(zone: zoneinfo.ZoneInfo, at: str, hour: int, due: str) -> None:
    when = datetime.fromisoformat(at)
    for written in (when, when.astimezone(zone)):
        found = mail_time(Urgency.SOON, Preferences(Pace.DAILY, hour), zone, at=written, now=written)
        assert found == (datetime.fromisoformat(due), True)


@pytest.mark.parametrize(
    ("zone", "now", "quiet", "due"),
    [
        (BERLIN, "2026-06-01T20:30+00:00", (22, 7), "2026-06-02T05:00+00:00"),
        (BERLIN, "2026-06-01T02:00+00:00", (22, 7), "2026-06-01T05:00+00:00"),
        (BERLIN, "2026-06-01T05:00+00:00", (22, 7), "2026-06-01T05:00+00:00"),  # the end is not quiet
        (BERLIN, "2026-06-01T10:30+00:00", (12, 14), "2026-06-01T12:00+00:00"),
        (BERLIN, "2026-03-29T00:30+00:00", (22, 2), "2026-03-29T01:00+00:00"),  # the quiet ends in the skipped hour
        (
            BERLIN,
            "2026-10-25T00:30+00:00",
            (22, 3),
            "2026-10-25T02:00+00:00",
        ),  # the hour that comes twice is quiet twice
        (BERLIN, "2026-10-25T01:30+00:00", (22, 3), "2026-10-25T02:00+00:00"),
    ],
)
def test_quiet_hours_in_every_zone(zone: zoneinfo.ZoneInfo, now: str, quiet: tuple[int, int], due: str) -> None:
    wish = Preferences(quiet_from_hour=quiet[0], quiet_until_hour=quiet[1])
    at = datetime.fromisoformat(now)
    assert mail_time(Urgency.SOON, wish, zone, at=at, now=at) == (datetime.fromisoformat(due), False)


# -- where people were told before ------------------------------------------------------------------------------------


def test_who_changes_the_address_first_does_not_keep_the_owner_from_hearing_of_the_money() -> None:
    ana = member()
    with staff_scope():
        before = ana.email
        ana.email = "thief@example.org"
        ana.save()
    now = datetime.now(UTC)
    values = {"account": "...3000", "what": "asked"}
    tell(
        Notice("payout_account/1/asked", "payout_account.changed", values, now, SHOP), payout_sent(at=now),
    )  # fmt: skip
    upkeep.send_mail(now + timedelta(days=1))
    heard = {one.subject: (one.to, one.bcc) for one in sent()}
    assert heard["Payout account ...3000: somebody asks to be paid there"] == (["thief@example.org"], [before])
    assert all(not bcc for subject, (_, bcc) in heard.items() if "...3000" not in subject)


def test_an_address_of_long_ago_hears_nothing_and_is_forgotten() -> None:
    ana = member()
    with staff_scope():
        ana.email = "new@example.org"
        ana.save()
    later = datetime.now(UTC) + mail.FORMER_KEPT + timedelta(days=1)
    values = {"account": "...3000", "what": "asked"}
    tell(Notice("payout_account/1/asked", "payout_account.changed", values, later, SHOP))
    upkeep.send_mail(later)
    assert [(one.to, one.bcc) for one in sent()] == [(["new@example.org"], [])]
    upkeep.tidy(later)
    with engine_scope():
        assert query("SELECT count(*) FROM mail_former_address").fetchone() == (0,)
