"""What an operator sets for the record; every setting has a default."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from safeconduct.foundation.signed_note import VerifierKey

#: Lines that are appended in one transaction, at most.
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody else who is asked to sign each checkpoint: where, and with which key."""

    url: str
    key: VerifierKey


def origin() -> str:
    """The log's name, as it stands in checkpoints and keys. Fixed for good once the first key is made."""
    chosen: str = getattr(settings, "RECORD_ORIGIN", "")
    if chosen:
        return chosen
    host = next((name for name in settings.ALLOWED_HOSTS if name.strip("[]:*.0123456789")), "localhost")
    return f"{host.lstrip('.')}/record"


def checkpoint_file() -> Path | None:
    """Where each new checkpoint is appended as well: another disk, a mount of somebody else, write-once storage."""
    chosen: str = getattr(settings, "RECORD_CHECKPOINT_FILE", "")
    return Path(chosen) if chosen else None


def witnesses() -> tuple[Witness, ...]:
    """The witnesses, from lines ``URL verifier-key``. Raises NoteRefused for a key that cannot be read."""
    found = []
    for line in getattr(settings, "RECORD_WITNESSES", ()):
        url, _, key = line.strip().partition(" ")
        found.append(Witness(url.rstrip("/"), VerifierKey.parse(key)))
    return tuple(found)


def entries_are_public() -> bool:
    """Whether anyone may read the entries (kind, id, action, time), or only their hashes."""
    return bool(getattr(settings, "RECORD_ENTRIES_PUBLIC", True))


def subjects() -> dict[str, str]:
    """Kind of entry → where its `Subjects` stand, as a dotted path."""
    return dict(getattr(settings, "RECORD_SUBJECTS", {}))
