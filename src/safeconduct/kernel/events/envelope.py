"""Reading one event: CloudEvents 1.0 in, typed values out, or a refusal that names the field and the way out.

An envelope is ``{"specversion": "1.0", "id", "source", "type", "time", "data": {…}}``. Money is
``{"minor": 1290, "currency": "USD"}`` (or ``{"amount": "12.90", "currency": "USD"}``), times are RFC 3339 with a zone,
entities are texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from safeconduct.foundation.moments import micros
from safeconduct.foundation.money import MOST_MINOR, Money, MoneyError, exponent
from safeconduct.foundation.policy.catalogue import EventType, Field
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, Type
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.vault.pseudonyms import normalise

MAX_TEXT = 2000
MAX_ID = 200
MAX_SOURCE = 120
_SURROGATE = re.compile("[\x00\ud800-\udfff]")
_YEARS = (micros(datetime(2000, 1, 1, tzinfo=UTC)), micros(datetime(2090, 1, 1, tzinfo=UTC)))
#: What a field may say. Systems write the first day of their calendar where they know no time (0001-01-01, 9999-12-31):
#: no reader's zone can show it, and as an age it would be thousands of years.
_FIELD_YEARS = (micros(datetime(1900, 1, 1, tzinfo=UTC)), micros(datetime(2200, 1, 1, tzinfo=UTC)))
#: Kinds of entities of which a spelling can say nothing: a telephone number without a digit, an address of dots.
_SPELT = frozenset({"phone", "address"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event was not taken: its place in the batch, its id, if any, the field, what is wrong and the way out."""

    index: int
    id: str | None
    field: str
    problem: str


@dataclass(slots=True)
class Incoming:
    """A checked event. `event_type` is None where the catalogue does not know the type.

    ``values``: fact columns but for keys and money; ``entities``: field → (kind, text); ``amounts``: field → Money;
    ``data``: the fields that are not personal, as stored.
    """

    index: int
    source: str
    source_id: str
    type: str
    event_type: EventType | None
    occurred_us: int
    values: dict[str, Any]
    entities: dict[str, tuple[str, str]]
    amounts: dict[str, Money]
    data: dict[str, Any]


class _Bad(ValueError):
    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field, self.problem = field, problem


def read_envelope(raw: object, index: int = 0) -> Incoming | Refusal:
    """Checks one envelope. Never raises: whatever is wrong with it comes back as a `Refusal`."""
    if not isinstance(raw, Mapping):
        return Refusal(index, None, "", "an event is a JSON object with id, source, type, time and data")
    given_id = raw.get("id")
    try:
        return _read(raw, index)
    except _Bad as bad:
        return Refusal(index, given_id if isinstance(given_id, str) else None, bad.field, bad.problem)


def _read(raw: Mapping[str, Any], index: int) -> Incoming:
    source_id = _word(raw, "id", MAX_ID)
    source = _word(raw, "source", MAX_SOURCE)
    kind = _word(raw, "type", 80)
    if raw.get("specversion", "1.0") != "1.0":
        raise _Bad("specversion", 'only version 1.0 of CloudEvents is understood; leave it out or write "1.0"')
    occurred_us = read_time("time", raw.get("time"))
    if not _YEARS[0] <= occurred_us < _YEARS[1]:
        raise _Bad("time", "the time lies outside the years 2000 to 2090")
    data = raw.get("data")
    if not isinstance(data, Mapping):
        raise _Bad("data", "data must be an object with the event's fields")
    event_type = CATALOGUE.resolve(kind)
    if event_type is None:
        return Incoming(index, source, source_id, kind, None, occurred_us, {}, {}, {}, {})
    incoming = Incoming(index, source, source_id, event_type.name, event_type, occurred_us, {}, {}, {}, {})
    for field, reader in _readers(event_type.name):
        given = data.get(field.name)
        if given is None:
            if field.required:
                raise _Bad(f"data.{field.name}", f"{event_type.name} needs {field.name}: {field.meaning}")
        else:
            reader(incoming, field, given)
    return incoming


def _word(raw: Mapping[str, Any], name: str, longest: int) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise _Bad(name, f"{name} must be a text that is not empty")
    if len(value) > longest:
        raise _Bad(name, f"{name} is longer than {longest} letters")
    if _SURROGATE.search(value):
        raise _Bad(name, f"{name} contains a letter that cannot be stored (U+0000 or half of a pair)")
    return value


def read_time(name: str, given: object) -> int:
    """Microseconds since 2020 of an RFC 3339 time with a zone."""
    if not isinstance(given, str):
        raise _Bad(name, f"{name} must be a time such as 2026-06-01T08:00:00Z")
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise _Bad(name, f"{given[:40]!r} is no time; write it as 2026-06-01T08:00:00Z") from None
    if at.tzinfo is None:
        raise _Bad(name, f"{given[:40]!r} has no time zone; add Z or an offset such as +08:00")
    return micros(at)


def in_field_years(micros_since_2020: int) -> bool:
    """Whether a field may name this time; see `_FIELD_YEARS`."""
    return _FIELD_YEARS[0] <= micros_since_2020 < _FIELD_YEARS[1]


Reader = Callable[[Incoming, Field, Any], None]


@lru_cache(maxsize=256)
def _readers(event_type: str) -> tuple[tuple[Field, Reader], ...]:
    return tuple((field, _READERS[field.type]) for field in CATALOGUE[event_type].fields)


