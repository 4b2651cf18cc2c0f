"""What the promise costs: each figure of the page is a sum of rows, and of the orders one can count by hand."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import tests.django_world as world
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.kernel.ledger.money import entry, posted
from tests.protections.transactions.coverage_history import NOW, START, hours, ready, sold
from tests.protections.transactions.test_template_pages import MAX_BYTES, MAX_QUERIES, signed_in

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import query, staff_scope
from safeconduct.protections.transactions.costs import Costs, costs
from safeconduct.protections.transactions.coverage.words import Cause

PAGE = "/console/transactions/costs/"


@pytest.fixture(autouse=True)
def empty_database() -> Iterator[None]:
    world.forget_everything()
    yield


def a_small_history() -> None:
    """Two quiet orders, one claim paid, one denied, one that waits; the fund was given 1,000 to begin with."""
    ready()
    posted(entry("fund_paid_in", at=START, amount=1000, seller_key=None, order_key=None, memo="first money"))
    sold("quiet", 80)
    sold("dear", 600, placed=1)
    sold("fraud", 120, placed=2, lost="fraudulent")
    sold("late", 90, placed=3, shipped=60, scanned=66, lost="product_not_received")
    sold("open", 70, placed=4, open_dispute="product_not_received")


def found() -> Costs:
    with staff_scope():
        return costs(NOW)


def one(statement: str) -> int:
    with staff_scope():
        row = query(statement).fetchone()
    assert row is not None
    return int(row[0] or 0)


def test_exposure_is_the_most_that_open_protected_orders_can_cost() -> None:
    a_small_history()
    told = found()
    # 80, the limit of 250 for the dear one, and 70 that is claimed; what was decided costs nothing more.
    assert (told.open_orders, told.exposure_minor) == (3, 8_000 + 25_000 + 7_000)
    open_states = "('active', 'protected', 'partly', 'claimed')"
    assert told.exposure_minor == one(f"SELECT sum(up_to_minor) FROM coverage WHERE state IN {open_states}")
    (line,) = told.exposed
    assert (line.name, line.number, line.orders) == ("jd-like", 1, 3)


def test_claims_are_counted_in_their_month_by_cause_and_version() -> None:
    a_small_history()
    told = found()
    july = date(2026, 7, 1)
    lines = {(line.month, line.cause): (line.paid, line.denied, line.waiting, line.paid_minor) for line in told.claims}
    assert lines[july, Cause.UNAUTHORISED] == (1, 0, 0, 12_000)
    assert sum(line.denied for line in told.claims) == told.denied == 1
    assert sum(line.waiting for line in told.claims) == 1
    assert told.paid_minor == one("SELECT sum(pays_minor) FROM coverage") == 12_000
    assert told.paid_minor == one("SELECT sum(paid_minor) FROM coverage_usage")


def test_the_claims_ratio_is_what_was_paid_over_the_fees_that_came_into_the_fund() -> None:
    a_small_history()
    posted(*(entry("protection_fee", at=hours(24 * n), fee=30, order_key=None) for n in (1, 40)))
    told = found()
    into_the_fund = one(
        "SELECT sum(p.amount_minor) FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
        " JOIN ledger_transaction t ON t.id = p.transaction_id WHERE a.kind = 'protection_fund'"
        " AND t.event IN ('capture', 'protection_fee', 'protection_fee_returned')"
    )
    assert told.fees_minor == into_the_fund >= 6_000
    assert told.claims_ratio == pytest.approx(12_000 / into_the_fund)
    assert told.fund["USD"] == one(
        "SELECT sum(p.amount_minor) FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id"
        " WHERE a.kind = 'protection_fund'"
    )


def test_a_fee_in_a_currency_without_a_rate_is_named_and_not_guessed() -> None:
    a_small_history()
    posted(entry("protection_fee", at=hours(1), currency="NOK", fee=5))
    assert found().unvalued == ("NOK",)


def test_the_limits_show_what_the_fund_and_each_seller_used() -> None:
    a_small_history()
    fund, seller = found().used
    assert (fund.seller_key, fund.paid_minor, fund.claims, fund.limit_minor) == (None, 12_000, 1, 2_500_000_000)
    assert (seller.paid_minor, seller.limit_minor, seller.share) == (12_000, None, None)


def test_nothing_promised_yet_is_an_empty_page_that_teaches() -> None:
    page = signed_in().get(PAGE).content.decode()
    assert "No open order carries cover" in page
    assert "No template is in force" in page


@pytest.mark.parametrize("language", ["en", "zh-hans", "es"])
def test_the_page_shows_those_figures_is_small_and_asks_little(language: str) -> None:
    a_small_history()
    client = signed_in(StaffRole.ANALYST)
    with CaptureQueriesContext(connections["staff"]) as asked:
        answer = client.get(PAGE, headers={"accept-language": language})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert re.search(r"400[.,]00", page)
    assert len(answer.content) < MAX_BYTES
    assert len(asked) <= MAX_QUERIES, [q["sql"][:80] for q in asked]
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)


@pytest.mark.parametrize("wanted", ["exposure", "claims", "fees", "limits"])
def test_each_table_is_a_csv_with_the_same_figures(wanted: str) -> None:
    a_small_history()
    answer = signed_in().get(f"{PAGE}?format=csv&list={wanted}")
    body = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(body)))
    with staff_scope():
        now = costs(timezone.now())
    match wanted:
        case "exposure":
            assert sum(int(row["up_to_minor"]) for row in rows) == now.exposure_minor == 40_000
        case "claims":
            assert sum(int(row["paid_minor"]) for row in rows) == now.paid_minor == 12_000
        case "fees":
            assert sum(int(row["value_minor"]) for row in rows) == now.fees_minor
        case _:
            assert rows[0]["paid_minor"] == "12000"


def test_an_order_under_review_says_until_when_its_card_can_be_charged() -> None:
    ready()
    sold("a", 60, card="same", seller="sel-1", paid=False)
    sold("b", 60, card="same", seller="sel-2", placed=0.1, paid=False)
    sold("c", 60, card="same", seller="sel-3", placed=0.2, paid=False)
    sold("held", 60, card="same", seller="sel-4", placed=0.3, paid=False)
    with staff_scope():
        row = query("SELECT id FROM decision WHERE action = 'review' ORDER BY moment DESC LIMIT 1").fetchone()
    assert row is not None
    page = signed_in().get(f"/console/decisions/{row[0]}/").content.decode()
    assert "Card authorisation lapses" in page
    assert "Decide before" in page
    lapses = datetime(2026, 6, 1, 12, 18, tzinfo=UTC) + timedelta(days=7)
    assert lapses.isoformat() in page
    assert (lapses - timedelta(hours=24)).isoformat() in page
