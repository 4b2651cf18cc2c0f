"""The API as one application: its operations and those of the protections, its parser, its refusals."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Router
from ninja.decorators import decorate_view
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from safeconduct.api import (
    decisions,
    events,
    fairness,
    labels,
    lists,
    outside,
    policies,
    webhook_endpoints,
    webhooks,
    workflows,
)
from safeconduct.api.asked import known_alone
from safeconduct.api.gate import guarded
from safeconduct.api.refusals import refusal
from safeconduct.kernel.operations.declaring import Operations
from safeconduct.kernel.protection import protections

DESCRIPTION = (
    "Events in, decisions with reasons out. Authenticate with `Authorization: Bearer sck_…`. Every POST takes an "
    "`Idempotency-Key`. Errors are problem documents (RFC 9457). Times are RFC 3339 in UTC, money is whole minor units "
    "with a currency. Lists are paged by `next`."
)


class _StrictParser(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        return request.document  # type: ignore[attr-defined]


def _refuse(request: HttpRequest, problem: Exception | type[Exception]) -> HttpResponse:
    return refusal(request, problem if isinstance(problem, Exception) else problem())


def _declared() -> Iterator[Operations]:
    """What the API itself offers, then what the protections do, in their order, and the way back to the shop."""
    for module in (events, decisions, labels, lists, policies):
        yield module.operations
    for protection in protections():
        if protection.api is not None:
            yield from import_module(protection.api).OPERATIONS
    yield workflows.operations
    yield outside.operations
    yield fairness.operations
    yield webhook_endpoints.operations


def _behind_the_gate(operations: Operations) -> Router:
    router = Router(tags=[operations.tag])
    for one in operations.declared:
        gate = guarded(one.scope, one_transaction=one.one_transaction, takes_json=one.takes_json, for_apps=one.for_apps)
        summary, _, rest = (one.handler.__doc__ or one.handler.__name__).strip().partition("\n")
        router.api_operation(
            [one.method], one.path, response={one.status: one.answer}, openapi_extra=dict(one.described),
            operation_id=one.handler.__name__, summary=summary.rstrip("."), description=" ".join(rest.split()) or None,
        )(decorate_view(known_alone, gate)(one.handler))  # fmt: skip
    return router


api = NinjaAPI(
    title="Safeconduct", version="1", description=DESCRIPTION, openapi_url=None, docs_url=None, parser=_StrictParser(),
    urls_namespace="api",
)  # fmt: skip
for _kind in (Exception, Http404, HttpError, ValidationError):
    api.add_exception_handler(_kind, _refuse)
for _operations in _declared():
    api.add_router("", _behind_the_gate(_operations))
api.add_router("", webhooks.router)
