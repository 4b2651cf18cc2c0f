"""Money: an integer of minor units and a currency, never a float.

Exponents are ISO 4217's, taken from CLDR through Babel (JPY 0, KWD 3, CNY 2 …).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache

from babel.core import get_global
from babel.numbers import format_currency


class MoneyError(ValueError):
    """An amount or a currency that cannot be read; the message names what was given."""


@lru_cache(maxsize=512)
def exponent(currency: str) -> int:
    """Number of decimals of a currency (ISO 4217). Raises MoneyError for an unknown code."""
    if currency not in get_global("all_currencies"):
        raise MoneyError(f"{currency!r} is not a currency code of ISO 4217; give three capital letters such as USD")
    fractions = get_global("currency_fractions")
    digits: int = fractions.get(currency, fractions["DEFAULT"])[0]
    return digits


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents, fen, yen) of a currency."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Reads a decimal amount exactly: ``parse("12.30", "USD")`` is 1230 cents.

        Raises MoneyError where the text is no number or has more decimals than the currency.
        """
        try:
            value = Decimal(text)
        except InvalidOperation:
            raise MoneyError(f"{text!r} is not an amount; write digits with a point, such as 12.30") from None
        places = exponent(currency)
        if not value.is_finite():
            raise MoneyError(f"{text!r} is not an amount; write digits with a point, such as 12.30")
        scaled = value.scaleb(places)
        if scaled != scaled.to_integral_value():
            raise MoneyError(f"{text} has more than the {places} decimals that {currency} has")
        return cls(int(scaled), currency)

    def format(self, locale: str = "en") -> str:
        """The amount as people of this locale write it."""
        places = exponent(self.currency)
        return str(format_currency(Decimal(self.minor).scaleb(-places), self.currency, locale=locale.replace("-", "_")))


def convert(money: Money, to: str, rate: Decimal) -> Money:
    """The amount in another currency at `rate` units of `to` for one unit of its own, rounded half to even."""
    shift = exponent(to) - exponent(money.currency)
    value = (Decimal(money.minor) * rate).scaleb(shift)
    return Money(int(value.to_integral_value(rounding=ROUND_HALF_EVEN)), to)
