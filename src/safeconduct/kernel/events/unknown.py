"""Events of types that the catalogue does not know: they are stored and counted, and nobody decides about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from safeconduct.foundation.moments import moment
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query

#: Whoever has a key can send as many types as they like; a person wants to see the first of them.
_MOST_TYPES: Final = 1000

# From name to name by the index on (type, moment): the log has few types and many events.
_COUNTED: Final = """
WITH RECURSIVE named(type, n) AS (
    (SELECT type, 1 FROM event ORDER BY type LIMIT 1)
    UNION ALL
    SELECT (SELECT e.type FROM event e WHERE e.type > named.type ORDER BY e.type LIMIT 1), n + 1
    FROM named WHERE named.type IS NOT NULL AND n < %s
)
SELECT named.type, count(*) FROM named JOIN event e ON e.type = named.type AND e.moment >= %s
WHERE named.type <> ALL(%s) GROUP BY named.type ORDER BY count(*) DESC, named.type
"""


def unknown_types(since: datetime) -> Sequence[tuple[str, int]]:
    """The types of events that became known since then and that the catalogue does not know, with how many there were,
    the most frequent first. Needs a scope of engine or staff."""
    rows = query(_COUNTED, [_MOST_TYPES, moment(since), sorted(CATALOGUE)])
    return [(kind, int(count)) for kind, count in rows]
