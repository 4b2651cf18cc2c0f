"""Rotation without downtime: data keys are wrapped anew while values are sealed and opened.

Nothing sealed is touched: a data key stays the same and is only wrapped by another key. Each batch is a transaction,
and where it got to is what the rows say: a rotation that was killed goes on where it stopped, by the next command or by
the periodic job.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from safeconduct.kernel.scope import engine_scope, query
from safeconduct.kernel.vault import data_keys, regions
from safeconduct.kernel.vault.configuration import region
from safeconduct.kernel.vault.errors import KeyProcessUnavailable, RootUnavailable, VaultError
from safeconduct.kernel.vault.holder import holder

BATCH: Final = 2_000
#: A process may wrap with the earlier version for as long as it remembers it; twice that is past any clock's doubt.
_GRACE: Final = timedelta(seconds=2 * regions.KEPT_S)
_PASSES: Final = 10

Progress = Callable[[int, int], None]
"""How many are done, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """To which version, how many data keys were wrapped anew, and whether this went on with an earlier rotation."""

    version: int
    rewrapped: int
    resumed: bool


def rotate_region(*, now: datetime, progress: Progress | None = None, batch: int = BATCH) -> Rotated:
    """Makes the next key of the region and wraps every data key with it; a rotation that was not finished is finished
    instead. Opens its own scopes. Raises RootUnavailable."""
    version, resumed = begin(now=now)
    return Rotated(version, rewrap(progress, batch), resumed)


def begin(*, now: datetime) -> tuple[int, bool]:
    """Makes the next key of the region, and leaves the wrapping to `rewrap` or the periodic job; its version, and
    whether a rotation was under way already, which then goes on. Opens its own scopes. Raises RootUnavailable, and
    then this process goes on with the keys that it has opened."""
    if _left() > 0:
        regions.forget()
        return regions.newest().version, True
    version = regions.add()
    with engine_scope():
        query(
            "UPDATE vault_region_key SET superseded_at = %s"
            " WHERE region = %s AND version < %s AND superseded_at IS NULL",
            [now, region(), version],
        )
    regions.forget()
    return version, False


def rewrap(progress: Progress | None = None, batch: int = BATCH) -> int:
    """Wraps what an earlier version still wraps; how many data keys that were. Opens its own scopes."""
    done, total = 0, _left() if progress else 0
    for _ in range(_PASSES):  # a key that an erasure held at that moment is looked at again
        after: int | None = -1
        before = done
        while after is not None:
            count, after = _rewrap_batch(after, batch)
            done += count
            if progress and count:
                progress(done, max(total, done))
        if done == before:
            break
    return done


def keep_up(now: datetime) -> None:
    """For the periodic jobs: wraps anew what a process that remembered the earlier version has made since, and destroys
    versions that nothing needs any more."""
    with engine_scope():
        row = query("SELECT 1 FROM vault_region_key WHERE superseded_at IS NOT NULL LIMIT 1").fetchone()
    if row is None:
        return
    rewrap()
    with engine_scope():
        query(
            "WITH old AS (SELECT version FROM vault_region_key v WHERE superseded_at < %s"
            "  AND NOT EXISTS (SELECT 1 FROM vault_key k WHERE k.region_version = v.version)),"
            " wraps AS (DELETE FROM vault_region_wrap w USING old WHERE w.version = old.version)"
            " DELETE FROM vault_region_key k USING old WHERE k.version = old.version",
            [now - _GRACE],
        )


def rotate_root() -> int:
    """Wraps every region's key by the root of the settings too, opened by the one before; how many were new to it.

    Processes with either root work until `finish_root`. Opens its own scopes. Raises VaultError, RootUnavailable.
    """
    missing = not_wrapped_by(holder().wrapping()[0])
    for version in missing:
        try:
            root, wrapped = holder().rewrapped(regions.stored(version))
        except KeyProcessUnavailable:
            raise
        except RootUnavailable as problem:
            raise VaultError(
                "set SAFECONDUCT_VAULT_ROOT_BEFORE to the root that is being replaced (`key-file` for the root key"
                f" file): {problem}"
            ) from None
        with engine_scope():
            query(
                "INSERT INTO vault_region_wrap (version, root, sealed) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [version, root, wrapped],
            )
    regions.forget()
    return len(missing)


def finish_root() -> int:
    """Forgets what other roots wrapped, once every process has the root of the settings; how many wrappings went.

    Raises VaultError where a key is not wrapped by this root, or does not open with it.
    """
    root = holder().wrapping()[0]
    if not_wrapped_by(root):
        raise VaultError(f"not every key is wrapped by {root}; run `safeconduct vault rotate --root` first")
    with engine_scope():
        versions = [version for (version,) in query("SELECT version FROM vault_region_key")]
    for version in versions:
        holder().check(regions.stored(version), root)
    with engine_scope():
        return query("DELETE FROM vault_region_wrap WHERE root <> %s", [root]).rowcount


def not_wrapped_by(root: str) -> list[int]:
    """Versions of regions' keys that the root of this name does not open. Opens its own scope."""
    with engine_scope():
        rows = query(
            "SELECT k.version FROM vault_region_key k WHERE NOT EXISTS"
            " (SELECT 1 FROM vault_region_wrap w WHERE w.version = k.version AND w.root = %s) ORDER BY k.version",
            [root],
        )
        return [version for (version,) in rows]


def _left() -> int:
    with engine_scope():
        row = query(f"SELECT count(*) FROM vault_key WHERE region_version IN ({_EARLIER})", [region()] * 2).fetchone()
    assert row is not None
    return int(row[0])


_EARLIER: Final = (
    "SELECT version FROM vault_region_key WHERE region = %s"
    " AND version < (SELECT max(version) FROM vault_region_key WHERE region = %s)"
)


def _rewrap_batch(after: int, batch: int) -> tuple[int, int | None]:
    """One transaction; how many, and after which number to go on (None: there are no more)."""
    with engine_scope():
        rows = query(
            "SELECT id, subject, purpose, region_version, wrapped FROM vault_key WHERE id > %s"
            f" AND region_version IN ({_EARLIER}) ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
            [after, region(), region(), batch],
        ).fetchall()
        if not rows:
            return 0, None
        newest = regions.newest()
        made = holder().rewrap([data_keys.of_row(*row) for row in rows], newest)
        query(
            "UPDATE vault_key k SET wrapped = w.wrapped, region_version = %s"
            " FROM unnest(%b::bigint[], %b::bytea[]) AS w(id, wrapped) WHERE k.id = w.id",
            [newest.version, [row[0] for row in rows], made],
        )
        return len(rows), rows[-1][0]
