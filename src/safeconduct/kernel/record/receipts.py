"""Erasure with a receipt: keys are destroyed, and a signed note says what went, what stays, why and until when.

    receipt = erase(["order/123", "entity/456"], None, actor, at=now)       # in an engine scope

The receipt is a signed note (C2SP signed-note) under the key that signs the record; whoever pinned that key checks it
offline. It is also the tombstone: after a restore of an older backup, `reapply` destroys again what it names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from safeconduct.foundation.canonical_json import canonical
from safeconduct.foundation.ids import new_id
from safeconduct.foundation.signed_note import Note, NoteRefused, VerifierKey, sign
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.record import keys, leaves
from safeconduct.kernel.record.commitments import stamp
from safeconduct.kernel.record.subjects import Content, Subjects
from safeconduct.kernel.scope import Actor, engine_scope, query
from safeconduct.kernel.vault import erasure
from safeconduct.kernel.vault.configuration import erasures_file
from safeconduct.kernel.vault.erasure import Destroyed, Kept, Parted
from safeconduct.kernel.vault.errors import VaultError
from safeconduct.kernel.vault.holder import deployment

#: Kind of the record's line about an erasure; its subject is the receipt's id.
KIND: Final = "vault_erasure"
_TITLE: Final = "safeconduct erasure receipt"
_SWEEP: Final = Actor("vault", "engine", "what kept the data has ended")
_ROUNDS: Final = 20


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was destroyed and what stays, and the signed note that says so (`note`, text)."""

    id: str
    at: datetime
    destroyed: tuple[Destroyed, ...]
    stays: tuple[Kept, ...]
    note: str


class ReceiptRefused(VaultError):
    """A receipt cannot be read, is of another deployment, or is signed by none of the record's keys."""


def erase(subjects: Collection[str], purposes: Collection[str] | None, actor: Actor, *, at: datetime) -> Receipt:
    """Destroys the keys of these subjects for the purposes that have ended (None: all), in an engine scope.

    What a ground keeps (`vault.erasure.keep_until`) is restricted instead, and goes by itself when the ground ends.
    Asking twice is safe: the second receipt names what stays. ``actor.why`` stands in the receipt: no personal data.
    Raises VaultError above `erasure.MOST` subjects.
    """
    return _receipt(erasure.part(subjects, purposes, at=at), actor, at)


def notes(ids: Collection[str]) -> dict[str, str]:
    """The signed notes of receipts by their ids, the oldest first. In an engine or staff scope."""
    rows = query("SELECT id, note FROM vault_receipt WHERE id = ANY(%s::text[]) ORDER BY at, id", [sorted(ids)])
    return dict(rows.fetchall())


def erase_due(now: datetime) -> int:
    """Destroys what was kept until now; how many keys. Opens its own scopes: for the periodic jobs."""
    count = 0
    for _ in range(_ROUNDS):
        with engine_scope():
            parted = erasure.due(now)
            if parted.destroyed:
                _receipt(parted, _SWEEP, now)
        count += len(parted.destroyed)
        if not parted.destroyed and not parted.stays:
            break
    return count


def show(now: datetime) -> int:
    """Appends receipts to the file of the settings that are not there yet; how many.

    Written to disk before it is noted: a crash in between writes one twice, which does no harm.
    """
    path = erasures_file()
    if path is None:
        return 0
    with engine_scope():
        rows = query(
            "SELECT id, note FROM vault_receipt WHERE shown_at IS NULL ORDER BY at, id LIMIT 500 FOR UPDATE SKIP LOCKED"
        ).fetchall()
        if rows:
            _append(path, [note for _, note in rows])
            query("UPDATE vault_receipt SET shown_at = %s WHERE id = ANY(%s)", [now, [key for key, _ in rows]])
    return len(rows)


def export() -> Iterable[str]:
    """All receipts as lines of JSON, the oldest first: what `read_lines` reads."""
    after = ""
    while True:
        with engine_scope():
            rows = query("SELECT id, note FROM vault_receipt WHERE id > %s ORDER BY id LIMIT 500", [after]).fetchall()
        if not rows:
            return
        yield from (json.dumps({"receipt": note}, ensure_ascii=False) for _, note in rows)
        after = rows[-1][0]


