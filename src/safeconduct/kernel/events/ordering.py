"""The order of events: moments, and what is committed before them.

A moment is given under a *shared* advisory lock that is held until the transaction ends. Whoever decides first takes
that lock *exclusively* for an instant (`settle`): afterwards every event that got an earlier moment is committed, and
whatever comes later gets a later one. So what a decision saw is exactly what a replay by ``moment < m`` sees again.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from safeconduct.foundation.moments import SECOND, TIES, micros
from safeconduct.kernel.locks import Lock
from safeconduct.kernel.scope import query


def settle() -> int:
    """Waits until every event with an earlier moment than any given from now on is committed.

    Returns the moment at which that was so: history imported before it is seen from now on in this transaction's
    statements as far as it is marked with an earlier moment, and what is marked with a later one was not there yet.
    """
    return settle_and_read("NULL")[0]


def settle_and_read(columns: str) -> tuple[int, tuple[Any, ...]]:
    """Does what `settle` does, and reads `columns` in the same round trip: of what does not depend on the log, since
    they are read as of before."""
    # Whoever writes into the past waits until this transaction has read and stored what it decides, and so cannot slip
    # in between: what it adds is marked with a later moment than the one returned here.
    row = query(
        f"SELECT pg_advisory_xact_lock_shared(%s), settle_log(%s), {columns}", [Lock.HISTORY, Lock.EVENT_ORDER]
    ).fetchone()
    assert row is not None
    return int(row[1]), row[2:]


def current_moment() -> int:
    """A moment for something that is not an event but must be ordered among them; holds the order lock."""
    return next_moments(1)[0][0]


def next_moments(count: int, durable: bool = True, columns: str = "NULL") -> tuple[list[int], Sequence[Any]]:
    """Rising moments of now, under the shared order lock, later than any that is committed; and what was read.

    ``durable``: whether this transaction's commit waits for the disk; ``columns``: what else is to be read (both in a
    round trip that there is anyway).
    """
    found = query(
        "SELECT t.now, t.last, set_config('synchronous_commit', coalesce(%s, current_setting('synchronous_commit')),"
        f" true), {columns} FROM join_log(%s) AS t",
        [None if durable else "off", Lock.EVENT_ORDER],
    ).fetchone()
    assert found is not None
    now, last, _, *read = found
    first = micros(now) * TIES + secrets.randbelow(TIES - count)
    if last is not None and first <= last:  # the clock was set back: go on where the log ends
        first = last + 1
    return list(range(first, first + count)), read


def moment_of_learning() -> int:
    """The moment of an import, later than that of any before. The order lock must be held alone, not shared: two
    imports that both shared it and then wanted it alone would wait for each other."""
    row = query("SELECT coalesce(max(imported) + 1, 0) FROM fact WHERE imported IS NOT NULL").fetchone()
    assert row is not None
    return max(next_moments(1)[0][0], int(row[0]))


def moments_of_the_past(occurred_us: Sequence[int]) -> list[int]:
    """Moments at the events' own times, in their order, avoiding those already taken.

    Where more events happened at one time than a microsecond has moments (history that knows days only), the others
    follow it directly.
    """
    query("SELECT pg_advisory_xact_lock(%s)", [Lock.EVENT_ORDER])
    # By ranges: a division would round the moments before 2020, which are negative, up and not down.
    taken = {
        moment
        for (moment,) in query(
            "SELECT e.moment FROM unnest(%b::bigint[]) AS t(at)"
            f" JOIN event e ON e.moment >= t.at * {TIES} AND e.moment < (t.at + 1) * {TIES}",
            [sorted(set(occurred_us))],
        )
    }  # fmt: skip
    moments: list[int] = []
    behind: dict[int, int] = {}
    for at in occurred_us:
        moment = at * TIES
        if moments and moment <= moments[-1]:
            moment = moments[-1] + 1
        while moment in taken:
            moment += 1
        if moment >= (at + 1) * TIES:
            if at not in behind:
                behind[at] = _first_behind((at + 1) * TIES)
            moment = max(moment, behind[at])
        moments.append(moment)
    return moments


def _first_behind(end: int) -> int:
    """The first moment behind those that have overflowed a microsecond which ends at ``end``."""
    # Half a second: times that are known to the second do not flow into the next one.
    row = query("SELECT max(moment) FROM event WHERE moment >= %s AND moment < %s", [end, end + SECOND // 2]).fetchone()
    assert row is not None
    return end if row[0] is None else int(row[0]) + 1
