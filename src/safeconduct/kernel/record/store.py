"""The log as it is stored: entries, tiles, checkpoints. Reading only; `sequencer` is the one that writes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from safeconduct.foundation.merkle.hashing import leaf_hash
from safeconduct.foundation.merkle.proofs import Span
from safeconduct.foundation.merkle.tiles import WIDTH, Edge, Tile, span_hash, tiles_of
from safeconduct.kernel.record.errors import NotRecorded, RecordBroken
from safeconduct.kernel.scope import query


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint: how many entries, the root over them, the signed note, and when it was signed."""

    size: int
    root: bytes
    note: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: its number from 0, what it is about, and the bytes that were hashed."""

    index: int
    kind: str
    subject: str
    data: bytes


def head(at_most: int | None = None) -> Head | None:
    """The newest checkpoint, or the newest of at most so many entries; None where there is none."""
    row = query(
        "SELECT size, root, note, signed_at FROM record_checkpoint WHERE size <= %s ORDER BY size DESC, key DESC"
        " LIMIT 1",
        [2**62 if at_most is None else at_most],
    ).fetchone()
    return None if row is None else Head(row[0], bytes(row[1]), row[2], row[3])


def entries(start: int, end: int) -> list[bytes]:
    """The bytes of these entries. Raises RecordBroken where one is missing."""
    rows = query("SELECT data FROM record_entry WHERE index >= %s AND index < %s ORDER BY index", [start, end])
    found = [bytes(data) for (data,) in rows]
    if len(found) != end - start:
        raise RecordBroken(f"of the entries {start} to {end - 1}, {end - start - len(found)} are missing")
    return found


def entries_about(subject: str) -> list[Entry]:
    """All entries about an id, the oldest first."""
    rows = query(
        "SELECT index, kind, subject, data FROM record_entry WHERE subject = %s ORDER BY index LIMIT 1000", [subject]
    )
    return [Entry(index, kind, about, bytes(data)) for index, kind, about, data in rows]


def entry(index: int) -> Entry:
    """The entry with this number. Raises NotRecorded."""
    row = query("SELECT index, kind, subject, data FROM record_entry WHERE index = %s", [index]).fetchone()
    if row is None:
        raise NotRecorded(f"the record has no entry {index}")
    return Entry(row[0], row[1], row[2], bytes(row[3]))


def edge(size: int) -> Edge:
    """The growing end of the tree of this size: at most 255 entries and 255 roots of tiles for each level above."""
    levels = [[leaf_hash(data) for data in entries(size - size % WIDTH, size)]] if size else []
    wanted: list[tuple[int, int, int]] = []
    above = size // WIDTH
    while above:
        wanted.append((len(wanted), above - above % WIDTH, above))
        above //= WIDTH
    if wanted:
        rows = query(
            "SELECT w.level, t.root FROM unnest(%b::int[], %b::bigint[], %b::bigint[]) AS w(level, low, high)"
            " JOIN record_tile t ON t.level = w.level AND t.number >= w.low AND t.number < w.high"
            " ORDER BY t.level, t.number",
            [list(column) for column in zip(*wanted, strict=True)],
        ).fetchall()
        for level, low, high in wanted:
            roots = [bytes(root) for of, root in rows if of == level]
            if len(roots) != high - low:
                raise RecordBroken(f"of the tiles {level}/{low} to {level}/{high - 1}, some are missing")
            levels.append(roots)
    return Edge(size, levels)


def tile(wanted: Tile) -> bytes:
    """The hashes of a tile, full or partial. Raises RecordBroken where something of it is missing."""
    return _tiles([wanted])[wanted.level, wanted.number]


def hashes(spans: Sequence[Span], size: int) -> list[bytes]:
    """The hashes of subtrees of the tree of this size."""
    stored = _tiles(tiles_of(spans, size))
    return [span_hash(span, stored) for span in spans]


def _tiles(wanted: Collection[Tile]) -> dict[tuple[int, int], bytes]:
    """Two statements, and one for the entries of a tile of level 0 that is not full."""
    found: dict[tuple[int, int], bytes] = {}
    full = [t for t in wanted if t.width == WIDTH]
    if full:
        rows = query(
            "SELECT t.level, t.number, t.hashes FROM unnest(%b::int[], %b::bigint[]) AS w(level, number)"
            " JOIN record_tile t ON t.level = w.level AND t.number = w.number",
            [[t.level for t in full], [t.number for t in full]],
        )
        found |= {(level, number): bytes(data) for level, number, data in rows}
    above = [t for t in wanted if t.width < WIDTH and t.level]
    if above:
        rows = query(
            "SELECT w.level, w.number, string_agg(t.root, ''::bytea ORDER BY t.number)"
            " FROM unnest(%b::int[], %b::bigint[], %b::int[]) AS w(level, number, width)"
            " JOIN record_tile t ON t.level = w.level - 1 AND t.number >= w.number * 256"
            "  AND t.number < w.number * 256 + w.width GROUP BY w.level, w.number",
            [[t.level for t in above], [t.number for t in above], [t.width for t in above]],
        )
        found |= {(level, number): bytes(data) for level, number, data in rows}
    for t in wanted:
        if t.level == 0 and t.width < WIDTH:
            start = t.number * WIDTH
            found[0, t.number] = b"".join(leaf_hash(data) for data in entries(start, start + t.width))
    for t in wanted:
        if len(found.get((t.level, t.number), b"")) != 32 * t.width:
            raise RecordBroken(f"tile {t.level}/{t.number} is missing or not whole")
    return found
