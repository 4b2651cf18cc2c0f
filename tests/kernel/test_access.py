"""Every table is on the list, and the database does what the list says."""

from __future__ import annotations

import psycopg
import pytest
from django.apps import apps
from django.http import StreamingHttpResponse
from tests.kernel.builders import event, live_policy

from safeconduct.foundation.policy.postgres_expressions import PostgresExpressions
from safeconduct.kernel import access
from safeconduct.kernel.access import TABLES
from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import engine_scope, owner_scope, query, raw_connection, seller_scope, staff_scope

OWN_COLUMNS = {"moment", "type", "occurred", "imported"}


def test_every_table_of_the_database_is_on_the_list_and_nothing_else() -> None:
    with owner_scope():
        there = {name for (name,) in query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert there == {table.name for table in TABLES}


def test_every_model_is_on_the_list() -> None:
    assert {model._meta.db_table for model in apps.get_models()} <= {table.name for table in TABLES}


def test_a_table_without_row_level_security_says_why() -> None:
    assert [t.name for t in TABLES if t.seller_column is None and not t.open_because] == []


def test_tables_of_sellers_force_row_level_security_also_on_their_owner() -> None:
    with owner_scope():
        forced = {
            name for (name,) in query("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        }
    assert forced == {t.name for t in TABLES if t.seller_column is not None}


def test_a_data_migration_of_the_owner_touches_rows_under_row_level_security() -> None:
    live_policy()
    lanes.accept([event(), event(seller="sel-2")])
    with owner_scope():
        assert query("UPDATE decision SET actor = actor").rowcount == 2


def test_the_sellers_login_has_no_right_to_the_raw_log_or_to_rules() -> None:
    for table in ("event_body", "fact", "pseudonym", "policy_version", "api_key", "list_entry"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), seller_scope(1):
            query(f"SELECT 1 FROM {table}")


def test_staff_cannot_change_the_log() -> None:
    for statement in ("DELETE FROM event", "UPDATE fact SET type = 1", "UPDATE event_body SET sealed = ''"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), staff_scope():
            query(statement)


def test_the_engine_cannot_change_who_is_staff() -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), engine_scope():
        query("UPDATE person SET staff_role = 'administrator'")


def test_the_seller_in_scope_is_gone_with_the_transaction() -> None:
    live_policy()
    lanes.accept([event()])
    with staff_scope():
        key = Decision.objects.values_list("seller_key", flat=True).get()
    with seller_scope(key):
        assert Decision.objects.count() == 1
    assert Decision.objects.count() == 0


def test_a_streamed_export_opens_a_scope_of_its_own() -> None:
    live_policy()
    lanes.accept([event() for _ in range(3)])

    def rows() -> object:
        with staff_scope():
            yield from (f"{identity}\n" for identity in Decision.objects.values_list("id", flat=True).iterator())

    with staff_scope():
        response = StreamingHttpResponse(rows())  # type: ignore[arg-type]
    assert len(list(response)) == 3


def test_the_fact_table_has_a_column_for_each_indexed_field_of_the_catalogue_and_an_index_for_each_key() -> None:
    with owner_scope():
        columns = dict(
            query("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'fact'").fetchall()
        )
        indexes = {name for (name,) in query("SELECT indexname FROM pg_indexes WHERE tablename = 'fact'")}
    types = {name: PostgresExpressions.types[field.type] for name, field in CATALOGUE.columns.items()}
    assert {name: kind for name, kind in columns.items() if name not in OWN_COLUMNS} == types
    assert {f"fact_by_{name}" for name in CATALOGUE.key_fields} <= indexes


def _marks() -> dict[str, str]:
    with owner_scope():
        found = query(
            "SELECT relname, obj_description(oid, 'pg_class') FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind = 'r'"
        )
        return dict(found.fetchall())


def test_rights_that_are_as_they_should_be_are_not_given_again_and_nobody_has_to_wait() -> None:
    """A migration beside a server at work: somebody reads the log for as long as it takes."""
    with engine_scope():
        query("SELECT count(*) FROM event")
        with owner_scope():
            query("SET LOCAL lock_timeout = '1s'")
            access.apply(raw_connection())


def test_what_somebody_changed_by_hand_is_put_right_by_the_next_migration() -> None:
    before = _marks()
    with owner_scope():
        query("GRANT DELETE ON fact TO safeconduct_app")
        query("ALTER TABLE decision NO FORCE ROW LEVEL SECURITY")
        query("DROP POLICY case_file_safeconduct_app ON case_file")
        query("CREATE POLICY case_file_safeconduct_app ON case_file TO safeconduct_app USING (true)")
        query("GRANT SELECT (secret_hash) ON api_key TO safeconduct_app")
        access.apply(raw_connection())
    with owner_scope():
        assert query(
            "SELECT has_table_privilege('safeconduct_app', 'fact', 'DELETE'),"
            " has_column_privilege('safeconduct_app', 'api_key', 'secret_hash', 'SELECT'),"
            " (SELECT relforcerowsecurity FROM pg_class WHERE relname = 'decision'),"
            " (SELECT polqual IS NOT NULL AND pg_get_expr(polqual, polrelid) LIKE '%%seller_key = %%' FROM pg_policy"
            "  WHERE polname = 'case_file_safeconduct_app')"
        ).fetchone() == (False, False, True, True)
    assert _marks() == before
