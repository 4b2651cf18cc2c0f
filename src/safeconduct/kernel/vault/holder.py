"""Who holds the keys: this process itself, or the key process behind a socket. The only place that decides it.

All use of keys goes through `holder()`; what stands below it are the questions that rooms ask most, one at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from safeconduct.kernel.vault.configuration import key_socket
from safeconduct.kernel.vault.key_types import Hashed
from safeconduct.kernel.vault.keyring import KeyUse


@lru_cache(maxsize=1)
def holder() -> KeyUse:
    """Whom to ask. With a key process, nothing of keys is loaded here."""
    socket = key_socket()
    if socket:
        from safeconduct.kernel.vault.key_client import KeyClient

        return KeyClient(socket)
    from safeconduct.kernel.vault.keyring import Keyring

    return Keyring()


def deployment() -> str:
    """Which deployment this is: bound into every sealed value. It follows from the first root key that there was, and
    stands in the root key file once that is replaced."""
    return holder().roots().deployment


def hashed(purpose: str, *messages: bytes) -> Hashed:
    """Keyed hashes (HMAC-SHA256) of messages for one purpose, under each root key there is."""
    return holder().hashes([(purpose, message) for message in messages])


def steady_hash(purpose: str, message: bytes) -> bytes:
    """A keyed hash under the root key that has served longest: for what may begin anew when that is retired, and must
    not change before."""
    return hashed(purpose, message).steady()


def steady_hashes(purpose: str, messages: Sequence[bytes]) -> list[bytes]:
    """The same of many messages, with one question."""
    found = hashed(purpose, *messages)
    return [found.steady(place) for place in range(len(messages))]
