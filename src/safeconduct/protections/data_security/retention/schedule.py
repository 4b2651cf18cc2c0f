"""How long data is kept: dated data, one line for each kind of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from safeconduct.foundation.clocks.terms import Term, Unit
from safeconduct.protections.data_security.dated import Entry, Sure, read

FILE: Final = "retention/schedule.yaml"


class Begins(StrEnum):
    """From when a time is counted, or what it lasts for."""

    LAST_EVENT = "last_event_of_the_order"
    RECEIPT = "receipt"
    PAYMENT = "payment"
    CASE_CLOSED = "case_closed"
    SIGN_IN = "sign_in"
    MADE = "made"
    ORDER_CLOSED = "order_closed"
    READING = "reading"
    RELATION_ENDED = "relation_ended"
    UNTIL_REMOVED = "until_removed"
    EVENT = "event"
    DECIDED_FOR_GOOD = "decided_for_good"
    INVITATION_ENDED = "invitation_ended"
    ANSWERED = "answered"
    FOR_EVER = "for_ever"


class Then(StrEnum):
    """What happens after its time."""

    DELETE = "delete"
    SHRED = "shred"
    MASK = "mask"
    AGGREGATE = "aggregate"
    EXPIRE = "expire"
    KEEP = "keep"


class Sweeper(StrEnum):
    """Parts of this program that delete and prove it (`sweeping`)."""

    ORDER_DATA = "order_data"
    MONTH_EVENTS = "month_events"
    PAYMENT_DEFENCE = "payment_defence"
    MESSAGES = "messages"
    RAW_DELIVERIES = "raw_deliveries"
    DISPUTE_EVIDENCE = "dispute_evidence"
    SIGN_IN_ORIGINS = "sign_in_origins"
    REQUEST_ARCHIVES = "request_archives"
    READING_LOG = "reading_log"
    SECURITY_LOGS = "security_logs"
    RISK_HISTORY = "risk_history"
    CANARY_HITS = "canary_hits"
    OWNERSHIP_CLAIMS = "ownership_claims"
    INVITATIONS = "invitations"
    REQUEST_WORDS = "request_words"
    BANK_ANSWERS = "bank_answers"
    PAYOUT_DOCUMENTS = "payout_documents"


class By(StrEnum):
    """Who answers for a line without a sweeper."""

    LEASES = "leases"
    ACCOUNTS = "accounts"
    RECORD = "record"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Line:
    """A kind of data. ``keep`` None: as long as `begins` says. Exactly one of `sweeper` and `by`."""

    id: str
    keep: Term | None
    begins: Begins
    then: Then
    sweeper: Sweeper | None
    by: By | None
    since: date
    source: str
    sure: Sure

    def cutoff(self, now: datetime) -> datetime:
        """What began before this is past its time."""
        assert self.keep is not None
        return before(self.keep, now)

    @property
    def basis(self) -> str:
        """Why it is kept, as receipts of erasures say it."""
        return f"{self.id}: {self.source}"[:200]

    def until(self, begun: datetime) -> datetime:
        """Until when it is kept. The same rule seen from the other side: ``cutoff(until(x)) == x``, but for the ends
        of months."""
        assert self.keep is not None
        if self.keep.unit is Unit.DAYS:
            return begun + timedelta(days=self.keep.amount)
        return months_on(begun, self.keep.amount)


@lru_cache(maxsize=1)
def schedule() -> Mapping[str, Line]:
    """The schedule as shipped, by id. Raises DataFault."""
    return load()


def load(text: str | None = None) -> Mapping[str, Line]:
    """The schedule of the shipped file, or of a text. Raises DataFault."""
    return {line.id: line for line in map(_line, read(FILE, text))}


def before(term: Term, now: datetime) -> datetime:
    """A term ago. Retention is counted in days or months only."""
    if term.unit is Unit.DAYS:
        return now - timedelta(days=term.amount)
    return months_on(now, -term.amount)


def months_on(at: datetime, months: int) -> datetime:
    """The same day some months later or earlier; the last of the month where there is no such day."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    for day in range(at.day, 27, -1):
        try:
            return at.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return at.replace(year=year, month=month + 1, day=min(at.day, 28))


def _line(entry: Entry) -> Line:
    sweeper = entry.choice("sweeper", Sweeper) if entry.raw.get("sweeper") is not None else None
    by = entry.choice("by", By) if entry.raw.get("by") is not None else None
    found = Line(
        entry.id, entry.term("keep"), entry.choice("from", Begins), entry.choice("then", Then), sweeper, by,
        entry.day("since"), entry.text("source"), entry.choice("sure", Sure),
    )  # fmt: skip
    entry.done()
    if (sweeper is None) == (by is None):
        raise entry.fault("sweeper", "is needed, or by; and not both")
    lasting = found.begins in (Begins.UNTIL_REMOVED, Begins.FOR_EVER)
    if lasting != (found.keep is None):
        raise entry.fault("keep", "is needed but for what is kept until it is removed, or for ever")
    if found.keep is not None and found.keep.unit not in (Unit.DAYS, Unit.MONTHS):
        raise entry.fault("keep", "is counted in days or months")
    return found
