"""A bank's dispute as of everything that was told of it: a total function of the events, in whatever order they came.

Statuses are Stripe's, stages are Adyen's. A dispute that was won can be reopened by the bank (a second chargeback, or
pre-arbitration), so *won* is never the last word while the scheme allows that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from safeconduct.protections.transactions.chargebacks.reason_codes import ReasonCode, table
from safeconduct.protections.transactions.coverage.causes import RESOLVED, outcome_of
from safeconduct.protections.transactions.coverage.words import Outcome


class Stage(StrEnum):
    """How far a dispute has come, the earlier first."""

    INQUIRY = "inquiry"
    CHARGEBACK = "chargeback"
    SECOND_CHARGEBACK = "second_chargeback"
    PRE_ARBITRATION = "pre_arbitration"
    ARBITRATION = "arbitration"


class Status(StrEnum):
    """Stripe's statuses of a dispute."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    PREVENTED = "prevented"


class Told(StrEnum):
    """Which of the three events of a dispute."""

    OPENED = "dispute.opened"
    UPDATED = "dispute.updated"
    CLOSED = "dispute.closed"


ENDED: Final = frozenset({Status.WARNING_CLOSED, Status.WON, Status.LOST, Status.PREVENTED})
OPEN_FOR_ANSWER: Final = frozenset({Status.NEEDS_RESPONSE, Status.WARNING_NEEDS_RESPONSE})
_RANK: Final = {stage: n for n, stage in enumerate(Stage)}
#: What a processor says of a dispute that it goes on with, after an inquiry or after it was won.
_TAKEN: Final = "funds_withdrawn"


@dataclass(frozen=True, slots=True)
class News:
    """One event. ``data``: its canonical fields that are not personal."""

    moment: int
    at: datetime
    told: Told
    data: Mapping[str, Any]
    source: str = ""


@dataclass(slots=True)
class Mirror:
    """The dispute. ``due_at``: the processor's last moment, else the table's (``due_of_table``), else None.
    ``answerable``: False where the processor takes no answer. ``reviewed``: any of its news says that the bank was
    given an answer to read at this stage. ``reopened``: how often it went on after it had ended.
    """

    opened_at: datetime
    ref: str = ""
    processor: str = ""
    network: str = ""
    network_code: str = ""
    reason: str = ""
    stage: Stage = Stage.CHARGEBACK
    status: Status = Status.NEEDS_RESPONSE
    amount_minor: int | None = None
    currency: str = ""
    due_at: datetime | None = None
    due_of_table: bool = False
    answerable: bool = True
    reviewed: bool = False
    closed_at: datetime | None = None
    reopened: int = 0
    evidence_offer: str = ""
    seen_moment: int = 0

    @property
    def code(self) -> ReasonCode | None:
        """Its entry in the table of the day on which it was opened."""
        return table(self.opened_at.date()).of(self.network, self.network_code, self.reason)

    @property
    def is_inquiry(self) -> bool:
        return self.stage is Stage.INQUIRY


def fold(news: Sequence[News]) -> Mirror:
    """What all the news of a dispute come to. Raises ValueError for none."""
    if not news:
        raise ValueError("a dispute of which nothing was told has no mirror")
    ordered = sorted(news, key=lambda one: (one.at, one.told is not Told.OPENED, one.moment))
    opening = next((one for one in ordered if one.told is Told.OPENED), ordered[0])
    mirror = Mirror(opening.at, stage=_stage(opening) or Stage.CHARGEBACK)
    mirror.status = Status.WARNING_NEEDS_RESPONSE if mirror.is_inquiry else Status.NEEDS_RESPONSE
    told_due: datetime | None = None
    answered_before = False
    for one in ordered:
        mirror.seen_moment = max(mirror.seen_moment, one.moment)
        _remember(mirror, one)
        before = mirror.stage
        _move(mirror, one)
        if mirror.stage is not before and one.told is not Told.CLOSED:  # an end is that of what was read until then
            answered_before |= mirror.reviewed
            mirror.reviewed = False
        mirror.reviewed |= _was_read(one, answered_before)
        due = _time(one.data.get("due_at"))
        if due is not None:
            told_due = due
        elif mirror.stage is not before:
            told_due = None  # the last day of an earlier stage says nothing about this one
    _set_due(mirror, told_due)
    return mirror


