"""How the vault is, for commands and monitors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from safeconduct.kernel.scope import engine_scope, query
from safeconduct.kernel.vault import regions
from safeconduct.kernel.vault.configuration import erasures_file, region, root_address
from safeconduct.kernel.vault.roots import roots_at


@dataclass(frozen=True, slots=True)
class Status:
    """``version``: of the region's key; ``keys``: data keys, ``left``: those that an earlier version still wraps;
    ``restricted``: keys whose erasure waits for a ground; ``receipts`` of erasures, ``unshown``: those that are not in
    the file outside, ``unshown_since``: for the oldest of them. ``trouble``: what to do, each as a sentence.
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
    trouble: tuple[str, ...]


def status() -> Status:
    """Looks at everything, and opens the region's key anew. Raises RootUnavailable. Counts all keys: not for pages."""
    root, *beside = roots_at(root_address())
    regions.forget()
    version, _ = regions.newest()
    regions.secret_of(version, root, *beside)
    with engine_scope():
        row = query(
            "SELECT (SELECT count(*) FROM vault_key), (SELECT count(*) FROM vault_salt),"
            " (SELECT count(*) FROM vault_key k JOIN vault_region_key r ON r.version = k.region_version"
            "  WHERE r.superseded_at IS NOT NULL),"
            " (SELECT count(*) FROM vault_key WHERE erase_at IS NOT NULL)"
            " + (SELECT count(*) FROM vault_salt WHERE erase_at IS NOT NULL),"
            " (SELECT count(*) FROM vault_key WHERE erase_at < now() - interval '1 hour')"
            " + (SELECT count(*) FROM vault_salt WHERE erase_at < now() - interval '1 hour'),"
            " (SELECT count(*) FROM vault_receipt), count(*), min(at) FROM vault_receipt WHERE shown_at IS NULL"
        ).fetchone()
        roots = query(
            "SELECT DISTINCT root FROM vault_region_wrap WHERE root <> ALL(%s) ORDER BY root",
            [[root.name, *(one.name for one in beside)]],
        )
        others = tuple(name for (name,) in roots)
    assert row is not None
    keys, salts, left, restricted, overdue, receipts, unshown, since = row
    trouble = []
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
        root.name, region(), version, keys, salts, left, others, restricted, overdue, receipts, unshown, since,
        tuple(trouble),
    )  # fmt: skip
