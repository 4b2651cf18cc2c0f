"""Terms that stand still while the platform holds an order (guardrails: a platform hold stops the seller's clocks)."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from safeconduct.protections.transactions.coverage.facts import Hold, OrderFacts
from safeconduct.protections.transactions.coverage.template import Template
from safeconduct.protections.transactions.coverage.words import Action


def review_end(template: Template, facts: OrderFacts) -> int | None:
    """When the review that runs is over by itself, because the platform's silence is not the seller's loss: before the
    card authorisation lapses, or so long after it began, where it began late. None where no review runs."""
    begun: int | None = None
    for ruling in sorted(facts.rulings, key=itemgetter(0, 1)):
        if ruling.action is not Action.REVIEW:
            begun = None
        elif begun is None:
            begun = ruling.at_us
    if begun is None:
        return None
    review, lapses = template.review, facts.authorised_until_us
    if lapses is None:
        lapses = facts.placed.at_us + review.authorisation_us
    return max(lapses - review.before_us, begun + review.before_us)


def held(template: Template, facts: OrderFacts, at_us: int) -> list[Hold]:
    """When the order stood still: the holds that were told, and the time risk reviews took; joined and in order. A
    review that runs has no end until it is over."""
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
            end = review_end(template, facts)
            spans.append(Hold(begun, None if end is None or at_us < end else end))
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
