"""What a proof consists of, and how it is checked (RFC 9162, 2.1.3 and 2.1.4).

To make one, ask which spans of entries it needs the hashes of (`inclusion_spans`, `consistency_spans`), and look them
up; `merkle.tiles` does that from stored tiles. To check one, nothing is needed but the proof and the roots.
"""

from __future__ import annotations

from collections.abc import Sequence

from safeconduct.foundation.merkle.hashing import HASH_BYTES, node_hash

#: Entries from (including) until (excluding): always a subtree of the tree.
Span = tuple[int, int]


class ProofRefused(ValueError):
    """A proof does not prove what it is held against; the message says in what."""


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The subtrees whose hashes prove that entry ``index`` is in the tree of ``size``, from the entry to the root."""
    if not 0 <= index < size:
        raise ValueError(f"entry {index} is not in a tree of {size}")
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """The subtrees whose hashes prove that the tree of ``new`` begins with the tree of ``old``.

    Raises ValueError where ``old`` is 0: every tree begins with nothing, so there is nothing to prove.
    """
    if not 0 < old <= new:
        raise ValueError(f"a consistency proof leads from a size of at least 1 to one as large: not {old} to {new}")
    spans: list[Span] = []
    start, end, whole = 0, new, True
    while old < end:
        middle = start + _split(end - start)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start, whole = middle, False
    if not whole:
        spans.append((start, end))
    return spans[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Checks that the entry with this hash is number ``index`` in the tree with this root. Raises ProofRefused."""
    if not 0 <= index < size:
        raise ProofRefused(f"entry {index} is not in a tree of {size}")
    _expect_hashes([leaf, *proof, root])
    first, last, total = index, size - 1, leaf
    for part in proof:
        if last == 0:
            raise ProofRefused("the proof is longer than the tree is high")
        if first & 1 or first == last:
            total = node_hash(part, total)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            total = node_hash(total, part)
        first, last = first >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the proof is shorter than the tree is high")
    if total != root:
        raise ProofRefused("the proof leads to another root: the entry is not in this tree at this place")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Checks that the tree of ``new`` begins with the tree of ``old``. Raises ProofRefused, also for ``old`` 0."""
    if not 0 < old <= new:
        raise ProofRefused(f"nothing is proved from size {old} to {new}")
    _expect_hashes([old_root, new_root, *proof])
    if old == new:
        if proof or old_root != new_root:
            raise ProofRefused("two trees of one size must have one root, and need no proof")
        return
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        raise ProofRefused("the proof is empty")
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    before = after = path[0]
    for part in path[1:]:
        if last == 0:
            raise ProofRefused("the proof is longer than the tree is high")
        if first & 1 or first == last:
            before, after = node_hash(part, before), node_hash(part, after)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            after = node_hash(after, part)
        first, last = first >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the proof is shorter than the tree is high")
    if before != old_root:
        raise ProofRefused("the proof does not lead to the earlier root")
    if after != new_root:
        raise ProofRefused("the proof does not lead to the later root: the later tree does not begin with the earlier")


def _split(count: int) -> int:
    """The largest power of two below the count."""
    return 1 << ((count - 1).bit_length() - 1)


def _expect_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofRefused(f"a hash has {HASH_BYTES} bytes")
