"""The tree's hashes: SHA-256 with a prefix that keeps entries and inner nodes apart (RFC 9162, 2.1.1)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32
#: The root of the tree without entries: the hash of nothing.
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees, the earlier one left."""
    return sha256(b"\x01" + left + right).digest()


def fold(peaks: Sequence[bytes]) -> bytes:
    """The hash over perfect subtrees, the largest first: how a tree of any size is put together from them."""
    if not peaks:
        return EMPTY_ROOT
    total = peaks[-1]
    for peak in peaks[-2::-1]:
        total = node_hash(peak, total)
    return total


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The hash over 1, 2, 4, 8 … hashes."""
    level = list(hashes)
    while len(level) > 1:
        level = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level), 2)]
    return level[0]


def tree_root(hashes: Sequence[bytes]) -> bytes:
    """The root over the hashes of entries, any number of them."""
    return fold([perfect_root(hashes[start:end]) for start, end in perfect_spans(0, len(hashes))])


def perfect_spans(start: int, end: int) -> list[tuple[int, int]]:
    """A span of entries cut into perfect subtrees from left to right, the largest first."""
    spans = []
    while start < end:
        width = 1 << ((end - start).bit_length() - 1)
        spans.append((start, start + width))
        start += width
    return spans
