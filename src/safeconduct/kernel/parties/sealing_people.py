"""Names and addresses of people that an earlier version wrote in clear, sealed (`sealed_fields`) when the database is
brought up to date: nobody who stands there in clear could sign in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from allauth.account.models import EmailAddress

from safeconduct.kernel.parties.models import Invitation, User
from safeconduct.kernel.parties.sealed_fields import MARK, field_of
from safeconduct.kernel.scope import owner_scope, query

#: Table, column, and the type of its key; whose field seals it.
_COLUMNS: Final = (
    ("person", "email", "text", User, "email"),
    ("person", "name", "text", User, "name"),
    ("invitation", "email", "text", Invitation, "email"),
    ("account_emailaddress", "email", "bigint", EmailAddress, "email"),
)
_BATCH: Final = 500


def seal_those_in_clear() -> int:
    """Seals what stands in clear; how many values. A transaction a batch: one that was killed goes on where it stopped.
    Several may run at once. Runs as the owner."""
    done = 0
    for table, column, key, model, field in _COLUMNS:
        while batch := _batch(table, column, key, field_of(model, field).sealed):
            done += batch
    with owner_scope():
        rows = query(
            "SELECT person_id, address FROM mail_former_address WHERE address NOT LIKE %s FOR UPDATE", [f"{MARK}%"]
        ).fetchall()
        # A former address came from the column of the person, and is bound to it.
        sealed = [field_of(User, "email").sealed(address) for _, address in rows]
        query(
            "UPDATE mail_former_address t SET address = w.sealed FROM unnest(%b::text[], %b::text[], %b::text[])"
            " AS w(person_id, address, sealed) WHERE (t.person_id, t.address) = (w.person_id, w.address)",
            [[person for person, _ in rows], [address for _, address in rows], sealed],
        )
    return done + len(rows)


def _batch(table: str, column: str, key: str, sealed: Callable[[str], str]) -> int:
    with owner_scope():
        rows = query(
            f"SELECT id, {column} FROM {table} WHERE {column} <> '' AND {column} NOT LIKE %s"
            " ORDER BY id LIMIT %s FOR UPDATE",
            [f"{MARK}%", _BATCH],
        ).fetchall()
        query(
            f"UPDATE {table} t SET {column} = w.sealed FROM unnest(%b::{key}[], %b::text[]) AS w(id, sealed)"
            " WHERE t.id = w.id",
            [[row[0] for row in rows], [sealed(row[1]) for row in rows]],
        )
    return len(rows)
