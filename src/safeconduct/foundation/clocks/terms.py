"""How long somebody has: ``48 hours``, ``3 working days, at least 24 working hours``, ``6 months``.

Hours run by the clock on the wall of physics: 48 hours are 48 hours, also when summer time begins. Days and months are
those of the party's own zone: the day on which they begin is not counted, and they end with the last second of the last
day (Regulation (EEC, Euratom) 1182/71, article 3; China's seven days are counted from the day after receipt likewise).
A term that ends on a day off moves to the next working day only where it says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from safeconduct.foundation.clocks.errors import ClockError


class Unit(StrEnum):
    """In what a term is counted."""

    HOURS = "hours"
    WORKING_HOURS = "working hours"
    DAYS = "days"
    WORKING_DAYS = "working days"
    MONTHS = "months"


#: Ten years of each: longer than any term of the field, short enough to be counted day by day.
LONGEST: Final = {
    Unit.HOURS: 87_600,
    Unit.WORKING_HOURS: 20_000,
    Unit.DAYS: 3_650,
    Unit.WORKING_DAYS: 2_500,
    Unit.MONTHS: 120,
}
_ROLLS: Final = "or the next working day"
_PART: Final = re.compile(r"([0-9]{1,5}) (working )?(hour|day|month)s?")


@dataclass(frozen=True, slots=True)
class Term:
    """How long somebody has. ``rolls``: a last day that is off moves to the next working day. ``at_least``: the term
    never ends before this one would."""

    amount: int
    unit: Unit
    rolls: bool = False
    at_least: Term | None = None

    def __post_init__(self) -> None:
        if not 0 < self.amount <= LONGEST[self.unit]:
            raise ClockError(f"{self.amount} {self.unit}: give 1 to {LONGEST[self.unit]}")
        if self.rolls and self.unit not in (Unit.DAYS, Unit.MONTHS):
            raise ClockError(f"{self.unit} cannot end on a day off; only days and months move to the next working day")
        if self.at_least is not None and self.at_least.at_least is not None:
            raise ClockError("a term has one lower bound, which has none itself")

    def __str__(self) -> str:
        unit = self.unit.value.removesuffix("s") if self.amount == 1 else self.unit.value
        parts = [f"{self.amount} {unit}", *([_ROLLS] if self.rolls else [])]
        if self.at_least is not None:
            parts.append(f"at least {self.at_least}")
        return ", ".join(parts)


def read_term(text: str) -> Term:
    """The term a text says. Raises ClockError, which says what can be written."""
    own, _, bound = text.partition(", at least ")
    term = _read(own.strip(), text)
    return Term(term.amount, term.unit, term.rolls, _read(bound.strip(), text) if bound else None)


def _read(part: str, whole: str) -> Term:
    plain, _, ending = part.partition(", ")
    found = _PART.fullmatch(plain.strip())
    unit = None if found is None else (found.group(2) or "") + found.group(3) + "s"
    if found is None or unit not in set(Unit) or ending not in ("", _ROLLS):
        raise ClockError(
            f"{whole!r} is no term; write for example '48 hours', '3 working days, at least 24 working hours',"
            f" '14 days, {_ROLLS}' or '6 months'"
        )
    return Term(int(found.group(1)), Unit(unit), bool(ending))
