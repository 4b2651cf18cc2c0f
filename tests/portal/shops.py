"""Two shops with orders, money, decisions and people, for the stories of the portal."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client
from tests.kernel.builders import event, live_policy, usd

from safeconduct.kernel.decisions import lanes
from safeconduct.kernel.decisions.engine import Made
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.ledger.actions import Entry, HoldRequest, hold, post
from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.models import MemberRole, Seller, StaffRole, User
from safeconduct.kernel.scope import engine_scope, query, staff_scope
from safeconduct.protections.transactions import actions, versions

_numbers = itertools.count(1)
NOW = datetime.now(UTC)
PASSWORD = "a long sentence for a test"


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def open_for_business() -> None:
    """A policy and a coverage template in force, two shops known."""
    live_policy()
    with staff_scope():
        versions.install(ago(24 * 300))
    happen(
        event("seller.registered", at=ago(24 * 200), seller="sel-1", seller_name="Viña del Mar Fruits", seller_country="CL"),
        event("seller.registered", at=ago(24 * 200), seller="sel-2", seller_name="Kyoto Teas", seller_country="JP"),
    )  # fmt: skip


def happen(*events: dict[str, Any]) -> list[Made]:
    """Events come in at their own time, are decided, and coverage follows them."""
    made = lanes.accept(list(events), known=Known.WHEN_IT_HAPPENED, now=None).decisions
    with engine_scope():
        rows = [
            dict(zip(("moment", "type", "order", "parcel"), row, strict=True))
            for row in query('SELECT moment, type, "order", parcel FROM fact ORDER BY moment')
        ]
        actions.act(rows, made, NOW)
    return made


@dataclass(frozen=True, slots=True)
class Sold:
    """An order that was placed: the shop's id, its key, and the decision about it."""

    ref: str
    key: int
    decision: str
    seller_key: int


def order(*, seller: str = "sel-1", at: datetime | None = None, amount: int = 120, paid: bool = True, **data: Any) -> Sold:
    """An order that was placed, and paid a minute later."""
    at = at or ago(20)
    ref = f"ORD-{next(_numbers)}"
    data = {"ship_country": "CN", "payment_method": "card", "card": f"card-{ref}", "buyer": f"buy-{ref}", **data}
    placed = event(at=at, order=ref, seller=seller, amount=usd(amount), **data)
    (made,) = happen(placed)
    if paid:
        happen(event("order.paid", at=at + timedelta(minutes=1), order=ref, seller=seller, amount=usd(amount)))
    assert made.order_key is not None
    assert made.seller_key is not None
    return Sold(ref, made.order_key, made.id, made.seller_key)


def ship(sold: Sold, *, at: datetime, seller: str = "sel-1", scanned_at: datetime | None = None) -> None:
    parcel = f"dhl:{sold.ref}00420042"
    happen(event("shipment.shipped", at=at, order=sold.ref, seller=seller, parcel=parcel, carrier="dhl"))
    scan = event("shipment.tracked", at=scanned_at or at + timedelta(hours=1), parcel=parcel, carrier="dhl", scan="accepted")
    happen(scan)


def capture(sold: Sold, *, sale: int = 12_000, fee: int = 960, available_at: datetime | None = None) -> None:
    with engine_scope():
        post(
            [
                Entry(
                    "capture", f"capture/{sold.ref}", ago(19), "USD", sold.seller_key, sold.key,
                    {"sale": sale, "fee": fee}, available_at=available_at or NOW + timedelta(days=7),
                )
            ]
        )  # fmt: skip


def hold_back(sold: Sold, *, minor: int = 5_000, reason: str = "order_under_review") -> None:
    with engine_scope():
        hold(
            [
                HoldRequest(
                    f"hold/{sold.ref}", ago(18), sold.seller_key, sold.key, "USD", minor, reason,
                    NOW + timedelta(days=3), "review_ends",
                )
            ]
        )  # fmt: skip


def seller_key(ref: str = "sel-1") -> int:
    with staff_scope():
        return Seller.objects.get(ref=ref).key


def member(
    *refs: str, role: MemberRole = MemberRole.OWNER, language: str = "en", zone: str = "America/Santiago"
) -> User:
    """Somebody who acts for these shops."""
    with staff_scope():
        user = User.objects.create_user(
            f"m{next(_numbers)}@example.org", PASSWORD, name="Camila Soto", staff_role=StaffRole.NONE,
            language=language, time_zone=zone,
        )  # fmt: skip
        for number, ref in enumerate(refs or ("sel-1",)):
            key = Seller.objects.get(ref=ref).key
            members.add_member(user, key, role, None, at=ago(100 - number))
    return user


def signed_in(*refs: str, **fields: Any) -> Client:
    client = Client()
    client.force_login(member(*refs, **fields))
    return client


def read(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return str(answer.content.decode())
