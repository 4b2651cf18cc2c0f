"""The log of security: who was refused what, and each time that somebody shows who they are."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import tests.django_world as world
from django.core.cache import cache
from django.test import Client, override_settings
from tests.api.api_world import Machine, key
from tests.portal import shops
from tests.portal.shops import PASSWORD

from safeconduct.config.logs import JsonLines

HERE = {"REMOTE_ADDR": "203.0.113.77"}


@pytest.fixture(autouse=True)
def a_marketplace(caplog: pytest.LogCaptureFixture) -> None:
    world.forget_everything()
    cache.clear()
    shops.open_for_business()
    caplog.set_level(logging.INFO, "safeconduct.security")


def lines(caplog: pytest.LogCaptureFixture, says: str) -> list[dict[str, Any]]:
    written = [json.loads(JsonLines().format(r)) for r in caplog.records if r.name == "safeconduct.security"]
    return [line for line in written if line["says"] == says]


def test_a_right_and_a_wrong_password_are_told_with_person_network_and_outcome(
    caplog: pytest.LogCaptureFixture,
) -> None:
    user = shops.member("sel-1")
    Client().post("/accounts/login/", {"login": user.email, "password": "not this one at all"}, **HERE)  # type: ignore[arg-type]
    Client().post("/accounts/login/", {"login": user.email, "password": PASSWORD}, **HERE)  # type: ignore[arg-type]
    wrong, right = lines(caplog, "who one is")
    assert (wrong["by"], wrong["outcome"], wrong["level"]) == ("password", "refused", "WARNING")
    assert (right["outcome"], right["person"], right["level"]) == ("shown", user.id, "INFO")
    assert wrong["network"] == right["network"] and right["host"] == "testserver" and right["at"].endswith("Z")
    written = json.dumps([wrong, right])
    assert user.email not in written and "203.0.113.77" not in written and PASSWORD not in written


def test_a_passkey_that_is_none_and_a_wrong_confirmation_are_told(caplog: pytest.LogCaptureFixture) -> None:
    Client().post("/accounts/2fa/webauthn/login/", {"credential": "{}"})
    client = shops.signed_in()
    client.post("/accounts/reauthenticate/", {"password": "not this one at all"})
    told = lines(caplog, "who one is")
    assert [(one["by"], one["outcome"]) for one in told][:1] == [("passkey", "refused")]
    assert ("password", "refused") in [(one["by"], one["outcome"]) for one in told]


def test_a_person_who_asks_for_what_their_role_does_not_include_is_named(caplog: pytest.LogCaptureFixture) -> None:
    helper = shops.member(role=shops.MemberRole.FULFILMENT)
    client = Client()
    client.force_login(helper)
    client.post("/portal/people/invite/", {"email": "x@example.org", "role": "owner"})
    client.get("/console/")
    client.get("/portal/decisions/dec_01jd8zq4w0c5y8v2t3k9m7n6p5/")
    told = lines(caplog, "refused")
    assert [(one["status"], one["person"], one["address"]) for one in told] == [
        (403, helper.id, "/portal/people/invite/"),
        (403, helper.id, "/console/"),
        (404, helper.id, "/portal/decisions/dec_01jd8zq4w0c5y8v2t3k9m7n6p5/"),
    ]


def test_refused_keys_scopes_and_bodies_are_told_with_their_reason_and_the_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reads = key("decisions:read")
    Machine("sck_AAAAAAAA_nonsense").get("/v1/decisions")
    Machine(reads).post("/v1/events", {"events": []})
    Machine(key("events:write")).post("/v1/events", {"nonsense": 1})
    told = lines(caplog, "refused")
    assert [one["why"] for one in told] == ["key-unknown", "scope-missing", "invalid"]
    assert all(one["key"].startswith("key_") for one in told[1:]) and "key" not in told[0]
    assert reads not in json.dumps(told)


@override_settings(PAGE_RATE_PER_MINUTE=1)
def test_forms_without_their_token_exceeded_rates_and_embedded_calls_are_told(caplog: pytest.LogCaptureFixture) -> None:
    Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "x"})
    Client().get("/record/", **HERE)  # type: ignore[arg-type]
    Client().get("/record/", **HERE)  # type: ignore[arg-type]
    Client().get(
        "/portal/", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    )
    assert [one["why"] for one in lines(caplog, "refused")] == ["form_token", "too_many", "embedded"]


def test_a_link_that_was_changed_is_told_without_its_token(caplog: pytest.LogCaptureFixture) -> None:
    forged = "NTM1OjF2UHEzVDpaazktZGhpcyBpcyBhIHNpZ25hdHVyZQ"
    Client().get(f"/returns/{forged}/", follow=True)
    (told,) = lines(caplog, "refused")
    assert told["status"] == 404 and forged not in json.dumps(told)


def test_a_fault_of_the_api_names_request_and_key(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safeconduct.api import bodies

    def breaks(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(bodies, "json_body", breaks)
    Machine(key("events:write")).post("/v1/events", {"events": []})
    (fault,) = [json.loads(JsonLines().format(r)) for r in caplog.records if r.name == "safeconduct.api.refusals"]
    assert fault["method"] == "POST" and fault["address"] == "/v1/events" and fault["key"].startswith("key_")


@pytest.mark.parametrize(
    ("site", "mode", "dest", "method", "status"),
    [
        ("cross-site", "no-cors", "image", "get", 403),
        ("cross-site", "no-cors", "script", "get", 403),
        ("cross-site", "navigate", "iframe", "get", 403),
        ("cross-site", "cors", "empty", "get", 403),
        ("same-site", "no-cors", "image", "get", 403),
        ("cross-site", "navigate", "document", "post", 403),
        ("cross-site", "navigate", "document", "get", 200),
        ("same-origin", "no-cors", "image", "get", 200),
        ("none", "navigate", "document", "get", 200),
    ],
)
def test_what_a_page_elsewhere_would_embed_is_refused_and_a_link_is_followed(
    site: str, mode: str, dest: str, method: str, status: int
) -> None:
    headers = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
    answer = getattr(shops.signed_in(), method)("/portal/money/", headers=headers)
    assert answer.status_code == status
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
