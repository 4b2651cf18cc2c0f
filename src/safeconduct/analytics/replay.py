"""Every stored decision made again from the facts, on both engines: what was decided must come out, to the last value.

*As known*: each decision sees what the log held when it was made. Live events are told by their moments; imported
history counts as far as it was there (`imported` before the decision's `decided_moment`); lists are as they were at the
event's moment; scores are the stored ones, because models come and go. PostgreSQL is asked through the live engine's
own path, DuckDB through the backtest's. No difference is expected: one is a fault of the engine, or a changed row.

*As happened*: all events are put in the order in which they happened. What differs then is not a fault; it is what came
too late to be known.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from safeconduct.analytics.export import Needs, copy_into, export, needs
from safeconduct.foundation.moments import TIES, moment
from safeconduct.foundation.policy.nodes import Action, Policy
from safeconduct.foundation.policy.to_duckdb import backtest_query
from safeconduct.foundation.policy.to_postgres import features_query
from safeconduct.kernel.decisions import engine
from safeconduct.kernel.decisions.running import Compiled, compile_text
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query, staff_scope

Progress = Callable[[int, int], None]
"""Told how many decisions have been made again, and of how many."""

#: Differences kept in a report; their number is always complete.
SHOWN_DIFFERENCES = 100
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing about one decision that came out otherwise. ``what``: a value's name, or fired, unknown, action."""

    decision_id: str
    moment: int
    policy: str
    engine: str
    what: str
    stored: object
    found: object

    def __str__(self) -> str:
        return f"{self.decision_id} ({self.policy}, {self.engine}): {self.what} was {self.stored!r}, is {self.found!r}"


