"""Lines of orders in events: what they must come to, so that what is known of an order is one thing and not two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from safeconduct.foundation.money import Money

#: As claims keep the name of a line.
LONGEST_NAME: Final = 60
_COSTS: Final = ("price", "shipping", "tax")
#: What an order may say of the whole of it, beside what its lines say.
OF_ORDER: Final = ("shipping", "tax")

Wrong = tuple[str, str]
"""A field, and what is wrong with it and the way out."""


def wrong(data: Mapping[str, Any]) -> Wrong | None:
    """What is wrong with the lines of an event whose fields are read; None for nothing, or without lines."""
    lines = data.get("lines")
    if lines is None:
        return None
    return _names(lines) or (_whole(data, lines) if "price" in lines[0] else _parts(data, lines))


def costs(data: Mapping[str, Any]) -> dict[str, int]:
    """Line → its price with the shipping and tax that it says itself, in minor units; of an `order.placed`."""
    return {line["line"]: sum(_minor(line.get(cost)) for cost in _COSTS) for line in data.get("lines") or ()}


def goods(data: Mapping[str, Any]) -> dict[str, int]:
    """Line → the price of its goods, in minor units; of an `order.placed`."""
    return {line["line"]: _minor(line["price"]) for line in data.get("lines") or ()}


def of_order(data: Mapping[str, Any]) -> tuple[int, int]:
    """Shipping and tax of the whole order, beside what its lines say, in minor units."""
    shipping, tax = (_minor(data.get(name)) for name in OF_ORDER)
    return shipping, tax


def named(data: Mapping[str, Any]) -> dict[str, int | None]:
    """Line → the amount that the event says about it, None where it says none; of any other event."""
    return {line["line"]: _minor(line["amount"]) if "amount" in line else None for line in data.get("lines") or ()}


def _minor(given: Mapping[str, Any] | None) -> int:
    return 0 if given is None else int(given["minor"])


def _names(lines: Sequence[Mapping[str, Any]]) -> Wrong | None:
    seen: set[str] = set()
    for number, line in enumerate(lines):
        name, place = line["line"], f"data.lines[{number}].line"
        if not name.strip():
            return place, "a line needs a name or number that is not empty"
        if len(name) > LONGEST_NAME:
            return place, f"the name of a line is longer than {LONGEST_NAME} letters; use its id"
        if name in seen:
            return place, "another line of the event has this name; give each its own"
        seen.add(name)
    return None


def _whole(data: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Wrong | None:
    """An order: lines, shipping and tax come to its amount."""
    if "amount" not in data:
        return "data.amount", "is missing: the lines of an order come to it"
    currency = data["amount"]["currency"]
    for number, line in enumerate(lines):
        for cost in _COSTS:
            if cost in line and line[cost]["currency"] != currency:
                return f"data.lines[{number}].{cost}", f"must be in {currency}, as the order's amount is"
    for name in OF_ORDER:
        if name in data and data[name]["currency"] != currency:
            return f"data.{name}", f"must be in {currency}, as the order's amount is"
    total = sum(costs(data).values()) + sum(of_order(data))
    return _compared(total, data["amount"], "say what is missing in price, shipping or tax")


def _parts(data: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Wrong | None:
    """Anything else: where lines say amounts, all of them do, and they come to that of the event."""
    said = [line["amount"] for line in lines if "amount" in line]
    if not said:
        return None
    number = next((n for n, line in enumerate(lines) if "amount" not in line), None)
    if number is not None:
        return f"data.lines[{number}].amount", "is missing: either all lines say their amount, or none does"
    if "amount" not in data:
        return "data.amount", "is missing: lines that say amounts are parts of it"
    for number, amount in enumerate(said):
        if amount["currency"] != data["amount"]["currency"]:
            return f"data.lines[{number}].amount", f"must be in {data['amount']['currency']}, as the event's amount is"
    return _compared(sum(amount["minor"] for amount in said), data["amount"], "say what is missing, or leave them out")


def _compared(total: int, amount: Mapping[str, Any], way_out: str) -> Wrong | None:
    if total == amount["minor"]:
        return None
    come, says = (Money(minor, amount["currency"]).format() for minor in (total, amount["minor"]))
    return "data.lines", f"the lines come to {come}, and data.amount says {says}; {way_out}"
