"""Within which time a request is answered: dated data by where the person lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from django.utils.translation import gettext as _

from safeconduct.foundation.clocks.calendars import Calendar
from safeconduct.foundation.clocks.counting import due_at
from safeconduct.foundation.clocks.terms import Term
from safeconduct.protections.data_security.dated import Entry, Sure, read
from safeconduct.protections.data_security.places import places_of

FILE: Final = "requests/terms.yaml"
HOUSE: Final = "house"


@dataclass(frozen=True, slots=True)
class Rule:
    """How long an answer may take. ``extension`` None: there is none."""

    id: str
    law: str
    places: frozenset[str]
    term: Term
    extension: Term | None
    since: date
    source: str
    sure: Sure

    def due_at(self, asked_at: datetime) -> datetime:
        """Until when somebody who asked then is answered."""
        return _end(self.term, asked_at)

    def extended_from(self, due: datetime) -> datetime | None:
        """Until when it is then, or None where the law knows no extension."""
        return None if self.extension is None else _end(self.extension, due)


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Rule]:
    """The rules as shipped, by id. Raises DataFault."""
    return load()


def load(text: str | None = None) -> Mapping[str, Rule]:
    """The rules of the shipped file, or of a text. Raises DataFault."""
    return {rule.id: rule for rule in map(_rule, read(FILE, text))}


def rule_for(place: str, on: date) -> Rule:
    """The rule of a place, the strictest where there are several; the house's own where there is none."""
    fitting = [
        rule for rule in rules().values() if rule.since <= on and {place, place[:2]} & rule.places
    ]  # fmt: skip
    return min(fitting, key=lambda rule: rule.term.amount, default=rules()[HOUSE])


def law_of(rule_id: str) -> str:
    """By which law a request is due, for people."""
    return _("our own rule") if rule_id == HOUSE else rules()[rule_id].law


def _end(term: Term, start: datetime) -> datetime:
    end = due_at(term, start, Calendar())
    assert end is not None  # nothing pauses it
    return end


def _rule(entry: Entry) -> Rule:
    term = entry.term("term")
    if term is None:
        raise entry.fault("term", "is missing; write for example 30 days")
    found = Rule(
        entry.id, entry.text("law"), places_of(entry, "places"), term, entry.term("extension"), entry.day("since"),
        entry.text("source"), entry.choice("sure", Sure),
    )  # fmt: skip
    entry.done()
    if not found.places and entry.id != HOUSE:
        raise entry.fault("places", f"is missing; only {HOUSE} holds everywhere")
    return found
