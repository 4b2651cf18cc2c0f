"""Facts out of PostgreSQL into a file that DuckDB reads: the way to every backtest and training.

Only the columns and the types of event that somebody needs travel: entity keys as the pseudonyms they are stored as,
and no personal data, because facts hold none. A file is kept under the var folder and used again as long as the log has
not changed and it holds what is wanted; the newest few are kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from django.conf import settings

from safeconduct.foundation.policy.duckdb_expressions import DuckdbExpressions
from safeconduct.foundation.policy.nodes import EventField, Policy, Window
from safeconduct.foundation.policy.sql_expressions import quoted
from safeconduct.foundation.policy.tree import walk, window_fields
from safeconduct.foundation.policy.types import Type
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query, raw_connection, staff_scope

Progress = Callable[[int, int], None]
"""Told how many rows have been read, and of how many."""

#: Columns that every export has: what a report names an event by, and when it happened and became known.
ALWAYS = ("moment", "type", "occurred", "imported", "seller", "order", "amount")
#: Exports kept; each may be large, and an older one is only of use while the log stands still.
KEPT_FILES = 4
_OWN = {"moment": "BIGINT", "type": "SMALLINT", "occurred": "BIGINT", "imported": "BIGINT"}
_REPORT_EVERY = 20_000
#: A file that was begun this long ago and not finished belongs to a process that died.
_ABANDONED_S = 6 * 3600


@dataclass(frozen=True, slots=True)
class Needs:
    """What has to be exported: columns of facts, and types of event by name."""

    columns: frozenset[str]
    event_types: frozenset[str]

    def __or__(self, other: Needs) -> Needs:
        return Needs(self.columns | other.columns, self.event_types | other.event_types)


@dataclass(frozen=True, slots=True)
class Export:
    """Facts as a Parquet file: the columns of `needs` and `ALWAYS`, one row an event, ordered by moment."""

    path: Path
    rows: int
    seconds: float
    reused: bool


def needs(policy: Policy, *, also: Collection[str] = ()) -> Needs:
    """What a backtest of the policy reads. ``also``: further columns, such as those a model is trained on.

    Fields that facts do not keep are left out here; the backtest itself says which they are.
    """
    columns = {name for _, name in policy.allow_lists} | set(also)
    event_types = set(policy.event_types)
    for rule in policy.rules:
        columns |= {node.name for node in walk(rule.when) if isinstance(node, EventField)}
    for feature in policy.features.values():
        if isinstance(feature, Window):
            columns |= {feature.by} | window_fields(feature)
            event_types |= set(feature.event_types)
    return Needs(frozenset(columns & CATALOGUE.columns.keys()), frozenset(event_types))


def export(wanted: Needs, *, folder: Path | None = None, progress: Progress | None = None) -> Export:
    """The facts that are wanted, from a file that is still true or freshly read.

    ``folder``: where files are kept; under the var folder, if it is not given. Opens a scope of its own.
    """
    started = time.perf_counter()
    home = folder if folder is not None else Path(settings.VAR) / "backtest"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with staff_scope():
        state = _state()
        found = _kept(home, wanted, state)
        if found is not None:
            path, rows = found
            os.utime(path)
            return Export(path, rows, time.perf_counter() - started, True)
        path = _read(home, wanted, state, progress)
    rows = _count(path)
    _sweep(home)
    return Export(path, rows, time.perf_counter() - started, False)


def copy_into(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], sql: str, folder: Path
) -> int:
    """Makes a DuckDB table of a PostgreSQL query's rows, in the scope that is open; returns how many there were."""
    raw = folder / f"{secrets.token_hex(8)}.csv"
    try:
        with (
            _opened(raw) as file,
            psycopg.Cursor(raw_connection()).copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)") as copy,
        ):
            for data in copy:
                file.write(data)
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM {_csv(raw, columns)}")
    finally:
        raw.unlink(missing_ok=True)
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])


def _state() -> str:
    """What the log holds, as a short text that changes when any event comes or goes."""
    row = query(
        'SELECT count(*), max(moment), bit_xor(hashint8extended(moment, coalesce("order", seller, device, type)))'
        " FROM fact"
    ).fetchone()
    assert row is not None
    return "/".join(str(part) for part in row)


