"""Leases: one person, one order, one purpose, ten minutes. In a scope of the engine; the seller is locked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.readings.scenes import OTHER, SHIP, Scene
from safeconduct.kernel.scope import Actor, query
from safeconduct.protections.data_security import errors
from safeconduct.protections.data_security.leases.models import BuyerLease, Paid
from safeconduct.protections.data_security.leases.orders import OrderStanding, standings
from safeconduct.protections.data_security.leases.quota import tenth_of

#: How long a lease runs (a figure of ours), and until when after its close an order's recipient may be shown (security
#: research of 2026-11-23, 2.13: close + 30 days).
RUNS: Final = timedelta(minutes=10)
CLOSED_KEPT: Final = timedelta(days=30)
SCENES: Final = (*SHIP, *OTHER)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order to be leased, and out of what."""

    order_key: int
    paid: Paid


def grant(seller_key: int, order_key: int, scene: Scene, actor: Actor, at: datetime) -> BuyerLease:
    """A lease of one order; asked again while it runs, the same one.

    Raises NoSuchOrder, NotPaid, Cancelled, ShippedAlready, NotShipped, ClosedTooLong, OverQuota.
    """
    lock(seller_key)
    running = BuyerLease.objects.filter(
        order_key=order_key, person_id=actor.id, scene=scene, expires_at__gt=at, seller_key=seller_key
    ).first()
    if running is not None:
        return running
    order = standings([order_key], seller_key).get(order_key)
    if order is None:
        raise errors.NoSuchOrder
    admit(order, scene, at)
    (wanted,) = pay(seller_key, [order], scene, at)
    (lease_id,) = write(seller_key, [wanted], scene, actor, at)
    return BuyerLease.objects.get(id=lease_id)


def lock(seller_key: int) -> None:
    """What a shop takes out of its quota is taken one after the other."""
    query("SELECT key FROM seller WHERE key = %s FOR NO KEY UPDATE", [seller_key])


def admit(order: OrderStanding, scene: Scene, at: datetime) -> None:
    """Whether an order may be opened for a scene at all. Raises as `grant`, without OverQuota."""
    if order.paid_at is None:
        raise errors.NotPaid
    if order.closed_at is not None and at > order.closed_at + CLOSED_KEPT:
        raise errors.ClosedTooLong(CLOSED_KEPT.days)
    if scene in SHIP:
        if order.cancelled_at is not None:
            raise errors.Cancelled
        if order.shipped:
            raise errors.ShippedAlready
    if scene is Scene.AFTER_SALE and not order.shipped:
        raise errors.NotShipped


def pay(seller_key: int, orders: Sequence[OrderStanding], scene: Scene, at: datetime) -> list[Wanted]:
    """Out of what each order is leased: its own reveal where it has one, else the shop's tenth. Raises OverQuota."""
    own: set[int] = set()
    if scene in SHIP:
        keys = [order.order_key for order in orders]
        spent = BuyerLease.objects.filter(order_key__in=keys, paid=Paid.ORDER)
        own = set(keys) - set(spent.values_list("order_key", flat=True))
    wanted = [Wanted(one.order_key, Paid.ORDER if one.order_key in own else Paid.TENTH) for one in orders]
    needed = sum(one.paid is Paid.TENTH for one in wanted)
    if needed:
        tenth = tenth_of(seller_key, at)
        if needed > tenth.left:
            raise errors.OverQuota(needed, tenth.left, tenth.next_at)
    return wanted


def write(
    seller_key: int, wanted: Sequence[Wanted], scene: Scene, actor: Actor, at: datetime, export_id: str | None = None
) -> list[str]:
    """Keeps leases; returns their ids. One statement."""
    ids = [new_id("lse") for _ in wanted]
    query(
        "INSERT INTO buyer_lease (id, seller_key, order_key, person_id, role, scene, paid, export_id, at, expires_at)"
        " SELECT id, %s, order_key, %s, %s, %s, paid, %s, %s, %s"
        " FROM unnest(%b::text[], %b::bigint[], %b::text[]) AS w(id, order_key, paid)",
        [
            seller_key, actor.id, actor.role, scene.value, export_id, at, at + RUNS, ids,
            [one.order_key for one in wanted], [one.paid.value for one in wanted],
        ],
    )  # fmt: skip
    return ids
