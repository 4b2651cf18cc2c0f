"""Floors: what law fixes of a term, by buyer's country, seller's country and route, as dated data with sources.

No preset, score or silence goes below one: `lint` refuses to publish a term that does, and a deadline is computed so
that it holds, should a text from before the law still be in force (`held_to`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from safeconduct.foundation.clocks.calendars import Calendar, has_holidays
from safeconduct.foundation.clocks.counting import due_at
from safeconduct.foundation.clocks.spans import Pause
from safeconduct.foundation.clocks.terms import Term, Unit, read_term

_FILE: Final = Path(__file__).resolve().parent / "floors.yaml"
#: The member states of the European Union on 2026-11-29.
UNION: Final = frozenset(
    (
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
        "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    )
)  # fmt: skip
_GROUPS: Final[Mapping[str, frozenset[str]]] = {"EU": UNION}
_WORKING: Final = frozenset({Unit.WORKING_HOURS, Unit.WORKING_DAYS})
#: Terms are held against each other from each day of these on: leap day, moving feasts and make-up days included.
_SAMPLE: Final = [datetime(2027, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(2 * 366)]


@dataclass(frozen=True, slots=True)
class Floor:
    """What law fixes. ``what``: the matter, by which clocks and steps of workflows name it. Exactly one of `least`,
    `most`, `forbids`, `burden`. ``acts``: found in public sources; else it is shown and drives nothing."""

    id: str
    what: str
    buyers: frozenset[str]
    sellers: frozenset[str]
    routes: frozenset[str]
    since: date
    until: date | None
    source: str
    acts: bool
    least: Term | None = None
    most: Term | None = None
    forbids: str = ""
    burden: str = ""

    def holds_for(self, route: Route, on: date) -> bool:
        """Whether it holds for this buyer, seller and route on a day."""
        return (
            self.since <= on
            and (self.until is None or on < self.until)
            and (not self.buyers or route.buyer in self.buyers)
            and (not self.sellers or route.seller in self.sellers)
            and (not self.routes or route.way in self.routes)
        )

    def can_hold_in(self, markets: Iterable[str]) -> bool:
        """Whether it can ever hold for buyers of these countries; no countries stand for all."""
        wanted = frozenset(markets)
        return not wanted or not self.buyers or bool(self.buyers & wanted)


@dataclass(frozen=True, slots=True)
class Route:
    """From which seller to which buyer (ISO 3166 countries), and how the parcel goes: "" where nobody said."""

    buyer: str = ""
    seller: str = ""
    way: str = ""


@lru_cache(maxsize=1)
def floors() -> tuple[Floor, ...]:
    """All floors, as they are shipped."""
    return tuple(map(_read, YAML(typ="safe", pure=True).load(_FILE)))


def of_matter(what: str, route: Route, on: date) -> list[Floor]:
    """The floors of a matter that hold and act."""
    return [floor for floor in floors() if floor.what == what and floor.acts and floor.holds_for(route, on)]


def burden(what: str, route: Route, on: date) -> list[Floor]:
    """Who has to prove a matter, with the source; also what counsel has not confirmed, to be shown to people."""
    return [floor for floor in floors() if floor.what == what and floor.burden and floor.holds_for(route, on)]


def held_to(
    end: datetime, found: Sequence[Floor], start: datetime, calendar: Calendar, pauses: Sequence[Pause]
) -> tuple[datetime, str]:
    """A term's end moved to where the floors allow it, and the id of the floor that moved it, or "". A duty that must
    be done within a time does not wait for pauses: the buyer's money is due all the same."""
    by = ""
    for floor in found:
        if floor.least is not None:
            bound = due_at(floor.least, start, calendar, pauses)
            if bound is not None and bound > end:
                end, by = bound, floor.id
    for floor in found:
        if floor.most is not None:
            bound = due_at(floor.most, start, calendar)
            if bound is not None and bound < end:
                end, by = bound, floor.id
    return end, by


@lru_cache(maxsize=256)
def breaks(term: Term, floor: Floor) -> bool:
    """Whether a term can end before (or after) the floor allows, from any day of two years, in a country it is for."""
    for calendar in _calendars(term, floor):
        for start in _SAMPLE:
            end = due_at(term, start, calendar)
            assert end is not None
            if floor.least is not None:
                bound = due_at(floor.least, start, calendar)
                if bound is not None and end < bound:
                    return True
            if floor.most is not None:
                bound = due_at(floor.most, start, calendar)
                if bound is not None and end > bound:
                    return True
    return False


def _calendars(term: Term, floor: Floor) -> list[Calendar]:
    bound = floor.least or floor.most
    parts = [part for whole in (term, bound) if whole is not None for part in (whole, whole.at_least)]
    if not any(part is not None and (part.rolls or part.unit in _WORKING) for part in parts):
        return [Calendar()]  # no holiday can make a difference
    countries = sorted(floor.buyers or floor.sellers)
    return [Calendar("UTC", country) for country in countries if has_holidays(country)] or [Calendar()]


def _read(raw: Mapping[str, Any]) -> Floor:
    return Floor(
        raw["id"], raw["what"], _countries(raw.get("buyers")), _countries(raw.get("sellers")),
        frozenset(raw.get("routes") or ()), raw["since"], raw.get("until"), raw["source"], raw["sure"] == "checked",
        _term(raw.get("least")), _term(raw.get("most")), raw.get("forbids") or "", raw.get("burden") or "",
    )  # fmt: skip


def _countries(names: Sequence[str] | None) -> frozenset[str]:
    return frozenset(country for name in names or () for country in _GROUPS.get(name, frozenset({name})))


def _term(text: str | None) -> Term | None:
    return None if text is None else read_term(text)
