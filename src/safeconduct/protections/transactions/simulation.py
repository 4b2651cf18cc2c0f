"""A changed template over history: what would have been promised and paid, beside what the present one promises.

Both are evaluated on the same facts at the same instant, so that nothing differs but the templates. Orders are read in
batches; what is kept of each is counts. Yearly limits bind one order after the other, in the order in which claims were
decided: those few orders are kept until the end.
"""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from django.conf import settings

from safeconduct.foundation.moments import at_micros, micros, moment_micros
from safeconduct.foundation.moments import moment as moment_of
from safeconduct.kernel.scope import query
from safeconduct.protections.transactions.coverage.certificate import Certificate
from safeconduct.protections.transactions.coverage.evaluate import evaluate
from safeconduct.protections.transactions.coverage.facts import OrderFacts, Ruling
from safeconduct.protections.transactions.coverage.template import Template
from safeconduct.protections.transactions.coverage.words import STRICTNESS, Action, Cause, Outcome, State
from safeconduct.protections.transactions.gathering import PLACED, gather, rulings_of
from safeconduct.protections.transactions.versions import Book, Live, book

#: Orders of one batch: one query for their facts, and a megabyte of them.
BATCH: Final = 500
#: Orders that change which are named, those with the most money first.
NAMED: Final = 50
#: A cause that the template does not cover; no state of `words`, because such an order stands nowhere.
EXCLUDED: Final = "excluded"
#: The newest fact counts, whatever its moment.
_ALL: Final = 2**62
Progress = Callable[[int, int], None]

_ORDERS: Final = """
SELECT f.moment, f."order", c.template_id, c.rulings
FROM fact f LEFT JOIN coverage c ON c.order_key = f."order"
WHERE f.type = %b AND f.moment > %b AND f.moment < %b AND f."order" IS NOT NULL
ORDER BY f.moment LIMIT %b
"""
#: Risk decisions of orders that have no row of coverage: what the engine and people decided about their placing.
_RULINGS: Final = """
SELECT order_key, moment, decided_at, kind, action FROM decision
WHERE order_key = ANY(%b::bigint[]) AND moment = ANY(%b::bigint[]) AND kind <> 'shadow' ORDER BY id
"""


class Place(NamedTuple):
    """How an order stands against a cause: a state or `EXCLUDED`, the reason, and what the fund pays."""

    state: str
    reason: str = ""
    pays_minor: int = 0


class Change(NamedTuple):
    """An order that would stand otherwise against a cause."""

    order: int
    seller: int
    cause: Cause
    before: Place
    after: Place


