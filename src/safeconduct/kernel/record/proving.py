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

from safeconduct.foundation.merkle.proofs import Span, consistency_spans, inclusion_spans
from safeconduct.kernel.record import keys, store
from safeconduct.kernel.record.commitments import commitment, disclosure, plain
from safeconduct.kernel.record.errors import NotRecorded, RecordBroken
from safeconduct.kernel.record.publishing import with_witnesses
from safeconduct.kernel.record.subjects import contents, registered
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
    entry = store.entry(index)
    return {**_bare(entry), "content": _content(entry)}


def public_proof(index: int) -> dict[str, Any]:
    """What anyone may have: that the line stands in the record, and its content only where that is public.

    Raises NotRecorded, RecordBroken.
    """
    entry = store.entry(index)
    one = registered().get(entry.kind)
    return proof_of_entry(index) if one is not None and one.public else _bare(entry)


def proof_of_growth(old: int) -> dict[str, Any]:
    """The proof that the record only grew since the checkpoint of so many lines, ready to be written as JSON.

    Raises NotRecorded where no checkpoint of that size was signed; 0 is no such size, because every log begins with
    nothing.
    """
    before, head = store.head(old), store.head()
    if before is None or head is None or before.size != old:
        raise NotRecorded(f"no checkpoint of {old} lines was signed")
    return {
        "form": FORM,
        "old": str(with_witnesses(before)),
        "new": str(with_witnesses(head)),
        "path": [part.hex() for part in store.hashes(_between(old, head.size), head.size)],
        "keys": key_chain(),
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


def _bare(entry: store.Entry) -> dict[str, Any]:
    index, head = entry.index, store.head()
    if head is None or head.size <= index:
        raise RecordBroken(f"entry {index} is stored, but no checkpoint covers it")
    return {
        "form": FORM,
        "index": entry.index,
        "entry": entry.data.decode(),
        "size": head.size,
        "path": [part.hex() for part in store.hashes(inclusion_spans(index, head.size), head.size)],
        "checkpoint": str(with_witnesses(head)),
        "keys": key_chain(),
    }


def key_chain() -> list[dict[str, str]]:
    """All keys, the first first, each with what the one before signed about it."""
    return [{"key": str(key.verifier), "vouched": key.vouched} for key in keys.chain()]


def _between(old: int, new: int) -> list[Span]:
    return [] if old == new else consistency_spans(old, new)


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
