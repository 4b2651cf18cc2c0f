"""What a link in a message opens, without its token in the address of any page.

The first look at a link puts its token into a cookie that only this host is sent, and leads on to the same address with
a handle for the token: a word that tells one link from another and opens nothing. So histories, bookmarks, copied
addresses, screenshots and the logs of whatever stands in between hold nothing that opens a page. It applies to every
address with a part called ``token``; views go on being given the token.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from safeconduct.foundation.host_cookies import host_cookie
from safeconduct.kernel.ui.views import fault

#: A handle, which no token of ours looks like.
_HANDLE: Final = re.compile(r"o-[0-9a-f]{16}")
_COOKIE: Final = "sc_link_"
#: Tokens have from thirty to a hundred letters and some. What is shorter opens nothing, and what is longer would fill
#: the browser's cookies: the page says so at once.
_SHORTEST: Final = 24
_LONGEST: Final = 400
#: So many links can be open in one browser; the first of more is forgotten.
_MOST: Final = 12


class LinkDoor:
    """The middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Leads a link on to its handle, and gives views the token behind a handle."""
        token = kwargs.get("token", "")
        if _HANDLE.fullmatch(token):
            kept = request.COOKIES.get(_cookie_of(token), "")
            if not kept or handle_of(kept) != token:
                return fault(request, 404, detail=_(
                    "This address works only in the browser in which the link was opened. Open the link in the "
                    "message once more; the browser must allow cookies."
                ))  # fmt: skip
            request.link_handle = token  # type: ignore[attr-defined]
            kwargs["token"] = kept
            return None
        if request.method not in ("GET", "HEAD") or not _SHORTEST <= len(token) <= _LONGEST:
            return None
        return _led_on(request, token, kwargs)


def handle_of(token: str) -> str:
    """The word for a token in addresses. Whoever has it cannot find the token."""
    return "o-" + hashlib.sha256(token.encode()).hexdigest()[:16]


def in_addresses(request: HttpRequest, token: str) -> str:
    """What stands for a link's token in the addresses of its pages."""
    return str(getattr(request, "link_handle", token))


def _led_on(request: HttpRequest, token: str, kwargs: Mapping[str, Any]) -> HttpResponse:
    match = request.resolver_match
    assert match is not None
    handle = handle_of(token)
    asked = request.META.get("QUERY_STRING", "")
    address = reverse(match.view_name, kwargs={**kwargs, "token": handle})
    response = HttpResponseRedirect(f"{address}?{asked}" if asked else address)
    response.status_code = 303
    add_never_cache_headers(response)
    opened = [name for name in request.COOKIES if _COOKIE in name]
    for old in opened[: max(0, len(opened) - _MOST + 1)]:
        response.set_cookie(old, "", max_age=0, secure=bool(settings.SESSION_COOKIE_SECURE), samesite="Lax")
    # Until the browser is closed: who comes back opens the message's link again.
    response.set_cookie(
        _cookie_of(handle), token, httponly=True, samesite="Lax", secure=bool(settings.SESSION_COOKIE_SECURE)
    )
    return response


def _cookie_of(handle: str) -> str:
    return host_cookie(_COOKIE + handle[2:], secure=bool(settings.SESSION_COOKIE_SECURE))
