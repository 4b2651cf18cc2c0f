"""Stretches of time: when a clock stands still, and what of a stretch is left without them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from safeconduct.foundation.clocks.errors import ClockError


@dataclass(frozen=True, slots=True, order=True)
class Pause:
    """A clock stands still from `begin` (included) to `end` (not included), or without an end that is known: None."""

    begin: datetime
    end: datetime | None

    def __post_init__(self) -> None:
        if self.begin.tzinfo is None or (self.end is not None and self.end.tzinfo is None):
            raise ClockError("a pause needs times with a zone")
        if self.end is not None and self.end < self.begin:
            raise ClockError(f"a pause ends at {self.end:%Y-%m-%d %H:%M} before it begins")


def joined(pauses: Iterable[Pause]) -> list[Pause]:
    """The same pauses in order, with those that touch made one, and empty ones left out."""
    found: list[Pause] = []
    for pause in sorted(pauses, key=lambda p: p.begin):
        if pause.end == pause.begin:
            continue
        last = found[-1] if found else None
        if last is None or (last.end is not None and pause.begin > last.end):
            found.append(pause)
        elif last.end is not None and (pause.end is None or pause.end > last.end):
            found[-1] = Pause(last.begin, pause.end)
    return found


def touched(begin: datetime, end: datetime, pauses: Sequence[Pause]) -> bool:
    """Whether a pause takes anything of this stretch."""
    return any(pause.begin < end and (pause.end is None or pause.end > begin) for pause in pauses)


def without(begin: datetime, end: datetime, pauses: Sequence[Pause]) -> Iterator[tuple[datetime, datetime]]:
    """What is left of a stretch; ``pauses`` as `joined` gives them."""
    for pause in pauses:
        if pause.begin >= end:
            break
        if pause.end is not None and pause.end <= begin:
            continue
        if pause.begin > begin:
            yield begin, pause.begin
        if pause.end is None:
            return
        begin = max(begin, pause.end)
    if begin < end:
        yield begin, end
