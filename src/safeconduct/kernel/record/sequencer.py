"""The sequencer: from the outbox into the log, one at a time, and a signature under the whole.

A business transaction writes a leaf beside what it does (`models.Leaf`). The sequencer takes the leaves that are
committed, by rising id, gives them the next numbers, appends them with a commitment to what they are about, and signs a
checkpoint: all in one transaction, so that a process killed at any line leaves the log as it was. What commits later
with a smaller id comes later in the log.

A commitment is computed here and not on the hot path. Nothing is lost by that: a leaf that waits is not signed yet,
so whoever could change its business row could change the leaf as well.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from safeconduct.foundation.canonical_json import canonical
from safeconduct.foundation.merkle.hashing import leaf_hash
from safeconduct.foundation.merkle.tiles import Edge, FullTile
from safeconduct.foundation.signed_note import Checkpoint, VerifierKey, sign
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.record import keys, publishing, store
from safeconduct.kernel.record.commitments import SALT_BYTES, commitment, plain, stamp
from safeconduct.kernel.record.configuration import BATCH
from safeconduct.kernel.record.errors import RecordBroken
from safeconduct.kernel.record.subjects import Content, contents
from safeconduct.kernel.scope import engine_scope, query

#: The advisory lock of whoever appends.
#: Version of the form of an entry.
FORM = 1


class Waiting(NamedTuple):
    """A leaf in the outbox."""

    id: int
    kind: str
    subject: str
    body: dict[str, Any]
    at: datetime


def sequence(limit: int = BATCH, *, now: datetime) -> int:
    """Appends up to so many waiting leaves and signs a checkpoint; returns how many. One transaction.

    0 also where another process is doing it. Raises RecordBroken where the stored log is not the one that was signed:
    nothing is appended then.
    """
    with engine_scope():
        if not _locked(wait=False):
            return 0
        waiting = [
            Waiting(*row)
            for row in query("SELECT id, kind, subject, body, created_at FROM leaf ORDER BY id LIMIT %s", [limit])
        ]
        if not waiting:
            return 0
        edge = signed_edge()
        first = edge.size
        lines, salts, kept = _lines(waiting)
        tiles = edge.extend(leaf_hash(line) for line in lines)
        _store(first, waiting, lines, salts, kept)
        _store_tiles(tiles)
        query("DELETE FROM leaf WHERE id = ANY(%b::bigint[])", [[leaf.id for leaf in waiting]])
        _sign(edge, now)
        return len(waiting)


def keep_up(now: datetime, *, within_s: float = 2.0) -> int:
    """Appends what waits, for at most so long, and shows the newest checkpoint to whom the settings name.

    For the periodic jobs of a lane; any number of processes may do it at once. Returns how many leaves were appended.
    """
    started = time.monotonic()
    done = 0
    while True:
        appended = sequence(now=now)
        done += appended
        if appended < BATCH or time.monotonic() - started > within_s:
            break
    publishing.publish(now)
    return done


def rotate(*, now: datetime) -> VerifierKey:
    """Makes a new key, vouched for by the present one, and signs the log as it is with it. The old stays valid for
    what it signed.
    """
    with engine_scope():
        _locked(wait=True)
        made = keys.add_next(now=now)
        edge = signed_edge()
        if edge.size:
            _sign(edge, now)
        query(
            "INSERT INTO leaf (kind, subject, body, created_at) VALUES ('record_key', %s, %s::jsonb, %s)",
            [f"key-{made.number}", json.dumps({"key": str(made.verifier)}), now],
        )
        return made.verifier


def waiting(now: datetime) -> tuple[int, float]:
    """How many leaves wait (counted up to 100,000), and for how many seconds the oldest of them has."""
    with engine_scope():
        row = query(
            "SELECT count(*), min(created_at) FROM (SELECT created_at FROM leaf ORDER BY id LIMIT 100000) AS l"
        ).fetchone()
    assert row is not None
    return int(row[0]), 0.0 if row[1] is None else max(0.0, (now - row[1]).total_seconds())


def signed_edge() -> Edge:
    """The growing end of the log, checked against the newest checkpoint. Raises RecordBroken where they differ."""
    newest = store.head()
    row = query("SELECT index FROM record_entry ORDER BY index DESC LIMIT 1").fetchone()
    stored, signed = 0 if row is None else row[0] + 1, 0 if newest is None else newest.size
    if stored != signed:
        raise RecordBroken(f"the log holds {stored} entries, but {signed} are signed")
    edge = store.edge(signed)
    if newest is not None and edge.root() != newest.root:
        raise RecordBroken(f"the root over the stored {signed} entries is not the one that was signed")
    return edge


def line_of(leaf: Waiting, commit: str, content: Content | None) -> bytes:
    """The bytes of an entry."""
    line: dict[str, Any] = {
        "v": FORM, "at": stamp(leaf.at), "kind": leaf.kind, "subject": leaf.subject, "commit": commit,
    }  # fmt: skip
    if content is not None:
        line |= {"act": content.act, "ver": content.ver}
    return canonical(line)


def _lines(waiting: Sequence[Waiting]) -> tuple[list[bytes], list[bytes], list[bool]]:
    """Entries, salts, and whether the leaf's body is kept, because the entry is about no registered business row."""
    wanted: dict[str, list[str]] = {}
    for leaf in waiting:
        wanted.setdefault(leaf.kind, []).append(leaf.subject)
    found = contents(wanted)
    noise = os.urandom(SALT_BYTES * len(waiting))
    lines, salts, kept = [], [], []
    for place, leaf in enumerate(waiting):
        content = found.get((leaf.kind, leaf.subject))
        salt = noise[place * SALT_BYTES : (place + 1) * SALT_BYTES]
        if content is None:
            commit = commitment(salt, plain(leaf.body))
        else:
            commit = commitment(salt, content.shown, content.withheld)
        lines.append(line_of(leaf, commit, content))
        salts.append(salt)
        kept.append(content is None)
    return lines, salts, kept