def _columns(wanted: Needs) -> dict[str, str]:
    """The columns of an export with their DuckDB types, in one order whatever the order of asking."""
    types: Mapping[Type, str] = DuckdbExpressions.types
    fields = CATALOGUE.columns
    names = [*ALWAYS, *sorted(wanted.columns - set(ALWAYS))]
    return {name: _OWN[name] if name in _OWN else types[fields[name].type] for name in names}


def _kept(home: Path, wanted: Needs, state: str) -> tuple[Path, int] | None:
    """A file of this state of the log that holds at least what is wanted."""
    for note in sorted(home.glob("*.json")):
        try:
            about: dict[str, Any] = json.loads(note.read_text())
        except (OSError, ValueError):
            continue
        path = note.with_suffix(".parquet")
        if (
            about.get("state") == state
            and wanted.columns <= set(about["columns"])
            and wanted.event_types <= set(about["event_types"])
            and path.is_file()
        ):
            return path, int(about["rows"])
    return None


def _read(home: Path, wanted: Needs, state: str, progress: Progress | None) -> Path:
    columns = _columns(wanted)
    codes = sorted(CATALOGUE[name].code for name in wanted.event_types)
    names = ", ".join(quoted(name) for name in columns)
    selected = f"SELECT {names} FROM fact WHERE type = ANY(ARRAY[{', '.join(map(str, codes))}])"
    total = int(_one(f"SELECT count(*) FROM fact WHERE type = ANY(ARRAY[{', '.join(map(str, codes))}])"))
    identity = hashlib.sha256(f"{state}|{sorted(columns)}|{codes}".encode()).hexdigest()[:24]
    raw, unfinished = (home / f"{identity}.{secrets.token_hex(4)}{ending}" for ending in (".csv", ".part"))
    try:
        rows = 0
        with (
            _opened(raw) as file,
            psycopg.Cursor(raw_connection()).copy(f"COPY ({selected}) TO STDOUT (FORMAT csv)") as copy,
        ):
            for data in copy:
                file.write(data)
                rows += 1
                if progress is not None and rows % _REPORT_EVERY == 0:
                    progress(rows, max(rows, total))
        with duckdb.connect() as connection:
            connection.execute(
                f"COPY (SELECT * FROM {_csv(raw, columns)} ORDER BY moment) TO '{_sql(unfinished)}' (FORMAT parquet)"
            )
        unfinished.chmod(0o600)
        path = home / f"{identity}.parquet"
        unfinished.replace(path)
    finally:
        raw.unlink(missing_ok=True)
        unfinished.unlink(missing_ok=True)
    note = home / f"{identity}.{secrets.token_hex(4)}.note"
    about = {"state": state, "columns": list(columns), "event_types": sorted(wanted.event_types), "rows": rows}
    note.write_text(json.dumps(about))
    # The note comes last: a file without one is never used.
    note.replace(path.with_suffix(".json"))
    if progress is not None:
        progress(rows, rows)
    return path


def _opened(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=1 << 20)


def _csv(path: Path, columns: Mapping[str, str]) -> str:
    """A file that COPY wrote, as a relation. COPY quotes an empty text and leaves NULL bare, and so does this
    reading.
    """
    described = ", ".join(f"'{_quote(name)}': '{kind}'" for name, kind in columns.items())
    return (
        f"read_csv('{_sql(path)}', header = false, auto_detect = false, columns = {{{described}}}, delim = ',',"
        " quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, parallel = false)"
    )


def _sql(path: Path) -> str:
    return _quote(str(path))


def _quote(text: str) -> str:
    return text.replace("'", "''")


def _count(path: Path) -> int:
    with duckdb.connect() as connection:
        row = connection.execute(f"SELECT count(*) FROM read_parquet('{_sql(path)}')").fetchone()
    assert row is not None
    return int(row[0])


def _one(sql: str) -> Any:
    row = query(sql).fetchone()
    assert row is not None
    return row[0]


def _sweep(home: Path) -> None:
    """Keeps the newest exports, and clears away what a killed process left."""
    now = time.time()
    for path in [*home.glob("*.csv"), *home.glob("*.part"), *home.glob("*.note")]:
        if now - _modified(path) > _ABANDONED_S:
            path.unlink(missing_ok=True)
    newest = sorted(home.glob("*.parquet"), key=_modified, reverse=True)
    for path in newest[KEPT_FILES:]:
        path.with_suffix(".json").unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process was faster
        return 0.0
