"""Keys with very many events: who gets a roll-up, how it is kept up, and reading features through it.

A key is noted when the windows of a decision went through more than `HOT_EVENTS` of its events one by one. `keep_up`
builds what is noted and moves every roll-up on to where nothing can arrive any more; `review` drops what is not needed.
Both may run anywhere and be killed at any time: a roll-up that is missing, half built or behind makes a read slower and
never wrong, because each statement reads the roll-up and how far it goes in one snapshot.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from safeconduct.foundation.moments import SECOND, TIES
from safeconduct.foundation.policy.hot_keys import (
    LEVELS,
    Rolled,
    bucket_bits,
    build_statement,
    hot_features_query,
    rolled,
)
from safeconduct.foundation.policy.nodes import Policy
from safeconduct.foundation.policy.to_postgres import FeatureQuery
from safeconduct.kernel.decisions.running import Compiled, running
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.ordering import settle
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.scope import engine_scope, query

Row = dict[str, Any]

#: A read of more events of one key than this makes the key hot; with fewer than a quarter of it, it is no longer.
HOT_EVENTS = 1000
#: The shortest buckets are chosen so that one holds at most so many events.
DENSE_BUCKET = 200
#: Events that one transaction adds to a roll-up.
BUILT_AT_ONCE = 100_000
_DAY = 86_400 * SECOND
_FACTS = "fact"
_REMEMBERED_S = 2.0
_MOST_REMEMBERED = 50_000
_NOTING = 0x5AFE_0005


@dataclass(frozen=True, slots=True)
class _Group:
    """Windows of one policy that share a read, and the roll-ups that could stand in for it."""

    by: str
    rolls: tuple[Rolled, ...]
    longest: int  # in moments


@dataclass(frozen=True, slots=True)
class Plan:
    """What roll-ups could do for a policy; `groups` are those of its statement of features."""

    groups: tuple[_Group, ...]
    variants: dict[frozenset[int], FeatureQuery]


@dataclass(slots=True)
class _Memory:
    read_at: float
    windows: dict[int, set[int]]


@dataclass(frozen=True, slots=True)
class HotKey:
    """A roll-up: of one key, for one window; built from and up to a moment, from level `finest` on."""

    id: int
    key: int
    window: int
    built_from: int
    built_to: int
    finest: int

    @property
    def new(self) -> bool:
        return self.built_from == self.built_to


_plans: dict[str, Plan] = {}
_memory: _Memory | None = None


def forget() -> None:
    """Forgets which keys this process takes for hot; the next batch asks the database."""
    global _memory
    _memory = None


# -- reading ----------------------------------------------------------------------------------------------------------


def read(compiled: Compiled, rows: Sequence[Row]) -> list[Any]:
    """The features of a batch as `compiled.features` gives them, through roll-ups for the events of hot keys.

    Keys whose read turns out to be long are noted. Must run in an engine scope.
    """
    plan = plan_of(compiled)
    hot = _windows_by_key()
    chosen = [_hot_groups(plan, row, hot) for row in rows] if hot else [frozenset[int]()] * len(rows)
    found: list[Any] = [None] * len(rows)
    together = frozenset[int]().union(*chosen)
    for features, places in (
        (compiled.features, [i for i, groups in enumerate(chosen) if not groups]),
        (_variant(plan, compiled.policy, together) if together else compiled.features,
         [i for i, groups in enumerate(chosen) if groups]),
    ):  # fmt: skip
        if places:
            batch = [rows[i] for i in places]
            answers = query(features.sql, features.parameters([row["moment"] for row in batch], batch)).fetchall()
            for i, answer in zip(places, answers, strict=True):
                found[i] = answer
    _note(plan, compiled.features, rows, found, chosen)
    return found


def plan_of(compiled: Compiled) -> Plan:
    """What roll-ups could do for a policy, worked out once for each text."""
    text = compiled.policy.text
    if text not in _plans:
        groups = []
        for windows in compiled.features.groups:
            rolls = {roll for window in windows if (roll := rolled(window, CATALOGUE)) is not None}
            longest = max(window.over_us for window in windows) * TIES
            groups.append(_Group(windows[0].by, tuple(sorted(rolls, key=lambda roll: roll.id)), longest))
        _plans[text] = Plan(tuple(groups), {})
    return _plans[text]


def _variant(plan: Plan, policy: Policy, groups: frozenset[int]) -> FeatureQuery:
    if groups not in plan.variants:
        plan.variants[groups] = hot_features_query(policy, CATALOGUE, groups, facts=_FACTS)
    return plan.variants[groups]


def _windows_by_key() -> dict[int, set[int]]:
    """Which roll-ups there are, as of a moment ago: what is missing here is read raw, what is gone is not used."""
    global _memory
    memory = _memory
    if memory is None or time.monotonic() - memory.read_at > _REMEMBERED_S:
        memory = _Memory(time.monotonic(), {})
        for key, window in query(
            'SELECT key, "window" FROM hot_key WHERE NOT gone AND built_to > built_from LIMIT %s', [_MOST_REMEMBERED]
        ):
            memory.windows.setdefault(key, set()).add(window)
        _memory = memory
    return memory.windows


def _hot_groups(plan: Plan, row: Row, hot: dict[int, set[int]]) -> frozenset[int]:
    found = []
    for number, group in enumerate(plan.groups):
        windows = hot.get(row[group.by])
        if windows and any(roll.id in windows for roll in group.rolls):
            found.append(number)
    return frozenset(found)


def _note(
    plan: Plan, features: FeatureQuery, rows: Sequence[Row], found: Sequence[Any], chosen: Sequence[frozenset[int]]
) -> None:
    noted: dict[tuple[int, int], int] = {}
    for row, answer, groups in zip(rows, found, chosen, strict=True):
        for number, events in enumerate(features.events_read(answer)):
            if events > HOT_EVENTS and number not in groups:
                group = plan.groups[number]
                for roll in group.rolls:
                    begin = _begin(row["moment"], group.longest)
                    key = (row[group.by], roll.id)
                    noted[key] = min(begin, noted.get(key, begin))
    if not noted:
        return
    # Only one transaction notes at a time, and none waits: a key that is missed is noted by its next event.
    query(
        'INSERT INTO hot_key (key, "window", built_from, built_to, finest)'
        " SELECT n.key, n.w, n.begin, n.begin, 0"
        " FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[]) AS n(key, w, begin)"
        " WHERE pg_try_advisory_xact_lock(%s)"
        ' AND NOT EXISTS (SELECT FROM hot_key AS h WHERE h.key = n.key AND h."window" = n.w AND NOT h.gone)'
        ' ON CONFLICT (key, "window") WHERE NOT gone DO NOTHING',
        [[key for key, _ in noted], [window for _, window in noted], list(noted.values()), _NOTING],
    )


def _begin(moment: int, longest: int) -> int:
    """Where a roll-up has to begin for windows of this length, with a day to spare."""
    bits = bucket_bits(LEVELS - 1)
    return (moment - longest - _DAY) >> bits << bits


# -- upkeep -----------------------------------------------------------------------------------------------------------


def keep_up() -> int:
    """Builds what was noted and moves every roll-up on. Returns how many were moved. Opens scopes of its own.

    What another process builds at present, or while history is being imported, is left for the next time.
    """
    with engine_scope():
        hot = current()
        if not hot:
            return 0
        wanted = wanted_now()
        end = safe_moment()
        for one in _crowded(hot, wanted, end):
            _begin_again(one, one.built_from)
        hot = current()
    moved = 0
    for one in hot:
        while one.window in wanted and (one.new or _aligned(end, one.finest) > one.built_to):
            with engine_scope():
                now = advance(one.id, wanted[one.window][0], end)
            if now is None:
                break
            moved += 1
            one = now
    return moved


def review() -> None:
    """Drops roll-ups that no running policy asks for, that are too short, or whose key has cooled; cuts off what is
    older than any window; removes the buckets of what is gone. Opens scopes of its own."""
    with engine_scope():
        if _mine():
            wanted, end = wanted_now(), safe_moment()
            for one in current():
                _review_one(one, wanted.get(one.window), end)
        gone = [identity for (identity,) in query("SELECT id FROM hot_key WHERE gone ORDER BY id LIMIT 50")]
    for identity in gone:
        with engine_scope():
            for statement in (
                "DELETE FROM rollup WHERE hot = %s",
                "DELETE FROM rollup_seen WHERE hot = %s",
                "DELETE FROM hot_key WHERE id = %s AND gone",
            ):
                query(statement, [identity])


def current() -> list[HotKey]:
    """The roll-ups there are, also those of which nothing is built yet."""
    return [
        HotKey(*row)
        for row in query(
            'SELECT id, key, "window", built_from, built_to, finest FROM hot_key WHERE NOT gone ORDER BY id'
        )
    ]


def wanted_now() -> dict[int, tuple[Rolled, int]]:
    """What running policies could use: each roll-up with the longest read it stands in for, in moments."""
    found: dict[int, tuple[Rolled, int]] = {}
    for version in running():
        for group in plan_of(version.compiled).groups:
            for roll in group.rolls:
                longest = found[roll.id][1] if roll.id in found else 0
                found[roll.id] = (roll, max(longest, group.longest))
    return found


def safe_moment() -> int:
    """A moment below which every live event is committed, none waits for its decision, and the log has begun to be.

    Distinct values can only be answered for windows that end after ``built_to``, hence the queue; a world that is
    replayed from its beginning lives before the clock, hence the end of the log.
    """
    row = query(
        "SELECT least(%s, (SELECT max(moment) FROM event), (SELECT min(moment) FROM event_queue))",
        [settle() - SECOND],
    ).fetchone()
    assert row is not None
    return int(row[0])


def _crowded(hot: Iterable[HotKey], wanted: dict[int, tuple[Rolled, int]], end: int) -> list[HotKey]:
    """Roll-ups behind which many events have come up before the current bucket is full: they need shorter buckets."""
    waiting: dict[tuple[str, int], bool] = {}
    found = []
    for one in hot:
        if one.new or not one.finest or one.window not in wanted:
            continue
        reach = wanted[one.window][0].reach(one.key)
        if (reach, one.built_to) not in waiting:
            row = query(
                f"SELECT count(*) FROM (SELECT FROM {_FACTS} AS e WHERE {reach} AND e.moment >= {one.built_to}"
                f" AND e.moment < least({end}, {_aligned(one.built_to, one.finest) + (1 << bucket_bits(one.finest))})"
                f" LIMIT {2 * DENSE_BUCKET + 1}) AS q"
            ).fetchone()
            waiting[reach, one.built_to] = row is not None and row[0] > 2 * DENSE_BUCKET
        if waiting[reach, one.built_to]:
            found.append(one)
    return found if found and _mine() else []


def _mine() -> bool:
    row = query("SELECT pg_try_advisory_xact_lock(%s)", [Lock.HISTORY]).fetchone()
    return row is not None and bool(row[0])


def _aligned(moment: int, finest: int) -> int:
    bits = bucket_bits(finest)
    return moment >> bits << bits


def advance(identity: int, roll: Rolled, end: int) -> HotKey | None:
    """Adds the next stretch to a roll-up; None where there is nothing to add, or somebody else is at it."""
    if not _mine():
        return None
    row = query(
        'SELECT id, key, "window", built_from, built_to, finest FROM hot_key WHERE id = %s AND NOT gone FOR UPDATE',
        [identity],
    ).fetchone()
    if row is None:
        return None
    one = HotKey(*row)
    finest = _finest(roll, one, end) if one.new else one.finest
    until = _aligned(_stretch(roll, one, end), finest)
    if until <= one.built_to:
        until = _aligned(end, finest)
    if until <= one.built_to:
        return None
    query(build_statement(roll, hot=one.id, key=one.key, finest=finest, since=one.built_to, until=until, facts=_FACTS))
    query("UPDATE hot_key SET built_to = %s, finest = %s WHERE id = %s", [until, finest, one.id])
    return HotKey(one.id, one.key, one.window, one.built_from, until, finest)


def _stretch(roll: Rolled, one: HotKey, end: int) -> int:
    """Where the next `BUILT_AT_ONCE` events end."""
    row = query(
        f"SELECT e.moment FROM {_FACTS} AS e WHERE {roll.reach(one.key)} AND e.moment >= {one.built_to}"
        f" AND e.moment < {end} ORDER BY e.moment OFFSET {BUILT_AT_ONCE} LIMIT 1"
    ).fetchone()
    return end if row is None else int(row[0])


def _finest(roll: Rolled, one: HotKey, end: int) -> int:
    for level in (2, 1):
        if _densest(roll, one.key, one.built_from, end, level) <= DENSE_BUCKET:
            return level
    return 0


def _densest(roll: Rolled, key: int, since: int, until: int, level: int) -> int:
    row = query(
        f"SELECT coalesce(max(q.n), 0) FROM (SELECT count(*) AS n FROM {_FACTS} AS e WHERE {roll.reach(key)}"
        f" AND e.moment >= {since} AND e.moment < {until} GROUP BY e.moment >> {bucket_bits(level)}) AS q"
    ).fetchone()
    assert row is not None
    return int(row[0])


def _begin_again(one: HotKey, begin: int) -> None:
    _end(one)
    query(
        'INSERT INTO hot_key (key, "window", built_from, built_to, finest) VALUES (%s, %s, %s, %s, 0)',
        [one.key, one.window, begin, begin],
    )


def _end(one: HotKey) -> None:
    query("UPDATE hot_key SET gone = true WHERE id = %s", [one.id])


def _review_one(one: HotKey, wanted: tuple[Rolled, int] | None, end: int) -> None:
    if wanted is None:
        _end(one)
        return
    roll, longest = wanted
    events = query(
        f"SELECT count(*) FROM (SELECT FROM {_FACTS} AS e WHERE {roll.reach(one.key)}"
        f" AND e.moment >= {end - longest} LIMIT {HOT_EVENTS // 4}) AS q"
    ).fetchone()
    if events is None or events[0] < HOT_EVENTS // 4:
        _end(one)
    elif one.built_from > end - longest:
        _begin_again(one, _begin(end, longest))
    elif one.built_to > (begin := _begin(end, longest)) > one.built_from + 4 * _DAY:
        _cut_off(one, begin)


def _cut_off(one: HotKey, begin: int) -> None:
    levels: Iterable[int] = range(one.finest, LEVELS)
    for level in levels:
        query(
            "DELETE FROM rollup WHERE hot = %s AND level = %s AND bucket < %s",
            [one.id, level, begin >> bucket_bits(level)],
        )
    query("DELETE FROM rollup_seen WHERE hot = %s AND last_moment < %s", [one.id, begin])
    query("UPDATE hot_key SET built_from = %s WHERE id = %s", [begin, one.id])
