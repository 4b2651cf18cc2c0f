"""What steps of a return do to money: all of it through the claim of the order, so that no channel pays twice.

A refund is asked for and goes out by the shop; what the shop then tells is posted to the seller's books like any other
refund. Where somebody else than the seller bears it, the fund makes the seller whole in the same step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Final

from django.conf import settings

from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.machine import Moved
from safeconduct.kernel.cases.words import Liability, Remedy
from safeconduct.kernel.claims import actions as claims
from safeconduct.kernel.claims.asks import Joining, Leaving, Opening, Paid, RefundAsk, payment_of_order
from safeconduct.kernel.claims.queries import refundable
from safeconduct.kernel.claims.whole import MADE_WHOLE
from safeconduct.kernel.claims.words import ChannelKind, ChannelOutcome
from safeconduct.kernel.ledger import actions as ledger
from safeconduct.kernel.ledger.entries import Entry
from safeconduct.kernel.scope import ENGINE_ACTOR, query
from safeconduct.presets.numbers import preset
from safeconduct.protections.returns.models import Reimbursement, Return
from safeconduct.protections.returns.words import Claimed

#: Who bears a refund that the seller does not. What a carrier owes the fund gets back from it.
_OTHERS: Final = frozenset({Liability.FUND, Liability.PLATFORM, Liability.CARRIER})
_REFUNDS: Final = frozenset({Remedy.REFUND, Remedy.PARTIAL_REFUND, Remedy.REFUND_ON_RETURN})
#: What the law calls the duty that a refund fulfils (`cases/floors.yaml`).
_MATTERS: Final[Mapping[str, str]] = {"CN": "refund_after_return"}
_WITHDRAWAL: Final = "refund_after_withdrawal"


@dataclass(frozen=True, slots=True)
class Sold:
    """What was captured of an order, the commission and the protection fee of it, and what the fund has paid for the
    order since: in all, and by case."""

    sale_minor: int = 0
    fee_minor: int = 0
    fund_minor: int = 0
    by_case: Mapping[str, int] = field(default_factory=dict)

    def borne_by_seller(self, refund_minor: int) -> int:
        """What of a refund the seller bears: not the fees that are given back with it."""
        if not self.sale_minor:
            return 0
        return refund_minor - round(Fraction(self.fee_minor * refund_minor, self.sale_minor))

    def room(self, case_id: str) -> int:
        """How much a case can cost the fund: what the order brought the seller, less what was paid by other cases."""
        others = self.fund_minor - self.by_case.get(case_id, 0)
        return max(0, self.sale_minor - self.fee_minor - others)


def begin(returns: Sequence[Return], at: datetime, *, quiet: bool = False) -> None:
    """New returns become channels of their orders' claims, which hold what is asked for; ``quiet`` mails nobody."""
    _claim(returns, {one.id: one.amount_minor for one in returns}, at, quiet=quiet)


def pay(moved: Sequence[Moved], at: datetime) -> None:
    """The refund that the outcome says, less what was asked for in an earlier step; and who bears it."""
    found = _of_cases(moved)
    steps = {found[one.case_id].id: one for one in moved}
    claim_of = _claim(found.values(), {key: _wanted(one) for key, one in steps.items()}, at, quiet=moved[0].quiet)
    orders = [one.order_key for one in found.values()]
    already, left = _asked_for(orders), dict(refundable([line for line, _ in claim_of.values()]))
    sold = _sold(orders)
    asks, entries = [], []
    for returned in found.values():
        step, before = steps[returned.id], already.get(returned.id, 0)
        line, claim_id = claim_of[returned.order_key]
        amount = min(max(0, _wanted(step) - before), left.get(line, 0))
        if amount:
            left[line] -= amount
            asks.append(_refund(returned, step, claim_id, amount))
        # An appeal that finds less than was paid back: the buyer owes it, and the seller does not wait for it.
        too_much = max(0, before - _wanted(step))
        book = sold[returned.order_key]
        bears = book.borne_by_seller(_others(step, before + amount - too_much) + too_much)
        entries += _entries(book, returned, step, bears, at, abuse=too_much > 0)
    claims.request_refund(asks, ENGINE_ACTOR, at=at, quiet=moved[0].quiet)
    ledger.post(entries)
    ended = [found[one.case_id] for one in moved if one.target.ends]
    _leave(ended, claim_of, ChannelOutcome.SETTLED, at, quiet=moved[0].quiet)


def correct(moved: Sequence[Moved], at: datetime) -> None:
    """A new decision after an outside body: brings what others than the seller bear of the refund to what it says."""
    found = _of_cases(moved)
    orders = [one.order_key for one in found.values()]
    asked, sold, entries = _asked_for(orders), _sold(orders), []
    for one in moved:
        returned = found[one.case_id]
        before = asked.get(returned.id, 0)
        too_much, book = max(0, before - _wanted(one)), sold[returned.order_key]
        bears = book.borne_by_seller(_others(one, before - too_much) + too_much)
        entries += _entries(book, returned, one, bears, at, abuse=False)
    ledger.post(entries)


def let_go(moved: Sequence[Moved], at: datetime) -> None:
    """The return ends; what is not needed for a refund under way is free again."""
    found = _of_cases(moved)
    claim_of = _claim(found.values(), {}, at, quiet=moved[0].quiet)
    _leave(found.values(), claim_of, ChannelOutcome.SETTLED, at, quiet=moved[0].quiet)


def claim_again(moved: Sequence[Moved], at: datetime) -> None:
    """An appeal can come to the whole amount: as much is held again until it is decided."""
    found = _of_cases(moved)
    _claim(found.values(), {one.id: one.amount_minor for one in found.values()}, at, quiet=moved[0].quiet)


