"""What arrives in the past ends the roll-ups that were already built beyond it.

A roll-up (`foundation.policy.hot_keys`) holds every event below its ``built_to``. Live events come later than that by
their nature; imported history does not. Whoever builds holds `Lock.HISTORY` from before it reads the facts until it
commits, and so does whoever inserts below: either the builder sees the new events, or they drop what it built.
"""

from __future__ import annotations

from collections.abc import Collection

from safeconduct.kernel.locks import Lock
from safeconduct.kernel.scope import query


def drop_from(first: int, keys: Collection[int]) -> int:
    """Ends the roll-ups of these keys that reach beyond the moment ``first``: this transaction has just inserted events
    from there on. Returns how many. Their buckets are removed later."""
    query("SELECT pg_advisory_xact_lock(%s)", [Lock.HISTORY])
    # A statement of its own, so that it sees what was built while the lock was waited for.
    return query(
        "UPDATE hot_key SET gone = true WHERE NOT gone AND built_to > %s AND key = ANY(%b::bigint[])",
        [first, sorted(keys)],
    ).rowcount
