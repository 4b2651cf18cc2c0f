"""Columns of blind indexes, while a root key is replaced: each row moves from the earlier key's index to that of the
key in use, and keeps the earlier one beside it (`blind_before`) until that key is retired.

Which columns there are is told by the settings (``BLIND_COLUMNS``), because the vault lies below all rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from safeconduct.kernel.scope import owner_scope, query

BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class Blinded:
    """A table with `blind` and `blind_before`.

    ``key``: the column that tells its rows apart, of the type ``kind``; ``first``: what is below every key.
    ``blinds``: key → blind index under the root key in use, of rows with these keys, made from what is sealed in them;
    a row whose value nobody can open is left out.
    """

    table: str
    key: str
    kind: str
    first: int | str
    blinds: Callable[[Sequence[Any]], dict[Any, bytes]]

    def left(self) -> int:
        """How many rows have not moved. Counts all, in a scope of the owner."""
        row = query(f"SELECT count(*) FROM {self.table} WHERE blind_before IS NULL").fetchone()
        assert row is not None
        return int(row[0])

    def move(self, after: Any, earlier: str, batch: int) -> tuple[int, Any]:
        """Moves some of the rows behind a key, in one transaction of the owner: how many, and after which key to go on
        (None: there are no more). None move once the earlier key, given by its name, is retired."""
        with owner_scope():
            if not query(
                "SELECT FROM root_key_use WHERE name = %s AND retired_at IS NULL FOR SHARE", [earlier]
            ).rowcount:
                return 0, None
            keys = [
                key
                for (key,) in query(
                    f"SELECT {self.key} FROM {self.table} WHERE blind_before IS NULL AND {self.key} > %s"
                    f" ORDER BY {self.key} LIMIT %s FOR UPDATE SKIP LOCKED",
                    [after, batch],
                )
            ]
            made = self.blinds(keys) if keys else {}
            if made:
                query(
                    f"UPDATE {self.table} t SET blind_before = t.blind, blind = w.blind"
                    f" FROM unnest(%b::{self.kind}[], %b::bytea[]) AS w(key, blind) WHERE t.{self.key} = w.key",
                    [list(made), list(made.values())],
                )
            return len(made), keys[-1] if keys else None

    def clear(self, batch: int = BATCH) -> int:
        """Forgets what the earlier key found, of some rows and in one transaction of the owner; of how many."""
        with owner_scope():
            return query(
                f"UPDATE {self.table} SET blind_before = NULL WHERE {self.key} IN (SELECT {self.key} FROM {self.table}"
                f" WHERE blind_before IS NOT NULL ORDER BY {self.key} LIMIT %s FOR UPDATE)",
                [batch],
            ).rowcount


@dataclass(frozen=True, slots=True)
class Waiting:
    """What follows another root key only when it is used next: how many rows still need the earlier one, counted in a
    scope of the owner, and what to do about those that will not be used."""

    name: str
    left: Callable[[], int]
    mend: str
