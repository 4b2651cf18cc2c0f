"""Reports of browsers: what was stopped is told, once, without anything about a person."""

from __future__ import annotations

import json
import logging

import pytest
import tests.django_world as world
from django.test import Client

from safeconduct.config.csp_reports import csp_reports  # noqa: F401  the address is in the settings' urls
from safeconduct.config.security import POLICY


@pytest.fixture(autouse=True)
def empty_database() -> None:
    world.forget_everything()


SECRET = "NTM1:1vPq3T:Zk9-dGhpcyBpcyBhIHNpZ25hdHVyZQ"


def old_form(stopped: str = "https://evil.example/x.js?who=ana@example.org") -> dict[str, object]:
    return {
        "csp-report": {
            "document-uri": f"https://shop.example/returns/{SECRET}/?q=ana@example.org", "blocked-uri": stopped,
            "violated-directive": "script-src 'self'", "effective-directive": "script-src-elem",
            "script-sample": "fetch('ana@example.org')", "referrer": "https://mail.example/ana",
        }
    }  # fmt: skip


def send(told: object, media: str = "application/csp-report", client: Client | None = None) -> None:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    answer = (client or Client(enforce_csrf_checks=True)).post("/csp-reports/", body, content_type=media)
    assert answer.status_code == 204 and not answer.content


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    return [getattr(r, "facts") for r in caplog.records if r.getMessage() == "content was stopped"]  # noqa: B009


def test_the_policy_names_the_address_in_both_ways() -> None:
    assert "report-to csp" in POLICY and "report-uri /csp-reports/" in POLICY
    assert Client().get("/accounts/login/").headers["Reporting-Endpoints"] == 'csp="/csp-reports/"'


def test_a_report_becomes_a_line_that_names_page_rule_and_host_and_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "safeconduct.security"):
        send(old_form())
        send(old_form())
        send(
            [{"type": "csp-violation", "body": {
                "documentURL": "https://shop.example/portal/", "effectiveDirective": "style-src-attr",
                "blockedURL": "inline", "sample": "ana",
            }}],
            "application/reports+json",
        )  # fmt: skip
    assert lines(caplog) == [
        {"page": "returns:show", "rule": "script-src-elem", "stopped": "evil.example"},
        {"page": "portal:home", "rule": "style-src-attr", "stopped": "inline"},
    ]
    assert "ana" not in caplog.text and SECRET not in caplog.text


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"{",
        b"[" * 9000,
        b'"x"',
        [1, {"body": 3}],
        {"csp-report": {"effective-directive": "x y; <b>"}},
        b"x" * 20_000,
    ],
)
def test_what_is_no_report_is_dropped_without_a_word(caplog: pytest.LogCaptureFixture, told: object) -> None:
    with caplog.at_level(logging.INFO, "safeconduct.security"):
        send(told)
    assert lines(caplog) == []


def test_a_flood_of_different_reports_ends(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "safeconduct.security"):
        for number in range(40):
            send(old_form(f"https://x{number}.example/"))
        send([{"body": {"effectiveDirective": "img-src", "blockedURL": f"https://y{n}.example"}} for n in range(50)])
    assert len(lines(caplog)) == 30
