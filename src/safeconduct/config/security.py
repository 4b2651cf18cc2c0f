"""Response headers that say what a page may load: our own files, and nothing inline. And TLS, for machines."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from safeconduct.kernel.ui.views import fault

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "report-to csp",
        "report-uri /csp-reports/",  # for browsers that do not know the other
    )
)
#: Python reads no longer number than 4,300 digits (`sys.int_info.default_max_str_digits`).
_ENDLESS = re.compile(r"\d{4300}")
#: The largest key that a row can have (PostgreSQL's bigint).
_LARGEST = 2**63 - 1
#: Where a browser says from where a call comes, one from elsewhere gets nothing but a page to read.
_FROM_ELSEWHERE = frozenset({"cross-site", "same-site"})


def content_security(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Puts the content security policy on every answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Reporting-Endpoints", 'csp="/csp-reports/"')
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    return middleware


def not_embedded(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refuses what a page elsewhere would load as a part of itself (picture, script, fetch, form in a frame): whoever
    is signed in here is not meant by it. A link that a person follows comes in, and so does a program, which says
    nothing."""

    def middleware(request: HttpRequest) -> HttpResponse:
        told = request.headers
        elsewhere = told.get("Sec-Fetch-Site") in _FROM_ELSEWHERE
        followed = told.get("Sec-Fetch-Mode") == "navigate" and told.get("Sec-Fetch-Dest") == "document"
        if (
            elsewhere
            and not (followed and request.method in ("GET", "HEAD"))
            and not request.path.startswith("/record/")
        ):
            request.refused_as = "embedded"  # type: ignore[attr-defined]
            return HttpResponse("not from another site", status=403, content_type="text/plain; charset=utf-8")
        return get_response(request)

    return middleware


def machines_over_tls(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refuses calls of the API in clear where pages are led to TLS: a machine would follow the redirect at each call,
    and nobody would notice that its key travels in clear."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if settings.SECURE_SSL_REDIRECT and request.path.startswith("/v1/") and not request.is_secure():
            told = {
                "type": "about:blank", "title": "TLS is needed", "status": 403,
                "detail": "call this address with https; the key that was sent in clear must be replaced",
            }  # fmt: skip
            return JsonResponse(told, status=403, content_type="application/problem+json")
        return get_response(request)

    return middleware


class PlainText:
    """Refuses a NUL in an address, a question behind it or a form: nobody types one, and no database keeps it; and a
    number longer than the language reads, which libraries stumble over. A key that no row can have leads nowhere. What
    machines send (`csrf_exempt`) is read by whoever takes it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """The refusal, or None."""
        if getattr(view, "csrf_exempt", False):
            return None
        if any(isinstance(value, int) and value > _LARGEST for value in kwargs.values()):
            return fault(request, 404)
        asked = [request.META.get("QUERY_STRING", "").replace("%00", "\0"), *map(str, kwargs.values())]
        asked += [value for values in request.POST.lists() for value in (values[0], *values[1])]
        return fault(request, 400) if any("\0" in text or _ENDLESS.search(text) for text in asked) else None
