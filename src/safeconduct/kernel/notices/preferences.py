"""How a person wants mail, and when a mail may go: pure computation, and the one action that changes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from safeconduct.kernel.notices.errors import SettingRefused
from safeconduct.kernel.notices.models import MailSetting, Pace, Urgency
from safeconduct.kernel.parties.models import User


@dataclass(frozen=True, slots=True)
class Wish:
    """How a person wants mail about what is not urgent; hours are of the person's own zone."""

    pace: Pace = Pace.EACH
    daily_hour: int = 8
    quiet_from_hour: int | None = None
    quiet_until_hour: int | None = None


def wish_of(person: User) -> Wish:
    """What a person has settled, or what holds without a word from them: each at once, collections at 8."""
    found = MailSetting.objects.filter(person=person).first()
    if found is None:
        return Wish()
    return Wish(Pace(found.pace), found.daily_hour, found.quiet_from_hour, found.quiet_until_hour)


def settle(person: User, wish: Wish) -> None:
    """Stores how a person wants mail; the person does this themselves. A mail that waits
    for its hour follows the new setting when that hour comes.

    Raises SettingRefused with the field.
    """
    for field in ("daily_hour", "quiet_from_hour", "quiet_until_hour"):
        hour = getattr(wish, field)
        if hour is not None and not 0 <= hour <= 23:
            raise SettingRefused(field, "give a whole hour between 0 and 23")
    if (wish.quiet_from_hour is None) != (wish.quiet_until_hour is None):
        missing = "quiet_from_hour" if wish.quiet_from_hour is None else "quiet_until_hour"
        raise SettingRefused(missing, "quiet hours need a beginning and an end; leave both empty for none")
    if wish.quiet_from_hour is not None and wish.quiet_from_hour == wish.quiet_until_hour:
        raise SettingRefused(
            "quiet_until_hour", "quiet hours that last all day would stop all mail; choose no mail instead"
        )
    MailSetting.objects.update_or_create(
        person=person,
        defaults={
            "pace": Pace(wish.pace), "daily_hour": wish.daily_hour, "quiet_from_hour": wish.quiet_from_hour,
            "quiet_until_hour": wish.quiet_until_hour,
        },
    )  # fmt: skip


def mail_time(
    urgency: Urgency, wish: Wish, zone: tzinfo, *, at: datetime, now: datetime
) -> tuple[datetime | None, bool]:
    """When the mail of a notice of time `at` may go, judged at `now`: a time, at most `now` where it may go at once, or
    None where the person wants none; and whether it goes with a collection."""
    if urgency is Urgency.NOW:
        return now, False
    if wish.pace is Pace.OFF:
        return None, False
    if urgency is Urgency.SOON and wish.pace is Pace.EACH:
        return _after_quiet(wish, zone, now), False
    return _next_at_hour(at, wish.daily_hour, zone), True


def _next_at_hour(after: datetime, hour: int, zone: tzinfo) -> datetime:
    """The first time strictly after `after` at which it is this hour in the zone."""
    day = after.astimezone(zone).date()
    found = datetime.combine(day, time(hour), zone)
    return found if found > after else datetime.combine(day + timedelta(days=1), time(hour), zone)


def _after_quiet(wish: Wish, zone: tzinfo, now: datetime) -> datetime:
    if wish.quiet_from_hour is None or wish.quiet_until_hour is None:
        return now
    hour = now.astimezone(zone).hour
    start, end = wish.quiet_from_hour, wish.quiet_until_hour
    quiet = start <= hour < end if start < end else hour >= start or hour < end
    return _next_at_hour(now, end, zone) if quiet else now
