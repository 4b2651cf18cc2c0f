"""A machine of the marketplace, as tests see it: a key, a client, and problems that are checked on sight."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse
from django.test import Client

from safeconduct.kernel.operations.calls import Scope
from safeconduct.kernel.parties.keys import create_key
from safeconduct.kernel.scope import Actor, staff_scope

EVERYTHING = tuple(Scope)


def key(*scopes: str, by: str = "test", **fields: Any) -> str:
    """The secret of a new key; without scopes it has all."""
    with staff_scope():
        return create_key("back office", scopes or EVERYTHING, Actor(by, "owner"), at=datetime.now(UTC), **fields)[1]


class Machine:
    """Calls the API with a key."""

    def __init__(self, secret: str | None = None) -> None:
        self.secret = secret if secret is not None else key()
        self.client = Client(raise_request_exception=False)

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
        return self.client.get(path, query, headers=self._headers(headers))

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None, idempotency: str = "") -> Any:
        more = {"Idempotency-Key": idempotency} if idempotency else {}
        raw = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return self.client.post(
            path, raw, content_type="application/json", headers=self._headers({**(headers or {}), **more})
        )

    def delete(self, path: str) -> Any:
        return self.client.delete(path, headers=self._headers(None))

    def _headers(self, more: dict[str, str] | None) -> dict[str, str]:
        return {**({"Authorization": f"Bearer {self.secret}"} if self.secret else {}), **(more or {})}


class Answer:
    """An answer that did not come through the test client, read like one that did."""

    def __init__(self, response: HttpResponse) -> None:
        self.response, self.status_code, self.content = response, response.status_code, response.content

    def __getitem__(self, header: str) -> str:
        return self.response[header]

    def json(self) -> Any:
        return json.loads(self.content)


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of an answer, which must be whole."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    assert response["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["type"] == f"/problems/{code}", document
    assert document["status"] == status
    assert document["title"] and document["detail"] and document["way_out"]
    assert "Traceback" not in response.content.decode()
    return document


def good(response: Any, status: int = 200) -> Any:
    """The document of an answer that is none of refusal."""
    assert response.status_code == status, (response.status_code, response.content[:800])
    return response.json()
