"""What the staff's page of a case, of whatever kind, shows of the work on it: who else is at it, and texts that are
ready to be adapted. Opening the page is what others are told of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from django.utils import timezone

from safeconduct.foundation.clocks.calendars import is_zone
from safeconduct.kernel.cases import looks, macros, queries
from safeconduct.kernel.cases.labels import SEATS, Text
from safeconduct.kernel.cases.models import Case, CaseMacro
from safeconduct.kernel.cases.words import MacroPurpose
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.ui import formats


@dataclass(frozen=True, slots=True)
class AtWork:
    """A colleague as the banner names them; ``seat`` in words, "" without one."""

    name: str
    since: datetime
    seat: Text
    looks_after: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """The banner, the texts that can be chosen, and the one that was. ``text``: the chosen text with its values, for
    the form of its purpose; ``gaps``: values of it that are not known, which a person has to write."""

    others: Sequence[AtWork]
    messages: Sequence[CaseMacro] = ()
    reasons: Sequence[CaseMacro] = ()
    chosen: CaseMacro | None = None
    text: str = ""
    gaps: Sequence[str] = field(default=())

    @property
    def message(self) -> str:
        """What the form of a message begins with."""
        return self.text if self.chosen and self.chosen.purpose == MacroPurpose.MESSAGE else ""

    @property
    def reason(self) -> str:
        """What the form of the reasons begins with."""
        return self.text if self.chosen and self.chosen.purpose == MacroPurpose.REASON else ""


def desk(case: Case, person: User, *, order_ref: str, macro_id: str, language: str, at: datetime) -> Desk:
    """The desk of a case that somebody of the staff opens now.

    A message is in every language its parties read, one below the other; reasons are in that of the page.
    """
    others = [
        AtWork(one.name, one.since, SEATS[one.seat] if one.seat else "", one.looks_after)
        for one in looks.look(case.id, person, at=at)
    ]
    offered = macros.in_force(case.kind)
    found = Desk(others, offered[MacroPurpose.MESSAGE], offered[MacroPurpose.REASON])
    chosen = next((one for one in (*found.messages, *found.reasons) if one.id == macro_id), None)
    if chosen is None:
        return found
    texts, gaps = [], set[str]()
    for code, zone in _readers(case, chosen, language).items():
        text, missing = macros.filled(chosen.texts[code], _values(case, order_ref, code, zone, at))
        texts.append(text)
        gaps |= set(missing)
    return Desk(
        others, found.messages, found.reasons, chosen, "\n\n".join(texts),
        ["{" + name + "}" for name in macros.VALUES if name in gaps],
    )  # fmt: skip


def _readers(case: Case, chosen: CaseMacro, language: str) -> Mapping[str, tzinfo]:
    """The languages of a text, each with the zone of its first reader, by which a day is that day."""
    if chosen.purpose == MacroPurpose.REASON:
        return {macros.language_of(language): timezone.get_current_timezone()}
    found: dict[str, tzinfo] = {}
    for party in queries.parties(case.id):
        found.setdefault(macros.language_of(party.language), ZoneInfo(party.zone if is_zone(party.zone) else "UTC"))
    return found


def _values(case: Case, order_ref: str, language: str, zone: tzinfo, at: datetime) -> Mapping[str, str]:
    clock = queries.clock(case.id)
    money = "" if case.amount_minor is None else formats.money(case.amount_minor, case.currency, language)
    day = "" if clock is None or clock.due_at is None else formats.day(clock.due_at, zone, language, at)
    return {"order": order_ref, "amount": money, "date": day}
