"""A shop that lives through the front door: events are received and decided at a clock that the test turns."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.kernel.builders import event, usd, with_budget

from safeconduct.kernel.decisions import engine, lanes, policies
from safeconduct.kernel.decisions.engine import Made
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.ledger import checking
from safeconduct.kernel.scope import Actor, engine_scope, query, staff_scope
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.transactions import actions, versions
from safeconduct.protections.transactions.models import Coverage
from safeconduct.protections.transactions.money import due

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)

POLICY = """\
policy: order-risk
on: order.placed
in: USD
rules:
  careful:
    when: ip_country = 'XR'
    then: review
    because: {en: "The order comes from {ip_country}", es: "El pedido viene de {ip_country}", zh: "订单来自 {ip_country}"}
  denied:
    when: ip_country = 'XB'
    then: block
    because: {en: "No orders from {ip_country}", es: "Sin pedidos de {ip_country}", zh: "不接受来自 {ip_country} 的订单"}
"""


class Shop:
    """One marketplace from its first day. ``now`` is its clock, in days since `START`."""

    def __init__(self, *, template: str | None = "jd-like", policy: str = POLICY) -> None:
        self.day = 0.0
        with staff_scope():
            policies.install(with_budget(policy), at=START, actor=Actor("test", "owner"))
            if template is not None:
                versions.install(START, template)

    @property
    def now(self) -> datetime:
        return START + timedelta(days=self.day)

    def tell(
        self, kind: str, order: str, *, day: float | None = None, at: float | None = None, **data: Any
    ) -> list[Made]:
        """An event that becomes known on a day (from then on it is that day), and happened then or ``at`` a day."""
        if day is not None:
            self.day = day
        happened = START + timedelta(days=self.day if at is None else at)
        return self.send([envelope(kind, order, at=happened, **data)])

    def send(self, batch: list[dict[str, Any]]) -> list[Made]:
        """A batch of events that become known when they happen."""
        accepted = lanes.accept(batch, now=lambda: self.now, known=Known.WHEN_IT_HAPPENED, wait=False)
        assert not accepted.receipt.refused, accepted.receipt.refused
        with engine_scope():
            return engine.decide([stored.moment for stored in accepted.receipt.stored], now=lambda: self.now)

    def sold(self, order: str, *, day: float = 0, amount: float = 100, deliver: bool = False, **data: Any) -> None:
        """An order that is placed, paid and, if asked, sent in time and delivered after three days."""
        self.tell("order.placed", order, day=day, amount=usd(amount), address="12 Main St", **data)
        self.tell("order.paid", order, day=day + 0.01, amount=usd(amount))
        if deliver:
            self.ship(order, day=day + 0.5)
            self.tell("shipment.delivered", order, day=day + 3, parcel=f"dhl:{order}", address="12 Main St")

    def ship(self, order: str, *, day: float, **data: Any) -> None:
        parcel = f"dhl:{order}"
        self.tell(
            "shipment.shipped", order, day=day, **{"parcel": parcel, "carrier": "dhl", "address": "12 Main St", **data}
        )
        self.tell("shipment.tracked", order, day=day + 0.1, parcel=parcel, carrier="dhl", scan="accepted")

    def disputed(
        self, order: str, *, day: float, amount: float | None = 100, outcome: str | None = None, **data: Any
    ) -> None:
        """A bank dispute, opened and, with an outcome, closed five days later."""
        money = {} if amount is None else {"amount": usd(amount)}
        self.tell("dispute.opened", order, day=day, dispute=f"dp-{order}", **{"reason": "fraudulent", **money, **data})
        if outcome is not None:
            self.tell("dispute.closed", order, day=day + 5, dispute=f"dp-{order}", outcome=outcome, **money)

    def wait(self, day: float) -> None:
        """Time passes: what falls due is done."""
        self.day = day
        actions.sweep(self.now)
        due.release(self.now)

    def pay_out(self, day: float | None = None, key: str | None = None) -> float:
        """A payout run; returns what was paid, in dollars."""
        if day is not None:
            self.wait(day)
        return sum(outcome.amount_minor for outcome in due.run_payouts(self.now, key=key).outcomes) / 100


def envelope(kind: str, order: str, **fields: Any) -> dict[str, Any]:
    if kind == "order.placed":
        return event(kind, order=order, **fields)
    return event(kind, order=order, **{"seller": "sel-1", **fields})


def key_of(order: str) -> int:
    with engine_scope():
        found = lookup("order", order)
    assert found is not None
    return found


def coverage(order: str) -> Coverage:
    with staff_scope():
        return Coverage.objects.get(order_key=key_of(order))


def position(order: str, cause: str = "unauthorised_payment") -> tuple[str, str]:
    state, reason, _ = coverage(order).certificate["positions"][cause]
    return state, reason


def balances(currency: str = "USD") -> dict[str, float]:
    """Every account that is not empty, sellers' accounts together, in units; and the books are right."""
    with engine_scope():
        for answer in checking.check():
            assert answer.ok, answer
        found = query(
            "SELECT a.kind, sum(p.amount_minor)::bigint FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
            " WHERE a.currency = %s GROUP BY a.kind",
            [currency],
        ).fetchall()
    return {kind: total / 100 for kind, total in found if total}


def events_posted() -> list[str]:
    with engine_scope():
        return [event for (event,) in query("SELECT event FROM ledger_transaction ORDER BY id")]


def holds(*, open_only: bool = True) -> list[tuple[str, float]]:
    with engine_scope():
        rows = query(
            "SELECT reason, held_minor FROM ledger_hold WHERE ended_at IS NULL OR NOT %s ORDER BY id", [open_only]
        ).fetchall()
    return [(reason, held / 100) for reason, held in rows]


def notices(code: str = "") -> list[dict[str, Any]]:
    """What was told, oldest first."""
    with engine_scope():
        rows = query('SELECT code, "values", at FROM notice ORDER BY at, id').fetchall()
    return [{"code": found, "at": at, **values} for found, values, at in rows if code in ("", found)]
