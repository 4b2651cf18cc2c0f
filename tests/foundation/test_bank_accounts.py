"""Numbers of bank accounts: what people mistype is named, and what no check knows is let through."""

from __future__ import annotations

import pytest

from safeconduct.foundation.bank_accounts import IBAN_LENGTHS, Fault, fault_of, plain

#: Examples that the registry's copies print for these countries.
KNOWN = (
    "DE89370400440532013000", "GB29NWBK60161331926819", "ES9121000418450200051332", "CH9300762011623852957",
    "FR1420041010050500013M02606", "NO9386011117947", "BR9700360305000010009795493P1", "AD1200012030200359100100",
)  # fmt: skip


@pytest.mark.parametrize("number", KNOWN)
def test_a_true_iban_passes_and_each_wrong_digit_in_it_is_found(number: str) -> None:
    assert fault_of(number, number[:2]) is None
    for place in range(2, len(number)):
        if number[place].isdigit():
            wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
            assert fault_of(wrong, number[:2]) is Fault.CHECK_DIGITS


def test_as_people_write_it_is_as_it_is_compared() -> None:
    assert plain(" de89 3704-0044 0532 0130 00 ") == KNOWN[0]


@pytest.mark.parametrize(
    ("number", "country", "fault"),
    [
        ("DE8937040044053201300", "DE", Fault.IBAN_LENGTH),
        ("0532013000", "DE", Fault.NOT_AN_IBAN),
        (KNOWN[0], "FR", Fault.OTHER_COUNTRY),
        ("1234/56", "CN", Fault.SIGNS),
        ("١٢٣٤٥", "CN", Fault.SIGNS),
        ("123", "CN", Fault.SHORT_OR_LONG),
        ("1" * 35, "CN", Fault.SHORT_OR_LONG),
        ("6222021234567890123", "CN", None),
        ("00012345678", "CL", None),
    ],
)
def test_what_is_wrong_is_named(number: str, country: str, fault: Fault | None) -> None:
    assert fault_of(number, country) is fault


def test_no_iban_is_longer_than_the_standard_allows() -> None:
    assert max(IBAN_LENGTHS.values()) <= 34
