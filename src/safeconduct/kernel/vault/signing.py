"""Private keys that sign: sealed where they stand, and opened only by whoever holds the vault's keys."""

from __future__ import annotations

from dataclasses import dataclass

from safeconduct.kernel.vault import data_keys
from safeconduct.kernel.vault.holder import holder
from safeconduct.kernel.vault.key_types import Item
from safeconduct.kernel.vault.sealing import FORM_2, HEAD, Column, Place, bound_to, key_of


@dataclass(frozen=True, slots=True)
class SealedSigner:
    """A key that signs; ``public`` is its public half."""

    public: bytes
    sealed: Item

    def sign(self, message: bytes) -> bytes:
        """The signature of a message (Ed25519)."""
        return holder().sign(self.sealed, [message])[1][0]


def signing_pair(column: Column, row: str, subject: str) -> tuple[bytes, bytes]:
    """A new Ed25519 key for a place: its public half, and the private one sealed."""
    key = data_keys.keys_for([(subject, column.purpose)])[subject, column.purpose]
    public, sealed = holder().new_signer(Item(key, bound_to(column, row, subject), b""))
    return public, b"".join((FORM_2, key.id.to_bytes(8, "big"), sealed))


def signer(column: Column, place: Place, sealed: bytes) -> SealedSigner:
    """The key that was sealed for this place. Raises as `sealing.unseal` does."""
    item = Item(key_of(column, place.row, sealed), bound_to(column, *place), sealed[HEAD:])
    return SealedSigner(holder().sign(item, [])[0], item)
