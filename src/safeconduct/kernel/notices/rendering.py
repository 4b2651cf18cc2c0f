"""Notices as a reader sees them: in their language and zone, amounts and dates written as they write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from babel.dates import get_timezone_gmt
from django.utils import timezone
from django.utils.translation import get_language

from safeconduct.foundation.ids import brief
from safeconduct.kernel.notices.texts import LANGUAGES, Kind, Text, Value, text_of
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.sealed_fields import field_of
from safeconduct.kernel.ui import formats
from safeconduct.kernel.ui.reader import known_zone

_NAMED: Final = re.compile(r"\{([a-z_]+)\}")
_BLANKS: Final = re.compile(r"\s+")
#: Longer than any mail program shows; a subject is cut there.
_LONGEST_SUBJECT: Final = 160


@dataclass(frozen=True, slots=True)
class Rendered:
    """A notice in one reader's words: `subject` and `short` are single lines, `paragraphs` may have several."""

    subject: str
    short: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a notice is written, and when. ``language`` is one of `LANGUAGES`."""

    language: str
    zone: tzinfo
    now: datetime


def reader_of(language: str, zone_name: str, now: datetime) -> Reader:
    """The reader of a person's settings; English and UTC where those are unknown."""
    spoken = language.lower()
    if spoken not in LANGUAGES:
        spoken = next((known for known in LANGUAGES if known.split("-")[0] == spoken.split("-")[0]), "en")
    return Reader(spoken, known_zone(zone_name) or UTC, now)


def reader_here() -> Reader:
    """Whoever's request is being answered: Django's active language and zone, now."""
    known = reader_of(get_language() or "en", "", timezone.now())
    return Reader(known.language, timezone.get_current_timezone(), known.now)


def render(code: str, values: Mapping[str, Any], reader: Reader) -> Rendered:
    """A notice in its reader's words. Paragraphs that name an absent value are left out."""
    text = text_of(code)
    words = text.words[reader.language]
    written = {
        name: _write(value, values[name], words.choices.get(name, {}), reader)
        for name, value in text.values.items()
        if values.get(name) is not None and values[name] != []
    }
    listed = _for_a_list(text, written)
    return Rendered(
        _cut(_line(words.subject, listed)),
        _line(words.short, listed),
        tuple(_fill(paragraph, written) for paragraph in words.paragraphs if _can(paragraph, written)),
    )


def summary(code: str, values: Mapping[str, Any], reader: Reader) -> tuple[str, str]:
    """Subject and short form, for lists: reads only the values that these name."""
    text = text_of(code)
    words = text.words[reader.language]
    named = set(_NAMED.findall(words.subject + words.short))
    written = {
        name: _write(text.values[name], values[name], words.choices.get(name, {}), reader) for name in named
    }  # fmt: skip
    listed = _for_a_list(text, written)
    return _cut(_line(words.subject, listed)), _line(words.short, listed)


def moment(at: datetime, reader: Reader) -> str:
    """A time that cannot be misread: day and time in the reader's zone, with its distance from UTC."""
    here = at.astimezone(reader.zone)
    locale = formats.locale_of(reader.language)
    offset = get_timezone_gmt(here, width="long", locale=locale)
    said = formats.absolute(at, reader.zone, reader.language, reader.now)
    return f"{said} ({offset.replace('GMT', 'UTC')})"


def spoken(by_language: Mapping[str, str], language: str) -> str:
    """A stored sentence in a language; English, or whatever there is, where it lacks that one."""
    return spoken_as(by_language, language)[0]


def spoken_as(by_language: Mapping[str, str], language: str) -> tuple[str, str]:
    """A stored sentence as `spoken` says it, and the language it is in where that is another one; else empty."""
    own = language.split("-")[0]
    for wanted in (language, own, "en", *by_language):
        if by_language.get(wanted):
            return by_language[wanted], "" if wanted.split("-")[0] == own else wanted
    return "", ""


def _write(value: Value, given: Any, choices: Mapping[str, str], reader: Reader) -> str:
    match value.kind:
        case Kind.ID:
            return _one_line(str(given))
        case Kind.PERSON:
            return _one_line(field_of(User, "name").opened(given))
        case Kind.MONEY:
            return formats.money(int(given["minor"]), str(given["currency"]), reader.language)
        case Kind.TIME:
            at = given if isinstance(given, datetime) else datetime.fromisoformat(given)
            return moment(at, reader)
        case Kind.COUNT:
            return formats.count(int(given), reader.language)
        case Kind.WORDS:
            return _one_line(spoken(given, reader.language))
        case Kind.LIST:
            return "\n".join(f"• {_one_line(spoken(item, reader.language))}" for item in given)
        case Kind.CHOICE:
            return choices.get(given, str(given))


def _for_a_list(text: Text, written: Mapping[str, str]) -> dict[str, str]:
    """Values for a subject or a list, which have no room for ids: those stand whole in the notice itself."""
    return {name: brief(said) if text.values[name].kind is Kind.ID else said for name, said in written.items()}


def _can(paragraph: str, written: Mapping[str, str]) -> bool:
    return all(name in written for name in _NAMED.findall(paragraph))


def _fill(paragraph: str, written: Mapping[str, str]) -> str:
    # One pass, so that a value that looks like a name in braces is not taken for one.
    return _NAMED.sub(lambda match: written[match.group(1)], paragraph)


def _line(template: str, written: Mapping[str, str]) -> str:
    return _one_line(_fill(template, written))


def _one_line(text: str) -> str:
    # Also what keeps a line break in an order's id from becoming a mail header.
    return _BLANKS.sub(" ", text).strip()


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SUBJECT else text[: _LONGEST_SUBJECT - 1].rstrip() + "…"
