"""Runs a checked mapping over one unit (a thing a source told us, or a row of a file) and builds its events."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from safeconduct.connectors import convert
from safeconduct.connectors.conditions import Scope, holds
from safeconduct.connectors.expressions import Expression, candidates, for_field, one
from safeconduct.connectors.mapping import ConnectorMapping, Envelope, Rule, event_names, event_type_of, suggestion
from safeconduct.connectors.results import (
    ConversionError,
    DroppedField,
    Reading,
    RefusalReason,
    RefusedItem,
    TooManyError,
    UnknownItem,
    shown,
)
from safeconduct.foundation.policy.catalogue import EventType, Field
from safeconduct.foundation.policy.types import Type
from safeconduct.kernel.events.envelope import MAX_SOURCE, Refusal, read_envelope

#: Longest id given to an event, in characters; longer ones are replaced by their hash.
MAX_ID = 160
#: Longest name of a kind of body, in characters: the intake's own limit for a type.
MAX_KIND = 80
#: Most units one body may hold, and most events one rule may give for one unit.
MAX_UNITS = 10_000
MAX_EACH = 1_000
#: How often a packing may lie in another (a list of deliveries, each packed).
_MAX_NESTING = 3


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing to be mapped: its kind in the source's words, its delivery's id, where its paths look."""

    kind: str
    delivery: str
    scope: Scope


