"""Time zones as tables: what the local clock shows, computed with integers alone.

Engines carry their own editions of the time zone database and disagree whenever a country changes its law. So a zone
is compiled once, from `zoneinfo`, into a table of offsets for 2020-01-01Z up to 2041-01-01Z, and every engine
computes from that table. Outside of it the local time is unknown rather than guessed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from safeconduct.foundation.moments import at_micros, micros

#: Where the tables begin and end, in microseconds since 2020-01-01Z.
ZONE_FROM_US = 0
ZONE_UNTIL_US = micros(datetime(2041, 1, 1, tzinfo=UTC))

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,2}")
_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US


@dataclass(frozen=True, slots=True)
class ZoneTable:
    """The offsets of one zone: from `starts_us[i]` on (microseconds since 2020-01-01Z, the first is 0), local time is
    UTC + `offsets_us[i]`. Neighbouring offsets differ."""

    name: str
    starts_us: tuple[int, ...]
    offsets_us: tuple[int, ...]

    def offset_us(self, at_us: int) -> int | None:
        """The offset at a time, or None outside the table's years."""
        if not ZONE_FROM_US <= at_us < ZONE_UNTIL_US:
            return None
        return self.offsets_us[bisect_right(self.starts_us, at_us) - 1]


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The IANA zone names this installation knows."""
    return frozenset(n for n in available_timezones() if _NAME.fullmatch(n) and n not in ("localtime", "Factory"))


@lru_cache(maxsize=256)
def zone_table(name: str) -> ZoneTable:
    """The compiled table of an IANA zone. Raises ValueError for a name that is not one."""
    if name not in zone_names():
        raise ValueError(f"{name!r} is not a time zone; write an IANA name such as 'Asia/Shanghai'")
    zone = ZoneInfo(name)
    starts, offsets = [ZONE_FROM_US], [_offset_us(zone, ZONE_FROM_US)]
    # No zone has ever changed twice within one day, so a step of a day sees every change; then the second is searched.
    for day_us in range(ZONE_FROM_US, ZONE_UNTIL_US, _DAY_US):
        end_us = min(day_us + _DAY_US, ZONE_UNTIL_US - _SECOND_US)
        after = _offset_us(zone, end_us)
        if after != offsets[-1]:
            starts.append(_change_us(zone, day_us, end_us, offsets[-1]))
            offsets.append(after)
    return ZoneTable(name, tuple(starts), tuple(offsets))


def _change_us(zone: ZoneInfo, low_us: int, high_us: int, before: int) -> int:
    """The first second in (low, high] whose offset is not `before`."""
    low, high = low_us // _SECOND_US, high_us // _SECOND_US
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_us(zone, middle * _SECOND_US) == before:
            low = middle
        else:
            high = middle
    return high * _SECOND_US


def _offset_us(zone: ZoneInfo, at_us: int) -> int:
    offset = at_micros(at_us).astimezone(zone).utcoffset()
    return (offset or timedelta()) // timedelta(microseconds=1)
