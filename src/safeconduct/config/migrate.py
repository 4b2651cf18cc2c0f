"""Bringing a database up to date: logins, schema, rights. Safe to run at any time, and twice."""

from __future__ import annotations

import pkgutil
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from safeconduct.config import folded
from safeconduct.kernel import access, protection
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.parties import sealing_people
from safeconduct.kernel.scope import Actor, owner_scope, query, raw_connection, staff_scope
from safeconduct.kernel.vault import root_key_use


def bring_up_to_date(*, verbosity: int = 0) -> list[str]:
    """Creates the logins, runs the migrations as the owner, and makes rights what `kernel.access` says; returns the
    names of the migrations that were run.

    Several processes may run this at once: they wait for each other.
    """
    _create_logins()
    # Django asks what is missing and then makes it: without a lock two commands on a new database make it twice.
    with psycopg.connect(settings.ADDRESSES["owner"], autocommit=True) as turn:
        turn.execute("SELECT pg_advisory_lock(%s)", [Lock.SCHEMA])
        folded.take_over(turn)
        if waiting := pending():  # to find out that there is nothing, Django makes each model of the migrations
            call_command("migrate", database="owner", interactive=False, verbosity=verbosity, skip_checks=True)
    with owner_scope():
        raw_connection().execute("SELECT pg_advisory_xact_lock(%s)", [Lock.RIGHTS])
        access.apply(raw_connection())
        root_key_use.note(datetime.now(UTC))
    sealing_people.seal_those_in_clear()  # by the logins' rights, which they have only now
    return waiting


def install_policies() -> list[str]:
    """Puts in force what guards Safeconduct itself, where no version of it was ever there; the names of what it was."""
    with staff_scope():
        return protection.install_policies(
            datetime.now(UTC), Actor("safeconduct migrate", "owner", "came with Safeconduct")
        )


def _create_logins() -> None:
    # Logins belong to the whole server: another database's migration may change the same ones at this moment.
    for attempt in range(_ATTEMPTS):
        try:
            with owner_scope():
                query("SELECT pg_advisory_xact_lock(%s)", [Lock.RIGHTS])
                access.create_roles(raw_connection(), settings.ROLE_PASSWORDS, set_passwords=not settings.EMBEDDED)
                return
        except (psycopg.errors.InternalError_, psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject):
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.2 * (attempt + 1))


def pending() -> list[str]:
    """Migrations that have not been run, by name."""
    from django.db import connections
    from django.db.migrations.recorder import MigrationRecorder

    owner = connections["owner"]
    if set(MigrationRecorder(owner).applied_migrations()) >= _in_files():
        return []  # nearly always, and known without reading each of the files, which takes longer than many a command
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(owner)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _in_files() -> set[tuple[str, str]]:
    """Each application's migrations, by the names of their files, as Django finds them."""
    return {
        (application.label, module.name)
        for application in apps.get_app_configs()
        for module in pkgutil.iter_modules([str(Path(application.path) / "migrations")])
        if not module.ispkg and module.name[0] not in "_~"
    }


_ATTEMPTS = 8
