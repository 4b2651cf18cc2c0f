"""The process's log: a record is a line, in UTC, and nothing in it opens anything."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from safeconduct.config.logs import JsonLines, PlainLines, without_tokens

LINK = "eyJvIjo0Mn0:1vPq3T:Zk9-dGhpcyBpcyBhIHNpZ25hdHVyZQ"
RESET = "usr_01jd8zq4w0c5y8v2t3k9m7n6p5-czx1a2-0123456789abcdef0123456789abcdef"


def record(message: str, *args: object, failed: bool = False, **more: Any) -> logging.LogRecord:
    problem = None
    if failed:
        try:
            raise ValueError(f"x\nDETAIL:  Key (email)=(ana@example.org) already exists.\n{LINK}")
        except ValueError:
            problem = sys.exc_info()
    made = logging.LogRecord("django.request", logging.WARNING, "here", 1, message, args, problem)
    made.created = 1_764_412_800.5
    for name, value in more.items():
        setattr(made, name, value)
    return made


@pytest.fixture(params=["UTC", "Asia/Shanghai"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_times_are_utc_and_say_so_whatever_zone_the_operator_chose() -> None:
    assert PlainLines().format(record("hello")) == "2025-11-29T10:40:00.500Z WARNING django.request hello"
    assert json.loads(JsonLines().format(record("hello")))["at"] == "2025-11-29T10:40:00.500Z"


@pytest.mark.parametrize("lines", [PlainLines(), JsonLines()])
def test_what_a_stranger_sends_begins_no_line(lines: logging.Formatter) -> None:
    forged = "/v1/x\n2026-01-01 ERROR forged\r\x1b[2J\u2028"
    written = lines.format(record("the database failed %s %s", "GET", forged))
    assert len(written.splitlines()) == 1 and "\x1b" not in written and "forged" in written


@pytest.mark.parametrize("lines", [PlainLines(), JsonLines()])
@pytest.mark.parametrize(
    "path",
    [f"/accounts/not-me/{LINK}/", f"/accounts/password/reset/key/{RESET}/", f"/returns/{LINK}/files/", f"/x/?k={LINK}"],
)
def test_the_token_of_a_link_is_not_written(lines: logging.Formatter, path: str) -> None:
    request = SimpleNamespace(method="GET", path=path)
    written = lines.format(record("Not Found: %s", path, request=request, status_code=404))
    assert "Zk9" not in written and "0123456789abcdef" not in written and "[hidden]" in written


def test_ids_times_and_ordinary_words_stay() -> None:
    text = (
        "dec_01jd8zq4w0c5y8v2t3k9m7n6p5 fault-0123456789ab 2026-11-29T10:33:12.123Z safeconduct.kernel.decisions.lanes"
    )
    assert without_tokens(text) == text


@pytest.mark.parametrize("lines", [PlainLines(), JsonLines()])
def test_a_stack_quotes_no_value_of_the_database(lines: logging.Formatter) -> None:
    written = lines.format(record("it failed", failed=True))
    assert "ValueError" in written and "ana@example.org" not in written and LINK not in written


def test_a_line_of_production_says_which_request_and_which_person() -> None:
    request = SimpleNamespace(method="POST", path="/portal/people/", _cached_user=SimpleNamespace(id="usr_1"))
    line = json.loads(JsonLines().format(record("Forbidden", request=request, status_code=403)))
    assert {"POST", "/portal/people/", 403, "usr_1", "WARNING", "django.request"} <= set(line.values())
