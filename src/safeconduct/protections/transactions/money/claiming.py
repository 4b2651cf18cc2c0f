"""What the log tells of banks and refunds, told to claims: they join it with all else that is asked for the same lines.

What names lines is about those lines; what names none is spread over all lines of the order (`claims.orders`). An order
that was never told is left alone until it is: nobody knows whether it has lines. A bank that speaks in another currency
is understood at the dated rate of the day on which the dispute was opened; where none is stored, its dispute counts as
one about the whole payment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from safeconduct.foundation.money import Money
from safeconduct.kernel import locks
from safeconduct.kernel.claims import actions as claims
from safeconduct.kernel.claims import reading
from safeconduct.kernel.claims.allocation import spread, within
from safeconduct.kernel.claims.asks import Debit, FailedRefund, Joining, Leaving, Opening, ToldRefund
from safeconduct.kernel.claims.orders import OrderLines, lines_of, spread_over
from safeconduct.kernel.claims.words import ChannelKind, ChannelOutcome
from safeconduct.kernel.events.rates import exchanged_minor
from safeconduct.kernel.scope import ENGINE_ACTOR, query
from safeconduct.protections.transactions.coverage.words import Outcome
from safeconduct.protections.transactions.money.plan import Plan
from safeconduct.protections.transactions.money.told import Book, Dispute, OrderMoney, Posted

_OUTCOMES: Final = {
    Outcome.LOST: ChannelOutcome.LOST,
    Outcome.WON: ChannelOutcome.WON,
    Outcome.WITHDRAWN: ChannelOutcome.WITHDRAWN,
}
#: The channels that a bank's dispute can be, one at a time.
_KINDS: Final = (ChannelKind.INQUIRY, ChannelKind.CHARGEBACK, ChannelKind.PRE_DISPUTE)
#: Entries that say what a bank took, or gave back.
_SIGNS: Final = {
    "chargeback": 1, "chargeback_unexplained": 1, "chargeback_explained": -1, "representment_won": -1,
    "representment_won_after_reimbursement": -1,
}  # fmt: skip
_REFUNDS: Final = {"refund": "refund", "refund_paid": "amount"}
#: The entry of a refund that had gone out and did not arrive.
_FAILED: Final = "refund_failed"
#: How many parts of a ledger entry's key name the entry; what follows in a refund's key is its line.
_OF_ENTRY: Final = 5
_Ask = TypeVar("_Ask")


class _Latest(NamedTuple):
    """The latest round of a dispute on a line."""

    claim_id: str
    closed: bool
    round: int
    outcome: str


@dataclass(slots=True)
class _Known:
    """What claims have of the orders: their lines, latest rounds of disputes on them, keys of debits and of the entries
    whose refunds were heard of; line → what is to be sent of it already, the oldest first; ids of the lines."""

    lines: dict[int, OrderLines] = field(default_factory=dict)
    latest: dict[tuple[int, str, str, str], _Latest] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    heard: set[str] = field(default_factory=set)
    running: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)

    def to_send(self, order: int, name: str) -> int:
        """What is to be sent of a line already."""
        return sum(self.running.get((order, name), ()))

    def met(self, order: int, name: str, minor: int) -> int:
        """What of this was to be sent of a line already; as much of it is from now on no longer."""
        waiting, rest = self.running.get((order, name), []), minor
        while waiting and waiting[0] <= rest:
            rest -= waiting.pop(0)
        return minor - rest


@dataclass(frozen=True, slots=True)
class _OfLines:
    """A dispute of an order, and what it claims of each of the lines that it is about."""

    money: OrderMoney
    dispute: Dispute
    claimed: Mapping[str, int]


def in_claims(orders: Collection[int]) -> set[int]:
    """Those of the orders of which a line was ever in trouble."""
    rows = query("SELECT DISTINCT order_key FROM claim_line WHERE order_key = ANY(%b::bigint[])", [sorted(orders)])
    return {order for (order,) in rows}


def tell(
    told: Mapping[int, OrderMoney], books: Mapping[int, Book], plans: Mapping[int, Plan], at: datetime
) -> set[str]:
    """Tells claims what is new about these orders; returns the lines to be settled once the ledger has its entries.

    It locks their lines, which come before the ledger's sellers.
    """
    posted = {
        order: [*books[order].posted, *(Posted(e.key, e.event, e.currency, e.amounts) for e in plans[order].entries)]
        for order in told
    }
    _did_not_arrive(told, posted, at)
    known = _known(list(told))
    told = {order: money for order, money in told.items() if known.lines[order].placed or known.lines[order].parts}
    posted = {order: posted[order] for order in told}
    _declare(told, posted, known, at)
    refunds = [
        (told[order], f"{entry.key}/{name}", name, minor)
        for order, entries in posted.items()
        for entry in entries
        if entry.event in _REFUNDS and not _nothing_to_hear(entry, entries, known.heard)
        for name, minor in _refunded(told[order], entry, known).items()
    ]
    disputes = [
        _of_lines(money, dispute, plans[money.order], known) for money in told.values() for dispute in money.disputes
    ]
    wanted = {
        (one.money.order, name): one.money
        for one in disputes
        for name in one.claimed
        if _is_new(one.dispute, known.latest.get(_place(one.money, one.dispute, name)))
    } | {(money.order, name): money for money, _, name, _ in refunds}
    ids: dict[tuple[int, str], str] = {}
    for some in _in_parts(list(wanted)):
        asks = [Opening(wanted[place].seller, place[0], wanted[place].main, place[1]) for place in some]
        ids.update(zip(some, claims.open_claim(asks, ENGINE_ACTOR, at=at), strict=True))
    _channels(disputes, known, plans, ids, at)
    heard = [ToldRefund(key, ids[money.order, name], minor) for money, key, name, minor in refunds]
    for few in _in_parts(heard):
        claims.hear_of_refund(few, ENGINE_ACTOR, at=at, settled=False)
    debits = [
        _debit(told[order], entry, known.lines[order], at)
        for order, entries in posted.items()
        for entry in entries
        if entry.event in _SIGNS and entry.key not in known.keys
    ]
    claims.record_bank_debit(debits, ENGINE_ACTOR, at=at, settled=False)
    return known.ids


def opened_for(
    money: OrderMoney, books: Mapping[int, Book], plans: Mapping[int, Plan], at: datetime
) -> dict[str, str]:  # fmt: skip
    """Line → its claim, of an order that is about to be in trouble: opened where there is none, and told of what went
    back already."""
    tell({money.order: money}, books, plans, at)
    known = _known([money.order])
    _declare({money.order: money}, {money.order: books[money.order].posted}, known, at)
    names = sorted(known.lines[money.order].costs)
    asks = [Opening(money.seller, money.order, money.main, name) for name in names]
    return dict(zip(names, claims.open_claim(asks, ENGINE_ACTOR, at=at), strict=True))


def _did_not_arrive(told: Mapping[int, OrderMoney], posted: Mapping[int, Sequence[Posted]], at: datetime) -> None:
    """Refunds that claims were told of and that failed. Before all else, as it makes room for what was sent instead."""
    failed = {order: [one for one in entries if one.event == _FAILED] for order, entries in posted.items()}
    orders = [order for order, entries in failed.items() if entries]
    if not orders:
        return
    locks.money_of(told, ())  # several calls: all lines are locked in one order
    heard = reading.heard(orders)
    claims.hear_of_failure(
        [
            FailedRefund(entry.key, order, _of_refund(entry.key), _main_minor(told[order], entry, "refund"))
            for order in orders
            for entry in failed[order]
            if entry.key not in heard
        ],
        ENGINE_ACTOR, at=at, settled=False,
    )  # fmt: skip


def _nothing_to_hear(entry: Posted, entries: Sequence[Posted], heard: Collection[str]) -> bool:
    """Whether claims have nothing to hear of a refund: they have heard of it, or it had failed before they could."""
    if entry.key in heard:
        return True
    same = [one for one in entries if _of_refund(one.key) == _of_refund(entry.key)]
    if any(one.key in heard for one in same):
        return False
    sent = sum(one.amounts[_REFUNDS[one.event]] for one in same if one.event in _REFUNDS)
    return sent == sum(one.amounts["refund"] for one in same if one.event == _FAILED)


def _of_refund(key: str) -> str:
    """How the keys of all entries about one refund begin, and those under which claims hear of it."""
    return "/".join(key.split("/")[: _OF_ENTRY - 1]) + "/"


def _main_minor(money: OrderMoney, entry: Posted, name: str) -> int:
    """An amount of an entry in the currency the buyer paid in; as it is, where no rate is known."""
    minor = entry.amounts[name]
    found = exchanged_minor(Money(minor, entry.currency), money.main, money.latest_us)
    return minor if found is None else found


def _declare(
    told: Mapping[int, OrderMoney], posted: Mapping[int, Sequence[Posted]], known: _Known, at: datetime
) -> None:
    """Says what the payments of these orders paid for their lines."""
    paid = [
        one
        for order, money in told.items()
        for one in known.lines[order].paid(
            money.seller, money.main,
            sum(e.amounts["sale"] for e in posted[order] if e.event == "capture" and e.currency == money.main),
        )
    ]  # fmt: skip
    if len(paid) > claims.MOST_AT_ONCE:  # several calls below: all their lines are locked in one order
        locks.money_of(told, ())
    for few in _in_parts(paid):
        known.ids.update(claims.declare(few, at).values())


def _in_parts(asks: Sequence[_Ask]) -> Iterator[Sequence[_Ask]]:
    """As many at once as claims take."""
    for first in range(0, len(asks), claims.MOST_AT_ONCE):
        yield asks[first : first + claims.MOST_AT_ONCE]


def _of_lines(money: OrderMoney, dispute: Dispute, plan: Plan, known: _Known) -> _OfLines:
    lines = known.lines[money.order]
    open_still = plan.disputed.get(dispute.key)
    minor = dispute.minor if open_still is None else open_still.minor
    names = lines.among(dispute.lines)
    shares = spread_over(_in_main(money, dispute, money.minor or 0 if minor is None else minor), lines.parts, names)
    return _OfLines(money, dispute, {name: shares.get(name, 0) for name in names})


def _channels(
    disputes: Sequence[_OfLines], known: _Known, plans: Mapping[int, Plan], ids: Mapping[tuple[int, str], str],
    at: datetime,
) -> None:  # fmt: skip
    """Disputes join and leave their claims. One that ended and now is otherwise has come back: its next round. One that
    names lines only later leaves those that it does not name."""
    joins, leaves = [], []
    for of_lines, name in [(one, name) for one in disputes for name in one.claimed]:
        money, dispute = of_lines.money, of_lines.dispute
        about, kind = str(dispute.key), _kind(dispute)
        for before in _KINDS:
            other = None if before is kind else known.latest.get(_place(money, dispute, name, before))
            if other is not None and not other.outcome:  # an inquiry that went on, or what was taken for a chargeback
                leaves.append(Leaving(other.claim_id, before, about, ChannelOutcome.MOVED, other.round))
        latest = known.latest.get(_place(money, dispute, name))
        if not _is_new(dispute, latest) and (latest is None or latest.outcome):
            continue
        claim = ids.get((money.order, name)) or (latest.claim_id if latest else "")
        number = 1
        if latest is not None and latest.claim_id == claim:
            number = latest.round + (1 if latest.outcome else 0)
        open_still = plans[money.order].disputed.get(dispute.key)
        until = at if open_still is None else open_still.until
        joins.append(Joining(claim, kind, about, of_lines.claimed[name], until, number))
        ended = _ended(dispute)
        if ended is not None:
            leaves.append(Leaving(claim, kind, about, ended, number))
    about_it = {(one.money.order, name, str(one.dispute.key)) for one in disputes for name in one.claimed}
    for (order, name, about, word), latest in known.latest.items():
        if not latest.outcome and (order, name, about) not in about_it:  # it names other lines now
            leaves.append(Leaving(latest.claim_id, ChannelKind(word), about, ChannelOutcome.MOVED, latest.round))
    for some in _in_parts(joins):
        claims.join_channel(some, ENGINE_ACTOR, at=at, settled=False)
    for few in _in_parts(leaves):
        claims.leave_channel(few, ENGINE_ACTOR, at=at, settled=False)


def _kind(dispute: Dispute) -> ChannelKind:
    if dispute.prevented:
        return ChannelKind.PRE_DISPUTE
    return ChannelKind.INQUIRY if dispute.inquiry else ChannelKind.CHARGEBACK


def _ended(dispute: Dispute) -> ChannelOutcome | None:
    """How its channel ended. One that was settled before it began was won by nobody."""
    if dispute.prevented and dispute.outcome is not Outcome.LOST:
        return ChannelOutcome.SETTLED
    return None if dispute.outcome is None else _OUTCOMES[dispute.outcome]


def _place(
    money: OrderMoney, dispute: Dispute, name: str, kind: ChannelKind | None = None
) -> tuple[int, str, str, str]:  # fmt: skip
    """Where a dispute's latest round on a line is known, as the channel it is, or as another."""
    return money.order, name, str(dispute.key), (kind or _kind(dispute)).value


