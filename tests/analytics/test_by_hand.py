"""The backtest against the same policy in SQL that somebody wrote by hand (`bench/backtest.py`)."""

from __future__ import annotations

from pathlib import Path

import pytest
import tests.django_world  # noqa: F401  the backtest's modules need Django
from bench import backtest as measured

SQL = measured.BY_HAND


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("facts") / "facts.parquet"
    measured.make_facts(path, 30_000, 3_600)
    return path


def test_a_backtest_decides_as_the_sql_by_hand_does(facts: Path) -> None:
    _, _, stopped = measured.measure(facts, repeats=1)
    assert 1_000 < stopped < 29_000


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("card_shops_1h >= 2 AND", "card_shops_1h >= 1 AND"),
        (
            "count(CASE WHEN type = 60 THEN 1 END) OVER w - (type = 60)::int",
            "count(CASE WHEN type = 41 THEN 1 END) OVER w",
        ),
        ("OR r17 OR r23 THEN", "OR r17 THEN"),
        ("buyer_orders_90d = 0 AND amount > 90000", "buyer_orders_90d = 0 AND amount > 80000"),
    ],
)
def test_sql_by_hand_that_decides_otherwise_is_noticed(
    facts: Path, monkeypatch: pytest.MonkeyPatch, right: str, wrong: str
) -> None:
    assert right in SQL
    monkeypatch.setattr(measured, "BY_HAND", SQL.replace(right, wrong))
    with pytest.raises(AssertionError, match="decides otherwise"):
        measured.measure(facts, repeats=1)