@dataclass(slots=True)
class Report:
    """``decisions`` were made again, on each engine; ``failures`` were skipped: the engine had failed, and the policy's
    written answer was stored instead. ``differing``: decisions with any difference, by engine."""

    as_known: bool
    decisions: int = 0
    failures: int = 0
    total: int = 0
    seconds: float = 0.0
    differing: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, found: Iterable[Difference]) -> None:
        """Counts the differences of one decision, and keeps the first."""
        seen = list(found)
        if not seen:
            return
        self.total += len(seen)
        self.differing[seen[0].engine] += 1
        self.differences += seen[: max(0, SHOWN_DIFFERENCES - len(self.differences))]

    def as_json(self) -> dict[str, Any]:
        """The report as data."""
        return {
            "as_known": self.as_known, "decisions": self.decisions, "failures": self.failures,
            "differences_total": self.total, "differing": dict(self.differing), "seconds": round(self.seconds, 3),
            "differences": [
                {"decision": d.decision_id, "moment": str(d.moment), "policy": d.policy, "engine": d.engine,
                 "what": d.what, "stored": d.stored, "found": d.found}
                for d in self.differences
            ],
            "notes": self.notes,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Stored:
    """A live decision as it was stored."""

    id: str
    moment: int
    action: Action
    fired: tuple[str, ...]
    unknown: tuple[str, ...]
    muted: tuple[str, ...]
    values: Mapping[str, Any]
    bound: int | None


@dataclass(frozen=True, slots=True)
class _Version:
    id: str
    compiled: Compiled
    decisions: list[_Stored]

    @property
    def policy(self) -> Policy:
        return self.compiled.policy


def replay(
    *, as_known: bool = True, since: datetime | None = None, limit: int | None = None, folder: Path | None = None,
    progress: Progress | None = None,
) -> Report:  # fmt: skip
    """Makes the engine's live decisions again and compares values, fired and unknown rules, and the action.

    ``since``: only events from then on. ``limit``: at most so many decisions, the latest ones. ``folder``: where
    exports are kept. Opens scopes of its own; deciding may go on meanwhile.
    """
    started = time.perf_counter()
    report = Report(as_known)
    versions = _versions(since, limit, report)
    report.decisions = sum(len(version.decisions) for version in versions)
    steps = report.decisions * (2 if as_known else 1)
    done = 0
    for version in versions:
        if as_known:
            for found in _through_postgres(version):
                report.add(found)
                done += 1
                if progress is not None and done % _BATCH == 0:
                    progress(done, steps)
    if versions:
        wanted = needs(versions[0].policy)
        for version in versions[1:]:
            wanted |= needs(version.policy)
        done = _through_duckdb(versions, wanted, report, folder, done, steps, progress)
    report.seconds = time.perf_counter() - started
    return report


# -- what was stored --------------------------------------------------------------------------------------------------


def _versions(since: datetime | None, limit: int | None, report: Report) -> list[_Version]:
    """The live decisions to be made again, by version."""
    with staff_scope():
        imports = [at for (at,) in query("SELECT DISTINCT imported FROM fact WHERE imported IS NOT NULL ORDER BY 1")]
        texts = dict(query("SELECT id, text FROM policy_version").fetchall())
        rows = query(
            "SELECT id, moment, version_id, action, fired, unknown, muted, values, reasons ->> 'control',"
            " reasons ? 'failure', decided_moment FROM decision WHERE kind = 'live' AND moment >= %s"
            " ORDER BY moment DESC LIMIT %s",
            [moment(since) if since is not None else -(2**63), limit],
        ).fetchall()
    found: dict[str, list[_Stored]] = {}
    for identity, at, version, action, fired, unknown, muted, values, control, failure, decided in rows:
        if failure:
            report.failures += 1
            continue
        # Nothing was imported between the decision and the next import: up to that one, all of it was seen.
        later = bisect_left(imports, decided)
        bound = imports[later] if later < len(imports) else None
        stored = _Stored(
            identity, at, Action(control or action), tuple(sorted(fired)), tuple(sorted(unknown)), tuple(muted), values,
            bound,
        )  # fmt: skip
        found.setdefault(version, []).append(stored)
    return [_Version(v, compile_text(texts[v]), sorted(d, key=lambda s: s.moment)) for v, d in sorted(found.items())]


def _by_bound(decisions: Iterable[_Stored]) -> dict[int | None, list[_Stored]]:
    groups: dict[int | None, list[_Stored]] = {}
    for stored in decisions:
        groups.setdefault(stored.bound, []).append(stored)
    return groups


# -- PostgreSQL, by the live path -------------------------------------------------------------------------------------


def _through_postgres(version: _Version) -> Iterator[list[Difference]]:
    for bound, decisions in _by_bound(version.decisions).items():
        known = "fact" if bound is None else f"(SELECT * FROM fact WHERE imported IS NULL OR imported < {bound})"
        compiled = replace(
            version.compiled,
            # Stored scores stand in for the models'.
            policy=replace(version.policy, scores={}),
            features=features_query(version.policy, CATALOGUE, facts=known),
        )
        for start in range(0, len(decisions), _BATCH):
            batch = decisions[start : start + _BATCH]
            with staff_scope():
                rows = engine.facts([stored.moment for stored in batch])
                evaluated = {row["moment"]: (values, lists) for row, values, lists in engine.evaluate(compiled, rows)}
            for stored in batch:
                again = evaluated.get(stored.moment)
                yield _gone(version, stored, "postgres") if again is None else _compare(version, stored, *again)


def _compare(
    version: _Version, stored: _Stored, values: dict[str, Any], lists: dict[str, frozenset[object]]
) -> list[Difference]:
    values |= {name: stored.values.get(name) for name in version.policy.scores}
    compiled = version.compiled
    quiet = frozenset(compiled.positions[name] for name in stored.muted)
    verdict = compiled.program.verdict(values, lists, quiet)
    names = [rule.name for rule in version.policy.rules]
    found = {name: _plain(values.get(name)) for name in compiled.kept} | {
        "fired": sorted(names[i] for i in verdict.fired),
        "unknown": sorted(names[i] for i in verdict.unknown),
        "action": verdict.action.value,
    }
    return list(_differences(version, stored, "postgres", found))


def _differences(version: _Version, stored: _Stored, by: str, found: Mapping[str, object]) -> Iterator[Difference]:
    expected = {
        **stored.values, "fired": list(stored.fired), "unknown": list(stored.unknown), "action": stored.action.value,
    }  # fmt: skip
    for what, value in found.items():
        if expected.get(what) != value:
            yield Difference(stored.id, stored.moment, version.policy.name, by, what, expected.get(what), value)


def _gone(version: _Version, stored: _Stored, by: str) -> list[Difference]:
    """A decision whose event is not among the facts any more."""
    return [Difference(stored.id, stored.moment, version.policy.name, by, "event", stored.action.value, None)]


def _plain(value: object) -> object:
    """A value as it comes back from JSON."""
    return json.loads(json.dumps(value))


# -- DuckDB, by the backtest's path -----------------------------------------------------------------------------------

# Put in the order of happening, each moment the first that is free, as for imported history: with one sort, because
# max(base - place) + place is what "the later of its own time and one after the one before" comes to.
_HAPPENED = f"""
CREATE TABLE facts AS
SELECT * REPLACE (place + max(base - place) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) AS moment) FROM (
    SELECT *, moment AS known, occurred * {TIES} AS base, row_number() OVER (ORDER BY occurred, moment) AS place
    FROM exported
)
"""
_KNOWN = "CREATE TABLE facts AS SELECT *, moment AS known FROM exported"


def _through_duckdb(
    versions: list[_Version], wanted: Needs, report: Report, folder: Path | None, done: int, steps: int,
    progress: Progress | None,
) -> int:  # fmt: skip
    exported = export(wanted, folder=folder)
    home = exported.path.parent
    with duckdb.connect() as connection:
        path = str(exported.path).replace("'", "''")
        connection.execute(f"CREATE VIEW exported AS SELECT * FROM read_parquet('{path}')")
        connection.execute(_KNOWN if report.as_known else _HAPPENED)
        with staff_scope():
            columns = {"list": "VARCHAR", "text": "VARCHAR", "key": "BIGINT", "since": "BIGINT", "until": "BIGINT"}
            entries = "SELECT watch_list_id, nullif(text, ''), key, from_moment, until_moment FROM list_entry"
            copy_into(connection, "list_entries", columns, entries, home)
        for number, version in enumerate(versions):
            scores = _scores(connection, f"scores{number}", version)
            groups = _by_bound(version.decisions) if report.as_known else {None: version.decisions}
            for bound, decisions in groups.items():
                for found in _decided_again(connection, version, bound, decisions, scores, report):
                    report.add(found)
                    done += 1
                    if progress is not None and done % _BATCH == 0:
                        progress(done, steps)
    if progress is not None:
        progress(done, steps)
    return done


def _scores(connection: duckdb.DuckDBPyConnection, table: str, version: _Version) -> str | None:
    """A relation of the scores stored with a version's decisions, if its policy has any."""
    names = list(version.policy.scores)
    if not names:
        return None
    columns = ", ".join(f'"{name}" DOUBLE' for name in names)
    connection.execute(f"CREATE TABLE {table} (known BIGINT, {columns})")
    rows = [[s.moment, *(s.values.get(name) for name in names)] for s in version.decisions]
    connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * (len(names) + 1))})", rows)
    return f"(SELECT f.moment, s.* EXCLUDE (known) FROM {table} AS s JOIN facts AS f ON f.known = s.known)"


