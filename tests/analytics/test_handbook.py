"""The public benchmark: its split and import always; the figures where the data is at hand and time is given."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from safeconduct.analytics import handbook
from safeconduct.foundation.moments import moment_time
from safeconduct.kernel.events.catalogue import CATALOGUE

LONG = os.environ.get("SAFECONDUCT_LONG_TESTS") == "1"
FILE = "transactions/handbook_2018-06-11_2018-08-14.parquet"


@pytest.fixture
def payments(shared_data: Path) -> Path:
    path = shared_data / FILE
    if not path.is_file():
        pytest.skip(f"{FILE} is absent from the shared data")
    return path


def write_payments(path: Path, *rows: str) -> Path:
    columns = "TRANSACTION_ID, TX_DATETIME, CUSTOMER_ID, TERMINAL_ID, TX_AMOUNT, TX_FRAUD"
    duckdb.sql(f"SELECT * FROM (VALUES {', '.join(rows)}) AS t({columns})").write_parquet(str(path))
    return path


def test_the_split_is_the_published_one() -> None:
    split = handbook.week_split()
    days = [moment_time(m).date().isoformat() for p in (split.train, split.test) for m in (p.since, p.until)]
    assert days == ["2018-07-25", "2018-08-01", "2018-08-08", "2018-08-15"]


def test_what_a_payment_was_follows_seven_days_later(tmp_path: Path) -> None:
    path = write_payments(
        tmp_path / "p.parquet",
        "(11, TIMESTAMP '2018-07-01 10:00:00', 3, 8, 12.34::FLOAT, 0)",
        "(12, TIMESTAMP '2018-07-01 10:00:00', 4, 8, 75.81::FLOAT, 1)",
    )
    with duckdb.connect() as connection:
        facts, labels = handbook.import_payments(path, connection)
        rows = facts.project('moment, type, "order", card, seller, amount').order("moment").fetchall()
    names = {e.code: e.name for e in CATALOGUE.values()}
    assert [(names[t], *rest) for _, t, *rest in rows] == [
        ("order.placed", 11, 3, 8, 1234),
        ("order.placed", 12, 4, 8, 7581),
        ("order.paid", 11, 3, 8, 1234),
        ("fraud.warned", 12, 4, 8, 7581),
    ]
    days = [moment_time(m).isoformat() for m, *_ in rows]
    assert days == ["2018-07-01T10:00:00+00:00"] * 2 + ["2018-07-08T10:00:00+00:00"] * 2
    assert len({m for m, *_ in rows}) == 4
    assert len(labels) == 1


def test_ids_of_another_system_are_texts_and_stay_apart(tmp_path: Path) -> None:
    path = write_payments(
        tmp_path / "p.parquet",
        "('t-a', TIMESTAMP '2018-07-01 10:00:00', 'card-é', 'shop 1', 12.34, false)",
        "('t-b', TIMESTAMP '2018-07-01 11:00:00', 'card-é', 'shop 2', 75.81, true)",
    )
    with duckdb.connect() as connection:
        facts, labels = handbook.import_payments(path, connection)
        rows = facts.project('"order", card, seller').fetchall()
    orders, cards, sellers = (set(column) for column in zip(*rows, strict=True))
    assert (len(orders), len(cards), len(sellers), len(labels)) == (2, 1, 2, 1)
    assert all(key >= 0 for key in orders | cards | sellers)


@pytest.mark.parametrize("amount", ["'nan'::DOUBLE", "'much'", "1e30::DOUBLE"])
def test_an_amount_that_is_none_is_an_error_in_words(
    amount: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_payments(tmp_path / "p.parquet", f"(11, TIMESTAMP '2018-07-01 10:00:00', 3, 8, {amount}, 0)")
    assert handbook.main([str(path)]) == 1
    assert "p.parquet cannot be read" in capsys.readouterr().err
    path.write_text("TRANSACTION_ID,TX_DATETIME\n")
    assert handbook.main([str(path)]) == 1
    assert "p.parquet cannot be read" in capsys.readouterr().err


def test_another_file_is_refused_with_the_columns_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    duckdb.sql("SELECT 1 AS TRANSACTION_ID").write_parquet(str(path))
    assert handbook.main([str(path)]) == 1
    with duckdb.connect() as connection, pytest.raises(ValueError, match="has no column TX_DATETIME, CUSTOMER_ID"):
        handbook.import_payments(path, connection)
    assert handbook.main([str(tmp_path / "absent.parquet")]) == 1


@pytest.mark.skipif(not LONG, reason="takes a minute; set SAFECONDUCT_LONG_TESTS=1")
def test_the_benchmarks_own_features_give_the_benchmarks_own_figures(payments: Path) -> None:
    """The check that our protocol is the published one: the same events, and the published logistic regression."""
    report = handbook.run(payments, baseline=True).report
    assert (report["train"]["events"], report["train"]["frauds"]) == (67_240, 598)
    assert (report["test"]["events"], report["test"]["frauds"]) == (58_264, 385)
    auc, average_precision, card_precision = handbook.PUBLISHED["logistic regression"]
    assert report["baseline"]["auc"] == pytest.approx(auc, abs=0.002)
    assert report["baseline"]["average_precision"] == pytest.approx(average_precision, abs=0.002)
    assert report["baseline"]["card_precision"] == pytest.approx(card_precision, abs=0.002)


@pytest.mark.skipif(not LONG, reason="takes a minute; set SAFECONDUCT_LONG_TESTS=1")
def test_our_features_find_more_frauds_than_any_published_model_of_this_split(payments: Path) -> None:
    figures = handbook.run(payments).report["model"]
    assert figures["average_precision"] > 0.70
    assert figures["card_precision"] > 0.30
    assert figures["auc"] > 0.88
