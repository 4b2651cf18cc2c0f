"""What money does: it follows a batch of events, and what people decide, inside the transaction that decides.

Locks are taken in one order: rows of coverage, then orders, then claims' payments and lines, then the ledger's sellers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.claims import actions as claims
from safeconduct.kernel.claims.whole import NO_LONGER, decided_refunds
from safeconduct.kernel.ledger import actions as ledger
from safeconduct.kernel.ledger import payout_reading
from safeconduct.kernel.ledger.telling import tell_of_holds
from safeconduct.kernel.ledger.wording import MATTER_ENDED
from safeconduct.kernel.scope import ENGINE_ACTOR, query
from safeconduct.presets.numbers import Numbers, preset
from safeconduct.protections.transactions.money import claiming, reading
from safeconduct.protections.transactions.money.plan import Plan, plan
from safeconduct.protections.transactions.money.telling import tell_of_advances
from safeconduct.protections.transactions.money.told import Book, OrderMoney


def settle(orders: set[int], now: datetime | None, *, quiet: bool = False) -> int:
    """Brings the books of these orders to what the log and the decisions say; returns how many lacked something.

    ``now``: None stamps each entry with its fact's own time, in a world that is replayed. ``quiet``: nobody is mailed,
    as in such a world. The orders must be locked.
    """
    moving = reading.moving(sorted(orders))
    if not moving:
        return 0
    told = reading.told(moving)
    _stand_back(told, now)
    books = reading.books(sorted(told))
    review = timedelta(hours=settings.REVIEW_HOURS)
    plans = {order: plan(money, books[order], _numbers(money), now, review) for order, money in told.items()}
    lacking = {
        order: made
        for order, made in plans.items()
        if made.entries or made.releases or made.holds or made.available_at is not None
    }
    in_trouble = {order for order, money in told.items() if money.disputes} | claiming.in_claims(told)
    if lacking or in_trouble:
        _carry_out(lacking, {order: plans[order] for order in in_trouble}, told, books, now, quiet or now is None)
        if others := _decided_otherwise({order: told[order] for order in in_trouble}):
            settle(others, now, quiet=quiet)
    return len(lacking)


def _decided_otherwise(told: Mapping[int, OrderMoney]) -> set[int]:
    """Orders of which another sum goes back to buyers than was planned with: what the shop says it sent has ended a
    refund that it left no room for. What was given to the seller is looked at again."""
    given = [order for order, money in told.items() if money.whole_minor]
    found = decided_refunds(given) if given else {}
    return {
        order
        for order in given
        if sum(one.minor for one in found.get((order, told[order].main), ()))
        != sum(one.minor for one in told[order].decided)
    }


def _stand_back(told: Mapping[int, OrderMoney], now: datetime | None) -> None:
    """The fund pays nothing for now where buyer and seller belong together, and no more where the seller's payouts are
    stopped, because the account may be in other hands."""
    wanting = [money for money in told.values() if money.advance_minor]
    if not wanting:
        return
    at = at_micros(max(money.latest_us for money in wanting)) if now is None else now
    stopped = payout_reading.stops([money.seller for money in wanting], at)
    tied = reading.tied([money.order for money in wanting])
    for money in wanting:
        money.stands_back = money.seller in stopped
        if money.order in tied:
            money.advance_minor = 0


def open_claims(order: int, at: datetime) -> dict[str, str]:
    """Line → its claim, of an order that was placed and paid; empty where that is not told. The order must be
    locked."""
    told = reading.told([order])
    if order not in told or not told[order].payments or told[order].placed_us is None:
        return {}
    _stand_back(told, at)
    books = reading.books([order])
    review = timedelta(hours=settings.REVIEW_HOURS)
    plans = {order: plan(told[order], books[order], _numbers(told[order]), at, review)}
    return claiming.opened_for(told[order], books, plans, at)


def _carry_out(
    plans: Mapping[int, Plan], in_trouble: Mapping[int, Plan], told: Mapping[int, OrderMoney],
    books: Mapping[int, Book], now: datetime | None, quiet: bool,
) -> None:  # fmt: skip
    """Facts for claims first, because lines are locked before sellers; then entries and holds; then what follows for
    claims from all of it, and last what goes back to the fund, out of what claims no longer hold."""
    at = at_micros(max(told[order].latest_us for order in {*plans, *in_trouble})) if now is None else now
    lines = claiming.tell({order: told[order] for order in in_trouble}, books, in_trouble, at) if in_trouble else set()
    entries = [entry for made in plans.values() for entry in made.entries]
    releases = [key for made in plans.values() for key in made.releases]
    requests = [request for made in plans.values() for request in made.holds]
    if requests:
        known = {
            key
            for (key,) in query(
                "SELECT key FROM ledger_hold WHERE key = ANY(%s::text[])", [[request.key for request in requests]]
            )
        }
        requests = [request for request in requests if request.key not in known]
    dates = {order: made.available_at for order, made in plans.items() if made.available_at is not None}
    back = [entry for entry in entries if entry.event == NO_LONGER]
    if lines or releases or requests or dates or back:  # several calls below: all their sellers are locked in one order
        ledger.stand_by(
            {(told[order].seller, told[order].main) for order in {*plans, *in_trouble} if told[order].main}
            | {(e.seller_key, e.currency) for e in entries if e.seller_key is not None}
            | {(request.seller_key, request.currency) for request in requests}
        )
    ledger.post([entry for entry in entries if entry.event != NO_LONGER])
    if releases:
        ledger.release(releases, at, MATTER_ENDED, ENGINE_ACTOR)
    if requests:
        ledger.hold(requests)
    if dates:
        ledger.reschedule_each(dates)
    tell_of_holds(releases, [request.key for request in requests], at, replay=quiet)
    if lines:
        claims.settle(lines, ENGINE_ACTOR, at=at, quiet=quiet)
    ledger.post(back)
    tell_of_advances(told, entries, replay=quiet)


def _numbers(money: OrderMoney) -> Numbers:
    """The marketplace's numbers of the day on which the order was placed."""
    at_us = money.latest_us if money.placed_us is None else money.placed_us
    return preset(settings.PRESET).on(at_micros(at_us).date())
