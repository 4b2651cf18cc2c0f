"""What a command asks before it works: whether the database has every table of this version."""

from __future__ import annotations

from django.db import connections
from django.db.migrations.loader import MigrationLoader

from safeconduct.config import migrate
from safeconduct.kernel.scope import owner_scope, query

RENAME = "UPDATE django_migrations SET name = %s WHERE app = 'ledger' AND name = %s"


def test_a_migration_that_was_not_run_is_named() -> None:
    assert migrate.pending() == []
    last = max(name for app, name in MigrationLoader(None).disk_migrations if app == "ledger")
    with owner_scope():
        query(RENAME, ["of_another_version", last])
    try:
        assert migrate.pending() == [f"ledger.{last}"]
    finally:
        with owner_scope():
            query(RENAME, [last, "of_another_version"])


def test_the_files_by_their_names_are_the_migrations_that_django_reads() -> None:
    assert migrate._in_files() == set(MigrationLoader(connections["owner"]).disk_migrations)
