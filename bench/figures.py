"""One measured figure, and what it is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``against``: what it is compared with; ``ratio``: the comparison as a number; ``aim`` and whether it is ``met``."""

    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "value": self.value, "unit": self.unit, "against": self.against, "ratio": self.ratio, "aim": self.aim,
            "met": self.met,
        }  # fmt: skip


def from_hot_keys(found: dict[str, Any]) -> list[Figure]:
    """The hot keys' measurement as figures: every number in it, by its name."""
    figures = []

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, part in value.items():
                walk(f"{prefix} {key}", part)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            ratio = float(value) if "ratio" in prefix else None
            met = value <= 3 if ratio is not None else None
            figures.append(
                Figure(prefix, float(value), "x" if ratio else "ms", "a cold key" if ratio else "", ratio,
                       "within 3x of a cold key" if ratio else "", met)
            )  # fmt: skip

    walk("hot key", found)
    return figures
