"""Deadlines as rows: made when a state is entered, computed by `foundation.clocks`, held to the floors of law."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings

from safeconduct.foundation.clocks.calendars import LIBRARY, Calendar, has_holidays, is_zone
from safeconduct.foundation.clocks.counting import REMINDERS_PERCENT, due_at, reminders_at
from safeconduct.foundation.clocks.spans import Pause
from safeconduct.foundation.clocks.terms import Term, read_term
from safeconduct.foundation.ids import new_id
from safeconduct.kernel.cases import floors
from safeconduct.kernel.cases.words import PARTIES, PLATFORM, ClockState, PauseScope, Role
from safeconduct.kernel.cases.workflow import Clock, State
from safeconduct.kernel.scope import query

#: The last reminder is not sent in the minutes before the deadline itself.
_LATEST_REMINDER: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Where:
    """A party's zone and country, as its clocks need them."""

    zone: str
    country: str

    def calendar(self) -> Calendar:
        """Its working time; UTC where the zone is unknown, Saturday and Sunday off where the country's holidays are."""
        zone = self.zone if is_zone(self.zone) else "UTC"
        return Calendar(zone, self.country if has_holidays(self.country) else "")


@dataclass(frozen=True, slots=True)
class KnownPause:
    """A pause as it is declared."""

    scope: PauseScope
    value: str
    pause: Pause


@dataclass(frozen=True, slots=True)
class Subject:
    """What of a case its clocks need."""

    case_id: str
    seller_key: int
    route: floors.Route
    carrier: str
    where: Mapping[Role, Where]

    def calendar(self, owner: Role) -> Calendar:
        """The working time of who acts: a party's own, else the platform's."""
        found = self.where.get(owner)
        return platform_calendar() if found is None else found.calendar()

    def pauses(self, owner: Role, known: Sequence[KnownPause]) -> list[Pause]:
        """The pauses that stop a clock of this owner in this case."""
        country = self.where[owner].country if owner in self.where else ""
        values = {
            PauseScope.EVERYONE: "", PauseScope.COUNTRY: country, PauseScope.CARRIER: self.carrier,
            PauseScope.CASE: self.case_id,
        }  # fmt: skip
        return [
            one.pause
            for one in known
            if values[one.scope] == one.value and (one.value or one.scope is PauseScope.EVERYONE)
        ]


def platform_calendar() -> Calendar:
    """The marketplace's own working time: its zone and, where it is set, its country's holidays."""
    return Where(settings.TIME_ZONE, settings.PLATFORM_COUNTRY).calendar()


def known_pauses(since: datetime, case_ids: Sequence[str]) -> list[KnownPause]:
    """Pauses that end after a time, or have no end: of countries, carriers and everyone, and of these cases alone,
    because every bank's dispute about an order pauses a case."""
    rows = query(
        "SELECT scope, value, begins_at, ends_at FROM case_pause WHERE (ends_at IS NULL OR ends_at > %s)"
        " AND (scope <> 'case' OR value = ANY(%s::text[])) ORDER BY begins_at",
        [since, list(case_ids)],
    )
    return [KnownPause(PauseScope(scope), value, Pause(begins, ends)) for scope, value, begins, ends in rows]


def made(
    subject: Subject, state: State, at: datetime, known: Sequence[KnownPause], *, clock_round: int = 1
) -> dict[str, Any] | None:
    """The row of a state's clock that is entered at a time; None for a state without one."""
    clock = state.clock
    if clock is None:
        return None
    owner = state.acts[0] if state.acts else Role.OPERATOR
    calendar = subject.calendar(clock.of)
    row: dict[str, Any] = {
        "id": new_id("ddl"), "case_id": subject.case_id, "seller_key": subject.seller_key, "key": clock.key,
        "state_name": state.name, "owner": owner.value, "platform": owner in PLATFORM, "round": clock_round,
        "term": str(clock.term), "extensions": [], "library": LIBRARY, "floor": "", "starts_on": clock.starts_on,
        "calendar": {"zone": calendar.zone, "country": calendar.country, "of": clock.of.value},
        "made_at": at, "started_at": None, "due_at": None, "wake_at": None, "reminded": 0,
    }  # fmt: skip
    if clock.starts_on and clock_round == 1:
        assert clock.else_after is not None
        wake = due_at(clock.else_after, at, calendar, subject.pauses(clock.of, known))
        return {**row, "state": ClockState.WAITING.value, "wake_at": wake}
    return {**row, **running(subject, clock, row, at, known)}


