"""Django on a real PostgreSQL for tests: importing this module sets it up, once for each process.

The server is the embedded one under ``build/`` (or the programs named by SAFECONDUCT_TEST_POSTGRES, such as Debian's
PostgreSQL 15), with a database of its own for each process. Tests run as the unprivileged logins, as production does;
the owner only migrates and empties tables.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import lru_cache
from pathlib import Path

import psycopg

from safeconduct.foundation.postgres import lease

_stack = ExitStack()
atexit.register(_stack.close)

BUILD = Path(__file__).resolve().parent.parent / "build"
DATABASE = "safeconduct_test_" + os.environ.get("PYTEST_XDIST_WORKER", "main")
_SKIPPED = frozenset({"django_migrations", "django_content_type"})


def _start() -> None:
    programs = os.environ.get("SAFECONDUCT_TEST_POSTGRES")
    folder = BUILD / ("test-postgres-" + (Path(programs).parent.name if programs else "wheel"))
    folder.parent.mkdir(exist_ok=True)
    server = _stack.enter_context(lease(folder, binaries=Path(programs) if programs else None, durable=False))
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            connection.execute("CREATE ROLE safeconduct_owner LOGIN CREATEROLE NOSUPERUSER")
        connection.execute(f"CREATE DATABASE {DATABASE} OWNER safeconduct_owner")
    with psycopg.connect(server.url(DATABASE), autocommit=True) as connection:
        connection.execute("ALTER SCHEMA public OWNER TO safeconduct_owner")
    os.environ.update(
        DJANGO_SETTINGS_MODULE="safeconduct.config.settings",
        SAFECONDUCT_DATABASE_URL=server.url(DATABASE, user="safeconduct_owner"),
        SAFECONDUCT_VAR=str(BUILD / f"test-var-{DATABASE}"),
        SAFECONDUCT_MODE="development",
        SAFECONDUCT_HOSTS="127.0.0.1,localhost,testserver",
    )
    import django

    django.setup()
    from safeconduct.config.migrate import bring_up_to_date

    bring_up_to_date()


def forget_everything() -> None:
    """Empties all tables as the owner, and what processes remember of them."""
    from safeconduct.kernel.decisions import scoring
    from safeconduct.kernel.events import rates
    from safeconduct.kernel.parties import sellers
    from safeconduct.kernel.scope import owner_scope, query
    from safeconduct.kernel.vault import data_keys, pseudonyms, regions

    with owner_scope():
        names = [name for (name,) in query(_used_tables())]
        if names:
            query(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")
    for module in (pseudonyms, data_keys, regions, sellers, rates, scoring):
        module.forget()


@lru_cache(maxsize=1)
def _used_tables() -> str:
    """A query for the tables that have rows, or had some: to empty a hundred and more that are empty takes longer than
    most tests."""
    from safeconduct.kernel.scope import query

    names = [
        name
        for (name,) in query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        if name not in _SKIPPED
    ]
    skipped = ", ".join(f"'{name}'" for name in _SKIPPED)
    with_rows = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names)
    counted = (
        "SELECT d.refobjid::regclass::text FROM pg_sequences s JOIN pg_depend d ON d.deptype IN ('a', 'i')"
        " AND d.objid = format('%I.%I', s.schemaname, s.sequencename)::regclass"
        " AND d.refclassid = 'pg_class'::regclass"
        " WHERE s.schemaname = 'public' AND s.last_value IS NOT NULL"
    )
    return f"SELECT DISTINCT name FROM ({with_rows} UNION ALL {counted}) AS used(name) WHERE name NOT IN ({skipped})"


def thread_of(work: Callable[..., object], *args: object, **kwargs: object) -> threading.Thread:
    """A thread that gives its connections back when it ends: those of a test are few."""

    def run() -> None:
        from safeconduct.kernel.scope import close_connections

        try:
            work(*args, **kwargs)
        finally:
            close_connections()

    return threading.Thread(target=run, daemon=True)


_start()
