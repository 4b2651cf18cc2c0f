"""Long passwords that are easy to guess, and those that came to light elsewhere."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import override_settings
from tests.portal import shops

from safeconduct.config import environment
from safeconduct.kernel.parties.weak_passwords import is_listed, without_patterns


def refused(password: str) -> bool:
    user = shops.member("sel-1")
    user.name = "Ana Benítez"
    try:
        validate_password(password, user)
    except ValidationError:
        return True
    return False


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


@pytest.mark.parametrize(
    "password",
    [
        "SafeconductSafeconduct1", "vina-del-mar-fruits-2026", "ana.benitez.ana.benitez", "abcdefghijklmnopqrst",
        "qwertyuiopasdfghjkl!", "98765432109876543210", "hahahahahahahahaha", "Haihang-Haihang-2026", "aaaaaaaaaaaaaaaab",
        "passwordpassword1", "Peach99!Peach99!Peach99!",
    ],
)  # fmt: skip
@override_settings(PASSWORD_WORDS=("Haihang Mall",))
def test_names_of_the_place_and_patterns_are_no_password(password: str) -> None:
    assert refused(password)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "Haihang sold my aunt's green kettle",
        "z8#Lq0v!Rt2^Nw5&Ky",
        "我家的猫喜欢在窗边看下雨的街道啊",
    ],
)
@override_settings(PASSWORD_WORDS=("Haihang Mall",))
def test_others_are_taken_even_if_a_name_stands_among_them(password: str) -> None:
    assert not refused(password)


def test_a_text_of_any_length_is_looked_at_quickly() -> None:
    assert refused("ab" * 500_000)


def test_what_is_left_of_patterns() -> None:
    assert without_patterns("abcdx1234y4321z") == "xyz"
    assert without_patterns("abcabcabc") == "abc"


def listed(tmp_path: Path, passwords: list[str], end: str = "\r\n") -> Path:
    """As *Pwned Passwords* is offered: hash, a colon, how often, sorted."""
    lines = sorted(f"{hashlib.sha1(p.encode()).hexdigest().upper()}:{n}" for n, p in enumerate(passwords))
    file = tmp_path / "breached.txt"
    file.write_bytes(end.join(lines).encode())
    return file


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 257])
def test_each_password_of_the_list_is_found_and_no_other(tmp_path: Path, count: int, end: str) -> None:
    known = [f"a sentence number {n}" for n in range(count)]
    file = listed(tmp_path, known, end)
    assert all(is_listed(one, file) for one in known)
    assert not any(is_listed(f"another sentence {n}", file) for n in range(300))


def test_a_breached_password_is_refused_with_the_reason(tmp_path: Path) -> None:
    known = "the quick brown fox jumps"
    with override_settings(BREACHED_PASSWORDS=str(listed(tmp_path, [known]))):
        with pytest.raises(ValidationError, match="come to light"):
            validate_password(known)
        validate_password("the slow green fox sleeps")
    validate_password(known)


def test_an_operator_names_words_with_commas() -> None:
    given = {"SAFECONDUCT_PASSWORD_WORDS": "Haihang Mall, Kyoto"}
    assert environment.read(given).password_words == ("Haihang Mall", "Kyoto")
