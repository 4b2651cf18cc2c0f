"""What books and claims say of orders that goods come back from: what was sold, what the fund has paid, what buyers
have, and what the fund comes to bear. Nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, Final, NamedTuple

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.cases.words import Liability, Remedy
from safeconduct.kernel.claims.whole import MADE_WHOLE, decided_refunds
from safeconduct.kernel.scope import query
from safeconduct.protections.returns.models import Return

#: Who bears a refund that the seller does not. What a carrier owes the fund gets back from it.
_OTHERS: Final = frozenset({Liability.FUND, Liability.PLATFORM, Liability.CARRIER})
_REFUNDS: Final = frozenset({Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN})
#: How the keys end of what the fund gave for what the buyer has beyond what an appeal left.
BEYOND: Final = "/beyond"


@dataclass(frozen=True, slots=True)
class Sold:
    """What was captured of an order, the commission and the protection fee of it, and what the fund has paid for the
    order since: in all, how often, by case, and of that (``beyond``) for what the buyer got beyond what an appeal left.
    ``taken_back_minor``: what the order's books took back of it, because the order did not lose it (`money.plan`)."""

    sale_minor: int = 0
    fee_minor: int = 0
    fund_minor: int = 0
    payments: int = 0
    taken_back_minor: int = 0
    by_case: Mapping[str, int] = field(default_factory=dict)
    beyond: Mapping[str, int] = field(default_factory=dict)

    def borne_by_seller(self, refund_minor: int) -> int:
        """What of a refund the seller bears: not the fees that are given back with it."""
        if not self.sale_minor:
            return 0
        return refund_minor - round(Fraction(self.fee_minor * refund_minor, self.sale_minor))

    def and_paid(self, case_id: str, minor: int, *, beyond: bool = False) -> Sold:
        """The same after a payment for a case; "": of another room. Below zero: taken back."""
        paid = replace(
            self, fund_minor=self.fund_minor + minor, payments=self.payments + 1,
            by_case={**self.by_case, case_id: self.by_case.get(case_id, 0) + minor},
        )  # fmt: skip
        if not beyond:
            return paid
        return replace(paid, beyond={**self.beyond, case_id: self.beyond.get(case_id, 0) + minor})

    def room(self, case_id: str) -> int:
        """How much a case can cost the fund: what the order brought the seller, less what was paid by other cases."""
        others = self.fund_minor - self.by_case.get(case_id, 0)
        return max(0, self.sale_minor - self.fee_minor - others)


class Asked(NamedTuple):
    """What was asked for a return: what of it is owed, what a later decision took off, and the refunds."""

    owed_minor: int = 0
    off_minor: int = 0
    refund_ids: tuple[str, ...] = ()


class Over(NamedTuple):
    """What a buyer has of an order beyond what is owed; ``has_minor``: in all. ``told``: what shops sent of their own,
    when it went out and when it was told."""

    minor: int = 0
    told: tuple[tuple[datetime, datetime, int], ...] = ()
    has_minor: int = 0

    def crossed(self, decided_at: datetime) -> int:
        """What had gone out before a decision and was told after it: it could not be called off."""
        return sum(minor for went_out, told_at, minor in self.told if went_out < decided_at <= told_at)


def targets(
    book: Sold, returned: Return, outcome: Mapping[str, Any] | None, asked: Mapping[str, Asked],
    over: Mapping[int, Over],
) -> tuple[int, int]:  # fmt: skip
    """What the fund comes to bear of a return: of what is owed to the buyer, and of what the buyer has beyond that,
    which the buyer owes and the seller does not wait for."""
    mine, order = asked.get(returned.id, Asked()), over.get(returned.order_key, Over())
    stuck = max(0, mine.owed_minor - wanted(outcome))  # it has gone out, so that nothing could be called off
    of_owed = book.borne_by_seller(_others(outcome, mine.owed_minor - stuck))
    beyond = 0
    if outcome is not None:
        beyond = book.borne_by_seller(min(mine.off_minor + stuck, order.minor + stuck + order.crossed(outcome["at"])))
    room = book.room(returned.case_id)
    of_owed = min(of_owed, room)
    return of_owed, min(beyond, room - of_owed)


