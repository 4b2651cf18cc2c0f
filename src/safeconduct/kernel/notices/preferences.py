"""How a person wants mail, and when a mail may go: pure computation, and the checks of what may be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import TypedDict

from safeconduct.kernel.notices.errors import SettingRefused
from safeconduct.kernel.notices.models import Pace, Urgency


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a person wants mail about what is not urgent; hours are of the person's own zone. The defaults hold without a
    word from them: each at once, collections at 8."""

    digest: Pace = Pace.NOW
    daily_hour: int = 8
    quiet_from_hour: int | None = None
    quiet_until_hour: int | None = None

    def check(self) -> None:
        """Raises SettingRefused with the field that cannot be."""
        if self.digest not in Pace.values:
            raise SettingRefused("digest", f"choose one of {', '.join(Pace.values)}")
        for field in ("daily_hour", "quiet_from_hour", "quiet_until_hour"):
            hour = getattr(self, field)
            if hour is not None and not 0 <= hour <= 23:
                raise SettingRefused(field, "give a whole hour between 0 and 23")
        if (self.quiet_from_hour is None) != (self.quiet_until_hour is None):
            missing = "quiet_from_hour" if self.quiet_from_hour is None else "quiet_until_hour"
            raise SettingRefused(missing, "quiet hours need a beginning and an end; leave both empty for none")
        if self.quiet_from_hour is not None and self.quiet_from_hour == self.quiet_until_hour:
            raise SettingRefused(
                "quiet_until_hour", "quiet hours that last all day would stop all mail; choose urgent ones only instead"
            )


class Changes(TypedDict, total=False):
    """What may be changed of `Preferences`."""

    digest: str
    daily_hour: int
    quiet_from_hour: int | None
    quiet_until_hour: int | None


def mail_time(
    urgency: Urgency, wish: Preferences, zone: tzinfo, *, at: datetime, now: datetime
) -> tuple[datetime | None, bool]:
    """When the mail of a notice of time `at` may go, judged at `now`: a time, at most `now` where it may go at once, or
    None where the person wants none; and whether it goes with a collection."""
    if urgency is Urgency.NOW:
        return now, False
    if wish.digest is Pace.URGENT:
        return None, False
    if urgency is Urgency.SOON and wish.digest is Pace.NOW:
        return _after_quiet(wish, zone, now), False
    return _next_at_hour(at, wish.daily_hour, zone), True


def _next_at_hour(after: datetime, hour: int, zone: tzinfo) -> datetime:
    """The first time strictly after `after` at which it is this hour in the zone (UTC).

    On the day that skips the hour it is the end of the gap; on the day that has it twice, the first of the two.
    """
    day = after.astimezone(zone).date()
    # In UTC, because times of one zone are compared by what the clock on the wall shows.
    found = datetime.combine(day, time(hour), zone).astimezone(UTC)
    return found if found > after else datetime.combine(day + timedelta(days=1), time(hour), zone).astimezone(UTC)


def _after_quiet(wish: Preferences, zone: tzinfo, now: datetime) -> datetime:
    if wish.quiet_from_hour is None or wish.quiet_until_hour is None:
        return now
    hour = now.astimezone(zone).hour
    start, end = wish.quiet_from_hour, wish.quiet_until_hour
    quiet = start <= hour < end if start < end else hour >= start or hour < end
    return _next_at_hour(now, end, zone) if quiet else now
