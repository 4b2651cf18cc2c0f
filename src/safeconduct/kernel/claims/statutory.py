"""Until when law asks for a refund: the floors of its matter, by the claim's route."""

from __future__ import annotations

from datetime import datetime

from safeconduct.foundation.clocks.calendars import Calendar, has_holidays
from safeconduct.foundation.clocks.counting import due_at as end_of
from safeconduct.kernel.cases.floors import Route, of_matter


def due_at(matter: str, route: tuple[str, str, str], start: datetime) -> datetime | None:
    """The earliest end of the times that law gives for a matter, counted from a start; None where it gives none.

    Counted in UTC by the buyer's holidays, as the case's deadlines are where the buyer's zone is not known.
    """
    if not matter:
        return None
    calendar = Calendar("UTC", route[0] if has_holidays(route[0]) else "")
    found = of_matter(matter, Route(*route), start.date())
    ends = [end_of(floor.most, start, calendar) for floor in found if floor.most is not None]
    return min((end for end in ends if end is not None), default=None)
