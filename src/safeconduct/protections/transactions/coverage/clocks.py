"""Terms that stand still while the platform holds an order (its hold stops the seller's clocks)."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from safeconduct.protections.transactions.coverage.facts import Hold, OrderFacts
from safeconduct.protections.transactions.coverage.template import Template
from safeconduct.protections.transactions.coverage.words import Action


class Review(NamedTuple):
    """A review that runs: since when, and when it is over by itself."""

    begun_us: int
    over_us: int


def review_of(template: Template, facts: OrderFacts) -> Review | None:
    """The review that runs, or None. It is over by itself before the card authorisation lapses, or so long after it
    began, where it began late: the platform's silence is not the seller's loss."""
    begun: int | None = None
    for ruling in sorted(facts.rulings, key=itemgetter(0, 1)):
        if ruling.action is not Action.REVIEW:
            begun = None
        elif begun is None:
            begun = ruling.at_us
    if begun is None:
        return None
    rules, lapses = template.review, facts.authorised_until_us
    if lapses is None:
        lapses = facts.placed.at_us + rules.authorisation_us
    return Review(begun, max(lapses, begun + 2 * rules.before_us) - rules.before_us)


def held(facts: OrderFacts, review: Review | None) -> list[Hold]:
    """When the order stood still: the holds that were told, and the time risk reviews took; joined and in order."""
    spans = list(facts.holds)
    if facts.rulings:
        begun: int | None = None
        for ruling in sorted(facts.rulings, key=itemgetter(0, 1)):
            if ruling.action is Action.REVIEW:
                begun = ruling.at_us if begun is None else begun
            elif begun is not None:
                spans.append(Hold(begun, ruling.at_us))
                begun = None
        if begun is not None:
            spans.append(Hold(begun, None if review is None else review.over_us))
    if not spans:
        return spans
    spans.sort(key=lambda span: span.from_us)
    joined = [spans[0]]
    for span in spans[1:]:
        last = joined[-1]
        if last.until_us is None:
            break
        if span.from_us > last.until_us:
            joined.append(span)
        elif span.until_us is None or span.until_us > last.until_us:
            joined[-1] = Hold(last.from_us, span.until_us)
    return joined


def deadline(start_us: int, within_us: int, holds: Sequence[Hold]) -> int | None:
    """When a term that begins at a time ends, without the time of the holds; None while it stands still."""
    end = start_us + within_us
    for hold in holds:
        if hold.from_us >= end:
            break
        if hold.until_us is None:
            return None
        if hold.until_us > start_us:
            end += hold.until_us - max(hold.from_us, start_us)
    return end
