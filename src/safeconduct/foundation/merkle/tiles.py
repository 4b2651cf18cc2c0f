"""Tiles: the tree cut into pieces of 256 hashes, so that appending and proving touch few rows (C2SP tlog-tiles).

A tile of level 0 holds the hashes of 256 entries; one of level 1 the roots of 256 tiles of level 0; and so on. A full
tile never changes. Hashes that do not fill a tile yet are the *edge*; together with the full tiles they are the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from safeconduct.foundation.merkle.hashing import HASH_BYTES, fold, perfect_root, perfect_spans
from safeconduct.foundation.merkle.proofs import Span

WIDTH = 256
#: How many bits of a number choose the place within a tile.
BITS = 8
_LEVELS = 8


class Tile(NamedTuple):
    """Which tile: level, number from the left, and how many hashes it holds (below `WIDTH`: partial)."""

    level: int
    number: int
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class FullTile:
    """A tile that has become full: its place, its hashes, and the root over them, which stands in the level above."""

    level: int
    number: int
    hashes: bytes
    root: bytes


@dataclass(slots=True)
class Edge:
    """The growing end of a tree: per level, the hashes that do not fill a tile yet."""

    size: int = 0
    levels: list[list[bytes]] = field(default_factory=list)

    def extend(self, leaves: Iterable[bytes]) -> list[FullTile]:
        """Appends hashes of entries; returns the tiles that this filled, lower levels first where they depend."""
        full: list[FullTile] = []
        for leaf in leaves:
            self.size += 1
            self._push(0, leaf, full)
        return full

    def root(self) -> bytes:
        """The root of the whole tree."""
        peaks = []
        for level in reversed(self.levels):
            peaks += [perfect_root(level[start:end]) for start, end in perfect_spans(0, len(level))]
        return fold(peaks)

    def _push(self, level: int, value: bytes, full: list[FullTile]) -> None:
        if level == len(self.levels):
            self.levels.append([])
        row = self.levels[level]
        row.append(value)
        if len(row) == WIDTH:
            root = perfect_root(row)
            number = (self.size >> (BITS * (level + 1))) - 1
            full.append(FullTile(level, number, b"".join(row), root))
            row.clear()
            self._push(level + 1, root, full)


def edge_tiles(size: int) -> list[Tile]:
    """The partial tiles of a tree, one for each level that has hashes beyond its last full tile."""
    found = []
    for level in range(_LEVELS):
        count = size >> (BITS * level)
        if not count:
            break
        if count % WIDTH:
            found.append(Tile(level, count // WIDTH, count % WIDTH))
    return found


def tiles_of(spans: Iterable[Span], size: int) -> set[Tile]:
    """The tiles from which the hashes of these spans of a tree can be computed."""
    found = set()
    for start, end in spans:
        for part in perfect_spans(start, end):
            level, first, _ = _place(part)
            number = first // WIDTH
            found.add(Tile(level, number, min(WIDTH, (size >> (BITS * level)) - number * WIDTH)))
    return found


def span_hash(span: Span, tiles: Mapping[tuple[int, int], bytes]) -> bytes:
    """The hash of a subtree from tiles by (level, number). Raises KeyError where one is missing."""
    peaks = []
    for part in perfect_spans(*span):
        level, first, count = _place(part)
        hashes = split_hashes(tiles[level, first // WIDTH])
        offset = first % WIDTH
        peaks.append(perfect_root(hashes[offset : offset + count]))
    return fold(peaks)


def split_hashes(data: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


def tile_path(tile: Tile, *, entries: bool = False) -> str:
    """Where a tile is published: ``tile/0/x001/067`` or ``tile/0/x001/067.p/5``; of entries: ``tile/entries/…``."""
    groups = [f"{tile.number % 1000:03d}"]
    rest = tile.number // 1000
    while rest:
        groups.insert(0, f"x{rest % 1000:03d}")
        rest //= 1000
    level = "entries" if entries else str(tile.level)
    partial = "" if tile.width == WIDTH else f".p/{tile.width}"
    return f"tile/{level}/{'/'.join(groups)}{partial}"


_NUMBER = re.compile(r"((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def parse_number(text: str) -> tuple[int, int] | None:
    """Number and width from the part of a path after the level; None where it is not spelled as `tile_path` does."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    number = int(match[1].replace("x", "").replace("/", ""))
    width = int(match[2]) if match[2] else WIDTH
    if match[2] and width >= WIDTH or tile_path(Tile(0, number, width)) != f"tile/0/{text}":
        return None
    return number, width


def bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as they are published: each after its length in two bytes. Raises ValueError above 65,535 bytes."""
    if any(len(entry) > 0xFFFF for entry in entries):
        raise ValueError("an entry has at most 65,535 bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def _place(span: Span) -> tuple[int, int, int]:
    """Of a perfect subtree: the level whose hashes it is made of, the first of them, and how many."""
    height = (span[1] - span[0]).bit_length() - 1
    level = height // BITS
    return level, span[0] >> (BITS * level), 1 << (height % BITS)
