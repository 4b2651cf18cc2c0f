"""Terms that stand still while the platform holds an order (guardrails: a platform hold stops the seller's clocks)."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from safeconduct.protections.transactions.coverage.facts import Hold, OrderFacts
from safeconduct.protections.transactions.coverage.words import Action


def held(facts: OrderFacts) -> list[Hold]:
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
            spans.append(Hold(begun, None))
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