def fingerprint(value: object) -> str:
    """A stable id of a JSON value: equal values have equal ones, whatever the order of their keys."""
    written = json.dumps(value, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(written.encode("utf-8", "replace")).hexdigest()[:32]


def words(expression: Expression | None, scope: Scope) -> str:
    """The text of an expression, "" where there is none or it cannot be a text."""
    try:
        return str(one(expression, scope, convert.text) or "")
    except ConversionError:
        return ""


# -- packing ----------------------------------------------------------------------------------------------------------


def units(mapping: ConnectorMapping, scope: Scope, digest: str, depth: int = 0) -> Iterator[Unit]:
    """The units of a body, by the first envelope that fits; a body that fits none is one unit of no known kind.

    ``digest``: the id of a unit that has none of its own. Raises TooManyError.
    """
    for envelope in mapping.envelopes:
        if not holds(envelope.when, scope):
            continue
        if envelope.each is None:
            yield _unit(envelope, scope, one_item(envelope, scope), digest)
            return
        for element in _some(envelope.each.values(scope.roots), MAX_UNITS):
            mark = fingerprint(element)
            if not envelope.nested:
                yield _unit(envelope, scope, element, mark)
            elif depth < _MAX_NESTING and isinstance(element, Mapping):
                yield from units(mapping, scope.plus(body=element, item=element), mark, depth + 1)
            else:
                yield Unit("untyped", mark, scope.plus(item=element))
        return
    yield Unit("untyped", digest, scope)


def one_item(envelope: Envelope, scope: Scope) -> object:
    """What the envelope says is the thing itself; the body where it says nothing."""
    return next(candidates(envelope.item, scope), None) if envelope.item else scope.roots.get("body")


def _unit(envelope: Envelope, scope: Scope, item: object, mark: str) -> Unit:
    inner = scope.plus(item=item)
    kind = words(envelope.kind, inner)[:MAX_KIND] or "untyped"
    delivery = words(envelope.delivery, inner.plus(unit={"hash": mark, "kind": kind})) or f"sha256-{mark}"
    return Unit(kind, _short(delivery), inner.plus(unit={"hash": mark, "kind": kind, "id": delivery}))


def _some(values: Iterator[object], most: int) -> Iterator[object]:
    yield from itertools.islice(values, most)
    if next(values, None) is not None:  # a path gives no nulls
        raise TooManyError(f"a list in the body holds more than {most:,} things; send it in parts")


def _short(text: str) -> str:
    return text if len(text) <= MAX_ID else "sha256-" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


# -- mapping ----------------------------------------------------------------------------------------------------------


def map_unit(mapping: ConnectorMapping, unit: Unit, reading: Reading) -> None:
    """Adds to the reading what the rules make of a unit; a unit of which they make nothing is added as unknown.

    Raises TooManyError.
    """
    before = len(reading.events) + len(reading.refused)
    matched = False
    for rule in mapping.rules:
        if rule.on and unit.kind not in rule.on:
            continue
        matched = True
        for number, scope in enumerate(_places(rule, unit)):
            # Judged for each element: a condition may speak of it.
            if holds(rule.when, scope):
                key = words(rule.key, scope) if rule.key is not None else str(number) if rule.each else ""
                _emit(mapping, rule, unit, scope, key, reading)
    if len(reading.events) + len(reading.refused) == before:
        default = "nothing in this state of it is a canonical event" if matched else "no canonical event stands for it"
        reason = mapping.quiet.get(unit.kind, default)
        reading.unknown.append(UnknownItem(unit.delivery, unit.kind, reason, _unknown_time(mapping, unit)))


def _unknown_time(mapping: ConnectorMapping, unit: Unit) -> str:
    try:
        return str(one(mapping.time, unit.scope, convert.moment_of) or "")
    except ConversionError:
        return ""


def _places(rule: Rule, unit: Unit) -> Iterator[Scope]:
    """Where a rule looks: the unit itself, or each element of its list."""
    if rule.each is None:
        yield unit.scope
        return
    for element in _some(rule.each.values(unit.scope.roots), MAX_EACH):
        yield unit.scope.plus(each=element)


def _emit(mapping: ConnectorMapping, rule: Rule, unit: Unit, scope: Scope, key: str, reading: Reading) -> None:
    event_type = rule.event_type
    if event_type is None:
        named = words(rule.emit_from, scope)
        event_type = event_type_of(named)
        if event_type is None:
            near = suggestion(named, event_names())
            detail = f"there is no event type {shown(named)}{near}" if named else "the event type is missing"
            reading.refused.append(RefusedItem(unit.delivery, RefusalReason.BAD_TYPE, "type", detail, named[:100]))
            return
    event_id = _event_id(rule, unit, scope, event_type, key)
    if event_id in reading.references:
        return  # the same fact twice in one body, such as one refund listed twice
    data, refusals, dropped = _data(rule, scope, event_type, event_id)
    time = _time(rule, scope)
    if isinstance(time, RefusedItem) or refusals:
        problems = [*refusals, time] if isinstance(time, RefusedItem) else refusals
        reading.refused.extend(dataclasses.replace(p, id=event_id, type=event_type.name) for p in problems)
        return
    source = (words(mapping.source, scope) or mapping.name)[:MAX_SOURCE]
    event: dict[str, object] = {
        "specversion": "1.0", "id": event_id, "source": source, "type": event_type.name, "time": time, "data": data,
    }  # fmt: skip
    refusal = read_envelope(event)
    if isinstance(refusal, Refusal):  # what only the intake knows, such as the years it takes
        name = refusal.field.removeprefix("data.")
        reading.refused.append(RefusedItem(event_id, RefusalReason.BAD_VALUE, name, refusal.problem, event_type.name))
        return
    reading.events.append(event)
    reading.dropped.extend(dropped)
    references = {name: word for name, expression in rule.references if (word := words(expression, scope))}
    reading.references[event_id] = {**references, "delivery": unit.delivery, "kind": unit.kind}


def _event_id(rule: Rule, unit: Unit, scope: Scope, event_type: EventType, key: str) -> str:
    """A fact that happens once is known by its object; one that can recur, by its delivery. Both with the type."""
    own = words(rule.identity, scope) if rule.identity is not None else ""
    if rule.event_type is None:
        return _short(own or f"{unit.delivery}:{event_type.name}")
    if own:
        return _short(f"{own}:{event_type.name}" + (f":{key}" if rule.key is not None and key else ""))
    return _short(f"{unit.delivery}:{event_type.name}" + (f":{key}" if key else ""))


def _time(rule: Rule, scope: Scope) -> str | RefusedItem:
    try:
        time = one(rule.time, scope, convert.moment_of)
    except ConversionError as error:
        return RefusedItem("", RefusalReason.BAD_VALUE, "time", str(error))
    if time is None:
        detail = "nothing says when it happened; give the option received_at, or a time in the body"
        return RefusedItem("", RefusalReason.MISSING_FIELD, "time", detail)
    return str(time)


def _data(
    rule: Rule, scope: Scope, event_type: EventType, event_id: str
) -> tuple[dict[str, object], list[RefusedItem], list[DroppedField]]:
    data: dict[str, object] = {}
    refused: list[RefusedItem] = []
    dropped: list[DroppedField] = []
    complaints: dict[str, str] = {}
    known = {field.name: field for field in event_type.fields}
    if rule.fields_from is not None:
        _pass_through(rule, scope, known, data, complaints)
    for field, expression in rule.fields:
        if field.name not in known:
            continue
        try:
            value = one(expression, scope, for_field(field))
        except ConversionError as error:
            complaints[field.name] = str(error)
        else:
            if value is not None:
                data[field.name] = value
                complaints.pop(field.name, None)
    for name, detail in complaints.items():
        if name in known and not known[name].required:
            dropped.append(DroppedField(event_id, event_type.name, name, detail))
        else:
            refused.append(RefusedItem(event_id, RefusalReason.BAD_VALUE, name, detail))
    for field in event_type.fields:
        if field.required and field.name not in data and field.name not in complaints:
            detail = f"`{event_type.name}` needs `{field.name}` ({field.meaning}), and the body does not say it"
            refused.append(RefusedItem(event_id, RefusalReason.MISSING_FIELD, field.name, detail))
    return data, refused, dropped


def _pass_through(
    rule: Rule, scope: Scope, known: Mapping[str, Field], data: dict[str, object], complaints: dict[str, str]
) -> None:
    """Fields given under their canonical names. A name the event does not have is a complaint, with the nearest."""
    found = next(rule.fields_from.values(scope.roots), None) if rule.fields_from is not None else None
    if not isinstance(found, Mapping):
        return
    money = {name for name, field in known.items() if field.type is Type.MONEY}
    companions = {"currency"} | {f"{name}_{part}" for name in money for part in ("minor", "currency")}
    for name, value in found.items():
        if name in rule.leave_out or name in companions or value is None or value == "":
            continue
        field = known.get(name)
        if field is None:
            complaints[shorten(name)] = f"there is no field {shown(name)}{suggestion(shorten(name), known)}"
        elif field.type is not Type.MONEY:
            _take(field, value, data, complaints)
    for name in sorted(money - rule.leave_out):
        try:
            amount = _money(name, found, scope)
        except ConversionError as error:
            complaints[name] = str(error)
        else:
            if amount is not None:
                data[name] = amount


def _take(field: Field, value: object, data: dict[str, object], complaints: dict[str, str]) -> None:
    try:
        finished = for_field(field)(value)
    except ConversionError as error:
        complaints[field.name] = str(error)
    else:
        if finished is not None:
            data[field.name] = finished


def _money(name: str, found: Mapping[str, object], scope: Scope) -> dict[str, object] | None:
    """Money given as an object, as minor units (``amount_minor``) or as a decimal (``amount``), with its currency."""
    whole, minor = found.get(name), found.get(f"{name}_minor")
    if isinstance(whole, Mapping):
        return _object_money(whole)
    if whole in (None, "") and minor in (None, ""):
        return None
    currency = convert.currency_code(found.get(f"{name}_currency") or found.get("currency"))
    if currency is None:
        raise ConversionError(f"there is an amount, and no currency with it; add `{name}_currency` or `currency`")
    if minor not in (None, ""):
        return convert.money_minor(minor, currency, scope.exponents)
    return convert.money_decimal(whole, currency, scope.mark)


def _object_money(value: Mapping[str, object]) -> dict[str, object] | None:
    money = Field("amount", Type.MONEY, "")
    result = for_field(money)(value)
    return result if isinstance(result, dict) else None


def shorten(name: object) -> str:
    """A field name from outside, fit to stand in a report."""
    return " ".join(str(name)[:60].encode("utf-8", "replace").decode("utf-8").split())