def fund_reimburses(moved: Sequence[Moved], at: datetime) -> None:
    """The fund pays a seller's claim, at most what the order brought the seller and was not paid for it before."""
    rows = Reimbursement.objects.filter(case_id__in=[one.case_id for one in moved]).select_related("returned")
    asked = {row.case_id: row for row in rows}
    sold = _sold([row.returned.order_key for row in asked.values()])
    entries = []
    for one in moved:
        row = asked[one.case_id]
        wanted = (one.outcome or {}).get("amount_minor") or 0
        book = sold[row.returned.order_key]
        entries += _entries(book, row.returned, one, wanted, at, abuse=row.ground == Claimed.ABUSE)
    ledger.post(entries)


def _claim(
    returns: Iterable[Return], claimed: Mapping[str, int], at: datetime, *, quiet: bool
) -> dict[int, tuple[str, str]]:  # fmt: skip
    """Order → (line, active claim), with these returns as channels that want so much; others are left as they are."""
    mine = list({one.id: one for one in returns}.values())
    if not mine:
        return {}
    sold = _sold([one.order_key for one in mine])
    lines = claims.declare(
        [
            Paid(payment_of_order(one.order_key), one.seller_key, one.order_key, one.currency,
                 sold[one.order_key].sale_minor or one.amount_minor)
            for one in mine
        ],
        at,
    )  # fmt: skip
    routes = [Opening(one.seller_key, one.order_key, one.currency, route=Route(one.buyer_country)) for one in mine]
    ids = claims.open_claim(routes, ENGINE_ACTOR, at=at)
    found = {one.order_key: (lines[one.order_key, ""], claim) for one, claim in zip(mine, ids, strict=True)}
    until = at + preset(settings.PRESET).on(at.date()).holds.dispute
    joins = [
        Joining(found[one.order_key][1], ChannelKind.RETURN, one.id, claimed[one.id], until, case_id=one.case_id)
        for one in mine
        if one.id in claimed
    ]
    claims.join_channel(joins, ENGINE_ACTOR, at=at, quiet=quiet)
    return found


def _leave(
    returns: Collection[Return], claim_of: Mapping[int, tuple[str, str]], outcome: ChannelOutcome, at: datetime, *,
    quiet: bool,
) -> None:  # fmt: skip
    leaves = [Leaving(claim_of[one.order_key][1], ChannelKind.RETURN, one.id, outcome) for one in returns]
    if leaves:
        claims.leave_channel(leaves, ENGINE_ACTOR, at=at, quiet=quiet)


def _of_cases(moved: Sequence[Moved]) -> dict[str, Return]:
    rows = Return.objects.filter(case_id__in=[one.case_id for one in moved])
    return {one.case_id: one for one in rows}


def _wanted(step: Moved) -> int:
    outcome = step.outcome or {}
    return (outcome.get("amount_minor") or 0) if outcome.get("remedy") in _REFUNDS else 0


def _others(step: Moved, refund_minor: int) -> int:
    """What of a refund others than the seller bear."""
    outcome = step.outcome or {}
    if outcome.get("liability") == Liability.SHARED:
        shares: Mapping[str, int] = outcome.get("shares") or {}
        whole = sum(shares.values())
        others = sum(minor for who, minor in shares.items() if who in _OTHERS)
        return round(Fraction(others * refund_minor, whole)) if whole else 0
    return refund_minor if outcome.get("liability") in _OTHERS else 0


def _refund(returned: Return, step: Moved, claim_id: str, amount_minor: int) -> RefundAsk:
    matter = _MATTERS.get(returned.buyer_country, _WITHDRAWAL) if returned.statutory else ""
    begins = returned.received_at if matter == _MATTERS["CN"] else returned.requested_at
    key = f"return/{returned.id}/{step.case['step'] + 1}"
    return RefundAsk(key, claim_id, amount_minor, matter=matter, due_from=begins)


def _entries(
    book: Sold, returned: Return, step: Moved, fund_minor: int, at: datetime, *, abuse: bool
) -> list[Entry]:  # fmt: skip
    """What brings the fund's part of a case to this, within what the order brought the seller."""
    more = min(fund_minor, book.room(step.case_id)) - book.by_case.get(step.case_id, 0)
    if not more:
        return []
    given = "abuse_proven" if abuse else "protection_reimbursement"
    return [
        Entry(
            given if more > 0 else "reimbursement_taken_back", f"{step.key}/fund", at, returned.currency,
            returned.seller_key, returned.order_key, {"amount": abs(more)}, f"{step.workflow.name} {returned.id}",
        )
    ]  # fmt: skip


def _asked_for(order_keys: Collection[int]) -> dict[str, int]:
    """Return → refunds that were asked for it and did not fail."""
    rows = query(
        "SELECT split_part(r.key, '/', 2), sum(r.amount_minor)::bigint FROM claim c"
        " JOIN claim_refund r ON r.claim_id = c.id"
        " WHERE c.order_key = ANY(%b::bigint[]) AND r.key LIKE 'return/%%' AND r.state <> 'failed' GROUP BY 1",
        [sorted(set(order_keys))],
    )
    return dict(rows.fetchall())


def _sold(order_keys: Collection[int]) -> dict[int, Sold]:
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
        case = key.split("/")[1] if key.startswith("case/") else ""
        by_case = {**book.by_case, case: book.by_case.get(case, 0) + paid}
        found[order] = replace(book, fund_minor=book.fund_minor + paid, by_case=by_case)
    return found
