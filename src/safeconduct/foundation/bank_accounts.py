"""Numbers of bank accounts: what can be known of one without asking a bank.

An IBAN carries its country and two check digits over the whole of it (ISO 13616; ISO 7064 MOD 97-10): a wrong digit, or
two that changed places, is found. Other numbers have no check that holds everywhere. Lengths are those of the SWIFT
IBAN Registry as copies of it give them (read 2026-11-29; not compared with the registry itself). A country that joined
since is taken as one without IBAN: its numbers are let through unchecked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

#: Country → letters and digits of its IBAN.
IBAN_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "CH": 21,
    "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "ES": 24, "FI": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24,
    "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29,
    "VG": 24, "XK": 20,
}  # fmt: skip
SHORTEST: Final = 4
LONGEST: Final = 34  # the longest that ISO 13616 allows


class Fault(StrEnum):
    """What is wrong with a number."""

    SIGNS = "signs"
    SHORT_OR_LONG = "short_or_long"
    NOT_AN_IBAN = "not_an_iban"
    IBAN_LENGTH = "iban_length"
    OTHER_COUNTRY = "other_country"
    CHECK_DIGITS = "check_digits"


def plain(number: str) -> str:
    """A number as it is compared: in capitals, without the spaces and hyphens that people group it by."""
    return "".join(number.split()).replace("-", "").upper()


def fault_of(number: str, country: str) -> Fault | None:
    """What is wrong with an account's number (as `plain` gives it) in this country, ISO 3166-1 alpha-2, or nothing."""
    if not (number.isalnum() and number.isascii()):
        return Fault.SIGNS
    if not SHORTEST <= len(number) <= LONGEST:
        return Fault.SHORT_OR_LONG
    begins = number[:2].isalpha() and number[2:4].isdigit()
    if not begins or number[:2] not in IBAN_LENGTHS:
        return Fault.NOT_AN_IBAN if country in IBAN_LENGTHS else None
    if number[:2] != country:
        return Fault.OTHER_COUNTRY
    if len(number) != IBAN_LENGTHS[country]:
        return Fault.IBAN_LENGTH
    return None if _remainder(number) == 1 else Fault.CHECK_DIGITS


def _remainder(iban: str) -> int:
    """What is left of an IBAN by 97, its first four signs put last and its letters written as 10 to 35."""
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97
