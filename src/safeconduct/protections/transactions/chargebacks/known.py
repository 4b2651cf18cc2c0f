"""What the log knows of a disputed order: its facts in the order in which they happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from safeconduct.foundation.money import Money


@dataclass(frozen=True, slots=True)
class Fact:
    """An event. ``data``: its fields that are not personal; ``keys``: entity field → pseudonym."""

    name: str
    at: datetime
    source: str
    data: Mapping[str, Any]
    keys: Mapping[str, int | None]

    def text(self, name: str) -> str:
        """A field as a text, "" where it was not told."""
        value = self.data.get(name)
        return "" if value is None else str(value)

    def amount(self) -> str:
        """Its amount with the currency, "" where none was told."""
        return money(self.data.get("amount"))


@dataclass(slots=True)
class Known:
    """An order's facts, the earliest first."""

    facts: list[Fact] = field(default_factory=list)

    def all(self, *names: str) -> list[Fact]:
        """All facts of these types."""
        return [fact for fact in self.facts if fact.name in names]

    def first(self, *names: str) -> Fact | None:
        """The earliest fact of these types."""
        return next((fact for fact in self.facts if fact.name in names), None)

    def last(self, *names: str) -> Fact | None:
        """The latest fact of these types."""
        return next((fact for fact in reversed(self.facts) if fact.name in names), None)

    @property
    def placed(self) -> Fact | None:
        """That it was placed."""
        return self.first("order.placed")

    def arrived(self) -> Fact | None:
        """The delivery to the address that was agreed; None where it is not told, or was somewhere else."""
        placed, delivered = self.placed, self.last("shipment.delivered")
        if placed is None or delivered is None or delivered.keys["address"] is None:
            return None
        return delivered if delivered.keys["address"] == placed.keys["address"] else None


def money(given: Any) -> str:
    """An amount of the log as a text, alike in every language so that its hash is too."""
    return Money(given["minor"], given["currency"]).format() if isinstance(given, Mapping) else ""


def minute(at: datetime) -> str:
    """A time of the log as a text."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def joined(parts: Iterable[str]) -> str:
    """What is told of something, on one line."""
    return " · ".join(part for part in parts if part)
