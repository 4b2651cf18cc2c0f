"""How an operation is declared: once, with its scope, documents and examples, so that the reference is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.http import HttpResponse
from pydantic import BaseModel

from safeconduct.kernel.operations.calls import Scope
from safeconduct.kernel.operations.problems import KINDS, MEDIA_TYPE, Code

Handler = TypeVar("Handler", bound=Callable[..., Any])

_ALWAYS = (
    Code.KEY_MISSING, Code.KEY_UNKNOWN, Code.KEY_REVOKED, Code.KEY_EXPIRED, Code.KEY_ELSEWHERE, Code.SCOPE_MISSING,
    Code.METHOD_NOT_ALLOWED, Code.INVALID, Code.RATE_LIMITED, Code.FAULT, Code.UNAVAILABLE,
)  # fmt: skip
_WITH_A_BODY = (Code.MALFORMED, Code.TOO_LARGE, Code.MEDIA_TYPE)
_OF_A_POST = (Code.KEY_REUSED, Code.IN_FLIGHT)
_LANGUAGE = {
    "in": "header", "name": "Accept-Language", "required": False, "schema": {"type": "string"},
    "description": "Language of the reasons: en, zh or es.", "example": "zh",
}  # fmt: skip
_IDEMPOTENCY = {
    "in": "header", "name": "Idempotency-Key", "required": False, "schema": {"type": "string", "maxLength": 255},
    "description": "A retry with the same key and body gets the same answer again, for 24 hours.",
    "example": "5e0ff5a3-5d0e-4d43-a3a1-2a1f8f6f2f11",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as it was declared.

    ``one_transaction``: its handler commits together with the memory of its answer. ``takes_json``: it has a body.
    ``for_apps``: sellers' apps may call it; its handler then sees the rows of that seller and changes nothing.
    ``described``: what the specification says beyond path and documents.
    """

    handler: Callable[..., HttpResponse]
    method: str
    path: str
    scope: Scope
    status: int
    answer: type[BaseModel]
    one_transaction: bool
    takes_json: bool
    described: Mapping[str, Any]
    for_apps: bool = False


@dataclass(frozen=True, slots=True)
class Operations:
    """The operations of a module, under one heading of the reference, in the order in which they were declared."""

    tag: str
    declared: list[Operation] = field(default_factory=list)


def operation(
    operations: Operations,
    method: str,
    path: str,
    *,
    scope: Scope,
    answer: type[BaseModel],
    example: Mapping[str, Any],
    status: int = 200,
    sends: Mapping[str, Any] | None = None,
    schema: Mapping[str, Any] | None = None,
    problems: tuple[Code, ...] = (),
    one_transaction: bool = True,
    speaks: bool = False,
    for_apps: bool = False,
) -> Callable[[Handler], Handler]:
    """Declares a handler as an operation of the API. Without the gate before it, it is never called.

    ``sends``: an example of the body. ``schema``: the body's schema, where the handler reads the document itself.
    ``problems``: the refusals besides those that every operation of this method has. ``speaks``: answers contain
    sentences, in the language of Accept-Language. ``for_apps``: keys of sellers' apps may call it (`Operation`).
    """
    with_body = sends is not None
    codes = [*_ALWAYS, *(_WITH_A_BODY if with_body else ()), *(_OF_A_POST if method == "POST" else ()), *problems]
    extra: dict[str, Any] = {
        "security": [{"key": [scope.value]}],
        "responses": {
            status: {"content": {"application/json": {"example": example}}},
            **problem_responses(codes),
        },
        "parameters": [*([_IDEMPOTENCY] if method == "POST" else []), *([_LANGUAGE] if speaks else [])],
    }
    if with_body:
        content: dict[str, Any] = {"example": sends}
        if schema is not None:
            content["schema"] = schema
        extra["requestBody"] = {"required": True, "content": {"application/json": content}}

    def declare(handler: Handler) -> Handler:
        operations.declared.append(
            Operation(handler, method, path, scope, status, answer, one_transaction, with_body, extra, for_apps)
        )
        return handler

    return declare


def problem_responses(codes: list[Code]) -> dict[int, Any]:
    """The refusals of an operation as OpenAPI responses, one for each status."""
    found: dict[int, Any] = {}
    for code in dict.fromkeys(codes):
        kind = KINDS[code]
        entry = found.setdefault(
            kind.status,
            {
                "description": "",
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )
        entry["description"] = "; ".join(filter(None, (entry["description"], f"`{code}`: {kind.title}")))
        entry["content"][MEDIA_TYPE]["examples"][code.value] = {
            "value": {
                "type": f"/problems/{code}", "title": kind.title, "status": kind.status, "detail": kind.title,
                "way_out": kind.way_out,
            }
        }  # fmt: skip
    return dict(sorted(found.items()))