def _is_new(dispute: Dispute, latest: _Latest | None) -> bool:
    """Whether it needs a round that is not there yet."""
    if latest is None:
        return True
    return latest.outcome != "" and latest.outcome != (_ended(dispute) or "")


def _refunded(money: OrderMoney, entry: Posted, known: _Known) -> dict[str, int]:
    """Line → what of a refund that the shop sent was about it, at most what was paid for it less what went back before.

    What the refund says of lines itself comes first. Beyond that, and where it says nothing, it is of the lines that it
    names and then of all others: what is to be sent of them already, the oldest first, then what is left of them, then
    what a bank has taken as well.
    """
    rest = _main_minor(money, entry, _REFUNDS[entry.event])
    lines = known.lines[money.order]
    told = next((dict(one.lines) for one in money.refunds if str(one.moment) == entry.key.split("/")[3]), {})
    named = lines.among(told)
    said = {name: minor for name, minor in told.items() if name in named and minor}
    shares: dict[str, int] = {}

    def give(more: Mapping[str, int]) -> None:
        nonlocal rest
        for name, minor in more.items():
            if minor:
                lines.send_back(name, minor)
                shares[name] = shares.get(name, 0) + minor
                rest -= minor

    for name, share in (spread(rest, said) if said else {}).items():
        share = min(share, lines.room_minor(name))
        known.met(money.order, name, share)
        give({name: share})
    for among in [lines.parts] if said else [named, lines.parts]:
        for name in among:
            give({name: known.met(money.order, name, min(rest, lines.room_minor(name)))})
        left = {name: max(0, lines.left_minor(name) - known.to_send(money.order, name)) for name in among}
        give(within(rest, left, left))
        room = {name: lines.room_minor(name) for name in among}
        give(within(rest, room, room))
    return shares