def _decided_again(
    connection: duckdb.DuckDBPyConnection, version: _Version, bound: int | None, decisions: list[_Stored],
    scores: str | None, report: Report,
) -> Iterator[list[Difference]]:  # fmt: skip
    facts = "facts" if bound is None else f"(SELECT * FROM facts WHERE imported IS NULL OR imported < {bound})"
    period: dict[str, int] = {}
    if report.as_known:
        period = {"since": decisions[0].moment, "until": decisions[-1].moment + 1}
    try:
        statement = backtest_query(version.policy, CATALOGUE, facts=facts, scores=scores, **period)  # type: ignore[arg-type]
    except ValueError as problem:
        report.notes.append(f"DuckDB: {problem}")
        return
    result = connection.execute(
        f"SELECT f.known, b.* FROM ({statement.sql}) AS b JOIN facts AS f ON f.moment = b.moment"
    )
    names = [column[0] for column in result.description]
    wanted = {stored.moment: stored for stored in decisions}
    rules = [rule.name for rule in version.policy.rules]
    while rows := result.fetchmany(_BATCH):
        for row in rows:
            stored = wanted.pop(row[0], None)
            if stored is None:
                continue
            cells = dict(zip(names, row, strict=True))
            found = {name: _joined([cells[c] for c in columns]) for name, columns in statement.features.items()}
            truths = [cells[r] for r in statement.rules]
            found["fired"] = sorted(n for n, truth in zip(rules, truths, strict=True) if truth is True)
            found["unknown"] = sorted(n for n, truth in zip(rules, truths, strict=True) if truth is None)
            if not stored.muted:  # a mute is not in the policy, and so not in its statement
                found["action"] = cells["action"]
            yield list(_differences(version, stored, "duckdb", found))
    for stored in wanted.values():
        yield _gone(version, stored, "duckdb")


def _joined(cells: list[object]) -> object:
    """A feature out of its columns: an average is [sum, count], and unknown where the sum is."""
    if len(cells) == 1:
        return cells[0]
    return cells if cells[0] is not None else None
