"""What a key process writes down, and how much it opens.

A line of the log says how often a user had something done with keys of a purpose within a minute. It holds no value, no
key, and nobody's name: purposes are words of this program, and users are numbers of the operating system.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

_WORD: Final = re.compile(r"[a-z0-9_/ -]{0,60}")
#: Different lines within a minute; what is more is counted as `other`.
_MOST: Final = 1_000

_Kept = tuple[int, str, str, bool]
"""User, operation, purpose, and whether it was refused."""


class Journal:
    """A log that is only appended to: lines of JSON, written at the end of each minute, and for the first refusal of a
    kind at once. `works` is false from a line that could not be written until one can be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counts: Counter[_Kept] = Counter()
        self._told: set[_Kept] = set()
        self._minute = datetime.now(UTC).replace(second=0, microsecond=0)
        self._guard = threading.Lock()
        self.works = True

    def began(self) -> None:
        """Says that a key process begins. One that begins without an end before was killed: up to a minute of what it
        did is not written down."""
        self._append([self._line("started")])

    def ended(self) -> None:
        """Writes what there is, and that the process ends."""
        self.keep_up(datetime.now(UTC), at_once=True)
        self._append([self._line("stopped")])

    def note(self, user: int, operation: str, counts: Mapping[str, int], *, refused: bool = False) -> None:
        """Counts what was done, or refused."""
        first = False
        with self._guard:
            for purpose, count in counts.items():
                word = purpose if _WORD.fullmatch(purpose) else "other"
                kept = (user, operation, word, refused)
                if kept not in self._counts and len(self._counts) >= _MOST:
                    kept = (user, operation, "other", refused)
                self._counts[kept] += count
                first = first or (refused and kept not in self._told)
                if refused:
                    self._told.add(kept)
        if first:
            self.keep_up(datetime.now(UTC), at_once=True)

    def keep_up(self, now: datetime, *, at_once: bool = False) -> None:
        """Writes what was counted until the minute that has ended; ``at_once``: what was counted until now."""
        with self._guard:
            minute = now.replace(second=0, microsecond=0)
            if minute == self._minute and not at_once:
                return
            counts, self._counts = self._counts, Counter()
            written = self._minute
            if minute != self._minute:
                self._minute, self._told = minute, set()
        lines = [
            json.dumps({
                "minute": f"{written:%Y-%m-%dT%H:%MZ}", "user": user, "operation": operation, "purpose": purpose,
                "count": count, **({"refused": True} if refused else {}),
            })
            for (user, operation, purpose, refused), count in sorted(counts.items())
        ]  # fmt: skip
        if (lines or not self.works) and not self._append(lines or [self._line("writing again")]):
            with self._guard:  # not lost: written with what comes, once there is room
                self._counts += counts
                self._minute = min(self._minute, written)

    def _append(self, lines: list[str]) -> bool:
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                data = ("\n".join(lines) + "\n").encode()
                self.works = os.write(descriptor, data) == len(data)
            finally:
                os.close(descriptor)
        except OSError:
            self.works = False
        return self.works

    def _line(self, said: str) -> str:
        about: dict[str, Any] = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "said": said, "process": os.getpid()}
        return json.dumps(about)


class Limit:
    """How many values a user may have opened within a minute of the clock; 0 for no limit."""

    def __init__(self, a_minute: int) -> None:
        self.a_minute = a_minute
        self._opened: Counter[int] = Counter()
        self._minute: datetime | None = None
        self._guard = threading.Lock()

    def allows(self, user: int, count: int, now: datetime) -> bool:
        """Counts so many openings where they are allowed, and none of them where they are not."""
        if not self.a_minute:
            return True
        minute = now.replace(second=0, microsecond=0)
        with self._guard:
            if minute != self._minute:
                self._minute, self._opened = minute, Counter()
            if self._opened[user] + count > self.a_minute:
                return False
            self._opened[user] += count
            return True
