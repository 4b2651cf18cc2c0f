"""Every address that names an object, with an object of one's own and with that of another shop or order."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client, override_settings

from safeconduct.kernel.parties.models import MemberRole
from tests.portal import shops
from tests.roles import table
from tests.roles.table import Rule
from tests.roles.two_shops import FORM, Stocked, rows_of, stocked

#: What names no object of a shop: a verb, whoever holds the link of the address, and the number of a paper within the
#: reader's own claim (tests/portal/test_ownership.py tells who reads which).
_NO_OBJECTS = frozenset({"verb", "name", "token", "number"})
METHODS = ("GET", "POST")
#: Not there yet: the receipt of an erasure (tests/protections/data_security/test_own_data.py tells of it), and the proof
#: of a dispute that was not decided (tests/protections/disputes/test_stories.py).
LATER = ("/receipt/", "/portal/disputes/{case_id}/proof/")
#: After this the object is there no more for whoever comes next: asked last.
ENDING = ("/end/",)


@pytest.fixture
def two() -> tuple[Stocked, Stocked]:
    """The shop that asks, and the one it asks about."""
    shops.open_for_business()
    return stocked("sel-1"), stocked("sel-2")


def naming(rules: tuple[Rule, ...]) -> list[Rule]:
    """Those that name an object in their address."""
    return [rule for rule in rules if set(re.findall(r"{(\w+)}", rule.address)) - _NO_OBJECTS]


def asked(client: Client, method: str, address: str) -> Any:
    with override_settings(RATE_LIMIT_PER_MINUTE=1_000_000):
        answer = client.get(address) if method == "GET" else client.post(address, FORM)
        if "/o-" in answer.headers.get("Location", ""):  # a link leads on without its token: where to is the answer
            answer = client.get(answer.headers["Location"])
    assert answer.status_code < 500, (address, answer.content)
    return answer


def text_of(answer: Any) -> str:
    return (b"".join(answer) if answer.streaming else answer.content).decode(errors="replace")


def shown_of(words: list[str], answer: Any, address: str) -> list[str]:
    """Which of these words an answer shows that were not in the address."""
    text = text_of(answer) + answer.headers.get("Location", "")
    return [word for word in words if word not in address and word in text]


def test_there_is_an_object_for_every_name_in_an_address(two: tuple[Stocked, Stocked]) -> None:
    mine, _theirs = two
    doors = tuple(rule for rule in table.others() if rule.may == {"order's link"})
    for rule in (*naming(table.portal()), *doors):
        names = set(re.findall(r"{(\w+)}", rule.address))
        assert names <= set(mine.values(rule.address)), f"{rule.address}: tests/roles/two_shops.py has none"


def test_what_is_named_is_found_by_its_own_shop_and_by_no_role_of_another(two: tuple[Stocked, Stocked]) -> None:
    mine, theirs = two
    others = [(role, shops.signed_in("sel-1", role=role)) for role in MemberRole]
    before = rows_of(theirs.key)
    for rule in naming(table.portal()):
        address = rule.filled(**theirs.values(rule.address))
        for role, client in others:
            for method in METHODS:
                answer = asked(client, method, address)
                assert answer.status_code != 200 or method == "POST", (role, method, rule.address)
                assert shown_of(theirs.words, answer, address) == [], (role, method, rule.address)
        assert rows_of(theirs.key) == before, f"{rule.address} changed something of another shop"
    assert found_at(mine.client, mine, naming(table.portal())) == []


def found_at(client: Client, shop: Stocked, rules: list[Rule]) -> list[str]:
    """The addresses at which a shop does not find its own."""
    missing = []
    for rule in sorted(rules, key=lambda rule: rule.address.endswith(ENDING)):
        address = rule.filled(**shop.values(rule.address))
        found = {asked(client, method, address).status_code for method in METHODS}
        if not found - {404, 405} and not rule.address.endswith(LATER):
            missing.append(f"{rule.address}: {found}")
    return missing


def test_pages_of_a_shop_show_nothing_of_another(two: tuple[Stocked, Stocked]) -> None:
    mine, theirs = two
    for rule in table.portal():
        address = rule.filled(**mine.values(rule.address))
        answer = asked(mine.client, "GET", address)
        assert shown_of(theirs.words, answer, address) == [], rule.address


def test_a_buyers_link_opens_its_order_and_nothing_of_another(two: tuple[Stocked, Stocked]) -> None:
    mine, theirs = two
    doors = tuple(rule for rule in table.others() if rule.may == {"order's link"})
    before = rows_of(theirs.key)
    for rule in doors:
        foreign = {**theirs.values(rule.address), "token": mine.values(rule.address)["token"]}
        for forged in (foreign["token"][:-2] + "xx", "nothing"):
            for method in METHODS:
                answer = asked(Client(), method, rule.filled(**{**foreign, "token": forged}))
                assert answer.status_code in (404, 405), (method, rule.address)
        for method in METHODS:
            address = rule.filled(**foreign)
            assert shown_of(theirs.words, asked(Client(), method, address), address) == [], (method, rule.address)
        assert rows_of(theirs.key) == before, f"{rule.address} changed something of another order"
    assert found_at(Client(), mine, list(doors)) == []
