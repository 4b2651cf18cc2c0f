"""Proofs: one file with which a line of the record can be checked by whoever holds it, offline and without us.

A proof holds the entry, what is shown of the content it commits to with the half of the salt that opens it, the hashes
that lead to a signed root, the checkpoint, and the chain of keys from the first. What is withheld from the entry's
subject stands in it as a commitment only. `verify_record.py` reads the file; `docs/record.md` describes its fields.

Who may have the proof of what is the caller's to decide: these functions look at no seller. They run inside an engine
scope, because only the engine reads salts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from safeconduct.foundation.merkle.proofs import inclusion_spans
from safeconduct.kernel.record import keys, store
from safeconduct.kernel.record.commitments import commitment, disclosure, plain
from safeconduct.kernel.record.errors import RecordBroken
from safeconduct.kernel.record.publishing import with_witnesses
from safeconduct.kernel.record.subjects import contents
from safeconduct.kernel.scope import query

#: Version of the form of a proof file.
FORM = 1


def proof_of(kind: str, subject: str) -> dict[str, Any] | None:
    """The proof that this was recorded, ready to be written as JSON; None while its leaf still waits, or without one.

    Where there are several entries, the newest. ``content`` is null once the salt was destroyed: the line is proved
    then, and nobody can show any more what it says. Raises RecordBroken where the content is no longer what was
    committed to: no proof is given out that does not prove.
    """
    index = recorded_at(kind, subject)
    return None if index is None else proof_of_entry(index)


def proof_of_entry(index: int) -> dict[str, Any]:
    """The same for the entry with this number. Raises NotRecorded, RecordBroken."""
    entry, head = store.entry(index), store.head()
    if head is None or head.size <= index:
        raise RecordBroken(f"entry {index} is stored, but no checkpoint covers it")
    return {
        "form": FORM,
        "index": entry.index,
        "entry": entry.data.decode(),
        "content": _content(entry),
        "size": head.size,
        "path": [part.hex() for part in store.hashes(inclusion_spans(index, head.size), head.size)],
        "checkpoint": str(with_witnesses(head)),
        "keys": [{"key": str(key.verifier), "vouched": key.vouched} for key in keys.chain()],
    }


def recorded_at(kind: str, subject: str) -> int | None:
    """The number of the newest entry of this kind about this id; None while its leaf still waits, or without one."""
    return lines_of(kind, [subject]).get(subject)


def lines_of(kind: str, subjects: Sequence[str]) -> dict[str, int]:
    """The same for many ids of one kind, in one query; without those that have no entry."""
    rows = query(
        "SELECT subject, max(index) FROM record_entry WHERE subject = ANY(%b::text[]) AND kind = %s GROUP BY subject",
        [list(subjects), kind],
    )
    return dict(rows.fetchall())


def _content(entry: store.Entry) -> dict[str, Any] | None:
    """What is shown and the half of the salt that opens it; None where the salt was destroyed."""
    row = query("SELECT salt, body FROM record_detail WHERE index = %s", [entry.index]).fetchone()
    if row is None:
        return None
    salt, body = bytes(row[0]), row[1]
    if body is not None:
        shown, withheld = plain(body), None
    else:
        found = contents({entry.kind: [entry.subject]}).get((entry.kind, entry.subject))
        if found is None:
            raise RecordBroken(f"what entry {entry.index} is about is gone; `safeconduct record verify` says more")
        shown, withheld = found.shown, found.withheld
    if commitment(salt, shown, withheld) != json.loads(entry.data)["commit"]:
        raise RecordBroken(f"what entry {entry.index} is about was changed; `safeconduct record verify` says more")
    payload, half = disclosure(salt, shown, withheld)
    return {"shown": payload, "salt": half}
