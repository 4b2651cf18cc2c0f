"""To fight or to accept: what a dispute's answer is worth, from the marketplace's own history.

The share of disputes won is that of decided disputes with the same code and the same completeness of evidence. Few of
them say little, so they are shrunk towards the wider group (the code, then all): with a beta prior that weighs as much
as `WEIGHT` disputes at most. Nothing is known of other marketplaces, and nothing is claimed: n is shown, and an
interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from safeconduct.foundation.intervals import CONFIDENCE, Interval, beta_quantile

#: How many disputes a wider group is worth at most against the group itself. Ours: after ten cases of its own, facts
#: prevail.
WEIGHT: Final = 10
#: Before any dispute was decided nothing is known: every share between 0 and 1 is as likely.
_UNIFORM: Final = (1.0, 1.0)


class Advice(StrEnum):
    """What the numbers say; a person decides."""

    FIGHT = "fight"
    ACCEPT = "accept"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Group:
    """Decided disputes of a group: how many, and how many of them were won."""

    decided: int
    won: int


@dataclass(frozen=True, slots=True)
class Chance:
    """The share won: what is expected, its interval, and of how many disputes: of the widest group, and of the
    narrowest (``decided``)."""

    expected: float
    interval: Interval
    decided: int
    of_all: int


@dataclass(frozen=True, slots=True)
class Worth:
    """What an answer is worth in minor units: expected, and at both ends of the chance's interval."""

    chance: Chance
    expected_minor: int
    low_minor: int
    high_minor: int
    advice: Advice


def chance(groups: Sequence[Group]) -> Chance:
    """The chance to win, from groups that lie in each other, the widest first. Raises ValueError for none."""
    if not groups:
        raise ValueError("a chance needs at least one group, be it empty")
    for wider, group in zip((None, *groups), groups, strict=False):
        if not 0 <= group.won <= group.decided or (wider is not None and group.decided > wider.decided):
            raise ValueError(f"{group.won} of {group.decided}: groups lie in each other, and won is part of decided")
    a, b = _UNIFORM
    for n, group in enumerate(groups):
        if n:  # what the wider group says, as so many disputes
            total = a + b
            weight = min(WEIGHT, total)  # a group that is small itself is not worth more than it has seen
            a, b = weight * a / total, weight * b / total
        a, b = a + group.won, b + group.decided - group.won
    tail = (1 - CONFIDENCE) / 2
    interval = Interval(beta_quantile(tail, a, b), beta_quantile(1 - tail, a, b))
    return Chance(a / (a + b), interval, groups[-1].decided, groups[0].decided)


def worth(found: Chance, amount_minor: int, cost_minor: int, fee_minor: int = 0) -> Worth:
    """chance × amount − cost − fee, in minor units of one currency.

    ``cost_minor``: of writing the answer; ``fee_minor``: what the processor takes for an answer that is lost or won.
    """

    def value(share: float) -> int:
        return round(Fraction(share) * amount_minor) - cost_minor - fee_minor

    low, high = value(found.interval.low), value(found.interval.high)
    advice = Advice.FIGHT if low > 0 else Advice.ACCEPT if high <= 0 else Advice.UNCLEAR
    return Worth(found, value(found.expected), low, high, advice)
