"""A seller's chargebacks: what the bank asks, what can be answered by when, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.test import Client

from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.scope import staff_scope
from safeconduct.kernel.ui.formats import calendar_day
from safeconduct.protections.transactions.chargebacks.models import BankAnswer, BankDispute
from tests.kernel.builders import event, usd
from tests.portal import shops
from tests.portal.shops import NOW, ago, happen, read

LIST = "/portal/transactions/chargebacks/"


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def disputed(*, of: Mapping[str, Any] | None = None, **more: Any) -> str:
    """``of``: what the order tells besides."""
    sold = shops.order(at=ago(24 * 20), **{"three_ds": "authenticated", "ip": "8.8.4.4", **(of or {})})
    happen(
        event(
            "dispute.opened", at=ago(30), dispute=f"dp_{sold.ref}", order=sold.ref, seller="sel-1", amount=usd(120),
            **{"reason": "fraudulent", "network": "visa", "network_reason": "10.4", "stage": "chargeback",
               "due_at": (NOW + timedelta(days=5)).isoformat()} | more,
        )
    )  # fmt: skip
    with staff_scope():
        return BankDispute.objects.get(ref=f"dp_{sold.ref}").id


def post(client: Client, address: str, **data: str) -> str:
    answer = client.post(address, data, follow=True)
    assert answer.redirect_chain and answer.redirect_chain[0][1] == 303
    return unescape(answer.content.decode())


def refused(client: Client, address: str, **data: str) -> str:
    answer = client.post(address, data)
    assert answer.status_code == 422
    return unescape(answer.content.decode())


def test_a_seller_puts_the_answer_together_looks_at_it_and_sends_it_once() -> None:
    dispute = disputed()
    client = shops.signed_in()
    assert "Fraud without the card present" in read(client, LIST)
    page = unescape(read(client, f"{LIST}{dispute}/"))
    assert "The bank wants it by" in page and "Put the answer together" in page
    page = post(client, f"{LIST}{dispute}/stage/")
    assert "Authenticated with 3-D Secure" in page and "Send it to the bank" in page
    copy = client.get(f"{LIST}{dispute}/copy/")
    assert (
        copy["Content-Type"] == "application/pdf"
        and copy.content.startswith(b"%PDF")
        and b"8.8.4.4" not in copy.content
    )
    [looked_at] = re.findall(r'name="sha256" value="([0-9a-f]{64})"', page)
    with staff_scope():
        order = BankDispute.objects.get(id=dispute).ref.removeprefix("dp_")
    happen(event("review.posted", at=ago(2), seller="sel-1", order=order, stars=5, review_text="Arrived fresh"))
    post(shops.signed_in(), f"{LIST}{dispute}/stage/")  # a colleague, meanwhile
    page = refused(client, f"{LIST}{dispute}/submit/", sha256=looked_at)
    assert "The answer is another one by now" in page
    [looked_at] = re.findall(r'name="sha256" value="([0-9a-f]{64})"', page)
    page = post(client, f"{LIST}{dispute}/submit/", sha256=looked_at)
    assert "It cannot be changed any more." in page and "Send it to the bank" not in page
    assert "This stage was answered" in refused(client, f"{LIST}{dispute}/submit/")
    with staff_scope():
        assert BankAnswer.objects.get().state == "queued"


def test_what_the_cards_earlier_payments_prove_or_lack_is_said_without_naming_them() -> None:
    ana = {"card": "card-ana", "buyer": "ana", "ip": "8.8.4.4", "device": "fingerprint-of-ana-0001", "category": "tea"}
    for days, seller in ((200, "sel-2"), (190, "sel-1"), (60, "sel-1")):
        shops.order(at=ago(24 * days), seller=seller, digital=False, **ana)
    dispute = disputed(of={"digital": False, **ana})
    page = post(shops.signed_in(), f"{LIST}{dispute}/stage/")
    assert "Compelling Evidence 3.0" in page and "Qualifies" in page
    assert "IP address<small>the same in 2 of 2" in page and "E-mail address<small>not told" in page
    assert "2 earlier payments of this card count." in page and "1 less than 120 days old" in page
    assert "180 days before this payment" in page
    card = page[page.index("Compelling Evidence 3.0") :]
    assert (
        "8.8.4.4" not in card and "fingerprint-of-ana" not in card and "ORD-" not in card[: card.index("</div></div>")]
    )


def test_a_payment_of_a_card_that_is_new_says_what_it_lacks() -> None:
    page = post(shops.signed_in(), f"{LIST}{disputed()}/stage/")
    assert "Something is missing" in page and "two earlier payments of the same card that count" in page


def test_what_waits_for_an_answer_stands_first_the_nearest_last_day_on_top() -> None:
    later, sooner = disputed(), disputed(due_at=(NOW + timedelta(days=2)).isoformat())
    page = read(shops.signed_in(), LIST)
    waiting = page[page.index("Waiting for you") : page.index(">All<")]
    assert waiting.index(sooner) < waiting.index(later)


def test_what_is_missing_is_said_before_it_is_sent() -> None:
    dispute = disputed(network_reason="13.1", reason="product_not_received")
    page = post(shops.signed_in(), f"{LIST}{dispute}/stage/")
    assert "Missing: one of these<small>Delivered to the agreed address by the agreed day · " in page


def test_won_is_never_said_without_that_it_can_be_reopened() -> None:
    dispute = disputed()
    with staff_scope():
        ref = BankDispute.objects.get(id=dispute).ref
    happen(event("dispute.closed", at=ago(2), dispute=ref, seller="sel-1", outcome="won"))
    page = read(shops.signed_in(), f"{LIST}{dispute}/")
    assert "Won for now; the bank can reopen it" in page and "The money is yours for now." in page
    there = ago(2).astimezone(ZoneInfo("America/Santiago"))  # the day is told in the zone of who reads
    until = calendar_day((there + timedelta(days=30)).date(), "en").split(" 20")[0]
    assert "As a rule a bank of Visa can do so until" in page and until in page


def test_another_shops_chargeback_is_not_there() -> None:
    dispute = disputed()
    stranger = shops.signed_in("sel-2")
    assert dispute not in read(stranger, LIST)
    for address in ("", "copy/"):
        read(stranger, f"{LIST}{dispute}/{address}", 404)
    assert stranger.post(f"{LIST}{dispute}/accept/").status_code == 404


def test_only_who_may_sends_and_authorises() -> None:
    dispute = disputed()
    reader = shops.signed_in(role=MemberRole.READ_ONLY)
    for address in (f"{dispute}/submit/", f"{dispute}/accept/", "authorisation/"):
        assert reader.post(f"{LIST}{address}").status_code == 403
    assert "Chargebacks" in read(reader, LIST)


def test_a_standing_authorisation_is_given_and_taken_back() -> None:
    client = shops.signed_in()
    assert "twelve hours before the last moment" in post(client, f"{LIST}authorisation/", give="1")
    assert "You allowed this" in read(client, LIST)
    assert "No answer goes by itself any more." in post(client, f"{LIST}authorisation/", give="0")


def test_the_home_says_that_a_bank_waits_until_the_answer_is_sent() -> None:
    dispute = disputed()
    client = shops.signed_in()
    assert "answer the bank" in read(client, "/portal/")
    post(client, f"{LIST}{dispute}/stage/")
    post(client, f"{LIST}{dispute}/submit/")
    assert "answer the bank" not in read(client, "/portal/")


def test_without_chargebacks_the_list_says_what_will_be_here() -> None:
    assert "No chargebacks" in read(shops.signed_in(), LIST)


def test_giving_up_says_what_it_costs_and_waits_for_a_confirmation() -> None:
    dispute = disputed()
    client = shops.signed_in()
    page = unescape(read(client, f"{LIST}{dispute}/"))
    assert "Chance to win: 50% (95 %: " in page and "so nothing is advised" in page
    page = post(client, f"{LIST}{dispute}/accept/")
    assert "The buyer keeps" in page and "Confirm: give it up" in page and "Send it to the bank" not in page
    assert shops.signed_in(role=MemberRole.SUPPORT).post(f"{LIST}{dispute}/give-up/").status_code == 403
    assert "The dispute was given up." in post(client, f"{LIST}{dispute}/give-up/")


def test_what_an_answer_is_worth_stands_beside_its_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "BANK_ANSWER_COST_MINOR", 1_500)
    page = unescape(read(shops.signed_in(), f"{LIST}{disputed()}/"))
    assert "An answer is worth $45.00 on average" in page and "$15.00 for the answer itself" in page
