"""Two shops with orders, money, decisions and people, for the stories of the portal."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from django.test import Client

from safeconduct.kernel.decisions import lanes, reactions
from safeconduct.kernel.decisions.engine import Made
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.models import MemberRole, Seller, StaffRole, User
from safeconduct.kernel.record import sequencer
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.transactions import versions
from tests.kernel.builders import event, live_policy, usd

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
    """Events come in when they happen and are decided; coverage, money and notices follow in the same transaction."""
    made: list[Made] = []
    for one in events:
        at = datetime.fromisoformat(one["time"])
        accepted = lanes.accept([one], known=Known.WHEN_IT_HAPPENED, now=lambda at=at: at)
        assert not accepted.receipt.refused, accepted.receipt.refused
        assert not accepted.fallback, "the engine failed"
        made += accepted.decisions
    return made


def until_now() -> None:
    """Time passes until now: what fell due is done, and what was done is recorded."""
    reactions.sweep(NOW)
    sequencer.keep_up(NOW)


@dataclass(frozen=True, slots=True)
class Sold:
    """An order that was placed: the shop's id, its key, and the decision about it."""

    ref: str
    key: int
    decision: str
    seller_key: int


def order(
    *, seller: str = "sel-1", at: datetime | None = None, amount: int = 120, paid: bool = True, **data: Any
) -> Sold:
    """An order that was placed, and paid a minute later."""
    at = at or ago(20)
    ref = f"ORD-{next(_numbers)}"
    data = {"ship_country": "CN", "payment_method": "card", "card": f"card-{ref}", "buyer": f"buy-{ref}", **data}
    placed = event(at=at, order=ref, seller=seller, amount=usd(amount), **data)
    (made,) = happen(placed)
    if paid:
        happen(event("order.paid", at=at + timedelta(minutes=1), order=ref, seller=seller, amount=usd(amount)))
    return sold_as(ref, made)


def sold_as(ref: str, made: Made) -> Sold:
    assert made.order_key is not None
    assert made.seller_key is not None
    return Sold(ref, made.order_key, made.id, made.seller_key)


def ship(sold: Sold, *, at: datetime, seller: str = "sel-1") -> None:
    """The parcel is handed over, and scanned an hour later by a carrier who knows no order."""
    parcel = parcel_of(sold)
    happen(
        event("shipment.shipped", at=at, order=sold.ref, seller=seller, parcel=parcel, carrier="dhl"),
        event("shipment.tracked", at=at + timedelta(hours=1), parcel=parcel, carrier="dhl", scan="accepted"),
    )


def parcel_of(sold: Sold) -> str:
    return f"dhl:0042{sold.ref}"


def dispute(
    sold: Sold, *, at: datetime, outcome: str = "", closed_at: datetime | None = None, amount: int = 120
) -> None:
    """The buyer's bank takes the payment back; where an outcome is given, it decides."""
    told = {"dispute": f"dp-{sold.ref}", "order": sold.ref, "seller": "sel-1", "amount": usd(amount)}
    happen(event("dispute.opened", at=at, reason="product_not_received", **told))
    if outcome:
        happen(event("dispute.closed", at=closed_at or at + timedelta(days=5), outcome=outcome, **told))


def suspicious(ref: str = "ORD-R", *, at: datetime | None = None) -> Sold:
    """An order of the first shop that waits for a person: its card was used at three others within minutes."""
    at = at or ago(6)
    placed = [
        event(
            at=at + timedelta(minutes=n), order=f"{ref}{n}", seller="sel-1" if n == 3 else f"sel-x{n}", amount=usd(75),
            card="card-R", buyer=f"buy-{n}", ship_country="CN",
        )
        for n in range(4)
    ]  # fmt: skip
    made = happen(*placed)[-1]
    assert made.action.value == "review"
    happen(event("order.paid", at=at + timedelta(minutes=9), order=f"{ref}3", seller="sel-1", amount=usd(75)))
    return sold_as(f"{ref}3", made)


def seller_key(ref: str = "sel-1") -> int:
    with staff_scope():
        return Seller.objects.get(ref=ref).key


def member(
    *refs: str, role: MemberRole = MemberRole.OWNER, language: str = "en", zone: str = "America/Santiago"
) -> User:
    """Somebody who acts for these shops."""
    with staff_scope():
        user = User.objects.create_user(
            f"m{next(_numbers)}@example.org", None, name="Camila Soto", staff_role=StaffRole.NONE,
            language=language, time_zone=zone,
        )  # fmt: skip
        user.password = _hashed()
        user.save(update_fields=["password"])
        for number, ref in enumerate(refs or ("sel-1",)):
            key = Seller.objects.get(ref=ref).key
            members.add_member(user, key, role, None, at=ago(100 - number))
    return user


@cache
def _hashed() -> str:
    """The hash of everybody's password, made once: to make one takes longer than most of what a test does."""
    return make_password(PASSWORD)


def signed_in(*refs: str, **fields: Any) -> Client:
    client = Client()
    client.force_login(member(*refs, **fields))
    return client


def read(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    if answer.status_code == 303 and "/o-" in answer.headers["Location"]:  # a message's link leads on to its handle
        answer = client.get(answer.headers["Location"])
    assert answer.status_code == status, (address, answer.status_code)
    return str(answer.content.decode())
