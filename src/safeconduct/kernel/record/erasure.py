"""Erasing content from under the record: the salt is destroyed, the entry stays and says nothing any more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from safeconduct.kernel.locks import Lock
from safeconduct.kernel.record import sequencer
from safeconduct.kernel.scope import engine_scope, query

#: Kind of the entry that says a salt was destroyed on purpose; its subject is the erased entry's.
ERASED = "erased"


def erase(subjects: Sequence[str], *, now: datetime) -> int:
    """Destroys the salts of all entries about these ids, and records that; returns how many entries that were.

    The caller erases the business rows in the same scope. Without the entry that is made here, `verify` reports a
    missing salt as tampering.
    """
    with engine_scope():
        query("SELECT pg_advisory_xact_lock(%s)", [Lock.RECORD])
        while sequencer.sequence(now=now):  # what still waits would be committed to under a new salt
            pass
        gone = query(
            "DELETE FROM record_detail WHERE index IN (SELECT index FROM record_entry WHERE subject = ANY(%s))"
            " RETURNING index",
            [list(subjects)],
        ).fetchall()
        query(
            "INSERT INTO leaf (kind, subject, body, created_at)"
            " SELECT %s, s, %s::jsonb, %s FROM unnest(%s::text[]) AS s",
            [ERASED, json.dumps({}), now, list(subjects)],
        )
        return len(gone)