def _key(incoming: Incoming, field: Field, given: Any) -> None:
    text = _clean(field, str(given) if isinstance(given, int) and not isinstance(given, bool) else given)
    assert field.entity is not None
    # Everybody whose number is "unknown" would otherwise be one person.
    if not (normalise(field.entity, text) if field.entity in _SPELT else text.strip()):
        if field.required:
            raise _Bad(f"data.{field.name}", f"{field.name} is empty: {field.meaning}")
        return
    # Those of people are kept as pseudonyms alone; of things the text itself is kept, and shown.
    if not field.personal and len(text) > MAX_ID:
        raise _Bad(f"data.{field.name}", f"{field.name} is longer than {MAX_ID} letters; send the id")
    incoming.entities[field.name] = (field.entity, text)
    if not field.personal:
        incoming.data[field.name] = text


def _text(incoming: Incoming, field: Field, given: Any) -> None:
    text = _clean(field, given)
    if field.choices and text not in field.choices:
        raise _Bad(f"data.{field.name}", f"{text[:40]!r} is none of {', '.join(field.choices)}")
    if field.indexed:
        incoming.values[field.name] = text
    if not field.personal:
        incoming.data[field.name] = text


def _integer(incoming: Incoming, field: Field, given: Any) -> None:
    if not isinstance(given, int) or isinstance(given, bool):
        raise _Bad(f"data.{field.name}", f"{field.name} must be a whole number, not {_shown(given)}")
    if not INT64_MIN <= given <= INT64_MAX:
        raise _Bad(f"data.{field.name}", f"{field.name} does not fit in 64 bits")
    incoming.values[field.name] = incoming.data[field.name] = given


def _boolean(incoming: Incoming, field: Field, given: Any) -> None:
    if not isinstance(given, bool):
        raise _Bad(f"data.{field.name}", f"{field.name} must be true or false, not {_shown(given)}")
    incoming.values[field.name] = incoming.data[field.name] = given


def _number(incoming: Incoming, field: Field, given: Any) -> None:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or given != given:
        raise _Bad(f"data.{field.name}", f"{field.name} must be a number, not {_shown(given)}")
    incoming.values[field.name] = incoming.data[field.name] = float(given)


def _timestamp(incoming: Incoming, field: Field, given: Any) -> None:
    name = f"data.{field.name}"
    at = read_time(name, given)
    if not in_field_years(at):
        raise _Bad(name, f"{field.name} lies outside the years 1900 to 2200; leave it out where it is not known")
    incoming.values[field.name] = at
    incoming.data[field.name] = given


def _money(incoming: Incoming, field: Field, given: Any) -> None:
    name = f"data.{field.name}"
    if not isinstance(given, Mapping) or not isinstance(given.get("currency"), str):
        raise _Bad(name, f'{field.name} must be {{"minor": 1290, "currency": "USD"}}, not {_shown(given)}')
    currency = given["currency"]
    try:
        exponent(currency)
        if "minor" in given:
            minor = given["minor"]
            if not isinstance(minor, int) or isinstance(minor, bool):
                raise _Bad(f"{name}.minor", f"minor must be a whole number of minor units, not {_shown(minor)}")
            if abs(minor) > MOST_MINOR:
                raise _Bad(f"{name}.minor", f"minor is above {MOST_MINOR:,}, the largest amount; is it minor units?")
            money = Money(minor, currency)
        else:
            money = Money.parse(_amount_text(name, given.get("amount")), currency)
    except MoneyError as wrong:
        raise _Bad(name, str(wrong)) from None
    if money.minor < 0:
        raise _Bad(name, f"{field.name} is below zero; what goes back is told with an event of its own")
    incoming.amounts[field.name] = money
    incoming.data[field.name] = {"minor": money.minor, "currency": money.currency}


def _amount_text(name: str, given: object) -> str:
    if isinstance(given, str):
        return given
    # Of a whole number of thousands of digits Python writes none.
    if isinstance(given, bool) or not isinstance(given, (int, float)) or abs(given) > MOST_MINOR:
        raise _Bad(f"{name}.amount", f'amount must be a text such as "12.90", not {_shown(given)}')
    return str(given)


def _clean(field: Field, given: Any) -> str:
    if not isinstance(given, str):
        raise _Bad(f"data.{field.name}", f"{field.name} must be a text, not {_shown(given)}")
    if len(given) > MAX_TEXT:
        raise _Bad(f"data.{field.name}", f"{field.name} is longer than {MAX_TEXT} letters")
    if _SURROGATE.search(given):
        raise _Bad(f"data.{field.name}", f"{field.name} contains U+0000 or half of a pair; remove it")
    return given


def _shown(given: object) -> str:
    """The kind of a wrong value: its content may be personal, and is not repeated."""
    match given:
        case bool():
            return "true or false"
        case str():
            return "a text"
        case int():
            return "a whole number"
        case float():
            return "a number with a fraction"
        case None:
            return "null"
        case list():
            return "a list"
        case _:
            return "an object"


_READERS: dict[Type, Reader] = {
    Type.KEY: _key,
    Type.TEXT: _text,
    Type.INTEGER: _integer,
    Type.BOOLEAN: _boolean,
    Type.NUMBER: _number,
    Type.TIMESTAMP: _timestamp,
    Type.MONEY: _money,
}
