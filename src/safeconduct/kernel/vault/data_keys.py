"""Data keys: one for each subject and purpose, wrapped by the key of a region.

A subject is a text that names a person's part of the data and no person: `person/usr_…`, `order/123`, `case/cas_…`
(docs/security.md has the list). Whoever destroys the row of a key makes all that it sealed unreadable, in every copy of
the data. So reading always asks the database whether the key is still there, and for whom; memory saves only the
unwrapping.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from safeconduct.kernel.scope import apart, engine_statements, query
from safeconduct.kernel.vault import regions
from safeconduct.kernel.vault.errors import VaultError
from safeconduct.kernel.vault.holder import holder
from safeconduct.kernel.vault.key_types import DataKey as DataKey

Owner = tuple[str, str]
"""Subject and purpose, e.g. ("case/cas_01…", "evidence")."""

#: The subject of what belongs to no person: keys and secrets of the deployment itself.
DEPLOYMENT: Final = "deployment"


def keys_for(wanted: Collection[Owner]) -> dict[Owner, DataKey]:
    """The key of each subject and purpose, made where it is new: one statement, on the engine's login from any scope.

    In an engine scope it is part of the transaction; whoever remembers keys (`remember`) does so after its commit.
    """
    found: dict[Owner, DataKey] = {}
    missing = sorted(set(wanted))
    for _ in range(_ATTEMPTS):
        if not missing:
            return found
        made = {key.id: key for key in holder().make(missing, regions.newest())}
        with engine_statements():
            rows = query(_OBTAIN, _columns(made.values())).fetchall()
        for row in rows:
            key = made.get(row[0]) or of_row(*row)
            found[key.subject, key.purpose] = key
        # A key that another transaction was committing just then is neither ours nor seen yet.
        missing = [owner for owner in missing if owner not in found]
    if missing:
        raise VaultError(f"{len(missing)} data keys cannot be made: they are destroyed as fast")
    return found


def standing(subject: str, purpose: str) -> DataKey:
    """A key that the deployment keeps for good; made on a connection of its own, and so never rolled back."""
    owner = (subject, purpose)
    known = remembered([owner])
    if not known:
        candidates = _columns(holder().make([owner], regions.newest()))
        rows = apart(_OBTAIN, candidates) or apart(_OBTAIN, candidates)
        known = {owner: of_row(*rows[0])}
        remember(known)
    return known[owner]


def find(ids: Collection[int]) -> dict[int, DataKey | None]:
    """Keys by their numbers, for reading; None where the key is restricted to other purposes (`reading_for`), and
    nothing where it was destroyed. One query."""
    if not ids:
        return {}
    with engine_statements():
        rows = query(
            "SELECT id, subject, purpose, region_version, wrapped, restricted_to FROM vault_key"
            " WHERE id = ANY(%b::bigint[])",
            [sorted(set(ids))],
        ).fetchall()
    return {row[0]: of_row(*row[:5]) if may_read(row[5]) else None for row in rows}


def may_read(restricted_to: Collection[str] | None) -> bool:
    """Whether the purpose of the moment is among those for which restricted data is kept."""
    return restricted_to is None or _reading.get() in restricted_to


@contextmanager
def reading_for(purpose: str) -> Iterator[None]:
    """What is opened inside is opened for this purpose, such as `claims`: restricted data that is kept for it opens.

    The caller answers for having the right, and for leaving a trace of it.
    """
    token = _reading.set(purpose)
    try:
        yield
    finally:
        _reading.reset(token)


def remembered(wanted: Collection[Owner]) -> dict[Owner, DataKey]:
    """Those of the keys that this process may seal with without asking."""
    _age()
    known = _memory.sealing
    return {owner: known[owner] for owner in wanted if owner in known}


def remember(committed: Mapping[Owner, DataKey]) -> None:
    """Keys whose rows are committed may seal for `_MEMORY_S` more: what is sealed with one that was destroyed meanwhile
    is as unreadable as all that it sealed before."""
    _memory.sealing.update(committed)


def forget() -> None:
    """Drops what this process remembers."""
    _memory.since = time.monotonic()
    _memory.sealing = {}
    holder().drop()


def of_row(identity: int, subject: str, purpose: str, version: int, wrapped: bytes) -> DataKey:
    """A key as its row has it; whether it opens is seen when it is used."""
    return DataKey(identity, subject, purpose, regions.known(version), bytes(wrapped))


_OBTAIN: Final = """
WITH wanted AS MATERIALIZED (
    SELECT * FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::integer[], %b::bytea[])
        AS w(id, subject, purpose, version, wrapped)
), made AS (
    INSERT INTO vault_key (id, subject, purpose, region_version, wrapped)
    SELECT id, subject, purpose, version, wrapped FROM wanted ORDER BY subject, purpose
    ON CONFLICT (subject, purpose) DO NOTHING
    RETURNING id, subject, purpose, region_version, wrapped
)
SELECT * FROM made UNION ALL
SELECT k.id, k.subject, k.purpose, k.region_version, k.wrapped FROM wanted w JOIN vault_key k USING (subject, purpose)
"""


def _columns(made: Collection[DataKey]) -> list[Any]:
    return [
        [key.id for key in made], [key.subject for key in made], [key.purpose for key in made],
        [key.region.version for key in made], [key.wrapped for key in made],
    ]  # fmt: skip


def _age() -> None:
    """Keys are remembered for a while only, and only so many of them."""
    if time.monotonic() - _memory.since > _MEMORY_S or len(_memory.sealing) > _MEMORY_KEYS:
        forget()


@dataclass(slots=True)
class _Memory:
    since: float = 0.0
    sealing: dict[Owner, DataKey] = field(default_factory=dict)


_ATTEMPTS: Final = 5
_MEMORY_S: Final = 300.0
_MEMORY_KEYS: Final = 50_000
_memory = _Memory()
_reading: ContextVar[str] = ContextVar("safeconduct_reading_for", default="")
