"""What a member of a shop does to see buyers' data: reveal one order, look at what was revealed, make a file.

Each opens its own scopes of the engine, because only that login reads the sealed log, and what is written down about a
look must be committed before anything is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from safeconduct.foundation.ids import new_id
from safeconduct.kernel.parties import whereabouts
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.readings.contacts import CONTACT, Contact, opened
from safeconduct.kernel.readings.scenes import Scene
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.ui.csv_export import text
from safeconduct.protections.data_security import errors
from safeconduct.protections.data_security.leases import canaries, granting, judging, quota
from safeconduct.protections.data_security.leases.models import BuyerLease, ContactExport
from safeconduct.protections.data_security.leases.orders import OrderStanding, placed_between, standings

#: Orders in one file: a day's work of a large shop, and a page of memory.
MOST_ROWS: Final = 2000


def reveal(
    seller: Seller, order_key: int, scene: Scene, actor: Actor, at: datetime, *, address: str = "",
    confirmed: bool = False,
) -> BuyerLease:  # fmt: skip
    """Leases one order's recipient to a person. ``address``: where they ask from. ``confirmed``: they proved a moment
    ago that it is them.

    What is far beyond the shop's usual day, or over its quota, is judged by the engine first. Raises what `grant`
    raises, and ConfirmFirst.
    """
    with engine_scope():
        used = quota.usage_of(seller.key, at)
        running = BuyerLease.objects.filter(
            order_key=order_key, person_id=actor.id, scene=scene, expires_at__gt=at, seller_key=seller.key
        ).exists()
    if not running and used.unusual(1) and _judged(seller, actor, at, address, used, 1).stops and not confirmed:
        raise errors.ConfirmFirst
    try:
        with engine_scope():
            return granting.grant(seller.key, order_key, scene, actor, at)
    except errors.OverQuota:
        _judged(seller, actor, at, address, used, 1, over_quota=True)
        raise


def look(seller_key: int, lease_id: str, actor: Actor, at: datetime) -> tuple[BuyerLease, Contact]:
    """What a running lease of this person shows; each look is written down. Raises LeaseOver, NoSuchOrder."""
    with engine_scope():
        lease = BuyerLease.objects.filter(
            id=lease_id, seller_key=seller_key, person_id=actor.id, export=None, expires_at__gt=at
        ).first()
        if lease is None:
            raise errors.LeaseOver
        found = opened([lease.order_key], seller_key, CONTACT, lease.scene, actor, at, lease.id)
        if lease.order_key not in found:
            raise errors.NoSuchOrder
        return lease, found[lease.order_key]


def export(
    seller: Seller, scene: Scene, fields: Sequence[str], since: datetime, until: datetime, actor: Actor, at: datetime,
    *, address: str = "", confirmed: bool = False,
) -> tuple[ContactExport, str]:  # fmt: skip
    """A file with the contacts of the orders placed in a time that may be shown for a scene, as CSV with canary rows.

    Each order is leased like one that is revealed by itself, out of the same quota; one whose lease still runs costs
    nothing, so that a download that broke off can be had again. The engine judges before anything is opened;
    ``address`` and ``confirmed`` as in `reveal`. Raises TooManyRows, NothingToExport, OverQuota, ConfirmFirst,
    ExportStopped.
    """
    with engine_scope():
        orders = _orders(seller.key, scene, since, until, at)
        used = quota.usage_of(seller.key, at)
    verdict = _judged(seller, actor, at, address, used, len(orders))
    if verdict.proof_is_enough and not confirmed:
        raise errors.ConfirmFirst
    if verdict.stops and not verdict.proof_is_enough:
        raise errors.ExportStopped
    try:
        with engine_scope():
            return _made(seller, scene, fields, (since, until), orders, actor, at, verdict.decision_id)
    except errors.OverQuota:
        _judged(seller, actor, at, address, used, len(orders), over_quota=True)
        raise


def _orders(seller_key: int, scene: Scene, since: datetime, until: datetime, at: datetime) -> list[OrderStanding]:
    keys = placed_between(seller_key, since, until, MOST_ROWS + 1)
    if len(keys) > MOST_ROWS:
        raise errors.TooManyRows(MOST_ROWS)
    found = standings(keys, seller_key)
    orders = [found[key] for key in keys if key in found and may(found[key], scene, at)]
    if not orders:
        raise errors.NothingToExport
    return orders


def may(order: OrderStanding, scene: Scene, at: datetime) -> bool:
    """Whether an order may be opened for a scene, the quota aside."""
    try:
        granting.admit(order, scene, at)
    except (errors.NotPaid, errors.ClosedTooLong, errors.Cancelled, errors.ShippedAlready, errors.NotShipped):
        return False
    return True


def _made(
    seller: Seller, scene: Scene, fields: Sequence[str], span: tuple[datetime, datetime],
    orders: Sequence[OrderStanding], actor: Actor, at: datetime, decision_id: str,
) -> tuple[ContactExport, str]:  # fmt: skip
    granting.lock(seller.key)
    keys = [order.order_key for order in orders]
    running = set(
        BuyerLease.objects.filter(
            order_key__in=keys, person_id=actor.id, scene=scene, expires_at__gt=at, seller_key=seller.key
        ).values_list("order_key", flat=True)
    )
    wanted = granting.pay(seller.key, [one for one in orders if one.order_key not in running], scene, at)
    made = ContactExport.objects.create(
        id=new_id("cex"), seller_key=seller.key, person_id=actor.id, role=actor.role, scene=scene, fields=list(fields),
        placed_from=span[0], placed_until=span[1], orders=len(orders), canaries=canaries.how_many(len(orders)),
        decision_id=decision_id, at=at,
    )  # fmt: skip
    granting.write(seller.key, wanted, scene, actor, at, made.id)
    contacts = opened(keys, seller.key, fields, scene, actor, at, made.id)
    rows = [_row(one.ref, contacts[one.order_key].values, fields) for one in orders if one.order_key in contacts]
    for canary in canaries.hatch(made, [one.ref for one in orders], at):
        rows.insert(canary.place, _row(canary.ref, canary.values, fields))
    return made, text([["order", *fields], *rows])


def _row(ref: str, values: Mapping[str, str], fields: Sequence[str]) -> list[str]:
    return [ref, *(values.get(name, "") for name in fields)]


def _judged(
    seller: Seller, actor: Actor, at: datetime, address: str, used: quota.Usage, more: int, *, over_quota: bool = False
) -> judging.Verdict:
    with engine_scope():
        place = whereabouts.asked_from(actor.id, address, at)
    known: dict[str, Any] = {
        "rows": used.today + more, "usual_rows": used.usual, "over_quota": over_quota, "member_role": actor.role,
        **place,
    }  # fmt: skip
    return judging.ask(seller.ref, actor.id, at, known)
