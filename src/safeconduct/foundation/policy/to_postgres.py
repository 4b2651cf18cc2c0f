"""The features of a policy for live events, as one PostgreSQL statement over a batch.

Each event of the batch looks its keys up in the facts table by LATERAL reads of the index (key, type, moment). Windows
of one key over the same types of event share one read, as wide as the widest of them, and are told apart by FILTER;
first and last sightings, which one index entry answers, are read alone and never widen another's read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from safeconduct.foundation.moments import TIE_BITS, TIES
from safeconduct.foundation.policy.catalogue import Catalogue
from safeconduct.foundation.policy.decided import DecidedEvent
from safeconduct.foundation.policy.nodes import Measure, Policy, Window
from safeconduct.foundation.policy.postgres_expressions import PostgresExpressions
from safeconduct.foundation.policy.sql_expressions import Sql, quoted
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN

SIGHTINGS = frozenset({Measure.FIRST_SEEN, Measure.LAST_SEEN})

#: No window reaches further back than this, so that a moment minus a window stays within 64 bits.
_LONGEST = 2**62


@dataclass(frozen=True, slots=True)
class FeatureQuery:
    """One statement that reads the window features of a batch.

    ``sql`` is for psycopg, with one binary array (``%b``) of moments and one for each of ``keys``, in that order, as
    `parameters` makes them. It yields one row an event, in the batch's order: per window of ``windows`` one column, and
    two (sum, count) where the measure is AVG; then, per group of windows that share a read, how many events it went
    through. `values` and `events_read` name a row.
    """

    sql: str
    keys: tuple[str, ...]
    windows: tuple[Window, ...]
    groups: tuple[tuple[Window, ...], ...]

    def parameters(self, moments: Sequence[int], events: Sequence[Mapping[str, object]]) -> list[list[object]]:
        """The arrays for a batch: the moments, and of each event (fields by name) the keys.

        One element more than the batch, which the statement leaves out, makes every array one of 64-bit integers: an
        array of NULLs alone would have another type, and each mix of types another plan to prepare.
        """
        columns: list[list[object]] = [[*moments, INT64_MAX]]
        columns += [[*(event.get(key) for event in events), INT64_MAX] for key in self.keys]
        return columns

    def values(self, row: Sequence[object]) -> dict[str, object]:
        """A row as features by name: None where unknown, (sum, count) for an AVG."""
        found: dict[str, object] = {}
        at = 0
        for window in self.windows:
            if window.measure is Measure.AVG:
                found[window.name] = None if row[at] is None else (row[at], row[at + 1])
                at += 2
            else:
                found[window.name] = row[at]
                at += 1
        return found

    def events_read(self, row: Sequence[object]) -> list[int]:
        """For each of `groups`, how many earlier events a row's answers were computed from, one by one."""
        return [count for count in row[len(row) - len(self.groups) :] if isinstance(count, int)] if self.groups else []


class EarlierEvent:
    """The scope of a window's `where`: fields and time are those of the earlier event."""

    def __init__(self, alias: str) -> None:
        self._alias = alias

    def field(self, name: str) -> str:
        return f"{self._alias}.{quoted(name)}"

    def moment(self) -> str:
        return f"{self._alias}.moment"

    def feature(self, name: str) -> Sql:
        raise TypeError(f"a window's where cannot read the feature {name}")

    def score(self, name: str) -> str:
        raise TypeError(f"a window's where cannot read the score {name}")

    def lists(self) -> str:
        return "list_entries"


def window_features(policy: Policy) -> tuple[Window, ...]:
    """The windows of a policy, in its order; ratios are computed from them."""
    return tuple(f for f in policy.features.values() if isinstance(f, Window))


def features_query(policy: Policy, catalogue: Catalogue, *, facts: str = "facts") -> FeatureQuery:
    """The statement that reads all windows of a policy for a batch of events.

    The events themselves must already be in ``facts`` where a window includes the current one. Raises KeyError for an
    event type that the catalogue does not know.
    """
    windows = window_features(policy)
    keys = tuple(dict.fromkeys(w.by for w in windows))
    groups = window_groups(windows)
    joins: list[str] = []
    outputs: dict[str, list[str]] = {}
    for number, group in enumerate(groups):
        alias = f"g{number}"
        joins.append(group_sql(group, keys.index(group[0].by), alias, catalogue, facts))
        for window in group:
            outputs[window.name] = group_outputs(window, alias, group.index(window), keys.index(window.by))
    for window in windows:
        if window.measure in SIGHTINGS and window.name not in outputs:
            outputs[window.name] = [sighting(window, keys.index(window.by), catalogue, facts)]
    columns = ", ".join(
        [*(code for w in windows for code in outputs[w.name]), *(f"g{number}.n" for number in range(len(groups)))]
    )
    body = f"SELECT {columns or 'NULL'} FROM {{batch}}{''.join(joins)} WHERE b.m < {INT64_MAX} ORDER BY b.i"
    return FeatureQuery(batch_sql(body, keys), keys, windows, tuple(map(tuple, groups)))


def batch_sql(body: str, keys: Sequence[str]) -> str:
    """`body` with the batch's arrays in the place of ``{batch}``, and % doubled for psycopg."""
    arrays = ", ".join(["%b::bigint[]"] * (len(keys) + 1))
    names = ", ".join(["m", *(f"k{i}" for i in range(len(keys))), "i"])
    return body.replace("%", "%%").replace("{batch}", f"unnest({arrays}) WITH ORDINALITY AS b({names})", 1)


