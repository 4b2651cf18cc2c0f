"""Connectors: a signed body in, canonical events out. Pure functions of their arguments; no database, no clock.

    connector = load_connector("stripe")
    connector.verify(raw, headers, secrets, now)           # raises SignatureRefused
    reading = connector.read(raw, headers, {"default_seller": "sel-1042"})
    events.receive(reading.events)                         # and keep reading.unknown and reading.refused
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources

from safeconduct.connectors import engine
from safeconduct.connectors.expressions import Scope
from safeconduct.connectors.loading import load_text
from safeconduct.connectors.mapping import Body, ConnectorMapping, suggestion
from safeconduct.connectors.results import OptionError, Reading, RefusalReason, RefusedItem
from safeconduct.connectors.signatures import SignatureReason, SignatureRefused

#: Options that are tables of texts (a source's id to the shop's own), not single values.
_SUFFIX = ".yaml"


class UnknownConnectorError(LookupError):
    """There is no connector of this name; the message names those there are."""


@dataclass(frozen=True, slots=True)
class Connector:
    """One source, as its mapping file describes it."""

    mapping: ConnectorMapping

    @property
    def name(self) -> str:
        return self.mapping.name

    def names(self) -> tuple[str, ...]:
        """The kinds of body this connector maps, in the source's own words, sorted."""
        return tuple(sorted({kind for rule in self.mapping.rules for kind in rule.on}))

    @property
    def options(self) -> Mapping[str, str]:
        """The options `read` takes, each with its meaning."""
        return self.mapping.options

    def verify(self, raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> None:
        """Returns if one of the secrets signed exactly these bytes at about `now`.

        Raises SignatureRefused, whose ``reason`` says why; ValueError where `now` has no time zone.
        """
        if self.mapping.signature is None:
            raise SignatureRefused(SignatureReason.UNSIGNED_SOURCE)
        self.mapping.signature.verify(raw, headers, secrets, now)

    def read(
        self, raw: bytes, headers: Mapping[str, str] | None = None, options: Mapping[str, object] | None = None
    ) -> Reading:
        """All that a body says, mapped. Never raises because of the body; OptionError for options that are wrong."""
        chosen = self._options(options or {})
        if len(raw) > self.mapping.limit_bytes:
            detail = f"the body has {len(raw)} bytes, and {self.mapping.limit_bytes} are the most"
            return Reading(refused=[RefusedItem(_digest(raw), RefusalReason.TOO_LARGE, "", detail)])
        if self.mapping.body is not Body.JSON:
            from safeconduct.connectors.rows import read_lines

            return read_lines(raw, self.mapping, chosen)
        body = parse(raw)
        if isinstance(body, RefusedItem):
            return Reading(refused=[body])
        lowered = {str(name).lower(): str(value) for name, value in (headers or {}).items()}
        scope = Scope(
            {"body": body, "item": body, "header": lowered, "option": chosen}, self.mapping.exponents, self.mapping.mark
        )
        reading = Reading()
        try:
            found = list(engine.units(self.mapping, scope, _digest(raw)))
            for unit in found:
                engine.map_unit(self.mapping, unit, reading)
        except RecursionError:
            return Reading(refused=[_too_deep(raw)])
        return Reading(
            reading.events, reading.unknown, reading.refused, reading.dropped, reading.references,
            found[0].delivery if len(found) == 1 else _digest(raw),
        )  # fmt: skip

    def _options(self, options: Mapping[str, object]) -> dict[str, object]:
        for name in options:
            if name not in self.mapping.options:
                raise OptionError(f"{self.name} has no option `{name}`{suggestion(str(name), self.mapping.options)}")
        received = options.get("received_at")
        if isinstance(received, datetime):
            if received.tzinfo is None:
                raise OptionError("received_at needs a time zone; give an aware datetime")
            return {**options, "received_at": received.isoformat()}
        return dict(options)


def parse(raw: bytes) -> dict[str, object] | RefusedItem:
    """The JSON object of a body, its decimals exact; or why it is none, with the position."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        detail = f"the body is not UTF-8 at byte {error.start}"
        return RefusedItem(_digest(raw), RefusalReason.NOT_TEXT, "", detail, position=f"byte {error.start}")
    return parse_text(text, raw)


def parse_text(text: str, raw: bytes) -> dict[str, object] | RefusedItem:
    """As `parse`, of text already decoded."""
    # Imported here, not at the top, so that the two helpers below stay next to their use.
    from decimal import Decimal

    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        position = f"line {error.lineno}, column {error.colno}"
        detail = f"the body is not JSON at {position}: {error.msg}"
        return RefusedItem(_digest(raw), RefusalReason.NOT_JSON, "", detail, position=position)
    except RecursionError:
        return _too_deep(raw)
    except (ValueError, ArithmeticError) as error:
        return RefusedItem(_digest(raw), RefusalReason.NOT_JSON, "", f"the body is not JSON: {str(error)[:120]}")
    if not isinstance(value, dict):
        detail = "the body is JSON, and not an object; send one object with its fields"
        return RefusedItem(_digest(raw), RefusalReason.NOT_AN_OBJECT, "", detail)
    return value


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is not a number of JSON")


def _digest(raw: bytes) -> str:
    from hashlib import sha256

    return f"sha256-{sha256(raw).hexdigest()[:32]}"


def _too_deep(raw: bytes) -> RefusedItem:
    detail = "the body is nested too deeply to be read; no source sends such a body"
    return RefusedItem(_digest(raw), RefusalReason.TOO_DEEP, "", detail)


@lru_cache(maxsize=64)
def load_connector(name: str) -> Connector:
    """The connector that comes with Safeconduct under this name: stripe, shopify, jsonl, csv.

    Raises UnknownConnectorError for another name, and MappingError if its file has faults.
    """
    if name not in connector_names():
        raise UnknownConnectorError(f"there is no connector `{name}`{suggestion(name, connector_names())}")
    text = resources.files("safeconduct.connectors").joinpath(name + _SUFFIX).read_text(encoding="utf-8")
    return Connector(load_text(text, name + _SUFFIX))


def connector_names() -> tuple[str, ...]:
    """The names of the connectors that come with Safeconduct: one for each mapping file beside this module."""
    files = resources.files("safeconduct.connectors").iterdir()
    return tuple(sorted(file.name.removesuffix(_SUFFIX) for file in files if file.name.endswith(_SUFFIX)))
