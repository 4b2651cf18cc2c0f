"""The texts of notices: data, one YAML file for each code in `texts/`, in every language of the interface.

A file declares which roles hear of it (owners always do), how urgent it is, and the values it needs with their kinds;
a ``?`` marks one that may be absent, and a paragraph that names an absent value is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from safeconduct.kernel.notices.errors import NoticeMalformed
from safeconduct.kernel.notices.models import Urgency
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.parties.sealed_fields import MARK

LANGUAGES: Final = ("en", "es", "zh-hans")
_FOLDER: Final = Path(__file__).resolve().parent / "texts"
_NAMED: Final = re.compile(r"\{([a-z_]+)\}")


class Kind(StrEnum):
    """What a value is, and so how it is written for a reader. A `person` is their name, sealed (`User.sealed_name`)."""

    ID = "id"
    PERSON = "person"
    MONEY = "money"
    TIME = "time"
    COUNT = "count"
    WORDS = "words"
    LIST = "list"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Value:
    """A value that a text names. `choices` are the possible values of a choice."""

    kind: Kind
    optional: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A text in one language: subject, one sentence for lists, paragraphs, and the words of its choices."""

    subject: str
    short: str
    paragraphs: tuple[str, ...]
    choices: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Text:
    """A notice's text and the rules of sending it. ``former``: mail goes to addresses that people had lately, too."""

    code: str
    roles: tuple[MemberRole, ...]
    urgency: Urgency
    values: Mapping[str, Value]
    words: Mapping[str, Words]
    former: bool = False

    def check(self, given: Mapping[str, Any]) -> None:
        """Raises NoticeMalformed where values are missing, unknown, or of another kind than declared."""
        unknown = sorted(given.keys() - self.values.keys())
        if unknown:
            raise NoticeMalformed(self.code, f"it has no value {', '.join(unknown)}; it has {', '.join(self.values)}")
        for name, value in self.values.items():
            if given.get(name) is None:
                if not value.optional:
                    raise NoticeMalformed(self.code, f"the value {name} is missing")
            elif not _fits(value, given[name]):
                raise NoticeMalformed(self.code, f"the value {name} must be a {value.kind.value}")


def text_of(code: str) -> Text:
    """The text of a code. Raises NoticeMalformed where there is none."""
    try:
        return texts()[code]
    except KeyError:
        raise NoticeMalformed(code, f"there is no such text; there are {', '.join(sorted(texts()))}") from None


@lru_cache(maxsize=1)
def texts() -> Mapping[str, Text]:
    """All texts by code."""
    return {text.code: text for text in map(read, sorted(_FOLDER.glob("*.yaml"))) if text.code}


@lru_cache(maxsize=1)
def frame() -> Mapping[str, Mapping[str, str]]:
    """The words around every mail, by language."""
    found: dict[str, dict[str, str]] = YAML(typ="safe", pure=True).load(_FOLDER.parent / "frame.yaml")
    return found


def read(file: Path) -> Text:
    """Reads one file, and checks that every language says the same with the same values."""
    raw = YAML(typ="safe", pure=True).load(file)
    code = file.name.removesuffix(".yaml")
    spoken = {language: _words(raw[language]) for language in LANGUAGES}
    values = {name: _value(name, str(kind), spoken["en"]) for name, kind in raw["values"].items()}
    text = Text(
        code,
        tuple(MemberRole(role) for role in raw["roles"]),
        Urgency(raw["urgency"]),
        values,
        spoken,
        bool(raw.get("former")),
    )
    for language, words in spoken.items():
        _check_words(text, language, words)
    return text


def _words(raw: Mapping[str, Any]) -> Words:
    paragraphs = tuple(part.strip() for part in re.split(r"\n\s*\n", raw["body"]) if part.strip())
    return Words(raw["subject"].strip(), raw["short"].strip(), paragraphs, raw.get("choices") or {})


def _value(name: str, kind: str, english: Words) -> Value:
    return Value(Kind(kind.removesuffix("?")), kind.endswith("?"), tuple(english.choices.get(name, ())))


def _check_words(text: Text, language: str, words: Words) -> None:
    used = {name for part in (words.subject, words.short, *words.paragraphs) for name in _NAMED.findall(part)}
    if used != text.values.keys():
        raise NoticeMalformed(text.code, f"{language}: values and text differ in {sorted(used ^ text.values.keys())}")
    for name in _NAMED.findall(words.subject + words.short):
        if text.values[name].optional or text.values[name].kind is Kind.LIST:
            raise NoticeMalformed(text.code, f"{language}: {name} cannot stand in the subject or the short form")
    for name, value in text.values.items():
        if tuple(words.choices.get(name, ())) != value.choices or (value.kind is Kind.CHOICE) != bool(value.choices):
            raise NoticeMalformed(text.code, f"{language}: the choices of {name} differ")


def _fits(value: Value, given: Any) -> bool:
    match value.kind:
        case Kind.ID:
            return isinstance(given, str) and 0 < len(given) <= 300
        case Kind.PERSON:
            return isinstance(given, str) and given.startswith(MARK)
        case Kind.MONEY:
            return (
                isinstance(given, Mapping)
                and given.keys() == {"minor", "currency"}
                and isinstance(given["minor"], int)
                and isinstance(given["currency"], str)
            )
        case Kind.TIME:
            return isinstance(given, datetime) and given.tzinfo is not None
        case Kind.COUNT:
            return isinstance(given, int) and not isinstance(given, bool)
        case Kind.WORDS:
            return _is_sentence(given)
        case Kind.LIST:
            return isinstance(given, (list, tuple)) and len(given) <= 50 and all(_is_sentence(item) for item in given)
        case Kind.CHOICE:
            return given in value.choices


def _is_sentence(given: Any) -> bool:
    return isinstance(given, Mapping) and bool(given) and all(isinstance(word, str) for word in given.values())
