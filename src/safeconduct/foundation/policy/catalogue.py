"""What a policy may speak about: event types, their fields, and which of them are entities.

The language knows no event by name. It is given a `Catalogue` (the kernel owns the real one) and checks
every name and type of a policy against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from safeconduct.foundation.policy.types import FIELD_TYPES, Type


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event.

    ``entity``: the kind of entity a KEY field names ("card", "address" …); two fields of one kind can be matched
    with each other. ``indexed``: stored in the fact table, so that features can window over it.
    ``personal``: personal data; it is kept only in the vault, and shown masked.
    ``choices``: the closed set of texts the field may hold, where there is one.
    """

    name: str
    type: Type
    meaning: str
    required: bool = False
    indexed: bool = True
    personal: bool = False
    entity: str | None = None
    choices: tuple[str, ...] = ()
    example: object = None

    def __post_init__(self) -> None:
        if self.type not in FIELD_TYPES:
            raise ValueError(f"field {self.name}: a field cannot have the type {self.type}")
        if (self.type is Type.KEY) != (self.entity is not None):
            raise ValueError(f"field {self.name}: a field is a key exactly when it names an entity")


@dataclass(frozen=True, slots=True)
class ListField:
    """A list of things that an event names, each with fields of its own; ``most``: how many there may be.

    A list is no type of the language: policies do not see it, and the fact table has no column for it.
    """

    name: str
    meaning: str
    fields: tuple[Field, ...]
    most: int

    @property
    def example(self) -> list[dict[str, object]]:
        """A list with one thing in it, of the fields that it needs."""
        return [{field.name: field.example for field in self.fields if field.required}]


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event: its stable number in the fact table, its fields, other names under which it arrives, and the
    lists it may carry beside its fields."""

    name: str
    code: int
    meaning: str
    fields: tuple[Field, ...]
    aliases: tuple[str, ...] = ()
    lists: tuple[ListField, ...] = ()

    def field(self, name: str) -> Field | None:
        return next((f for f in self.fields if f.name == name), None)


class Catalogue(Mapping[str, EventType]):
    """Event types by name. Aliases are resolved by `resolve`, not by indexing.

    Raises ValueError at construction where two event types disagree about a field of one name, or share a code,
    a name or an alias: the fact table has one column for each indexed field name.
    """

    def __init__(self, event_types: Iterable[EventType]) -> None:
        self._by_name = {e.name: e for e in event_types}
        self._check()

    def __getitem__(self, name: str) -> EventType:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def resolve(self, name: str) -> EventType | None:
        """The event type of this name or alias, or None."""
        return self._by_name.get(name) or self._by_alias.get(name)

    @cached_property
    def _by_alias(self) -> dict[str, EventType]:
        return {alias: e for e in self._by_name.values() for alias in e.aliases}

    @cached_property
    def columns(self) -> dict[str, Field]:
        """Each indexed field by name: the columns of the fact table."""
        return {f.name: f for e in self._by_name.values() for f in e.fields if f.indexed}

    @cached_property
    def key_fields(self) -> dict[str, Field]:
        """Each indexed entity key by field name: what a feature may be computed ``by``."""
        return {name: f for name, f in self.columns.items() if f.entity is not None}

    def _check(self) -> None:
        codes: dict[int, str] = {}
        shapes: dict[str, tuple[Type, str | None, bool, str]] = {}
        for event in self._by_name.values():
            if event.code in codes:
                raise ValueError(f"{event.name} and {codes[event.code]} share the code {event.code}")
            codes[event.code] = event.name
            for field in event.fields:
                shape = (field.type, field.entity, field.indexed)
                seen = shapes.setdefault(field.name, (*shape, event.name))
                if seen[:3] != shape:
                    raise ValueError(f"{event.name}.{field.name} differs in type from {seen[3]}.{field.name}")
            for listed in event.lists:
                if listed.name in shapes:
                    raise ValueError(f"{event.name}.{listed.name} is a list, and a field of another event")
        names = [n for e in self._by_name.values() for n in (e.name, *e.aliases)]
        if len(names) != len(set(names)):
            raise ValueError("an event name or alias is used twice")
