"""How an amount is spread over parts, to the last unit. Pure: the same parts in any order get the same.

Rounding is by the largest remainder: each part gets its share rounded down, and the units that are left go one each to
the largest remainders; of equal ones to the lower name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple


class Standing(NamedTuple):
    """A part as a debit finds it. ``left_minor``: what has not gone back; ``taken_minor``: what this dispute has taken
    of it so far."""

    amount_minor: int
    left_minor: int
    taken_minor: int


def spread(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """The total in proportion to weights that are zero or more; where all are zero, in equal parts.

    A total below zero is spread as its opposite. No part gets more than its weight unless the total is more than all
    of them.
    """
    if total < 0:
        return {name: -part for name, part in spread(-total, weights).items()}
    whole = sum(weights.values())
    if not whole:
        weights = dict.fromkeys(weights, 1)
        whole = len(weights)
    parts = {name: total * weight // whole for name, weight in weights.items()}
    rest = total - sum(parts.values())
    for name in sorted(weights, key=lambda name: (-(total * weights[name] % whole), name))[:rest]:
        parts[name] += 1
    return parts


def within(total: int, weights: Mapping[str, int], most: Mapping[str, int]) -> dict[str, int]:
    """The total in proportion to weights, none more than its most; what does not fit goes where there is room, and what
    fits nowhere is left out.
    """
    shares = {name: min(part, max(0, most[name])) for name, part in spread(max(0, total), weights).items()}
    room = {name: max(0, most[name]) - part for name, part in shares.items()}
    rest = min(total - sum(shares.values()), sum(room.values()))
    more = spread(rest, room) if rest > 0 else {}
    return {name: part + more.get(name, 0) for name, part in shares.items()}


def with_costs(goods: Mapping[str, int], shipping_minor: int, tax_minor: int) -> dict[str, int]:
    """What each line cost with its part of an order's shipping and tax, in proportion to the price of the goods."""
    shipping, tax = spread(shipping_minor, goods), spread(tax_minor, goods)
    return {name: price + shipping[name] + tax[name] for name, price in goods.items()}


def debit_shares(paid_minor: int, parts: Mapping[str, Standing], named: Collection[str] = ()) -> dict[str, int]:
    """What a debit takes of each part, in the payment's currency; below zero, what is given back to each.

    Among the parts that are named (all, where none is). Taken is first what is left of them, then what had gone back of
    them before, at most what each was paid, so that nobody answers for a refund of another; the rest in proportion to
    what they were paid. Given back is first what the same dispute took.
    """
    among = {name: part for name, part in parts.items() if name in named} or dict(parts)
    if paid_minor >= 0:
        left = {name: max(0, part.left_minor) for name, part in among.items()}
        tiers = [left, {name: max(0, part.amount_minor - left[name]) for name, part in among.items()}]
    else:
        tiers = [{name: max(0, part.taken_minor) for name, part in among.items()}]
    shares, rest = dict.fromkeys(parts, 0), abs(paid_minor)
    for tier in tiers:
        size = min(rest, sum(tier.values()))
        rest -= size
        for name, minor in spread(size, tier).items():
            shares[name] += minor
    for name, minor in spread(rest, {name: part.amount_minor for name, part in among.items()}).items():
        shares[name] += minor
    return shares if paid_minor >= 0 else {name: -minor for name, minor in shares.items()}


def grown(paid_minor: int, costs: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """What of a payment stands for each line once it comes to so much: what stood for it before, and of what is more a
    share in proportion to what is missing of its cost. So no line ever has less than before, and together they have
    what was paid.
    """
    had = {name: before.get(name, 0) for name in costs}
    more = max(0, paid_minor - sum(had.values()))
    missing = {name: max(0, cost - had[name]) for name, cost in costs.items()}
    shares = spread(more, missing if sum(missing.values()) >= more else costs)
    return {name: minor + shares[name] for name, minor in had.items()}


def in_another(amount_minor: int, shares: Mapping[str, int]) -> dict[str, int]:
    """The same shares of an amount in the bank's currency."""
    return spread(amount_minor, {name: abs(minor) for name, minor in shares.items()})
