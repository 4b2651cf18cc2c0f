"""When a party works: its zone, its hours, its country's holidays and the days on which it makes up for them.

Holidays come from the library ``holidays``, which also knows weekends other than Saturday and Sunday, and China's
make-up working days as far as the State Council has announced them. It does so late in each year for the next: a year
without an announcement has its holidays, but no make-up days. Who stores a deadline stores `LIBRARY` beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.metadata import version
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from safeconduct.foundation.clocks.errors import ClockError

#: Whose holidays these are; stored with every deadline that was computed.
LIBRARY: Final = f"holidays {version('holidays')}"
_DAY: Final = timedelta(days=1)
_WEEKEND: Final = frozenset({5, 6})
#: The last second of a day, which readers see as the day itself: 24:00 would read as the next.
_LAST_SECOND: Final = time(23, 59, 59)
_YEARS: Final = range(1970, 2101)


@dataclass(frozen=True, slots=True)
class Calendar:
    """A party's working time. ``zone``: IANA name. ``country`` and ``subdivision``: ISO 3166 codes of its holidays; ""
    for none, with Saturday and Sunday off. ``opens``, ``closes``: whole minutes after midnight, 9:00 to 18:00 as they
    are usual in rules of Chinese platforms. ``every_day``: hours count on days off as well."""

    zone: str = "UTC"
    country: str = ""
    subdivision: str = ""
    opens: int = 9 * 60
    closes: int = 18 * 60
    every_day: bool = False

    def __post_init__(self) -> None:
        if not is_zone(self.zone):
            raise ClockError(f"{self.zone!r} is no time zone; give a name such as Asia/Shanghai")
        if self.country and not has_holidays(self.country, self.subdivision):
            raise ClockError(f"no holidays are known for {self.country} {self.subdivision}".strip())
        if not 0 <= self.opens < self.closes <= 24 * 60:
            raise ClockError(f"hours from minute {self.opens} to {self.closes} do not lie within one day")

    def day(self, at: datetime) -> date:
        """The party's own date at an instant."""
        return at.astimezone(ZoneInfo(self.zone)).date()

    def works_on(self, day: date) -> bool:
        """Whether the day is a working day, make-up days included."""
        return self.every_day or day not in _days_off(self.country, self.subdivision, day.year)

    def begins(self, day: date) -> datetime:
        """The instant at which a day begins."""
        return _instant(self.zone, day, time(0), False)

    def ends(self, day: date) -> datetime:
        """The last second of a day."""
        return _instant(self.zone, day, _LAST_SECOND, True)

    def hours(self, day: date) -> tuple[datetime, datetime] | None:
        """From when to when the party works on a day; None on a day off."""
        if not self.works_on(day):
            return None
        return self._minute(day, self.opens, late=False), self._minute(day, self.closes, late=True)

    def days(self, first: date) -> Iterator[date]:
        """The days from one on, as far as calendars are known. Raises ClockError after that."""
        day = first
        while day.year in _YEARS:
            yield day
            day += _DAY
        raise ClockError(f"no calendar is known for {day.year}; terms end before {_YEARS[-1]}")

    def _minute(self, day: date, minute: int, *, late: bool) -> datetime:
        if minute == 24 * 60:
            return self.begins(day + _DAY)
        return _instant(self.zone, day, time(minute // 60, minute % 60), late)


@lru_cache(maxsize=65_536)
def _instant(zone: str, day: date, at: time, late: bool) -> datetime:
    # An hour that is there twice begins with its first and ends with its second time; one that is skipped is taken
    # after the gap: always what leaves the party more time.
    there = ZoneInfo(zone)
    first, second = (datetime.combine(day, at.replace(fold=f), there).astimezone(UTC) for f in (0, 1))
    return max(first, second) if late else first


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether a text is the name of a time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=1024)
def has_holidays(country: str, subdivision: str = "") -> bool:
    """Whether holidays are known for a country, or for a part of it."""
    known = _countries()
    return country in known and (not subdivision or subdivision in known[country])


@lru_cache(maxsize=1)
def _countries() -> dict[str, list[str]]:
    return holidays.list_supported_countries()


@lru_cache(maxsize=4096)
def _days_off(country: str, subdivision: str, year: int) -> frozenset[date]:
    days = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    if not country:
        return frozenset(day for day in days if day.weekday() in _WEEKEND)
    known = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    return frozenset(day for day in days if not known.is_working_day(day))
