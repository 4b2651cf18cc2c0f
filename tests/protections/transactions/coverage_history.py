"""A small history of orders in the log: each told by events, as a shop system would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.kernel.builders import event, live_policy, usd

from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.transactions import versions
from safeconduct.protections.transactions.coverage.shipped import shipped_templates
from safeconduct.protections.transactions.models import TemplateVersion

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
NOW = START + timedelta(days=100)


def hours(count: float) -> datetime:
    return START + timedelta(hours=count)


def ready() -> TemplateVersion:
    """A policy and the default template in force."""
    live_policy()
    with staff_scope():
        version = versions.install(START)
    assert version is not None
    return version


def text_of(name: str = "jd-like") -> str:
    return shipped_templates()[name].text


def sold(
    order: str, amount: float = 100, *, placed: float = 0, shipped: float = 24, scanned: float = 30,
    lost: str | None = None, won: str | None = None, open_dispute: str | None = None, seller: str = "sel-1",
    card: str = "", paid: bool = True,
) -> None:  # fmt: skip
    """An order at an hour: paid at once, shipped and scanned so many hours later, delivered after a week. ``lost``,
    ``won``, ``open_dispute``: a bank dispute for this reason, opened after ten days and decided after thirty, or not
    yet. ``paid`` false: only that it was placed is told.
    """
    at, parcel = hours(placed), f"dhl:{order}"
    who = {"order": order, "seller": seller}

    def later(count: float) -> datetime:
        return at + timedelta(hours=count)

    told = [
        event(at=at, **who, amount=usd(amount), card=card or f"card-{order}", buyer=f"buyer-{order}"),
        event("order.paid", at=later(0.1), **who, amount=usd(amount)),
        event("shipment.shipped", at=later(shipped), **who, parcel=parcel, carrier="dhl"),
        event("shipment.tracked", at=later(scanned), parcel=parcel, scan="in_transit"),
        event("shipment.delivered", at=later(170), **who, parcel=parcel),
    ]
    if not paid:
        del told[1:]
    reason = lost or won or open_dispute
    if reason is not None:
        about = {**who, "dispute": f"dp-{order}", "amount": usd(amount), "reason": reason}
        told.append(event("dispute.opened", at=later(240), **about))
        if open_dispute is None:
            told.append(event("dispute.closed", at=later(720), **about, outcome="lost" if lost else "won"))
    lanes.accept(sorted(told, key=lambda envelope: envelope["time"]), now=None, known=Known.WHEN_IT_HAPPENED)
