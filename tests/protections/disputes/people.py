"""A dispute that is open now, for the stories of pages and of the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.kernel.builders import event
from tests.portal import shops

from safeconduct.kernel.cases.words import Remedy
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.protections.disputes.burden import ClaimType
from safeconduct.protections.disputes.models import Opened
from safeconduct.protections.disputes.opening import Request, open_disputes


def sold(*, delivered: bool = False, **data: Any) -> shops.Sold:
    """An order of the first shop that was paid, and delivered if asked."""
    shops.open_for_business()
    made = shops.order(at=shops.ago(24 * 6), ship_country="DE", **data)
    if delivered:
        shops.ship(made, at=shops.ago(24 * 5))
        shops.happen(
            event("shipment.delivered", at=shops.ago(24 * 2), order=made.ref, seller="sel-1",
                  parcel=shops.parcel_of(made), carrier="dhl")
        )  # fmt: skip
    return made


def opened(*, delivered: bool = False, order: shops.Sold | None = None, **changes: Any) -> str:
    """The case of a dispute that a buyer has just opened about it, or about an order that is there."""
    order = order or sold(delivered=delivered)
    fields: dict[str, Any] = {
        "key": order.ref, "order_key": order.key, "type": ClaimType.NOT_RECEIVED, "asked": Remedy.REFUND,
        "actor": Actor("shop", "machine"), "opened": Opened.API, "words": "It never came", **changes,
    }  # fmt: skip
    with engine_scope():
        (dispute,) = open_disputes([Request(**fields)], at=shops.NOW - timedelta(hours=1))
    return dispute.case_id


def page_of(case_id: str) -> str:
    return f"/portal/disputes/{case_id}/"
