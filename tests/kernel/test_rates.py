"""What an amount was worth on the day it happened."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.kernel.builders import START, event

from safeconduct.foundation.money import Money, MoneyError, convert
from safeconduct.kernel.events import log, rates
from safeconduct.kernel.events.log import Known
from safeconduct.kernel.scope import engine_scope, query


def stored_amounts() -> list[int | None]:
    with engine_scope():
        return [amount for (amount,) in query("SELECT amount FROM fact ORDER BY moment")]


def test_an_order_is_converted_at_the_rate_in_force_on_its_day_and_without_one_is_unknown() -> None:
    with engine_scope():
        rates.store(
            [
                ("CNY", date(2026, 5, 1), Decimal("0.14"), "test"),
                ("CNY", date(2026, 6, 1), Decimal("0.20"), "test"),
            ]
        )
    days = [START - timedelta(days=60), START - timedelta(days=10), START]
    log.receive(
        [event(at=day, amount={"minor": 1000, "currency": "CNY"}) for day in days], known=Known.WHEN_IT_HAPPENED
    )
    assert stored_amounts() == [None, 140, 200]


def test_a_rate_once_stored_is_never_changed() -> None:
    with engine_scope():
        rates.store([("EUR", date(2026, 1, 1), Decimal("1.10"), "first")])
        rates.store([("EUR", date(2026, 1, 1), Decimal("9.99"), "second")])
        assert query("SELECT rate, source FROM rate").fetchall() == [(Decimal("1.10"), "first")]


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("12.30", "USD", 1230), ("12", "JPY", 12), ("1.234", "KWD", 1234), ("-5", "EUR", -500)],
)
def test_an_amount_is_read_exactly_in_its_currency(amount: str, currency: str, minor: int) -> None:
    assert Money.parse(amount, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("amount", "currency"), [("12.345", "USD"), ("1.5", "JPY"), ("abc", "USD"), ("NaN", "USD"), ("1", "XXQ")]
)
def test_what_is_no_amount_of_its_currency_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(MoneyError):
        Money.parse(amount, currency)


def test_conversion_minds_the_decimals_of_both_currencies_and_rounds_half_to_even() -> None:
    assert convert(Money(100, "JPY"), "USD", Decimal("0.0065")) == Money(65, "USD")
    assert convert(Money(5, "USD"), "JPY", Decimal(10)) == Money(0, "JPY")
    assert convert(Money(15, "USD"), "JPY", Decimal(10)) == Money(2, "JPY")
