"""What share of a shop's orders could be defended with Compelling Evidence 3.0, and what it lacks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.kernel.builders import usd
from tests.protections.transactions.shop import START, Shop, key_of

from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.transactions.chargebacks import readiness as module
from safeconduct.protections.transactions.chargebacks.readiness import Readiness, readiness

pytestmark = pytest.mark.usefixtures("empty_database")

YEAR = 400.0
ANA: dict[str, Any] = {"buyer": "ana", "card": "card-ana", "ip": "8.8.4.4", "device": "device-of-ana-0001"}


def buys(shop: Shop, order: str, day: float, *, pays: bool = True, **told: Any) -> None:
    shop.tell("order.placed", order, day=day, amount=usd(100), **ANA | told)
    if pays:
        shop.tell("order.paid", order, day=day, amount=usd(100))


def ready(shop: Shop, day: float = YEAR, **asked: Any) -> Readiness:
    with engine_scope():
        return readiness(START + timedelta(days=day), **asked)


def test_a_regular_customer_can_be_proved_and_a_new_one_cannot() -> None:
    shop = Shop()
    buys(shop, "o-1", 150)
    buys(shop, "o-2", 200)
    buys(shop, "o-3", 390)
    buys(shop, "o-4", 391, card="card-bo", buyer="bo", ip="1.1.1.1", device="device-of-bo-00001")
    found = ready(shop)
    assert (found.orders, found.by_card, found.two_earlier, found.could_qualify) == (2, 2, 1, 1)
    assert found.as_json()["share"] == 0.5


@pytest.mark.parametrize(("day", "counts"), [(390 - 119, 0), (390 - 120, 1), (390 - 364, 1), (390 - 365, 0)])
def test_the_second_earlier_order_must_have_the_right_age(day: float, counts: int) -> None:
    shop = Shop()
    for order, when in sorted({"o-1": 150.0, "o-2": day}.items(), key=lambda one: one[1]):
        buys(shop, order, when)
    buys(shop, "o-3", 390)
    assert ready(shop, window=timedelta(days=30)).could_qualify == counts


@pytest.mark.parametrize("trouble", ["cancelled", "warned", "disputed", "unpaid"])
def test_an_earlier_order_in_trouble_does_not_count(trouble: str) -> None:
    shop = Shop()
    buys(shop, "o-1", 150, pays=trouble != "unpaid")
    if trouble == "cancelled":
        shop.tell("order.cancelled", "o-1", amount=usd(100))
    elif trouble == "warned":
        shop.tell("fraud.warned", "o-1", amount=usd(100))
    elif trouble == "disputed":
        shop.tell("dispute.opened", "o-1", dispute="dp-1", reason="10.4", amount=usd(100))
    buys(shop, "o-2", 200)
    buys(shop, "o-3", 390)
    found = ready(shop)
    assert found.orders == 1 and found.two_earlier == found.could_qualify == 0


def test_a_dispute_about_something_else_leaves_an_order_usable() -> None:
    shop = Shop()
    buys(shop, "o-1", 150)
    shop.tell("dispute.opened", "o-1", dispute="dp-1", reason="13.1", amount=usd(100))
    buys(shop, "o-2", 200)
    buys(shop, "o-3", 390)
    assert ready(shop).could_qualify == 1


def test_it_says_what_is_lacking_and_what_it_would_bring() -> None:
    shop = Shop()
    for order, day in (("o-1", 150), ("o-2", 200), ("o-3", 390)):
        buys(shop, order, day, device=None, ip=f"8.8.{day}.4")  # another network each time, and no device
    found = ready(shop)
    assert found.could_qualify == 0
    assert (found.lacking["device"].orders, found.lacking["device"].would_add) == (1, 1)  # device and account
    assert (found.lacking["ip"].orders, found.lacking["ip"].would_add) == (0, 0)


def test_another_shops_orders_count_only_where_the_platform_is_merchant_of_record() -> None:
    shop = Shop()
    buys(shop, "o-1", 150, seller="sel-2")
    buys(shop, "o-2", 200, seller="sel-2")
    buys(shop, "o-3", 390)
    with engine_scope():
        seller = lookup("seller", "sel-1")
    assert ready(shop, seller=seller).could_qualify == 1
    assert ready(shop, seller=seller, across_sellers=False).could_qualify == 0
    assert key_of("o-3") and ready(shop, seller=lookup_of("sel-2")).orders == 0


def test_pages_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop()
    for n in range(7):
        buys(shop, f"o-{n}", 150 + n)
    for n in range(7):
        buys(shop, f"p-{n}", 380 + n)
    whole = ready(shop)
    monkeypatch.setattr(module, "_PAGE", 3)
    assert ready(shop) == whole and whole.orders == whole.could_qualify == 7


def lookup_of(seller: str) -> int | None:
    with engine_scope():
        return lookup("seller", seller)
