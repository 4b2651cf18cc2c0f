"""Sending mail: what is due is claimed, sent outside any transaction, and marked.

A process that is killed between sending and marking leaves its claim to run out; the mail is then sent again, with the
same Message-ID: at least once, because a notice that never comes is worse than one that comes twice. Without such a
crash nobody gets a mail twice. Only one process at a time claims a person's copies, so a day's collection is one mail.
"""

from __future__ import annotations

import logging
import smtplib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.notices import codes
from safeconduct.kernel.notices.letters import Item, letter, message
from safeconduct.kernel.notices.models import Pace, Urgency
from safeconduct.kernel.notices.preferences import Preferences, mail_time
from safeconduct.kernel.notices.rendering import Reader, reader_of
from safeconduct.kernel.notices.texts import text_of
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.sealed_fields import field_of
from safeconduct.kernel.scope import engine_scope, query

#: People whose mail one turn claims, and copies of them it takes at most.
PEOPLE_PER_TURN: Final = 200
_COPIES_PER_TURN: Final = 4_000
#: How long a claim holds: what is not marked by then may be sent by another process.
LEASE: Final = timedelta(minutes=15)
#: A turn that has taken this long gives back what it has not sent, well before its claim runs out.
_TURN_S: Final = 120.0
#: How long an address that somebody had before is told of what matters most (security research, 2026-11-23, 2.4).
FORMER_KEPT: Final = timedelta(days=30)
#: Tries before a mail is given up: with the waits below, about two days.
MAX_ATTEMPTS: Final = 14
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=6)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Copy:
    """A claimed copy, with what its mail needs."""

    notice_id: str
    person_id: str
    item: Item
    attempts: int


@dataclass(slots=True)
class _Mail:
    """One mail to be sent: its id, receiver, shop, the addresses they had before where those hear of it too, and the
    copies it is about."""

    mail_id: str
    to: str
    shop: str
    reader: Reader
    seller_key: int | None
    former: tuple[str, ...] = ()
    copies: list[_Copy] = field(default_factory=list)


@dataclass(slots=True)
class _Claim:
    """What a turn has to write about the copies it has looked at, beside the mails it sends."""

    mails: dict[str, _Mail] = field(default_factory=dict)
    later: list[tuple[str, str, datetime]] = field(default_factory=list)
    unwanted: list[tuple[str, str]] = field(default_factory=list)


def send_due(now: datetime, limit: int = PEOPLE_PER_TURN) -> int:
    """Sends the mails that are due by `now` to at most `limit` people. Returns how many went out.

    Opens scopes of its own. Any number of processes may call it at once. A mail that fails is tried again after 1, 2,
    4 … minutes, at most 6 hours, and is given up after `MAX_ATTEMPTS`; `queries.given_up_mails` shows those.
    """
    with engine_scope():
        claim = _claim(now, limit)
        _write(claim, now)
    mails = list(claim.mails.values())
    if not mails:
        return 0
    sent, failed, unsent = _send(mails)
    with engine_scope():
        _mark_sent(sent, now)
        _mark_failed(failed, now)
        _give_back(unsent, now)
    return len(sent)


