"""Django on a real PostgreSQL for tests: importing this module sets it up, once for each process.

The server is the embedded one under ``build/`` (or the programs named by SAFECONDUCT_TEST_POSTGRES, such as Debian's
PostgreSQL 15), with a database of its own for each process. Tests run as the unprivileged logins, as production does;
the owner only migrates, and the superuser empties the tables between tests.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg

from safeconduct.foundation.postgres import Server, lease
from tests import remembered

_stack = ExitStack()
atexit.register(_stack.close)

ROOT = Path(__file__).resolve().parent.parent
BUILD, SOURCE = ROOT / "build", ROOT / "src"
DATABASE = "safeconduct_test_" + os.environ.get("PYTEST_XDIST_WORKER", "main")
_SKIPPED = frozenset({"django_migrations", "django_content_type"})
_GROWN_BYTES = 1 << 20
_OWNER, _UNFINISHED = "safeconduct_owner", "unfinished_template"
_MIGRATE = "import django; django.setup(); from safeconduct.config import migrate; migrate.bring_up_to_date()"
_superuser = ""


def _start() -> None:
    global _superuser
    programs = os.environ.get("SAFECONDUCT_TEST_POSTGRES")
    folder = BUILD / ("test-postgres-" + (Path(programs).parent.name if programs else "wheel"))
    folder.parent.mkdir(exist_ok=True)
    server = _stack.enter_context(lease(folder, binaries=Path(programs) if programs else None, durable=False))
    _superuser = server.url(DATABASE)
    var = str(BUILD / f"test-var-{DATABASE}")
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")  # one process makes the template, the others copy it
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        template = _template(connection, server, var)
        connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE {template} OWNER {_OWNER}")
    os.environ.update(_settings(server.url(DATABASE, user=_OWNER), var))
    import django

    django.setup()
    forget_everything()  # the template was made with another process's root key, and says so


def _template(connection: psycopg.Connection[Any], server: Server, var: str) -> str:
    """The name of a database with the schema of this source, to be copied: migrating takes longer than many a test. It
    stays in ``build/`` for the next run, until a line of the product's source is another."""
    digest = hashlib.sha256()
    for file in sorted(path for path in SOURCE.rglob("*") if path.suffix in {".py", ".yaml"}):
        digest.update(file.read_bytes())
    template = f"migrated_{digest.hexdigest()[:16]}"
    there = {name for (name,) in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'migrated_%'")}
    if template not in there:
        for name in (*there, _UNFINISHED):
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            connection.execute(f"CREATE ROLE {_OWNER} LOGIN CREATEROLE NOSUPERUSER")
        connection.execute(f"CREATE DATABASE {_UNFINISHED} OWNER {_OWNER}")
        with psycopg.connect(server.url(_UNFINISHED), autocommit=True) as inside:
            inside.execute(f"ALTER SCHEMA public OWNER TO {_OWNER}")
        environment = {**os.environ, **_settings(server.url(_UNFINISHED, user=_OWNER), var)}
        subprocess.run([sys.executable, "-c", _MIGRATE], env=environment, check=True)
        connection.execute(f"ALTER DATABASE {_UNFINISHED} RENAME TO {template}")
    return template


def _settings(database_url: str, var: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "safeconduct.config.settings",
        "SAFECONDUCT_DATABASE_URL": database_url,
        "SAFECONDUCT_VAR": var,
        "SAFECONDUCT_MODE": "development",
        "SAFECONDUCT_HOSTS": "127.0.0.1,localhost,testserver",
    }


def forget_everything() -> None:
    """Empties all tables, and what this process remembers of them."""
    _cleaner().execute("CALL pg_temp.forget_everything()")
    remembered.forget()


@lru_cache(maxsize=1)
def _cleaner() -> psycopg.Connection[Any]:
    """A connection of the superuser, for which no trigger and no foreign key stands in the way, with the procedure that
    empties the tables. Rows are deleted where a test left few: TRUNCATE gives a table and each of its indexes new files,
    which takes longer than most tests. What has grown is truncated, so that nothing grows from test to test.
    """
    connection = psycopg.connect(_superuser, autocommit=True)
    _stack.callback(connection.close)
    connection.execute("SET session_replication_role = replica")
    tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
    names = [name for (name,) in tables if name not in _SKIPPED]
    with_rows = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names)
    connection.execute(f"""
        CREATE PROCEDURE pg_temp.forget_everything() LANGUAGE plpgsql AS $$
        DECLARE
            tables text[] := ARRAY ({with_rows});
            used text;
        BEGIN
            FOREACH used IN ARRAY tables LOOP
                IF pg_table_size(used::regclass) < {_GROWN_BYTES} THEN
                    EXECUTE 'DELETE FROM ' || used;
                ELSE
                    EXECUTE 'TRUNCATE ' || used || ' CASCADE';
                END IF;
            END LOOP;
            PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
                FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
        END $$
    """)
    return connection


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
