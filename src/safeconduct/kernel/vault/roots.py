"""The root: what wraps the keys of the regions, and nothing else. It is asked a few times an hour, never for a value.

Three kinds stand behind one small interface: a key in a file, the transit engine of OpenBao or HashiCorp Vault, and AWS
KMS (`remote_roots`). Each wrapped key remembers by name which root wrapped it, so that two roots can serve side by side
while one replaces the other.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safeconduct.kernel.vault.configuration import credentials_file
from safeconduct.kernel.vault.errors import RootUnavailable, VaultError
from safeconduct.kernel.vault.key_file import KeyFileError, RootKey, derive, read_keys
from safeconduct.kernel.vault.keys import root_keys

_NONCE_BYTES: Final = 12


class Root(Protocol):
    """Wraps and unwraps 32 bytes, bound to a context. Both raise RootUnavailable; the message holds no secret."""

    @property
    def name(self) -> str:
        """Which root this is. No secret; it stands beside what the root wrapped."""

    def wrap(self, plain: bytes, context: str) -> bytes:
        """The wrapped bytes."""

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The bytes that `wrap` was given with the same context."""


class KeyRoot:
    """A root that this process holds itself: 32 bytes from a file."""

    def __init__(self, key: RootKey) -> None:
        self._cipher = AESGCM(derive(key.secret, "vault/root"))
        self.name: str = key.name

    def wrap(self, plain: bytes, context: str) -> bytes:
        """The wrapped bytes."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The bytes that `wrap` was given with the same context."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context.encode())
        except InvalidTag:
            raise RootUnavailable(f"what {self.name} wrapped for {context} does not open: it was changed") from None


def roots_at(address: str) -> tuple[Root, ...]:
    """The root of an address, and behind it what else opens there: a root key file may hold two keys.

    Raises as `root_at` does.
    """
    first = root_at(address)
    if not isinstance(first, KeyRoot):
        return (first,)
    keys = read_keys(Path(address.partition(":")[2])) if address else root_keys()
    return (first, *(KeyRoot(key) for key in keys.all[1:]))


def root_at(address: str) -> Root:
    """The root of an address: empty for the root key file, ``file:PATH``, ``transit:URL/MOUNT/KEY`` or
    ``aws-kms:REGION/KEY``, with ``@URL`` behind it where the service is reached by another address.

    Raises VaultError for an address that cannot be read, RootUnavailable for a file that is not there.
    """
    kind, _, rest = address.partition(":")
    try:
        if not address:
            return KeyRoot(root_keys().current)
        if kind == "file" and rest:
            return KeyRoot(read_keys(Path(rest)).current)
    except KeyFileError as problem:
        raise RootUnavailable(str(problem)) from None
    if kind in {"transit", "aws-kms"}:
        from safeconduct.kernel.vault.remote_roots import aws_kms_at, transit_at

        made = transit_at if kind == "transit" else aws_kms_at
        return made(rest, credentials_file())
    raise VaultError(
        f"{address!r} is no root; it can be empty (the root key file), file:PATH, transit:URL/MOUNT/KEY or"
        " aws-kms:REGION/KEY"
    )
