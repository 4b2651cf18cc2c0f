"""What buyers owe, as the ledger remembers it beside the money: what the fund made good and the buyer was not to have.

A debt lasts as long as the buyer has the money. Where a bank gives it back, the buyer has it no longer and the debt
ends; where the refund is sent after all, or the bank takes it again, it is noted again. The fund's own money is in
`money`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from safeconduct.kernel.ledger import actions as ledger
from safeconduct.kernel.ledger.entries import Entry
from safeconduct.kernel.scope import query
from safeconduct.protections.returns import books
from safeconduct.protections.returns.models import Reimbursement, Return
from safeconduct.protections.returns.words import Claimed

#: Event → whether it notes a debt (1) or ends it (-1).
_NOTED: Final[Mapping[str, int]] = {"abuse_proven": 1, "buyer_debt_noted": 1, "buyer_debt_ended": -1}


@dataclass(frozen=True, slots=True)
class _Noted:
    """What is noted as owed because of a case, and how often something was noted or ended of it."""

    minor: int = 0
    times: int = 0


def follow(order_keys: Collection[int], at: datetime) -> None:
    """Brings what is noted as these orders' buyers' debts to what they still have of it. One query where nothing was
    ever noted. After the entries of the fund are posted, with the orders' cases locked."""
    noted = _noted(order_keys)
    if not noted:
        return
    orders = {order for order, _ in noted}
    returns = list(Return.objects.filter(order_key__in=sorted(orders)).order_by("order_key", "id"))
    entries: list[Entry] = []
    for (order, case_id), (one, target) in _targets(returns, orders).items():
        before = noted.get((order, case_id), _Noted())
        more = target - before.minor
        if more:
            entries.append(
                Entry(
                    "buyer_debt_noted" if more > 0 else "buyer_debt_ended", f"case/{case_id}/debt{before.times}", at,
                    one.currency, one.seller_key, order, {"amount": abs(more)}, f"return {one.id}",
                )
            )  # fmt: skip
    ledger.post(entries)


def _targets(returns: Collection[Return], orders: Collection[int]) -> dict[tuple[int, str], tuple[Return, int]]:
    """(Order, case) → the return, and what of the fund's money the buyer has that the case says was not to be had: by
    an appeal, or by a claim of abuse that the fund paid, as far as the buyer has anything at all."""
    standing = books.standing([one.case_id for one in returns])
    asked, over, sold = books.asked_for(orders), books.beyond(orders), books.sold(orders)
    found: dict[tuple[int, str], tuple[Return, int]] = {}
    left = {order: sold[order].borne_by_seller(over[order].has_minor) if order in over else 0 for order in orders}
    for one in returns:
        _, beyond = books.targets(sold[one.order_key], one, standing.get(one.case_id), asked, over)
        found[one.order_key, one.case_id] = (one, beyond)
        left[one.order_key] -= beyond
    claims = Reimbursement.objects.filter(returned__in=[one.id for one in returns], ground=Claimed.ABUSE)
    for claim in claims.select_related("returned").order_by("returned__order_key", "id"):
        order = claim.returned.order_key
        owed = max(0, min(sold[order].by_case.get(claim.case_id, 0), left[order]))
        found[order, claim.case_id] = (claim.returned, owed)
        left[order] -= owed
    return found


def _noted(order_keys: Collection[int]) -> dict[tuple[int, str], _Noted]:
    rows = query(
        "SELECT order_key, split_part(key, '/', 2), sum(sign * (amounts->>'amount')::bigint)::bigint, count(*)"
        " FROM ledger_transaction JOIN unnest(%s::text[], %s::int[]) AS w(name, sign) ON w.name = event"
        " WHERE order_key = ANY(%b::bigint[]) AND starts_with(key, 'case/') GROUP BY 1, 2",
        [list(_NOTED), list(_NOTED.values()), sorted(set(order_keys))],
    )
    return {(order, case_id): _Noted(minor, times) for order, case_id, minor, times in rows}