def _locked(*, wait: bool) -> bool:
    if wait:
        query("SELECT pg_advisory_xact_lock(%s)", [Lock.RECORD])
        return True
    row = query("SELECT pg_try_advisory_xact_lock(%s)", [Lock.RECORD]).fetchone()
    return row is not None and bool(row[0])


def _store(first: int, waiting: Sequence[Waiting], lines: list[bytes], salts: list[bytes], kept: list[bool]) -> None:
    written = query(
        "WITH given AS MATERIALIZED (SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::bytea[], %b::bytea[],"
        "  %b::boolean[]) AS g(index, leaf, data, salt, kept)),"
        " entries AS (INSERT INTO record_entry (index, leaf, kind, subject, data)"
        "  SELECT g.index, g.leaf, l.kind, l.subject, g.data FROM given g JOIN leaf l ON l.id = g.leaf)"
        " INSERT INTO record_detail (index, salt, body)"
        " SELECT g.index, g.salt, CASE WHEN g.kept THEN l.body END FROM given g JOIN leaf l ON l.id = g.leaf",
        [list(range(first, first + len(waiting))), [leaf.id for leaf in waiting], lines, salts, kept],
    ).rowcount
    if written != len(waiting):
        raise RecordBroken(f"of {len(waiting)} leaves, {len(waiting) - written} were gone when they were appended")


def _store_tiles(tiles: Sequence[FullTile]) -> None:
    if tiles:
        query(
            "INSERT INTO record_tile (level, number, root, hashes)"
            " SELECT * FROM unnest(%b::smallint[], %b::bigint[], %b::bytea[], %b::bytea[])",
            [
                [tile.level for tile in tiles], [tile.number for tile in tiles], [tile.root for tile in tiles],
                [tile.hashes for tile in tiles],
            ],
        )  # fmt: skip


def _sign(edge: Edge, now: datetime) -> None:
    number, name, private = keys.signing_key(now=now)
    checkpoint = Checkpoint(name, edge.size, edge.root())
    query(
        "INSERT INTO record_checkpoint (size, key, root, note, signed_at) VALUES (%s, %s, %s, %s, %s)",
        [edge.size, number, checkpoint.root, str(sign(str(checkpoint), name, private)), now],
    )
