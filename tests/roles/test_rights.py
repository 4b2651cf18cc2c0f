"""Every address and everybody who could come to it: let in or refused as the written table says (docs/roles.md)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client, override_settings

from safeconduct.kernel.operations.calls import Scope
from safeconduct.kernel.parties.keys import create_key
from safeconduct.kernel.parties.models import MemberRole, StaffRole
from safeconduct.kernel.scope import Actor, staff_scope
from tests.kernel.builders import person
from tests.portal import shops
from tests.portal.second_steps import code_of
from tests.roles import table
from tests.roles.table import Rule

LOGIN, SECOND_STEP, ANEW = "/accounts/login/", "/accounts/2fa/", "/accounts/reauthenticate/"
#: What who comes is met with.
IN, REFUSED, TO_LOGIN, TO_SECOND_STEP, TO_SHOW_ANEW = "in", "refused", "to the sign-in", "to a second step", "anew"


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def met(answer: Any) -> str | None:
    """How an answer meets who asks; None where the address does not take this method."""
    assert answer.status_code < 500, answer.content
    location = answer.headers.get("Location", "")
    if answer.status_code == 405:
        return None
    if answer.status_code == 302 and location.startswith(LOGIN):
        return TO_LOGIN
    if answer.status_code == 302 and location.split("?")[0] in (ANEW, f"{SECOND_STEP}reauthenticate/"):
        return TO_SHOW_ANEW
    if answer.status_code == 302 and location == SECOND_STEP:
        return TO_SECOND_STEP
    return REFUSED if answer.status_code == 403 else IN


def tried(client: Client, address: str, methods: tuple[str, ...] = ("GET", "POST")) -> set[str]:
    """How an address meets who asks, by each method that it takes. What an address names is nothing, so that who is let
    in changes nothing."""
    return {found for method in methods if (found := met(client.generic(method, address))) is not None}


def differing(client: Client, rules: tuple[Rule, ...], role: str) -> list[str]:
    """The lines of the table that do not hold for a role."""
    wrong = []
    for rule in rules:
        looked, done = tried(client, rule.filled(), ("GET",)), tried(client, rule.filled(), ("POST",))
        if role in rule.reads:
            holds = looked == {IN} and done == {REFUSED}
        else:
            found = looked | done  # whoever may is asked, at some, to show anew who they are
            holds = bool(found) and found <= {IN, TO_SHOW_ANEW} if role in rule.may else found == {REFUSED}
        if not holds:
            wrong.append(f"{rule.address}: {role} is met with {sorted(looked)} and {sorted(done)}")
    return wrong


# -- the table itself --------------------------------------------------------------------------------------------------


def test_every_address_has_its_line_and_every_line_its_address() -> None:
    """A new address: decide who may open it, and write its line into docs/roles.md."""
    written = [rule.address for rules in (table.portal(), table.console(), table.others()) for rule in rules]
    assert sorted(table.routes() - set(written)) == []
    assert sorted(set(written) - table.routes()) == []
    assert len(written) == len(set(written)), "one line for each address"
    assert {rule.address for rule in table.machines()} == table.declared()


def test_every_line_stands_where_it_belongs_and_names_a_guard_that_exists() -> None:
    assert all(table.of_portal(rule.address) for rule in table.portal())
    assert all(table.of_console(rule.address) for rule in table.console())
    assert not any(table.of_portal(rule.address) or table.of_console(rule.address) for rule in table.others())
    assert {door for rule in table.others() for door in rule.may} <= table.DOORS
    assert {scope for rule in table.machines() for scope in rule.may} == set(Scope)


def test_no_line_of_the_staff_gives_an_analyst_what_a_lead_has_not_nor_a_lead_what_an_administrator_has_not() -> None:
    for rule in table.console():
        assert rule.may | rule.reads in [set(table.STAFF[n:]) for n in range(3)], rule.address
        assert rule.may in [set(table.STAFF[n:]) for n in range(3)], rule.address


# -- everybody at every address ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", table.MEMBERS)
def test_a_member_is_let_in_exactly_where_the_table_says_so(role: MemberRole) -> None:
    assert differing(shops.signed_in("sel-1", role=role), table.portal(), role) == []


@pytest.mark.parametrize("role", table.STAFF)
def test_a_member_of_the_staff_is_let_in_exactly_where_the_table_says_so(role: StaffRole) -> None:
    client = staff(role)
    assert differing(client, table.console(), role) == []


def test_without_signing_in_no_page_of_a_shop_or_of_the_staff_opens() -> None:
    for rule in (*table.portal(), *table.console()):
        assert tried(Client(), rule.filled()) == {TO_LOGIN}, rule.address


def test_no_member_of_a_shop_enters_the_console_and_no_staff_a_shop() -> None:
    owner, administrator = shops.signed_in("sel-1"), staff(StaffRole.ADMINISTRATOR)
    owner.post(ANEW, {"password": shops.PASSWORD})
    for rule in table.console():
        assert tried(owner, rule.filled()) == {REFUSED}, rule.address
    for rule in table.portal():
        answer = administrator.get(rule.filled())
        assert (answer.status_code, answer.headers["Location"]) == (302, "/console/"), rule.address


@override_settings(SECOND_STEP="everyone")
def test_without_a_second_step_nobody_gets_further_than_to_where_one_is_set_up() -> None:
    owner, administrator = shops.signed_in("sel-1"), Client()
    administrator.force_login(person(StaffRole.ADMINISTRATOR))
    for client, rules in ((owner, table.portal()), (administrator, table.console())):
        for rule in rules:
            assert tried(client, rule.filled()) == {TO_SECOND_STEP}, rule.address


@override_settings(STAFF_PASSKEY_ONLY=True)
def test_where_the_console_asks_for_a_passkey_an_app_opens_none_of_its_pages() -> None:
    administrator = staff(StaffRole.ADMINISTRATOR)
    for rule in table.console():
        for answer in (administrator.get(rule.filled()), administrator.post(rule.filled())):
            if answer.status_code != 405:
                assert answer.headers["Location"] == "/accounts/2fa/webauthn/add/", rule.address


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_with_all_scopes_but_one_is_refused_that_ones_operations_alone(scope: Scope) -> None:
    secret = key(*(set(Scope) - {scope}))
    for rule in table.machines():
        answer = called(rule, secret)
        assert (answer.status_code == 403) == (rule.may == {scope}), (rule.address, answer.content)
        if answer.status_code == 403:
            assert answer.json()["type"] == "/problems/scope-missing"


def test_a_key_with_one_scope_opens_its_operations() -> None:
    for scope in Scope:
        secret = key(scope)
        for rule in table.machines():
            if rule.may == {scope}:
                assert called(rule, secret).status_code not in (401, 403, 500), rule.address


def test_without_a_key_or_with_a_session_alone_no_operation_is_carried_out() -> None:
    administrator = staff(StaffRole.ADMINISTRATOR)
    for client in (Client(), administrator):
        for rule in table.machines():
            assert called(rule, "", client).status_code == 401, rule.address


def staff(role: StaffRole) -> Client:
    """A member of the staff with a second step, shown a moment ago."""
    user, client, secret = person(role), Client(), generate_totp_secret()
    with staff_scope():
        TOTP.activate(user, secret)
    client.force_login(user)
    assert client.post(f"{SECOND_STEP}reauthenticate/", {"code": code_of(secret)}).status_code == 302
    return client


def key(*scopes: str) -> str:
    with staff_scope():
        return create_key("back office", scopes, Actor("test", "owner"), at=datetime.now(UTC))[1]


def called(rule: Rule, secret: str, client: Client | None = None) -> Any:
    """The answer to an operation with an empty document."""
    method, address = rule.filled().split(" ", 1)
    client = client or Client(raise_request_exception=False)
    given: dict[str, Any] = {"headers": {"Authorization": f"Bearer {secret}"} if secret else {}}
    if method != "GET":
        given |= {"data": json.dumps({}), "content_type": "application/json"}
    with override_settings(RATE_LIMIT_PER_MINUTE=1_000_000):
        return client.generic(method, address, **given)
