"""What can go wrong with the record."""

from __future__ import annotations


class RecordError(RuntimeError):
    """Something about the record; the message says what and where."""


class RecordBroken(RecordError):
    """What is stored is not what was signed. Nothing is appended any more; `safeconduct record verify` says more."""


class NotRecorded(RecordError):
    """There is no entry about this yet, or at all."""
