"""Money: an integer of minor units and a currency, never a float.

Decimals are ISO 4217's (JPY 0, KWD 3, CNY 2 …), as processors and banks count them. Unicode's CLDR differs for some,
because it says how prices are written in a shop: nobody writes the fils of a dinar, but they are still counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import lru_cache

from babel.core import get_global
from babel.numbers import format_currency


class MoneyError(ValueError):
    """An amount or a currency that cannot be read; the message names what was given."""


#: ISO 4217:2015, list one ("minor unit"): every currency in use that does not have two decimals. Checked 2026-11-24
#: against common knowledge of the list, not against a copy of it.
_NOT_TWO = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
         "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip


@lru_cache(maxsize=512)
def exponent(currency: str) -> int:
    """Number of decimals of a currency (ISO 4217). Raises MoneyError for an unknown code."""
    if currency not in get_global("all_currencies"):
        raise MoneyError(f"{currency!r} is not a currency code of ISO 4217; give three capital letters such as USD")
    return _NOT_TWO.get(currency, 2)


#: No amount has more: what would takes memory and no ledger.
_MOST_DIGITS = 40


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
        if not value.is_finite() or value.adjusted() > _MOST_DIGITS:
            raise MoneyError(f"{text[:60]!r} is not an amount; write digits with a point, such as 12.30")
        scaled = value.scaleb(places)
        if scaled != scaled.to_integral_value():
            raise MoneyError(f"{text} has more than the {places} decimals that {currency} has")
        return cls(int(scaled), currency)

    def format(self, locale: str = "en") -> str:
        """The amount as people of this locale write it."""
        places = exponent(self.currency)
        value = Decimal(self.minor).scaleb(-places)
        # Without rounding to the decimals of a price tag: an amount of the ledger is written whole.
        return str(format_currency(value, self.currency, locale=locale.replace("-", "_"), decimal_quantization=False))


def convert(money: Money, to: str, rate: Decimal) -> Money:
    """The amount in another currency at `rate` units of `to` for one unit of its own, rounded half to even."""
    shift = exponent(to) - exponent(money.currency)
    value = (Decimal(money.minor) * rate).scaleb(shift)
    return Money(int(value.to_integral_value(rounding=ROUND_HALF_EVEN)), to)
