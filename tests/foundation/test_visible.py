"""Names in which something stands that nobody sees."""

from __future__ import annotations

import pytest

from safeconduct.foundation.visible import hidden_in, visible

HONEST = ["Añañuca 花店", "O’Brien & Söhne", "علی‌رضا", "क्‍ष", "👩‍💻 Shop", "Łódź"]
SPOOFED = {
    "Ana \u202eatoS": "right-to-left override", "Ad\u200bmin": "zero width space", "A\u200cdmin": "zero width non-joiner",
    "\ufeffAna": "zero width no-break space", "Ana\u2066": "left-to-right isolate", "Ana\x1b[2J": "u+001b",
    "An\u00ada": "soft hyphen", "Ana\u2028": "line separator", "\u200dAna": "zero width joiner",
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_names_as_people_write_them_are_names(name: str) -> None:
    assert hidden_in(name) == "" and visible(name) == name


@pytest.mark.parametrize("name", SPOOFED)
def test_what_nobody_sees_is_named_and_can_be_left_out(name: str) -> None:
    assert hidden_in(name).lower() == SPOOFED[name]
    assert hidden_in(visible(name)) == "" and len(visible(name)) == len(name) - 1
