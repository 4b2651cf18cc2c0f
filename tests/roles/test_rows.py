"""What the database itself gives a seller's login: nothing without a seller, and with one that seller's rows alone."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from safeconduct.kernel.access import TABLES
from safeconduct.kernel.scope import owner_scope, query, raw_connection, savepoint, seller_scope, visitor_scope
from tests.portal import shops
from tests.roles.two_shops import stocked

#: Every table that carries row-level security, and its column with the seller.
ISOLATED = {table.name: table.seller_column for table in TABLES if table.seller_column is not None}
#: In so many tables, at least, two shops with one of everything have rows.
MOST = 40


def counted() -> dict[str, list[tuple[int | None, int]]]:
    """Of every such table: sellers with the number of their rows, as the login of the open scope sees them."""
    found = {}
    for table, column in ISOLATED.items():
        statement = sql.SQL("SELECT {}, count(*) FROM {} GROUP BY 1 ORDER BY 1")
        names = sql.Identifier(column), sql.Identifier(table)
        found[table] = raw_connection().execute(statement.format(*names)).fetchall()
    return found


def test_raw_sql_without_a_seller_finds_no_row_and_with_one_all_of_that_ones_and_no_others() -> None:
    shops.open_for_business()
    mine, theirs = stocked("sel-1"), stocked("sel-2")
    both = {mine.key, theirs.key}
    with owner_scope():
        there = counted()
    assert len([table for table, rows in there.items() if {seller for seller, _count in rows} >= both]) >= MOST
    with visitor_scope():
        assert {table: rows for table, rows in counted().items() if rows} == {}
    with seller_scope(mine.key):
        assert counted() == {table: [row for row in rows if row[0] == mine.key] for table, rows in there.items()}


def test_a_seller_writes_no_row_of_another_into_any_table() -> None:
    for table, column in ISOLATED.items():
        statement = sql.SQL("INSERT INTO {} ({}) VALUES (2)").format(sql.Identifier(table), sql.Identifier(column))
        with pytest.raises(psycopg.errors.InsufficientPrivilege), seller_scope(1), savepoint():
            pytest.fail(f"{table}: {raw_connection().execute(statement).statusmessage}")


def test_a_seller_in_scope_is_no_one_elses_in_the_same_connection_afterwards() -> None:
    for seller in (1, 2):
        with seller_scope(seller):
            assert query("SELECT current_setting('safeconduct.seller', true)").fetchone() == (str(seller),)
    with visitor_scope():
        assert query("SELECT nullif(current_setting('safeconduct.seller', true), '')").fetchone() == (None,)
