"""Keys of regions: they wrap the data keys, and are wrapped by the root. Versions follow one another.

A process keeps the few it needs, opened, for at most `KEPT_S`: whoever takes a process's right at the root away takes
the keys away with it.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safeconduct.kernel.scope import apart, engine_statements, query
from safeconduct.kernel.vault.configuration import deployment, region, root_address
from safeconduct.kernel.vault.errors import RootUnavailable
from safeconduct.kernel.vault.roots import Root, root_at, roots_at

#: Seconds for which an opened key is kept in memory.
KEPT_S: Final = 600.0


def newest() -> tuple[int, AESGCM]:
    """Version and cipher of the key that wraps new data keys; makes the first one. Raises RootUnavailable."""
    _age()
    if _memory.newest is None:
        with engine_statements():
            row = query("SELECT max(version) FROM vault_region_key WHERE region = %s", [region()]).fetchone()
        _memory.newest = row[0] if row is not None and row[0] is not None else add()
    return _memory.newest, cipher(_memory.newest)


def cipher(version: int) -> AESGCM:
    """What a version wraps with. Raises RootUnavailable."""
    _age()
    found = _memory.ciphers.get(version)
    if found is None:
        found = _memory.ciphers[version] = AESGCM(secret_of(version, *roots_at(root_address())))
    return found


def secret_of(version: int, *roots: Root) -> bytes:
    """The key itself, opened by the first of these roots that wraps it. Raises RootUnavailable."""
    names = [root.name for root in roots]
    with engine_statements():
        rows = query(
            "SELECT k.region, w.root, w.sealed FROM vault_region_key k LEFT JOIN vault_region_wrap w"
            " ON w.version = k.version AND w.root = ANY(%s) WHERE k.version = %s"
            " ORDER BY array_position(%s::text[], w.root::text) LIMIT 1",
            [names, version, names],
        ).fetchall()
    if not rows:
        raise RootUnavailable(f"there is no region key {version}; was the key store left out of a restore?")
    ((name, by, sealed),) = rows
    if by is None:
        raise RootUnavailable(
            f"region key {version} is not wrapped by {' or '.join(names)}: run `safeconduct vault rotate --root` with"
            " SAFECONDUCT_VAULT_ROOT_BEFORE naming the root that wraps it; where a backup was restored that is older"
            " than the root key file, `safeconduct vault root-key bring-back` with the file of that time"
        )
    return roots[names.index(by)].unwrap(bytes(sealed), context(name, version))


def add() -> int:
    """Makes the next version for the region of the settings, and returns its number. Committed at once, so that no
    process ever wraps with a key that is rolled back. Raises RootUnavailable."""
    root = root_at(root_address())
    while True:
        found = apart("SELECT coalesce(max(version), 0) + 1 FROM vault_region_key")[0][0]
        wrapped = root.wrap(secrets.token_bytes(32), context(region(), found))
        made = apart(
            "WITH made AS (INSERT INTO vault_region_key (version, region, made_at) VALUES (%s, %s, now())"
            "  ON CONFLICT DO NOTHING RETURNING version)"
            " INSERT INTO vault_region_wrap (version, root, sealed) SELECT version, %s, %s FROM made RETURNING version",
            [found, region(), root.name, wrapped],
        )
        if made:
            return int(found)
        # Another process was faster: with the first key its key is as good, with a rotation the next number is ours.
        if found == 1:
            return 1


def context(name: str, version: int) -> str:
    """What the root binds a region's key to."""
    return f"{deployment()}/{name}/{version}"


def forget() -> None:
    """Drops what this process remembers."""
    _memory.since = time.monotonic()
    _memory.newest = None
    _memory.ciphers = {}


def _age() -> None:
    if time.monotonic() - _memory.since > KEPT_S:
        forget()


@dataclass(slots=True)
class _Memory:
    since: float = 0.0
    newest: int | None = None
    ciphers: dict[int, AESGCM] = field(default_factory=dict)


_memory = _Memory()
