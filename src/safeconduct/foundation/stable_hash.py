"""A hash that gives the same bucket on every machine and for ever: who is in an experiment does not change."""

from __future__ import annotations

import hashlib


def bucket(salt: str, subject: object, buckets: int) -> int:
    """The bucket in 0..buckets-1 of a subject, evenly spread, independent between salts."""
    digest = hashlib.sha256(f"{salt}\x1f{subject}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % buckets
