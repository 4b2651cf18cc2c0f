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


def with_costs(goods: Mapping[str, int], shipping_minor: int, tax_minor: int) -> dict[str, int]:
    """What each line cost with its part of an order's shipping and tax, in proportion to the price of the goods."""
    shipping, tax = spread(shipping_minor, goods), spread(tax_minor, goods)
    return {name: price + shipping[name] + tax[name] for name, price in goods.items()}


def debit_shares(paid_minor: int, parts: Mapping[str, Standing], named: Collection[str] = ()) -> dict[str, int]:
    """What a debit takes of each part, in the payment's currency; below zero, what is given back to each.

    Taken is first what is left of the parts that are named (of all, where none is), the rest in proportion to what they
    were paid. Given back is first what the same dispute took.
    """
    among = {name: part for name, part in parts.items() if name in named} or dict(parts)
    if paid_minor >= 0:
        first = {name: max(0, part.left_minor) for name, part in among.items()}
    else:
        first = {name: max(0, part.taken_minor) for name, part in parts.items()}
    size = min(abs(paid_minor), sum(first.values()))
    rest = abs(paid_minor) - size
    shares = dict.fromkeys(parts, 0)
    for name, minor in spread(size, first).items():
        shares[name] += minor
    for name, minor in spread(rest, {name: part.amount_minor for name, part in among.items()}).items():
        shares[name] += minor
    return shares if paid_minor >= 0 else {name: -minor for name, minor in shares.items()}


def in_another(amount_minor: int, shares: Mapping[str, int]) -> dict[str, int]:
    """The same shares of an amount in the bank's currency."""
    return spread(amount_minor, {name: abs(minor) for name, minor in shares.items()})
