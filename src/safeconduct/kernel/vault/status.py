"""How the vault is: for commands and monitors all of it (`status`), for a page what is quickly seen (`glance`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from safeconduct.kernel.scope import engine_scope, query
from safeconduct.kernel.vault import regions
from safeconduct.kernel.vault.configuration import erasures_file, region, root_address
from safeconduct.kernel.vault.errors import VaultError
from safeconduct.kernel.vault.holder import holder

#: How long a region's key wraps (docs/security-inventory.md, *Cryptography*): the house's own time, and the longest.
REPLACED: Final = timedelta(days=366)
#: A page counts no further than this.
MOST_COUNTED: Final = 100_000
#: Receipts that a page names.
_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Status:
    """``version``: of the region's key, made at ``made_at`` (None: nobody knows); ``keys``: data keys, ``left``: those
    that an earlier version still wraps; ``restricted``: keys whose erasure waits for a ground; ``receipts`` of
    erasures, ``unshown``: those that are not in the file outside, ``unshown_since``: for the oldest of them.
    ``trouble``: what to do, each as a sentence.
    """

    root: str
    region: str
    version: int
    keys: int
    salts: int
    left: int
    other_roots: tuple[str, ...]
    restricted: int
    overdue: int
    receipts: int
    unshown: int
    unshown_since: datetime | None
    made_at: datetime | None
    trouble: tuple[str, ...]


def status() -> Status:
    """Looks at everything, and opens the region's key anew. Raises RootUnavailable. Counts all keys: not for pages."""
    root, *beside = holder().wrapping()
    regions.forget()
    newest = regions.newest()
    holder().check(newest)
    version = newest.version
    with engine_scope():
        row = query(
            "SELECT (SELECT count(*) FROM vault_key), (SELECT count(*) FROM vault_salt),"
            " (SELECT count(*) FROM vault_key k JOIN vault_region_key r ON r.version = k.region_version"
            "  WHERE r.superseded_at IS NOT NULL),"
            " (SELECT count(*) FROM vault_key WHERE erase_at IS NOT NULL)"
            " + (SELECT count(*) FROM vault_salt WHERE erase_at IS NOT NULL),"
            " (SELECT count(*) FROM vault_key WHERE erase_at < now() - interval '1 hour')"
            " + (SELECT count(*) FROM vault_salt WHERE erase_at < now() - interval '1 hour'),"
            " (SELECT count(*) FROM vault_receipt), count(*), min(at),"
            " (SELECT made_at FROM vault_region_key WHERE version = %s), now()"
            " FROM vault_receipt WHERE shown_at IS NULL",
            [version],
        ).fetchone()
        roots = query(
            "SELECT DISTINCT root FROM vault_region_wrap WHERE root <> ALL(%s) ORDER BY root",
            [[root, *beside]],
        )
        others = tuple(name for (name,) in roots)
    assert row is not None
    keys, salts, left, restricted, overdue, receipts, unshown, since, made_at, now = row
    trouble = []
    if made_at is None or made_at + REPLACED <= now:
        trouble.append(f"{_old(version, made_at)}: `safeconduct vault rotate` replaces it, while everything runs")
    if left:
        trouble.append(f"{left:,} keys are wrapped by an earlier version: `safeconduct vault rotate` finishes it")
    if others:
        trouble.append(
            f"keys are wrapped by {', '.join(others)} too: once every process has the new root, run"
            " `safeconduct vault rotate --root --finish`"
        )
    if overdue:
        trouble.append(f"{overdue:,} keys should be destroyed already: run `safeconduct serve` or `safeconduct work`")
    if unshown and erasures_file() is not None:
        trouble.append(f"{unshown:,} receipts are not in SAFECONDUCT_VAULT_ERASURES_FILE yet: is it writable?")
    if receipts and erasures_file() is None:
        trouble.append(
            "set SAFECONDUCT_VAULT_ERASURES_FILE: without receipts outside the database, an older backup brings back"
            " what was erased"
        )
    return Status(
        root, region(), version, keys, salts, left, others, restricted, overdue, receipts, unshown, since,
        made_at, tuple(trouble),
    )  # fmt: skip


