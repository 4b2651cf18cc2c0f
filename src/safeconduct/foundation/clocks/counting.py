"""When a term ends, when to remind of it, and how much of it has run.

A clock that stands still gives time, and never takes any: hours stop for as long as the pause lasts; a day of which a
pause takes anything (of a working day: anything of its hours) is not counted at all. A longer pause never means an
earlier end; that is tested on random pauses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, assert_never

from safeconduct.foundation.clocks.calendars import Calendar
from safeconduct.foundation.clocks.errors import ClockError
from safeconduct.foundation.clocks.spans import Pause, joined, touched, without
from safeconduct.foundation.clocks.terms import Term, Unit

#: At which parts of its running time somebody is reminded of a deadline, in per cent.
REMINDERS_PERCENT: Final = (50, 80, 95)
_NOTHING: Final = timedelta()


def due_at(
    term: Term,
    start: datetime,
    calendar: Calendar,
    pauses: Iterable[Pause] = (),
    extensions: Sequence[Term] = (),
) -> datetime | None:
    """When a term that begins at ``start`` ends (UTC); None while a pause without an end stops it.

    Extensions are counted one after the other, each from the end of the one before. Raises ClockError for a start
    without a zone.
    """
    if start.tzinfo is None:
        raise ClockError("a term begins at a time with a zone")
    still = joined(pauses)
    end: datetime | None = start.astimezone(UTC)
    for part in (term, *extensions):
        if end is None:
            return None
        end = _with_bound(part, end, calendar, still)
    return end


def reminders_at(
    term: Term,
    start: datetime,
    end: datetime,
    calendar: Calendar,
    pauses: Iterable[Pause] = (),
    percents: Sequence[int] = REMINDERS_PERCENT,
) -> list[datetime]:
    """When these parts of the running time are over, in order. Of terms in working time only working time counts, so
    that nobody is reminded at night of an answer that is due by day."""
    runs = list(_running(term.unit, start.astimezone(UTC), end, calendar, joined(pauses)))
    whole = sum((to - since for since, to in runs), _NOTHING)
    return [_after(runs, whole * percent / 100, end) for percent in sorted(percents)]


def _with_bound(term: Term, start: datetime, calendar: Calendar, still: Sequence[Pause]) -> datetime | None:
    end = _end(term, start, calendar, still)
    if term.at_least is None or end is None:
        return end
    bound = _end(term.at_least, start, calendar, still)
    return None if bound is None else max(end, bound)


def _end(term: Term, start: datetime, calendar: Calendar, still: Sequence[Pause]) -> datetime | None:
    match term.unit:
        case Unit.HOURS:
            return _end_of_hours(start, timedelta(hours=term.amount), still)
        case Unit.WORKING_HOURS:
            return _end_of_working_hours(start, timedelta(hours=term.amount), calendar, still)
        case Unit.DAYS:
            return _end_of_days(term, term.amount, start, calendar, still)
        case Unit.MONTHS:
            first = calendar.day(start)
            return _end_of_days(term, (_months_on(first, term.amount) - first).days, start, calendar, still)
        case Unit.WORKING_DAYS:
            return _end_of_days(term, term.amount, start, calendar, still)
        case _:
            assert_never(term.unit)


def _end_of_hours(start: datetime, budget: timedelta, still: Sequence[Pause]) -> datetime | None:
    end = start + budget
    for pause in still:
        if pause.begin >= end:
            break
        if pause.end is None:
            return None
        if pause.end > start:
            end += pause.end - max(pause.begin, start)
    return end


def _end_of_working_hours(
    start: datetime, budget: timedelta, calendar: Calendar, still: Sequence[Pause]
) -> datetime | None:
    for day in calendar.days(calendar.day(start)):
        if _for_ever(calendar.begins(day), still):
            return None
        open_hours = calendar.hours(day)
        if open_hours is None:
            continue
        for since, to in without(max(open_hours[0], start), open_hours[1], still):
            if to - since >= budget:
                return since + budget
            budget -= to - since
    return None


def _end_of_days(
    term: Term, count: int, start: datetime, calendar: Calendar, still: Sequence[Pause]
) -> datetime | None:
    working = term.unit is Unit.WORKING_DAYS
    first = calendar.day(start) + timedelta(days=1)
    if not working and not still:  # nothing to leave out: no need to count day by day
        first += timedelta(days=count - 1)
        count = 1
    for day in calendar.days(first):
        if _for_ever(calendar.begins(day), still):
            return None
        counted = calendar.hours(day) if working else (calendar.begins(day), calendar.ends(day))
        if counted is None or touched(*counted, still):
            continue
        count -= 1
        if count <= 0 and (not term.rolls or calendar.works_on(day)):
            return calendar.ends(day)
    return None


def _for_ever(at: datetime, still: Sequence[Pause]) -> bool:
    return bool(still) and still[-1].end is None and at >= still[-1].begin


def _months_on(first: date, months: int) -> date:
    """The same day some months on; the last of the month where there is no such day."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    for day in range(first.day, 27, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    return date(year, month + 1, min(first.day, 28))


def _running(
    unit: Unit, start: datetime, end: datetime, calendar: Calendar, still: Sequence[Pause]
) -> Iterator[tuple[datetime, datetime]]:
    """The stretches between start and end in which the clock of this unit runs."""
    if unit not in (Unit.WORKING_HOURS, Unit.WORKING_DAYS):
        yield from without(start, end, still)
        return
    for day in calendar.days(calendar.day(start)):
        if calendar.begins(day) >= end:
            return
        open_hours = calendar.hours(day)
        if open_hours is not None:
            yield from without(max(start, open_hours[0]), min(end, open_hours[1]), still)


def _after(runs: Sequence[tuple[datetime, datetime]], budget: timedelta, end: datetime) -> datetime:
    for since, to in runs:
        if to - since >= budget:
            return since + budget
        budget -= to - since
    return end
