"""What a part of the schedule has deleted, for the proof of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Gone:
    """What a batch deleted: (id, from when it was) each. ``subjects``, ``purposes``: of the keys that sealed it and
    seal nothing any more. ``counts``: what stays of rows of which only counts do."""

    rows: Sequence[tuple[str, datetime]]
    subjects: Sequence[str] = ()
    purposes: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


Delete = Callable[[datetime, datetime, int], Gone]
"""What deletes: given what is past its time, now, and how many at most."""