def wraps_since() -> tuple[int, datetime | None] | None:
    """The version that wraps, and since when (None: nobody knows); None before the first key. In an engine scope."""
    row = query(
        "SELECT version, made_at FROM vault_region_key WHERE region = %s ORDER BY version DESC LIMIT 1", [region()]
    ).fetchone()
    return None if row is None else (int(row[0]), row[1])


def _old(version: int, made_at: datetime | None) -> str:
    return f"nobody knows since when region key {version} wraps" if made_at is None else (
        f"region key {version} wraps since {made_at:%Y-%m-%d}, and is replaced yearly"
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a region's key: since when the next one wraps instead (None: it wraps now), the roots that open it,
    by their names, and when it was made (None: nobody knows)."""

    version: int
    region: str
    superseded_at: datetime | None
    roots: tuple[str, ...]
    made_at: datetime | None

    def is_old(self, at: datetime) -> bool:
        """Whether it wraps for longer than a key should."""
        return self.superseded_at is None and (self.made_at is None or self.made_at + REPLACED <= at)


@dataclass(frozen=True, slots=True)
class Glance:
    """``keys``: about how many data keys there are; ``left``: those that an earlier version still wraps, and
    ``restricted``: those whose erasure waits for a ground, neither counted beyond `MOST_COUNTED`; ``receipts``: the
    latest erasures, by id and time; ``outside``: whether receipts are kept outside the database as well, and
    ``unshown`` how many are not there yet; ``root_keys``: root key files in use, by name, since when, retired when.
    ``problem``: why the root does not open the region's key; empty where it does.
    """

    root: str
    region: str
    versions: tuple[Version, ...]
    keys: int
    left: int
    restricted: int
    receipts: tuple[tuple[str, datetime], ...]
    outside: bool
    unshown: int
    root_keys: tuple[tuple[str, datetime, datetime | None], ...]
    problem: str


def glance() -> Glance:
    """What is quickly seen. The root is asked only where this process has not opened the region's key lately."""
    root, problem = root_address(), ""
    try:
        root = holder().wrapping()[0]
        holder().check(regions.newest(), anew=False)
    except VaultError as refused:
        problem = str(refused)
    with engine_scope():
        versions = query(
            "SELECT k.version, k.region, k.superseded_at,"
            " array_agg(w.root ORDER BY w.root) FILTER (WHERE w.root <> ''), k.made_at"
            " FROM vault_region_key k LEFT JOIN vault_region_wrap w ON w.version = k.version"
            " GROUP BY k.version ORDER BY k.version DESC LIMIT 20"
        ).fetchall()
        earlier = [version for version, _region, superseded_at, *_rest in versions if superseded_at is not None]
        row = query(
            "SELECT (SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'vault_key'::regclass),"
            " (SELECT count(*) FROM (SELECT FROM vault_key WHERE region_version = ANY(%s::integer[])"
            "  AND cardinality(%s::integer[]) > 0 LIMIT %s) l),"
            " (SELECT count(*) FROM (SELECT FROM vault_key WHERE erase_at IS NOT NULL LIMIT %s) k)"
            " + (SELECT count(*) FROM (SELECT FROM vault_salt WHERE erase_at IS NOT NULL LIMIT %s) s),"
            " (SELECT count(*) FROM (SELECT FROM vault_receipt WHERE shown_at IS NULL LIMIT %s) r)",
            [earlier, earlier, *[MOST_COUNTED] * 4],
        ).fetchone()
        receipts = query("SELECT id, at FROM vault_receipt ORDER BY id DESC LIMIT %s", [_NAMED]).fetchall()
        files = query("SELECT name, used_at, retired_at FROM root_key_use ORDER BY used_at DESC LIMIT 10").fetchall()
    assert row is not None
    keys, left, restricted, unshown = row
    found = tuple(Version(version, where, at, tuple(roots or ()), made) for version, where, at, roots, made in versions)
    return Glance(
        root, region(), found, keys, left, restricted, tuple(receipts), erasures_file() is not None, unshown,
        tuple(files), problem,
    )  # fmt: skip
