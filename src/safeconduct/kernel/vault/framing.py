"""Several texts as one byte string that cannot be read in another way: each with its length before it."""

from __future__ import annotations


def framed(*parts: str) -> bytes:
    """What a cipher authenticates: `("a", "bc")` and `("ab", "c")` differ."""
    pieces = []
    for part in parts:
        data = part.encode()
        pieces.append(len(data).to_bytes(4, "big"))
        pieces.append(data)
    return b"".join(pieces)
