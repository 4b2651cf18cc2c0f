"""How often somebody without an account may ask something: so many times in a stretch of time, then a wait.

Counted in the database by a keyed hash of who asks, so that it holds for all processes together, also when they ask at
the same instant.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.holder import steady_hash

#: Keeps these counts apart from those of passwords, in the same table.
_KIND: Final = "asked"


def may_ask(what: str, who: str, at: datetime, *, most: int, within: timedelta) -> bool:
    """Counts a question; whether it may be answered. ``who``: an address, say. Needs a visitor's scope of its own,
    committed at once."""
    key = steady_hash("asking", f"{what}/{who}".encode())
    row = query(
        "INSERT INTO sign_in_failures AS f (address_hash, device, failures, last_at)"
        " VALUES (%b::bytea, %s::text, 1, %s::timestamptz)"
        " ON CONFLICT (address_hash, device) DO UPDATE SET"
        "  failures = CASE WHEN f.last_at <= excluded.last_at - %s::interval THEN 1 ELSE f.failures + 1 END,"
        "  last_at = CASE WHEN f.last_at <= excluded.last_at - %s::interval THEN excluded.last_at ELSE f.last_at END"
        " WHERE f.failures < %s::int OR f.last_at <= excluded.last_at - %s::interval RETURNING failures",
        [key, _KIND, at, within, within, most, within],
    ).fetchone()
    return row is not None
