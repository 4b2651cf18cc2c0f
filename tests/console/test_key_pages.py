"""Keys of the API in the console: made after signing in again, shown once, doubted after a doubtful sign-in, ended."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from tests.console.test_console import signed_in
from tests.foundation.ip_pack.ip_files import table
from tests.kernel.builders import live_policy

from safeconduct.foundation.ip_pack import importing
from safeconduct.foundation.ip_pack.importing import Given
from safeconduct.kernel.notices.models import NoticeCopy
from safeconduct.kernel.parties.models import ApiKey, SecurityEvent, StaffRole, User
from safeconduct.kernel.scope import staff_scope
from safeconduct.protections.accounts.risk import shipped_policies
from safeconduct.protections.accounts.risk.judging import Act, ActKind, judge

KEY = {"name": "shop system", "scopes": ["decisions:read", "lists:write"], "networks": "", "days": "30"}


@pytest.fixture(autouse=True)
def no_limits_of_an_earlier_test() -> None:
    cache.clear()


def who_signed_in_again(role: StaffRole = StaffRole.ADMINISTRATOR) -> tuple[Client, User]:
    client, user = signed_in(role)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = user.id
    session.save()
    return client, user


def make(client: Client, **fields: object) -> str:
    answer = client.post("/console/keys/new/", {**KEY, **fields})
    assert answer.status_code == 200, answer.content.decode()[:2000]
    assert answer["Cache-Control"] == "no-store"
    found = re.search(r"sck_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}", answer.content.decode())
    assert found is not None
    return found[0]


def asks(secret: str, method: str = "get") -> int:
    machine = Client(headers={"Authorization": f"Bearer {secret}"}, raise_request_exception=False)
    if method == "get":
        return machine.get("/v1/decisions").status_code
    sent = {"name": "stolen-cards", "kind": "deny", "entity": "card"}
    return machine.post("/v1/lists", sent, content_type="application/json").status_code


def test_a_key_is_made_only_after_signing_in_again_and_its_secret_is_shown_once() -> None:
    stranger, _user = signed_in(StaffRole.ADMINISTRATOR)
    assert "reauthenticate" in stranger.post("/console/keys/new/", KEY).headers["Location"]
    client, user = who_signed_in_again()
    secret = make(client)
    assert asks(secret) == 200
    page = client.get("/console/keys/").content.decode()
    assert secret not in page and secret[:12] in page and "shop system" in page
    with staff_scope():
        assert ApiKey.objects.get().created_by == user.id
        assert SecurityEvent.objects.get(kind="key_made").person_id == user.id
        assert NoticeCopy.objects.filter(person=user, notice__code="key.made").count() == 1


def test_what_is_wrong_in_the_form_is_said_beside_its_field_and_nothing_is_made() -> None:
    client, _user = who_signed_in_again()
    for fields, words in (
        ({"networks": "203.0.113.0/33"}, "203.0.113.0/33"), ({"days": "181"}, "180"), ({"scopes": []}, "required"),
    ):  # fmt: skip
        answer = client.post("/console/keys/new/", {**KEY, **fields})
        assert answer.status_code == 422 and words in answer.content.decode()
    with staff_scope():
        assert not ApiKey.objects.exists()


def test_only_administrators_see_and_make_keys() -> None:
    client, _user = who_signed_in_again(StaffRole.LEAD)
    assert client.get("/console/keys/").status_code == 403
    assert client.post("/console/keys/new/", KEY).status_code == 403


def test_after_a_doubtful_sign_in_of_its_maker_a_key_only_reads_for_a_day() -> None:
    (text,) = shipped_policies()
    live_policy(text)
    client, user = who_signed_in_again()
    judge(Act(ActKind.SIGN_IN, user.id, datetime.now(UTC) - timedelta(hours=2), "", {"new_country": True}))
    secret = make(client)
    assert (asks(secret), asks(secret, "post")) == (200, 403)
    assert "Only reads" in client.get("/console/keys/").content.decode()
    with staff_scope():
        ApiKey.objects.update(reads_only_until=datetime.now(UTC) - timedelta(seconds=1))
    assert asks(secret, "post") == 201


def test_a_key_is_rotated_and_revoked_on_the_page_and_rotating_it_twice_says_why_not() -> None:
    client, _user = who_signed_in_again()
    old = make(client)
    with staff_scope():
        key = ApiKey.objects.get()
    answer = client.post(f"/console/keys/{key.id}/rotate/").content.decode()
    new = next(s for s in re.findall(r"sck_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}", answer) if s != old)
    assert (asks(old), asks(new)) == (200, 200)
    refused = client.post(f"/console/keys/{key.id}/rotate/")
    assert refused.status_code == 409 and "successor already" in refused.content.decode()
    assert client.post(f"/console/keys/{key.id}/revoke/").status_code == 303
    assert (asks(old), asks(new)) == (401, 200)
    assert client.post("/console/keys/key_nothing/revoke/").status_code == 404


def test_a_key_that_is_asked_for_from_another_country_only_reads_for_a_day(tmp_path: Path) -> None:
    (text,) = shipped_policies()
    live_policy(text)
    networks = table(tmp_path, "network,country", "5.6.0.0/16,FR", "101.80.0.0/12,CN")
    importing.add(tmp_path / "ip", Given(networks), at=datetime(2026, 6, 10, tzinfo=UTC))
    with override_settings(IP_PACK=str(tmp_path / "ip")):
        client, _user = who_signed_in_again()
        assert client.get("/console/keys/", REMOTE_ADDR="5.6.7.8").status_code == 200
        answer = client.post("/console/keys/new/", KEY, REMOTE_ADDR="101.80.0.1")
    assert answer.status_code == 200
    with staff_scope():
        assert ApiKey.objects.get().reads_only_until is not None
