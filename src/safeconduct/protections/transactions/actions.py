"""What coverage does: it follows a batch of events, and what time alone changes.

Two processes that work on the same order wait for each other (`gathering.lock`), also when only time moves. A row is
looked at with all events up to the latest it was ever looked at with, so it never goes back to an earlier view.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.conf import settings

from safeconduct.foundation.moments import at_micros, micros, moment_micros
from safeconduct.kernel.decisions.models import DecisionKind
from safeconduct.kernel.decisions.reactions import Decided
from safeconduct.kernel.scope import engine_scope, query
from safeconduct.protections.transactions import storing, telling, versions
from safeconduct.protections.transactions.coverage.evaluate import evaluate
from safeconduct.protections.transactions.coverage.facts import Ruling
from safeconduct.protections.transactions.coverage.template import Template
from safeconduct.protections.transactions.coverage.words import STRICTNESS, Action
from safeconduct.protections.transactions.gathering import (
    PLACED,
    Attributed,
    gather,
    lock_due,
    rulings_of,
)
from safeconduct.protections.transactions.money import acting
from safeconduct.protections.transactions.storing import Change, Known

#: How many orders a sweep takes into one transaction, and how many transactions one call may be.
_SWEEP_ORDERS: Final = 300
_SWEEP_ROUNDS: Final = 20
#: An order that another process makes at the same instant is read again; the third time it is surely there.
_ROUNDS: Final = 3


@dataclass(slots=True)
class _Touched:
    """What a batch says of one order: its latest moment, when it is looked at, and new risk decisions."""

    moment: int = 0
    at_us: int = 0
    rulings: list[Ruling] = field(default_factory=list)


def act(events: Sequence[Attributed], made: Sequence[Decided], now: datetime | None) -> None:
    """Brings the certificates of a batch's orders up to date, inside the transaction that decides.

    ``now``: None looks at each order at the time of its own latest event, in a world that is replayed.
    """
    touched = _touched(events, made, now)
    if not touched:
        return
    book = versions.book()
    if not book.versions:
        return
    left = touched
    for _ in range(_ROUNDS):
        lost = _follow(left, book, replay=now is None)
        if not lost:
            return
        left = {order: touched[order] for order in lost}


def sweep(now: datetime) -> int:
    """Does what time alone changes, and warns sellers: what is due by ``now``, late rather than never. Returns how many
    orders were looked at. Each round is a transaction of its own. What the fund pays of them follows in the same one.
    """
    done = 0
    for _ in range(_SWEEP_ROUNDS):
        with engine_scope():
            due = query(
                "SELECT order_key, seen_moment FROM coverage WHERE order_key = ANY(%b::bigint[]) AND next_at <= %s"
                " ORDER BY order_key FOR UPDATE",
                [lock_due(now, _SWEEP_ORDERS), now],
            ).fetchall()
            if due:
                at_us = micros(now)
                # Everything known by now counts, also what still waits for its decision: a scan that is in the log
                # must not be overlooked because a lane is slow.
                horizon = (at_us + 1) << 12
                touched = {order: _Touched(max(seen, horizon - 1), at_us) for order, seen in due}
                before = _promised(touched)
                _follow(touched, versions.book(), replay=False, swept=True)
                after = _promised(touched)
                acting.settle({order for order in touched if after.get(order) != before.get(order)}, now)
        done += len(due)
        if len(due) < _SWEEP_ORDERS:
            break
    return done


def _promised(orders: Collection[int]) -> dict[int, tuple[int, int]]:
    """Order → what the fund is to pay of it, for good and for now; orders of which it pays nothing are left out."""
    rows = query(
        "SELECT order_key, pays_minor, advance_minor FROM coverage WHERE order_key = ANY(%b::bigint[])"
        " AND (pays_minor > 0 OR advance_minor > 0)",
        [sorted(orders)],
    )
    return {order: (pays, advance) for order, pays, advance in rows}


def _touched(events: Sequence[Attributed], made: Sequence[Decided], now: datetime | None) -> dict[int, _Touched]:
    found: dict[int, _Touched] = {}
    at_us = None if now is None else micros(now)

    def touch(order: int, moment: int) -> _Touched:
        one = found.get(order)
        if one is None:
            one = found[order] = _Touched()
        if moment > one.moment:
            one.moment = moment
            one.at_us = moment_micros(moment) if at_us is None else at_us
        return one

    for row, orders in events:
        for order in orders:
            touch(order, row["moment"])
    placed = {row["moment"] for row, _ in events if row["type"] == PLACED}
    for (order, moment), action in _ruled(made, placed).items():
        ruled_us = moment_micros(moment) if at_us is None else at_us
        touch(order, moment).rulings.append(Ruling(ruled_us, moment, action))
    return found


def _ruled(made: Sequence[Decided], placed: set[int]) -> dict[tuple[int, int], Action]:
    """The strictest decision about the placing of each order: several policies may speak of one.

    A person overrules one policy's decision; what the others say still stands.
    """
    found: dict[tuple[int, int], Action] = {}
    orders = {d.moment: d.order_key for d in made if d.order_key is not None and d.moment in placed}
    words = [(d.moment, str(d.action)) for d in made if d.moment in orders]
    overruled = [d.moment for d in made if d.moment in orders and d.kind == DecisionKind.OVERRIDE]
    if overruled:
        words += query(
            "SELECT moment, action FROM decision WHERE moment = ANY(%b::bigint[]) AND standing AND kind <> 'shadow'",
            [overruled],
        ).fetchall()
    for moment, word in words:
        key, action = (orders[moment], moment), Action(word)
        if key not in found or STRICTNESS[action] > STRICTNESS[found[key]]:
            found[key] = action
    return found


def _follow(
    touched: Mapping[int, _Touched], book: versions.Book, *, replay: bool, swept: bool = False
) -> set[int]:  # fmt: skip
    """Looks at these orders and writes what changed. Returns orders that another process made meanwhile."""
    known = storing.locked(sorted(touched))
    rulings: dict[int, list[Ruling]] = {}
    horizons = {}
    for order, one in touched.items():
        before = known.get(order)
        earlier = [] if before is None else rulings_of(before.rulings)
        rulings[order] = earlier + [ruling for ruling in one.rulings if ruling not in earlier]
        horizons[order] = one.moment if before is None else max(one.moment, before.seen_moment)
    gathered = gather(horizons, rulings, settings.REPORTING_CURRENCY)
    used = storing.usage(
        {(g.seller, _year(g.facts.placed.at_us)) for g in gathered.values() if g.facts.claims and g.seller is not None}
    )
    fresh = {order: g.facts.placed.moment for order, g in gathered.items() if order not in known}
    names = storing.order_names(fresh)
    changes = []
    for order, found in gathered.items():
        one, before = touched[order], known.get(order)
        if found.seller is None:
            continue
        chosen = (
            book.of_day(found.facts.placed.at_us) if before is None else _kept(book, before, found.facts.placed.at_us)
        )
        if chosen is None:
            continue
        live, template = chosen
        facts = found.facts
        if template is None:  # no rate for one of its amounts: nothing can be promised in money
            template, facts.amount_minor = live.template, None
        if facts.claims:
            own = 0 if before is None else before.pays_minor + before.advance_minor
            facts.limit_left_minor = _left(template, used, found.seller, _year(facts.placed.at_us), own)
        at_us = one.at_us if replay or swept else max(one.at_us, facts.placed.at_us)
        certificate = evaluate(template, facts, at_us)
        changes.append(
            Change(
                order, found.seller, names.get(order), facts, certificate, live.id, max(found.moment, horizons[order]),
                at_us, found.moment, before,
            )
        )  # fmt: skip
    lost = storing.write(changes)
    kept = [change for change in changes if change.order not in lost]
    telling.tell(kept, {live.id: live.template for live in book.versions}, replay=replay, swept=swept)
    return lost


def _kept(book: versions.Book, before: Known, placed_us: int) -> tuple[versions.Live, Template | None] | None:
    """The version an order already has: what was promised stays, whatever is approved later."""
    live = next((v for v in book.versions if v.id == before.template_id), None)
    return None if live is None else (live, book.valued(live, placed_us))


def _left(
    template: Template, used: Mapping[tuple[int, int], int], seller: int, year: int, own_minor: int
) -> int | None:  # fmt: skip
    """What the yearly limits leave for an order, not counting what it was paid itself."""
    limits, left = template.limits, []
    if limits.seller_year is not None:
        left.append(limits.seller_year.minor - used.get((seller, year), 0) + own_minor)
    if limits.fund_year is not None:
        left.append(limits.fund_year.minor - used.get((0, year), 0) + own_minor)
    return max(0, min(left)) if left else None


def _year(at_us: int) -> int:
    return at_micros(at_us).year
