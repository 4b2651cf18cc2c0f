"""What the people of the demo's world have done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """``ruled``: held orders that staff ruled on; ``opened``: disputes of buyers; ``judged``: cases that staff
    decided."""

    ruled: int = 0
    opened: int = 0
    judged: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.ruled + other.ruled, self.opened + other.opened, self.judged + other.judged)
