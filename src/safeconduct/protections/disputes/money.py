"""What steps of a dispute do to money, all through the order's claim: one hold, one limit, nobody paid twice.

A dispute is a channel of the claim of each line that it is about (`channels`). What an outcome gives to the buyer is a
refund that is asked for, never more than is left of what was paid for each line; it is sent by the shop and posted when
the shop says so. Where somebody else than the seller bears it, the seller is made whole then, out of the fund or the
claim on the carrier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from django.conf import settings

from safeconduct.kernel.cases import buyer_telling
from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.moves import Moved
from safeconduct.kernel.cases.words import Liability, Remedy, Role
from safeconduct.kernel.claims import actions as claims
from safeconduct.kernel.claims.allocation import within
from safeconduct.kernel.claims.asks import Joining, Leaving, Opening, RefundAsk
from safeconduct.kernel.claims.orders import lines_of, spread_over
from safeconduct.kernel.claims.queries import askable
from safeconduct.kernel.claims.whole import MADE_WHOLE, give
from safeconduct.kernel.claims.words import ChannelKind, ChannelOutcome, RefundState
from safeconduct.kernel.ledger.entries import Entry
from safeconduct.kernel.scope import ENGINE_ACTOR, query
from safeconduct.presets.numbers import preset
from safeconduct.protections.disputes import channels, facts
from safeconduct.protections.disputes.channels import KEY, MORE
from safeconduct.protections.disputes.models import Dispute

#: Until when a buyer sends goods back that a refund waits for: AliExpress gives 10 days (read 2026-11-23, excerpts).
SENDS_BACK: Final = timedelta(days=10)
_PAID_OUT: Final = frozenset({Remedy.REFUND, Remedy.PARTIAL_REFUND})
#: Who bears → the event by which the seller is made whole. The operator's own part comes out of the fund as well, which
#: the operator fills (`fund_paid_in`).
_MADE_WHOLE: Final[Mapping[Liability, str]] = {
    Liability.FUND: "protection_reimbursement",
    Liability.PLATFORM: "protection_reimbursement",
    Liability.CARRIER: "carrier_claim_to_seller",
}
#: What costs the seller when the buyer is paid back by shop or bank, with its sign and the name of its amount; and what
#: makes up for it.
_COSTS: Final[Mapping[str, tuple[int, str]]] = {
    "refund": (1, "refund"), "partial_refund": (1, "refund"), "refund_owed": (1, "refund"),
    "refund_no_longer_owed": (-1, "refund"), "refund_failed": (-1, "refund"),
    "chargeback": (1, "amount"), "second_chargeback": (1, "amount"), "representment_won": (-1, "amount"),
}  # fmt: skip
_GIVEN_BACK: Final = tuple(event for event in MADE_WHOLE if event != "representment_won_after_reimbursement")
_LOST: Final = """
SELECT t.order_key, t.currency, t.event, t.key, t.amounts,
    (SELECT coalesce(sum(p.amount_minor), 0)::bigint FROM ledger_posting p
     WHERE p.transaction_id = t.id AND p.seller_key IS NOT NULL)
FROM ledger_transaction t WHERE t.order_key = ANY(%b::bigint[]) AND t.event = ANY(%s::text[])
"""
_HAS_IT: Final = (RefundState.SENT, RefundState.PAID_BY_BANK)


@dataclass(slots=True)
class _Loss:
    """What went back of an order to the buyer, what of it the seller bore, and what was given to the seller for it: in
    all, and by the keys of disputes' entries (without their numbers)."""

    gross_minor: int = 0
    net_minor: int = 0
    given_minor: int = 0
    by_dispute: dict[str, list[int]] = field(default_factory=dict)


def hold(moved: Sequence[Moved], at: datetime) -> None:
    """The dispute joins the claims of the lines that it names, or of all lines of its order; they hold what the buyer
    asks for, in proportion to what is left of each."""
    orders = facts.orders([one.case["order_key"] for one in moved])
    lines, shares = lines_of(orders), {}
    paid, opened = [], []
    for one in moved:
        case, order = one.case, orders[one.case["order_key"]]
        of_order = lines[order.key]
        paid += of_order.paid(case["seller_key"], case["currency"], order.amount_minor or 0)
        names = of_order.among(one.move.facts.get("lines", ()))
        found = spread_over(case["amount_minor"], of_order.parts, names)
        shares[one.case_id] = {name: found.get(name, 0) for name in names}
        opened += [
            Opening(case["seller_key"], order.key, case["currency"], name, route=_route(one)) for name in names
        ]  # fmt: skip
    claims.declare(paid, at)
    ids = iter(claims.open_claim(opened, ENGINE_ACTOR, at=at))
    until = at + preset(settings.PRESET).on(at.date()).holds.dispute
    joins = [
        Joining(next(ids), ChannelKind.PLATFORM_DISPUTE, one.case_id, minor, until, case_id=one.case_id)
        for one in moved
        for minor in shares[one.case_id].values()
    ]
    claims.join_channel(joins, ENGINE_ACTOR, at=at, quiet=moved[0].quiet)


