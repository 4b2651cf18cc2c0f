"""The root key is replaced while everything runs (docs/operations.md, section Keys).

1. `add`: the file holds a next key. Every process is restarted with it, and from then on knows what that key makes.
2. `use`: the next key signs, finds and wraps, the one before it opens. Every process is restarted again.
3. `move`: regions' keys are wrapped by it too, and blind indexes are made anew, by the periodic job or the command.
4. `retire`: once nothing needs the earlier key, it goes.

No two rows of one entity can come about on the way. A row that was made with the earlier key has its index in `blind`
and nothing in `blind_before`; one that has moved, or was made since, has the new index in `blind` and the earlier one
in `blind_before`. While both keys are there, an index over whichever of them is the earlier key's is unique; `blind`
itself always is. `root_key_use` keeps processes with a file of another time from registering anything.

Every step can be killed and done again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, cast

import psycopg
from django.conf import settings
from django.utils.module_loading import import_string

from safeconduct.kernel.scope import owner_scope, query
from safeconduct.kernel.vault import regions, resealing, root_key_use, rotation
from safeconduct.kernel.vault.blinding import BATCH, Blinded, Waiting
from safeconduct.kernel.vault.errors import VaultError
from safeconduct.kernel.vault.holder import holder
from safeconduct.kernel.vault.key_file import RootKeys, read_keys, write_keys
from safeconduct.kernel.vault.key_types import Roots
from safeconduct.kernel.vault.keys import root_keys, root_names

#: How long what the earlier key signed stays good after another took its place: as long as the link that lives longest
#: (a buyer's, `kernel.buyer_links`; a test holds it to that).
OVERLAP: Final = timedelta(days=180)
#: The periodic job looks for rows that a process with the earlier file has left, once everything had moved.
_LOOK_AGAIN_S: Final = 3600.0
_PASSES: Final = 10

Progress = Callable[[str, int, int], None]
"""Which column, how many rows have moved, and how many there are to move."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a replacement is. Keys by name; ``used_at``: since when the present one is in use, as far as known;
    ``links_until``: until when what the earlier one signed has to open; ``left``: what needs it, and how many rows;
    ``retiring``: it is retired for the database, and the file holds it still. ``trouble``: what to do, as sentences."""

    current: str
    next: str | None
    earlier: str | None
    used_at: datetime | None
    links_until: datetime | None
    left: dict[str, int]
    retiring: bool
    trouble: tuple[str, ...]


def add(file: Path) -> RootKeys:
    """Puts a next key into a file beside the present one. Raises KeyFileError where there are two already."""
    keys = root_keys().with_next()
    write_keys(file, keys)
    return keys


def use(file: Path, *, at: datetime) -> RootKeys:
    """The next key takes the place of the present one, which stays as the earlier. Raises VaultError without one."""
    keys = root_keys()
    if keys.next is None and keys.earlier is None:
        raise VaultError("there is no next root key: `safeconduct vault root-key add` makes one")
    made = keys.in_use()
    _begin(made, at)
    write_keys(file, made)
    return made


def bring_back(before: Path, file: Path, *, at: datetime) -> RootKeys:
    """Takes the key of a file of before as the earlier one: a backup was restored that needs it. Raises KeyFileError
    where that is of another deployment."""
    made = root_keys().with_earlier(read_keys(before))
    _begin(made, at)
    with owner_scope():
        assert made.earlier is not None
        query("UPDATE root_key_use SET retired_at = NULL WHERE name = %s", [made.earlier.name])
    write_keys(file, made)
    return made


def move(progress: Progress | None = None, batch: int = BATCH) -> dict[str, int]:
    """Moves everything that the earlier key wraps or finds; how many by column. Opens its own scopes.

    Raises VaultError where there is no earlier key, or it is retired; RootUnavailable.
    """
    earlier = _earlier(holder().roots())
    if earlier in _retired():
        raise VaultError(f"{earlier} is retired already: `safeconduct vault root-key retire` finishes that")
    done = {"vault_region_wrap": rotation.rotate_root()} if _wraps(earlier) else {}
    for column in columns():
        with owner_scope():
            total = column.left() if progress else 0
        done[column.table] = 0
        for _ in range(_PASSES):  # a row that somebody held at that moment is looked at again
            before, after = done[column.table], column.first
            while after is not None:
                count, after = column.move(after, earlier, batch)
                done[column.table] += count
                if progress and count:
                    progress(column.table, done[column.table], max(total, done[column.table]))
            if done[column.table] == before:
                break
    return done


def retire(file: Path, *, at: datetime, end_links: bool = False) -> RootKeys:
    """The earlier key goes: out of the database, then out of the file. ``end_links``: what it signed ends now.

    Raises VaultError while anything needs it; the message says what.
    """
    keys = root_keys()
    earlier = _earlier(root_names())
    if earlier not in _retired():
        found = standing(at)
        needed = [*needs(found.left), *(root_key_use.missing(name) for name in root_key_use.absent())]
        if _index_is_there() is not True:
            needed.append(_NO_INDEX)
        if found.links_until is not None and found.links_until > at and not end_links:
            needed.append(f"links that it signed are good until {found.links_until:%Y-%m-%d %H:%M} UTC (--end-links)")
        if needed:
            raise VaultError(f"{earlier} is needed still: " + "; ".join(needed))
        _end(earlier, at)
    if _index_is_there() is not None:  # nothing of what the earlier key finds has been forgotten yet
        _must_have_moved(earlier)
        _index(wanted=False)
    for column in columns():
        while column.clear():
            pass
    with owner_scope():
        query("DELETE FROM vault_region_wrap WHERE root = %s", [earlier])
    regions.forget()
    write_keys(file, keys.alone())
    return keys.alone()


def standing(at: datetime, *, forms: bool = True) -> Standing:
    """How far it is. Counts all rows while there is an earlier key: not for pages. ``forms``: also reads every sealed
    value's form, which takes long. Opens its own scopes."""
    keys, uses = holder().roots(), {use.name: use for use in root_key_use.uses()}
    earlier = keys.earlier
    present = uses.get(keys.current)
    until = None if earlier is None or present is None else present.used_at + OVERLAP
    retiring = earlier is not None and earlier in _retired()
    left = _left(earlier, forms=forms) if earlier is not None and not retiring else {}
    trouble = [root_key_use.missing(name) for name in root_key_use.absent()]
    if keys.current in _retired():
        trouble.append(f"root key {keys.current} is retired: put the present root key file here, and restart")
    if earlier is not None and not retiring and _index_is_there() is not True:
        trouble.append(_NO_INDEX)
    if retiring:
        trouble.append("a retirement was not finished: run `safeconduct vault root-key retire` again")
    if not retiring and any(left.get(column.table) for column in columns()):
        trouble.append("rows are found by the earlier root key: `safeconduct vault root-key move` moves them")
    if earlier is not None and forms and not retiring and not any(left.values()) and until is not None and until <= at:
        trouble.append(f"nothing needs {earlier} any more: run `safeconduct vault root-key retire`")
    return Standing(
        keys.current, keys.next, earlier,
        None if present is None else present.used_at, until, left, retiring, tuple(trouble),
    )  # fmt: skip


