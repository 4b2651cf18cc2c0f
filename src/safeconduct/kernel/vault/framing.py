"""Several texts as one byte string that cannot be read in another way: each with its length before it."""

from __future__ import annotations


def framed(*parts: str) -> bytes:
    """What a cipher authenticates: `("a", "bc")` and `("ab", "c")` differ."""
    return b"".join([len(data).to_bytes(4, "big") + data for data in [part.encode() for part in parts]])
