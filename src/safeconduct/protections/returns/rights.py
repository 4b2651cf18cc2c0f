"""What law gives the buyer of a return, and by when the money must be there. From the floors of cases, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from safeconduct.foundation.clocks.calendars import Calendar
from safeconduct.foundation.clocks.counting import due_at
from safeconduct.kernel.cases import floors
from safeconduct.kernel.cases.floors import Floor, Route


@dataclass(frozen=True, slots=True)
class Rights:
    """``statutory``: the return was asked for while law allows to withdraw without a reason; ``by``: ids of the floors
    that say so, shown with their sources. ``until``: the last moment of that right, None while it has not begun."""

    statutory: bool
    by: tuple[str, ...]
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A return as law looks at it: by whom, when the goods were delivered (None: not told), when it was asked for."""

    route: Route
    zone: str
    delivered_at: datetime | None
    requested_at: datetime


def rights(asked: Asked) -> Rights:
    """The right to withdraw. A window begins with delivery; without a told delivery it has not begun, and runs."""
    found = floors.of_matter("withdrawal_window", asked.route, asked.requested_at.date())
    if not found:
        return Rights(statutory=False, by=(), until=None)
    ids = tuple(floor.id for floor in found)
    if asked.delivered_at is None:
        return Rights(statutory=True, by=ids, until=None)
    ends = [_end(floor, asked.delivered_at, asked) for floor in found if floor.least is not None]
    until = max((end for end in ends if end is not None), default=None)
    return Rights(until is not None and asked.requested_at <= until, ids, until)


def refund_due(asked: Asked, *, sent_at: datetime | None, received_at: datetime | None) -> datetime | None:
    """By when law wants the buyer's money paid; None where it fixes nothing, or not yet.

    In the Union within 14 days of the withdrawal, but not before the goods are back or proof of sending is there,
    whichever is first; in China within 7 days of the goods' return.
    """
    if not rights(asked).statutory:
        return None
    on, dues = asked.requested_at.date(), []
    came = min((at for at in (sent_at, received_at) if at is not None), default=None)
    for floor in floors.of_matter("refund_after_withdrawal", asked.route, on):
        end = _end(floor, asked.requested_at, asked)
        if end is not None and came is not None:
            dues.append(max(end, came))
    for floor in floors.of_matter("refund_after_return", asked.route, on):
        end = None if received_at is None else _end(floor, received_at, asked)
        if end is not None:
            dues.append(end)
    return min(dues, default=None)


def _end(floor: Floor, start: datetime, asked: Asked) -> datetime | None:
    term = floor.least or floor.most
    return None if term is None else due_at(term, start, Calendar(asked.zone, asked.route.buyer))