@dataclass(slots=True)
class Tally:
    """What one side promises and pays. ``states``: (cause, state) → orders; ``reasons``: (cause, condition or word) →
    orders that lost the cover over it; ``paid_minor``: cause → what the fund pays.
    """

    states: Counter[tuple[Cause, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[Cause, str]] = field(default_factory=Counter)
    paid_minor: Counter[Cause] = field(default_factory=Counter)
    up_to_minor: int = 0

    def add(self, certificate: Certificate | None, places: Mapping[Cause, Place]) -> None:
        for cause, place in places.items():
            self.states[cause, place.state] += 1
            if place.state in (State.VOID, State.DENIED):
                self.reasons[cause, place.reason] += 1
            if place.pays_minor:
                self.paid_minor[cause] += place.pays_minor
        if certificate is not None:
            self.up_to_minor += certificate.up_to_minor or 0

    def orders(self, cause: Cause | None, *states: str) -> int:
        """Orders in these states, against a cause or against all of them together."""
        return sum(n for (c, state), n in self.states.items() if state in states and cause in (None, c))

    @property
    def claims_paid(self) -> int:
        return self.orders(None, State.PAID)

    @property
    def claims_denied(self) -> int:
        return self.orders(None, State.DENIED)

    @property
    def money_minor(self) -> int:
        return sum(self.paid_minor.values())

    def as_json(self) -> dict[str, Any]:
        """Counts by cause, for programs."""
        return {
            "claims_paid": self.claims_paid, "claims_denied": self.claims_denied, "paid_minor": self.money_minor,
            "up_to_minor": self.up_to_minor,
            "causes": {
                cause.value: {
                    "states": {s: n for (c, s), n in sorted(self.states.items()) if c is cause},
                    "reasons": {r: n for (c, r), n in sorted(self.reasons.items()) if c is cause},
                    "paid_minor": self.paid_minor[cause],
                }
                for cause in Cause
            },
        }  # fmt: skip


@dataclass(slots=True)
class Simulation:
    """The result. ``before``: the versions that orders have, or had on their day; ``after``: the new template.

    ``orders``: those placed in the time asked for; ``changed``: of them, those that stand otherwise against some
    cause; ``changes``: some of those. ``cut``: whether there were more than was allowed. Amounts: ``currency``.
    """

    template: str
    currency: str
    since: datetime | None
    until: datetime
    orders: int = 0
    changed: int = 0
    cut: bool = False
    seconds: float = 0.0
    before: Tally = field(default_factory=Tally)
    after: Tally = field(default_factory=Tally)
    changes: tuple[Change, ...] = ()

    @property
    def more_claims(self) -> int:
        return self.after.claims_paid - self.before.claims_paid

    @property
    def more_minor(self) -> int:
        return self.after.money_minor - self.before.money_minor

    def as_json(self) -> dict[str, Any]:
        """The whole result, for programs."""
        return {
            "template": self.template, "currency": self.currency, "orders": self.orders, "changed": self.changed,
            "since": None if self.since is None else self.since.isoformat(), "until": self.until.isoformat(),
            "cut": self.cut, "seconds": round(self.seconds, 2), "more_claims": self.more_claims,
            "more_minor": self.more_minor, "before": self.before.as_json(), "after": self.after.as_json(),
            "changes": [
                {"order_key": c.order, "cause": c.cause.value, "before": list(c.before), "after": list(c.after)}
                for c in self.changes
            ],
        }  # fmt: skip


@dataclass(slots=True)
class _Order:
    """One order with its two templates; None where no version was in force on its day."""

    key: int
    seller: int
    facts: OrderFacts
    chosen: tuple[Book | None, Book]
    certificates: list[Certificate | None]

    @property
    def year(self) -> int:
        return at_micros(self.facts.placed.at_us).year

    @property
    def decided(self) -> tuple[int, int]:
        """When its first lost claim was decided."""
        closed = [c.closed for c in self.facts.claims if c.outcome is Outcome.LOST and c.closed is not None]
        return min(((news.at_us, news.moment) for news in closed), default=(0, 0))


def simulate(
    template: Template, *, now: datetime, since: datetime | None = None, until: datetime | None = None,
    most: int | None = None, progress: Progress | None = None,
) -> Simulation:  # fmt: skip
    """Evaluates the orders placed from ``since`` to before ``until`` with this template, and with the versions they
    have. ``most``: the newest so many only. ``progress`` is told orders done and orders in all. In a scope of staff.
    """
    started = time.monotonic()
    result = Simulation(template.name, settings.REPORTING_CURRENCY, since, until or now)
    first, last = _span(since, result.until)
    total, first, result.cut = _counted(first, last, most)
    books = _Books(template)
    named: list[tuple[int, int, int, Change]] = []
    waiting: list[_Order] = []
    at_us = micros(now)
    for done, orders in _batches(books, first, last, at_us):
        for order in orders:
            if any(c is not None and _pays(c) for c in order.certificates):
                waiting.append(order)
            else:
                _count(result, order, named)
        if progress is not None:
            progress(done, total)
    for side in (0, 1):
        _bind_by_year(waiting, side, at_us)
    for order in waiting:
        _count(result, order, named)
    result.changes = tuple(change for *_, change in sorted(named, reverse=True))
    result.seconds = time.monotonic() - started
    return result


class _Books:
    """The versions of orders, each in the reporting currency by the rates of a day, and the one that is tried."""

    def __init__(self, template: Template) -> None:
        self.of_their_day = book()
        self.tried = _always(Live("", 0, template))
        self._kept = {live.id: _always(live) for live in self.of_their_day.versions}

    def present(self, template_id: str | None, placed_us: int) -> Book | None:
        """The version an order has; without a row of coverage, the one that was in force on its day."""
        if template_id is None:
            found = self.of_their_day.of_day(placed_us)
            template_id = None if found is None else found[0].id
        return None if template_id is None else self._kept.get(template_id)


def _always(live: Live) -> Book:
    return Book([Live(live.id, live.number, replace(live.template, valid_from=date.min))])


def _span(since: datetime | None, until: datetime) -> tuple[int, int]:
    """Moments: after the first, before the last."""
    return (0 if since is None else moment_of(since) - 1), moment_of(until)


def _counted(first: int, last: int, most: int | None) -> tuple[int, int, bool]:
    """How many orders there are, after which moment they begin, and whether older ones were left out."""
    row = query(
        "SELECT count(*) FROM fact WHERE type = %b AND moment > %b AND moment < %b", [PLACED, first, last]
    ).fetchone()
    total = 0 if row is None else int(row[0])
    if most is None or total <= most:
        return total, first, False
    edge = query(
        "SELECT moment FROM fact WHERE type = %b AND moment > %b AND moment < %b ORDER BY moment DESC"
        " OFFSET %b LIMIT 1",
        [PLACED, first, last, most],
    ).fetchone()
    return most, first if edge is None else int(edge[0]), True


def _batches(books: _Books, first: int, last: int, at_us: int) -> Iterator[tuple[int, list[_Order]]]:
    """Orders, evaluated on both sides; with how many were read by then."""
    done = 0
    while True:
        rows = query(_ORDERS, [PLACED, first, last, BATCH]).fetchall()
        if not rows:
            return
        first = rows[-1][0]
        done += len(rows)
        yield done, _evaluated(books, rows, at_us)


def _evaluated(books: _Books, rows: list[tuple[int, int, str | None, Any]], at_us: int) -> list[_Order]:
    rulings: dict[int, list[Ruling]] = {o: rulings_of(given) for _, o, _, given in rows if given is not None}
    bare = {o: moment for moment, o, _, given in rows if given is None}
    if bare:
        rulings |= _decided(bare)
    gathered = gather({o: _ALL for _, o, _, _ in rows}, rulings, settings.REPORTING_CURRENCY)
    orders = []
    for moment, key, template_id, _ in rows:
        found = gathered.get(key)
        # An order that was told twice counts once, at its first telling.
        if found is None or found.seller is None or found.facts.placed.moment != moment:
            continue
        chosen = (books.present(template_id, found.facts.placed.at_us), books.tried)
        order = _Order(key, found.seller, found.facts, chosen, [])
        order.certificates = [_seen(order, side, at_us) for side in (0, 1)]
        orders.append(order)
    return orders


def _decided(moments: Mapping[int, int]) -> dict[int, list[Ruling]]:
    """Of several policies about one order the strictest counts; after it, what people decided."""
    found: dict[int, list[Ruling]] = {}
    for order, moment, decided_at, kind, action in query(_RULINGS, [list(moments), list(moments.values())]):
        rulings = found.setdefault(order, [])
        if kind == "override":
            rulings.append(Ruling(micros(decided_at), moment, Action(action)))
        elif not rulings:
            rulings.append(Ruling(moment_micros(moment), moment, Action(action)))
        elif STRICTNESS[Action(action)] > STRICTNESS[rulings[0].action]:
            rulings[0] = rulings[0]._replace(action=Action(action))
    return found


def _seen(order: _Order, side: int, at_us: int, left_minor: int | None = None) -> Certificate | None:
    versions = order.chosen[side]
    chosen = None if versions is None else versions.of_day(order.facts.placed.at_us)
    if chosen is None:
        return None
    live, template = chosen
    facts = order.facts
    if template is None:  # no rate for one of its amounts on that day: nothing can be promised in money
        return evaluate(live.template, replace(facts, amount_minor=None), at_us)
    if left_minor is not None:
        facts = replace(facts, limit_left_minor=left_minor)
    return evaluate(template, facts, at_us)


def _pays(certificate: Certificate) -> int:
    return sum(position.pays_minor for position in certificate.positions.values())


def _bind_by_year(waiting: list[_Order], side: int, at_us: int) -> None:
    """Lets the yearly limits bind, one order after the other; only what orders of the span took counts."""
    used: Counter[tuple[int, int]] = Counter()
    for order in sorted(waiting, key=lambda o: (o.decided, o.key)):
        certificate = order.certificates[side]
        versions = order.chosen[side]
        chosen = None if versions is None else versions.of_day(order.facts.placed.at_us)
        if certificate is None or chosen is None or chosen[1] is None:
            continue
        limits, left = chosen[1].limits, []
        if limits.seller_year is not None:
            left.append(limits.seller_year.minor - used[order.seller, order.year])
        if limits.fund_year is not None:
            left.append(limits.fund_year.minor - used[0, order.year])
        if left and _pays(certificate) > min(left):
            certificate = order.certificates[side] = _seen(order, side, at_us, max(0, min(left)))
            assert certificate is not None
        paid = _pays(certificate)
        used[order.seller, order.year] += paid
        used[0, order.year] += paid


def _places(certificate: Certificate | None) -> dict[Cause, Place]:
    if certificate is None:
        return {cause: Place(EXCLUDED) for cause in Cause}
    return {
        cause: Place(EXCLUDED) if position is None else Place(position.state, position.reason, position.pays_minor)
        for cause, position in ((cause, certificate.positions.get(cause)) for cause in Cause)
    }


def _count(result: Simulation, order: _Order, named: list[tuple[int, int, int, Change]]) -> None:
    before, after = (_places(certificate) for certificate in order.certificates)
    result.orders += 1
    result.before.add(order.certificates[0], before)
    result.after.add(order.certificates[1], after)
    differ = [cause for cause in Cause if before[cause] != after[cause]]
    result.changed += bool(differ)
    for cause in differ:
        change = Change(order.key, order.seller, cause, before[cause], after[cause])
        weight = abs(after[cause].pays_minor - before[cause].pays_minor)
        entry = (weight, order.facts.amount_minor or 0, order.key, change)
        if len(named) < NAMED:
            heapq.heappush(named, entry)
        elif entry > named[0]:
            heapq.heapreplace(named, entry)
