"""Which laws and contracts want whom told of an incident, by when: dated data, and the clocks that apply to one.

A clock applies where all its conditions hold; what nobody has judged yet counts as holding, so that doubt never lets
time pass. Nothing here is legal advice: every figure is a minimum that counsel confirms.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

from safeconduct.foundation.clocks.calendars import Calendar
from safeconduct.foundation.clocks.errors import ClockError
from safeconduct.foundation.clocks.terms import Term
from safeconduct.protections.data_security.dated import Entry, Sure, read
from safeconduct.protections.data_security.places import places_of

FILE: Final = "incidents/regimes.yaml"


class Addressee(StrEnum):
    """Whom a clock is for. ``own``: nobody is told; the operator must have judged by then, and proves that it did."""

    AUTHORITY = "authority"
    PEOPLE = "people"
    PLATFORM = "platform"
    OWN = "own"


class Section(StrEnum):
    """What a message has to say."""

    NATURE = "nature"
    CATEGORIES = "categories"
    NUMBERS = "numbers"
    CONSEQUENCES = "consequences"
    MEASURES = "measures"
    ADVICE = "advice"
    CONTACT = "contact"


class Warning(StrEnum):
    """What is easily got wrong about a regime; the words are in `words`."""

    REASONS_WHEN_LATE = "reasons_when_late"
    IN_PHASES = "in_phases"
    KEEP_A_LIST = "keep_a_list"
    HARM_AVOIDED = "harm_avoided"
    AUTHORITY_MAY_ORDER = "authority_may_order"
    GRADE_DECIDES = "grade_decides"
    FULLER_REPORT_FOLLOWS = "fuller_report_follows"
    HEADINGS_ARE_FIXED = "headings_are_fixed"
    OTHER_STATES = "other_states"
    ASSESSMENT_FIRST = "assessment_first"
    PRELIMINARY_FIRST = "preliminary_first"
    NOT_ALL_IN_FORCE = "not_all_in_force"
    CONTRACT = "contract"


class Condition(StrEnum):
    """What must hold for a clock, as far as it was judged."""

    RISK = "risk"
    HIGH_RISK = "high_risk"
    MAJOR = "major"


class Operator(StrEnum):
    """What kind of operator this is where the law asks: critical infrastructure, a central organ, everybody else."""

    ORDINARY = "ordinary"
    CRITICAL = "critical"
    CENTRAL = "central"


class Risk(StrEnum):
    """How the risk for people was judged."""

    UNKNOWN = "unknown"
    NONE_LIKELY = "none_likely"
    RISK = "risk"
    HIGH = "high"


class Judged(StrEnum):
    """A question that may be open."""

    UNKNOWN = "unknown"
    YES = "yes"
    NO = "no"


class Upstream(StrEnum):
    """Platforms that data came from under a contract of their own."""

    AMAZON = "amazon"


@dataclass(frozen=True, slots=True)
class Clock:
    """One duty of a regime. ``term`` None: at once, the law names no figure. ``after``: the clock it runs from."""

    id: str
    to: Addressee
    term: Term | None
    conditions: tuple[Condition, ...]
    operators: tuple[Operator, ...]
    more_than: int
    after: str
    says: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Regime:
    """A law or contract with its clocks. ``since``, ``until``: the days on which incidents fall under it."""

    id: str
    law: str
    people_in: frozenset[str]
    established_in: frozenset[str]
    upstream: frozenset[str]
    since: date
    until: date | None
    source: str
    sure: Sure
    calendar: Calendar
    warnings: tuple[Warning, ...]
    clocks: tuple[Clock, ...]

    def clock(self, clock_id: str) -> Clock:
        """The clock of this name. Raises KeyError."""
        return next(one for one in self.clocks if one.id == clock_id)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of an incident. ``people``: how many are affected, by country or part of one (`US`, `US-CA`); a
    place with 0 people counts as one whose number is not known yet."""

    people: Mapping[str, int] = field(default_factory=dict)
    established: frozenset[str] = frozenset()
    upstream: frozenset[str] = frozenset()
    risk: Risk = Risk.UNKNOWN
    major: Judged = Judged.UNKNOWN
    operator: Operator = Operator.ORDINARY

    def holds(self, condition: Condition) -> bool:
        """Whether a condition holds, or nobody has judged it."""
        match condition:
            case Condition.RISK:
                return self.risk is not Risk.NONE_LIKELY
            case Condition.HIGH_RISK:
                return self.risk in (Risk.UNKNOWN, Risk.HIGH)
            case Condition.MAJOR:
                return self.major is not Judged.NO


