"""What every answer carries, whoever gives it: pages, files, the API, and the ways in and out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tests.django_world as world
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from django.test import Client, RequestFactory, override_settings
from tests.config.test_production_settings import whole
from tests.kernel.builders import person
from tests.portal import shops

from safeconduct.config.security import machines_over_tls
from safeconduct.config.static_files import PageFiles
from safeconduct.kernel.cases import evidence
from safeconduct.kernel.cases.models import Evidence
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import owner_scope, query
from safeconduct.kernel.ui.reader import kept

NAMES = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME")


@pytest.fixture(autouse=True)
def empty_database() -> None:
    world.forget_everything()


def signed_in() -> Client:
    shops.open_for_business()
    return shops.signed_in()


def in_production(given: dict[str, str], *names: str) -> list[object]:
    """Django's settings of these names, where production starts with these of ours."""
    asked = "import json; from safeconduct.config import settings as s; "
    asked += f"print(json.dumps([getattr(s, n) for n in {names}]))"
    environment = {**os.environ, **given}
    out = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
    return list(json.loads(out.stdout))


@pytest.mark.parametrize(
    "address", ["/static/safeconduct.css", "/static/safeconduct.js", "/accounts/login/", "/nowhere/"]
)
def test_files_and_pages_may_stand_in_nobodys_frame(address: str) -> None:
    policy = Client().get(address).headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy


def test_of_what_lies_beside_the_files_that_pages_load_nothing_is_served(tmp_path: Path) -> None:
    files = PageFiles(lambda _request: HttpResponse("not a file"))
    assert "/static/safeconduct.css" in files.files
    before = set(files.files)
    for name in ("a.css.map", "notes.md", "a.py", ".env", "a.css.bak", "LICENSE", "a.html", "new.css"):
        (tmp_path / name).write_text("x")
        files.add_file_to_dictionary(f"/static/{name}", str(tmp_path / name))
    assert set(files.files) - before == {"/static/new.css"}
    assert Client().get("/static/").status_code == Client().get("/static/../config/settings.py").status_code == 404


@override_settings(SECURE_SSL_REDIRECT=True)
def test_a_redirect_to_tls_has_the_policy_as_well() -> None:
    answer = Client().get("/accounts/login/")
    assert answer.status_code == 301 and "frame-ancestors" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("meant", ["0", "1"])
def test_the_header_says_preload_where_the_operator_means_it(tmp_path: Path, meant: str) -> None:
    names = [f"SECURE_HSTS_{name}" for name in ("SECONDS", "INCLUDE_SUBDOMAINS", "PRELOAD")]
    given = whole(tmp_path) | {"SAFECONDUCT_VAR": str(tmp_path / "var"), "SAFECONDUCT_HSTS_PRELOAD": meant}
    with override_settings(**dict(zip(names, in_production(given, *names), strict=True))):
        answer = SecurityMiddleware(lambda _request: HttpResponse())(RequestFactory().get("/", secure=True))
    rest = "; preload" if meant == "1" else ""
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains" + rest


@override_settings(SECURE_SSL_REDIRECT=True)
def test_a_machine_that_calls_in_clear_is_refused_and_not_led_on() -> None:
    answer = Client().get("/v1/decisions", headers={"authorization": "Bearer x"})
    assert answer.status_code == 403 and "Location" not in answer.headers
    assert "must be replaced" in answer.json()["detail"]
    through = machines_over_tls(lambda _request: HttpResponse("in"))
    assert through(RequestFactory().get("/v1/decisions", secure=True)).content == b"in"


def test_what_is_read_while_signed_in_stays_in_no_cache() -> None:
    client = signed_in()
    for page in ("/portal/", "/portal/money/", "/portal/accounts/", "/accounts/2fa/"):
        assert "no-store" in client.get(page).headers["Cache-Control"], page


def test_signing_out_clears_what_the_browser_keeps_but_leaves_it_known() -> None:
    client = signed_in()
    client.get("/portal/")
    cleared = client.post("/accounts/logout/").headers["Clear-Site-Data"]
    assert "cache" in cleared and "storage" in cleared and "cookies" not in cleared
    assert "Clear-Site-Data" not in client.get("/accounts/login/").headers


def test_a_session_that_was_ended_elsewhere_clears_it_too() -> None:
    client, user = Client(), person(StaffRole.NONE)
    client.force_login(user)
    client.get("/accounts/2fa/")
    with owner_scope():
        query("UPDATE sign_in_session SET ended_at = now(), ended_why = 'revoked'")
    assert "cache" in client.get("/accounts/2fa/").headers["Clear-Site-Data"]


def test_in_production_every_cookie_belongs_to_one_host(tmp_path: Path) -> None:
    found = in_production(whole(tmp_path) | {"SAFECONDUCT_VAR": str(tmp_path / "var")}, *NAMES)
    assert all(str(name).startswith("__Host-") for name in found)


@override_settings(SESSION_COOKIE_SECURE=True, CSRF_COOKIE_SECURE=True, SESSION_COOKIE_NAME="__Host-sessionid",
                   CSRF_COOKIE_NAME="__Host-csrftoken", LANGUAGE_COOKIE_NAME="__Host-django_language")  # fmt: skip
def test_no_cookie_is_set_without_the_prefix_and_one_without_it_is_not_believed() -> None:
    shops.open_for_business()
    user, client = shops.member("sel-1"), Client()
    client.get("/accounts/login/", secure=True)
    client.post("/accounts/login/", {"login": user.email, "password": shops.PASSWORD}, secure=True)
    client.post("/ui/preferences/", {"theme": "dark", "zone": "Asia/Tokyo", "language": "es"}, secure=True)
    set_here = client.cookies
    assert len(set_here) >= 4
    for name, cookie in set_here.items():
        assert name.startswith("__Host-"), name
        assert cookie["secure"] and cookie["path"] == "/" and not cookie["domain"], name
    request = RequestFactory().get("/")
    request.COOKIES = {"sc_theme": "dark"}
    assert kept(request, "sc_theme") == ""
    request.COOKIES = {"__Host-sc_theme": "dark"}
    assert kept(request, "sc_theme") == "dark"


@pytest.mark.parametrize(
    ("media_type", "told"), [("text/plain", "text/plain; charset=utf-8"), ("image/png", "image/png")]
)
def test_text_that_is_handed_out_says_how_it_is_written(media_type: str, told: str) -> None:
    piece = Evidence(kind="photo", media_type=media_type, size_bytes=3)
    assert evidence.headers(piece)["Content-Type"] == told
