"""What is said about keys, between those who use them and whoever holds them: names and wrapped keys, never a key.

They are of msgspec, because with a key process they travel over a socket (`key_messages`).
"""

from __future__ import annotations

import msgspec


class Roots(msgspec.Struct, frozen=True, array_like=True):
    """The root keys there are, by name, that in use first; and which deployment this is."""

    deployment: str
    names: tuple[str, ...]
    next: str | None = None
    earlier: str | None = None

    @property
    def current(self) -> str:
        """The key that makes what is new."""
        return self.names[0]


class Region(msgspec.Struct, frozen=True, array_like=True):
    """A version of a region's key, with what each root made of it: the root's name, and the wrapped key."""

    name: str
    version: int
    wraps: tuple[tuple[str, bytes], ...] = ()


class DataKey(msgspec.Struct, frozen=True, array_like=True):
    """A data key as its row has it. Its number stands in every value that it seals."""

    id: int
    subject: str
    purpose: str
    region: Region
    wrapped: bytes


class Item(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One value: under which key, what is authenticated with it, the bytes. With ``salt``, under the key that is
    derived from that key and the salt."""

    key: DataKey
    bound: bytes
    data: bytes
    salt: bytes = b""


class Hashed(msgspec.Struct, frozen=True, array_like=True):
    """Keyed hashes of messages, each under every root key there is; and which those are, in the same order."""

    roots: Roots
    digests: list[tuple[bytes, ...]]

    def steady(self, place: int = 0) -> bytes:
        """The hash of one message under the root key that has served longest: it does not change before that key is
        retired."""
        return self.digests[place][0 if self.roots.earlier is None else -1]

    def earlier(self, place: int = 0) -> bytes | None:
        """The hash under the root key that is being retired; None where none is."""
        return None if self.roots.earlier is None else self.digests[place][-1]