def _debit(money: OrderMoney, entry: Posted, lines: OrderLines, at: datetime) -> Debit:
    about = entry.key.split("/")[3]
    dispute = next((one for one in money.disputes if str(one.key) == about), None)
    minor = _SIGNS[entry.event] * entry.amounts["amount"]
    paid = minor if entry.currency == money.main or dispute is None else _in_main(money, dispute, minor)
    kind = ChannelKind.CHARGEBACK if dispute is None or not dispute.prevented else ChannelKind.PRE_DISPUTE
    named = lines.among(dispute.lines if dispute is not None else ())
    return Debit(
        entry.key, lines.payment_in(money.main), kind, about, entry.currency, minor, at, paid,
        tuple((money.order, name) for name in named),
    )  # fmt: skip


def _in_main(money: OrderMoney, dispute: Dispute, minor: int) -> int:
    """An amount of a dispute in the currency the buyer paid in."""
    if dispute.currency in ("", money.main):
        return minor
    found = exchanged_minor(Money(minor, dispute.currency), money.main, dispute.opened_us)
    if found is not None:
        return found
    whole = sum(paid.minor or 0 for paid in money.payments) or money.minor or minor
    return whole if minor > 0 else -whole if minor else 0


def _known(orders: Sequence[int]) -> _Known:
    known = _Known(lines_of(orders))
    known.ids = {identity for lines in known.lines.values() for identity in lines.ids.values()}
    for order, name, minor in query(
        "SELECT c.order_key, l.name, r.amount_minor - r.by_bank_minor - r.called_off_minor FROM claim c"
        " JOIN claim_line l ON l.id = c.line_id JOIN claim_refund r ON r.claim_id = c.id"
        " WHERE c.order_key = ANY(%b::bigint[]) AND r.item = 'refund' AND r.state IN ('requested', 'frozen')"
        " ORDER BY r.requested_at, r.id",
        [orders],
    ):
        known.running.setdefault((order, name), []).append(minor)
    for order, name, about, kind, *latest in query(
        "SELECT DISTINCT ON (l.order_key, l.name, h.about, h.kind) l.order_key, l.name, h.about, h.kind, h.claim_id,"
        " c.closed_at IS NOT NULL, h.round, h.outcome FROM claim_line l JOIN claim c ON c.line_id = l.id"
        " JOIN claim_channel h ON h.claim_id = c.id WHERE l.order_key = ANY(%b::bigint[])"
        " AND h.kind IN ('chargeback', 'inquiry', 'pre_dispute')"
        " ORDER BY l.order_key, l.name, h.about, h.kind, h.opened_at DESC, c.opened_at DESC, h.round DESC",
        [orders],
    ):
        known.latest[order, name, about, kind] = _Latest(*latest)
    refunds_and_debits = {
        key
        for (key,) in query(
            "SELECT r.key FROM claim_refund r JOIN claim c ON c.id = r.claim_id WHERE c.order_key = ANY(%b::bigint[])"
            " UNION ALL SELECT d.key FROM claim_line l JOIN claim_part p ON p.line_id = l.id"
            " JOIN claim_bank_debit d ON d.payment_id = p.payment_id WHERE l.order_key = ANY(%b::bigint[])",
            [orders, orders],
        )
    }
    known.keys = refunds_and_debits
    known.heard = {"/".join(key.split("/")[:_OF_ENTRY]) for key in refunds_and_debits | reading.heard(orders)}
    return known
