"""The reader: language, theme and zone are kept and honoured; pages of fault have a way out."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone, translation

from safeconduct.kernel.ui import views
from safeconduct.kernel.ui.reader import known_zone, reader_of, zone_middleware


def test_preferences_are_kept_and_lead_back() -> None:
    request = RequestFactory().post("/ui/preferences/", {"theme": "dark", "language": "es", "next": "/console/?q=1"})
    response = views.preferences(request)
    assert response["Location"] == "/console/?q=1"
    assert response.cookies["sc_theme"].value == "dark" and response.cookies["django_language"].value == "es"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_preferences_never_lead_to_another_site(target: str) -> None:
    response = views.preferences(RequestFactory().post("/ui/preferences/", {"next": target}))
    assert response["Location"] == "/"


def test_an_unknown_wish_changes_nothing() -> None:
    wishes = {"theme": "pink", "language": "xx", "zone": "../../etc/passwd"}
    assert not views.preferences(RequestFactory().post("/ui/preferences/", wishes)).cookies


def test_the_system_decides_again() -> None:
    response = views.preferences(RequestFactory().post("/ui/preferences/", {"theme": "system"}))
    assert response.cookies["sc_theme"].value == "" and response.cookies["sc_theme"]["max-age"] == 0


def test_preferences_are_not_changed_by_a_link() -> None:
    assert views.preferences(RequestFactory().get("/ui/preferences/?theme=dark")).status_code == 405


@pytest.mark.parametrize("name", ["", "Mars/Base", "../../etc/passwd", "/etc/localtime", "A" * 65, "Europe/\0Paris"])
def test_a_zone_of_a_cookie_is_not_trusted(name: str) -> None:
    assert known_zone(name) is None


def test_times_are_told_in_the_zone_of_the_cookie_for_this_request_only() -> None:
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(str(timezone.get_current_timezone()))
        return HttpResponse()

    before = str(timezone.get_current_timezone())
    request = RequestFactory().get("/")
    request.COOKIES["sc_zone"] = "America/Santiago"
    zone_middleware(view)(request)
    assert seen == ["America/Santiago"] and str(timezone.get_current_timezone()) == before


def test_a_theme_of_a_cookie_is_one_of_ours() -> None:
    request = RequestFactory().get("/")
    request.COOKIES["sc_theme"] = '"><script>'
    assert reader_of(request).theme == ""


@pytest.mark.parametrize("language", ["en", "zh-hans", "es"])
@pytest.mark.parametrize("status", sorted(views.FAULTS))
def test_every_page_of_fault_says_what_happened_and_offers_a_way_out(status: int, language: str) -> None:
    with translation.override(language):
        html = views.fault(RequestFactory().get("/orders/?q=<x>"), status, code="req_1").content.decode()
        assert str(views.FAULTS[status].title) in html
    assert f'lang="{language}"' in html and 'href="/"' in html and "req_1" in html
    assert 'href="/orders/?q=%3Cx%3E"' in html and "<x>" not in html


def test_a_fault_of_a_form_is_not_repeated_by_loading_again() -> None:
    html = views.fault(RequestFactory().post("/orders/"), 409).content.decode()
    assert 'href="/orders/"' not in html


def test_too_many_attempts_says_when_to_come_back() -> None:
    response = views.fault(RequestFactory().get("/"), 429, retry_after_seconds=95)
    assert response["Retry-After"] == "95" and "1m 35s" in response.content.decode()
