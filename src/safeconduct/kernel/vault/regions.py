"""Keys of regions: they wrap the data keys, and are wrapped by the root. Versions follow one another.

A process remembers for at most `KEPT_S` how they are wrapped; whoever holds the keys (`holder`) keeps them opened as
long at most: whoever takes its right at the root away takes the keys away with it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from safeconduct.kernel.scope import apart, engine_statements, query
from safeconduct.kernel.vault.configuration import region
from safeconduct.kernel.vault.errors import RootUnavailable
from safeconduct.kernel.vault.holder import holder
from safeconduct.kernel.vault.key_types import Region
from safeconduct.kernel.vault.keyring import REGIONS_KEPT_S

#: Seconds for which a region's key is remembered.
KEPT_S: Final = REGIONS_KEPT_S


def newest() -> Region:
    """The key that wraps new data keys; makes the first one. Raises RootUnavailable."""
    _age()
    if _memory.newest is None:
        with engine_statements():
            row = query("SELECT max(version) FROM vault_region_key WHERE region = %s", [region()]).fetchone()
        _memory.newest = row[0] if row is not None and row[0] is not None else add()
    return known(_memory.newest)


def known(version: int) -> Region:
    """A version, as the roots wrap it. Raises RootUnavailable where there is none."""
    _age()
    found = _memory.regions.get(version)
    if found is None:
        found = _memory.regions[version] = stored(version)
    return found


def stored(version: int) -> Region:
    """A version as the database has it now. Raises RootUnavailable where there is none."""
    with engine_statements():
        rows = query(
            "SELECT k.region, w.root, w.sealed FROM vault_region_key k LEFT JOIN vault_region_wrap w"
            " ON w.version = k.version WHERE k.version = %s ORDER BY w.root",
            [version],
        ).fetchall()
    if not rows:
        raise RootUnavailable(f"there is no region key {version}; was the key store left out of a restore?")
    return Region(rows[0][0], version, tuple((root, bytes(sealed)) for _, root, sealed in rows if root is not None))


def add() -> int:
    """Makes the next version for the region of the settings, and returns its number. Committed at once, so that no
    process ever wraps with a key that is rolled back. Raises RootUnavailable."""
    while True:
        found = apart("SELECT coalesce(max(version), 0) + 1 FROM vault_region_key")[0][0]
        root, wrapped = holder().new_region(region(), found)
        made = apart(
            "WITH made AS (INSERT INTO vault_region_key (version, region, made_at) VALUES (%s, %s, now())"
            "  ON CONFLICT DO NOTHING RETURNING version)"
            " INSERT INTO vault_region_wrap (version, root, sealed) SELECT version, %s, %s FROM made RETURNING version",
            [found, region(), root, wrapped],
        )
        if made:
            return int(found)
        # Another process was faster: with the first key its key is as good, with a rotation the next number is ours.
        if found == 1:
            return 1


def forget() -> None:
    """Drops what this process remembers."""
    _memory.since = time.monotonic()
    _memory.newest = None
    _memory.regions = {}
    holder().drop(regions=True)


def _age() -> None:
    if time.monotonic() - _memory.since > KEPT_S:
        forget()


@dataclass(slots=True)
class _Memory:
    since: float = 0.0
    newest: int | None = None
    regions: dict[int, Region] = field(default_factory=dict)


_memory = _Memory()
