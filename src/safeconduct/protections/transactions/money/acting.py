"""What money does: it follows a batch of events, and what people decide, inside the transaction that decides.

Locks are taken in one order: rows of coverage, then orders, then the ledger's sellers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.decisions.reactions import Decided
from safeconduct.kernel.ledger import actions as ledger
from safeconduct.kernel.scope import ENGINE_ACTOR, query
from safeconduct.presets.numbers import Numbers, preset
from safeconduct.protections.transactions.gathering import orders_of_disputes
from safeconduct.protections.transactions.money import reading, telling
from safeconduct.protections.transactions.money.plan import Plan, plan
from safeconduct.protections.transactions.money.told import OrderMoney


def act(rows: Sequence[Mapping[str, Any]], made: Sequence[Decided], now: datetime | None) -> None:
    """Brings the books of a batch's orders to what the log and the decisions say.

    ``now``: None stamps each entry with its fact's own time, in a world that is replayed.
    """
    orders = _touched(rows, made)
    if orders:
        settle(orders, now)


def settle(orders: set[int], now: datetime | None) -> int:
    """Posts, releases and holds what the books of these orders lack; returns how many orders had something missing."""
    moving = reading.moving(sorted(orders))
    if not moving:
        return 0
    reading.lock(moving)
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
    ledger.post(entries)
    if releases:
        ledger.release(releases, at, "", ENGINE_ACTOR)
    if requests:
        ledger.hold(requests)
    dates = {order: made.available_at for order, made in plans.items() if made.available_at is not None}
    if dates:
        ledger.reschedule_each(dates)
    telling.tell(releases, [request.key for request in requests], at, replay=now is None)


def _touched(rows: Sequence[Mapping[str, Any]], made: Sequence[Decided]) -> set[int]:
    found: set[int] = set()
    homeless: set[int] = set()
    for row in rows:
        if row["type"] in reading.CODES:
            if row["order"] is not None:
                found.add(row["order"])
            elif row["dispute"] is not None:
                homeless.add(row["dispute"])
    for decision in made:
        if decision.order_key is not None:
            found.add(decision.order_key)
    if homeless:
        for orders in orders_of_disputes(homeless).values():
            found |= orders
    return found


def _numbers(money: OrderMoney) -> Numbers:
    """The marketplace's numbers of the day on which the order was placed."""
    at_us = money.latest_us if money.placed_us is None else money.placed_us
    return preset(settings.PRESET).on(at_micros(at_us).date())
