"""What steps of a return do to money: all of it through the claim of the order, so that no channel pays twice.

A refund is asked for and goes out by the shop; what the shop then tells is posted to the seller's books like any other
refund. Where somebody else than the seller bears it, the fund makes the seller whole in the same step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, Final, NamedTuple

from django.conf import settings

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.cases.words import Liability, Remedy
from safeconduct.kernel.claims import actions as claims
from safeconduct.kernel.claims.asks import Joining, Leaving, Lowering, Opening, Paid, RefundAsk, payment_of_order
from safeconduct.kernel.claims.queries import askable
from safeconduct.kernel.claims.whole import MADE_WHOLE, decided_refunds
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
#: How the keys end of what the fund gave for what the buyer has beyond what an appeal left.
_BEYOND: Final = "/beyond"


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


class _Asked(NamedTuple):
    """What was asked for a return: what of it is owed, what a later decision took off, and the refunds."""

    owed_minor: int = 0
    off_minor: int = 0
    refund_ids: tuple[str, ...] = ()


class _Over(NamedTuple):
    """What a buyer has of an order beyond what is owed. ``told``: what shops sent of their own, when it went out and
    when it was told."""

    minor: int = 0
    told: tuple[tuple[datetime, datetime, int], ...] = ()

    def crossed(self, decided_at: datetime) -> int:
        """What had gone out before a decision and was told after it: it could not be called off."""
        return sum(minor for went_out, told_at, minor in self.told if went_out < decided_at <= told_at)


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
    asked, left = _asked_for(orders), dict(askable([line for line, _ in claim_of.values()]))
    asks, lowered = [], []
    for returned in found.values():
        before = asked.get(returned.id, _Asked())
        line, claim_id = claim_of[returned.order_key]
        amount = min(max(0, wanted[returned.id] - before.owed_minor), left.get(line, 0))
        if amount:
            left[line] -= amount
            asks.append(_refund(returned, steps[returned.id], claim_id, amount))
        elif wanted[returned.id] < before.owed_minor:  # an appeal that finds less: what nobody has yet is called off
            lowered.append(Lowering(before.refund_ids, wanted[returned.id]))
    claims.request_refund(asks, ENGINE_ACTOR, at=at, quiet=moved[0].quiet)
    claims.lower(lowered, ENGINE_ACTOR, at=at, quiet=moved[0].quiet)
    _bring(moved, found, at)
    ended = [found[one.case_id] for one in moved if one.target.ends]
    _leave(ended, claim_of, ChannelOutcome.SETTLED, at, quiet=moved[0].quiet)


def correct(moved: Sequence[Moved], at: datetime) -> None:
    """A new decision after an outside body: asks for what is more for the buyer, and brings what others than the seller
    bear of the refund to what it says."""
    found = _of_cases(moved)
    asked, asks = _asked_for([one.order_key for one in found.values()]), []
    more = {
        one.case_id: minor
        for one in moved
        if (minor := _wanted(one.outcome) - asked.get(found[one.case_id].id, _Asked()).owed_minor) > 0
    }
    claim_of = _claim([found[case_id] for case_id in more], {}, at, quiet=moved[0].quiet)
    left = dict(askable([line for line, _ in claim_of.values()]))
    for one in moved:
        returned = found[one.case_id]
        line, claim_id = claim_of.get(returned.order_key, ("", ""))
        amount = min(more.get(one.case_id, 0), left.get(line, 0))
        if amount:
            left[line] -= amount
            asks.append(_refund(returned, one, claim_id, amount))
    claims.request_refund(asks, ENGINE_ACTOR, at=at, quiet=moved[0].quiet)
    _bring(moved, found, at)


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
    entries: list[Entry] = []
    for one in moved:
        row = asked[one.case_id]
        wanted = (one.outcome or {}).get("amount_minor") or 0
        book = sold[row.returned.order_key]
        more = min(wanted, book.room(one.case_id)) - book.by_case.get(one.case_id, 0)
        event = "abuse_proven" if row.ground == Claimed.ABUSE else "protection_reimbursement"
        entries += _entry(event, row.returned, f"{one.key}/fund", more, at)
    ledger.post(entries)


def make_up(order_keys: Collection[int], at: datetime) -> None:
    """Something was decided or told about these orders from outside: what others than the seller bear of their returns
    is paid by the fund now, and only as far as it was not before. A bank gave back to the fund what coverage had paid
    until then; or the buyer has, or has no longer, what an appeal had taken away.
    """
    found = list(Return.objects.filter(order_key__in=sorted(order_keys)).order_by("order_key", "id"))
    standing = _standing([one.case_id for one in found])
    if not standing:
        return
    orders = {one.order_key for one in found}
    asked, over, sold, entries = _asked_for(orders), _beyond(orders), _sold(orders), []
    for returned in found:
        outcome = standing.get(returned.case_id)
        if outcome is None:
            continue
        book = sold[returned.order_key]
        key = f"case/{returned.case_id}/bank{book.payments}"
        for entry in _entries(book, returned, key, _targets(book, returned, outcome, asked, over), at):
            beyond = entry.key.endswith(_BEYOND)
            if beyond or entry.event in MADE_WHOLE and MADE_WHOLE[entry.event] > 0:
                entries.append(entry)
                minor = entry.amounts["amount"] * MADE_WHOLE[entry.event]
                book = book.and_paid(returned.case_id, minor, beyond=beyond)
        sold[returned.order_key] = book
    ledger.post(entries)


def _bring(moved: Sequence[Moved], found: Mapping[str, Return], at: datetime) -> None:
    """Brings what the fund bears of these returns to what their outcomes say, once claims know what is owed."""
    orders = [one.order_key for one in found.values()]
    asked, over, sold = _asked_for(orders), _beyond(orders), _sold(orders)
    entries: list[Entry] = []
    for one in moved:
        returned = found[one.case_id]
        book = sold[returned.order_key]
        outcome = one.outcome and {**one.outcome, "at": at}
        entries += _entries(book, returned, one.key, _targets(book, returned, outcome, asked, over), at)
    ledger.post(entries)


def _targets(
    book: Sold, returned: Return, outcome: Mapping[str, Any] | None, asked: Mapping[str, _Asked],
    over: Mapping[int, _Over],
) -> tuple[int, int]:  # fmt: skip
    """What the fund comes to bear of a return: of what is owed to the buyer, and of what the buyer has beyond that,
    which the buyer owes and the seller does not wait for."""
    mine, order = asked.get(returned.id, _Asked()), over.get(returned.order_key, _Over())
    stuck = max(0, mine.owed_minor - _wanted(outcome))  # it has gone out, so that nothing could be called off
    of_owed = book.borne_by_seller(_others(outcome, mine.owed_minor - stuck))
    beyond = 0
    if outcome is not None:
        beyond = book.borne_by_seller(min(mine.off_minor + stuck, order.minor + stuck + order.crossed(outcome["at"])))
    room = book.room(returned.case_id)
    of_owed = min(of_owed, room)
    return of_owed, min(beyond, room - of_owed)


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
    """Case → liability, shares, amount and time of the outcome that stands."""
    rows = query(
        "SELECT c.id, o.remedy, o.liability, o.shares, o.amount_minor, o.at FROM case_file c"
        " JOIN case_outcome o ON o.id = c.outcome_id WHERE c.id = ANY(%s::text[])",
        [sorted(case_ids)],
    )
    names = ("remedy", "liability", "shares", "amount_minor", "at")
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


def _entries(book: Sold, returned: Return, key: str, targets: tuple[int, int], at: datetime) -> list[Entry]:
    """What brings the fund's part of a return to these targets. What the order's books took back is not taken twice."""
    of_owed, beyond = targets
    before = book.beyond.get(returned.case_id, 0)
    more_beyond = beyond - before
    more_owed = of_owed - (book.by_case.get(returned.case_id, 0) - before)
    spare = max(0, book.taken_back_minor)
    if more_beyond < 0:
        more_beyond, spare = min(0, more_beyond + spare), max(0, spare + more_beyond)
    if more_owed < 0:
        more_owed = min(0, more_owed + spare)
    return [
        *_entry("protection_reimbursement", returned, f"{key}/fund", more_owed, at),
        *_entry("abuse_proven", returned, f"{key}{_BEYOND}", more_beyond, at),
    ]


def _entry(event: str, returned: Return, key: str, more_minor: int, at: datetime) -> list[Entry]:
    if not more_minor:
        return []
    return [
        Entry(
            event if more_minor > 0 else "reimbursement_taken_back", key, at, returned.currency, returned.seller_key,
            returned.order_key, {"amount": abs(more_minor)}, f"return {returned.id}",
        )
    ]  # fmt: skip


def _asked_for(order_keys: Collection[int]) -> dict[str, _Asked]:
    """Return → what was asked for it; what did not go out for another reason than a later decision is left out."""
    rows = query(
        "SELECT split_part(r.key, '/', 2), coalesce(sum(r.amount_minor - r.called_off_minor - r.not_again_minor)"
        "  FILTER (WHERE r.state <> 'failed'), 0)::bigint, sum(r.called_off_minor + r.not_again_minor)::bigint,"
        "  array_agg(r.id) FROM claim c JOIN claim_refund r ON r.claim_id = c.id"
        " WHERE c.order_key = ANY(%b::bigint[]) AND r.key LIKE 'return/%%' GROUP BY 1",
        [sorted(set(order_keys))],
    )
    return {returned: _Asked(owed, off, tuple(ids)) for returned, owed, off, ids in rows}


def _beyond(order_keys: Collection[int]) -> dict[int, _Over]:
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
        " JOIN fact f ON f.moment = split_part(r.key, '/', 4)::bigint WHERE c.order_key = ANY(%b::bigint[])",
        [orders],
    ):
        told.setdefault(order, []).append((at_micros(occurred), known_at, minor))
    return {order: _Over(max(0, has - owed.get(order, 0)), tuple(told.get(order, ()))) for order, has in rows}


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
        case_id = key.split("/")[1] if key.startswith("case/") else ""
        book = book.and_paid(case_id, paid, beyond=event == "abuse_proven" or key.endswith(_BEYOND))
        if key.startswith(f"order/{order}/whole/"):
            book = replace(book, taken_back_minor=book.taken_back_minor - paid)
        found[order] = book
    return found
