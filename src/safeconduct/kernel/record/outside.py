"""Checkpoints that were kept outside: read back, so that the log can be held against them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from safeconduct.foundation.signed_note import Checkpoint, Note, NoteRefused, VerifierKey
from safeconduct.kernel.record.errors import RecordError


class Outside(NamedTuple):
    """A checkpoint that somebody else kept: where it comes from, its size and root."""

    place: str
    size: int
    root: bytes


class UnreadableCheckpoint(RecordError):
    """A file that should hold checkpoints does not, or holds one that no key of this log signed."""


def read(files: Iterable[Path], keys: Sequence[VerifierKey]) -> list[Outside]:
    """The checkpoints in these files, by rising size: as text, as lines of JSON, or in proofs.

    Raises UnreadableCheckpoint, also for one that none of these keys signed: it is of another log, or forged.
    """
    found = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise UnreadableCheckpoint(f"{file} cannot be read: {problem}") from None
        for note in _notes(text):
            try:
                parsed = Note.parse(note)
                parsed.verified(keys)
                said = Checkpoint.parse(parsed.text)
            except NoteRefused as problem:
                raise UnreadableCheckpoint(f"{file} holds a checkpoint that is not of this log: {problem}") from None
            found.append(Outside(str(file), said.size, said.root))
    return sorted(found, key=lambda kept: kept.size)


def _notes(text: str) -> Iterator[str]:
    """A file is one value of JSON, or lines of JSON (the last may be cut off by a crash), or the checkpoint itself."""
    try:
        yield from _in_json(json.loads(text))
        return
    except (ValueError, RecursionError):
        pass
    lines = text.splitlines()
    if not text.startswith("{"):
        yield text
        return
    for number, line in enumerate(lines):
        try:
            yield from _in_json(json.loads(line))
        except (ValueError, RecursionError):
            if number < len(lines) - 1:
                yield ""  # refused by whoever reads it


def _in_json(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (str(value[name]) for name in ("checkpoint", "old", "new") if name in value)
