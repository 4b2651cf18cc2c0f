"""How an operation is declared: once, with its scope, documents and examples, so that the reference is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ninja import Router
from ninja.decorators import decorate_view
from pydantic import BaseModel

from safeconduct.api.gate import guarded
from safeconduct.api.keys import Scope
from safeconduct.api.problems import KINDS, MEDIA_TYPE, Code

Handler = TypeVar("Handler", bound=Callable[..., Any])

_ALWAYS = (
    Code.KEY_MISSING, Code.KEY_UNKNOWN, Code.KEY_REVOKED, Code.KEY_EXPIRED, Code.SCOPE_MISSING, Code.METHOD_NOT_ALLOWED,
    Code.RATE_LIMITED, Code.FAULT, Code.UNAVAILABLE,
)  # fmt: skip
_WITH_A_BODY = (Code.MALFORMED, Code.TOO_LARGE, Code.MEDIA_TYPE, Code.INVALID)
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


def operation(
    router: Router,
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
) -> Callable[[Handler], Handler]:
    """Declares a handler as an operation of the API.

    ``sends``: an example of the body. ``schema``: the body's schema, where the handler reads the document itself.
    ``problems``: the refusals besides those that every operation of this method has. ``speaks``: answers contain
    sentences, in the language of Accept-Language.
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
        guard = guarded(scope, one_transaction=one_transaction, takes_json=with_body)
        summary, _, rest = (handler.__doc__ or handler.__name__).strip().partition("\n")
        router.api_operation(
            [method], path, response={status: answer}, openapi_extra=extra, operation_id=handler.__name__,
            summary=summary.rstrip("."), description=" ".join(rest.split()) or None,
        )(decorate_view(guard)(handler))  # fmt: skip
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