def running(
    subject: Subject, clock: Clock, row: Mapping[str, Any], start: datetime, known: Sequence[KnownPause]
) -> dict[str, Any]:
    """What a clock shows that starts (or started) at a time: when it is due and when to look at it next."""
    calendar = subject.calendar(clock.of)
    pauses = subject.pauses(clock.of, known)
    term = read_term(row["term"])
    extensions = [read_term(text) for text in row["extensions"]]
    end, floor = due_at(term, start, calendar, pauses, extensions), ""
    if end is not None and clock.floor:
        found = floors.of_matter(clock.floor, subject.route, start.astimezone(UTC).date())
        end, floor = floors.held_to(end, found, start, calendar, pauses)
    return {
        "state": ClockState.RUNNING.value, "started_at": start, "due_at": end, "floor": floor, "library": LIBRARY,
        "wake_at": next_look(term, start, end, calendar, pauses, row["reminded"]),
    }  # fmt: skip


def next_look(
    term: Term, start: datetime, end: datetime | None, calendar: Calendar, pauses: Sequence[Pause], reminded: int
) -> datetime | None:
    """The next reminder that was not sent, or the end; None while nothing is due because of a pause without end."""
    if end is None:
        return None
    if reminded >= len(REMINDERS_PERCENT):
        return end
    (reminder,) = reminders_at(term, start, end, calendar, pauses, REMINDERS_PERCENT[reminded : reminded + 1])
    return reminder if reminder < end - _LATEST_REMINDER else end


def subject_of(case: Mapping[str, Any], parties: Sequence[Mapping[str, Any]]) -> Subject:
    """What the clocks of a case need, from its row and those of its parties."""
    where = {Role(party["role"]): Where(party["zone"], party["country"]) for party in parties}
    buyer, seller = where.get(Role.BUYER), where.get(Role.SELLER)
    route = floors.Route(buyer.country if buyer else "", seller.country if seller else "", case["route"])
    return Subject(
        case["id"], case["seller_key"], route, case["carrier"],
        {role: place for role, place in where.items() if role in PARTIES},
    )  # fmt: skip


_COLUMNS: Final = (
    "id text, case_id text, seller_key bigint, key text, state_name text, owner text, platform boolean, round smallint,"
    " term text, extensions text[], calendar jsonb, library text, floor text, starts_on text, made_at timestamptz,"
    " started_at timestamptz, due_at timestamptz, wake_at timestamptz, reminded smallint, state text"
)
_NAMES: Final = ", ".join(part.split()[0] for part in _COLUMNS.split(", "))


def store(rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes new clocks: one statement."""
    if rows:
        query(
            f"INSERT INTO case_deadline ({_NAMES}, attempts)"
            f" SELECT {_NAMES}, 0 FROM jsonb_to_recordset(%s::jsonb) AS r({_COLUMNS})",
            [json.dumps(list(rows), default=datetime.isoformat)],
        )


def end(ended: Mapping[str, ClockState], at: datetime) -> None:
    """Ends the open clocks of cases (id → how): one statement."""
    if ended:
        query(
            "UPDATE case_deadline d SET state = e.state, ended_at = %s, wake_at = NULL"
            " FROM unnest(%s::text[], %s::text[]) AS e(case_id, state)"
            " WHERE d.case_id = e.case_id AND d.state IN ('waiting', 'running')",
            [at, list(ended), [state.value for state in ended.values()]],
        )


def change(rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes what open clocks show now (`id` and all that `running` gives, `reminded`, `attempts`, `extensions`)."""
    if rows:
        query(
            "UPDATE case_deadline d SET state = r.state, started_at = r.started_at, due_at = r.due_at,"
            " floor = r.floor, library = r.library, wake_at = r.wake_at, reminded = r.reminded,"
            " attempts = r.attempts, extensions = r.extensions"
            " FROM jsonb_to_recordset(%s::jsonb) AS r(id text, state text, started_at timestamptz,"
            "  due_at timestamptz, floor text, library text, wake_at timestamptz, reminded smallint,"
            "  attempts smallint, extensions text[])"
            " WHERE d.id = r.id AND d.state IN ('waiting', 'running')",
            [json.dumps(list(rows), default=_plain)],
        )


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
