"""Keyed hashes under secrets that are sealed in the database: whoever holds the keys opens the secret, and gives out
hashes alone. So are webhooks signed, and one-time passwords and recovery codes checked."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from safeconduct.kernel.vault.errors import KeyUseRefused


class Kind(NamedTuple):
    """``purpose``: of the data key that seals such secrets; ``hashed``: takes a secret, as it is sealed, and a message.
    Raises ValueError for what is no such secret."""

    purpose: str
    hashed: Callable[[bytes, bytes], bytes]


def _webhook(secret: bytes, message: bytes) -> bytes:
    return hmac.digest(secret, message, "sha256")


def _one_time_password(secret: bytes, message: bytes) -> bytes:
    """RFC 4226, section 5.3; allauth keeps a seed in base 32."""
    return hmac.digest(base64.b32decode(secret, casefold=True), message, "sha1")


def _recovery_code(secret: bytes, message: bytes) -> bytes:
    return hmac.digest(bytes.fromhex(secret.decode()), message, "sha256")


KINDS: Final[Mapping[str, Kind]] = {
    "webhook": Kind("webhook", _webhook),
    "one-time password": Kind("factor", _one_time_password),
    "recovery code": Kind("factor", _recovery_code),
}


def kind_of(name: str, purpose: str) -> Kind:
    """The kind of this name, for a secret that is sealed for this purpose. Raises KeyUseRefused."""
    found = KINDS.get(name)
    if found is None or found.purpose != purpose:
        raise KeyUseRefused("no keyed hash of that kind is made with a secret of that purpose")
    return found


def all_hashed(kind: Kind, secret: bytes, messages: Sequence[bytes]) -> list[bytes]:
    """The hashes of messages under one secret. Raises ValueError as `Kind.hashed` does."""
    return [kind.hashed(secret, message) for message in messages]
