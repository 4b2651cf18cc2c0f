"""The facts relation: one row per event, the same columns in PostgreSQL and in DuckDB.

``moment`` (unique) and ``type`` (`EventType.code`), then one column for each indexed field of the catalogue. MONEY is
in the minor units of the reporting currency, NULL where the day had no rate; TIMESTAMP is microseconds since
2020-01-01T00:00:00Z.
"""

from __future__ import annotations

from collections.abc import Mapping

from safeconduct.foundation.policy.catalogue import Catalogue
from safeconduct.foundation.policy.duckdb_expressions import DuckdbExpressions
from safeconduct.foundation.policy.postgres_expressions import PostgresExpressions
from safeconduct.foundation.policy.sql_expressions import quoted
from safeconduct.foundation.policy.types import Type

_OWN = frozenset({"moment", "type"})


def facts_columns(catalogue: Catalogue) -> dict[str, Type]:
    """The columns that the catalogue adds to ``moment`` and ``type``. Raises ValueError for a field of such a name."""
    taken = sorted(n for n in catalogue.columns if n.lower() in _OWN)
    if taken:
        raise ValueError(f"a field cannot be called {taken[0]}: the facts table has that column for itself")
    return {name: field.type for name, field in catalogue.columns.items()}


def postgres_facts_table(catalogue: Catalogue, table: str = "facts") -> str:
    """CREATE TABLE for PostgreSQL."""
    return _create(catalogue, table, PostgresExpressions.types, "bigint PRIMARY KEY", "smallint NOT NULL")


def duckdb_facts_table(catalogue: Catalogue, table: str = "facts") -> str:
    """CREATE TABLE for DuckDB, without an index: a backtest reads all of it."""
    return _create(catalogue, table, DuckdbExpressions.types, "BIGINT NOT NULL", "SMALLINT NOT NULL")


def _create(catalogue: Catalogue, table: str, types: Mapping[Type, str], moment: str, kind: str) -> str:
    columns = [f"{quoted(name)} {types[t]}" for name, t in facts_columns(catalogue).items()]
    return f"CREATE TABLE {table} ({', '.join([f'moment {moment}', f'type {kind}', *columns])})"


def postgres_indexes(catalogue: Catalogue, table: str = "facts") -> list[str]:
    """CREATE INDEX for each entity key: what `features_query` reads by.

    The type stands before the moment, so that a window over one type of event reads its own rows and no others; the
    index is partial, because most events lack most keys.
    """
    return [
        f"CREATE INDEX {table}_by_{name} ON {table} ({quoted(name)}, type, moment) WHERE {quoted(name)} IS NOT NULL"
        for name in catalogue.key_fields
    ]
