"""An order, and what happens to it, in hours after it was placed: a story names only what it is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from safeconduct.foundation.moments import TIES, micros
from safeconduct.protections.transactions.coverage.certificate import Certificate, Position
from safeconduct.protections.transactions.coverage.evaluate import evaluate
from safeconduct.protections.transactions.coverage.facts import (
    AddressChange,
    Claim,
    Hold,
    News,
    OrderFacts,
    Parcel,
    Payment,
    Refund,
    Ruling,
    Scan,
)
from safeconduct.protections.transactions.coverage.shipped import shipped_templates
from safeconduct.protections.transactions.coverage.template import Template, in_currency
from safeconduct.protections.transactions.coverage.words import Action, Cause, Channel, Outcome

HOUR = 3_600_000_000
DAY = 24 * HOUR
PLACED = micros(datetime(2026, 9, 1, 8, 0, tzinfo=UTC))
HOME = 7001
OTHER = 7002


def at(hours: float) -> int:
    return PLACED + round(hours * HOUR)


def news(hours: float, *, told_after: float = 0.0) -> News:
    return News(at(hours), at(hours + told_after) * TIES)


def template(name: str = "jd-like") -> Template:
    found = in_currency(shipped_templates()[name], "USD", lambda money: None)
    assert found is not None
    return found


@dataclass(slots=True)
class Story:
    """An order of 120 USD from the United States to `HOME`, placed at hour 0."""

    amount_minor: int = 12_000
    facts: OrderFacts = field(init=False)

    def __post_init__(self) -> None:
        self.facts = OrderFacts(news(0), self.amount_minor, "USD", address=HOME, seller_country="US")

    def decided(self, hours: float, action: str = "allow") -> Story:
        self.facts.rulings = (*self.facts.rulings, Ruling(*news(hours), Action(action)))
        return self

    def paid(self, hours: float = 0.1, amount_minor: int | None = None) -> Story:
        self.facts.payments = (*self.facts.payments, Payment(*news(hours), amount_minor))
        return self

    def parcel(
        self, shipped: float, *, scanned: float | None = None, delivered: float | None = None, to: int | None = HOME,
        signed: bool | None = None, left_at: int | None = None, scan: str = "in_transit", told_after: float = 0.0,
    ) -> Story:  # fmt: skip
        scans = () if scanned is None else (Scan(*news(scanned, told_after=told_after), scan),)
        parcel = Parcel(
            news(shipped, told_after=told_after), True, "dhl", to, left_at, scans,
            None if delivered is None else news(delivered), signed,
        )  # fmt: skip
        self.facts.parcels = (*self.facts.parcels, parcel)
        return self

    def moved(self, hours: float, to: int | None = OTHER) -> Story:
        self.facts.changes = (*self.facts.changes, AddressChange(*news(hours), to))
        return self

    def refunded(self, hours: float, amount_minor: int | None = None) -> Story:
        self.facts.refunds = (*self.facts.refunds, Refund(*news(hours), amount_minor))
        return self

    def held(self, start: float, end: float | None) -> Story:
        self.facts.holds = (*self.facts.holds, Hold(at(start), None if end is None else at(end)))
        return self

    def cancelled(self, hours: float) -> Story:
        self.facts.cancelled = news(hours)
        return self

    def claimed(
        self, hours: float, cause: Cause | None = Cause.UNAUTHORISED, *, closed: float | None = None,
        outcome: str = "lost", amount_minor: int | None = None, filed: float | None = None,
        asked: float | None = None, answered: float | None = None, abuse: float | None = None,
    ) -> Story:  # fmt: skip
        def some(hour: float | None) -> News | None:
            return None if hour is None else news(hour)

        claim = Claim(
            news(hours), cause, Channel.BANK, amount_minor, some(closed), None if closed is None else Outcome(outcome),
            some(filed), some(asked), some(answered), some(abuse),
        )  # fmt: skip
        self.facts.claims = (*self.facts.claims, claim)
        return self

    def seen(self, hours: float, name: str = "jd-like") -> Certificate:
        return evaluate(template(name), self.facts, at(hours))

    def against(self, cause: Cause, hours: float, name: str = "jd-like") -> Position:
        return self.seen(hours, name).positions[cause]


def ordinary(amount_minor: int = 12_000) -> Story:
    """Accepted and paid at once, shipped after a day, scanned, delivered after a week."""
    return Story(amount_minor).decided(0.01).paid().parcel(24, scanned=30, delivered=170, signed=True)
