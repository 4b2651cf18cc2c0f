"""What money does: it follows a batch of events, and what people decide, inside the transaction that decides.

Locks are taken in one order: rows of coverage, then orders, then the ledger's sellers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.ledger import actions as ledger
from safeconduct.kernel.scope import ENGINE_ACTOR, query
from safeconduct.presets.numbers import Numbers, preset
from safeconduct.protections.transactions.money import reading, telling
from safeconduct.protections.transactions.money.plan import Plan, plan
from safeconduct.protections.transactions.money.told import OrderMoney


def settle(orders: set[int], now: datetime | None) -> int:
    """Brings the books of these orders to what the log and the decisions say; returns how many lacked something.

    ``now``: None stamps each entry with its fact's own time, in a world that is replayed. The orders must be locked.
    """
    moving = reading.moving(sorted(orders))
    if not moving:
        return 0
    told = reading.told(moving)
    books = reading.books(sorted(told))
    review = timedelta(hours=settings.REVIEW_HOURS)
    plans: dict[int, Plan] = {}
    for order, money in told.items():
        made = plan(money, books[order], _numbers(money), now, review)
        if made.entries or made.releases or made.holds or made.available_at is not None:
            plans[order] = made
    if plans:
        _carry_out(plans, told, now)
    return len(plans)


def _carry_out(plans: Mapping[int, Plan], told: Mapping[int, OrderMoney], now: datetime | None) -> None:
    latest = max(told[order].latest_us for order in plans)
    at = at_micros(latest) if now is None else now
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
    if releases or requests or dates:  # several calls below: the sellers of all of them are locked in one order
        ledger.stand_by(
            {(told[order].seller, told[order].main) for order in plans if told[order].main}
            | {(e.seller_key, e.currency) for e in entries if e.seller_key is not None}
            | {(request.seller_key, request.currency) for request in requests}
        )
    ledger.post(entries)
    if releases:
        ledger.release(releases, at, "what it was held for has ended", ENGINE_ACTOR)
    if requests:
        ledger.hold(requests)
    if dates:
        ledger.reschedule_each(dates)
    telling.tell(releases, [request.key for request in requests], at, replay=now is None)


def _numbers(money: OrderMoney) -> Numbers:
    """The marketplace's numbers of the day on which the order was placed."""
    at_us = money.latest_us if money.placed_us is None else money.placed_us
    return preset(settings.PRESET).on(at_micros(at_us).date())
