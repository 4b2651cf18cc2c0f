"""Windows over keys with very many events: exact, by adding up buckets instead of reading every event.

A *bucket* is a stretch of the moment integer, ``moment >> shift``. Four levels of buckets, each 64 times as long as
the one below (1.05 s, 67 s, 72 min, 76 h), hold what a measure needs: number, total, lowest, highest. A window is then
at most two runs of buckets on each level, raw events in the part of a bucket at its beginning, and raw events from
``built_to``, up to which the buckets are built, to its end. The buckets may lag behind the log; the answer stays exact.

*Distinct* values are counted exactly too: of each value only the last event counts, so a bucket holds how many values
were last seen in it, and the values of the raw part are looked up one by one (`rollup_seen`). That says nothing about a
window that ends before ``built_to``; such a window is read raw, as is any that a roll-up does not reach back to.

A key's roll-up starts at the level where a bucket holds few of its events (``finest``): a key with 100,000 events in
two months needs no second-long buckets, one with 100,000 in an hour does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from safeconduct.foundation.policy.catalogue import Catalogue
from safeconduct.foundation.policy.nodes import InList, Measure, Policy, Window
from safeconduct.foundation.policy.postgres_expressions import PostgresExpressions
from safeconduct.foundation.policy.sql_expressions import quoted
from safeconduct.foundation.policy.to_postgres import (
    SIGHTINGS,
    FeatureQuery,
    aggregates,
    batch_sql,
    group_outputs,
    group_sql,
    in_range,
    reach,
    sighting,
    since,
    window_features,
    window_filters,
    window_groups,
)
from safeconduct.foundation.policy.tree import walk
from safeconduct.foundation.policy.types import INT64_MAX, Type

#: The moment's bits that the shortest bucket spans (1.05 s), the bits between levels, and how many levels there are.
SHIFT = 32
STEP = 6
LEVELS = 4

#: Texts up to this length are kept as they are in `rollup_seen`, longer ones as their SHA-256.
_KEPT_TEXT = 64


@dataclass(frozen=True, slots=True)
class Rolled:
    """What one roll-up holds: a measured value of the matching events of one key. Windows of any length share it.

    ``id``: 63 bits of a hash of everything else. ``where``: SQL over an event ``e``. ``value``: SQL likewise, None
    where events are only counted; ``distinct``: it holds when each value was last seen.
    """

    id: int
    match: str
    codes: tuple[int, ...]
    value: str | None
    where: str | None
    distinct: bool

    def reach(self, key: int) -> str:
        """The events ``e`` of a key that a raw read goes through."""
        kinds = ", ".join(map(str, self.codes))
        return f"e.{quoted(self.match)} = {key} AND e.type IN ({kinds})"

    def held(self, key: int) -> str:
        """The events ``e`` of a key that count."""
        parts = [self.reach(key)]
        if self.value is not None:
            parts.append(f"{self.value} IS NOT NULL")
        if self.where is not None:
            parts.append(f"({self.where})")
        return " AND ".join(parts)


def rolled(window: Window, catalogue: Catalogue) -> Rolled | None:
    """What a roll-up for this window holds, None where it cannot have one.

    It cannot where a list is asked (membership changes afterwards), where fractions are measured, and for first and
    last sightings, which one index entry answers anyhow.
    """
    if window.measure in SIGHTINGS:
        return None
    if window.where is not None and any(isinstance(node, InList) for node in walk(window.where)):
        return None
    distinct = window.measure is Measure.DISTINCT
    value: str | None = None
    if window.value is not None and window.measure is not Measure.COUNT:
        kind = catalogue.columns[window.value].type
        column = f"e.{quoted(window.value)}"
        if distinct:
            if kind is Type.NUMBER:
                return None
            value = _seen_text(column) if kind is Type.TEXT else f"CAST({column} AS text)"
        elif PostgresExpressions.types[kind] != "bigint":
            return None
        else:
            value = column
    codes = tuple(sorted({catalogue[name].code for name in window.event_types}))
    filters = window_filters(window, "e")
    where = filters[0] if filters else None
    text = "\x1f".join([window.match, repr(codes), value or "", where or "", "distinct" if distinct else "summed"])
    identity = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
    return Rolled(identity, window.match, codes, value, where, distinct)


def _seen_text(column: str) -> str:
    """A text short enough for an index, different for different texts: the two branches differ in length."""
    digest = f"'#' || encode(sha256(convert_to({column}, 'UTF8')), 'hex')"
    return f"(CASE WHEN char_length({column}) <= {_KEPT_TEXT} THEN {column} ELSE {digest} END)"


def bucket_bits(finest: int) -> int:
    """How many low bits of a moment one bucket of this level spans."""
    return SHIFT + STEP * finest


# -- tables and their upkeep ------------------------------------------------------------------------------------------

TABLES = (
    """CREATE TABLE hot_key (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key bigint NOT NULL,
    "window" bigint NOT NULL,
    built_from bigint NOT NULL,
    built_to bigint NOT NULL,
    finest smallint NOT NULL,
    gone boolean NOT NULL DEFAULT false
)""",
    'CREATE UNIQUE INDEX hot_key_current ON hot_key (key, "window") WHERE NOT gone',
    """CREATE TABLE rollup (
    hot bigint NOT NULL,
    level smallint NOT NULL,
    bucket bigint NOT NULL,
    n bigint NOT NULL,
    total numeric,
    low bigint,
    high bigint,
    PRIMARY KEY (hot, level, bucket)
)""",
    """CREATE TABLE rollup_seen (
    hot bigint NOT NULL,
    value text COLLATE "C" NOT NULL,
    last_moment bigint NOT NULL,
    PRIMARY KEY (hot, value)
)""",
    "CREATE INDEX rollup_seen_by_moment ON rollup_seen (hot, last_moment)",
)


def build_statement(roll: Rolled, *, hot: int, key: int, finest: int, since: int, until: int, facts: str) -> str:
    """The statement that adds the events of moments in [since, until) to the buckets of the roll-up ``hot``.

    Both ends stand at the beginning of a bucket of the finest level. Run it once for each stretch.
    """
    held = f"{roll.held(key)} AND e.moment >= {since} AND e.moment < {until}"
    levels = ", ".join(f"({level}, {STEP * level})" for level in range(finest, LEVELS))
    spread = f"CROSS JOIN (VALUES {levels}) AS l(level, bits)"
    target = "INSERT INTO rollup (hot, level, bucket, n, total, low, high)"
    if roll.distinct:
        return (
            f"WITH latest AS MATERIALIZED (SELECT {roll.value} AS value, max(e.moment) AS last FROM {facts} AS e"
            f" WHERE {held} GROUP BY 1),"
            f" before AS MATERIALIZED (SELECT s.last_moment AS last FROM latest JOIN rollup_seen AS s"
            f' ON s.hot = {hot} AND s.value = latest.value COLLATE "C"),'
            f" seen AS (INSERT INTO rollup_seen (hot, value, last_moment) SELECT {hot}, value, last FROM latest"
            f" ON CONFLICT (hot, value) DO UPDATE SET last_moment = excluded.last_moment),"
            f" moved AS (SELECT last, 1 AS n FROM latest UNION ALL SELECT last, -1 FROM before)"
            f" {target} SELECT {hot}, l.level, moved.last >> ({SHIFT} + l.bits) AS bucket, sum(moved.n),"
            f" NULL, NULL, NULL FROM moved {spread} GROUP BY l.level, bucket HAVING sum(moved.n) <> 0"
            f" ON CONFLICT (hot, level, bucket) DO UPDATE SET n = rollup.n + excluded.n"
        )
    measured = "NULL::numeric AS total, NULL::bigint AS low, NULL::bigint AS high"
    if roll.value is not None:
        measured = f"sum({roll.value}) AS total, min({roll.value}) AS low, max({roll.value}) AS high"
    return (
        f"WITH fine AS MATERIALIZED (SELECT e.moment >> {bucket_bits(finest)} AS bucket, count(*) AS n, {measured}"
        f" FROM {facts} AS e WHERE {held} GROUP BY 1)"
        f" {target} SELECT {hot}, l.level, fine.bucket >> (l.bits - {STEP * finest}) AS b, sum(fine.n),"
        f" sum(fine.total), min(fine.low), max(fine.high) FROM fine {spread} GROUP BY l.level, b"
        f" ON CONFLICT (hot, level, bucket) DO UPDATE SET n = rollup.n + excluded.n,"
        f" total = rollup.total + excluded.total, low = least(rollup.low, excluded.low),"
        f" high = greatest(rollup.high, excluded.high)"
    )


# -- the query --------------------------------------------------------------------------------------------------------


def hot_features_query(
    policy: Policy, catalogue: Catalogue, hot: frozenset[int], *, facts: str = "facts"
) -> FeatureQuery:
    """As `features_query`, with the same answers; the groups numbered in ``hot`` use roll-ups where there are any.

    A key without a roll-up is read raw, so it does no harm to ask for too many.
    """
    windows = window_features(policy)
    keys = tuple(dict.fromkeys(w.by for w in windows))
    groups = window_groups(windows)
    joins: list[str] = []
    outputs: dict[str, list[str]] = {}
    counts: list[str] = []
    for number, group in enumerate(groups):
        alias = f"g{number}"
        key = keys.index(group[0].by)
        through = [(w, r) for w in group if number in hot and (r := rolled(w, catalogue)) is not None]
        raw = [w for w in group if w not in [t for t, _ in through] and not (through and w.measure in SIGHTINGS)]
        read = []
        if raw:
            joins.append(group_sql(raw, key, alias, catalogue, facts))
            read.append(f"{alias}.n")
            for window in raw:
                outputs[window.name] = group_outputs(window, alias, raw.index(window), key)
        if through:
            part = _HotGroup(through, key, f"{alias}h", catalogue, facts)
            joins += part.joins()
            outputs |= {w.name: part.output(i) for i, (w, _) in enumerate(through)}
            read.append(part.rows_read())
        counts.append(" + ".join(read))
    for window in windows:
        if window.measure in SIGHTINGS and window.name not in outputs:
            outputs[window.name] = [sighting(window, keys.index(window.by), catalogue, facts)]
    columns = ", ".join([*(code for w in windows for code in outputs[w.name]), *counts]) or "NULL"
    body = f"SELECT {columns} FROM {{batch}}{''.join(joins)} WHERE b.m < {INT64_MAX} ORDER BY b.i"
    # Behind a sub-select the size of the batch is hidden from the planner, so that a plan made for this batch never
    # looks cheaper than the one kept from before: planning takes several times as long as the read itself.
    sql = batch_sql(body, keys).replace("%b::bigint[]", "(SELECT %b::bigint[])")
    return FeatureQuery(sql, keys, windows, tuple(map(tuple, groups)))


class _HotGroup:
    """The windows of one key over the same types of event, read through their roll-ups.

    A *reading* is one roll-up over one length; windows that differ in measure, or in whether the current event counts,
    share it. For reading j there are ``s{j}`` (which roll-up, which buckets, where the raw tail begins) and ``u{j}``
    (the buckets added up); for a length ``e…`` the raw head; ``t`` is the raw tail of all summed windows, ``d{i}`` the
    raw tail of one distinct window.
    """

    def __init__(
        self, windows: Sequence[tuple[Window, Rolled]], key: int, alias: str, catalogue: Catalogue, facts: str
    ) -> None:
        self.windows = windows
        self.key = key
        self.alias = alias
        self.facts = facts
        self.reach = reach(windows[0][0], key, catalogue)
        self.readings = list(dict.fromkeys((r, w.over_us) for w, r in windows))
        self.lengths = list(dict.fromkeys(w.over_us for w, r in windows if not r.distinct))
        self.summed = [i for i, (_, r) in enumerate(windows) if not r.distinct]

    def joins(self) -> list[str]:
        parts = [self._roll_ups()]
        for j in range(len(self.readings)):
            parts += [self._span(j), self._buckets(j)]
        parts += [self._head(number) for number in range(len(self.lengths))]
        if self.summed:
            parts.append(self._tail())
        parts += [self._distinct_tail(i) for i, (_, r) in enumerate(self.windows) if r.distinct]
        return [f" CROSS JOIN LATERAL ({code}) AS {self.alias}{name}" for name, code in parts]

    def _reading(self, i: int) -> int:
        window, roll = self.windows[i]
        return self.readings.index((roll, window.over_us))

    def _s(self, i: int) -> str:
        return f"{self.alias}s{self._reading(i)}"

    def _roll_ups(self) -> tuple[str, str]:
        columns = []
        for j, (roll, over_us) in enumerate(self.readings):
            fits = f'x."window" = {roll.id} AND x.built_from <= {since(over_us)}'
            if roll.distinct:
                fits += " AND x.built_to <= b.m"
            columns += [f"max(x.{c}) FILTER (WHERE {fits}) AS {c}{j}" for c in ("id", "built_to", "finest")]
        ids = ", ".join(str(i) for i in sorted({roll.id for roll, _ in self.readings}))
        return "", (
            f"SELECT {', '.join(columns)} FROM hot_key AS x"
            f' WHERE x.key = b.k{self.key} AND x."window" IN ({ids}) AND NOT x.gone'
        )

    def _span(self, j: int) -> tuple[str, str]:
        start = since(self.readings[j][1])
        finest, to = f"{self.alias}.finest{j}", f"{self.alias}.built_to{j}"
        bits, up = f"({SHIFT} + {STEP} * {finest})", f"({STEP} * {finest})"
        # OFFSET 0 keeps the expressions from being written out, and carried out, wherever they are used.
        return f"s{j}", (
            f"SELECT CASE WHEN q.lo < q.hi THEN {self.alias}.id{j} END AS id, q.lo, q.hi,"
            f" CASE WHEN q.lo < q.hi THEN q.lo << {SHIFT} END AS head,"
            f" CASE WHEN q.lo < q.hi THEN q.hi << {SHIFT} ELSE {start} END AS tail"
            f" FROM (SELECT (({start} + (1::bigint << {bits}) - 1) >> {bits}) << {up} AS lo,"
            f" (least(b.m, {to}) >> {bits}) << {up} AS hi OFFSET 0) AS q OFFSET 0"
        )

    def _buckets(self, j: int) -> tuple[str, str]:
        roll = self.readings[j][0]
        s = f"{self.alias}s{j}"

        def low(level: int) -> str:
            return f"(({s}.lo + {(1 << STEP * level) - 1}) >> {STEP * level})" if level else f"{s}.lo"

        def high(level: int) -> str:
            return f"({s}.hi >> {STEP * level})" if level else f"{s}.hi"

        runs = []
        for level in range(LEVELS - 1):
            left = f"least({high(level)}, {low(level + 1)} << {STEP})"
            right = f"greatest({high(level + 1)} << {STEP}, {left})"
            runs += [f"({level}, {low(level)}, {left})", f"({level}, {right}, {high(level)})"]
        runs.append(f"({LEVELS - 1}, {low(LEVELS - 1)}, {high(LEVELS - 1)})")
        inner, outer = "sum(v.n) AS n", "sum(z.n) AS n"
        if roll.value is not None and not roll.distinct:
            inner += ", sum(v.total) AS total, min(v.low) AS low, max(v.high) AS high"
            outer += ", sum(z.total) AS total, min(z.low) AS low, max(z.high) AS high"
        return f"u{j}", (
            f"SELECT {outer} FROM (VALUES {', '.join(runs)}) AS r(level, x, y)"
            f" CROSS JOIN LATERAL (SELECT {inner} FROM rollup AS v WHERE v.hot = {s}.id AND v.level = r.level"
            f" AND v.bucket >= r.x AND v.bucket < r.y) AS z WHERE {s}.id IS NOT NULL AND r.x < r.y"
        )

    def _head(self, number: int) -> tuple[str, str]:
        over_us = self.lengths[number]
        columns, ends = ["count(*) AS n"], []
        for i in self.summed:
            window = self.windows[i][0]
            if window.over_us == over_us:
                end = f"{self._s(i)}.head"
                ends.append(end)
                columns += aggregates(window, f"w{i}", [*window_filters(window, "e"), f"e.moment < {end}"])
        last = f"greatest({', '.join(dict.fromkeys(ends))})"
        return f"e{number}", (
            f"SELECT {', '.join(columns)} FROM {self.facts} AS e"
            f" WHERE {self.reach} AND e.moment >= {since(over_us)} AND e.moment < {last}"
        )

    def _tail(self) -> tuple[str, str]:
        columns, starts, current = ["count(*) AS n"], [], False
        for i in self.summed:
            window = self.windows[i][0]
            start = f"{self._s(i)}.tail"
            starts.append(start)
            filters = [*window_filters(window, "e"), f"e.moment >= {start}"]
            if window.including_current:
                current = True
            else:
                filters.append("e.moment < b.m")
            columns += aggregates(window, f"w{i}", filters)
        first = f"least({', '.join(dict.fromkeys(starts))})"
        return "t", (
            f"SELECT {', '.join(columns)} FROM {self.facts} AS e"
            f" WHERE {self.reach} AND e.moment >= {first} AND e.moment {'<=' if current else '<'} b.m"
        )

    def _distinct_tail(self, i: int) -> tuple[str, str]:
        window, roll = self.windows[i]
        s = self._s(i)
        start = since(window.over_us)
        held = [self.reach, f"e.moment >= {s}.tail", f"e.moment {'<=' if window.including_current else '<'} b.m"]
        held += [f"{roll.value} IS NOT NULL", *window_filters(window, "e")]
        last = f'(SELECT x.last_moment FROM rollup_seen AS x WHERE x.hot = {s}.id AND x.value = y.value COLLATE "C")'
        head = (
            f"(SELECT count(*) FROM rollup_seen AS x WHERE x.hot = {s}.id"
            f" AND x.last_moment >= {start} AND x.last_moment < {s}.head)"
        )
        return f"d{i}", (
            f"SELECT count(*) FILTER (WHERE coalesce({last} < {start}, true)) + {head} AS n,"
            f" CAST(coalesce(sum(y.c), 0) AS bigint) AS c"
            f" FROM (SELECT {roll.value} AS value, count(*) AS c FROM {self.facts} AS e"
            f" WHERE {' AND '.join(held)} GROUP BY 1) AS y"
        )

    def rows_read(self) -> str:
        """How many events were read raw."""
        if self.summed:
            return " + ".join(
                [f"{self.alias}t.n", *(f"{self.alias}e{number}.n" for number in range(len(self.lengths)))]
            )
        return f"greatest({', '.join(f'{self.alias}d{i}.c' for i in range(len(self.windows)))})"

    def output(self, i: int) -> list[str]:
        """The columns of a window in the result."""
        window, roll = self.windows[i]
        u = f"{self.alias}u{self._reading(i)}"
        if roll.distinct:
            number = f"CAST(coalesce({u}.n, 0) + {self.alias}d{i}.n AS bigint)"
            return [f"CASE WHEN b.k{self.key} IS NOT NULL THEN {number} END"]
        head, tail = f"{self.alias}e{self.lengths.index(window.over_us)}.w{i}", f"{self.alias}t.w{i}"
        match window.measure:
            case Measure.COUNT:
                number = f"CAST(coalesce({u}.n, 0) + {head} + {tail} AS bigint)"
                return [f"CASE WHEN b.k{self.key} IS NOT NULL THEN {number} END"]
            case Measure.MIN:
                return [f"least({u}.low, {head}, {tail})"]
            case Measure.MAX:
                return [f"greatest({u}.high, {head}, {tail})"]
        parts = [f"{u}.total", head, tail]
        total = in_range(f"({' + '.join(f'coalesce({part}, 0)' for part in parts)})")
        columns = [f"CASE WHEN coalesce({', '.join(parts)}) IS NOT NULL THEN {total} END"]
        if window.measure is Measure.AVG:
            columns.append(f"CAST(coalesce({u}.n, 0) + {head}n + {tail}n AS bigint)")
        return columns
