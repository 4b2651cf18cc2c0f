"""What the log tells of banks and refunds, told to claims: they join it with all else that is asked for the same lines.

The log has no lines: what is about an order is spread over the lines that are known of it, or is its one line. A bank
that speaks in another currency is understood at the dated rate of the day on which the dispute was opened; where none
is stored, its dispute counts as one about the whole payment.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from safeconduct.foundation.money import Money
from safeconduct.kernel.claims import actions as claims
from safeconduct.kernel.claims import reading
from safeconduct.kernel.claims.allocation import spread
from safeconduct.kernel.claims.asks import Debit, Joining, Leaving, Opening, Paid, ToldRefund, payment_of_order
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


class _Latest(NamedTuple):
    """The latest round of a dispute on a line."""

    claim_id: str
    closed: bool
    round: int
    outcome: str


@dataclass(slots=True)
class _Known:
    """What claims have of the orders: lines by order with what was paid for them, latest rounds, keys of facts, and ids
    of the lines."""

    lines: dict[int, dict[str, int]] = field(default_factory=dict)
    latest: dict[tuple[int, str, str, str], _Latest] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)


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
    known = _known(list(told))
    posted = {
        order: [*books[order].posted, *(Posted(e.key, e.event, e.currency, e.amounts) for e in plans[order].entries)]
        for order in told
    }
    paid = [paid for order, money in told.items() for paid in _paid(money, posted[order], known)]
    known.ids.update(claims.declare(paid, at).values())
    disputes = [
        (money, dispute, name)
        for money in told.values()
        for dispute in money.disputes
        for name in known.lines[money.order]
    ]
    refunds = [
        (told[order], entry, name)
        for order, entries in posted.items()
        for entry in entries
        for name in known.lines[order]
        if entry.event in _REFUNDS and f"{entry.key}/{name}" not in known.keys
    ]
    new = [one for one in disputes if _is_new(one[1], known.latest.get(_place(*one)))]
    wanted = {
        (money.order, name): Opening(money.seller, money.order, money.main, name) for money, _, name in (*new, *refunds)
    }
    ids = dict(zip(wanted, claims.open_claim(list(wanted.values()), ENGINE_ACTOR, at=at), strict=True))
    _channels(disputes, known, plans, ids, at)
    claims.hear_of_refund(
        [
            ToldRefund(f"{entry.key}/{name}", ids[money.order, name], minor)
            for money, entry, name in refunds
            if (minor := _share(_refunded(money, entry), name, known.lines[money.order]))
        ],
        ENGINE_ACTOR, at=at, settled=False,
    )  # fmt: skip
    debits = [
        _debit(told[order], entry, at)
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
    claims.declare(_paid(money, books[money.order].posted, known), at)
    names = sorted(known.lines[money.order])
    asks = [Opening(money.seller, money.order, money.main, name) for name in names]
    return dict(zip(names, claims.open_claim(asks, ENGINE_ACTOR, at=at), strict=True))


def _channels(
    disputes: Sequence[tuple[OrderMoney, Dispute, str]], known: _Known, plans: Mapping[int, Plan],
    ids: Mapping[tuple[int, str], str], at: datetime,
) -> None:  # fmt: skip
    """Disputes join and leave their claims. One that ended and now is otherwise has come back: its next round."""
    joins, leaves = [], []
    for money, dispute, name in disputes:
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
        minor = dispute.minor if open_still is None else open_still.minor
        claimed = _in_main(money, dispute, money.minor or 0 if minor is None else minor)
        joins.append(
            Joining(
                claim, kind, about, _share(claimed, name, known.lines[money.order]),
                at if open_still is None else open_still.until, number,
            )
        )  # fmt: skip
        ended = _ended(dispute)
        if ended is not None:
            leaves.append(Leaving(claim, kind, about, ended, number))
    claims.join_channel(joins, ENGINE_ACTOR, at=at, settled=False)
    claims.leave_channel(leaves, ENGINE_ACTOR, at=at, settled=False)


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


def _paid(money: OrderMoney, posted: Sequence[Posted], known: _Known) -> list[Paid]:
    """The order's one payment, unless another room has said more exactly which lines it paid for."""
    captured = sum(e.amounts["sale"] for e in posted if e.event == "capture" and e.currency == money.main)
    there = known.lines.setdefault(money.order, {"": captured})
    if "" not in there:
        return []
    there[""] = max(captured, there[""])
    return [Paid(payment_of_order(money.order), money.seller, money.order, money.main, captured)]


def _share(minor: int, name: str, lines: Mapping[str, int]) -> int:
    return spread(minor, lines)[name]


def _refunded(money: OrderMoney, entry: Posted) -> int:
    minor = entry.amounts[_REFUNDS[entry.event]]
    found = exchanged_minor(Money(minor, entry.currency), money.main, money.latest_us)
    return minor if found is None else found


def _debit(money: OrderMoney, entry: Posted, at: datetime) -> Debit:
    about = entry.key.split("/")[3]
    dispute = next((one for one in money.disputes if str(one.key) == about), None)
    minor = _SIGNS[entry.event] * entry.amounts["amount"]
    paid = minor if entry.currency == money.main or dispute is None else _in_main(money, dispute, minor)
    kind = ChannelKind.CHARGEBACK if dispute is None or not dispute.prevented else ChannelKind.PRE_DISPUTE
    return Debit(entry.key, payment_of_order(money.order), kind, about, entry.currency, minor, at, paid)


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
    known = _Known()
    for identity, order, name, minor in query(
        "SELECT l.id, l.order_key, l.name, coalesce(sum(p.amount_minor), 0)::bigint FROM claim_line l"
        " LEFT JOIN claim_part p ON p.line_id = l.id WHERE l.order_key = ANY(%b::bigint[]) GROUP BY l.id",
        [orders],
    ):
        known.lines.setdefault(order, {})[name] = minor
        known.ids.add(identity)
    for order, name, about, kind, *latest in query(
        "SELECT DISTINCT ON (l.order_key, l.name, h.about, h.kind) l.order_key, l.name, h.about, h.kind, h.claim_id,"
        " c.closed_at IS NOT NULL, h.round, h.outcome FROM claim_line l JOIN claim c ON c.line_id = l.id"
        " JOIN claim_channel h ON h.claim_id = c.id WHERE l.order_key = ANY(%b::bigint[])"
        " AND h.kind IN ('chargeback', 'inquiry', 'pre_dispute')"
        " ORDER BY l.order_key, l.name, h.about, h.kind, h.opened_at DESC, c.opened_at DESC, h.round DESC",
        [orders],
    ):
        known.latest[order, name, about, kind] = _Latest(*latest)
    known.keys = {
        key
        for (key,) in query(
            "SELECT r.key FROM claim_refund r JOIN claim c ON c.id = r.claim_id WHERE c.order_key = ANY(%b::bigint[])"
            " UNION ALL SELECT d.key FROM claim_line l JOIN claim_part p ON p.line_id = l.id"
            " JOIN claim_bank_debit d ON d.payment_id = p.payment_id WHERE l.order_key = ANY(%b::bigint[])",
            [orders, orders],
        )
    } | reading.heard(orders)
    return known
