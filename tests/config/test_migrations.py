"""What a command asks before it works: whether the database has every table of this version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from safeconduct.config import folded, migrate
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


def test_the_migrations_make_what_the_models_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0, skip_checks=True)


def test_models_made_at_once_are_known_to_those_they_refer_to() -> None:
    loader = MigrationLoader(None)
    state = loader.project_state(("cases", "0001_tables"))
    before = _referring(state)
    state = loader.graph.nodes["returns", "0001_tables"].mutate_state(state, preserve=False)
    assert _referring(state) - before == {"Reimbursement", "Return"}
    case = state.apps.get_model("cases", "Case")
    assert state.apps.get_model("returns", "Return")._meta.get_field("case").related_model is case


def _referring(state: ProjectState) -> set[str]:
    fields = state.apps.get_model("cases", "Case")._meta.get_fields(include_hidden=True)
    return {field.related_model.__name__ for field in fields if field.auto_created and field.is_relation}


@pytest.fixture
def of_before() -> Iterator[psycopg.Connection[Any]]:
    """A database that ran the earlier migrations, for as long as the owner's transaction is open."""
    with psycopg.connect(settings.ADDRESSES["owner"]) as owner:
        # Between tests every sequence begins anew, while these rows stay.
        owner.execute("SELECT setval('django_migrations_id_seq', (SELECT max(id) FROM django_migrations))")
        owner.execute("DELETE FROM django_migrations WHERE app = ANY (%s)", [list(folded.FOLDED)])
        for app, (last, _) in folded.FOLDED.items():
            for name in {"0001_initial", last}:
                owner.execute("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, now())", [app, name])
        yield owner
        owner.rollback()


def _ran(owner: psycopg.Connection[Any]) -> set[tuple[str, str]]:
    return set(owner.execute("SELECT app, name FROM django_migrations").fetchall())


def test_a_database_of_before_has_run_what_stands_in_the_place_of_its_migrations(
    of_before: psycopg.Connection[Any],
) -> None:
    folded.take_over(of_before)
    present = {(app, name) for app, (_, names) in folded.FOLDED.items() for name in names}
    assert present <= migrate._in_files()
    assert {(app, name) for app, name in _ran(of_before) if app in folded.FOLDED} == present
    ran = _ran(of_before)
    folded.take_over(of_before)
    assert _ran(of_before) == ran, "a second time there is nothing to take over"


def test_one_that_stopped_half_way_is_refused_and_left_as_it_is(of_before: psycopg.Connection[Any]) -> None:
    of_before.execute("DELETE FROM django_migrations WHERE app = 'returns'")
    ran = _ran(of_before)
    with pytest.raises(folded.StoppedHalfWay, match=r"Missing: returns\.0005_hubs$"):
        folded.take_over(of_before)
    assert _ran(of_before) == ran


def test_a_new_one_and_one_that_stopped_among_the_present_ones_are_left_to_django(
    of_before: psycopg.Connection[Any],
) -> None:
    for kept in ([], ["parties"]):
        of_before.execute("DELETE FROM django_migrations WHERE app = ANY (%s)", [list(folded.FOLDED)])
        for app in kept:
            of_before.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES (%s, '0001_tables', now())", [app]
            )
        ran = _ran(of_before)
        folded.take_over(of_before)
        assert _ran(of_before) == ran
