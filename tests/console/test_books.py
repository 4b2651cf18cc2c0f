"""Fund, ledger and record, as the staff read them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.console.test_console import MAX_BYTES, MAX_QUERIES, hold_orders, signed_in
from tests.kernel.claims.claims_world import ask, opened, paid
from tests.kernel.ledger.money import entry, held, posted, request, sold

from safeconduct.kernel.decisions.models import Decision
from safeconduct.kernel.ledger.actions import pay_out
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.record import keys, leaves, sequencer
from safeconduct.kernel.scope import engine_scope, owner_scope, query, staff_scope

PAGES = ["money/", "money/fund/USD/", "money/holds/", "money/holds/?reason=dispute_open", "money/payouts/",
         "money/owing/", "money/refunds/", "money/refunds/?when=overdue", "money/refunds/?group=undated", "record/"]  # fmt: skip


def a_little_of_everything() -> None:
    posted(entry("fund_paid_in", amount=500, seller_key=None, order_key=None, memo="first money"))
    sold()
    sold(seller_key=8, order_key=80)
    held(request(50))
    posted(entry("chargeback", amount=700, seller_key=9, order_key=90))
    with engine_scope():
        pay_out(None, timezone.now(), run_key="monday")
    for order in (71, 72):
        paid(payment=f"p-{order}", order=order, books=False)
        ask(opened(order=order), 12, matter="refund_after_withdrawal" if order == 71 else "")


def test_the_books_show_fund_holds_payouts_and_who_owes() -> None:
    a_little_of_everything()
    client, _ = signed_in()
    page = client.get("/console/money/").content.decode()
    for shown in ("$500.00", "$50.00", "$700.00", "The disputed amount is held until the dispute is decided"):
        assert shown in page
    assert "first money" in client.get("/console/money/fund/USD/").content.decode()
    assert "It is released when the dispute is decided" in client.get("/console/money/holds/").content.decode()
    checked = client.post("/console/money/check/").content.decode()
    assert "all of it fits" in checked


def test_what_banks_took_without_a_payment_is_a_to_do_until_it_is_explained() -> None:
    posted(entry("chargeback_unexplained", amount=130, seller_key=9, order_key=90))
    client, _ = signed_in()
    page = client.get("/console/money/").content.decode()
    assert "banks took money that nobody was paid" in page and "$130.00" in page
    posted(entry("chargeback_explained", amount=100, seller_key=9, order_key=90))
    assert "$30.00" in client.get("/console/money/").content.decode()
    posted(entry("suspense_written_off", amount=30, seller_key=None, order_key=90))
    assert "banks took money that nobody was paid" not in client.get("/console/money/").content.decode()


def test_a_balance_that_was_tampered_with_is_found_from_the_page() -> None:
    a_little_of_everything()
    with owner_scope():
        query("ALTER TABLE ledger_account DISABLE TRIGGER USER")
        query("UPDATE ledger_account SET balance_minor = balance_minor + 1 WHERE seller_key = 8 AND kind = 'on_hold'")
        query("ALTER TABLE ledger_account ENABLE TRIGGER USER")
    client, _ = signed_in()
    assert "something is wrong" in client.post("/console/money/check/").content.decode()


def test_an_address_that_names_no_currency_is_not_found() -> None:
    client, _ = signed_in()
    assert client.get("/console/money/fund/dollars/").status_code == 404


def test_the_record_shows_its_head_keys_and_what_waits() -> None:
    hold_orders()
    client, _ = signed_in()
    before = client.get("/console/record/").content.decode()
    assert "Nothing is signed yet" in before
    while sequencer.sequence(now=timezone.now()):
        pass
    after = client.get("/console/record/").content.decode()
    assert "all is written" in after
    assert "nobody: a log that was written anew could not be noticed" in after
    with engine_scope():
        (key,) = keys.chain()
    assert str(key.verifier) in after.replace("&#x27;", "'").replace("&#43;", "+")


def test_a_record_that_nobody_appends_to_is_an_alarm() -> None:
    with engine_scope():
        leaves.add("label", ["lbl_1"], timezone.now() - timedelta(minutes=5))
    client, _ = signed_in()
    assert "Nobody appends to the record" in client.get("/console/record/").content.decode()


def test_money_that_is_held_for_an_order_stands_beside_its_decision() -> None:
    (decision,) = hold_orders()
    with staff_scope():
        made = Decision.objects.get(id=decision)
    sold(seller_key=made.seller_key, order_key=made.order_key, release=False)
    until = timezone.now() + timedelta(days=7)
    held(request(92, seller_key=made.seller_key, order_key=made.order_key, at=timezone.now(), release_at=until,
                 reason="order_under_review", released_by="review_ends"))  # fmt: skip
    client, _ = signed_in()
    for address in ("/console/", f"/console/decisions/{decision}/"):
        page = client.get(address).content.decode()
        assert "$92.00" in page
        assert "The money of this order is held while the order is reviewed" in page
        assert "money that is held for its review is released" in page


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "zh-hans", "es"])
def test_every_page_of_the_books_is_small_asks_little_and_loads_nothing_inline(path: str, language: str) -> None:
    a_little_of_everything()
    client, _ = signed_in(StaffRole.ANALYST)
    with CaptureQueriesContext(connections["staff"]) as asked:
        answer = client.get(f"/console/{path}", headers={"accept-language": language})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert len(answer.content) < MAX_BYTES
    assert len(asked) <= MAX_QUERIES, [q["sql"][:80] for q in asked]
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("money/fund/USD/", 2),
        ("money/holds/", 2),
        ("money/payouts/", 2),
        ("money/owing/", 2),
        ("money/refunds/", 2),
        ("money/refunds/?group=undated", 2),
    ],
)
def test_each_list_is_a_csv_too(path: str, lines: int) -> None:
    a_little_of_everything()
    client, _ = signed_in()
    answer = client.get(f"/console/{path}{'&' if '?' in path else '?'}format=csv")
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert len(body.strip().splitlines()) >= lines
