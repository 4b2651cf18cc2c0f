"""The proof that Python, PostgreSQL and DuckDB give one answer: to every function, rule, window and policy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import duckdb
import policy_trees as trees
import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from policy_shop import SHOP

from safeconduct.foundation.moments import TIES, moment_micros
from safeconduct.foundation.policy.decided import DecidedEvent
from safeconduct.foundation.policy.duckdb_expressions import DuckdbExpressions
from safeconduct.foundation.policy.facts import (
    duckdb_facts_table,
    facts_columns,
    postgres_facts_table,
    postgres_indexes,
)
from safeconduct.foundation.policy.functions import FUNCTIONS
from safeconduct.foundation.policy.interpret import NOW, interpret
from safeconduct.foundation.policy.known_answers import KNOWN_ANSWERS, KnownAnswer
from safeconduct.foundation.policy.nodes import (
    Action,
    Call,
    Distinct,
    EventField,
    Literal,
    Measure,
    Policy,
    Rule,
    Window,
)
from safeconduct.foundation.policy.postgres_expressions import PostgresExpressions
from safeconduct.foundation.policy.sql_expressions import LISTS_COLUMNS, SqlExpressions, quoted
from safeconduct.foundation.policy.to_duckdb import backtest_query
from safeconduct.foundation.policy.to_postgres import features_query, rules_sql
from safeconduct.foundation.policy.to_python import compile_rules
from safeconduct.foundation.policy.types import INT64_MAX, INT64_MIN, Type
from safeconduct.foundation.policy.windows import Row, features

#: SAFECONDUCT_LONG_TESTS=1 tries far more policies and histories than an ordinary run has time for.
LONG = os.environ.get("SAFECONDUCT_LONG_TESTS") == "1"
thorough = settings(
    max_examples=1_500 if LONG else 50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


@pytest.fixture(scope="module")
def postgres(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(postgres_facts_table(SHOP).replace("CREATE TABLE", "CREATE TEMP TABLE"))
        for index in postgres_indexes(SHOP):
            connection.execute(index)
        columns = ", ".join(f"{n} {t}" for n, t in LISTS_COLUMNS.items())
        connection.execute(f"CREATE TEMP TABLE list_entries ({columns})")
        _fill_lists(connection)
        connection.execute("SET enable_seqscan = off")
        yield connection


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute(duckdb_facts_table(SHOP))
        columns = ", ".join(f"{n} {t}" for n, t in LISTS_COLUMNS.items())
        connection.execute(f"CREATE TABLE list_entries ({columns})")
        _fill_lists(connection)
        yield connection


def _fill_lists(connection: Any) -> None:
    for name, members in trees.LISTS.items():
        for member in members:
            column, literal = ("key", str(member)) if isinstance(member, int) else ("text", _text(member))
            connection.execute(
                f"INSERT INTO list_entries (list, {column}, since) VALUES ('{name}', {literal}, {INT64_MIN})"
            )
    # Members that have left, or will only come, are none.
    connection.execute(f"INSERT INTO list_entries VALUES ('trusted-buyers', NULL, 3, {INT64_MIN}, {INT64_MIN + 1})")
    connection.execute(f"INSERT INTO list_entries VALUES ('trusted-buyers', NULL, 4, {INT64_MAX}, NULL)")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


# -- functions --------------------------------------------------------------------------------------------------------


def _call(known: KnownAnswer, *, written_out: bool) -> Call:
    function = FUNCTIONS[known.function]
    args = tuple(
        Literal(t, a) if written_out or i == function.zone_at else EventField(t, f"a{i}")
        for i, (t, a) in enumerate(zip(known.types, known.args, strict=True))
    )
    signature = next(
        s for s in function.signatures
        if s.parameters == known.types or (s.repeats and s.parameters == known.types[: len(s.parameters)])
    )  # fmt: skip
    return Call(signature.result, known.function, args)


class _Arguments(DecidedEvent):
    def field(self, name: str) -> str:
        return f"d.{name}"


@pytest.mark.parametrize("written_out", [True, False])
def test_python_gives_every_known_answer(written_out: bool) -> None:
    wrong = []
    for known in KNOWN_ANSWERS:
        call = _call(known, written_out=written_out)
        same = Distinct(Type.BOOLEAN, call, Literal(call.type, known.result), True)
        program = compile_rules(trees.policy((Rule("r", same, Action.BLOCK, {}),), {}))
        if program.run({f"a{i}": a for i, a in enumerate(known.args)}, {}) != ([0], []):
            wrong.append(known)
    assert wrong == []


@pytest.mark.parametrize("written_out", [True, False])
@pytest.mark.parametrize("engine", ["postgres", "duck"])
def test_sql_gives_every_known_answer(engine: str, written_out: bool, request: pytest.FixtureRequest) -> None:
    connection = request.getfixturevalue(engine)
    scope = _Arguments(trees.policy(), {})
    coder: SqlExpressions = PostgresExpressions(scope) if engine == "postgres" else DuckdbExpressions(scope)
    queries = []
    for known in KNOWN_ANSWERS:
        literals = (coder.literal(Literal(t, a)) for t, a in zip(known.types, known.args, strict=True))
        row = ", ".join(f"{code} AS a{i}" for i, code in enumerate(literals))
        call = _call(known, written_out=written_out)
        same = Distinct(Type.BOOLEAN, call, Literal(call.type, known.result), True)
        queries.append(f"SELECT {len(queries)} AS i, {coder.condition(same)} AS right FROM (SELECT {row}) AS d")
    answers: list[tuple[int, bool]] = []
    for at in range(0, len(queries), 50):
        sql = " UNION ALL ".join(queries[at : at + 50]).replace("AS right", 'AS "right"')
        answers += connection.execute(sql).fetchall()
    assert len(answers) == len(KNOWN_ANSWERS)
    assert [KNOWN_ANSWERS[i] for i, right in answers if right is not True] == []


# -- rules ------------------------------------------------------------------------------------------------------------


def _columns(policy: Policy) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for i, (name, feature) in enumerate(policy.features.items()):
        if isinstance(feature, Window):
            found[name] = (f"f{i}", f"f{i}n") if feature.measure is Measure.AVG else (f"f{i}",)
    return found


def _relation(policy: Policy, scope: DecidedEvent, rows: list[dict[str, object]], coder: SqlExpressions) -> str:
    """The rows as a relation with the columns that the scope has handed out."""
    selects = []
    for i, row in enumerate(rows):
        columns = [f"{i} AS i", f"CAST({row[NOW] * TIES} AS bigint) AS moment"]  # type: ignore[operator]
        for name, column in scope.fields.items():
            columns.append(f"{coder.literal(Literal(trees.FIELDS[name], row[name]))} AS {column}")  # type: ignore[arg-type]
        for name, column in scope.scores.items():
            columns.append(f"{coder.literal(Literal(Type.NUMBER, row[name]))} AS {column}")  # type: ignore[arg-type]
        for name, names in _columns(policy).items():
            value = row[name]
            parts = value if isinstance(value, tuple) else (value,) * len(names)
            columns += [f"{coder.literal(Literal(Type.INTEGER, p))} AS {n}" for p, n in zip(parts, names, strict=True)]
        selects.append("SELECT " + ", ".join(columns))
    return " UNION ALL ".join(selects)


def _truths(fired: object, unknown: object, count: int) -> list[bool | None]:
    return [True if i in fired else None if i in unknown else False for i in range(count)]  # type: ignore[operator]


def _check_rules(
    policy: Policy, rows: list[dict[str, object]], postgres: psycopg.Connection[Any], duck: duckdb.DuckDBPyConnection
) -> None:
    program = compile_rules(policy)
    expected = []
    for row in rows:
        oracle = interpret(policy, row, trees.LISTS)
        assert program.verdict(row, trees.LISTS) == oracle, program.source
        expected.append(_truths(oracle.fired, oracle.unknown, len(policy.rules)))
    for engine, coder_type in ((postgres, PostgresExpressions), (duck, DuckdbExpressions)):
        scope = DecidedEvent(policy, _columns(policy))
        coder = coder_type(scope)
        if coder_type is PostgresExpressions:
            selected = rules_sql(policy, scope)
        else:
            selected = ", ".join(coder.condition(r.when) for r in policy.rules)
        sql = f"SELECT {selected} FROM ({_relation(policy, scope, rows, coder)}) AS d ORDER BY d.i"
        found = [list(r) for r in engine.execute(sql).fetchall()]  # type: ignore[attr-defined]
        assert found == expected, sql


@given(rules=trees.rules(4), rows=st.lists(trees.values(), min_size=6, max_size=6))
@thorough
def test_rules_are_true_false_or_unknown_alike_on_every_engine(
    rules: tuple[Rule, ...], rows: list[dict[str, object]], postgres: Any, duck: Any
) -> None:
    _check_rules(trees.policy(rules), rows, postgres, duck)


# -- windows ----------------------------------------------------------------------------------------------------------


def _store(rows: list[Row], connection: Any, coder: SqlExpressions) -> None:
    columns = facts_columns(SHOP)
    tuples = []
    for row in rows:
        values = [coder.literal(Literal(t, row.fields.get(n))) for n, t in columns.items()]  # type: ignore[arg-type]
        tuples.append(f"(CAST('{row.moment}' AS bigint), {SHOP[row.event_type].code}, {', '.join(map(str, values))})")
    names = ", ".join(map(quoted, columns))
    connection.execute("DELETE FROM facts")
    connection.execute(f"INSERT INTO facts (moment, type, {names}) VALUES {', '.join(tuples)}")


def _from_postgres(policy: Policy, orders: list[Row], postgres: psycopg.Connection[Any]) -> list[dict[str, object]]:
    query = features_query(policy, SHOP)
    parameters = query.parameters([o.moment for o in orders], [o.fields for o in orders])
    return [query.values(r) for r in postgres.execute(query.sql, parameters).fetchall()]


def _from_duckdb(policy: Policy, duck: duckdb.DuckDBPyConnection, **period: int) -> dict[int, dict[str, object]]:
    query = backtest_query(policy, SHOP, **period)  # type: ignore[arg-type]
    result = duck.execute(query.sql)
    names = [d[0] for d in result.description]
    found: dict[int, dict[str, object]] = {}
    for values in result.fetchall():
        row = dict(zip(names, values, strict=True))
        shown: dict[str, object] = {}
        for name, columns in query.features.items():
            parts = tuple(row[c] for c in columns)
            shown[name] = (parts if parts[0] is not None else None) if len(parts) > 1 else parts[0]
        shown["rules"] = [row[r] for r in query.rules]
        shown["action"] = row["action"]
        found[row["moment"]] = shown
    return found


@given(rows=trees.histories(), windows=st.tuples(*(trees.windows(f"w{i}") for i in range(5))))
@example(  # two cards tests within one microsecond see each other, the earlier does not see the later
    rows=[Row(4096 * 7 + i, "order.placed", {"buyer": 1, "amount": 5}) for i in range(3)],
    windows=(
        Window("w0", Type.INTEGER, Measure.COUNT, ("order.placed",), "buyer", "buyer", 1_000_000),
        Window(
            "w1", Type.INTEGER, Measure.COUNT, ("order.placed",), "buyer", "buyer", 1_000_000, including_current=True
        ),
    ),
)
@thorough
def test_windows_are_computed_alike_on_every_engine(
    rows: list[Row], windows: tuple[Window, ...], postgres: Any, duck: Any
) -> None:
    policy = trees.policy((), {w.name: w for w in windows})
    _store(rows, postgres, PostgresExpressions(DecidedEvent(policy, {})))
    _store(rows, duck, DuckdbExpressions(DecidedEvent(policy, {})))
    orders = [r for r in rows if r.event_type == "order.placed"]
    expected = [features(policy, order, rows) for order in orders]
    assert _from_postgres(policy, orders, postgres) == expected, features_query(policy, SHOP).sql
    replayed = _from_duckdb(policy, duck)
    assert replayed.keys() == {o.moment for o in orders}
    for order, values in zip(orders, expected, strict=True):
        assert {n: replayed[order.moment][n] for n in values} == values, backtest_query(policy, SHOP).sql


# -- whole policies ---------------------------------------------------------------------------------------------------


@given(rows=trees.histories(), rules=trees.rules(3))
@thorough
def test_a_replay_decides_every_order_as_it_was_decided_live(
    rows: list[Row], rules: tuple[Rule, ...], postgres: Any, duck: Any
) -> None:
    kept = tuple(r for r in rules if "ScoreRef" not in repr(r.when))
    policy = trees.policy(kept)
    _store(rows, postgres, PostgresExpressions(DecidedEvent(policy, {})))
    _store(rows, duck, DuckdbExpressions(DecidedEvent(policy, {})))
    orders = [r for r in rows if r.event_type == "order.placed"]
    program = compile_rules(policy)
    replayed = _from_duckdb(policy, duck)
    for order, values in zip(orders, _from_postgres(policy, orders, postgres), strict=True):
        verdict = program.verdict({**order.fields, **values, NOW: moment_micros(order.moment)}, trees.LISTS)
        found = replayed[order.moment]
        assert found["rules"] == _truths(verdict.fired, verdict.unknown, len(kept))
        assert found["action"] == verdict.action.value


def test_a_replay_of_a_period_looks_back_before_it(duck: Any) -> None:
    count = Window("w", Type.INTEGER, Measure.COUNT, ("order.placed",), "buyer", "buyer", 1_000_000)
    policy = trees.policy((), {"w": count})
    second = 1_000_000 * TIES
    rows = [Row(i * second // 2, "order.placed", {"buyer": 1}) for i in range(8)]
    _store(rows, duck, DuckdbExpressions(DecidedEvent(policy, {})))
    found = _from_duckdb(policy, duck, since=2 * second, until=3 * second)
    assert {m: v["w"] for m, v in found.items()} == {2 * second: 2, 2 * second + second // 2: 2}


def test_a_replay_refuses_a_field_that_facts_do_not_keep() -> None:
    when = Distinct(Type.BOOLEAN, EventField(Type.TEXT, "user_agent"), Literal(Type.TEXT, "curl"), True)
    with pytest.raises(ValueError, match="user_agent"):
        backtest_query(trees.policy((Rule("r", when, Action.BLOCK, {}),)), SHOP)


def test_a_batch_without_any_key_is_read_too(postgres: Any) -> None:
    rows = [Row(5 * TIES, "order.placed", {}), Row(6 * TIES, "order.placed", {})]
    policy = trees.policy(())
    _store(rows, postgres, PostgresExpressions(DecidedEvent(policy, {})))
    for batch in ([], rows[:1], rows):
        found = _from_postgres(policy, batch, postgres)
        assert found == [dict.fromkeys((n for n, f in policy.features.items() if isinstance(f, Window)), None)] * len(
            batch
        )
