"""Whatever is sent, the answer is a document: never a fault of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.api_world import Machine
from tests.kernel.builders import event, live_policy, person

from safeconduct.api import reference
from safeconduct.kernel.parties.models import StaffRole

_TEXT = st.text(max_size=12) | st.sampled_from(
    ["\x00", "\ud800", "ord-1", "é" * 300, "2026-06-01T12:00:00Z", "١٢", "-1", "1e5"]
)
_NUMBERS = st.integers() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_PATHS = sorted(
    (path, method)
    for path, methods in reference.specification()["paths"].items()
    for method in methods
)  # fmt: skip


def _example(path: str) -> Any:
    body = reference.specification()["paths"][path]["post"].get("requestBody")
    return json.loads(json.dumps(body["content"]["application/json"]["example"])) if body else {}


def _spoil(draw: Any, value: Any) -> Any:
    """The example with some of its values replaced, removed or added."""
    if isinstance(value, dict):
        spoilt = {key: _spoil(draw, inner) for key, inner in value.items() if draw(st.integers(0, 9))}
        return {**spoilt, draw(st.text(max_size=5)): draw(_ANYTHING)} if not draw(st.integers(0, 5)) else spoilt
    if isinstance(value, list):
        return [_spoil(draw, inner) for inner in value]
    return draw(_ANYTHING) if not draw(st.integers(0, 3)) else value


@st.composite
def _requests(draw: Any) -> tuple[str, str, Any]:
    path, method = draw(st.sampled_from(_PATHS))
    body = _spoil(draw, _example(path)) if method == "post" and draw(st.booleans()) else draw(_ANYTHING)
    for part in ("event_id", "decision_id", "name", "number", "entry_id"):
        known = {"name": "words", "number": "1", "event_id": "evt_01jy2d8m4kq5v6w7x8y9zabcde"}.get(part, "x")
        word = draw(st.just(known) | st.sampled_from(["%00", "%F0%9F%98%80", "%ff", "9" * 30, "-1", "%C2%80"]))
        path = path.replace("{" + part + "}", word)
    if method == "get" and draw(st.booleans()):
        names = st.sampled_from(["order", "seller", "action", "policy", "since", "standing", "cursor", "limit"])
        asked = draw(st.dictionaries(names, _TEXT | st.integers().map(str), max_size=3))
        path += "?" + "&".join(f"{name}={_quoted(value)}" for name, value in asked.items())
    return method, path, body


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))


def test_no_request_makes_a_fault() -> None:
    live_policy()
    analyst = person(StaffRole.ANALYST, email="mei@example.org")
    shop = Machine()
    shop.post("/v1/lists", {"name": "words", "kind": "custom", "entity": "text"})
    shop.post("/v1/events", event())
    seen: set[int] = set()

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_requests())
    def anything(request: tuple[str, str, Any]) -> None:
        method, path, body = request
        if method == "post":
            answer = shop.post(path, json.dumps(body))
        else:
            answer = shop.delete(path) if method == "delete" else shop.get(path)
        seen.add(answer.status_code)
        assert answer.status_code < 500, (method, path, body, answer.content)
        assert answer.status_code < 400 or answer["Content-Type"] == "application/problem+json", answer.content
        json.loads(answer.content)

    with override_settings(RATE_LIMIT_PER_MINUTE=1_000_000):
        anything()
    assert analyst and {200, 404, 422} <= seen


def test_a_text_that_cannot_be_stored_is_refused_wherever_it_stands() -> None:
    """JSON can write half of a surrogate pair, and U+0000; PostgreSQL keeps neither."""
    live_policy()
    shop = Machine()
    shop.post("/v1/lists", {"name": "words", "kind": "custom", "entity": "text"})
    tried = 0
    with override_settings(RATE_LIMIT_PER_MINUTE=1_000_000):
        for path, method in _PATHS:
            for spoilt in _each_text_spoilt(_example(path)) if method == "post" else ():
                address = path.replace("{name}", "words").replace("{", "").replace("}", "")
                answer = shop.post(address, json.dumps(spoilt))
                assert answer.status_code < 500, (path, spoilt, answer.content)
                tried += 1
        answer = shop.post("/v1/labels", {"labels": [{"order": "\ud800", "label": "fraud"}]})
    assert tried > 80
    assert answer.status_code == 422 and answer.json()["errors"] == [
        {"field": "labels.0.order", "problem": "contains U+0000 or half of a pair, which cannot be stored"}
    ]


def _each_text_spoilt(value: Any) -> Iterator[Any]:
    """The example once for each of its texts, with that text unfit to be stored."""
    if isinstance(value, str):
        yield from ("\ud800" + value, value + "\x00")
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from ({**value, name: spoilt} for spoilt in _each_text_spoilt(inner))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from ([*value[:place], spoilt, *value[place + 1 :]] for spoilt in _each_text_spoilt(inner))


def test_no_bytes_make_a_fault() -> None:
    shop = Machine()

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=60) | _ANYTHING.map(lambda value: json.dumps(value).encode()[:-1]))
    def any_bytes(raw: bytes) -> None:
        answer = shop.post("/v1/events/batch", raw)
        assert answer.status_code in (200, 400, 422), (raw, answer.content)

    with override_settings(RATE_LIMIT_PER_MINUTE=1_000_000):
        any_bytes()
