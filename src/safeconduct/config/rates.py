"""How often pages may be called: by a person, and by a network of people who are not signed in.

Counted in the database over all processes (`kernel.shared_cache.count`), so that many at once do not pass a limit that
one by one they would not. The API counts by key (`api.gate`), and files of the interface cost nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from safeconduct.kernel.parties.session_guard import origin_of_request
from safeconduct.kernel.shared_cache import count
from safeconduct.kernel.ui.views import fault

Answer = Callable[[HttpRequest], HttpResponse]
_WINDOW_S: Final = 60.0
#: What changes something or makes a file costs more than a look: one call in so many may be such a one.
_CHANGES: Final = 5
_NOT_COUNTED: Final = ("/v1/", "/static/", "/healthz", "/readyz")
#: The company's directory tells of everybody who goes home at the same hour, and is believed for its signature.
_SIGN_OUTS: Final = "/accounts/company/signed-out/"
_MANY_SIGN_OUTS: Final = 20
_LOOKS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def page_rates(get_response: Answer) -> Answer:
    """The middleware. It stands behind the sign-in and before the guard of sessions: what is too much does nothing."""

    def counted(request: HttpRequest) -> HttpResponse:
        limit = settings.PAGE_RATE_PER_MINUTE
        if not limit or request.path.startswith(_NOT_COUNTED):
            return get_response(request)
        who = caller_of(request)
        told = request.path == _SIGN_OUTS
        limit *= _MANY_SIGN_OUTS if told else 1
        calls, left_s = count(f"{'sign-outs' if told else 'pages'}/{who}", _WINDOW_S)
        if calls <= limit and request.method not in _LOOKS and not told:
            calls, left_s = count(f"changes/{who}", _WINDOW_S)
            limit = max(1, limit // _CHANGES)
        if calls <= limit:
            return get_response(request)
        request.refused_as = "too_many"  # type: ignore[attr-defined]
        return fault(
            request, 429, retry_after_seconds=left_s,
            detail=_("More pages were asked for in a minute than a person reads. What you sent was not done."),
        )  # fmt: skip

    return counted


def caller_of(request: HttpRequest) -> str:
    """Whom a call is counted for: the person of a session, else the network it comes from."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        return f"person/{request.user.pk}"
    return f"network/{network_of(origin_of_request(request).address)}"


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """An IPv4 address, or the /64 that one customer of a provider has (RFC 6177); empty for what is none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((found, 64 if found.version == 6 else 32), strict=False))
