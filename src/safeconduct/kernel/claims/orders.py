"""What orders are made of, for claims: their lines with what each cost, and what their payment is called.

It is told by the first `order.placed` of an order, and stays as claims first had it: an order whose one line was in
trouble before has no others later. Every room asks here, so that all of them mean the same parts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from safeconduct.kernel.claims.allocation import Standing, grown, spread, with_costs
from safeconduct.kernel.claims.asks import Paid, payment_of_order
from safeconduct.kernel.events import lines as told
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import query

_PLACED: Final = CATALOGUE["order.placed"].code
_TOLD: Final = """
SELECT DISTINCT ON (f."order") f."order", f.payment, e.data
FROM fact f JOIN event e ON e.moment = f.moment
WHERE f."order" = ANY(%b::bigint[]) AND f.type = %b ORDER BY f."order", f.occurred, f.moment
"""
_KNOWN: Final = """
SELECT l.order_key, l.name, l.id, y.key, coalesce(p.amount_minor, 0),
    coalesce(p.amount_minor - p.sent_minor - p.bank_minor, 0), coalesce(p.sent_minor, 0)
FROM claim_line l LEFT JOIN claim_part p ON p.line_id = l.id LEFT JOIN claim_payment y ON y.id = p.payment_id
WHERE l.order_key = ANY(%b::bigint[]) ORDER BY l.order_key, l.name, y.key
"""


@dataclass(slots=True)
class OrderLines:
    """An order's lines. ``costs``: line → what it cost with its part of shipping and tax, in the order of the event;
    ``parts``: line → what its payments paid for it and what is left of that, as claims have it, for the lines that they
    know; ``sent``: line → what of that was sent back; ``ids``: line → its id there. ``placed``: the order was told;
    until then nobody knows whether it has lines. ``paid_by``: the pseudonym of the payment that it names, if any;
    ``payment``: its name in claims, "" if none yet. ``titles``: line → the title that buyers were shown, where it was
    told."""

    order_key: int
    costs: dict[str, int]
    placed: bool = False
    paid_by: int | None = None
    payment: str = ""
    parts: dict[str, Standing] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)

    def payment_in(self, currency: str) -> str:
        """What its payment is called. Orders that one payment paid at once have it in common, in each currency."""
        if self.payment or self.paid_by is None:
            return self.payment or payment_of_order(self.order_key)
        return f"payment/{self.paid_by}/{currency}"

    def paid(self, seller_key: int, currency: str, paid_minor: int) -> list[Paid]:
        """What its payment paid for each line, once it comes to so much; what `declare` takes."""
        before = {name: part.amount_minor for name, part in self.parts.items()}
        shares = grown(paid_minor, self.costs, before)
        for name, minor in shares.items():
            there = self.parts.get(name, Standing(0, 0, 0))
            more = minor - there.amount_minor
            self.parts[name] = there._replace(amount_minor=minor, left_minor=there.left_minor + more)
        return [
            Paid(self.payment_in(currency), seller_key, self.order_key, currency, minor, name)
            for name, minor in shares.items()
        ]

    def room_minor(self, name: str) -> int:
        """What could still be sent back of a line, whatever banks took."""
        return max(0, self.parts[name].amount_minor - self.sent.get(name, 0)) if name in self.parts else 0

    def left_minor(self, name: str) -> int:
        """What has not gone back of a line in any way."""
        left = self.parts[name].left_minor if name in self.parts else 0
        return max(0, min(left, self.room_minor(name)))

    def send_back(self, name: str, minor: int) -> None:
        """Counts what was sent back of a line."""
        part = self.parts[name]
        self.parts[name] = part._replace(left_minor=part.left_minor - minor)
        self.sent[name] = self.sent.get(name, 0) + minor

    @property
    def named(self) -> list[tuple[str, str, int]]:
        """Name, what people call it and cost of each line; nothing for an order without lines."""
        return [(name, self.titles.get(name, name), cost) for name, cost in self.costs.items() if name]

    def among(self, names: Collection[str]) -> list[str]:
        """Those of its lines that are named, all of them where none of the names is one of its lines."""
        return [name for name in self.costs if name in names] or list(self.costs)


def lines_of(order_keys: Iterable[int]) -> dict[int, OrderLines]:
    """The lines of these orders, also of those that were never told. Two queries, in a scope of engine or staff."""
    orders = sorted(set(order_keys))
    found = {key: OrderLines(key, {"": 0}) for key in orders}
    for key, payment, data in query(_TOLD, [orders, _PLACED]):
        found[key].costs, found[key].placed, found[key].paid_by = _costs(data), True, payment
        found[key].titles = {one["line"]: one["title"] for one in data.get("lines", ()) if "title" in one}
    known: dict[int, dict[str, Standing]] = {}
    for key, name, identity, payment, amount, left, sent in query(_KNOWN, [orders]):
        one = found[key]
        there = known.setdefault(key, {}).get(name, Standing(0, 0, 0))
        known[key][name] = Standing(there.amount_minor + amount, there.left_minor + left, 0)
        one.ids[name] = identity
        one.sent[name] = one.sent.get(name, 0) + sent
        one.payment = payment or one.payment
    for key, parts in known.items():
        one = found[key]
        one.parts = parts
        if parts.keys() - one.costs.keys():  # claims have it otherwise
            one.costs = {name: part.amount_minor for name, part in parts.items()}
    return found


def spread_over(minor: int, parts: Mapping[str, Standing], names: Collection[str] = ()) -> dict[str, int]:
    """An amount over an order's lines: in proportion to what is left of each, beyond that to what was paid for each;
    where nothing was, in equal parts. Without the lines that get nothing."""
    among = {name: part for name, part in parts.items() if name in names} or parts
    left = {name: max(0, part.left_minor) for name, part in among.items()}
    first = min(minor, sum(left.values()))
    shares = spread(first, left)
    for name, more in spread(minor - first, {name: part.amount_minor for name, part in among.items()}).items():
        shares[name] += more
    return {name: share for name, share in shares.items() if share}


def _costs(data: Mapping[str, Any]) -> dict[str, int]:
    """Line → its cost; shipping and tax of the whole order are spread by the price of the goods."""
    own = told.costs(data)
    if not own:
        return {"": int(data["amount"]["minor"])}
    more = with_costs(told.goods(data), *told.of_order(data))
    goods = told.goods(data)
    return {name: minor + more[name] - goods[name] for name, minor in own.items()}
