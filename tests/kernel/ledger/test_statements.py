"""Statements as files."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typst
from tests.kernel.ledger.money import ORDER, SELLER, START, days, entry, held, posted, request, sold

from safeconduct.kernel.ledger import actions, queries, statements
from safeconduct.kernel.ledger.accounts import SELLER_KINDS
from safeconduct.kernel.ledger.queries import Statement
from safeconduct.kernel.ledger.rules import rules
from safeconduct.kernel.ledger.wording import EVENTS
from safeconduct.kernel.scope import engine_scope, seller_scope
from safeconduct.kernel.ui import pdf

SHANGHAI = ZoneInfo("Asia/Shanghai")
ORDERS = {ORDER: "=A-1001"}


def month(currency: str = "USD") -> Statement:
    """A month with a sale, a hold, a fine, a provisional payment and a payout."""
    sold(currency=currency)
    held(request(20, currency=currency, at=days(1)))
    posted(entry("fine", amount=5, memo="1 × 5.00: late shipment", currency=currency, at=days(2), order_key=None))
    posted(entry("provisional_reimbursement", amount=7, currency=currency, at=days(3)))
    with engine_scope():
        actions.pay_out(None, days(4))
    posted(entry("capture", sale=30, currency=currency, at=days(5)))
    with seller_scope(SELLER):
        return queries.statement(SELLER, currency, days(-1), days(5))


def read(made: bytes) -> list[dict[str, str]]:
    assert made.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(made.decode("utf-8-sig"))))


def words(pdf: bytes, folder: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    (folder / "s.pdf").write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", folder / "s.pdf", "-"], capture_output=True, check=True)
    return done.stdout.decode()


def test_the_csv_adds_up_from_opening_to_closing_in_each_account() -> None:
    rows = read(statements.statement_csv(month(), "en", SHANGHAI, orders=ORDERS))
    for account in {row["Account"] for row in rows}:
        of_account = [row for row in rows if row["Account"] == account]
        opening, *moved, closing = of_account
        assert (opening["What happened"], closing["What happened"]) == ("Opening balance", "Closing balance")
        total = sum(round(float(row["Amount"]) * 100) for row in [opening, *moved])
        assert total == round(float(closing["Amount"]) * 100), account


def test_the_csv_says_when_what_and_why_in_the_sellers_zone_and_no_cell_is_a_formula() -> None:
    rows = read(statements.statement_csv(month(), "en", SHANGHAI, orders=ORDERS))
    (fine,) = [row for row in rows if row["Event"] == "fine"]
    assert (fine["Time"], fine["Amount"], fine["Currency"]) == ("2026-06-03T20:00:00+08:00", "-5.00", "USD")
    assert fine["Note"] == "1 × 5.00: late shipment"
    assert {row["Order"] for row in rows if row["Event"] == "capture"} == {"'=A-1001"}
    assert [row["Provisional"] for row in rows if row["Event"] == "provisional_reimbursement"] == ["yes"]


def test_the_pdf_shows_balances_and_every_movement(tmp_path: Path) -> None:
    told = month()
    shown = words(statements.statement_pdf(told, "en", SHANGHAI, seller="Ana Roldán", orders=ORDERS), tmp_path)
    for text in (
        "Statement of account", "Ana Roldán", "2026-05-31 20:00 – 2026-06-06 19:59", "Asia/Shanghai, UTC+08:00",
        "On hold", "$20.00", "−$5.00", "late shipment", "Provisional", "=A-1001", "Payout",
    ):  # fmt: skip
        assert text in shown, text
    assert shown.count("2026-06-02 20:00") == 2  # both legs of the hold


def test_the_same_statement_makes_the_same_file() -> None:
    told = month()
    assert statements.statement_pdf(told, "es", SHANGHAI) == statements.statement_pdf(told, "es", SHANGHAI)
    assert statements.statement_csv(told, "es", SHANGHAI) == statements.statement_csv(told, "es", SHANGHAI)


def test_a_chinese_name_is_shown_on_a_machine_without_fonts_too(tmp_path: Path) -> None:
    bare = typst.Fonts(include_system_fonts=False, font_paths=[str(pdf._OURS)])
    assert {"Droid Sans Fallback", "Noto Sans Arabic"} <= set(bare.families())
    shown = words(statements.statement_pdf(month("CNY"), "zh-hans", SHANGHAI, seller="深圳云帆贸易"), tmp_path)
    assert "深圳云帆贸易" in shown
    assert "¥20.00" in shown


def test_without_a_chinese_font_a_chinese_statement_is_written_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = typst.Fonts(include_system_fonts=False)
    monkeypatch.setattr(pdf, "_fonts", lambda: bare)
    assert "Statement of account" in words(statements.statement_pdf(month(), "zh-hans", SHANGHAI), tmp_path)


def test_text_from_outside_is_never_markup(tmp_path: Path) -> None:
    posted(entry("fine", amount=5, memo='#panic("x") *bold* \\ $1$ "]'))
    with seller_scope(SELLER):
        told = queries.statement(SELLER, "USD", days(-1), days(1))
    assert '#panic("x") *bold* \\ $1$ "]' in words(statements.statement_pdf(told, "en", SHANGHAI), tmp_path)


def test_an_empty_statement_says_so(tmp_path: Path) -> None:
    with seller_scope(SELLER):
        told = queries.statement(SELLER, "USD", START, days(1))
    assert "Nothing was posted in this time." in words(statements.statement_pdf(told, "en", SHANGHAI), tmp_path)
    opening, closing = read(statements.statement_csv(told, "en", SHANGHAI))
    assert (opening["Amount"], closing["Amount"]) == ("0.00", "0.00")


def test_a_statement_that_is_too_long_says_so_and_closes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_LINES", 3)
    told = month()
    assert len(told.lines) == 3
    assert told.closing[SELLER_KINDS[1]] == 0  # paid out: of the accounts, not of the three lines
    assert "shorter time" in words(statements.statement_pdf(told, "en", SHANGHAI), tmp_path)
    assert b"Closing balance" not in statements.statement_csv(told, "en", SHANGHAI)


def test_every_event_has_its_sentence_where_translators_find_it() -> None:
    assert {event: rule.says for event, rule in rules().items()} == {
        event: says for event, says in EVENTS.items() if event != "reversal"
    }