@lru_cache(maxsize=1)
def regimes() -> Mapping[str, Regime]:
    """All regimes as shipped, by id. Raises DataFault where the file is wrong."""
    return load()


def load(text: str | None = None) -> Mapping[str, Regime]:
    """The regimes of the shipped file, or of a text. Raises DataFault."""
    return {one.id: one for one in map(_regime, read(FILE, text))}


def applying(situation: Situation, on: date) -> list[tuple[Regime, Clock]]:
    """The clocks that apply to an incident known on a day."""
    found = []
    for regime in regimes().values():
        if not (regime.since <= on and (regime.until is None or on < regime.until)):
            continue
        if not _concerns(regime, situation):
            continue
        found += [(regime, clock) for clock in regime.clocks if _applies(clock, regime, situation)]
    return found


def protects(regime: Regime, place: str, people: Collection[str]) -> bool:
    """Whether a regime protects people of a place. A country stands for its parts as long as none of them is among
    these places: of Americans of whom nobody knows more, some may be Californians."""
    if {place, place[:2]} & regime.people_in:
        return True
    parts = place + "-"
    return not any(other.startswith(parts) for other in people) and any(
        known.startswith(parts) for known in regime.people_in
    )


def _concerns(regime: Regime, situation: Situation) -> bool:
    return bool(
        any(protects(regime, place, situation.people) for place in situation.people)
        or situation.established & regime.established_in
        or situation.upstream & regime.upstream
    )


def _applies(clock: Clock, regime: Regime, situation: Situation) -> bool:
    if clock.operators and situation.operator not in clock.operators:
        return False
    if clock.more_than:
        counts = [n for place, n in situation.people.items() if protects(regime, place, situation.people)]
        if all(counts) and sum(counts) <= clock.more_than:
            return False
    return all(map(situation.holds, clock.conditions))


def _regime(entry: Entry) -> Regime:
    found = Regime(
        entry.id, entry.text("law"), places_of(entry, "people_in"), places_of(entry, "established_in"),
        frozenset(entry.choices("upstream", Upstream)), entry.day("since"), entry.day_or_none("until"),
        entry.text("source"), entry.choice("sure", Sure), _calendar(entry), entry.choices("warnings", Warning),
        tuple(map(_clock, entry.parts("clocks"))),
    )  # fmt: skip
    entry.done()
    if not (found.people_in or found.established_in or found.upstream):
        raise entry.fault("people_in", "is missing, and so are established_in and upstream: it would never apply")
    if found.until is not None and found.until <= found.since:
        raise entry.fault("until", "must be after since")
    ids = [clock.id for clock in found.clocks]
    for clock in found.clocks:
        if ids.count(clock.id) > 1:
            raise entry.fault("clocks", f"has {clock.id!r} twice")
        if clock.after and clock.after not in ids:
            raise entry.fault("clocks", f"has {clock.id!r} after {clock.after!r}, which is not there")
    return found


def _clock(entry: Entry) -> Clock:
    at_once, term = entry.flag("at_once"), entry.term("term")
    if at_once == (term is not None):
        raise entry.fault("term", "is needed, or at_once: true; and not both")
    found = Clock(
        entry.id, entry.choice("to", Addressee), term, entry.choices("if", Condition),
        entry.choices("operators", Operator), entry.number("more_than") or 0, entry.text("after", ""),
        entry.choices("says", Section),
    )  # fmt: skip
    entry.done()
    if not found.says:
        raise entry.fault("says", "is missing; name what the message has to say")
    if found.after and found.term is None:
        raise entry.fault("after", "needs a term")
    return found


def _calendar(entry: Entry) -> Calendar:
    try:
        return Calendar(entry.text("zone", "UTC"), entry.text("country", ""))
    except ClockError as problem:
        raise entry.fault("zone", str(problem)) from None
