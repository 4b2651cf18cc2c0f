"""Sealed bytes: AES-256-GCM bound to where they stand.

A sealed value is one version byte, a 96-bit random nonce, and the ciphertext with its tag. The place (table, column,
row) is authenticated with it, so a ciphertext that is moved to another row does not open.
"""

from __future__ import annotations

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safeconduct.kernel.vault.keys import purpose_key

_VERSION = b"\x01"
#: Version, nonce and tag: nothing shorter was ever sealed.
_SHORTEST = 1 + 12 + 16


class SealBroken(RuntimeError):
    """Sealed bytes that do not open here: another key, another place, or a changed byte."""


@lru_cache(maxsize=64)
def _cipher(purpose: str) -> AESGCM:
    return AESGCM(purpose_key("seal/" + purpose))


def seal(purpose: str, place: str, plain: bytes) -> bytes:
    """Seals bytes for one purpose and place."""
    nonce = os.urandom(12)
    return _VERSION + nonce + _cipher(purpose).encrypt(nonce, plain, place.encode())


def unseal(purpose: str, place: str, sealed: bytes) -> bytes:
    """Opens what `seal` made for the same purpose and place. Raises SealBroken otherwise."""
    if sealed[:1] != _VERSION:
        raise SealBroken(f"sealed bytes of an unknown version at {place}")
    if len(sealed) < _SHORTEST:
        raise SealBroken(f"sealed bytes at {place} do not open: cut short")
    try:
        return _cipher(purpose).decrypt(sealed[1:13], sealed[13:], place.encode())
    except InvalidTag:
        raise SealBroken(f"sealed bytes at {place} do not open: moved, changed, or sealed with another key") from None
