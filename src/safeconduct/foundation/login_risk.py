"""How unusual a sign-in is: the score of Freeman et al. (NDSS 2016), in closed form over plain counters.

Two features are looked at, the address of the connection and the name of the browser, each with levels from exact to
coarse (address, network, country; whole name, browser, system, kind of device). A score is a ratio: how probable the
values are anywhere, against how probable they are for this person. It has no unit and no fixed limit; it is compared
with the scores of the same marketplace's own accepted sign-ins.

Source of the formula: D. Freeman et al., *Who Are You? A Statistical Approach to Measuring User Authenticity* (2016),
as computed by the MIT-licensed notebook of das-group/rba-algorithm at 28fec46 (read and run 2026-11-23). Its edge cases
are its author's: only the exact level is smoothed, and only globally; what is new to a person in every level counts as
four times as probable anywhere as for them. Every person is taken to be attacked equally often.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Value = str | int
Levels = tuple[Value, ...]
"""The values of one feature of one sign-in, exact one first."""

#: Weights of the levels, exact one first, of the notebook: address, network, country.
ADDRESS_WEIGHTS: Final = (0.6, 0.3, 0.1)
#: Whole name, browser with version, system with version, kind of device.
BROWSER_WEIGHTS: Final = (0.5386653840551359, 0.2680451498625666, 0.18818295100109536, 0.0051065150812021525)
#: How much more probable anywhere than for the person a feature is taken to be that is new to them in every level.
_NEW_TO_THE_PERSON: Final = 4.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What counters say about one feature of a sign-in.

    ``everywhere`` and ``own``: how often the value of each level was seen in all sign-ins, and in the person's.
    ``coarse_values``: how many different values the levels but the exact one have had, together. ``inside``: how many
    of them were seen together with this exact value.
    """

    weights: tuple[float, ...]
    everywhere: tuple[int, ...]
    own: tuple[int, ...]
    coarse_values: int
    inside: int


def risk_score(features: Sequence[Seen], *, logins: int, own_logins: int, people: int) -> float | None:
    """The score; the larger, the less it looks like the person. None for somebody's first sign-in: nothing to compare.

    ``logins``: all sign-ins, ``own_logins``: the person's, ``people``: how many have signed in.
    """
    if own_logins == 0 or logins == 0 or people == 0:
        return None
    score = 1.0
    for seen in features:
        anywhere = _anywhere(seen, logins)
        theirs = sum(w * n / own_logins for w, n in zip(seen.weights, seen.own, strict=True))
        score *= _NEW_TO_THE_PERSON if theirs == 0 else anywhere / theirs
    return score * (1 / people) / (own_logins / logins)


def _anywhere(seen: Seen, logins: int) -> float:
    """How probable the values are in all sign-ins. What was never seen gets the room that smoothing leaves for it."""
    exact, kinds_inside = seen.everywhere[0], 1 + seen.inside
    known = exact / (exact + kinds_inside) if exact else 1.0
    smoothed = seen.weights[0] * known * max(exact, 1) / (logins + 1 + seen.coarse_values)
    return smoothed + sum(w * n / logins for w, n in zip(seen.weights[1:], seen.everywhere[1:], strict=True))


@dataclass(slots=True)
class _Feature:
    """Counters of one feature, over everybody and for each person."""

    weights: tuple[float, ...]
    everywhere: list[Counter[Value]] = field(default_factory=list)
    own: dict[Value, list[Counter[Value]]] = field(default_factory=dict)
    inside: defaultdict[Value, set[tuple[int, Value]]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self.everywhere = [Counter() for _ in self.weights]

    def learn(self, person: Value, levels: Levels) -> None:
        mine = self.own.setdefault(person, [Counter() for _ in self.weights])
        for level, value in enumerate(levels):
            self.everywhere[level][value] += 1
            mine[level][value] += 1
            if level:
                self.inside[levels[0]].add((level, value))

    def seen(self, person: Value, levels: Levels) -> Seen:
        mine = self.own.get(person)
        return Seen(
            self.weights,
            tuple(counts[value] for counts, value in zip(self.everywhere, levels, strict=True)),
            tuple(counts[value] for counts, value in zip(mine, levels, strict=True)) if mine else (0,) * len(levels),
            sum(len(counts) for counts in self.everywhere[1:]),
            len(self.inside[levels[0]]) if levels[0] in self.inside else 0,
        )


class History:
    """Sign-ins that succeeded, as counters. One is scored first and learnt afterwards, and only if it succeeded."""

    def __init__(self, *weights: tuple[float, ...]) -> None:
        self._features = [_Feature(each) for each in weights or (ADDRESS_WEIGHTS, BROWSER_WEIGHTS)]
        self._own: Counter[Value] = Counter()

    @property
    def logins(self) -> int:
        """How many sign-ins were learnt."""
        return self._own.total()

    @property
    def people(self) -> int:
        """How many people signed in."""
        return len(self._own)

    def learn(self, person: Value, features: Sequence[Levels]) -> None:
        """Counts a sign-in that succeeded."""
        for counters, levels in zip(self._features, features, strict=True):
            counters.learn(person, levels)
        self._own[person] += 1

    def score(self, person: Value, features: Sequence[Levels]) -> float | None:
        """How unusual a sign-in would be, by what was learnt so far; None for a person who was never seen."""
        seen = self.seen(person, features)
        return risk_score(seen, logins=self.logins, own_logins=self._own[person], people=self.people)

    def seen(self, person: Value, features: Sequence[Levels]) -> list[Seen]:
        """What the counters say about each feature of a sign-in."""
        return [counters.seen(person, levels) for counters, levels in zip(self._features, features, strict=True)]


def own_counts(sign_ins: Sequence[Sequence[Levels]], features: Sequence[Levels]) -> list[tuple[int, ...]]:
    """How often each level's value stands in these sign-ins of a person: for a history that is given as a list."""
    return [
        tuple(sum(1 for past in sign_ins if past[f][level] == value) for level, value in enumerate(levels))
        for f, levels in enumerate(features)
    ]


def weights_of(named: Mapping[str, Mapping[str, float]]) -> dict[str, tuple[tuple[str, ...], tuple[float, ...]]]:
    """Features as a file names them: name → its levels' columns and their weights, the exact one first."""
    return {name: (tuple(levels), tuple(float(weight) for weight in levels.values())) for name, levels in named.items()}
