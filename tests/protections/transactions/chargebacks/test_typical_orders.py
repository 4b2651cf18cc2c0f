"""How complete the answer to each reason code is on an order whose shop told what it knew: never below four fifths.

Each kind of complaint has the order it is typically about: fraud at a till was paid at a till, a credit that was not
given was given. Run with ``-s`` to read the table.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from tests.kernel.builders import event, usd
from tests.protections.transactions.chargebacks.papers import papers
from tests.protections.transactions.shop import START, Shop

from safeconduct.kernel.scope import engine_scope
from safeconduct.protections.transactions.chargebacks.collecting import dossiers
from safeconduct.protections.transactions.chargebacks.models import BankDispute
from safeconduct.protections.transactions.chargebacks.packs import packs
from safeconduct.protections.transactions.chargebacks.reason_codes import ReasonCode, table

pytestmark = pytest.mark.usefixtures("empty_database")

CODES: Final = tuple(table(START.date()).codes.values())
#: What a shop tells of every order.
TOLD: Final[dict[str, Any]] = {
    "buyer": "ana", "card": "card-ana", "ip": "8.8.4.4", "device": "fingerprint-of-ana-0001", "email": "ana@example.org",
    "listing": "lst-1", "listing_title": "Copper kettle, 1.5 l", "category": "kettles", "digital": False,
    "billing_address": "12 Main St", "avs": "Y", "cvv": "M", "three_ds": "authenticated", "name_matches_card": True,
    "policies_accepted": "returns 2026-01, cancellation 2026-01, terms 3",
}  # fmt: skip


def sold(
    shop: Shop, order: str, *, day: float = 0, paid: dict[str, Any] | None = None, left: dict[str, Any] | None = None
) -> None:
    """An order that was approved, paid, sent, and delivered against a signature."""
    shop.tell("payment.attempted", order, day=day, amount=usd(100), outcome="approved", card="card-ana", **(paid or {}))
    shop.tell("order.placed", order, day=day + 0.001, amount=usd(100), address="12 Main St", **TOLD)
    shop.tell("order.paid", order, day=day + 0.002, amount=usd(100))
    shop.ship(order, day=day + 0.5, **(left or {}))
    shop.tell("shipment.delivered", order, day=day + 3, parcel=f"dhl:{order}", address="12 Main St", signed=True)


def as_sold(shop: Shop) -> None:
    sold(shop, "o-1")
    shop.tell("refund.requested", "o-1", day=6, amount=usd(100), reason="changed_mind", keeps_goods=False)


def at_a_till(shop: Shop) -> None:
    sold(shop, "o-1", paid={"card_entry": "chip", "cardholder_check": "pin"})
    shop.tell("review.posted", "o-1", day=6, stars=5)


def twice(shop: Shop) -> None:
    as_sold(shop)
    sold(shop, "o-2", day=8)


def used(shop: Shop) -> None:
    as_sold(shop)
    shop.tell("order.cancelled", "o-1", day=7, reason="customer")
    shop.tell("service.used", "o-1", day=9, activity="stream", ip="8.8.4.4", device="fingerprint-of-ana-0001")


def refunded(shop: Shop) -> None:
    as_sold(shop)
    shop.tell("refund.created", "o-1", day=9, amount=usd(100), reason="requested_by_customer")


def inspected(shop: Shop) -> None:
    inspection = event(
        "inspection.completed", at=shop.now - timedelta(days=1), seller="sel-1", listing="lst-1", outcome="passed",
        units=80, defects=0,
    )  # fmt: skip
    shop.day = -1
    shop.send([inspection])
    sold(shop, "o-1", left={"weight_g": 1300, "serial": "SN-4021-77"})
    shop.tell("refund.requested", "o-1", day=6, amount=usd(100), reason="changed_mind", keeps_goods=False)


#: Pack → what its order lived through.
LIVES: Final[dict[str, Callable[[Shop], None]]] = {
    "present_fraud": at_a_till, "duplicate": twice, "paid_otherwise": twice, "separate_sales": twice,
    "subscription": used, "credit": refunded, "original_credit": refunded, "cash": refunded,
    "not_as_described": inspected,
}  # fmt: skip


def disputed(code: ReasonCode) -> BankDispute:
    shop = Shop()
    LIVES.get(code.pack, as_sold)(shop)
    papers(shop, "sel-1")
    shop.disputed(
        "o-1", day=20, network=code.network, network_reason=code.code, reason=code.reason.value, stage="chargeback"
    )
    with engine_scope():
        BankDispute.objects.update(code_key=code.key)  # a processor has one word for two of Mastercard's complaints
        return BankDispute.objects.get()


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.key)
def test_an_order_whose_shop_told_what_it_knew_has_an_answer(code: ReasonCode) -> None:
    one = disputed(code)
    with engine_scope():
        found = dossiers([one], START + timedelta(days=21))[one.id]
    lacks = [*found.score.missing, *map("/".join, found.score.open_groups)]
    helps = ", ".join(found.score.would_help) or "–"
    print(f"{code.key:22} {packs().of(code).name:17} {found.score.percent:>3} %  would help: {helps}")
    assert not lacks, lacks
    assert found.score.percent >= 80
