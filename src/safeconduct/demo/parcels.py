"""Parcels that do not simply go and arrive: labels without a parcel behind them, and orders sent and paid in parts."""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, HOUR, MINUTE
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.goods import delivery_days, dispatch_hours
from safeconduct.demo.life import signed
from safeconduct.demo.orders import Order, parcel_number
from safeconduct.demo.rendering import money


def print_label(b: WorldBuilder, rng: Random, order: Order, *, hours: float) -> None:
    """Tell a tracking number for a parcel that no carrier ever gets to see."""
    order.parcel = parcel_number(rng, order.carrier)
    b.record("shipment.shipped", order.paid_at + int(hours * HOUR), order)


def ship_in_parts(b: WorldBuilder, rng: Random, order: Order, parts: int, *, rest_minor: int = 0) -> int:
    """Send the order in several parcels, a day or two apart, each with its number; the last arrives when answered.

    ``rest_minor``: what was not captured when it was placed, and is when the second parcel leaves.
    """
    at = order.paid_at + int(min(dispatch_hours(rng), 46.0) * HOUR)
    last = at
    for part in range(parts):
        number = parcel_number(rng, order.carrier)
        order.parcel = order.parcel or number
        weight = max(40, order.weight_g // parts)
        b.record("shipment.shipped", at, order, {"parcel": number, "weight_g": weight})
        if part == 1 and rest_minor:
            b.record("order.paid", at + MINUTE, order, {"amount": money(rest_minor)})
        b.record("shipment.tracked", at + rng.randrange(HOUR, 14 * HOUR), order, {"parcel": number, "scan": "accepted"})
        arrives = at + int(delivery_days(rng, cold_chain=False) * DAY)
        b.record("shipment.delivered", arrives, order, {"parcel": number, "signed": signed(rng, order)})
        last = max(last, arrives)
        at += int(rng.uniform(0.6, 2.2) * DAY)
    return last
