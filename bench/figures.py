"""One measured figure, and what it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``against``: what it is compared with, measured in the same run; ``ratio``: the comparison as a number; ``aim``
    and whether it is ``met``, None where nothing is aimed at.
    """

    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """Everything but the name, as `build/bench.json` has it."""
        return {
            "value": self.value, "unit": self.unit, "against": self.against, "ratio": self.ratio, "aim": self.aim,
            "met": self.met,
        }  # fmt: skip


def table(figures: Sequence[Figure]) -> str:
    """The figures as lines of text under a heading."""
    rows = [("", "value", "", "against, in the same run", "ratio", "aim", "")]
    rows += [
        (
            f.name,
            _number(f.value),
            f.unit,
            f.against,
            f"{f.ratio:.2f}" if f.ratio is not None else "",
            f.aim,
            _said(f.met),
        )
        for f in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(7)]
    right = {1, 4}
    lines = []
    for row in rows:
        cells = [cell.rjust(width) if n in right else cell.ljust(width)
                 for n, (cell, width) in enumerate(zip(row, widths, strict=True))]  # fmt: skip
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:,.2f}"


def _said(met: bool | None) -> str:
    return "" if met is None else ("met" if met else "MISSED")
