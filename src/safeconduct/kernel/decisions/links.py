"""Who is linked with an order: other buyers and sellers that used the same card, device, address within 90 days.

One statement over the fact table, each branch on its own index and capped: hot keys (an office's IP address) cost no
more than others, and the picture stays small enough to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from safeconduct.foundation.moments import SECOND
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query

WINDOW = 90 * 24 * 3600 * SECOND
#: Keys by which people are linked, the tellings ones first.
SHARED = ("card", "device", "email", "address", "ip")
#: How many of the newest events are looked at for each shared key.
CAP = 60
#: How many linked parties are kept; the picture holds about forty things.
MAX_PARTIES = 34

_ORDERS = CATALOGUE["order.placed"].code
_SIGN_INS = tuple(
    CATALOGUE[name].code
    for name in ("seller.registered", "session.started", "security.changed", "payout_account.changed")
)


@dataclass(slots=True)
class Party:
    """A buyer or a seller that shares something. `by`: shared key name → how many events; `orders`: the newest few."""

    kind: str
    key: int
    by: dict[str, int] = field(default_factory=dict)
    orders: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Links:
    """What an order is linked with. `shared`: key name → key, only those that someone else used too are in
    `parties`; `capped`: key names with more events than were looked at."""

    shared: dict[str, int]
    parties: list[Party]
    left_out: int = 0
    capped: frozenset[str] = frozenset()


def links_of(fact: dict[str, Any]) -> Links:
    """The links of one fact (a row of the fact table). At most one query; none for a fact without shared keys."""
    shared = {name: fact[name] for name in SHARED if fact.get(name) is not None}
    if not shared:
        return Links({}, [])
    rows = _events(shared, fact["moment"], fact.get("order"))
    parties: dict[tuple[str, int], Party] = {}
    seen: dict[str, int] = {}
    for name, kind, buyer, seller, order in rows:
        seen[name] = seen.get(name, 0) + 1
        is_order = kind == _ORDERS
        key = buyer if is_order else seller
        if key is None or (is_order and key == fact.get("buyer")):
            continue
        party = parties.setdefault(
            ("buyer" if is_order else "seller", key), Party("buyer" if is_order else "seller", key)
        )
        party.by[name] = party.by.get(name, 0) + 1
        if is_order and order is not None and order not in party.orders and len(party.orders) < 5:
            party.orders.append(order)
    ranked = sorted(parties.values(), key=lambda p: (-len(p.by), -sum(p.by.values()), p.key))
    capped = frozenset(name for name, n in seen.items() if n >= CAP)
    return Links(shared, ranked[:MAX_PARTIES], max(0, len(ranked) - MAX_PARTIES), capped)


def seller_links(seller_key: int, *, since_moment: int) -> list[tuple[str, int, int, int]]:
    """(key name, key, other seller, how many of its events) for devices, IP addresses and bank accounts that this
    seller's people used, and another seller's too. Capped; one query."""
    parts, parameters = [], []
    for name in ("device", "ip", "bank_account"):
        parts.append(
            f'(SELECT \'{name}\' AS name, k.key, o.seller, o.n FROM (SELECT DISTINCT "{name}" AS key FROM (SELECT "{name}"'
            f' FROM fact WHERE seller = %s AND type = ANY(%s) AND moment >= %s AND "{name}" IS NOT NULL'
            f" ORDER BY moment DESC LIMIT 200) newest LIMIT 20) k"
            f" CROSS JOIN LATERAL (SELECT seller, count(*) AS n FROM (SELECT seller FROM fact"
            f' WHERE "{name}" = k.key AND type = ANY(%s) AND moment >= %s AND seller IS NOT NULL AND seller <> %s'
            f" ORDER BY moment DESC LIMIT {CAP}) others GROUP BY seller) o)"
        )
        parameters += [seller_key, list(_SIGN_INS), since_moment, list(_SIGN_INS), since_moment, seller_key]
    rows = query(" UNION ALL ".join(parts) + f" LIMIT {MAX_PARTIES}", parameters)
    return [(name, key, other, n) for name, key, other, n in rows]


def fact_of(moment: int) -> dict[str, Any] | None:
    """The row of the fact table at a moment."""
    cursor = query("SELECT * FROM fact WHERE moment = %s", [moment])
    row = cursor.fetchone()
    assert cursor.description is not None
    return None if row is None else dict(zip([c.name for c in cursor.description], row, strict=True))


def _events(
    shared: dict[str, int], moment: int, order: int | None
) -> Sequence[tuple[str, int, int | None, int | None, int | None]]:
    parts: list[str] = []
    parameters: list[Any] = []
    for name, key in shared.items():
        for types in ((_ORDERS,), _SIGN_INS):
            if types == _SIGN_INS and name not in ("device", "ip", "email"):
                continue
            parts.append(
                f'(SELECT \'{name}\', type, buyer, seller, "order" FROM fact WHERE "{name}" = %s AND type = ANY(%s)'
                f' AND moment BETWEEN %s AND %s AND moment <> %s AND "order" IS DISTINCT FROM %s'
                f" ORDER BY moment DESC LIMIT {CAP})"
            )
            parameters += [key, list(types), moment - WINDOW, moment + WINDOW, moment, order]
    return query(" UNION ALL ".join(parts), parameters).fetchall()