def claim_of(case_id: str) -> str:
    """The claim that a dispute has joined; of several lines, that of the first."""
    return channels.of_cases([case_id])[case_id][0].claim_id


def release(moved: Sequence[Moved], at: datetime) -> None:
    """The buyer withdrew: the channel ends, and what it held with it."""
    _leave([(one.case_id, ChannelOutcome.WITHDRAWN) for one in moved], at, quiet=moved[0].quiet)


def execute(moved: Sequence[Moved], at: datetime) -> None:
    """Carries outcomes out: asks for the refund and ends the channel. A refund on return waits for the goods."""
    asks, ends, waits = [], [], []
    for one in moved:
        assert one.outcome is not None
        if one.outcome["remedy"] == Remedy.REFUND_ON_RETURN:
            waits.append(one.case_id)
            continue
        if one.outcome["remedy"] in _PAID_OUT:
            asks.append((one.case_id, int(one.outcome["amount_minor"])))
        ends.append((one.case_id, _ended(one)))
    _ask(asks, at, quiet=moved[0].quiet)
    _leave(ends, at, quiet=moved[0].quiet)
    Dispute.objects.filter(case_id__in=waits).update(return_by=at + SENDS_BACK)
    buyer_telling.send_back([one for one in moved if one.case_id in waits], at + SENDS_BACK, at)


def came_back(disputes: Sequence[Dispute], at: datetime, *, quiet: bool = False) -> None:
    """The goods are back: the refund that waited for them is asked for. ``quiet``: nobody is mailed."""
    amounts = _amounts([dispute.case_id for dispute in disputes])
    _ask([(dispute.case_id, amounts[dispute.case_id]) for dispute in disputes], at, quiet=quiet)
    _leave([(dispute.case_id, ChannelOutcome.SETTLED) for dispute in disputes], at, quiet=quiet)
    Dispute.objects.filter(number__in=[dispute.number for dispute in disputes]).update(return_by=None)


def never_came_back(disputes: Sequence[Dispute], at: datetime) -> None:
    """The buyer kept the goods beyond the time: no refund is due, and the hold ends."""
    _leave([(dispute.case_id, ChannelOutcome.SETTLED) for dispute in disputes], at)
    Dispute.objects.filter(number__in=[dispute.number for dispute in disputes]).update(return_by=None, paid_at=at)


def went_back(case_ids: Sequence[str]) -> frozenset[str]:
    """Those of the cases whose refund the buyer has, or a part of it: it has gone out, or the buyer's bank has paid
    it."""
    return frozenset(one.case_id for one in channels.refunds(case_ids) if one.state in _HAS_IT)


def make_whole(disputes: Sequence[Dispute], at: datetime) -> None:
    """After a refund was posted, or what a bank took instead: gives the seller what others bear of it by the outcome.

    What coverage has paid for the order already is not paid again.
    """
    if not disputes:
        return
    bearing = _bearing([dispute.case_id for dispute in disputes])
    lost = _lost([dispute.order_key for dispute in disputes])
    entries = []
    for dispute in disputes:
        shares, amount, currency = bearing[dispute.case_id]
        loss = lost.get((dispute.order_key, currency))
        if loss is None or not amount or loss.gross_minor <= 0:
            continue
        of_dispute = Fraction(loss.net_minor * min(amount, loss.gross_minor), loss.gross_minor)
        for who, share in sorted(shares.items()):
            event = _MADE_WHOLE.get(Liability(who))
            key = f"{KEY}{dispute.case_id}/{who}"
            before = loss.by_dispute.get(key, [])
            open_minor = max(0, loss.net_minor - loss.given_minor)
            given = min(open_minor, round(of_dispute * share / amount) - sum(before)) if event else 0
            if event and given > 0:
                loss.given_minor += given
                entries.append(
                    Entry(
                        event, f"{key}/{len(before)}" if before else key, at, currency, dispute.seller_key,
                        dispute.order_key, {"amount": given}, f"{dispute}: borne by the {who}",
                    )
                )  # fmt: skip
    give(entries)
    Dispute.objects.filter(number__in=[dispute.number for dispute in disputes], paid_at=None).update(paid_at=at)


def correct(moved: Sequence[Moved], at: datetime) -> None:
    """A new decision after an outside body: what is more for the buyer is asked for, and what the seller bears too much
    of a refund that has gone out is given back. Where it has not gone out yet, `make_whole` will go by the new
    decision."""
    _ask_for_more(moved, at)
    paid = Dispute.objects.filter(case_id__in=[one.case_id for one in moved], paid_at__isnull=False)
    make_whole(list(paid.order_by("number")), at)


