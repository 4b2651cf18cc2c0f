"""The life of coverage templates: written by one person, approved by another, valid from a day on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from django.conf import settings
from django.db.models import Max

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.events.rates import reporting_minor
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.record import leaves
from safeconduct.kernel.scope import Actor, query
from safeconduct.protections.transactions import record_payload
from safeconduct.protections.transactions.coverage.reading import read_template
from safeconduct.protections.transactions.coverage.shipped import DEFAULT, shipped_templates
from safeconduct.protections.transactions.coverage.template import Template, in_currency
from safeconduct.protections.transactions.errors import (
    ChangedSinceRead,
    DayTaken,
    NameDiffers,
    NotADraft,
    NotTheAuthor,
    OtherApproverNeeded,
    SavedMeanwhile,
    TemplateNotFound,
    TooEarly,
    WhyMissing,
)
from safeconduct.protections.transactions.models import TemplateState, TemplateVersion

SHIPPED: Final = "shipped"
#: As many versions as the list shows; a template changes a few times a year.
LISTED: Final = 100
#: The advisory lock of who numbers a version or puts one in force: two at once would choose the same number or day.


@dataclass(frozen=True, slots=True)
class Live:
    """A live version, read."""

    id: str
    number: int
    template: Template


def install(now: datetime, name: str = DEFAULT) -> TemplateVersion | None:
    """Puts a shipped template in force where there is none; None where there is one. In a scope of staff or engine."""
    if TemplateVersion.objects.filter(state=TemplateState.LIVE).exists():
        return None
    template = shipped_templates()[name]
    version = TemplateVersion.objects.create(
        name=template.name, number=1, state=TemplateState.LIVE, valid_from=template.valid_from, text=template.text,
        written_by=SHIPPED, written_at=now, approved_by=SHIPPED, approved_at=now, why="shipped with Safeconduct",
    )  # fmt: skip
    leaves.add(record_payload.TEMPLATE, [version.id], now)
    return version


def draft(text: str, actor: Actor, now: datetime) -> TemplateVersion:
    """Keeps a new version as a draft. Raises TemplateError where the text is malformed."""
    template = read_template(text)
    query("SELECT pg_advisory_xact_lock(%s)", [Lock.TEMPLATES])
    found = TemplateVersion.objects.filter(name=template.name).aggregate(n=Max("number"))["n"]
    return TemplateVersion.objects.create(
        name=template.name, number=(found or 0) + 1, valid_from=template.valid_from, text=text, written_by=actor.id,
        written_at=now, why=actor.why,
    )  # fmt: skip


def revise(version_id: str, text: str, seen_at: datetime, actor: Actor, now: datetime) -> TemplateVersion:
    """Replaces a draft's text; only its author does, so that who approves it is always a second person.

    ``seen_at``: when the text that was changed had been written. Raises TemplateError, TemplateNotFound, NotADraft,
    NotTheAuthor, NameDiffers, SavedMeanwhile.
    """
    template = read_template(text)
    version = _draft(version_id)
    if actor.id != version.written_by:
        raise NotTheAuthor
    if template.name != version.name:
        raise NameDiffers(version.name, template.name)
    if version.written_at != seen_at:
        raise SavedMeanwhile
    version.text, version.valid_from, version.written_at, version.why = text, template.valid_from, now, actor.why
    version.save(update_fields=["text", "valid_from", "written_at", "why"])
    return version


def approve(version_id: str, actor: Actor, now: datetime, *, seen_at: datetime | None = None) -> TemplateVersion:
    """Makes a draft live: a second person, with a reason, for a day that has not come, on which no other begins.

    ``seen_at``: when the text that they read had been written; they answer for no other. Raises TemplateNotFound,
    NotADraft, OtherApproverNeeded, ChangedSinceRead, WhyMissing, TooEarly, DayTaken.
    """
    query("SELECT pg_advisory_xact_lock(%s)", [Lock.TEMPLATES])
    version = _draft(version_id)
    if actor.id == version.written_by:
        raise OtherApproverNeeded
    if seen_at is not None and version.written_at != seen_at:
        raise ChangedSinceRead
    if len(actor.why.strip()) < 3:
        raise WhyMissing
    # An order keeps the version of its day: one that began in the past would change what was promised.
    if version.valid_from <= now.date():
        raise TooEarly(version.valid_from, now.date())
    if TemplateVersion.objects.filter(state=TemplateState.LIVE, valid_from=version.valid_from).exists():
        raise DayTaken(version.valid_from)
    version.state, version.approved_by, version.approved_at = TemplateState.LIVE, actor.id, now
    version.why = actor.why
    version.save(update_fields=["state", "approved_by", "approved_at", "why"])
    leaves.add(record_payload.TEMPLATE, [version.id], now)
    return version


def reject(version_id: str, actor: Actor, now: datetime) -> TemplateVersion:
    """Puts a draft aside, with a reason. Raises TemplateNotFound, NotADraft, WhyMissing."""
    version = _draft(version_id)
    if len(actor.why.strip()) < 3:
        raise WhyMissing
    version.state, version.approved_by, version.approved_at = TemplateState.REJECTED, actor.id, now
    version.why = actor.why
    version.save(update_fields=["state", "approved_by", "approved_at", "why"])
    leaves.add(record_payload.TEMPLATE, [version.id], now)
    return version


def listed() -> list[TemplateVersion]:
    """The latest versions without their texts, the one that counts last from first."""
    return list(TemplateVersion.objects.defer("text").order_by("-valid_from", "-number", "-id")[:LISTED])


def one(version_id: str) -> TemplateVersion:
    """A version. Raises TemplateNotFound."""
    version = TemplateVersion.objects.filter(id=version_id).first()
    if version is None:
        raise TemplateNotFound(version_id)
    return version


def in_force(day: date) -> TemplateVersion | None:
    """The version that counts for orders of this day."""
    live = TemplateVersion.objects.filter(state=TemplateState.LIVE, valid_from__lte=day)
    return live.order_by("-valid_from").first()


def before(version: TemplateVersion) -> TemplateVersion | None:
    """The version that counted, or will count, until this one begins."""
    live = TemplateVersion.objects.filter(state=TemplateState.LIVE, valid_from__lt=version.valid_from)
    return live.exclude(id=version.id).order_by("-valid_from").first()


def _draft(version_id: str) -> TemplateVersion:
    version = TemplateVersion.objects.select_for_update().filter(id=version_id).first()
    if version is None:
        raise TemplateNotFound(version_id)
    if version.state != TemplateState.DRAFT:
        raise NotADraft(version_id)
    return version


class Book:
    """The live versions as they are now, for one batch."""

    def __init__(self, versions: list[Live]) -> None:
        self.versions = versions
        self._of_day: dict[date, tuple[Live, Template | None] | None] = {}
        self._valued: dict[tuple[str, date], Template | None] = {}

    def of_day(self, at_us: int) -> tuple[Live, Template | None] | None:
        """The version for an order of this instant, and its template in the reporting currency.

        The template is None where an amount has no exchange rate on that day; all is None before the first version.
        """
        day = at_micros(at_us).date()
        if day not in self._of_day:
            live = next((v for v in reversed(self.versions) if v.template.valid_from <= day), None)
            self._of_day[day] = None if live is None else (live, self.valued(live, at_us))
        return self._of_day[day]

    def valued(self, live: Live, at_us: int) -> Template | None:
        """A version's template in the reporting currency by the rates of a day, None where one is missing."""
        key = (live.id, at_micros(at_us).date())
        if key not in self._valued:
            self._valued[key] = valued(live.template, at_us)
        return self._valued[key]


def book() -> Book:
    """Reads the live versions: one query; a text is parsed once in a process."""
    rows = query("SELECT id, number, text FROM coverage_template WHERE state = 'live' ORDER BY valid_from")
    return Book([Live(identity, number, parsed(text)) for identity, number, text in rows])


def valued(template: Template, at_us: int) -> Template | None:
    """A template in the reporting currency by the rates of an instant, None where one is missing."""
    return in_currency(template, settings.REPORTING_CURRENCY, lambda money: reporting_minor(money, at_us))


@lru_cache(maxsize=64)
def parsed(text: str) -> Template:
    """The template of a stored text."""
    return read_template(text)
