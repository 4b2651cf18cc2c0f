"""Keys: one root, from which each purpose derives its own.

The root comes from a file of 32 bytes in hex that only its owner may read. Purposes are separated with HKDF-SHA256
(RFC 5869), so that a key of one purpose says nothing about another.
"""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class KeyFileError(RuntimeError):
    """The root key cannot be used; the message names the file and the way out."""


def create_key_file(path: Path) -> None:
    """Writes a new root key, readable by its owner only. Raises KeyFileError where a file stands there already."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyFileError(
            f"{path} exists; a root key is never overwritten, because all that it sealed would be lost"
        ) from None
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")


def read_key_file(path: Path) -> bytes:
    """The root key. Raises KeyFileError where the file is missing or is not 64 hexadecimal digits."""
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        raise KeyFileError(f"there is no root key at {path}; create it with `safeconduct keys create`") from None
    try:
        root = bytes.fromhex(text)
    except ValueError:
        root = b""
    if len(root) != 32:
        raise KeyFileError(f"{path} must hold 64 hexadecimal digits (32 bytes) and nothing else")
    return root


def derive(root: bytes, purpose: str, length: int = 32) -> bytes:
    """The key of one purpose."""
    return HKDF(algorithm=SHA256(), length=length, salt=b"safeconduct", info=purpose.encode()).derive(root)


@lru_cache(maxsize=1)
def root_key() -> bytes:
    """The root key of this deployment, from the file in the settings."""
    from django.conf import settings

    return read_key_file(Path(settings.ROOT_KEY_FILE))


@lru_cache(maxsize=64)
def purpose_key(purpose: str) -> bytes:
    """The key of one purpose, from the deployment's root."""
    return derive(root_key(), purpose)
