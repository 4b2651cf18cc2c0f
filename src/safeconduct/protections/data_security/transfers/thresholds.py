"""When data that leaves a country needs more than care: dated data with thresholds by how many people it is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from safeconduct.protections.data_security.dated import Entry, Sure, read
from safeconduct.protections.data_security.places import places_of

FILE: Final = "transfers/thresholds.yaml"


class Kind(StrEnum):
    """Classes of data that thresholds count people by."""

    ANY = "any"
    SENSITIVE = "sensitive"
    IDENTIFIERS = "identifiers"
    FINANCIAL = "financial"
    HEALTH = "health"


class Mechanism(StrEnum):
    """What makes a transfer above a threshold lawful."""

    STANDARD_CONTRACT = "standard_contract"
    CERTIFICATION = "certification"
    ASSESSMENT = "assessment"
    SECURITY_REQUIREMENTS = "security_requirements"


class Ground(StrEnum):
    """Why data leaves. Some grounds are exempt from some laws."""

    CONTRACT_NECESSITY = "contract_necessity"
    COLLECTED_ABROAD = "collected_abroad"
    STAFF_MANAGEMENT = "staff_management"
    EMERGENCY = "emergency"
    OTHER = "other"


class Window(StrEnum):
    """Over which time people are counted."""

    YEAR = "year"
    TWO_YEARS = "two_years"


#: Kinds of data (`incidents.words.CATEGORIES`) of each class; what is sensitive follows PIPL, article 28.
CLASSES: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.SENSITIVE: frozenset({"bank_account", "identity", "health", "children"}),
    Kind.IDENTIFIERS: frozenset({"contact", "address", "device"}),
    Kind.FINANCIAL: frozenset({"payment", "bank_account"}),
    Kind.HEALTH: frozenset({"health"}),
}


@dataclass(frozen=True, slots=True)
class Level:
    """Above so many people of a class. ``needs`` empty: forbidden."""

    id: str
    kind: Kind
    more_than: int
    needs: frozenset[Mechanism]


@dataclass(frozen=True, slots=True)
class Rule:
    """A law about data that leaves. ``to`` empty: anywhere else."""

    id: str
    law: str
    origin: frozenset[str]
    to: frozenset[str]
    since: date
    until: date | None
    source: str
    sure: Sure
    window: Window
    exempt: frozenset[Ground]
    levels: tuple[Level, ...]

    def concerns(self, origin: str, country: str, on: date) -> bool:
        """Whether data of people from there to that country falls under it on a day."""
        in_force = self.since <= on and (self.until is None or on < self.until)
        there = country in self.to if self.to else country not in self.origin
        return in_force and there and bool({origin, origin[:2]} & self.origin)

    @property
    def kinds(self) -> frozenset[Kind]:
        """The classes it counts."""
        return frozenset(level.kind for level in self.levels)


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Rule]:
    """The rules as shipped, by id. Raises DataFault."""
    return load()


def load(text: str | None = None) -> Mapping[str, Rule]:
    """The rules of the shipped file, or of a text. Raises DataFault."""
    return {rule.id: rule for rule in map(_rule, read(FILE, text))}


def kinds_of(categories: Collection[str]) -> frozenset[Kind]:
    """The classes that kinds of data belong to."""
    return frozenset({Kind.ANY, *(kind for kind, names in CLASSES.items() if names & set(categories))})


def _rule(entry: Entry) -> Rule:
    found = Rule(
        entry.id, entry.text("law"), places_of(entry, "from"), places_of(entry, "to"), entry.day("since"),
        entry.day_or_none("until"), entry.text("source"), entry.choice("sure", Sure), entry.choice("window", Window),
        frozenset(entry.choices("exempt", Ground)), tuple(map(_level, entry.parts("levels"))),
    )  # fmt: skip
    entry.done()
    if not found.origin:
        raise entry.fault("from", "is missing; name where the people live")
    return found


def _level(entry: Entry) -> Level:
    more_than = entry.number("more_than")
    if more_than is None:
        raise entry.fault("more_than", "is missing")
    found = Level(entry.id, entry.choice("class", Kind), more_than, frozenset(entry.choices("needs", Mechanism)))
    entry.done()
    return found
