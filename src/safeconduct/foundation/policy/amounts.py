"""Amounts as policies write them: '50 USD' to minor units and back."""

from __future__ import annotations

import re
from functools import lru_cache

from babel.core import get_global
from babel.numbers import list_currencies

from safeconduct.foundation.money import exponent
from safeconduct.foundation.policy.types import INT64_MAX

_AMOUNT = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,4}))? ([A-Z]{3})", re.ASCII)


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """The currency codes that are in use."""
    # Locale data also knows historic currencies; a currency is current where some territory uses it today.
    current = {
        code
        for uses in get_global("territory_currencies").values()
        for code, _, end, tender in uses
        if end is None and tender
    }
    return frozenset(current & set(list_currencies()))


def read_amount(text: str) -> tuple[int, str]:
    """Minor units and currency of an amount such as '50 USD' or '0.99 EUR'.

    Raises ValueError, with a sentence for the author, for anything else.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text[:40]}` is not an amount; write it like '50 USD' or '0.99 EUR'")
    whole, fraction, currency = match.group(1), match.group(2) or "", match.group(3)
    if currency not in currencies():
        raise ValueError(f"`{currency}` is not a currency in use; write its ISO 4217 code")
    digits = exponent(currency)
    if len(fraction) > digits:
        raise ValueError(f"{currency} has {digits} decimal digits, not {len(fraction)}")
    minor = int(whole) * 10**digits + int(fraction.ljust(digits, "0") or "0")
    if minor > INT64_MAX:
        raise ValueError("the amount is too large")
    return minor, currency


def write_amount(minor: int, currency: str) -> str:
    """The amount as a policy writes it: '50 USD', '0.99 EUR'."""
    digits = exponent(currency)
    whole, fraction = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}" + (f".{fraction:0{digits}d}" if fraction else "") + f" {currency}"
