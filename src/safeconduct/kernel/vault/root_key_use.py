"""Which root keys the database is used with: so that a process with a file of another time registers nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from safeconduct.kernel.scope import engine_scope, engine_statements, query
from safeconduct.kernel.vault.errors import StaleRootKey
from safeconduct.kernel.vault.holder import holder
from safeconduct.kernel.vault.key_types import Roots

#: SQL: a key in use that this process lacks, or one that it would write with and that is retired. Takes `known()`.
STALE: Final = (
    "(retired_at IS NULL AND name <> ALL (%b::text[])) OR (retired_at IS NOT NULL AND name = %b::text)"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Use:
    """A root key: its name, since when rows are found under it, and since when they are not any more."""

    name: str
    used_at: datetime
    retired_at: datetime | None


def known(roots: Roots) -> list[Any]:
    """What `STALE` compares with: the keys under which something was hashed."""
    return [list(roots.names), roots.current]


def check(roots: Roots) -> None:
    """Raises StaleRootKey where who has these keys may register nothing; the message says what to do."""
    with engine_statements():
        rows = query(
            f"SELECT name, retired_at FROM root_key_use WHERE {STALE} ORDER BY used_at", known(roots)
        ).fetchall()
    for name, retired_at in rows:
        raise StaleRootKey(
            f"root key {name} is retired, and this process writes with it: restart it with the present root key file"
            if retired_at is not None else missing(name)
        )  # fmt: skip


def missing(name: str) -> str:
    """What to do about a key in use that the file lacks."""
    held = " and ".join(holder().roots().names)
    return (
        f"this database is used with root key {name}, and the root key file holds {held}: restart the process with the"
        " present file; where a backup was restored that is older than the file, run `safeconduct vault root-key"
        " bring-back` with the file of that time"
    )


def uses() -> list[Use]:
    """All that the database tells of, the oldest first. Opens its own scope."""
    with engine_scope():
        return [Use(*row) for row in query("SELECT name, used_at, retired_at FROM root_key_use ORDER BY used_at, name")]


def absent() -> Sequence[str]:
    """Names of keys in use that the file lacks. Opens its own scope."""
    held = holder().roots().names
    return [use.name for use in uses() if use.retired_at is None and use.name not in held]


def note(at: datetime) -> None:
    """Writes down that the key in use is in use, where the database tells of none yet; in an open scope that may."""
    query(
        "INSERT INTO root_key_use (name, used_at) SELECT %s, %s WHERE NOT EXISTS (SELECT FROM root_key_use)"
        " ON CONFLICT DO NOTHING",
        [holder().roots().current, at],
    )
