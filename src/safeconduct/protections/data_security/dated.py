"""Dated data of this room as it is written in YAML: each entry with its source and how sure it is, read strictly.

A loader takes the fields of an entry one by one; what it does not take, and what it needs and does not find, is an
error that names file, entry and field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from safeconduct.foundation.clocks.errors import ClockError
from safeconduct.foundation.clocks.terms import Term, read_term

C = TypeVar("C", bound=StrEnum)
_HERE: Final = Path(__file__).resolve().parent


class Sure(StrEnum):
    """How sure a figure is. Whatever is said, counsel confirms it before it is relied on."""

    CHECKED = "checked"  # read in public sources
    PAGE = "page"  # read as an excerpt of a public page
    MEMORY = "memory"  # general knowledge of the field, not looked up
    HOUSE = "house"  # our own proposal; no law says it


class DataFault(ValueError):
    """Data that cannot be used; the message names file, entry and field, and what would do."""


class Entry:
    """One entry of a file, with a mandatory `id`. Call `done` when everything was taken."""

    def __init__(self, file: str, raw: object, number: int) -> None:
        if not isinstance(raw, Mapping):
            raise DataFault(f"{file}: entry {number} is no mapping of fields")
        self.file, self.raw, self._taken = file, raw, {"id"}
        self.id = str(raw.get("id") or "")
        if not self.id:
            raise DataFault(f"{file}: entry {number} has no id")

    def fault(self, field: str, problem: str) -> DataFault:
        """An error about a field, to be raised."""
        return DataFault(f"{self.file}: {self.id}: {field} {problem}")

    def take(self, field: str) -> Any:
        """A value as it stands there, or None."""
        self._taken.add(field)
        return self.raw.get(field)

    def text(self, field: str, default: str | None = None) -> str:
        """A text; without a default it must be there."""
        given = self.take(field)
        if given is None and default is not None:
            return default
        if not isinstance(given, str) or not given.strip():
            raise self.fault(field, "is missing; it must be a text")
        return given.strip()

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts, empty where there is none."""
        given = self.take(field)
        if given is None:
            return ()
        if not isinstance(given, Sequence) or isinstance(given, str) or not all(isinstance(one, str) for one in given):
            raise self.fault(field, "must be a list of texts")
        return tuple(given)

    def choice(self, field: str, kind: type[C], default: C | None = None) -> C:
        """One of the words of an enumeration."""
        given = self.take(field)
        if given is None and default is not None:
            return default
        if given not in set(kind):
            raise self.fault(field, f"is {given!r}; it must be one of {', '.join(kind)}")
        return kind(given)

    def choices(self, field: str, kind: type[C]) -> tuple[C, ...]:
        """Several words of an enumeration."""
        found = self.texts(field)
        for one in found:
            if one not in set(kind):
                raise self.fault(field, f"has {one!r}; it may have {', '.join(kind)}")
        return tuple(kind(one) for one in found)

    def flag(self, field: str) -> bool:
        """Yes or no; no where nothing is said."""
        given = self.take(field)
        if not isinstance(given, bool | None):
            raise self.fault(field, "must be true or false")
        return bool(given)

    def number(self, field: str) -> int | None:
        """A whole number from 0 on, or None."""
        given = self.take(field)
        if given is None:
            return None
        if not isinstance(given, int) or isinstance(given, bool) or given < 0:
            raise self.fault(field, "must be a whole number from 0 on")
        return given

    def day(self, field: str) -> date:
        """A day; it must be there."""
        found = self.day_or_none(field)
        if found is None:
            raise self.fault(field, "is missing; write a day such as 2026-01-31")
        return found

    def day_or_none(self, field: str) -> date | None:
        """A day, or None."""
        given = self.take(field)
        if given is not None and not isinstance(given, date):
            raise self.fault(field, "must be a day such as 2026-01-31")
        return given

    def term(self, field: str) -> Term | None:
        """A term such as `72 hours`, or None."""
        given = self.take(field)
        if given is None:
            return None
        try:
            return read_term(str(given))
        except ClockError as problem:
            raise self.fault(field, f"does not read: {problem}") from None

    def parts(self, field: str) -> list[Entry]:
        """A list of entries inside this one, each with an id of its own; at least one."""
        given = self.take(field)
        if not isinstance(given, list) or not given:
            raise self.fault(field, "is missing; it must be a list of entries")
        return [Entry(f"{self.file}: {self.id}", one, number) for number, one in enumerate(given, 1)]

    def done(self) -> None:
        """Raises DataFault for a field that nobody asked for."""
        unknown = sorted(map(str, set(self.raw) - self._taken))
        if unknown:
            raise self.fault(unknown[0], f"is not known here; known are {', '.join(sorted(self._taken))}")


def read(name: str, text: str | None = None) -> Iterator[Entry]:
    """The entries of a file of this room, or of a text in its stead. Raises DataFault, also for an id given twice."""
    try:
        found = YAML(typ="safe", pure=True).load((_HERE / name).read_text("utf-8") if text is None else text)
    except YAMLError as problem:
        raise DataFault(f"{name}: is no YAML: {problem}") from None
    if not isinstance(found, list):
        raise DataFault(f"{name}: must be a list of entries")
    seen: set[str] = set()
    for number, raw in enumerate(found, 1):
        entry = Entry(name, raw, number)
        if entry.id in seen:
            raise DataFault(f"{name}: {entry.id}: is there twice")
        seen.add(entry.id)
        yield entry
