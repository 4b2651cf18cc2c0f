"""The stories beside the shipped policies, told to PostgreSQL and DuckDB: the same numbers, the same decisions."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import duckdb
import psycopg
import pytest

from safeconduct.foundation.moments import TIES, moment_micros
from safeconduct.foundation.policy.facts import (
    duckdb_facts_table,
    facts_columns,
    postgres_facts_table,
    postgres_indexes,
)
from safeconduct.foundation.policy.interpret import NOW, interpret
from safeconduct.foundation.policy.nodes import InList, Policy
from safeconduct.foundation.policy.policy_tests import PolicyTest, read_tests
from safeconduct.foundation.policy.reader import read_policy
from safeconduct.foundation.policy.sql_expressions import LISTS_COLUMNS, quoted
from safeconduct.foundation.policy.to_duckdb import backtest_query
from safeconduct.foundation.policy.to_postgres import features_query
from safeconduct.foundation.policy.to_python import compile_rules
from safeconduct.foundation.policy.tree import walk
from safeconduct.foundation.policy.types import Type
from safeconduct.foundation.policy.windows import Row, features
from safeconduct.kernel.events.catalogue import CATALOGUE

POLICIES = files("safeconduct.protections.transactions") / "policies"
COLUMNS = facts_columns(CATALOGUE)


def _policy(name: str) -> Policy:
    policy = read_policy((POLICIES / f"{name}.yaml").read_text("utf-8"), CATALOGUE).policy
    assert policy is not None
    return policy


def _stories(name: str, policy: Policy) -> list[PolicyTest]:
    paths = sorted((p for p in POLICIES.iterdir() if p.name.startswith(f"{name}.")), key=lambda p: p.name)
    texts = [p.read_text("utf-8") for p in paths if p.name.endswith(".tests.yaml")]
    return [test for text in texts for test in read_tests(text, policy, CATALOGUE).tests if test.has_history]


def _told(name: str) -> tuple[Policy, list[tuple[Row, list[Row]]]]:
    """Each story with people and moments of its own, so that all of them fit into one log."""
    policy = _policy(name)
    number = iter(range(TIES))
    found = []
    for story, test in enumerate(_stories(name, policy)):
        rows = []
        for row in (*test.history, test.current):
            fields = {
                field: (value + story * 0x9E3779B97F4A7C15 + 2**63) % 2**64 - 2**63
                if COLUMNS.get(field) is Type.KEY and isinstance(value, int)
                else value
                for field, value in row.fields.items()
                if field in COLUMNS
            }
            rows.append(Row(row.moment + next(number), row.event_type, fields))
        found.append((rows[-1], rows[:-1]))
    return policy, found


TOLD = {name: _told(name) for name in ("order-risk", "payment-risk")}


def _insert(connection: Any, name: str, mark: str) -> None:
    names = ["moment", "type", *COLUMNS]
    sql = f"INSERT INTO facts ({', '.join(map(quoted, names))}) VALUES ({', '.join([mark] * len(names))})"
    rows = [row for current, earlier in TOLD[name][1] for row in (*earlier, current)]
    values = [[r.moment, CATALOGUE[r.event_type].code, *(r.fields.get(c) for c in COLUMNS)] for r in rows]
    connection.cursor().executemany(sql, values)


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(postgres_facts_table(CATALOGUE).replace("CREATE TABLE", "CREATE TEMP TABLE"))
        for index in postgres_indexes(CATALOGUE):
            connection.execute(index)
        yield connection


@pytest.mark.parametrize("name", TOLD)
def test_postgresql_counts_in_every_story_as_the_reference_does(name: str, postgres: psycopg.Connection[Any]) -> None:
    policy, stories = TOLD[name]
    _insert(postgres, name, "%s")
    query = features_query(policy, CATALOGUE)
    currents = [current for current, _ in stories]
    parameters = query.parameters([c.moment for c in currents], [c.fields for c in currents])
    rows = postgres.execute(query.sql, parameters).fetchall()
    for (current, earlier), row in zip(stories, rows, strict=True):
        expected = {w.name: v for w in query.windows if (v := features(policy, current, earlier)[w.name]) is not None}
        assert {n: v for n, v in query.values(row).items() if v is not None} == expected


@pytest.mark.parametrize("name", TOLD)
def test_the_compiled_rules_decide_every_story_as_the_reference_does(name: str) -> None:
    policy, stories = TOLD[name]
    program = compile_rules(policy)
    asked = {n.list_name for r in policy.rules for n in walk(r.when) if isinstance(n, InList)}
    lists: dict[str, frozenset[object]] = dict.fromkeys(asked | {n for n, _ in policy.allow_lists}, frozenset())
    for current, earlier in stories:
        values = {**current.fields, **features(policy, current, earlier), NOW: moment_micros(current.moment)}
        assert program.verdict(values, lists) == interpret(policy, values, lists)


@pytest.mark.parametrize("name", TOLD)
def test_a_backtest_in_duckdb_decides_every_story_as_the_reference_does(name: str) -> None:
    policy, stories = TOLD[name]
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute(duckdb_facts_table(CATALOGUE))
        connection.execute(f"CREATE TABLE list_entries ({', '.join(f'{n} {t}' for n, t in LISTS_COLUMNS.items())})")
        _insert(connection, name, "?")
        query = backtest_query(policy, CATALOGUE)
        cursor = connection.execute(query.sql)
        names = [column[0] for column in cursor.description]
        found = {row["moment"]: row for row in (dict(zip(names, r, strict=True)) for r in cursor.fetchall())}
    program = compile_rules(policy)
    lists: dict[str, frozenset[object]] = dict.fromkeys(
        {*program.lists, *(n for n, _ in policy.allow_lists)}, frozenset()
    )
    for current, earlier in stories:
        values = {**current.fields, **features(policy, current, earlier), NOW: moment_micros(current.moment)}
        assert found[current.moment]["action"] == interpret(policy, values, lists).action.value