def needs(left: dict[str, int]) -> list[str]:
    """What keeps the earlier key from being retired, each as a sentence with the way out."""
    mends = {one.name: one.mend for one in _waits()} | {
        "vault_region_wrap": "`safeconduct vault root-key move`",
        "columns with values of an earlier form": "`safeconduct vault rotate --old-values`",
    }
    moved = (
        "`safeconduct vault root-key move`; a value whose key is gone goes with `safeconduct vault reapply-erasures`"
    )
    return [f"{name} ({count:,}): {mends.get(name, moved)}" for name, count in left.items() if count]


def keep_up(_now: datetime) -> None:
    """For the periodic jobs: moves what is left, and forgets what a process that was restarted late has written since
    the earlier key was retired."""
    keys = holder().roots()
    if keys.earlier is not None:
        if time.monotonic() >= _memory.look_at and keys.earlier not in _retired():
            _memory.look_at = 0.0 if any(move().values()) else time.monotonic() + _LOOK_AGAIN_S
    elif keys.next is None and _retired() and not root_key_use.absent():
        for column in columns():
            while column.clear():
                pass


def columns() -> list[Blinded]:
    """All that the settings name."""
    return [cast("Blinded", import_string(path)) for path in settings.BLIND_COLUMNS]


def _waits() -> list[Waiting]:
    return [cast("Waiting", import_string(path)) for path in settings.ROOT_KEY_WAITS]


