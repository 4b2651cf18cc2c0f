"""Reading the data files of this package: every fault names the file, the field and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from safeconduct.protections.transactions.coverage.reading import LANGUAGES

Texts = Mapping[str, str]
"""A text by language: en, es, zh."""

_FOLDER: Final = Path(__file__).resolve().parent
_Word = TypeVar("_Word", bound=StrEnum)


class DataMalformed(ValueError):
    """A data file is wrong; the message names the file, the field and the way out."""

    def __init__(self, file: str, field: str, problem: str) -> None:
        super().__init__(f"{file}: {field}: {problem}")


class Part:
    """A mapping of a file with its place, for messages."""

    def __init__(self, file: str, place: str, raw: Any) -> None:
        if not isinstance(raw, dict):
            raise DataMalformed(file, place or "whole file", "must be a list of `field: value`")
        self.file, self.place, self.raw = file, place, raw

    def wrong(self, field: str, problem: str) -> DataMalformed:
        """The error about a field."""
        return DataMalformed(self.file, f"{self.place}.{field}" if self.place else field, problem)

    def only(self, *fields: str, optional: Iterable[str] = ()) -> None:
        """Refuses fields that have no meaning here, and misses none that must be there."""
        allowed = (*fields, *optional)
        for name in self.raw:
            if name not in allowed:
                raise self.wrong(str(name), f"is not known here; there are {', '.join(allowed)}")
        for name in fields:
            if name not in self.raw:
                raise self.wrong(name, f"is missing; add `{name}:`")

    def text(self, field: str, default: str | None = None) -> str:
        """A text that is not empty. ``default``: what stands for a field that is left out."""
        if default is not None and field not in self.raw:
            return default
        value = self.raw.get(field)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(field, "must be a text that is not empty; put figures and codes in quotes")
        return value.strip()

    def number(self, field: str) -> int | None:
        """A whole number above zero; None where it is left out."""
        value = self.raw.get(field)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value <= 0):
            raise self.wrong(field, "must be a whole number above zero")
        return value

    def day(self, field: str) -> date:
        """A day."""
        value = self.raw.get(field)
        if isinstance(value, datetime) or not isinstance(value, date):
            raise self.wrong(field, "must be a day such as 2026-01-31")
        return value

    def word(self, field: str, words: type[_Word]) -> _Word:
        """One of a closed list of words."""
        try:
            return words(self.text(field))
        except ValueError:
            raise self.wrong(field, f"can be {', '.join(words)}") from None

    def words(self, field: str) -> tuple[str, ...]:
        """A list of words, empty where it is left out."""
        value = self.raw.get(field, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(field, "must be a list of words")
        return tuple(value)

    def texts(self, field: str) -> Texts:
        """A text in each language."""
        part = Part(self.file, f"{self.place}.{field}" if self.place else field, self.raw.get(field))
        part.only(*LANGUAGES)
        return {language: part.text(language) for language in LANGUAGES}

    def parts(self, field: str) -> list[Part]:
        """A list of mappings."""
        value = self.raw.get(field)
        if not isinstance(value, list) or not value:
            raise self.wrong(field, "must be a list with at least one entry")
        place = f"{self.place}.{field}" if self.place else field
        return [Part(self.file, f"{place}[{n}]", one) for n, one in enumerate(value)]

    def named(self, field: str) -> dict[str, Part]:
        """A mapping of mappings."""
        whole = Part(self.file, f"{self.place}.{field}" if self.place else field, self.raw.get(field))
        return {str(name): Part(self.file, f"{whole.place}.{name}", one) for name, one in whole.raw.items()}


def read_file(name: str) -> str:
    """The text of a file of this package."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def parse(text: str, file: str) -> Part:
    """A file's text as a part. Raises DataMalformed."""
    try:
        raw = YAML(typ="safe", pure=True).load(text)
    except YAMLError as problem:
        raise DataMalformed(file, "whole file", f"is no YAML: {str(problem).splitlines()[0]}") from problem
    return Part(file, "", raw)


def said(texts: Texts, language: str) -> str:
    """The text in a reader's language, English where there is none."""
    return texts.get(language.lower().split("-")[0]) or texts["en"]
