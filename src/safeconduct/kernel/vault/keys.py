"""Keys: one root, from which each purpose derives its own.

The root comes from a file that only its owner may read (`key_file`). While it is being replaced there are two: the
first makes what is new, either opens and finds what it made. Only whoever holds the keys (`keyring`), and the commands
that write the file, come here; everybody else asks `holder`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from safeconduct.kernel.vault.configuration import key_socket
from safeconduct.kernel.vault.key_file import KeyFileError as KeyFileError
from safeconduct.kernel.vault.key_file import RootKeys, read_keys
from safeconduct.kernel.vault.key_file import create_key_file as create_key_file
from safeconduct.kernel.vault.key_types import Roots
from safeconduct.kernel.vault.signed_keys import derived


@lru_cache(maxsize=1)
def root_keys() -> RootKeys:
    """The root keys of this deployment, from the file in the settings as it was when this process began. Raises
    KeyFileError where a key process has them."""
    from django.conf import settings

    if key_socket():
        raise KeyFileError(
            "the key process holds the root key: do this where its file is, without SAFECONDUCT_KEY_SOCKET"
        )
    return read_keys(Path(settings.ROOT_KEY_FILE))


@lru_cache(maxsize=1)
def root_names() -> Roots:
    """The root keys by name."""
    keys = root_keys()
    return Roots(
        keys.deployment, tuple(key.name for key in keys.all), None if keys.next is None else keys.next.name,
        None if keys.earlier is None else keys.earlier.name,
    )  # fmt: skip


@lru_cache(maxsize=64)
def purpose_keys(purpose: str) -> tuple[bytes, ...]:
    """The key of one purpose from each root key there is, that of the one in use first."""
    return tuple(derived(key.secret, purpose) for key in root_keys().all)


def purpose_key(purpose: str) -> bytes:
    """The key of one purpose."""
    return purpose_keys(purpose)[0]


def forget() -> None:
    """Reads the file again."""
    for remembered in (root_keys, root_names, purpose_keys):
        remembered.cache_clear()
