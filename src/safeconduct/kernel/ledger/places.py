"""Places in lists by time, for the addresses of their pages: read back and never trusted, because people edit those."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from safeconduct.foundation.policy.types import INT64_MAX


def write_place(at: datetime, key: object) -> str:
    """Where a page ended: the time and the id of its last row."""
    return f"{at.astimezone(UTC).isoformat()}~{key}"


def read_place(text: str, number: Callable[[str], str | int] = str) -> tuple[datetime, str | int] | None:
    """What `write_place` wrote, or None for anything else, which begins at the start. ``number`` reads the id."""
    at, _, key = text.partition("~")
    plain = key.isascii() and key.replace("_", "").isalnum() and len(key) <= 30
    try:
        when, found = datetime.fromisoformat(at), number(key)
    except ValueError:
        return None
    too_large = isinstance(found, int) and found > INT64_MAX
    return (when, found) if plain and when.tzinfo is not None and not too_large else None
