"""The API as one application: its routers, its parser, its refusals."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from safeconduct.api import (
    coverage,
    decisions,
    disputes,
    events,
    labels,
    lists,
    money,
    policies,
    returns,
    webhook_endpoints,
    webhooks,
)
from safeconduct.api.refusals import refusal

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


api = NinjaAPI(
    title="Safeconduct", version="1", description=DESCRIPTION, openapi_url=None, docs_url=None, parser=_StrictParser(),
    urls_namespace="api",
)  # fmt: skip
for _kind in (Exception, Http404, HttpError, ValidationError):
    api.add_exception_handler(_kind, _refuse)
for _router in (
    events.router,
    decisions.router,
    labels.router,
    lists.router,
    policies.router,
    coverage.router,
    disputes.router,
    money.router,
    returns.router,
    webhook_endpoints.router,
    webhooks.router,
):
    api.add_router("", _router)
