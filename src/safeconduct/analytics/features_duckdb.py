"""What a model learns from: the features of a policy for every past event, as they were at that event.

The numbers come from the policy's own text by `foundation.policy.to_duckdb`, so each window ends before the event it
describes, and become floats by the same rule as in serving (`kernel.decisions.scoring.number`): unknown is NaN, an
average is its quotient, a truth is 0 or 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeconduct.analytics.extra import load
from safeconduct.foundation.policy.catalogue import Catalogue
from safeconduct.foundation.policy.nodes import Measure, Policy, Ratio, Window
from safeconduct.foundation.policy.sql_expressions import quoted
from safeconduct.foundation.policy.to_duckdb import backtest_query
from safeconduct.foundation.policy.types import Type

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

#: Types whose values mean the same next year. Keys and texts name somebody or something, and are not numbers; a point
#: in time only ever grows, so that a model would meet nothing but values beyond those it was trained on.
_NUMERIC = frozenset({Type.BOOLEAN, Type.INTEGER, Type.MONEY, Type.RATIONAL, Type.MONEY_RATE, Type.NUMBER})


@dataclass(frozen=True, slots=True)
class Period:
    """Moments from `since` up to, and without, `until` (`foundation.moments`)."""

    since: int
    until: int

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise ValueError(f"a period must end after it begins; this one goes from {self.since} to {self.until}")


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """One row for each event of a policy's types, by moment.

    ``values``: a column for each of `inputs`. ``subjects``: the key to which labels belong (the order), ``units``: the
    key under which fraud is investigated (the card); −1 where the event has none. ``amounts_minor``: what the event is
    about in minor units of the reporting currency, 0 where unknown.
    """

    inputs: tuple[str, ...]
    moments: NDArray[np.int64]
    values: NDArray[np.float64]
    subjects: NDArray[np.int64]
    units: NDArray[np.int64]
    amounts_minor: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.moments)

    def rows(self, chosen: Any) -> FeatureTable:
        """The rows that a mask or an array of positions chooses."""
        return FeatureTable(
            self.inputs, self.moments[chosen], self.values[chosen], self.subjects[chosen], self.units[chosen],
            self.amounts_minor[chosen],
        )  # fmt: skip

    def within(self, period: Period) -> FeatureTable:
        """The rows of a period."""
        return self.rows((self.moments >= period.since) & (self.moments < period.until))

    def only(self, inputs: tuple[str, ...]) -> FeatureTable:
        """The same rows with these inputs alone, in this order. Raises ValueError for one the table does not have."""
        places = {name: at for at, name in enumerate(self.inputs)}
        missing = [name for name in inputs if name not in places]
        if missing:
            raise ValueError(f"there is no input {', '.join(missing)}; there are {', '.join(self.inputs)}")
        return replace(self, inputs=inputs, values=self.values[:, [places[name] for name in inputs]])


def possible_inputs(policy: Policy, catalogue: Catalogue, *, ratios: bool = False) -> tuple[str, ...]:
    """What a model of this policy may read, in order: numeric fields of the event, then the policy's numeric features.

    ``ratios``: also the policy's ratios, where the live path hands them to a model as (numerator, denominator).
    """
    own = {field.name for name in policy.event_types for field in catalogue[name].fields}
    fields = [n for n, f in catalogue.columns.items() if n in own and f.type in _NUMERIC]
    kinds = (Window, Ratio) if ratios else (Window,)
    features = [f.name for f in policy.features.values() if isinstance(f, kinds) and f.type in _NUMERIC]
    return (*fields, *features)


def feature_table(
    policy: Policy, facts: duckdb.DuckDBPyRelation | Path | str, catalogue: Catalogue, *, period: Period | None = None,
    subject: str = "order", unit: str = "card", amount: str = "amount", ratios: bool = False,
) -> FeatureTable:  # fmt: skip
    """The features of every event of the policy's types, or of those in a period.

    ``facts``: a relation of the shape of `foundation.policy.facts`, or the path of a Parquet file of it; it must reach
    back before the period as far as the longest window does. Raises ValueError where a field is not kept in facts.
    """
    missing = [n for n in (subject, unit, amount) if n not in catalogue.columns]
    if missing:
        raise ValueError(f"facts keep no field {', '.join(missing)}; they keep {', '.join(sorted(catalogue.columns))}")
    # Rules and lists play no part in training; without them no list has to be at hand.
    bare = replace(policy, rules=(), allow_lists=(), scores={})
    since, until = (period.since, period.until) if period is not None else (None, None)
    query = backtest_query(bare, catalogue, facts="facts", since=since, until=until)
    inputs = possible_inputs(policy, catalogue, ratios=ratios)
    fields = [n for n in inputs if n in catalogue.columns]
    shown = [f"f.{quoted(name)} AS x{at}" for at, name in enumerate(fields)]
    shown += [f"b.{column} AS {column}" for columns in query.features.values() for column in columns]
    shown += [f"coalesce(f.{quoted(subject)}, -1) AS subject", f"coalesce(f.{quoted(unit)}, -1) AS unit"]
    shown.append(f"coalesce(f.{quoted(amount)}, 0) AS amount")
    found = _relation(facts).query(
        "facts",
        f"SELECT f.moment AS moment, {', '.join(shown)} FROM facts AS f JOIN ({query.sql}) AS b ON b.moment = f.moment"
        " ORDER BY 1",
    )
    assert found is not None  # a SELECT always has a result
    return _as_table(found.fetchnumpy(), inputs, policy, query.features, fields)


def _relation(facts: duckdb.DuckDBPyRelation | Path | str) -> duckdb.DuckDBPyRelation:
    if not isinstance(facts, str | Path):
        return facts
    path = Path(facts)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; export the facts first")
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    return connection.read_parquet(str(path))


def _as_table(
    columns: Mapping[str, Any], inputs: tuple[str, ...], policy: Policy, found: Mapping[str, tuple[str, ...]],
    fields: list[str],
) -> FeatureTable:  # fmt: skip
    numpy = load("numpy")
    values = numpy.empty((len(columns["moment"]), len(inputs)), dtype=numpy.float64, order="F")
    for at, name in enumerate(inputs):
        match policy.features.get(name):
            case None:
                values[:, at] = _floats(columns[f"x{fields.index(name)}"])
            case Ratio(numerator=above, denominator=below):
                values[:, at] = _quotient(_floats(columns[found[above][0]]), _floats(columns[found[below][0]]))
            case Window(measure=Measure.AVG):
                values[:, at] = _quotient(*(_floats(columns[part]) for part in found[name]))
            case Window():
                values[:, at] = _floats(columns[found[name][0]])

    def whole(name: str) -> NDArray[np.int64]:
        return numpy.ma.filled(columns[name], -1).astype(numpy.int64)  # type: ignore[no-any-return]

    return FeatureTable(inputs, whole("moment"), values, whole("subject"), whole("unit"), whole("amount"))


def _quotient(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unknown where a part is unknown or the denominator is 0."""
    numpy = load("numpy")
    known = (below != 0) & ~numpy.isnan(below)
    return numpy.divide(above, below, out=numpy.full(len(above), numpy.nan), where=known)  # type: ignore[no-any-return]


def _floats(column: Any) -> NDArray[np.float64]:
    numpy = load("numpy")
    return numpy.ma.filled(numpy.ma.asarray(column).astype(numpy.float64), numpy.nan)  # type: ignore[no-any-return]
