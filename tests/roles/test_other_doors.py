"""What guards the addresses that no role guards: a session, a signed link, a signature, or nothing."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from safeconduct.kernel.parties.models import User
from safeconduct.kernel.scope import staff_scope
from tests.portal import shops
from tests.portal.passkeys import Passkey
from tests.roles import table
from tests.roles.table import Rule
from tests.roles.test_rights import IN, REFUSED, TO_LOGIN, TO_SECOND_STEP, TO_SHOW_ANEW, met, tried

SIGNED_IN = "_auth_user_id"
#: Where there is nothing to be asked: an app is there already, and recovery codes are not.
ALREADY = {
    "/accounts/2fa/totp/activate/": TO_SECOND_STEP, "/accounts/2fa/recovery-codes/": IN,
    "/accounts/2fa/recovery-codes/download/": IN,
}  # fmt: skip


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def behind(*doors: str) -> list[Rule]:
    return [rule for rule in table.others() if rule.may <= set(doors)]


def test_what_is_everybodys_opens_for_a_stranger_and_signs_nobody_in() -> None:
    wrong = []
    for rule in behind("everybody", "development"):
        client = Client()
        found = {met(client.get(rule.filled()))} - {None}
        if not found <= {IN} and rule.address != "/":
            wrong.append(f"{rule.address}: {found}")
        assert SIGNED_IN not in client.session, rule.address
    assert wrong == []


def test_what_is_a_persons_own_opens_for_nobody_without_signing_in() -> None:
    wrong = {
        rule.address: found for rule in behind("signed in", "signed in anew")
        if (found := tried(Client(), rule.filled())) != {TO_LOGIN}
    }  # fmt: skip
    assert wrong == {}


def test_what_changes_how_one_signs_in_asks_first_who_one_is() -> None:
    """A session that does not say when its owner has shown who they are, as one that was stolen an hour later."""
    user = shops.member("sel-1")
    with staff_scope():
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        TOTP.activate(user, generate_totp_secret())
    wrong = {}
    for rule in behind("signed in anew"):
        client = Client()
        client.force_login(user)
        found = met(client.post(rule.filled(), {"action_remove": "1", "email": user.email}))
        if found is None:  # it only shows something
            found = met(client.get(rule.filled()))
        if found not in (TO_SHOW_ANEW, ALREADY.get(rule.address, TO_SHOW_ANEW)):
            wrong[rule.address] = found
    client.post("/accounts/email/", {"action_add": "1", "email": "other@example.org"})
    assert wrong == {}
    with staff_scope():
        assert EmailAddress.objects.get().email == user.email and Authenticator.objects.count() == 1


def test_a_link_or_a_step_that_nobody_was_given_signs_nobody_in() -> None:
    for rule in behind("invitation", "mailbox", "sign-in", "ticket"):
        client = Client()
        for answer in (client.get(rule.filled()), client.post(rule.filled(), {"code": "000000", "password": "x" * 20})):
            assert met(answer) in (IN, REFUSED, TO_LOGIN, None), rule.address
            assert answer.status_code < 500 and SIGNED_IN not in client.session, rule.address


def test_a_delivery_that_nobody_signed_is_not_taken() -> None:
    for rule in behind("signature"):
        for name in ("stripe", "shopify"):
            answer = Client().post(rule.filled(name=name), {}, content_type="application/json")
            assert 400 <= answer.status_code < 500, (name, answer.content)


def test_nobody_touches_the_passkey_of_another() -> None:
    owner, colleague = shops.member("sel-1"), shops.member("sel-1")
    Passkey.of(owner, hours_old=10)
    with staff_scope():
        key = Authenticator.objects.get(user=User.objects.get(id=owner.id))
    client = Client()
    client.force_login(colleague)
    client.post("/accounts/reauthenticate/", {"password": shops.PASSWORD})
    for what in ("remove", "edit"):
        for method in ("GET", "POST"):
            answer = client.generic(method, f"/accounts/2fa/webauthn/keys/{key.pk}/{what}/", "name=mine")
            assert answer.status_code == 404, (what, method)
    with staff_scope():
        assert Authenticator.objects.get(pk=key.pk).data == key.data


def test_every_guard_has_a_test_here_or_beside() -> None:
    tested = {
        "everybody",
        "development",
        "signed in",
        "signed in anew",
        "invitation",
        "mailbox",
        "sign-in",
        "signature",
    }
    beside = {"order's link", "ticket"}  # test_foreign_objects, and tests/config/test_faces.py
    assert tested | beside == table.DOORS
