"""Values of an earlier form, sealed anew under data keys: what an upgrade leaves behind, in batches, while everything
runs.

Which columns there are is told by the settings (``SEALED_COLUMNS``), because the vault lies below all rooms. Where a
trigger holds rows fast, it lets the owner alone put the present form in the place of form 1, and nothing else change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from django.conf import settings
from django.utils.module_loading import import_string

from safeconduct.kernel.scope import owner_scope, query
from safeconduct.kernel.vault import pseudonyms
from safeconduct.kernel.vault.sealing import Column, Place, seal_many, unseal

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the values of a column stand.

    ``rows``: a query for key, row, subject and sealed bytes of values of form 1 whose key is above its first parameter,
    by rising key, at most its second. ``write``: a statement that puts sealed bytes (second array) in the place of keys
    (first array). ``first``: what is below every key. ``sealed_as``: the subject that the values were sealed for until
    now, where it was another than theirs.
    """

    column: Column
    rows: str
    write: str
    first: int | str = ""
    sealed_as: str = ""


def columns() -> list[Stored]:
    """All that the settings name."""
    return [cast("Stored", import_string(path)) for path in settings.SEALED_COLUMNS]


def reseal_all(progress: Callable[[str, int], None] | None = None, batch: int = BATCH) -> dict[str, int]:
    """Seals everything anew that is of an earlier form; how many values by column. A transaction a batch: one that was
    killed goes on where it stopped. Runs as the owner."""
    found: dict[str, int] = {}
    for stored in columns():
        after: Any = stored.first
        while True:
            count, after = _batch(stored, after, batch)
            if not count:
                break
            found[stored.column.name] = found.get(stored.column.name, 0) + count
            if progress:
                progress(stored.column.name, found[stored.column.name])
    values = _pseudonyms(progress, batch)
    return found | ({pseudonyms.VALUES.name: values} if values else {})


def left() -> int:
    """In how many columns there are values of an earlier form. In a scope of the owner."""
    found = [bool(query(stored.rows, [stored.first, 1]).fetchone()) for stored in columns()]
    return sum(found) + bool(query("SELECT 1 FROM pseudonym WHERE get_byte(sealed, 0) = 1 LIMIT 1").fetchone())


def _batch(stored: Stored, after: Any, batch: int) -> tuple[int, Any]:
    with owner_scope():
        rows = query(stored.rows, [after, batch]).fetchall()
        if not rows:
            return 0, after
        values = [
            (Place(row, subject), unseal(stored.column, row, stored.sealed_as or subject, bytes(sealed)))
            for _, row, subject, sealed in rows
        ]
        query(stored.write, [[key for key, *_ in rows], seal_many(stored.column, values)])
        return len(rows), rows[-1][0]


def _pseudonyms(progress: Callable[[str, int], None] | None, batch: int) -> int:
    count, after = 0, -1
    while True:
        with owner_scope():
            rows = query(
                "SELECT key, entity, sealed FROM pseudonym WHERE key > %s AND get_byte(sealed, 0) = 1"
                " ORDER BY key LIMIT %s FOR UPDATE",
                [after, batch],
            ).fetchall()
            if not rows:
                return count
            made = pseudonyms.reseal_rows([(key, entity, bytes(sealed)) for key, entity, sealed in rows])
            query(
                "WITH given AS MATERIALIZED (SELECT * FROM unnest(%b::bigint[], %b::bytea[], %b::bytea[])"
                "  AS g(key, sealed, salt)), salted AS (INSERT INTO vault_salt (key, salt)"
                "  SELECT key, salt FROM given WHERE salt <> '')"
                " UPDATE pseudonym p SET sealed = g.sealed FROM given g WHERE p.key = g.key",
                [[key for key, _, _ in made], [sealed for _, sealed, _ in made], [salt for _, _, salt in made]],
            )
        count, after = count + len(rows), rows[-1][0]
        if progress:
            progress(pseudonyms.VALUES.name, count)
