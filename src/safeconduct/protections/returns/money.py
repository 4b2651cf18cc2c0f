"""What steps of a return do to money: all of it through the claim of the order, so that no channel pays twice.

A refund is asked for and goes out by the shop; what the shop then tells is posted to the seller's books like any other
refund. Where somebody else than the seller bears it, the fund makes the seller whole in the same step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from django.conf import settings

from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.cases.words import Liability, Remedy
from safeconduct.kernel.claims import actions as claims
from safeconduct.kernel.claims.asks import Joining, Leaving, Opening, Paid, RefundAsk, payment_of_order
from safeconduct.kernel.claims.queries import askable
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
    order since: in all, how often, and by case."""

    sale_minor: int = 0
    fee_minor: int = 0
    fund_minor: int = 0
    payments: int = 0
    by_case: Mapping[str, int] = field(default_factory=dict)

    def borne_by_seller(self, refund_minor: int) -> int:
        """What of a refund the seller bears: not the fees that are given back with it."""
        if not self.sale_minor:
            return 0
        return refund_minor - round(Fraction(self.fee_minor * refund_minor, self.sale_minor))

    def and_paid(self, case_id: str, minor: int) -> Sold:
        """The same after a payment for a case; "": of another room. Below zero: taken back."""
        by_case = {**self.by_case, case_id: self.by_case.get(case_id, 0) + minor}
        return replace(self, fund_minor=self.fund_minor + minor, payments=self.payments + 1, by_case=by_case)

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
    wanted = {key: _wanted(one.outcome) for key, one in steps.items()}
    claim_of = _claim(found.values(), wanted, at, quiet=moved[0].quiet)
    orders = [one.order_key for one in found.values()]
    already, left = _asked_for(orders), dict(askable([line for line, _ in claim_of.values()]))
    sold = _sold(orders)
    asks, entries = [], []
    for returned in found.values():
        step, before = steps[returned.id], already.get(returned.id, 0)
        line, claim_id = claim_of[returned.order_key]
        amount = min(max(0, wanted[returned.id] - before), left.get(line, 0))
        if amount:
            left[line] -= amount
            asks.append(_refund(returned, step, claim_id, amount))
        # An appeal that finds less than was paid back: the buyer owes it, and the seller does not wait for it.
        too_much = max(0, before - wanted[returned.id])
        book = sold[returned.order_key]
        bears = book.borne_by_seller(_others(step.outcome, before + amount - too_much) + too_much)
        entries += _entries(book, returned, step.case_id, step.key, bears, at, abuse=too_much > 0)
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
        too_much, book = max(0, before - _wanted(one.outcome)), sold[returned.order_key]
        bears = book.borne_by_seller(_others(one.outcome, before - too_much) + too_much)
        entries += _entries(book, returned, one.case_id, one.key, bears, at, abuse=False)
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
        abuse = row.ground == Claimed.ABUSE
        entries += _entries(book, row.returned, one.case_id, one.key, wanted, at, abuse=abuse)
    ledger.post(entries)


def make_up(order_keys: Collection[int], at: datetime) -> None:
    """A bank has decided about these orders: where it gave back to the fund what coverage had paid until then, the part
    of these orders' returns that others bear is paid by the fund now, and only as far as it was not before."""
    found = list(Return.objects.filter(order_key__in=sorted(order_keys)).order_by("order_key", "id"))
    standing = _standing([one.case_id for one in found])
    if not standing:
        return
    orders = {one.order_key for one in found}
    already, sold = _asked_for(orders), _sold(orders)
    entries = []
    for returned in found:
        outcome = standing.get(returned.case_id)
        book = sold[returned.order_key]
        bears = book.borne_by_seller(_others(outcome, already.get(returned.id, 0)))
        key = f"case/{returned.case_id}/bank{book.payments}"
        for entry in _entries(book, returned, returned.case_id, key, bears, at, abuse=False):
            if entry.event == "protection_reimbursement":
                entries.append(entry)
                sold[returned.order_key] = book.and_paid(returned.case_id, entry.amounts["amount"])
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


def _standing(case_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Case → liability, shares and amount of the outcome that stands."""
    rows = query(
        "SELECT c.id, o.remedy, o.liability, o.shares, o.amount_minor FROM case_file c"
        " JOIN case_outcome o ON o.id = c.outcome_id WHERE c.id = ANY(%s::text[])",
        [sorted(case_ids)],
    )
    names = ("remedy", "liability", "shares", "amount_minor")
    return {case: dict(zip(names, rest, strict=True)) for case, *rest in rows}


def _wanted(outcome: Mapping[str, Any] | None) -> int:
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


def _refund(returned: Return, step: Moved, claim_id: str, amount_minor: int) -> RefundAsk:
    matter = _MATTERS.get(returned.buyer_country, _WITHDRAWAL) if returned.statutory else ""
    begins = returned.received_at if matter == _MATTERS["CN"] else returned.requested_at
    key = f"return/{returned.id}/{step.case['step'] + 1}"
    return RefundAsk(key, claim_id, amount_minor, matter=matter, due_from=begins, or_by_bank=True)


def _entries(
    book: Sold, returned: Return, case_id: str, key: str, fund_minor: int, at: datetime, *, abuse: bool
) -> list[Entry]:  # fmt: skip
    """What brings the fund's part of a case to this, within what the order brought the seller."""
    more = min(fund_minor, book.room(case_id)) - book.by_case.get(case_id, 0)
    if not more:
        return []
    given = "abuse_proven" if abuse else "protection_reimbursement"
    return [
        Entry(
            given if more > 0 else "reimbursement_taken_back", f"{key}/fund", at, returned.currency,
            returned.seller_key, returned.order_key, {"amount": abs(more)}, f"return {returned.id}",
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
        found[order] = book.and_paid(key.split("/")[1] if key.startswith("case/") else "", paid)
    return found