def read_lines(lines: Iterable[str], also: Sequence[VerifierKey] = ()) -> list[Receipt]:
    """Receipts from exported lines, each checked against the record's keys and those given beside them.

    Raises ReceiptRefused with the number of the line.
    """
    with engine_scope():
        trusted = [*(key.verifier for key in keys.chain()), *also]
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(read(json.loads(line)["receipt"], trusted))
            except (ReceiptRefused, ValueError, KeyError, TypeError, RecursionError) as problem:
                raise ReceiptRefused(f"line {number}: {problem}") from None
    return found


def read(note: str, trusted: Sequence[VerifierKey]) -> Receipt:
    """A receipt from its note. Raises ReceiptRefused where none of these keys signed it, or it is of another place."""
    try:
        parsed = Note.parse(note)
        parsed.verified(trusted)
        title, text = parsed.text.rstrip("\n").split("\n", 1)
        said = json.loads(text)
        if title != _TITLE or said["deployment"] != deployment():
            raise ReceiptRefused("this is no erasure receipt of this deployment")
        return Receipt(
            said["receipt"], datetime.fromisoformat(said["at"]),
            tuple(Destroyed(one["subject"], one["purpose"], int(one["key"])) for one in said["destroyed"]),
            tuple(
                Kept(one["subject"], one["purpose"], one["basis"], datetime.fromisoformat(one["until"]),
                     tuple(one["readers"]))
                for one in said["stays"]
            ),
            note,
        )  # fmt: skip
    except (NoteRefused, ValueError, KeyError, TypeError) as problem:
        raise ReceiptRefused(f"this receipt cannot be trusted: {problem}") from None


def reapply(receipts: Sequence[Receipt]) -> int:
    """Destroys again what these receipts name, and keeps those that are new here; how many keys came back and went.

    Safe to repeat. Opens its own scopes.
    """
    count = 0
    for receipt in receipts:
        with engine_scope():
            count += erasure.destroy(receipt.destroyed)
            _store(receipt.id, receipt.at, receipt.note)
    return count


def reapply_all() -> int:
    """Destroys again what the receipts in the database name: after the key store was restored. Opens its own scopes."""
    return reapply(read_lines(export()))


def _receipt(parted: Parted, actor: Actor, at: datetime) -> Receipt:
    query("SELECT pg_advisory_xact_lock(%s)", [Lock.RECORD])  # the first key may have to be made
    _, name, private = keys.signing_key(now=at)
    identity = new_id("ers")
    text = f"{_TITLE}\n{canonical(_said(identity, parted, actor, at)).decode()}\n"
    note = str(sign(text, name, private))
    _store(identity, at, note)
    return Receipt(identity, at, tuple(parted.destroyed), tuple(parted.stays), note)


def _said(identity: str, parted: Parted, actor: Actor, at: datetime) -> dict[str, Any]:
    return {
        "v": 1, "receipt": identity, "deployment": deployment(), "at": stamp(at), "by": actor.role, "why": actor.why,
        # Numbers as text: JSON of other languages rounds what has more than 53 bits.
        "destroyed": [{"subject": d.subject, "purpose": d.purpose, "key": str(d.key)} for d in parted.destroyed],
        "stays": [
            {"subject": k.subject, "purpose": k.purpose, "basis": k.basis, "until": stamp(k.until),
             "readers": list(k.readers)}
            for k in parted.stays
        ],
    }  # fmt: skip


def _store(identity: str, at: datetime, note: str) -> None:
    made = query(
        "INSERT INTO vault_receipt (id, at, note) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", [identity, at, note]
    ).rowcount
    if made:
        leaves.add(KIND, [identity], at)


def _append(path: Path, notes: Sequence[str]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps({"receipt": note}, ensure_ascii=False) + "\n" for note in notes)
        file.flush()
        os.fsync(file.fileno())


def _contents(ids: Sequence[str]) -> dict[str, Content]:
    rows = query("SELECT id, note FROM vault_receipt WHERE id = ANY(%s::text[])", [list(ids)])
    return {key: Content({"id": key}, {"note": note}) for key, note in rows}


def _ids(after: str | None, limit: int) -> list[str]:
    rows = query("SELECT id FROM vault_receipt WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


ERASURES = Subjects(_contents, _ids)
