"""`safeconduct ledger`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.commands import safeconduct

from safeconduct.kernel.ledger.actions import Entry, post
from safeconduct.kernel.parties.sellers import note_sellers
from safeconduct.kernel.scope import engine_scope, owner_scope, query
from safeconduct.kernel.vault.pseudonyms import register

AT = datetime(2026, 6, 3, 12, 0, tzinfo=UTC)


def sold(*currencies: str) -> None:
    """A sale of shop-17 in each currency, order A-1001."""
    with engine_scope():
        keys = register([("seller", "shop-17"), ("order", "A-1001")])
        seller, order = keys["seller", "shop-17"], keys["order", "A-1001"]
        registered = {"seller_name": "深圳云帆贸易", "time_zone": "Asia/Shanghai", "locale": "en"}
        note_sellers([("shop-17", seller, "seller.registered", registered, AT)])
        post(
            [
                Entry("capture", f"c-{code}", AT, code, seller, order, {"sale": 10_000, "fee": 800})
                for code in currencies
            ]
        )


def test_a_sound_ledger_is_said_to_be_right() -> None:
    sold("USD")
    done = safeconduct("ledger", "check")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("The ledger is right.\n")
    told = json.loads(safeconduct("ledger", "check", "--json").stdout)
    assert told["ok"]
    assert len(told["questions"]) == 11


def test_a_balance_changed_past_the_guards_is_found_by_check_and_by_doctor() -> None:
    sold("USD")
    with owner_scope():
        query("ALTER TABLE ledger_account DISABLE TRIGGER USER")
        query("UPDATE ledger_account SET balance_minor = balance_minor + 100 WHERE kind = 'available'")
        query("ALTER TABLE ledger_account ENABLE TRIGGER USER")
    done = safeconduct("ledger", "check")
    assert done.returncode == 1
    assert "WRONG running balances equal the sums of postings\n      seller" in done.stdout
    assert "balance 100, postings 0" in done.stdout
    assert "Stop payouts" in done.stdout
    assert "WRONG ledger       USD is off by 100 minor units" in safeconduct("doctor").stdout


@pytest.mark.parametrize("form", ["csv", "pdf"])
def test_a_statement_is_written_to_a_file_with_the_shops_own_order_numbers(form: str, tmp_path: Path) -> None:
    sold("USD")
    out = tmp_path / f"june.{form}"
    done = safeconduct(
        "ledger", "statement", "shop-17", "--from", "2026-06-01", "--until", "2026-06-30", "--format", form,
        "--out", str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}: 2 movements in USD\n"
    made = out.read_bytes()
    if form == "pdf":
        assert made.startswith(b"%PDF-")
    else:
        assert b"2026-06-03T20:00:00+08:00" in made
        assert b"A-1001" in made


@pytest.mark.parametrize(
    ("arguments", "code", "saying"),
    [
        (["shop-18"], 1, "there is no seller 'shop-18'"),
        (["shop-17"], 2, "say which --currency"),
        (["shop-17", "--currency", "jpy"], 2, "no account in JPY"),
        (["shop-17", "--currency", "EUR", "--from", "2026-07-01"], 2, "is before --from"),
        (["shop-17", "--currency", "EUR", "--zone", "Mars/North"], 2, "is no time zone"),
        (["shop-17", "--currency", "EUR", "--format", "xls"], 2, "neither csv nor pdf"),
    ],
)
def test_a_statement_that_cannot_be_written_says_why(arguments: list[str], code: int, saying: str) -> None:
    sold("USD", "EUR")
    done = safeconduct("ledger", "statement", "--until", "2026-06-30", *arguments)
    assert done.returncode == code
    assert saying in " ".join(done.stderr.split())


def test_the_operator_books_what_no_event_tells_and_takes_it_back() -> None:
    sold("USD")
    paid = ["ledger", "book", "fund_paid_in", "--amount", "500", "--currency", "usd", "--key", "bank-771"]
    done = safeconduct(*paid, "--why", "First money", "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)["transaction"]
    assert json.loads(safeconduct(*paid, "--why", "First money", "--json").stdout) == {"transaction": made}
    back = safeconduct("ledger", "take-back", made, "--key", "bank-771-back", "--why", "To the wrong account")
    assert back.returncode == 0 and f"the opposite of {made}" in back.stdout
    with engine_scope():
        (total,) = query("SELECT sum(amount_minor) FROM ledger_posting WHERE seller_key IS NULL").fetchone() or (None,)
    assert total == -9_200, "only the sale is left"


@pytest.mark.parametrize(
    ("arguments", "code", "saying"),
    [
        (["fund_payed_in", "--amount", "5"], 2, "fund_paid_in"),
        (["fund_paid_in", "--amount", "5.001"], 2, "more than the 2 decimals"),
        (["fund_paid_in", "--amount", "-5"], 2, "is not above zero"),
        (["reserve", "--amount", "5"], 2, "moves a seller's money; say whose"),
        (["reserve", "--amount", "5", "--seller", "shop-18"], 1, "there is no seller 'shop-18'"),
        (["reserve", "--amount", "5", "--seller", "shop-17"], 1, "ask for less"),
        (["deposit_paid", "--amount", "5", "--seller", "shop-17", "--order", "A-9"], 1, "was never told of"),
    ],
)
def test_what_cannot_be_booked_says_why(arguments: list[str], code: int, saying: str) -> None:
    sold("USD")
    done = safeconduct("ledger", "book", *arguments, "--currency", "USD", "--key", "k", "--why", "A reason")
    assert done.returncode == code, done.stdout + done.stderr
    assert saying in " ".join(done.stderr.split())
