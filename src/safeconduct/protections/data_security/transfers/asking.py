"""What other protections are about to send, put before the gate: who is told, about whom, and from where.

A recipient is found by the name it was declared under, whatever its case. Who lives nobody knows where is counted for
every law: doubt opens no border.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from safeconduct.kernel.protection import Held, Leaving
from safeconduct.kernel.scope import Actor, query
from safeconduct.protections.data_security.transfers import gate
from safeconduct.protections.data_security.transfers.gate import Why
from safeconduct.protections.data_security.transfers.models import TransferDestination
from safeconduct.protections.data_security.transfers.thresholds import Ground, rules

#: Answering a bank is none of the exempt grounds as the laws name them, so nothing is let past a threshold by it.
_GROUND: Final = Ground.OTHER
#: The two letters of a country; another text is no place.
_BUYERS: Final = """
SELECT DISTINCT e.order_key, f.buyer, CASE WHEN e.data ->> 'ship_country' ~ '^[A-Za-z]{2}$'
    THEN upper(e.data ->> 'ship_country') END
FROM event e JOIN fact f ON f.moment = e.moment
WHERE e.type = 'order.placed' AND e.order_key = ANY(%b::bigint[])
"""
_People = dict[str, set[int]]


def may_send(batch: Sequence[Leaving], actor: Actor, at: datetime) -> dict[str, Held]:
    """What of this may not leave, by its key. Needs an engine scope; the counters stay locked until it ends."""
    declared: dict[str, list[str]] = {}
    for key, name in TransferDestination.objects.filter(ended_at=None).order_by("id").values_list("id", "name"):
        declared.setdefault(name.casefold(), []).append(key)
    people = _people_of(batch)
    groups: dict[tuple[str, frozenset[str]], list[Leaving]] = {}
    for one in batch:
        groups.setdefault((one.to.casefold(), one.kinds), []).append(one)
    held: dict[str, Held] = {}
    for (to, kinds), group in sorted(groups.items(), key=lambda item: (item[0][0], sorted(item[0][1]))):
        if to not in declared:
            held |= {one.key: Held.NOBODY for one in group}
            continue
        for destination in declared[to]:
            going = [one for one in group if one.key not in held]
            held |= _judged(destination, kinds, going, people, actor, at)
    return held


def _judged(
    destination: str, kinds: frozenset[str], group: Sequence[Leaving], people: dict[str, _People], actor: Actor,
    at: datetime,
) -> dict[str, Held]:  # fmt: skip
    """The whole group in one question; where that is too many people, half of it at a time."""
    if not group:
        return {}
    everybody: _People = {}
    for one in group:
        for place, keys in people[one.key].items():
            everybody.setdefault(place, set()).update(keys)
    verdict = gate.allowed(destination, everybody, kinds, _GROUND, actor, at=at)
    if verdict.may_leave:
        return {}
    if any(reason.why is not Why.ABOVE for reason in verdict.reasons if gate.stops(reason)):
        return {one.key: Held.KINDS for one in group}
    if len(group) == 1:
        return {group[0].key: Held.THRESHOLD}
    middle = len(group) // 2
    first = _judged(destination, kinds, group[:middle], people, actor, at)
    return first | _judged(destination, kinds, group[middle:], people, actor, at)


def _people_of(batch: Sequence[Leaving]) -> dict[str, _People]:
    """For each key: place → the people it is about. One query."""
    orders = sorted({one.order_key for one in batch if one.order_key is not None})
    bought: dict[int, list[tuple[int | None, str | None]]] = {}
    for order, buyer, place in query(_BUYERS, [orders]) if orders else ():
        bought.setdefault(order, []).append((buyer, place))
    anywhere = sorted({place for rule in rules().values() for place in rule.origin})
    found: dict[str, _People] = {}
    for one in batch:
        mine = found.setdefault(one.key, {})
        known = bought.get(one.order_key) if one.order_key is not None else None
        for buyer, place in known or [(None, None)]:
            for where in [place] if place is not None else anywhere:
                mine.setdefault(where, set()).add(one.stands_for if buyer is None else buyer)
    return found
