"""A coverage template: which causes are covered, on which conditions, up to how much and until when. Data, dated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from safeconduct.foundation.money import Money
from safeconduct.protections.transactions.coverage.words import Cause, Kind, Parcels, Start, Sure

Texts = dict[str, str]
"""A sentence by language: en, es, zh."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a figure comes from, and how sure it is."""

    source: str
    sure: Sure


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. Which fields count depends on its kind; `reading` refuses those that do not."""

    name: str
    kind: Kind
    says: Texts
    do: Texts
    origin: Origin
    within_us: int | None = None
    after: Start = Start.PAID
    parcels: Parcels = Parcels.ANY
    values: frozenset[str] = frozenset()
    from_amount: Money | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Covered:
    """A cause that is covered, by the names of its conditions."""

    cause: Cause
    conditions: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Excluded:
    """A cause that is not covered, and what a seller is told about it."""

    cause: Cause
    because: Texts
    origin: Origin


@dataclass(frozen=True, slots=True)
class Period:
    """Until when claims are covered: so long after an event of the order."""

    within_us: int
    after: Start
    origin: Origin


@dataclass(frozen=True, slots=True)
class Warning:
    """When the seller is warned about a term: after this share of it, and this long before its end."""

    share_percent: int
    before_us: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Review:
    """Risk review ends this long before the card authorisation lapses, which lasts so long if nobody says otherwise."""

    before_us: int
    authorisation_us: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Limits:
    """Up to how much: for an order, for a seller in a calendar year, for the whole fund in one. None: no such limit."""

    order: Money | None
    seller_year: Money | None
    fund_year: Money | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a template. ``late_news_us``: how long after a term ends news of it being kept still counts."""

    name: str
    title: Texts
    about: Texts
    valid_from: date
    limits: Limits
    period: Period
    warning: Warning
    review: Review
    late_news_us: int
    late_news_origin: Origin
    conditions: dict[str, Condition]
    covered: tuple[Covered, ...]
    excluded: tuple[Excluded, ...]
    text: str = field(repr=False, compare=False, default="")


def in_currency(template: Template, currency: str, value: Callable[[Money], int | None]) -> Template | None:
    """The template with all its amounts in one currency; ``value`` gives minor units of it for another's amount.

    None where one of them has no known value: an amount is never guessed.
    """
    limits = template.limits
    wanted = [limits.order, limits.seller_year, limits.fund_year]
    wanted += [condition.from_amount for condition in template.conditions.values()]
    changed: dict[Money, Money] = {}
    for money in wanted:
        if money is not None:
            minor = money.minor if money.currency == currency else value(money)
            if minor is None:
                return None
            changed[money] = Money(minor, currency)

    def of(money: Money | None) -> Money | None:
        return None if money is None else changed[money]

    return replace(
        template,
        limits=replace(
            limits, order=of(limits.order), seller_year=of(limits.seller_year), fund_year=of(limits.fund_year)
        ),
        conditions={
            name: replace(condition, from_amount=of(condition.from_amount))
            for name, condition in template.conditions.items()
        },
    )
