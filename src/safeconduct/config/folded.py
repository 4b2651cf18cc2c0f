"""Databases of before the migrations were folded into few: what they have run is taken for what stands in its place.

Django's own `replaces` would do it migration by migration: it writes the earlier names into every new database, where
a later migration with one of these names would never run, and takes an application that stopped half-way for one that
has nothing to do.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from django.db.utils import DatabaseError

#: Of each application the last migration of before, and those in whose place its whole history stands now.
FOLDED: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "accounts": ("0004_payout_words_past_their_time", ("0001_tables", "0002_rules")),
    "api": ("0002_keys_moved", ("0001_tables",)),
    "cases": ("0008_files_of_a_person", ("0001_tables", "0002_rules")),
    "claims": ("0005_paid_for_now", ("0001_tables", "0002_rules")),
    "data_security": ("0003_touches_past_their_time", ("0001_tables", "0002_rules")),
    "decisions": ("0006_lean", ("0001_tables", "0002_rules")),
    "disputes": ("0001_initial", ("0001_tables",)),
    "events": ("0008_lean", ("0001_tables", "0002_rules")),
    "ledger": ("0008_fund_by_month", ("0001_tables", "0002_rules")),
    "notices": ("0006_steps_in_the_record", ("0001_tables", "0002_rules")),
    "parties": ("0018_devices_of_the_staff", ("0001_tables", "0002_rules", "0003_passkeys_bound")),
    "readings": ("0002_past_its_time", ("0001_tables", "0002_rules")),
    "record": ("0003_seen_by_size", ("0001_tables", "0002_rules")),
    "returns": ("0005_hubs", ("0001_tables",)),
    "transactions": ("0011_paid_for_now", ("0001_tables", "0002_rules", "0003_disputes_the_bank_read")),
    "vault": ("0004_region_key_made_at", ("0001_tables",)),
}


class StoppedHalfWay(DatabaseError):
    """A database that ran some of the earlier migrations: only the version that has them brings it to their end."""


def take_over(connection: psycopg.Connection[Any]) -> None:
    """Writes into a database that ran all of the earlier migrations that it has run the present ones, and nothing else.

    Does nothing to a new one, and to one that has run the present ones. Raises StoppedHalfWay.
    """
    with connection.transaction():
        ran = _ran(connection)
        if not any(names and "0001_tables" not in names for names in ran.values()):
            return
        missing = [f"{app}.{last}" for app, (last, _) in FOLDED.items() if last not in ran[app]]
        if missing:
            raise StoppedHalfWay(
                "some of its earlier migrations were never run, and this version has them no more; run"
                f" `safeconduct migrate` of the version before, or begin anew. Missing: {', '.join(missing)}"
            )
        connection.execute("DELETE FROM django_migrations WHERE app = ANY (%s)", [list(FOLDED)])
        for app, (_, present) in FOLDED.items():
            connection.execute(
                "INSERT INTO django_migrations (app, name, applied) SELECT %s, unnest(%s::text[]), now()",
                [app, list(present)],
            )


def _ran(connection: psycopg.Connection[Any]) -> dict[str, set[str]]:
    ran: dict[str, set[str]] = {app: set() for app in FOLDED}
    if connection.execute("SELECT to_regclass('django_migrations')").fetchone() != (None,):
        for app, name in connection.execute(
            "SELECT app, name FROM django_migrations WHERE app = ANY (%s)", [list(FOLDED)]
        ):
            ran[app].add(name)
    return ran
