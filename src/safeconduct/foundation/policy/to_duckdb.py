"""A policy over a whole history, as one DuckDB statement: features as window functions, rules, action.

Windows of one key over the same types of event are computed together, over a narrow relation of just the rows that
have the key, and joined to the events by their moment. That costs a join a group and is still the faster way: rows
without a key would else form one giant partition, and wide rows make every sort dear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from safeconduct.foundation.moments import TIES
from safeconduct.foundation.policy.catalogue import Catalogue
from safeconduct.foundation.policy.decided import DecidedEvent
from safeconduct.foundation.policy.duckdb_expressions import DuckdbExpressions
from safeconduct.foundation.policy.nodes import Action, EventField, Expr, InList, Measure, Policy, Window
from safeconduct.foundation.policy.sql_expressions import quoted
from safeconduct.foundation.policy.to_postgres import EarlierEvent, window_features
from safeconduct.foundation.policy.tree import names, walk
from safeconduct.foundation.policy.types import Type

__all__ = ["BacktestQuery", "backtest_query"]


@dataclass(frozen=True, slots=True)
class BacktestQuery:
    """One statement: a row for each event of the policy's types, in no particular order.

    Columns: ``moment``; for each window of ``features`` its column, or two (sum, count) where the measure is AVG; for
    each rule, in the policy's order, one of ``rules``: TRUE, FALSE or NULL (unknown); and ``action`` as text.
    """

    sql: str
    features: dict[str, tuple[str, ...]]
    rules: tuple[str, ...]


def backtest_query(
    policy: Policy, catalogue: Catalogue, *, facts: str = "facts", since: int | None = None, until: int | None = None,
    scores: str | None = None, lists: str = "list_entries",
) -> BacktestQuery:  # fmt: skip
    """The statement that decides every event of the policy's types with moment in [since, until).

    ``facts``: the relation of `facts`, which must reach back before ``since`` as far as the longest window does.
    ``scores``: a relation of moments and one DOUBLE column for each score of the policy, by its name; without it
    scores are unknown. ``lists``: a relation of `sql_expressions.LISTS_COLUMNS`, read only where a list is asked.

    Raises ValueError where a rule reads a field that facts do not keep.
    """
    _check_fields(policy, catalogue)
    windows = window_features(policy)
    period = _Period(since, until)
    groups = [_Group(i, g, policy, catalogue, facts, period) for i, g in enumerate(_groups(windows))]
    features = {name: columns for g in groups for name, columns in g.columns.items()}
    scope = DecidedEvent(policy, features, lists, None if scores is not None else "CAST(NULL AS DOUBLE)")
    coder = DuckdbExpressions(scope)
    rules = [coder.condition(r.when) for r in policy.rules]
    allowed = [coder.value(_membership(name, field, catalogue)) for name, field in policy.allow_lists]

    shown = ["d.moment", *(f"d.{c}" for w in windows for c in features[w.name])]
    shown += [f"{code} AS r{i}" for i, code in enumerate(rules)]
    shown.append(f"({' OR '.join(f'{a} IS TRUE' for a in allowed) or 'FALSE'}) AS allowed")
    events = _decided_sql(policy, catalogue, facts, groups, scope, period, scores)
    decided = f"SELECT {', '.join(shown)} FROM ({events}) AS d"
    columns = ["moment", *(c for w in windows for c in features[w.name]), *(f"r{i}" for i in range(len(rules)))]
    sql = f"SELECT {', '.join(columns)}, {_action_sql(policy)} AS action FROM ({decided}) AS judged"
    ordered = {w.name: features[w.name] for w in windows}
    return BacktestQuery(sql, ordered, tuple(f"r{i}" for i in range(len(rules))))


def _membership(list_name: str, field: str, catalogue: Catalogue) -> Expr:
    return InList(Type.BOOLEAN, list_name, EventField(catalogue.columns[field].type, field))


def _check_fields(policy: Policy, catalogue: Catalogue) -> None:
    wanted = {f for _, f in policy.allow_lists}
    wanted |= {n.name for rule in policy.rules for n in walk(rule.when) if isinstance(n, EventField)}
    missing = sorted(wanted - catalogue.columns.keys())
    if missing:
        raise ValueError(
            f"{policy.name} cannot be replayed over facts: they do not keep {', '.join(missing)}; "
            "mark the field as indexed in the catalogue"
        )


@dataclass(frozen=True, slots=True)
class _Period:
    since: int | None
    until: int | None

    def conditions(self, alias: str, reach: int = 0) -> list[str]:
        """The decided events; with `reach`, also what lies that far before them."""
        held = [] if self.since is None else [f"{alias}.moment >= {self.since - reach}"]
        return held if self.until is None else [*held, f"{alias}.moment < {self.until}"]


def _kinds(alias: str, names: Sequence[str], catalogue: Catalogue) -> str:
    return f"{alias}.type IN ({', '.join(str(c) for c in sorted({catalogue[n].code for n in names}))})"


def _groups(windows: Sequence[Window]) -> list[list[Window]]:
    """Windows that share a sort: the same keys over the same types of event."""
    groups: dict[tuple[str, str, frozenset[str]], list[Window]] = {}
    for window in windows:
        groups.setdefault((window.by, window.match, frozenset(window.event_types)), []).append(window)
    return list(groups.values())


class _Group:
    """Windows over one relation `e` of rows with a key: sources, which are counted, and probes, which ask."""

    def __init__(
        self, number: int, windows: list[Window], policy: Policy, catalogue: Catalogue, facts: str, period: _Period
    ) -> None:
        self.alias = f"g{number}"
        self.columns: dict[str, tuple[str, ...]] = {}
        first = windows[0]
        own = set(policy.event_types)
        reach = max(w.over_us for w in windows) * TIES
        # Where every row is both, nothing has to be told apart, and counting is a matter of positions alone.
        self._all_sources = first.by == first.match and set(first.event_types) >= own
        coded: list[str] = []
        shown: list[str] = []
        marks: list[str] = []
        for i, window in enumerate(windows):
            names = [f"f{number}_{i}"] if window.measure is not Measure.AVG else [f"f{number}_{i}", f"f{number}_{i}n"]
            self.columns[window.name] = tuple(names)
            if window.measure is Measure.DISTINCT:
                marks += self._runs(window, names[0])
                coded.append(f"{_alive(window, names[0])} AS {names[0]}")
            else:
                coded += [f"{code} AS {name}" for code, name in zip(self._measure(window), names, strict=True)]
            shown += [f"{_result(window, f'w.{names[0]}')} AS {names[0]}", *(f"w.{n}" for n in names[1:])]
        values = sorted({n for w in windows for n in _reads(w)})
        rows = self._rows(first, values, policy, catalogue, facts, period, reach)
        if marks:
            rows = f"SELECT e.*, {', '.join(marks)} FROM ({rows}) AS e"
        asked = ["w.asks", *period.conditions("w")]
        self.sql = (
            f"(SELECT w.moment, {', '.join(shown)} FROM"
            f" (SELECT e.moment, e.asks, {', '.join(coded)} FROM ({rows}) AS e) AS w"
            f" WHERE {' AND '.join(asked)})"
        )

    def _rows(
        self, window: Window, values: list[str], policy: Policy, catalogue: Catalogue, facts: str, period: _Period,
        reach: int,
    ) -> str:  # fmt: skip
        kept = [f"s.{quoted(v)}" for v in values]
        if window.by == window.match:
            both = [*policy.event_types, *window.event_types]
            held = [f"s.{quoted(window.by)} IS NOT NULL", _kinds("s", both, catalogue), *period.conditions("s", reach)]
            columns = [
                "s.moment", f"s.{quoted(window.by)} AS by_key", f"{_kinds('s', policy.event_types, catalogue)} AS asks",
                f"{_kinds('s', window.event_types, catalogue)} AS counts", *kept,
            ]  # fmt: skip
            return f"SELECT {', '.join(columns)} FROM {facts} AS s WHERE {' AND '.join(held)}"
        sources = [f"s.{quoted(window.match)} IS NOT NULL", _kinds("s", window.event_types, catalogue)]
        sources += period.conditions("s", reach)
        probes = [f"s.{quoted(window.by)} IS NOT NULL", _kinds("s", policy.event_types, catalogue)]
        probes += period.conditions("s")
        nothing = ["NULL" for _ in values]
        source = ["s.moment", f"s.{quoted(window.match)} AS by_key", "FALSE AS asks", "TRUE AS counts", *kept]
        return (
            f"SELECT {', '.join(source)}"
            f" FROM {facts} AS s WHERE {' AND '.join(sources)} UNION ALL"
            f" SELECT {', '.join(['s.moment', f's.{quoted(window.by)}', 'TRUE', 'FALSE', *nothing])}"
            f" FROM {facts} AS s WHERE {' AND '.join(probes)}"
        )

    def _counted(self, window: Window, value: str) -> str:
        """A value where the row counts, else NULL. A CASE inside costs far less than a FILTER beside."""
        held = [] if self._all_sources else ["e.counts"]
        if window.where is not None:
            held.append(DuckdbExpressions(EarlierEvent("e")).condition(window.where))
        return f"CASE WHEN {' AND '.join(held)} THEN {value} END" if held else value

    def _runs(self, window: Window, name: str) -> list[str]:
        """Marks on the rows at which a value's run begins and ends: it is one run while the value comes again within
        the window's length. Counting runs that have begun and not run out is exact, and far cheaper than counting
        different values in every frame.
        """
        value = self._counted(window, f"e.{quoted(window.value or '')}")
        over, length = f"OVER (PARTITION BY e.by_key, {value} ORDER BY e.moment)", window.over_us * TIES
        before, after = f"e.moment - lag(e.moment) {over}", f"lead(e.moment) {over} - e.moment"
        return [
            f"CASE WHEN {value} IS NOT NULL AND coalesce({gap} > {length}, TRUE) THEN 1 END AS {name}{side}"
            for gap, side in ((before, "b"), (after, "e"))
        ]

    def _measure(self, window: Window) -> list[str]:
        """The window functions of a measure."""
        frame = _frame(f"{window.over_us * TIES} PRECEDING", _end(window))
        value = self._counted(window, f"e.{quoted(window.value)}") if window.value is not None else ""
        match window.measure:
            case Measure.COUNT:
                one = self._counted(window, "1")
                return [_count("*" if one == "1" else one, window, f"{window.over_us * TIES} PRECEDING")]
            case Measure.SUM:
                return [f"sum({value}) {frame}"]
            case Measure.AVG:
                return [f"sum({value}) {frame}", f"count({value}) {frame}"]
            case Measure.MIN | Measure.MAX:
                return [f"{window.measure.value}({value}) {frame}"]
            case Measure.FIRST_SEEN:
                return [f"min({self._counted(window, 'e.moment')}) {frame}"]
            case Measure.LAST_SEEN:
                return [f"max({self._counted(window, 'e.moment')}) {frame}"]
            case Measure.DISTINCT:
                raise ValueError("different values are counted by their runs")


def _end(window: Window) -> str:
    return "CURRENT ROW" if window.including_current else "1 PRECEDING"


def _frame(first: str, last: str) -> str:
    return f"OVER (PARTITION BY e.by_key ORDER BY e.moment RANGE BETWEEN {first} AND {last})"


def _count(what: str, window: Window, first: str) -> str:
    """How many there are from the frame's first row on. A frame that ends before the current row is dearer than one
    that ends with it, so that where each event is one row, that row is taken off again.
    """
    if window.including_current or window.by != window.match:
        return f"count({what}) {_frame(first, _end(window))}"
    itself = "1" if what == "*" else f"CAST({what} IS NOT NULL AS INTEGER)"
    return f"count({what}) {_frame(first, 'CURRENT ROW')} - {itself}"


def _alive(window: Window, name: str) -> str:
    """How many runs of different values have begun and not yet left the window: see `_Group._runs`."""
    gone = _frame("UNBOUNDED PRECEDING", f"{window.over_us * TIES + 1} PRECEDING")
    return f"{_count(f'e.{name}b', window, 'UNBOUNDED PRECEDING')} - count(e.{name}e) {gone}"


def _result(window: Window, column: str) -> str:
    """A raw aggregate as the feature's value."""
    coder = DuckdbExpressions(EarlierEvent("w"))
    match window.measure:
        case Measure.SUM | Measure.AVG:
            return coder.narrowed(column)
        case Measure.FIRST_SEEN | Measure.LAST_SEEN:
            return coder.micros(column)
        case _:
            return column


