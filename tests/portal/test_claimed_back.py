"""What a buyer got twice stands on the seller's money page until the bank gives it back."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest

from tests.kernel.builders import event, usd
from tests.portal import shops

pytestmark = pytest.mark.usefixtures("empty_database")


def money_page(seller: str = "sel-1") -> str:
    return unescape(shops.read(shops.signed_in(seller), "/portal/money/"))


def test_a_refund_that_a_bank_took_once_more_is_claimed_back_until_the_bank_gives_it_back() -> None:
    shops.open_for_business()
    sold = shops.order(at=shops.ago(24 * 20))
    shops.happen(event("refund.created", at=shops.ago(24 * 15), order=sold.ref, seller="sel-1", amount=usd(120)))
    assert "Claimed back" not in money_page()
    shops.dispute(sold, at=shops.ago(24 * 10), outcome="lost", closed_at=shops.ago(24 * 5))
    page = money_page()
    assert "Claimed back" in page and sold.ref in page and "$120.00" in page
    assert "the bank took the same money again" in page
    assert "Claimed back" not in money_page("sel-2"), "another shop's matters are nobody's business"
    won: dict[str, Any] = {
        "dispute": f"dp-{sold.ref}",
        "order": sold.ref,
        "seller": "sel-1",
        "outcome": "won",
        "amount": usd(120),
    }
    shops.happen(event("dispute.closed", at=shops.ago(24), **won))
    assert "Claimed back" not in money_page()
