"""What returns hear of the log: a buyer asks for one, a parcel came back, money went back.

Inside the transaction that decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.cases.words import Role, Status
from safeconduct.kernel.claims.orders import OrderLines, lines_of
from safeconduct.kernel.decisions.reactions import Decided
from safeconduct.kernel.events.attribution import with_orders
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.lines import named
from safeconduct.kernel.scope import ENGINE_ACTOR, query
from safeconduct.protections.returns import actions, money
from safeconduct.protections.returns.asks import Arrival, Ask
from safeconduct.protections.returns.gathering import seen, told
from safeconduct.protections.returns.models import Return
from safeconduct.protections.returns.words import Reason, Wish

EVENTS: Final = ("return.requested", "return.received", "refund.created", "refund.failed", "dispute.closed")
_CODES: Final = tuple(CATALOGUE[name].code for name in EVENTS)
_REQUESTED, _RECEIVED, _REFUNDED, _FAILED, _BANK_CLOSED = _CODES

#: Reasons as shops name them → ours; Shopify's are those of `ReturnReason` (Admin API 2025-10). All others are the
#: buyer's own choice: a reason that nobody understands is never held against the seller.
REASONS: Final[Mapping[str, Reason]] = {
    "defective": Reason.DEFECTIVE, "faulty": Reason.DEFECTIVE, "not_as_described": Reason.NOT_AS_DESCRIBED,
    "wrong_item": Reason.WRONG_ITEM, "damaged": Reason.DAMAGED_IN_TRANSIT,
    "damaged_in_transit": Reason.DAMAGED_IN_TRANSIT, "customs_refused": Reason.CUSTOMS_REFUSED,
}  # fmt: skip
_EXCHANGES: Final = frozenset({"exchange", "size_exchange"})


def orders_of(rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """The orders whose returns these events may open or move; whoever calls `act` has their cases locked."""
    return {row["order"] for row in with_orders([row for row in rows if row["type"] in _CODES])}


def act(rows: Sequence[Mapping[str, Any]], made: Sequence[Decided], at: datetime | None) -> None:
    """Opens returns that buyers ask for, moves on those whose parcel came back, pays what a bank's word leaves open.

    What a policy decided about the buyer plays no part: it advises the people who look, and stops nothing. ``at``: now;
    None for history that is imported or replayed, of which nobody is mailed.
    """
    mine = with_orders([row for row in rows if row["type"] in _CODES])
    if not mine:
        return
    now = at or at_micros(max(row["occurred"] for row in mine))
    data = dict(
        query("SELECT moment, data FROM event WHERE moment = ANY(%b::bigint[])", [[row["moment"] for row in mine]])
    )
    asked = {row["order"]: row for row in reversed(mine) if row["type"] == _REQUESTED}
    busy = set(
        Return.objects.filter(order_key__in=asked)
        .exclude(case__status=Status.CLOSED)
        .values_list("order_key", flat=True)
    )
    known = told([order for order in asked if order not in busy])
    lines = lines_of(known)
    asks = [_ask(asked[order], data[asked[order]["moment"]], lines[order]) for order in known]
    actions.request(asks, ENGINE_ACTOR, Role.ENGINE, at=now, quiet=at is None)
    arrivals = [
        Arrival(f"event/{row['moment']}", row["order"], at_micros(row["occurred"]), seen(data[row["moment"]]))
        for row in mine
        if row["type"] == _RECEIVED
    ]
    actions.receive(arrivals, at=now, quiet=at is None)
    moved = {row["order"] for row in mine if row["type"] in (_REFUNDED, _FAILED, _BANK_CLOSED)}
    if moved:
        money.make_up(moved, now)


def _ask(row: Mapping[str, Any], data: Mapping[str, Any], lines: OrderLines) -> Ask:
    reason = str(data.get("reason", "")).strip().lower()
    wish = Wish.EXCHANGE if reason in _EXCHANGES else Wish.REFUND
    wanted = {name: minor for name, minor in named(data).items() if name in lines.costs}
    return Ask(
        f"event/{row['moment']}",
        row["order"],
        at_micros(row["occurred"]),
        REASONS.get(reason, Reason.NO_REASON),
        wish,
        {name: lines.costs[name] if minor is None else min(minor, lines.costs[name]) for name, minor in wanted.items()},
    )
