"""*Refunds due*: staff and the seller read what a buyer is still to get, until when, and who owes it."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from tests.kernel.builders import event, usd
from tests.portal import shops
from tests.portal.shops import ago
from tests.protections.returns.test_return_pages import read, staff

PORTAL, CONSOLE = "/portal/money/refunds/", "/console/money/refunds/"


@pytest.fixture(autouse=True)
def a_marketplace(empty_database: None) -> None:
    shops.open_for_business()


def came_back(*, asked_days_ago: float = 30) -> shops.Sold:
    """An order that a buyer in Germany withdrew from. It came back, and nobody at the shop had anything against it."""
    sold = shops.order(at=ago(24 * (asked_days_ago + 10)), ship_country="DE", buyer="buy-9")
    about = {"order": sold.ref, "seller": "sel-1", "buyer": "buy-9"}
    shops.ship(sold, at=ago(24 * (asked_days_ago + 9)))
    parcel = shops.parcel_of(sold)
    shops.happen(event("shipment.delivered", at=ago(24 * (asked_days_ago + 5)), **about, parcel=parcel, carrier="dhl"))
    shops.happen(event("return.requested", at=ago(24 * asked_days_ago), **about))
    shops.happen(event("return.received", at=ago(24 * (asked_days_ago - 5)), **about))
    shops.until_now()
    return sold


def lines(page: str) -> list[str]:
    """The rows of all lists, as somebody reads them."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows if "<td" in row]


def file_of(client: Client, address: str) -> str:
    return client.get(address).getvalue().decode()  # type: ignore[attr-defined, no-any-return]


def test_an_overdue_refund_is_a_to_do_on_the_home_and_the_money_page_until_the_shop_has_sent_it() -> None:
    sold = came_back()
    seller, console = shops.signed_in(), staff()
    home = read(seller, "/portal/")
    assert "1 refund is overdue" in home and f"{PORTAL}?when=overdue" in home
    [line] = lines(read(seller, f"{PORTAL}?when=overdue"))
    assert sold.ref in line and "the seller" in line and "$120.00" in line and "overdue" in line
    money = read(console, "/console/money/")
    assert "To do: refunds are overdue" in money and f"{CONSOLE}?when=overdue" in money
    [line] = lines(read(console, CONSOLE))
    assert sold.ref in line and "Viña del Mar Fruits" in line and "…" in line and "Return" in line
    shops.happen(event("refund.created", at=shops.NOW, order=sold.ref, seller="sel-1", amount=usd(120)))
    assert "overdue" not in read(seller, "/portal/") and not lines(read(console, CONSOLE))
    assert "To do: refunds are overdue" not in read(console, "/console/money/")


def test_while_a_bank_decides_the_bank_owes_it_and_nobody_is_late() -> None:
    sold = came_back()
    shops.dispute(sold, at=ago(1))
    seller = shops.signed_in()
    assert "refund is overdue" not in read(seller, "/portal/")
    [line] = lines(read(seller, PORTAL))
    assert sold.ref in line and "a bank decides" in line
    assert "the time by law begins anew" in read(staff(), CONSOLE)


def test_a_shop_reads_its_own_refunds_only_and_staff_read_those_of_the_seller_they_ask_for() -> None:
    sold = came_back()
    other = shops.signed_in("sel-2")
    assert not lines(read(other, PORTAL)) and sold.ref not in file_of(other, f"{PORTAL}?format=csv")
    assert "refund is overdue" not in read(other, "/portal/")
    console = staff()
    assert lines(read(console, f"{CONSOLE}?q=sel-1")) and not lines(read(console, f"{CONSOLE}?q=sel-2"))
    assert not lines(read(console, f"{CONSOLE}?when=soon"))
    assert "No refund fits" in read(console, f"{CONSOLE}?q=nobody-we-know")


def test_the_files_say_the_same_in_codes() -> None:
    sold = came_back()
    for client, address in ((shops.signed_in(), PORTAL), (staff(), CONSOLE)):
        head, line = file_of(client, f"{address}?format=csv&when=overdue").strip().splitlines()
        assert head.split(",")[-5:] == ["amount_minor", "currency", "due_at", "requested_at", "borne_by"]
        assert sold.ref in line and ",12000,USD," in line and line.endswith(",seller")
