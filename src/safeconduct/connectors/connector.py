"""Connectors: a signed body in, canonical events out. Pure functions of their arguments; no database, no clock.

connector = load_connector("stripe")
connector.verify(raw, headers, secrets, now)           # raises SignatureRefused
reading = connector.read(raw, headers, {"default_seller": "sel-1042"})
events.receive(reading.events)                         # and keep reading.unknown and reading.refused
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources

from safeconduct.connectors import engine
from safeconduct.connectors.conditions import Scope
from safeconduct.connectors.expressions import Lookup
from safeconduct.connectors.loading import load_text
from safeconduct.connectors.mapping import Body, ConnectorMapping, suggestion
from safeconduct.connectors.parsing import body_id, digest, parse, too_deep
from safeconduct.connectors.paths import Key
from safeconduct.connectors.results import OptionError, Reading, RefusalReason, RefusedItem, TooManyError, UnknownItem
from safeconduct.connectors.rows import nodes, read_lines
from safeconduct.connectors.signatures import SignatureReason, SignatureRefused

_SUFFIX = ".yaml"


class UnknownConnectorError(LookupError):
    """There is no connector of this name; the message names those there are."""


@dataclass(frozen=True, slots=True)
class Connector:
    """One source, as its mapping file describes it."""

    mapping: ConnectorMapping
    tables: frozenset[str] = frozenset()
    """The options that are tables, such as `sellers`."""

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
            return Reading(refused=[RefusedItem(body_id(raw), RefusalReason.TOO_LARGE, "", detail)])
        if self.mapping.body is not Body.JSON:
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
            found = list(engine.units(self.mapping, scope, digest(raw)))
            for unit in found:
                engine.map_unit(self.mapping, unit, reading)
            if not found:
                reading.unknown.append(UnknownItem(body_id(raw), "empty", "a list with nothing in it"))
        except RecursionError:
            return Reading(refused=[too_deep(raw)])
        except TooManyError as problem:
            return Reading(refused=[RefusedItem(body_id(raw), RefusalReason.TOO_LARGE, "", str(problem))])
        return Reading(
            reading.events, reading.unknown, reading.refused, reading.dropped, reading.references,
            found[0].delivery if len(found) == 1 else body_id(raw),
        )  # fmt: skip

    def _options(self, options: Mapping[str, object]) -> dict[str, object]:
        for name in options:
            if name not in self.mapping.options:
                raise OptionError(f"{self.name} has no option `{name}`{suggestion(str(name), self.mapping.options)}")
            if name in self.tables and not isinstance(options[name], Mapping):
                raise OptionError(
                    f"`{name}` is a table: give {self.name}.{name}.KEY=VALUE, or {self.name}.{name}=@FILE for a file"
                )
        received = options.get("received_at")
        if isinstance(received, datetime):
            if received.tzinfo is None:
                raise OptionError("received_at needs a time zone; give an aware datetime")
            return {**options, "received_at": received.isoformat()}
        return dict(options)


@lru_cache(maxsize=64)
def load_connector(name: str) -> Connector:
    """The connector that comes with Safeconduct under this name: stripe, shopify, jsonl, csv.

    Raises UnknownConnectorError for another name, and MappingError if its file has faults.
    """
    if name not in connector_names():
        raise UnknownConnectorError(f"there is no connector `{name}`{suggestion(name, connector_names())}")
    text = resources.files("safeconduct.connectors").joinpath(name + _SUFFIX).read_text(encoding="utf-8")
    mapping = load_text(text, name + _SUFFIX)
    return Connector(mapping, _tables(mapping))


def _tables(mapping: ConnectorMapping) -> frozenset[str]:
    """The options in which a mapping looks words up."""
    looked_up = [part.table for part in nodes(mapping.rules) if isinstance(part, Lookup)]
    first = [path.steps[0] for path in looked_up if path.root == "option" and path.steps]
    return frozenset(step.name for step in first if isinstance(step, Key))


def wrong_options(configured: Mapping[str, Mapping[str, object]]) -> list[str]:
    """A sentence for each connector whose options, as a deployment sets them, it would refuse with every delivery."""
    found = []
    for name, options in configured.items():
        try:
            load_connector(name).read(b"{}", {}, options)
        except (UnknownConnectorError, OptionError) as problem:
            found.append(f"SAFECONDUCT_CONNECTOR_OPTIONS: {problem}")
    return found


def connector_names() -> tuple[str, ...]:
    """The names of the connectors that come with Safeconduct: one for each mapping file beside this module."""
    files = resources.files("safeconduct.connectors").iterdir()
    return tuple(sorted(file.name.removesuffix(_SUFFIX) for file in files if file.name.endswith(_SUFFIX)))
