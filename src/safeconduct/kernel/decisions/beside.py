"""A version beside the live one: what each said of the events that both decided.

A version in shadow decides every event beside the live one; a challenger decides its share, and each of the two decides
the other's share in shadow. So both have spoken about the same events, and nothing has to be replayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.scope import query

#: The latest events that are looked at: enough for a share to be known, and 30 ms.
LATEST: Final = 5_000
#: Orders that are named.
NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Pair:
    """So many events got one action from the live version and another, or the same, from this one. ``amount_minor`` is
    the sum of their amounts in the reporting currency."""

    live: Action
    own: Action
    count: int
    amount_minor: int

    @property
    def differs(self) -> bool:
        return self.live is not self.own


@dataclass(frozen=True, slots=True)
class Differing:
    """An event that the two decided otherwise; ``decision_id`` is this version's decision."""

    decision_id: str
    moment: int
    order_key: int | None
    amount_minor: int | None
    live: Action
    own: Action


@dataclass(frozen=True, slots=True)
class Beside:
    """``pairs``: the most frequent first. ``newest``: some of the events that were decided otherwise."""

    pairs: tuple[Pair, ...]
    newest: tuple[Differing, ...]

    @property
    def both(self) -> int:
        """Events that both decided."""
        return sum(pair.count for pair in self.pairs)

    @property
    def differing(self) -> int:
        return sum(pair.count for pair in self.pairs if pair.differs)


_BOTH: Final = """
WITH own AS (
    SELECT id, moment, order_key, amount_minor, action FROM decision
    WHERE version_id = %s AND kind <> 'override' ORDER BY moment DESC LIMIT %s
), both_decided AS (
    SELECT own.*, l.action AS live FROM own JOIN decision l ON l.version_id = %s AND l.moment = own.moment
    WHERE l.kind <> 'override'
)
"""


def beside(version_id: str, live_id: str) -> Beside:
    """What a version said beside the live one of the latest events. Two statements; needs a scope of staff."""
    asked = [version_id, LATEST, live_id]
    pairs = query(
        f"{_BOTH} SELECT live, action, count(*), coalesce(sum(amount_minor), 0)::bigint FROM both_decided"
        " GROUP BY live, action ORDER BY count(*) DESC, live, action",
        asked,
    ).fetchall()
    newest = query(
        f"{_BOTH} SELECT id, moment, order_key, amount_minor, live, action FROM both_decided WHERE live <> action"
        " ORDER BY moment DESC LIMIT %s",
        [*asked, NAMED],
    ).fetchall()
    return Beside(
        tuple(Pair(Action(live), Action(own), count, amount) for live, own, count, amount in pairs),
        tuple(
            Differing(identity, moment, order, amount, Action(live), Action(own))
            for identity, moment, order, amount, live, own in newest
        ),
    )
