"""Two sellers, and whatever one of them may send: schemathesis looks for an answer that shows anything of the other.

The portal is described to schemathesis from the written table; the API describes itself. A seller's app has a key that
reads that seller's rows; a key of the marketplace may ask about one seller, and is then told of that one.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.parse import urlencode

import schemathesis
from django.test import Client, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from safeconduct.api import reference
from safeconduct.kernel.operations.calls import Scope
from tests.portal import shops
from tests.roles import table
from tests.roles.test_foreign_objects import text_of
from tests.roles.test_rights import key
from tests.roles.two_shops import FORM, Stocked, rows_of, stocked

EXAMPLES = 1_000 if os.environ.get("SAFECONDUCT_LONG_TESTS") else 100
_QUICK = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
#: What pages of the portal take in a query.
_ASKED = ("after", "before", "show", "format", "side", "state", "month", "currency", "q", "since", "until", "page")
_ANY = {"type": "string", "maxLength": 12}


def described(mine: Stocked, theirs: Stocked) -> dict[str, Any]:
    """The portal as OpenAPI: every address with the names of both shops' objects, every form with those of the other."""
    paths: dict[str, Any] = {}
    values = sorted({value for objects in theirs.objects.values() for value in objects.values()})
    form = {name: {"anyOf": [{"enum": [value, *values[:4]]}, _ANY]} for name, value in FORM.items()}
    form |= {
        name: {"anyOf": [{"enum": values}, _ANY]} for name in ("person", "order", "seller", "listing", "end", "id")
    }
    body = {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": form}}}
    query = [
        {"in": "query", "name": name, "schema": {"anyOf": [{"enum": ["csv", "all", *values]}, _ANY]}} for name in _ASKED
    ]  # fmt: skip
    for rule in table.portal():
        named = re.findall(r"{(\w+)}", rule.address)
        both = [shop.values(rule.address) for shop in (mine, theirs)]
        parts = [
            {"in": "path", "name": name, "required": True, "schema": {"enum": [one[name] for one in both]}}
            for name in named
        ]  # fmt: skip
        answers = {"responses": {"200": {"description": "a page"}}}
        paths[rule.address] = {
            "get": {"parameters": [*parts, *query], **answers},
            "post": {"parameters": parts, "requestBody": {"content": body}, **answers},
        }
    return {"openapi": "3.1.0", "info": {"title": "Portal", "version": "1"}, "paths": paths}


def cases_of(description: dict[str, Any], *modes: GenerationMode) -> st.SearchStrategy[Any]:
    """Everything that may be sent to any operation of a description."""
    schema = schemathesis.openapi.from_dict(description)
    operations = [found.ok() for found in schema.get_all_operations()]
    return st.one_of([one.as_strategy(generation_mode=mode) for one in operations for mode in modes])


def sent(client: Client, case: Any, **headers: str) -> tuple[str, Any]:
    """A case as it is sent, and its answer."""
    address = case.formatted_path + ("?" + urlencode(case.query, doseq=True) if case.query else "")
    body = case.body if isinstance(case.body, dict | list | str | int | float) else {}
    if case.media_type == "application/x-www-form-urlencoded" and isinstance(body, dict):
        raw, kind = urlencode({k: str(v) for k, v in body.items()}, errors="replace"), case.media_type
    else:
        raw, kind = json.dumps(body), "application/json"
    sends = {} if case.method.upper() == "GET" else {"data": raw, "content_type": kind}
    with override_settings(RATE_LIMIT_PER_MINUTE=1_000_000):
        answer = client.generic(case.method.upper(), address, headers=headers, **sends)
    assert answer.status_code < 500, (case.method, address, raw, answer.content)
    return f"{case.method} {address} {body}", answer


def leaks(words: list[str], asked: str, answer: Any) -> list[str]:
    """The words in an answer that were not in what was asked."""
    text = text_of(answer) + answer.headers.get("Location", "")
    return [word for word in words if word in text and word not in asked]


def test_nothing_that_a_seller_sends_shows_or_changes_anything_of_another() -> None:
    shops.open_for_business()
    mine, theirs = stocked("sel-1"), stocked("sel-2")
    before, seen = rows_of(theirs.key), set[int]()

    @_QUICK
    @given(cases_of(described(mine, theirs), GenerationMode.POSITIVE, GenerationMode.NEGATIVE))
    def anything(case: Any) -> None:
        asked, answer = sent(mine.client, case)
        seen.add(answer.status_code)
        assert leaks(theirs.words, asked, answer) == [], asked

    anything()
    assert rows_of(theirs.key) == before
    assert {200, 404} <= seen, "it came as far as pages, and as what is not there"


def test_an_apps_key_is_told_of_its_own_seller_alone_and_changes_nothing() -> None:
    shops.open_for_business()
    mine, theirs = stocked("sel-1"), stocked("sel-2")
    client, bearer = Client(raise_request_exception=False), f"Bearer {mine.app}"
    before, told = rows_of(theirs.key), 0
    named = {"seller": "sel-2", "chargeback_id": "/portal/transactions/chargebacks/", "return_id": "/portal/returns/"}

    @_QUICK
    @given(cases_of(reference.specification(), GenerationMode.POSITIVE), st.sampled_from([mine, theirs]), st.booleans())
    def anything(case: Any, whose: Stocked, lists: bool) -> None:
        nonlocal told
        for name, start in named.items():
            if name in (case.path_parameters or {}):
                case.path_parameters[name] = whose.objects[start].get(name) or whose.objects[start]["dispute_id"]
        if lists and case.method.upper() == "GET":
            case.query = {"seller": whose.ref}
        asked, answer = sent(client, case, Authorization=bearer)
        assert leaks(theirs.words, asked, answer) == [], asked
        told += answer.status_code == 200 and bool(leaks(mine.words, asked, answer))

    anything()
    for listed in ("chargebacks", "disputes", "returns", "coverage"):
        answer = client.get(f"/v1/{listed}", headers={"Authorization": bearer})
        told += answer.status_code == 200 and bool(leaks(mine.words, listed, answer))
        assert leaks(theirs.words, listed, answer) == []
    assert told, "something of its own shop was told"
    assert rows_of(theirs.key) == before


def test_an_answer_about_one_seller_names_nothing_of_another() -> None:
    shops.open_for_business()
    mine, theirs = stocked("sel-1"), stocked("sel-2")
    client, bearer = Client(raise_request_exception=False), f"Bearer {key(*Scope)}"
    description = json.loads(json.dumps(reference.specification()))
    asks = {
        path: {"get": methods["get"]} for path, methods in description["paths"].items()
        if any(one["name"] == "seller" for one in methods.get("get", {}).get("parameters", []))
    }  # fmt: skip
    assert {"/v1/decisions", "/v1/coverage", "/v1/disputes", "/v1/returns", "/v1/holds"} <= asks.keys()
    for methods in asks.values():
        for one in methods["get"]["parameters"]:
            if one["name"] == "seller":
                one |= {"required": True, "schema": {"enum": ["sel-1"]}}
    told = 0

    @_QUICK
    @given(cases_of(description | {"paths": asks}, GenerationMode.POSITIVE))
    def about_one(case: Any) -> None:
        nonlocal told
        asked, answer = sent(client, case, Authorization=bearer)
        assert leaks(theirs.words, asked, answer) == [], asked
        told += answer.status_code == 200 and bool(leaks(mine.words, asked, answer))

    about_one()
    assert told, "something of the one was told"


def test_no_operation_of_the_api_fails_whatever_is_sent() -> None:
    shops.open_for_business()
    stocked("sel-1")
    client, bearer = Client(raise_request_exception=False), f"Bearer {key(*Scope)}"

    @_QUICK
    @given(cases_of(reference.specification(), GenerationMode.POSITIVE, GenerationMode.NEGATIVE))
    def anything(case: Any) -> None:
        _asked, answer = sent(client, case, Authorization=bearer)
        assert answer.status_code < 400 or answer["Content-Type"] == "application/problem+json"

    anything()
