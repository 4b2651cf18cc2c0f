"""The menu of the console leads nobody to a closed door, and hides no page from whoever may open it."""

from __future__ import annotations

import pytest
from django.test import Client
from tests.portal.test_looking import staff

from safeconduct.console.shell import HEADINGS, shell_of
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.protection import protections
from safeconduct.kernel.scope import staff_scope

ROLES = [StaffRole.ANALYST, StaffRole.LEAD, StaffRole.ADMINISTRATOR]


def menu_of(user: User) -> list[str]:
    with staff_scope():
        return [entry.url for entry in shell_of(user, "").menu]


def of_protections() -> list[str]:
    with staff_scope():
        return [entry.url for one in protections() if one.console_menu is not None for entry in one.console_menu()]


def statuses(client: Client, urls: list[str]) -> dict[str, int]:
    return {url: client.get(url).status_code for url in urls}


@pytest.mark.parametrize("role", ROLES)
def test_every_entry_opens_for_whoever_sees_it_and_what_is_not_shown_would_not_open(role: StaffRole) -> None:
    client, user = staff(role)
    shown = menu_of(user)
    assert set(statuses(client, shown).values()) == {200}
    hidden = [url for url in of_protections() if url not in shown]
    assert set(statuses(client, hidden).values()) <= {403}
    assert not (role is StaffRole.ADMINISTRATOR and hidden)


def test_an_analyst_is_not_shown_the_breach_desk_and_a_lead_is() -> None:
    desk = "/console/data_security/incidents/"
    _, analyst = staff(StaffRole.ANALYST)
    _, lead = staff(StaffRole.LEAD)
    assert desk not in menu_of(analyst) and desk in menu_of(lead)


def test_only_the_heading_of_the_page_shown_is_open_and_none_stands_over_nothing() -> None:
    _, lead = staff(StaffRole.LEAD)
    with staff_scope():
        groups = shell_of(lead, "policies").groups
    assert [g.label for g in groups if g.open] == ["Rules"]
    assert [g.label for g in groups] == ["", *HEADINGS[:-1]]  # keys, webhooks and people are an administrator's
    assert all(g.entries for g in groups)


def test_a_page_comes_with_its_own_heading_open_and_needs_no_script_for_it() -> None:
    client, _ = staff(StaffRole.LEAD)
    page = client.get("/console/policies/").content.decode()
    assert page.count('<details class="fold" name="menu" open>') == 1
    assert page.index('<details class="fold" name="menu" open>') < page.index('aria-current="page"')
