"""What steps of a return do to money: all of it through the claim of the order, so that no channel pays twice.

A refund is asked for and goes out by the shop; what the shop then tells is posted to the seller's books like any other
refund. Where somebody else than the seller bears it, the fund makes the seller whole in the same step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.conf import settings

from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.claims import actions as claims
from safeconduct.kernel.claims.asks import Joining, Leaving, Lowering, Opening, Paid, RefundAsk, payment_of_order
from safeconduct.kernel.claims.queries import askable
from safeconduct.kernel.claims.whole import MADE_WHOLE, give
from safeconduct.kernel.claims.words import ChannelKind, ChannelOutcome
from safeconduct.kernel.ledger.entries import Entry
from safeconduct.kernel.scope import ENGINE_ACTOR
from safeconduct.presets.numbers import preset
from safeconduct.protections.returns import books, debts
from safeconduct.protections.returns.books import BEYOND, Asked, Sold
from safeconduct.protections.returns.models import Reimbursement, Return
from safeconduct.protections.returns.words import Claimed

#: What the law calls the duty that a refund fulfils (`cases/floors.yaml`).
_MATTERS: Final[Mapping[str, str]] = {"CN": "refund_after_return"}
_WITHDRAWAL: Final = "refund_after_withdrawal"


def begin(returns: Sequence[Return], at: datetime, *, quiet: bool = False) -> None:
    """New returns become channels of their orders' claims, which hold what is asked for; ``quiet`` mails nobody."""
    _claim(returns, {one.id: one.amount_minor for one in returns}, at, quiet=quiet)


def pay(moved: Sequence[Moved], at: datetime) -> None:
    """The refund that the outcome says, less what was asked for in an earlier step; and who bears it."""
    found = _of_cases(moved)
    steps = {found[one.case_id].id: one for one in moved}
    wanted = {key: books.wanted(one.outcome) for key, one in steps.items()}
    claim_of = _claim(found.values(), wanted, at, quiet=moved[0].quiet)
    orders = [one.order_key for one in found.values()]
    asked, left = books.asked_for(orders), dict(askable([line for line, _ in claim_of.values()]))
    asks, lowered = [], []
    for returned in found.values():
        before = asked.get(returned.id, Asked())
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
    asked, asks = books.asked_for([one.order_key for one in found.values()]), []
    more = {
        one.case_id: minor
        for one in moved
        if (minor := books.wanted(one.outcome) - asked.get(found[one.case_id].id, Asked()).owed_minor) > 0
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
    sold = books.sold([row.returned.order_key for row in asked.values()])
    entries: list[Entry] = []
    for one in moved:
        row = asked[one.case_id]
        wanted = (one.outcome or {}).get("amount_minor") or 0
        book = sold[row.returned.order_key]
        more = min(wanted, book.room(one.case_id)) - book.by_case.get(one.case_id, 0)
        event = "abuse_proven" if row.ground == Claimed.ABUSE else "protection_reimbursement"
        entries += _entry(event, row.returned, f"{one.key}/fund", more, at)
    give(entries)
    debts.follow([row.returned.order_key for row in asked.values()], at)


def make_up(order_keys: Collection[int], at: datetime) -> None:
    """Something was decided or told about these orders from outside: what others than the seller bear of their returns
    is paid by the fund now, and only as far as it was not before. A bank gave back to the fund what coverage had paid
    until then; or the buyer has, or has no longer, what an appeal had taken away.
    """
    found = list(Return.objects.filter(order_key__in=sorted(order_keys)).order_by("order_key", "id"))
    standing = books.standing([one.case_id for one in found])
    if not standing:
        return
    orders = {one.order_key for one in found}
    asked, over, sold, entries = books.asked_for(orders), books.beyond(orders), books.sold(orders), []
    for returned in found:
        outcome = standing.get(returned.case_id)
        if outcome is None:
            continue
        book = sold[returned.order_key]
        key = f"case/{returned.case_id}/bank{book.payments}"
        for entry in _entries(book, returned, key, books.targets(book, returned, outcome, asked, over), at):
            beyond = entry.key.endswith(BEYOND)
            if beyond or entry.event in MADE_WHOLE and MADE_WHOLE[entry.event] > 0:
                entries.append(entry)
                minor = entry.amounts["amount"] * MADE_WHOLE[entry.event]
                book = book.and_paid(returned.case_id, minor, beyond=beyond)
        sold[returned.order_key] = book
    give(entries)
    debts.follow(orders, at)


def _bring(moved: Sequence[Moved], found: Mapping[str, Return], at: datetime) -> None:
    """Brings what the fund bears of these returns to what their outcomes say, once claims know what is owed."""
    orders = [one.order_key for one in found.values()]
    asked, over, sold = books.asked_for(orders), books.beyond(orders), books.sold(orders)
    entries: list[Entry] = []
    for one in moved:
        returned = found[one.case_id]
        book = sold[returned.order_key]
        outcome = one.outcome and {**one.outcome, "at": at}
        entries += _entries(book, returned, one.key, books.targets(book, returned, outcome, asked, over), at)
    give(entries)
    debts.follow(orders, at)


def _claim(
    returns: Iterable[Return], claimed: Mapping[str, int], at: datetime, *, quiet: bool
) -> dict[int, tuple[str, str]]:  # fmt: skip
    """Order → (line, active claim), with these returns as channels that want so much; others are left as they are."""
    mine = list({one.id: one for one in returns}.values())
    if not mine:
        return {}
    sold = books.sold([one.order_key for one in mine])
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
        *_entry("abuse_proven", returned, f"{key}{BEYOND}", more_beyond, at),
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
