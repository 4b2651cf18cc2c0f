"""Who signs in with a password that thieves know proves more, is told, and chooses another before anything else."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from safeconduct.foundation.hash_list import make
from safeconduct.kernel.notices.models import StoredNotice
from safeconduct.kernel.parties import security_events
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.weak_passwords import is_breached
from safeconduct.kernel.scope import staff_scope
from tests.kernel.builders import live_policy
from tests.portal import shops
from tests.portal.shops import PASSWORD

POLICY = (files("safeconduct.protections.accounts") / "policies" / "account-risk.yaml").read_text("utf-8")
ANOTHER = "quite another phrase"


@pytest.fixture(autouse=True)
def a_marketplace(tmp_path: Path) -> Any:
    cache.clear()
    shops.open_for_business()
    live_policy(POLICY)
    source = tmp_path / "pwned.txt"
    source.write_text(hashlib.sha1(PASSWORD.encode()).hexdigest().upper() + ":7\n")
    make(source, tmp_path / "list", at=datetime(2026, 6, 1, tzinfo=UTC))
    with override_settings(BREACHED_PASSWORDS=str(tmp_path / "list")):
        yield


def enters(client: Client, user: User, password: str = PASSWORD) -> bool:
    cache.clear()
    answer = client.post("/accounts/login/", {"login": user.email, "password": password})
    return answer.status_code == 302 and "/login/" not in answer.headers["Location"]


def kinds_of(user: User) -> list[str]:
    with staff_scope():
        return [e.kind for e in security_events.of_person(user.id, since=shops.ago(1))]


def test_a_stranger_with_a_breached_password_is_refused_and_the_owner_must_choose_another() -> None:
    user, own = shops.member("sel-1"), Client()
    with override_settings(BREACHED_PASSWORDS=""):
        assert enters(own, user)
    own.post("/accounts/logout/")
    assert not enters(Client(), user), "without a second step a password that thieves know opens no new browser"
    assert enters(own, user)
    for page in ("/portal/", "/portal/accounts/", "/"):
        assert own.get(page).headers["Location"] == "/accounts/password/change/"
    assert "has come to light in a breach" in own.get("/accounts/password/change/").content.decode()
    assert "password_breached" in kinds_of(user)
    with staff_scope():
        assert StoredNotice.objects.filter(values__what="password_breached").count() == 1
    own.post("/accounts/reauthenticate/", {"password": PASSWORD})
    given = {"oldpassword": PASSWORD, "password1": PASSWORD, "password2": PASSWORD}
    assert own.post("/accounts/password/change/", given).status_code == 200, "the same again is no other"
    answer = own.post("/accounts/password/change/", given | {"password1": ANOTHER, "password2": ANOTHER})
    assert answer.status_code == 302
    assert enters(own, user, ANOTHER) and own.get("/portal/").status_code == 200


def test_without_a_list_nothing_is_known_and_a_damaged_one_keeps_nobody_out(tmp_path: Path) -> None:
    assert is_breached(PASSWORD) is True and is_breached(ANOTHER) is False
    with override_settings(BREACHED_PASSWORDS=str(tmp_path / "gone")):
        assert is_breached(PASSWORD) is None
    (tmp_path / "cut").write_bytes((tmp_path / "list").read_bytes()[:-3])
    with override_settings(BREACHED_PASSWORDS=str(tmp_path / "cut")):
        assert is_breached(PASSWORD) is None
        assert enters(Client(), shops.member("sel-1"))