def _earlier(keys: Roots) -> str:
    if keys.earlier is None:
        raise VaultError(
            "the root key file holds no earlier key; `safeconduct vault root-key add`, and `use` after a restart of"
            " every process, begin a replacement"
        )
    return keys.earlier


def _retired() -> set[str]:
    return {use.name for use in root_key_use.uses() if use.retired_at is not None}


def _left(earlier: str, *, forms: bool) -> dict[str, int]:
    with owner_scope():
        left = {column.table: column.left() for column in columns()} | {one.name: one.left() for one in _waits()}
        if forms:
            left["columns with values of an earlier form"] = resealing.left()
    wraps = rotation.not_wrapped_by(holder().wrapping()[0]) if _wraps(earlier) else []
    return left | {"vault_region_wrap": len(wraps)}


def _wraps(earlier: str) -> bool:
    """Whether keys of regions are opened by the earlier key: the vault's root is the root key file, not another."""
    return earlier in holder().wrapping()


def _begin(keys: RootKeys, at: datetime) -> None:
    """What has to be there before a process writes with the new key: the index that keeps entities single, and word
    that both keys are in use."""
    assert keys.earlier is not None
    _index(wanted=True)
    with owner_scope():
        query(
            "INSERT INTO root_key_use (name, used_at) VALUES (%s, %s), (%s, %s) ON CONFLICT DO NOTHING",
            [keys.earlier.name, at - timedelta(microseconds=1), keys.current.name, at],
        )


def _end(earlier: str, at: datetime) -> None:
    """From now on nobody registers with the earlier key, and nobody is doing so any more."""
    with owner_scope():
        query("SELECT set_config('lock_timeout', '10s', true)")
        try:
            query(f"LOCK TABLE {', '.join(column.table for column in columns())} IN SHARE ROW EXCLUSIVE MODE")
        except psycopg.errors.LockNotAvailable:
            raise VaultError("the database is busy with long transactions; try again") from None
        query("UPDATE root_key_use SET retired_at = %s WHERE name = %s", [at, earlier])


def _must_have_moved(earlier: str) -> None:
    """Looks once more, now that nobody can add to them, for rows that have not moved. Raises VaultError, with the key
    back in use, where a process with the earlier file has left some at the last moment."""
    with owner_scope():
        if not any(column.left() for column in columns()):
            return
        query("UPDATE root_key_use SET retired_at = NULL WHERE name = %s", [earlier])
    raise VaultError(
        "a process with the earlier root key file is running: restart it, run `safeconduct vault root-key move`, and"
        f" retire {earlier} again"
    )


def _index_is_there() -> bool | None:
    """Whether the index of `_index` is whole; None where there is none."""
    with owner_scope():
        row = query("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [_EITHER]).fetchone()
    return None if row is None else bool(row[0])


def _index(*, wanted: bool) -> None:
    """Makes or drops the unique index over what the earlier key finds; what a killed command left half is made anew.
    It is not always there because intake would pay for it with each new entity."""
    there = _index_is_there()
    with psycopg.connect(settings.ADDRESSES["owner"], autocommit=True) as connection:
        if there is not None and not (wanted and there):
            connection.execute(f"DROP INDEX CONCURRENTLY {_EITHER}")
        if wanted and not there:
            connection.execute(
                f"CREATE UNIQUE INDEX CONCURRENTLY {_EITHER} ON pseudonym (entity, (coalesce(blind_before, blind)))"
            )


@dataclass(slots=True)
class _Memory:
    look_at: float = 0.0


_EITHER: Final = "pseudonym_either"
_NO_INDEX: Final = (
    "the index that keeps entities single is missing: `safeconduct vault root-key use` makes it again"
)  # fmt: skip
_memory = _Memory()
