"""Keys: one root, from which each purpose derives its own.

The root comes from a file that only its owner may read (`key_file`). While it is being replaced there are two, and
whoever derives says which is meant: `purpose_key` makes what is new, `purpose_keys` opens and finds what either made,
and `steady_key` is for what may begin anew when the earlier key is retired, and must not change before.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from safeconduct.kernel.vault.key_file import KeyFileError as KeyFileError
from safeconduct.kernel.vault.key_file import RootKeys, derive, read_keys
from safeconduct.kernel.vault.key_file import create_key_file as create_key_file


@lru_cache(maxsize=1)
def root_keys() -> RootKeys:
    """The root keys of this deployment, from the file in the settings as it was when this process began."""
    from django.conf import settings

    return read_keys(Path(settings.ROOT_KEY_FILE))


def purpose_key(purpose: str) -> bytes:
    """The key of one purpose."""
    return purpose_keys(purpose)[0]


@lru_cache(maxsize=64)
def purpose_keys(purpose: str) -> tuple[bytes, ...]:
    """The key of one purpose from each root key there is, that of the one in use first."""
    return tuple(derive(key.secret, purpose) for key in root_keys().all)


@lru_cache(maxsize=64)
def earlier_key(purpose: str) -> bytes | None:
    """The key of one purpose from the root key that is being retired; None where none is."""
    earlier = root_keys().earlier
    return None if earlier is None else derive(earlier.secret, purpose)


@lru_cache(maxsize=64)
def steady_key(purpose: str) -> bytes:
    """The key of one purpose from the root key that has served longest."""
    return derive(root_keys().oldest.secret, purpose)


def forget() -> None:
    """Reads the file again."""
    for remembered in (root_keys, purpose_keys, earlier_key, steady_key):
        remembered.cache_clear()
