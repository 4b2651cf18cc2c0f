"""Showing checkpoints to others: a file elsewhere, and witnesses that sign what they saw (C2SP tlog-witness).

Without somebody outside who remembers a checkpoint, a log that was rewound and written anew cannot be noticed:
everything inside it would fit. One line in a file on another machine is enough to notice.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx

from safeconduct.foundation.merkle.proofs import consistency_spans
from safeconduct.foundation.signed_note import Note, NoteRefused, signature_line
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.record import store
from safeconduct.kernel.record.commitments import stamp
from safeconduct.kernel.record.configuration import Witness, checkpoint_file, witnesses
from safeconduct.kernel.record.store import Head
from safeconduct.kernel.scope import engine_scope, query

#: How often a checkpoint is shown outside.
EVERY_S = 60.0
FILE = "file"
_TIMEOUT_S = 10.0
_LARGEST_ANSWER = 64_000
_tried: dict[str, float] = {}

logger = logging.getLogger(__name__)


def publish(now: datetime, *, every_s: float = EVERY_S) -> list[str]:
    """Shows the newest checkpoint to each place that has not seen it, at most once a minute; returns to whom.

    What fails is written to the log and tried again; nothing waits for it.
    """
    shown = []
    path = checkpoint_file()
    if path is not None and _due(FILE, every_s) and _show(FILE, now, partial(_append, path)):
        shown.append(FILE)
    for witness in witnesses():
        place = witness.key.name
        if _due(place, every_s) and _show(place, now, partial(_ask, witness)):
            shown.append(place)
    return shown


def with_witnesses(head: Head) -> Note:
    """A checkpoint with the signatures of the witnesses that saw it."""
    note = Note.parse(head.note)
    rows = query("SELECT line FROM record_seen WHERE size = %s AND line <> '' ORDER BY place", [head.size])
    return note.with_lines(signature_line(line) for (line,) in rows)


#: Hops from place to place over the index: there is a row a minute for each, and few places.
_LAST_SEEN = """
WITH RECURSIVE places AS (
    (SELECT place FROM record_seen ORDER BY place LIMIT 1)
    UNION ALL
    SELECT (SELECT s.place FROM record_seen s WHERE s.place > p.place ORDER BY s.place LIMIT 1)
    FROM places p WHERE p.place IS NOT NULL
)
SELECT p.place, s.size, s.seen_at FROM places p CROSS JOIN LATERAL (
    SELECT size, seen_at FROM record_seen WHERE place = p.place ORDER BY size DESC LIMIT 1
) AS s ORDER BY p.place
"""


def last_seen() -> list[tuple[str, int, datetime]]:
    """Who outside has seen which size last, and when."""
    rows = query(_LAST_SEEN)
    return [(place, size, at) for place, size, at in rows]


def seen_size(place: str) -> int:
    """The largest size that this place has seen; 0 where it has seen none."""
    row = query("SELECT coalesce(max(size), 0) FROM record_seen WHERE place = %s", [place]).fetchone()
    assert row is not None
    return int(row[0])


def _due(place: str, every_s: float) -> bool:
    if time.monotonic() - _tried.get(place, float("-inf")) < every_s:
        return False
    _tried[place] = time.monotonic()
    return True


def _show(place: str, now: datetime, act: Callable[[Head], str]) -> bool:
    try:
        with engine_scope():
            row = query("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [Lock.WITNESSES, place]).fetchone()
            head = store.head()
            if row is None or not row[0] or head is None or seen_size(place) >= head.size:
                return False
            line = act(head)
            query(
                "INSERT INTO record_seen (place, size, line, seen_at) VALUES (%s, %s, %s, %s)",
                [place, head.size, line, now],
            )
            return True
    except (OSError, httpx.HTTPError, NoteRefused) as problem:
        logger.warning("%s was not shown the checkpoint (%s); it will be tried again", place, problem)
        return False


def _append(path: Path, head: Head) -> str:
    """One line of JSON at the end of the file, on the disk when this returns."""
    line = json.dumps({"at": stamp(head.signed_at), "checkpoint": head.note}, ensure_ascii=False)
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
    return ""


def _ask(witness: Witness, head: Head) -> str:
    """A witness's signature line for this checkpoint. Raises NoteRefused where it is not one of its key."""
    old = seen_size(witness.key.name)
    answer = _post(witness, old, head)
    if answer.status_code == 409 and answer.text.strip().isdigit() and int(answer.text) <= head.size:
        answer = _post(witness, int(answer.text), head)
    answer.raise_for_status()
    text = Note.parse(head.note).text
    lines = [signature_line(line) for line in answer.text[:_LARGEST_ANSWER].splitlines() if line]
    ours = [line for line in lines if (line.name, line.id) == (witness.key.name, witness.key.id)]
    Note(text, tuple(ours)).verified([witness.key])
    return str(ours[0])


def _post(witness: Witness, old: int, head: Head) -> httpx.Response:
    body = f"old {old}\n" + "".join(f"{line}\n" for line in _proof(old, head.size)) + "\n" + head.note
    return httpx.post(
        f"{witness.url}/add-checkpoint", content=body.encode(), timeout=_TIMEOUT_S, follow_redirects=False
    )


def _proof(old: int, new: int) -> Sequence[str]:
    if old == 0 or old == new:
        return ()
    return [base64.b64encode(part).decode() for part in store.hashes(consistency_spans(old, new), new)]
