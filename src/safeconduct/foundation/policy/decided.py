"""The decided event as SQL: one row of a relation that holds its fields, features and scores."""

from __future__ import annotations

from collections.abc import Mapping

from safeconduct.foundation.policy.nodes import Measure, Policy, Ratio, Window
from safeconduct.foundation.policy.sql_expressions import Pair, Sql

#: Measures that are 0, not unknown, where the window is empty.
COUNTS = frozenset({Measure.COUNT, Measure.DISTINCT})


class DecidedEvent:
    """The scope of a policy's rules over rows ``d``; it hands out a column for each field and score they ask for.

    ``features``: the column of each window by its name, two (sum, count) where the measure is AVG. ``lists``: the
    relation of list members. ``no_score``: SQL for every score where there are none.
    """

    def __init__(
        self, policy: Policy, features: Mapping[str, tuple[str, ...]], lists: str = "list_entries",
        no_score: str | None = None,
    ) -> None:  # fmt: skip
        self._policy = policy
        self._features = features
        self._lists = lists
        self._no_score = no_score
        #: Field → column, and score → column, as far as they were asked for.
        self.fields: dict[str, str] = {}
        self.scores: dict[str, str] = {}

    def field(self, name: str) -> str:
        return "d." + self.fields.setdefault(name, f"v{len(self.fields)}")

    def score(self, name: str) -> str:
        return self._no_score or "d." + self.scores.setdefault(name, f"s{len(self.scores)}")

    def moment(self) -> str:
        return "d.moment"

    def lists(self) -> str:
        return self._lists

    def feature(self, name: str) -> Sql:
        feature = self._policy.features[name]
        if isinstance(feature, Ratio):
            below = self._policy.features[feature.denominator]
            top, bottom = f"d.{self._features[feature.numerator][0]}", f"d.{self._features[feature.denominator][0]}"
            # A count is never below 0, and where it is 0 the ratio is unknown.
            counts = isinstance(below, Window) and below.measure in COUNTS
            return Pair(top, f"NULLIF({bottom}, 0)" if counts else bottom, counts)
        columns = self._features[name]
        if feature.measure is Measure.AVG:
            return Pair(f"d.{columns[0]}", f"d.{columns[1]}", positive=True)
        return f"d.{columns[0]}"
