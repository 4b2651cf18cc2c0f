"""A shop whose goods come back: events through the front door, members and staff with keyword defaults."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.kernel.builders import person
from tests.protections.transactions.shop import START, Shop, key_of

from safeconduct.kernel.cases import sweep as case_sweep
from safeconduct.kernel.cases.models import Case, Evidence, Step, StoredOutcome
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.claims.models import Claim, Refund
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import ENGINE_ACTOR, Actor, engine_scope, staff_scope
from safeconduct.protections.returns import actions, judging, protection
from safeconduct.protections.returns.asks import Ask
from safeconduct.protections.returns.judging import Finding
from safeconduct.protections.returns.models import Return, ReturnLine
from safeconduct.protections.returns.words import Grade

SAYS = {"en": "A brick lay in the box; the number on the phone is not there."}
SELLER = Actor("mem-1", "seller", "This is not what we sent.")


class Market(Shop):
    """Sells to Germany unless it is said otherwise. One line an order, of 100 USD."""

    def sent(self, order: str = "ord-1", *, country: str = "DE", amount: float = 100, **noted: Any) -> None:
        """An order that is placed, paid, sent with what was noted, and delivered on day 3."""
        self.sold(order, amount=amount, ship_country=country)
        self.ship(order, day=0.5, **noted)
        self.tell("shipment.delivered", order, day=3, parcel=f"dhl:{order}", address="12 Main St")

    def wants_back(self, order: str = "ord-1", *, day: float = 5, **data: Any) -> Return:
        self.tell("return.requested", order, day=day, buyer="buy-1", **data)
        return returned(order)

    def comes_back(self, order: str = "ord-1", *, day: float = 9, **noted: Any) -> Return:
        self.tell("return.received", order, day=day, buyer="buy-1", **noted)
        return returned(order)

    def asks(self, order: str = "ord-1", *, day: float = 5, **fields: Any) -> Return:
        """A return with more than an event can say."""
        self.day = day
        with engine_scope():
            ask = Ask(f"test/{order}/{day}", key_of(order), self.now, **fields)
            actions.request([ask], ENGINE_ACTOR, Role.ENGINE, at=self.now)
        return returned(order)

    def does(self, name: str, role: Role = Role.SELLER, *, order: str = "ord-1", day: float | None = None) -> Return:
        self.day = self.day if day is None else day
        with engine_scope():
            actions.step(returned(order).id, name, SELLER, role, at=self.now)
        return returned(order)

    def judged(
        self, grade: Grade, *, order: str = "ord-1", role: Role = Role.ARBITER, who: User | None = None, **finding: Any
    ) -> User:
        """A named person grades the one line with all there is, and decides."""
        who = who or person()
        case_id = returned(order).case_id
        with staff_scope():
            evidence = tuple(Evidence.objects.filter(exhibits__case_id=case_id).values_list("id", flat=True))
            found = Finding(grade, **{"evidence": evidence, **finding})
            judging.decide(returned(order).id, who, role, {"": found}, SAYS, at=self.now)
        return who

    def passes(self, day: float) -> None:
        """Time passes: clocks of cases and of the law do what is due."""
        self.day = day
        case_sweep.keep_up(self.now)
        protection.sweep(self.now)
        self.wait(day)

    def pays_out_refunds(self, *, day: float | None = None, order: str = "ord-1") -> float:
        """The shop sends what was asked for and tells it; returns how much, in dollars."""
        self.day = self.day if day is None else day
        with engine_scope():
            running = list(Refund.objects.filter(claim__order_key=key_of(order), state="requested"))
        total = sum(one.to_send_minor for one in running)
        if total:
            self.tell("refund.created", order, amount={"minor": total, "currency": "USD"})
        return total / 100


def returned(order: str = "ord-1") -> Return:
    with staff_scope():
        return Return.objects.filter(order_key=key_of(order)).select_related("case").latest("requested_at", "id")


def state(order: str = "ord-1") -> str:
    return returned(order).case.state


def line(order: str = "ord-1") -> ReturnLine:
    with staff_scope():
        return ReturnLine.objects.get(returned_id=returned(order).id)


def refunds(order: str = "ord-1") -> list[tuple[float, str]]:
    with staff_scope():
        rows = Refund.objects.filter(claim__order_key=key_of(order)).order_by("requested_at", "id")
        return [(one.amount_minor / 100, one.state) for one in rows]


def outcome(case: Case | None = None) -> StoredOutcome:
    with staff_scope():
        rows = StoredOutcome.objects.filter(case_id=(case or returned().case).id)
        return rows.latest("at", "id")


def history(order: str = "ord-1") -> list[str]:
    with staff_scope():
        return list(
            Step.objects.filter(case_id=returned(order).case_id).order_by("number").values_list("name", flat=True)
        )


def open_claims() -> int:
    with staff_scope():
        return Claim.objects.filter(closed_at=None).count()


def days(count: float) -> timedelta:
    return timedelta(days=count)


__all__ = ["START", "Market", "days", "history", "line", "open_claims", "outcome", "refunds", "returned", "state"]
