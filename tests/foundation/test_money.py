"""Money: whole minor units, the decimals of ISO 4217, nothing rounded on the way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeconduct.foundation.money import MOST_MINOR, Money, MoneyError, convert, exponent


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("USD", 2), ("CNY", 2), ("JPY", 0), ("CLP", 0), ("KRW", 0), ("KWD", 3), ("IQD", 3), ("RSD", 2), ("CLF", 4)],
)
def test_decimals_are_those_that_banks_count_and_not_those_of_a_price_tag(currency: str, decimals: int) -> None:
    assert exponent(currency) == decimals


def test_an_amount_is_written_whole_also_where_a_shop_would_round_it() -> None:
    assert Money(12_345, "IQD").format("en").endswith("12.345")
    assert Money(1_250, "RSD").format("es").startswith("12,5")
    assert Money(1_200, "USD").format("en") == "$12.00"


@pytest.mark.parametrize("text", ["", "1,5", "abc", "1.005", "NaN", "Infinity", "9" * 5000, "1e999999"])
def test_what_is_no_amount_of_this_currency_is_refused(text: str) -> None:
    with pytest.raises(MoneyError):
        Money.parse(text, "USD")


@pytest.mark.parametrize(
    "text",
    [
        "1e999999999",
        "1e30",
        "99999999999999999999",
        "9" * 5000,
        "1e-999999999",
        "1.1" + "0" * 40 + "1",
        "0." + "0" * 70,
    ],
)
def test_an_amount_that_is_too_large_or_too_fine_is_refused_before_it_is_reckoned_out(text: str) -> None:
    with pytest.raises(MoneyError):
        Money.parse(text, "USD")


def test_the_largest_amount_is_one_that_sums_have_room_for() -> None:
    largest = str(MOST_MINOR // 100)
    assert Money.parse(largest, "USD").minor == MOST_MINOR and Money.parse("-" + largest, "USD").minor == -MOST_MINOR
    assert Money.parse("0e999999999", "USD").minor == 0
    with pytest.raises(MoneyError, match="too large"):
        Money.parse(largest + ".01", "USD")


def test_an_unknown_currency_is_named_in_the_refusal() -> None:
    with pytest.raises(MoneyError, match="'ZZZ'"):
        exponent("ZZZ")


@given(minor=st.integers(-(10**12), 10**12), currency=st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
def test_what_is_written_with_a_point_is_read_back_exactly(minor: int, currency: str) -> None:
    written = str(Decimal(minor).scaleb(-exponent(currency)))
    assert Money.parse(written, currency) == Money(minor, currency)


def test_a_conversion_rounds_once_half_to_even() -> None:
    assert convert(Money(100, "USD"), "JPY", Decimal("150.5")) == Money(150, "JPY")
    assert convert(Money(100, "USD"), "JPY", Decimal("151.5")) == Money(152, "JPY")
    assert convert(Money(150, "JPY"), "USD", Decimal("0.01")) == Money(150, "USD")
