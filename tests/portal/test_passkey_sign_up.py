"""An account that is made with a passkey and has no password."""

from __future__ import annotations

import json
import re

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from safeconduct.kernel.parties.bound_passkeys import is_bound
from safeconduct.kernel.parties.models import Invitation, User
from safeconduct.kernel.scope import staff_scope
from tests.portal import shops
from tests.portal.passkeys import Passkey


@pytest.fixture(autouse=True)
def a_marketplace() -> None:
    shops.open_for_business()


def invited(email: str = "ana@example.org") -> str:
    shown = shops.signed_in("sel-1").post("/portal/people/invite/", {"email": email, "role": "finance"})
    link = re.search(r"/portal/welcome/[A-Za-z0-9_-]+/", shown.content.decode())
    assert link is not None
    return link[0]


def people(email: str = "ana@example.org") -> list[User]:
    with staff_scope():
        return [one for one in User.objects.all() if one.email == email]


def test_somebody_invited_makes_an_account_with_a_passkey_and_signs_in_with_nothing_else() -> None:
    link, stranger = invited(), Client()
    page = shops.read(stranger, link)
    passkey, sent = Passkey.made_on(page)
    assert stranger.post(link, {"name": "Ana Rojas", "password": "", "credential": sent}).status_code == 302
    (ana,) = people()
    assert not ana.has_usable_password() and ana.name == "Ana Rojas"
    with staff_scope():
        row = Authenticator.objects.get(user=ana)
        assert is_bound(row) and Invitation.objects.filter(accepted_at=None).count() == 0
    assert "_auth_user_id" not in stranger.session, "signing in is the next step"
    options = stranger.get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}).json()  # fmt: skip
    written = f'<script id="js_data" type="application/json">{json.dumps(options)}</script>'
    handle = json.loads(re.search(r'"js_data" type="application/json">(.*?)</script>', page)[1])["creation_options"]["publicKey"]["user"]["id"]  # type: ignore[index]  # fmt: skip
    signed = json.loads(passkey.sign(written))
    signed["response"]["userHandle"] = handle
    answer = stranger.post("/accounts/2fa/webauthn/login/", {"credential": json.dumps(signed)}, follow=True)
    assert answer.redirect_chain[-1][0] == "/portal/"


def test_a_key_that_asks_for_no_finger_a_challenge_of_another_page_and_nonsense_make_no_account() -> None:
    link, stranger = invited(), Client()
    _, unverified = Passkey.made_on(shops.read(stranger, link), verified=False)
    _, elsewhere = Passkey.made_on(shops.read(Client(), link))
    shops.read(stranger, link)
    for sent in (unverified, elsewhere, "{}", "[]", "no json", '{"id": 1}', '"x"'):
        answer = stranger.post(link, {"name": "Ana", "credential": sent})
        assert answer.status_code == 422 and "creation_options" in answer.content.decode(), sent
    _, good = Passkey.made_on(shops.read(stranger, link))
    assert stranger.post(link, {"name": "", "credential": good}).status_code == 422
    assert people() == []
    _, good = Passkey.made_on(shops.read(stranger, link))
    assert stranger.post(link, {"name": "Ana", "credential": good}).status_code == 302
    assert stranger.post(link, {"name": "Ana", "credential": good}).status_code == 404, "an invitation works once"


def test_a_passkey_made_for_one_invitation_takes_no_other() -> None:
    first, second, stranger = invited(), invited("leo@example.org"), Client()
    shops.read(stranger, second)
    _, sent = Passkey.made_on(shops.read(stranger, first))
    answer = stranger.post(second, {"name": "Leo", "credential": sent})
    assert answer.status_code == 422 and people("leo@example.org") == []
