"""Django's cache in the database, so that all processes count together: tries at sign-in, and codes that were used.

Keys are kept as hashes, because they name networks and people; values as JSON, because whoever could write a row must
not thereby run code, as with Django's own pickled ones. Each statement is a transaction of its own, so that a try that
is then refused stays counted; only inside an engine scope it is part of that. Only the engine login has a right to the
table. The database's clock decides what is over.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from safeconduct.foundation import compact_json
from safeconduct.kernel.scope import alone

_NOW: Final = "clock_timestamp()"
_PUT: Final = (
    "INSERT INTO shared_cache AS c (key_hash, value, expires_at)"
    f" VALUES (%b, %s::jsonb, {_NOW} + make_interval(secs => %s)) ON CONFLICT (key_hash)"
    " DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at"
)
_COUNT: Final = (
    "INSERT INTO shared_cache AS c (key_hash, value, expires_at)"
    f" VALUES (%b, '1', {_NOW} + make_interval(secs => %s)) ON CONFLICT (key_hash) DO UPDATE SET"
    f" value = CASE WHEN c.expires_at <= {_NOW} THEN '1' ELSE to_jsonb((c.value #>> '{{}}')::int + 1) END,"
    f" expires_at = CASE WHEN c.expires_at <= {_NOW} THEN excluded.expires_at ELSE c.expires_at END"
    f" RETURNING value, ceil(extract(epoch FROM expires_at - {_NOW}))"
)
#: As good as for ever; Django means it by a timeout of None.
_FOR_GOOD_S: Final = 10 * 365 * 86_400.0


class SharedCache(BaseCache):
    """What Django asks of a cache. Lists come back for tuples: values are JSON."""

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Sets what is not there; of several who do so at once, one succeeds."""
        written = alone(f"{_PUT} WHERE c.expires_at <= {_NOW}", self._row(key, value, timeout, version))
        return bool(written.rowcount)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        alone(_PUT, self._row(key, value, timeout, version))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        row = alone(
            f"SELECT value FROM shared_cache WHERE key_hash = %b AND expires_at > {_NOW}", [self._hash(key, version)]
        ).fetchone()
        return default if row is None else row[0]

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        moved = alone(
            f"UPDATE shared_cache SET expires_at = {_NOW} + make_interval(secs => %s)"
            f" WHERE key_hash = %b AND expires_at > {_NOW}",
            [self._seconds(timeout), self._hash(key, version)],
        )
        return bool(moved.rowcount)

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(alone("DELETE FROM shared_cache WHERE key_hash = %b", [self._hash(key, version)]).rowcount)

    def clear(self) -> None:
        alone("DELETE FROM shared_cache")

    def _row(self, key: str, value: Any, timeout: Any, version: int | None) -> list[Any]:
        return [self._hash(key, version), compact_json.dumps(value), self._seconds(timeout)]

    def _hash(self, key: str, version: int | None) -> bytes:
        return hashlib.sha256(self.make_key(key, version).encode()).digest()

    def _seconds(self, timeout: Any) -> float:
        if timeout is DEFAULT_TIMEOUT:
            timeout = self.default_timeout
        return _FOR_GOOD_S if timeout is None else float(timeout)


def count(key: str, window_s: float) -> tuple[int, int]:
    """Counts one more of what ``key`` names, over all processes: how many there are in the window that is open, and the
    seconds until it ends. One statement, so that of many at once each has a number of its own."""
    row = alone(_COUNT, [hashlib.sha256(f"count/{key}".encode()).digest(), window_s]).fetchone()
    assert row is not None
    return int(row[0]), max(1, int(row[1]))


def forget_what_is_over(*, limit: int = 5000) -> int:
    """Deletes entries whose time is over; how many."""
    return alone(
        f"DELETE FROM shared_cache WHERE key_hash IN (SELECT key_hash FROM shared_cache WHERE expires_at <= {_NOW}"
        " LIMIT %s)",
        [limit],
    ).rowcount