def is_open_again(mirror: Mirror) -> bool:
    """Whether the dispute had ended and the bank goes on with it."""
    return mirror.reopened > 0 and mirror.closed_at is None


def _remember(mirror: Mirror, one: News) -> None:
    data = one.data
    mirror.ref = data.get("dispute") or mirror.ref
    mirror.processor = one.source or mirror.processor
    mirror.network = data.get("network") or mirror.network
    mirror.network_code = data.get("network_reason") or mirror.network_code
    mirror.reason = data.get("reason") or mirror.reason
    mirror.evidence_offer = data.get("evidence_offer") or mirror.evidence_offer
    amount = data.get("amount")
    if isinstance(amount, Mapping) and isinstance(amount.get("minor"), int):
        mirror.amount_minor, mirror.currency = max(0, amount["minor"]), str(amount.get("currency") or "")


def _move(mirror: Mirror, one: News) -> None:
    stage, word = _stage(one), str(one.data.get("outcome") or "").strip().lower()
    later = stage is not None and _RANK[stage] > _RANK[mirror.stage]
    if one.told is Told.CLOSED:
        mirror.stage = stage if stage is not None and later else mirror.stage
        mirror.status = _ended(mirror, word)
        mirror.closed_at = one.at
        return
    status = _status(word)
    if mirror.status in ENDED:
        if not later and status not in OPEN_FOR_ANSWER:
            return  # what was under way before it ended
        mirror.reopened += 1
        mirror.closed_at = None
        stage = stage if later else None if mirror.is_inquiry else Stage.SECOND_CHARGEBACK
        mirror.status = Status.NEEDS_RESPONSE
    if mirror.is_inquiry and (word == _TAKEN or status in (Status.NEEDS_RESPONSE, Status.UNDER_REVIEW)) and not later:
        stage = Stage.CHARGEBACK  # the bank went on: Stripe keeps the dispute and changes its status
    if stage is not None and _RANK[stage] > _RANK[mirror.stage]:
        mirror.stage = stage
        mirror.status = Status.NEEDS_RESPONSE
    if status is not None:
        mirror.status = status
        if status in ENDED:
            mirror.closed_at = one.at


def _was_read(one: News, answered_before: bool) -> bool:
    """Whether it says that the bank has an answer of this stage. That one was given at all, as processors count it,
    says nothing more of a stage after one that was answered."""
    read = str(one.data.get("outcome") or "").strip().lower() in (Status.UNDER_REVIEW, Status.WARNING_UNDER_REVIEW)
    return read or (one.data.get("answered") is True and not answered_before)


def _ended(mirror: Mirror, word: str) -> Status:
    """The status at an end. A dispute whose end was told without a word was taken back."""
    told = _status(word)
    if told in ENDED:
        return told
    if outcome_of(word) is Outcome.LOST:
        return Status.LOST
    return Status.WARNING_CLOSED if mirror.is_inquiry else Status.WON


def _status(word: str) -> Status | None:
    """The status that a word is, or stands for."""
    if word == RESOLVED:
        return Status.PREVENTED
    return Status(word) if word in set(Status) else None


def _set_due(mirror: Mirror, told: datetime | None) -> None:
    if told is not None and told.year <= 1970:  # Stripe: 0 where the bank takes no answer
        mirror.answerable = False
    elif told is not None:
        mirror.due_at = told
    elif mirror.stage is Stage.CHARGEBACK and mirror.code is not None:
        mirror.due_at, mirror.due_of_table = mirror.code.answer_by(mirror.opened_at), True


def _stage(one: News) -> Stage | None:
    word = one.data.get("stage")
    return Stage(word) if word in set(Stage) else None


def _time(given: Any) -> datetime | None:
    if not isinstance(given, str):
        return None
    at = datetime.fromisoformat(given.replace("Z", "+00:00"))
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
