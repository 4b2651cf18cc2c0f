"""Addresses: the API under /v1, its reference, and health. Whatever goes wrong there is a problem document."""

from __future__ import annotations

from collections.abc import Iterable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from safeconduct.api import health, reference
from safeconduct.api.application import api
from safeconduct.api.gate import View
from safeconduct.api.refusals import not_allowed, refusal
from safeconduct.kernel.operations.problems import Code, Problem


def _whole(view: View) -> View:
    """Lets nothing but problem documents out of a view that fails, or that has another method."""

    @csrf_exempt
    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Exception as problem:
            return refusal(request, problem)
        if response.status_code == 405:
            return not_allowed(", ".join(sorted(response["Allow"].split(", ")))).response()
        return response

    return answered


def _dressed(patterns: Iterable[URLPattern | URLResolver]) -> list[URLPattern]:
    return [
        URLPattern(p.pattern, _whole(p.callback), p.default_args, p.name)
        for p in patterns
        if isinstance(p, URLPattern) and p.name != "api-root"
    ]


@csrf_exempt
def _nothing_here(request: HttpRequest, *_: Any) -> HttpResponse:
    return Problem(Code.NOT_FOUND, f"there is nothing at {request.path[:200]}; see /v1/docs").response()


_operations, _, _ = api.urls

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", _whole(require_safe(health.healthz)), name="healthz"),
    path("readyz", _whole(require_safe(health.readyz)), name="readyz"),
    path("v1/openapi.json", _whole(require_safe(reference.openapi_json)), name="api-openapi"),
    path("v1/docs", _whole(require_safe(reference.docs)), name="api-docs"),
]
urlpatterns.append(path("v1/", include(_dressed(_operations))))
urlpatterns.append(re_path(r"^v1(/.*)?$", _nothing_here))