def _ask_for_more(moved: Sequence[Moved], at: datetime) -> None:
    """What new decisions give buyers beyond what was asked for by the ones before, as far as anything is left."""
    asked: dict[str, int] = {}
    for refund in channels.refunds([one.case_id for one in moved]):
        if refund.state != RefundState.FAILED:
            asked[refund.case_id] = asked.get(refund.case_id, 0) + refund.owed_minor
    wanted = []
    for one in moved:
        assert one.outcome is not None
        minor = int(one.outcome["amount_minor"] or 0) if one.outcome["remedy"] in _PAID_OUT else 0
        if one.outcome["remedy"] != Remedy.REFUND_ON_RETURN and minor > asked.get(one.case_id, 0):
            wanted.append((one, minor - asked.get(one.case_id, 0)))
    if not wanted:
        return
    joined = channels.of_cases([one.case_id for one, _ in wanted])
    opened = [
        Opening(one.case["seller_key"], one.case["order_key"], one.case["currency"], channel.line, route=_route(one))
        for one, _ in wanted
        for channel in joined[one.case_id]
    ]
    ids = iter(claims.open_claim(opened, ENGINE_ACTOR, at=at))
    again = {
        one.case_id: [channel._replace(claim_id=next(ids)) for channel in joined[one.case_id]] for one, _ in wanted
    }
    _request([(one.case_id, more) for one, more in wanted], again, at, MORE, quiet=moved[0].quiet)


def _ask(wanted: Sequence[tuple[str, int]], at: datetime, *, quiet: bool) -> None:
    """Asks for refunds, each at most what is left of what was paid: the buyer may have some of it by another way. What
    a bank has taken of it already is paid by the bank, and others bear it all the same."""
    _request(wanted, channels.of_cases([case_id for case_id, _ in wanted]), at, quiet=quiet)
    paid = went_back([case_id for case_id, _ in wanted])
    make_whole(list(Dispute.objects.filter(case_id__in=paid).order_by("number")), at)


def _request(
    wanted: Sequence[tuple[str, int]], joined: Mapping[str, Sequence[channels.Joined]], at: datetime, end: str = "", *,
    quiet: bool,
) -> None:  # fmt: skip
    left = dict(askable([channel.line_id for of_case in joined.values() for channel in of_case]))
    asks = []
    for case_id, amount in wanted:
        of_case = {channel.line_id: channel for channel in joined[case_id]}
        claimed = {line: channel.claimed_minor for line, channel in of_case.items()}
        for line, minor in within(amount, claimed, {line: left[line] for line in of_case}).items():
            if minor:
                left[line] -= minor
                key = f"{KEY}{case_id}{end}" + (f"/{line}" if of_case[line].line else "")
                asks.append(RefundAsk(key, of_case[line].claim_id, minor, or_by_bank=True))
    claims.request_refund(asks, ENGINE_ACTOR, at=at, quiet=quiet)


def _leave(ends: Sequence[tuple[str, ChannelOutcome]], at: datetime, *, quiet: bool = False) -> None:
    joined = channels.of_cases([case_id for case_id, _ in ends])
    claims.leave_channel(
        [
            Leaving(channel.claim_id, ChannelKind.PLATFORM_DISPUTE, case, outcome)
            for case, outcome in ends
            for channel in joined[case]
        ],
        ENGINE_ACTOR, at=at, quiet=quiet,
    )  # fmt: skip


def _ended(one: Moved) -> ChannelOutcome:
    assert one.outcome is not None
    if one.step.name == "settle":
        return ChannelOutcome.SETTLED
    return ChannelOutcome.WON if one.outcome["liability"] != Liability.SELLER else ChannelOutcome.LOST


def _amounts(case_ids: Sequence[str]) -> dict[str, int]:
    return {case: amount for case, (_, amount, _) in _bearing(case_ids).items()}


def _bearing(case_ids: Sequence[str]) -> dict[str, tuple[dict[str, int], int, str]]:
    """Case → who bears how much of its outcome, the amount, its currency."""
    rows = query(
        "SELECT c.id, o.liability, o.shares, coalesce(o.amount_minor, 0), o.currency FROM case_file c"
        " JOIN case_outcome o ON o.id = c.outcome_id WHERE c.id = ANY(%s::text[])",
        [list(case_ids)],
    )
    return {
        case: (dict(shares) or {liability: amount}, amount, currency)
        for case, liability, shares, amount, currency in rows
    }


def _lost(order_keys: Sequence[int]) -> dict[tuple[int, str], _Loss]:
    """(Order, currency) → what refunds and banks have cost the seller, and what was paid back to them for it."""
    found: dict[tuple[int, str], _Loss] = {}
    for order, currency, event, key, amounts, sellers in query(_LOST, [list(order_keys), [*_COSTS, *_GIVEN_BACK]]):
        loss = found.setdefault((order, currency), _Loss())
        if event in _COSTS:
            sign, name = _COSTS[event]
            loss.gross_minor += sign * amounts[name]
            loss.net_minor -= sellers
            continue
        loss.given_minor += sellers
        if key.startswith(KEY):
            loss.by_dispute.setdefault("/".join(key.split("/")[:3]), []).append(sellers)
    return found


def _route(one: Moved) -> Route:
    countries = {Role(party["role"]): party["country"] for party in one.parties}
    return Route(countries.get(Role.BUYER, ""), countries.get(Role.SELLER, ""), one.case["route"])