def _reads(window: Window) -> set[str]:
    """The fields of the earlier event that a window looks at beside its key."""
    value = {window.value} if window.value is not None else set()
    return value | (names(window.where) if window.where is not None else frozenset())


def _decided_sql(
    policy: Policy, catalogue: Catalogue, facts: str, groups: list[_Group], scope: DecidedEvent, period: _Period,
    scores: str | None,
) -> str:  # fmt: skip
    """The decided events with everything that rules read, one row each."""
    columns = ["f.moment", *(f"f.{quoted(n)} AS {c}" for n, c in scope.fields.items())]
    columns += [f"{g.alias}.{c}" for g in groups for cs in g.columns.values() for c in cs]
    columns += [f"scored.{quoted(n)} AS {c}" for n, c in scope.scores.items()]
    joins = [f" LEFT JOIN {g.sql} AS {g.alias} ON {g.alias}.moment = f.moment" for g in groups]
    if scores is not None and scope.scores:
        joins.append(f" LEFT JOIN {scores} AS scored ON scored.moment = f.moment")
    held = [_kinds("f", policy.event_types, catalogue), *period.conditions("f")]
    return f"SELECT {', '.join(columns)} FROM {facts} AS f{''.join(joins)} WHERE {' AND '.join(held)}"


def _action_sql(policy: Policy) -> str:
    """block > review > challenge > allow; membership in an allow-list takes the effect of listable rules away."""
    ranks = ["0"]
    for i, rule in enumerate(policy.rules):
        effect = f"CASE WHEN r{i} THEN {rule.then.rank} WHEN r{i} IS NULL THEN {rule.unknown.rank} ELSE 0 END"
        ranks.append(f"CASE WHEN allowed THEN 0 ELSE {effect} END" if rule.listable and policy.allow_lists else effect)
    whens = " ".join(f"WHEN {a.rank} THEN '{a.value}'" for a in Action)
    return f"CASE greatest({', '.join(ranks)}) {whens} END"