def _claim(now: datetime, limit: int) -> _Claim:
    people = [
        person_id
        for (person_id,) in query(
            "SELECT person_id FROM (SELECT DISTINCT person_id FROM notice_copy"
            " WHERE mail_state = 'waiting' AND mail_at <= %s LIMIT %s) d"
            " WHERE pg_try_advisory_xact_lock(%s, hashtext(person_id))",
            [now, limit, Lock.MAIL],
        )
    ]
    claim = _Claim()
    if not people:
        return claim
    rows = query(
        "SELECT c.notice_id, c.person_id, c.urgency, c.at, c.mail_id, c.attempts, c.seller_key, n.code,"
        ' n."values", n.url,'
        " p.email, p.language, p.time_zone, p.is_active AND (n.person_id IS NOT NULL OR EXISTS ("
        "   SELECT FROM membership b WHERE b.person_id = c.person_id AND b.seller_key = c.seller_key"
        "   AND b.ended_at IS NULL AND (b.expires_at IS NULL OR b.expires_at > %s))),"
        " coalesce(nullif(s.name, ''), s.ref, ''),"
        " m.digest, m.daily_hour, m.quiet_from_hour, m.quiet_until_hour,"
        " ARRAY(SELECT f.address::text FROM mail_former_address f WHERE f.person_id = c.person_id AND f.ended_at > %s)"
        " FROM notice_copy c JOIN notice n ON n.id = c.notice_id JOIN person p ON p.id = c.person_id"
        " LEFT JOIN seller s ON s.key = c.seller_key LEFT JOIN mail_setting m ON m.person_id = c.person_id"
        " WHERE c.person_id = ANY(%s) AND c.mail_state = 'waiting' AND c.mail_at <= %s"
        " ORDER BY c.person_id, c.at, c.notice_id LIMIT %s FOR UPDATE OF c SKIP LOCKED",
        [now, now - FORMER_KEPT, people, now, _COPIES_PER_TURN],
    ).fetchall()
    collections: dict[tuple[str, int | None], str] = {}
    for row in rows:
        _sort(claim, row, collections, now)
    return claim


def _sort(claim: _Claim, row: Sequence[Any], collections: dict[tuple[str, int | None], str], now: datetime) -> None:
    """Puts a copy into its mail, or off to its hour, or aside."""
    (notice_id, person_id, urgency, at, mail_id, attempts, seller_key, code, values, url) = row[:10]
    (email, language, zone_name, concerned, shop, digest, daily_hour, quiet_from, quiet_until, former) = row[10:]
    if not concerned:  # has left since, or was shut out
        claim.unwanted.append((notice_id, person_id))
        return
    reader = reader_of(language, zone_name, now)
    if not mail_id:  # one that has been tried goes on as the mail it was
        wish = Preferences() if digest is None else Preferences(Pace(digest), daily_hour, quiet_from, quiet_until)
        due, collected = mail_time(Urgency(urgency), wish, reader.zone, at=at, now=now)
        if due is None:
            claim.unwanted.append((notice_id, person_id))
            return
        if due > now:
            claim.later.append((notice_id, person_id, due))
            return
        key = (person_id, seller_key)
        mail_id = collections.setdefault(key, new_id("eml")) if collected else new_id("eml")
    opened = field_of(User, "email").opened
    mail = claim.mails.setdefault(mail_id, _Mail(mail_id, opened(email), shop, reader, seller_key))
    if text_of(code).former:
        mail.former = tuple(map(opened, former))
    item = Item(notice_id, code, values, url, at, seller_key is not None)
    mail.copies.append(_Copy(notice_id, person_id, item, attempts + 1))


def _write(claim: _Claim, now: datetime) -> None:
    """Stores the claim: from here on, until the lease runs out, nobody else sends these."""
    claimed = [(c.notice_id, c.person_id, m.mail_id) for m in claim.mails.values() for c in m.copies]
    if claimed:
        notices, people, mail_ids = (list(column) for column in zip(*claimed, strict=True))
        query(
            "UPDATE notice_copy c SET mail_id = w.mail_id, attempts = c.attempts + 1, mail_at = %b"
            " FROM unnest(%b::text[], %b::text[], %b::text[]) AS w(notice_id, person_id, mail_id)"
            " WHERE c.notice_id = w.notice_id AND c.person_id = w.person_id",
            [now + LEASE, notices, people, mail_ids],
        )
        codes.keep([_kept(mail) for mail in claim.mails.values()], now)
    if claim.later:
        notices, people, times = (list(column) for column in zip(*claim.later, strict=True))
        query(
            "UPDATE notice_copy c SET mail_at = w.at FROM unnest(%b::text[], %b::text[], %b::timestamptz[])"
            " AS w(notice_id, person_id, at) WHERE c.notice_id = w.notice_id AND c.person_id = w.person_id",
            [notices, people, times],
        )
    if claim.unwanted:
        notices, people = (list(column) for column in zip(*claim.unwanted, strict=True))
        query(
            "UPDATE notice_copy c SET mail_state = 'unwanted' FROM unnest(%b::text[], %b::text[])"
            " AS w(notice_id, person_id) WHERE c.notice_id = w.notice_id AND c.person_id = w.person_id",
            [notices, people],
        )


