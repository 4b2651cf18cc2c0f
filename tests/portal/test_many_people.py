"""A shop with very many people: its owner reads all of them page by page, forwards and back, nobody twice."""

from __future__ import annotations

import re
from html import unescape

from safeconduct.kernel.parties import members
from safeconduct.kernel.parties.models import MemberRole, User
from safeconduct.kernel.scope import staff_scope
from tests.portal import shops
from tests.portal.shops import ago, read

PAGE = "/portal/people/"


def people_on(page: str) -> list[str]:
    return re.findall(r"<small>(p\d+@example\.org)</small>", page)


def link(page: str, rel: str) -> str:
    return PAGE + unescape(re.findall(rf'href="([^"]+)" rel="{rel}"', page)[0])


def test_an_owner_reads_seventy_people_in_three_pages_and_comes_back() -> None:
    shops.open_for_business()
    client = shops.signed_in("sel-1")
    with staff_scope():
        for number in range(70):
            person = User.objects.create_user(f"p{number}@example.org", None, name=f"Person {number:02}")
            members.add_member(person, shops.seller_key(), MemberRole.SUPPORT, None, at=ago(80 - number))
    first = read(client, PAGE)
    second = read(client, link(first, "next"))
    third = read(client, link(second, "next"))
    seen = people_on(first) + people_on(second) + people_on(third)
    assert seen == [f"p{number}@example.org" for number in range(70)]
    assert people_on(read(client, link(third, "prev"))) == people_on(second)
    assert 'rel="prev"' not in first and 'rel="next"' not in third
    assert people_on(read(client, f"{PAGE}?after=nobody")) == people_on(first)
