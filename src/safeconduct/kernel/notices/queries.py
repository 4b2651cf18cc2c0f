"""What is read of notices: a person's inbox, and mails that were given up.

The inbox is read in the scope of the seller whose member the person is, or, for staff, in theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from safeconduct.kernel.notices.models import MailState, NoticeCopy
from safeconduct.kernel.notices.rendering import Reader, reader_here, render, summary
from safeconduct.kernel.paging import PAGE, Order, Slice, page

#: Where counting stops: a badge says 99+.
MOST_COUNTED = 100


_NEWEST = Order("at", descending=True, key="notice_id")


@dataclass(frozen=True, slots=True)
class Line:
    """A notice in a list, in the reader's words. ``url``: a path of ours where something can be done about it."""

    id: str
    subject: str
    summary: str
    url: str
    at: datetime
    read_at: datetime | None
    urgency: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A notice in full, in the reader's words. Paragraphs may have several lines."""

    id: str
    subject: str
    summary: str
    paragraphs: tuple[str, ...]
    url: str
    at: datetime
    read_at: datetime | None
    urgency: str


def unread_count(person_id: str) -> int:
    """How many notices a person has not read, at most `MOST_COUNTED`."""
    return NoticeCopy.objects.filter(person_id=person_id, read_at__isnull=True)[:MOST_COUNTED].count()


def inbox(
    person_id: str, *, after: str = "", before: str = "", unread: bool = False, size: int = PAGE,
    reader: Reader | None = None,
) -> Slice[Line]:  # fmt: skip
    """A page of a person's notices, newest first. Without a ``reader`` in the words of whoever's request this is."""
    rows = NoticeCopy.objects.filter(person_id=person_id).select_related("notice")
    if unread:
        rows = rows.filter(read_at__isnull=True)
    found = page(rows, _NEWEST, after=after, before=before, size=size)
    return Slice(_lines(found.items, reader or reader_here()), found.next, found.previous)


def latest(person_id: str, *, limit: int, reader: Reader | None = None) -> list[Line]:
    """The newest notices of a person, for the head of their pages."""
    rows = NoticeCopy.objects.filter(person_id=person_id).select_related("notice").order_by("-at", "-notice_id")
    return _lines(rows[:limit], reader or reader_here())


def one(person_id: str, notice_id: str, *, reader: Reader | None = None) -> Opened | None:
    """One notice of a person's inbox in full, or None where it is not theirs."""
    copy = NoticeCopy.objects.filter(person_id=person_id, notice_id=notice_id).select_related("notice").first()
    if copy is None:
        return None
    notice = copy.notice
    said = render(notice.code, notice.values, reader or reader_here())
    return Opened(
        notice.id, said.subject, said.short, said.paragraphs, notice.url, copy.at, copy.read_at, copy.urgency
    )  # fmt: skip


def _lines(copies: Iterable[NoticeCopy], reader: Reader) -> list[Line]:
    # No query: the copies bring their notices.
    found = []
    for copy in copies:
        subject, short = summary(copy.notice.code, copy.notice.values, reader)
        found.append(
            Line(copy.notice_id, subject, short, copy.notice.url, copy.at, copy.read_at, copy.urgency)
        )  # fmt: skip
    return found


def given_up_mails() -> QuerySet[NoticeCopy]:
    """Mails that could not be sent, for staff; `actions.mail_again` tries them once more."""
    return NoticeCopy.objects.filter(mail_state=MailState.GIVEN_UP).select_related("notice", "person")