def _kept(mail: _Mail) -> codes.Sent:
    first = mail.copies[0]
    about = first.item.code if len(mail.copies) == 1 else "collection"
    return codes.Sent(mail.mail_id, about, mail.to, first.person_id, mail.seller_key)


def _send(mails: Sequence[_Mail], clock: Callable[[], float] = time.monotonic) -> tuple[
    list[_Mail], list[tuple[_Mail, str]], list[_Mail]
]:  # fmt: skip
    """Sends over one connection. Returns what went out, what failed and how, and what the turn had no time for."""
    sent: list[_Mail] = []
    failed: list[tuple[_Mail, str]] = []
    started = clock()
    connection: BaseEmailBackend = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as problem:
        logger.warning("the mail server cannot be reached (%s)", type(problem).__name__)
        return [], [(mail, _said(problem)) for mail in mails], []
    try:
        for position, mail in enumerate(mails):
            if clock() - started > _TURN_S:
                return sent, failed, list(mails[position:])
            problem_said = _send_one(mail, connection)
            if problem_said:
                failed.append((mail, problem_said))
            else:
                sent.append(mail)
    finally:
        try:
            connection.close()
        except (OSError, smtplib.SMTPException) as problem:
            logger.info("closing the mail connection failed (%s)", type(problem).__name__)
    return sent, failed, []


def _send_one(mail: _Mail, connection: BaseEmailBackend) -> str:
    """Sends one mail; returns what went wrong, without an address in it, or nothing."""
    try:
        code = codes.foot(mail.mail_id, mail.reader.language)
        made = letter([copy.item for copy in mail.copies], mail.shop, mail.reader, code)
        outgoing = message(made, mail.to, mail.mail_id, mail.former)
        outgoing.connection = connection
        outgoing.send()
    except Exception as problem:  # whatever one mail's data provoked must not stop the others
        logger.warning("mail %s failed (%s)", mail.mail_id, _said(problem))
        return _said(problem)
    return ""


def _said(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"{type(problem).__name__} {problem.smtp_code}"
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        codes = sorted({code for code, _text in problem.recipients.values()})
        return f"{type(problem).__name__} {' '.join(map(str, codes))}"
    return type(problem).__name__


def _mark_sent(mails: Sequence[_Mail], now: datetime) -> None:
    if mails:
        query(
            "UPDATE notice_copy SET mail_state = 'sent', mailed_at = %b, problem = ''"
            " WHERE mail_state = 'waiting' AND mail_id = ANY(%b::text[]) AND person_id = ANY(%b::text[])",
            [now, [m.mail_id for m in mails], [m.copies[0].person_id for m in mails]],
        )


def _mark_failed(failed: Sequence[tuple[_Mail, str]], now: datetime) -> None:
    for mail, problem in failed:
        attempts = mail.copies[0].attempts
        if attempts >= MAX_ATTEMPTS:
            logger.error("mail %s was given up after %d attempts (%s)", mail.mail_id, attempts, problem)
            change, values = "mail_state = 'given_up'", []
        else:
            wait = min(_FIRST_WAIT * 2 ** (attempts - 1), _LONGEST_WAIT)
            change, values = "mail_at = %s", [now + wait]
        query(
            f"UPDATE notice_copy SET {change}, problem = %s"
            " WHERE mail_state = 'waiting' AND mail_id = %s AND person_id = %s",
            [*values, problem[:80], mail.mail_id, mail.copies[0].person_id],
        )


def _give_back(mails: Sequence[_Mail], now: datetime) -> None:
    if mails:
        query(
            "UPDATE notice_copy SET mail_at = %b, attempts = attempts - 1"
            " WHERE mail_state = 'waiting' AND mail_id = ANY(%b::text[]) AND person_id = ANY(%b::text[])",
            [now, [m.mail_id for m in mails], [m.copies[0].person_id for m in mails]],
        )
