"""The record of processing: what personal data is handled, why, in which role, for whom, how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from django.utils import translation

from safeconduct.kernel.case_pages import term_words
from safeconduct.protections.data_security.dated import Entry, Sure, read
from safeconduct.protections.data_security.incidents.words import CATEGORIES
from safeconduct.protections.data_security.retention.schedule import Line, schedule
from safeconduct.protections.data_security.retention.words import BEGINS, LINES
from safeconduct.protections.data_security.transfers.words import (
    PEOPLE,
    PURPOSES,
    RECIPIENTS,
    ROLES,
    Assess,
    People,
    Recipient,
    Role,
)
from safeconduct.protections.data_security.words import django_language

FILE: Final = "transfers/processing.yaml"


@dataclass(frozen=True, slots=True)
class Processing:
    """One processing. ``retention``: lines of the schedule; ``basis``: what allows it; ``assess``: why its impact has
    to be assessed, nothing where it need not be."""

    id: str
    role: Role
    people: tuple[People, ...]
    categories: tuple[str, ...]
    recipients: tuple[Recipient, ...]
    retention: tuple[str, ...]
    assess: tuple[Assess, ...]
    basis: str
    since: date
    source: str
    sure: Sure


@lru_cache(maxsize=1)
def processing() -> Mapping[str, Processing]:
    """The record as shipped, by id. Raises DataFault."""
    return load()


def load(text: str | None = None) -> Mapping[str, Processing]:
    """The record of the shipped file, or of a text. Raises DataFault."""
    return {one.id: one for one in map(_processing, read(FILE, text))}


def about(language: str = "en") -> list[dict[str, Any]]:
    """What a person is told of the processing of their data (GDPR, article 15(1)), in their language."""
    with translation.override(django_language(language)):
        return [
            {
                "purpose": str(PURPOSES[one.id]), "role": str(ROLES[one.role]), "basis": one.basis,
                "categories": [str(CATEGORIES[name]) for name in one.categories],
                "recipients": [str(RECIPIENTS[name]) for name in one.recipients],
                "kept": {str(LINES[name]): _kept(schedule()[name]) for name in one.retention},
            }
            for one in processing().values()
        ]  # fmt: skip


def _kept(line: Line) -> str:
    return f"{term_words(line.keep) if line.keep else ''} {BEGINS[line.begins]}".strip()


def people_words(one: Processing) -> str:
    """Whose data it is, in the reader's words."""
    return ", ".join(str(PEOPLE[name]) for name in one.people)


def _processing(entry: Entry) -> Processing:
    found = Processing(
        entry.id, entry.choice("role", Role), entry.choices("people", People), entry.texts("categories"),
        entry.choices("recipients", Recipient), entry.texts("retention"),
        entry.choices("assess", Assess), entry.text("basis"), entry.day("since"), entry.text("source"),
        entry.choice("sure", Sure),
    )  # fmt: skip
    entry.done()
    if entry.id not in PURPOSES:
        raise entry.fault("id", f"has no words; known are {', '.join(PURPOSES)}")
    unknown = [name for name in found.categories if name not in CATEGORIES]
    if unknown or not found.categories:
        raise entry.fault("categories", f"has {unknown}; it may have {', '.join(CATEGORIES)}")
    lost = [name for name in found.retention if name not in schedule()]
    if lost or not found.retention:
        raise entry.fault("retention", f"has {lost}; it may have {', '.join(schedule())}")
    return found