def standing(case_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Case → liability, shares, amount and time of the outcome that stands."""
    rows = query(
        "SELECT c.id, o.remedy, o.liability, o.shares, o.amount_minor, o.at FROM case_file c"
        " JOIN case_outcome o ON o.id = c.outcome_id WHERE c.id = ANY(%s::text[])",
        [sorted(case_ids)],
    )
    names = ("remedy", "liability", "shares", "amount_minor", "at")
    return {case: dict(zip(names, rest, strict=True)) for case, *rest in rows}


def wanted(outcome: Mapping[str, Any] | None) -> int:
    outcome = outcome or {}
    return (outcome.get("amount_minor") or 0) if outcome.get("remedy") in _REFUNDS else 0


def _others(outcome: Mapping[str, Any] | None, refund_minor: int) -> int:
    """What of a refund others than the seller bear."""
    outcome = outcome or {}
    if outcome.get("liability") == Liability.SHARED:
        shares: Mapping[str, int] = outcome.get("shares") or {}
        whole = sum(shares.values())
        others = sum(minor for who, minor in shares.items() if who in _OTHERS)
        return round(Fraction(others * refund_minor, whole)) if whole else 0
    return refund_minor if outcome.get("liability") in _OTHERS else 0


def asked_for(order_keys: Collection[int]) -> dict[str, Asked]:
    """Return → what was asked for it; what did not go out for another reason than a later decision is left out."""
    rows = query(
        "SELECT split_part(r.key, '/', 2), coalesce(sum(r.amount_minor - r.called_off_minor - r.not_again_minor)"
        "  FILTER (WHERE r.state <> 'failed'), 0)::bigint, sum(r.called_off_minor + r.not_again_minor)::bigint,"
        "  array_agg(r.id) FROM claim c JOIN claim_refund r ON r.claim_id = c.id"
        " WHERE c.order_key = ANY(%b::bigint[]) AND r.key LIKE 'return/%%' GROUP BY 1",
        [sorted(set(order_keys))],
    )
    return {returned: Asked(owed, off, tuple(ids)) for returned, owed, off, ids in rows}


def beyond(order_keys: Collection[int]) -> dict[int, Over]:
    """Order → what its buyer has of it, from shop and banks, beyond all that is owed."""
    orders = sorted(set(order_keys))
    rows = query(
        "SELECT l.order_key, sum(p.sent_minor + greatest(p.bank_minor, 0))::bigint FROM claim_line l"
        " JOIN claim_part p ON p.line_id = l.id WHERE l.order_key = ANY(%b::bigint[]) GROUP BY 1",
        [orders],
    ).fetchall()
    owed: dict[int, int] = {}
    for (order, _), decided in decided_refunds([order for order, has in rows if has]).items():
        owed[order] = owed.get(order, 0) + sum(one.minor for one in decided)
    told: dict[int, list[tuple[datetime, datetime, int]]] = {}
    for order, occurred, known_at, minor in query(
        "SELECT c.order_key, f.occurred, r.requested_at, r.amount_minor FROM claim c"
        " JOIN claim_refund r ON r.claim_id = c.id AND r.key LIKE 'order/%%/refund/%%'"
        " AND r.state <> 'failed'"
        " JOIN fact f ON f.moment = split_part(r.key, '/', 4)::bigint WHERE c.order_key = ANY(%b::bigint[])",
        [orders],
    ):
        told.setdefault(order, []).append((at_micros(occurred), known_at, minor))
    return {order: Over(max(0, has - owed.get(order, 0)), tuple(told.get(order, ())), has) for order, has in rows}


def sold(order_keys: Collection[int]) -> dict[int, Sold]:
    """Order → what its books say; every order that was asked for is there."""
    found = {key: Sold() for key in order_keys}
    for order, event, key, amounts in query(
        "SELECT order_key, event, key, amounts FROM ledger_transaction"
        " WHERE order_key = ANY(%b::bigint[]) AND event = ANY(%s::text[]) ORDER BY id",
        [sorted(found), ["capture", *MADE_WHOLE]],
    ):
        book = found[order]
        if event == "capture":
            fees = amounts.get("fee", 0) + amounts.get("protection_fee", 0)
            found[order] = replace(book, sale_minor=book.sale_minor + amounts["sale"], fee_minor=book.fee_minor + fees)
            continue
        paid = (amounts["amount"] - amounts.get("fee", 0)) * MADE_WHOLE[event]
        case_id = key.split("/")[1] if key.startswith("case/") else ""
        book = book.and_paid(case_id, paid, beyond=event == "abuse_proven" or key.endswith(BEYOND))
        if key.startswith(f"order/{order}/whole/"):
            book = replace(book, taken_back_minor=book.taken_back_minor - paid)
        found[order] = book
    return found