def window_groups(windows: Sequence[Window]) -> list[list[Window]]:
    """Windows that share a read: the same key over the same types of event; a sighting only rides along for free."""
    groups: dict[tuple[str, str, frozenset[str]], list[Window]] = {}
    for window in windows:
        if window.measure not in SIGHTINGS:
            groups.setdefault((window.by, window.match, frozenset(window.event_types)), []).append(window)
    for window in windows:
        group = groups.get((window.by, window.match, frozenset(window.event_types)), [])
        if window.measure in SIGHTINGS and any(w.over_us >= window.over_us for w in group):
            group.append(window)
    return list(groups.values())


def group_sql(group: list[Window], key: int, alias: str, catalogue: Catalogue, facts: str) -> str:
    """One read of the facts that answers all windows of a group, and counts the events (``n``)."""
    longest = max(w.over_us for w in group)
    current = any(w.including_current for w in group)
    columns: list[str] = ["count(*) AS n"]
    for number, window in enumerate(group):
        filters = window_filters(window, "e")
        if window.over_us < longest:
            filters.append(f"e.moment >= {since(window.over_us)}")
        if current and not window.including_current:
            filters.append("e.moment < b.m")
        columns += aggregates(window, f"w{number}", filters)
    return (
        f" CROSS JOIN LATERAL (SELECT {', '.join(columns)} FROM {facts} AS e"
        f" WHERE {reach(group[0], key, catalogue)} AND e.moment >= {since(longest)}"
        f" AND e.moment {'<=' if current else '<'} b.m) AS {alias}"
    )


def since(over_us: int) -> str:
    """The first moment of a window that ends with the batch's event."""
    return f"b.m - {min(over_us * TIES, _LONGEST)}"


def reach(window: Window, key: int, catalogue: Catalogue) -> str:
    """The rows of the window's key and types of event, whenever they happened."""
    codes = sorted({catalogue[name].code for name in window.event_types})
    kinds = f"e.type = {codes[0]}" if len(codes) == 1 else f"e.type IN ({', '.join(map(str, codes))})"
    return f"e.{quoted(window.match)} = b.k{key} AND {kinds}"


def window_filters(window: Window, alias: str) -> list[str]:
    """The window's own `where`, if it has one."""
    if window.where is None:
        return []
    return [PostgresExpressions(EarlierEvent(alias)).condition(window.where)]


def aggregates(window: Window, name: str, filters: Iterable[str]) -> list[str]:
    """The aggregates of one window over rows `e`, named after it."""
    held = " AND ".join(filters)
    only = f" FILTER (WHERE {held})" if held else ""
    value = f"e.{quoted(window.value)}" if window.value is not None else ""
    match window.measure:
        case Measure.COUNT:
            return [f"count(*){only} AS {name}"]
        case Measure.SUM:
            return [f"sum({value}){only} AS {name}"]
        case Measure.AVG:
            return [f"sum({value}){only} AS {name}", f"count({value}){only} AS {name}n"]
        case Measure.MIN | Measure.MAX:
            return [f"{window.measure.value}({value}){only} AS {name}"]
        case Measure.DISTINCT:
            return [f"count(DISTINCT {value}){only} AS {name}"]
        case Measure.FIRST_SEEN:
            return [f"min(e.moment){only} AS {name}"]
        case Measure.LAST_SEEN:
            return [f"max(e.moment){only} AS {name}"]


def group_outputs(window: Window, alias: str, number: int, key: int) -> list[str]:
    """The columns of a window in the result, out of a group's aggregates."""
    name = f"{alias}.w{number}"
    match window.measure:
        case Measure.COUNT | Measure.DISTINCT:
            return [f"CASE WHEN b.k{key} IS NOT NULL THEN {name} END"]
        case Measure.SUM:
            return [in_range(name)]
        case Measure.AVG:
            return [in_range(name), f"{name}n"]
        case Measure.MIN | Measure.MAX:
            return [name]
        case Measure.FIRST_SEEN | Measure.LAST_SEEN:
            return [f"{name} >> {TIE_BITS}"]


def in_range(name: str) -> str:
    """A sum as bigint, NULL where it does not fit."""
    return f"CASE WHEN {name} BETWEEN {INT64_MIN} AND {INT64_MAX} THEN CAST({name} AS bigint) END"


def sighting(window: Window, key: int, catalogue: Catalogue, facts: str) -> str:
    """The first or last sighting by one index entry for each type of event."""
    order, best = ("ASC", "LEAST") if window.measure is Measure.FIRST_SEEN else ("DESC", "GREATEST")
    codes = sorted({catalogue[name].code for name in window.event_types})
    held = [f"e.moment >= {since(window.over_us)}", f"e.moment {'<=' if window.including_current else '<'} b.m"]
    held += window_filters(window, "e")
    reads = [
        f"(SELECT e.moment FROM {facts} AS e WHERE e.{quoted(window.match)} = b.k{key} AND e.type = {code}"
        f" AND {' AND '.join(held)} ORDER BY e.moment {order} LIMIT 1)"
        for code in codes
    ]
    return f"{best}({', '.join(reads)}) >> {TIE_BITS}"


def rules_sql(policy: Policy, scope: DecidedEvent) -> str:
    """A SELECT list of the policy's rules (r0, r1 …) over a relation ``d`` with the columns that `scope` hands out."""
    coder = PostgresExpressions(scope)
    return ", ".join(f"{coder.condition(rule.when)} AS r{i}" for i, rule in enumerate(policy.rules))
