"""What a browser has to support, told from what it sends (docs/operations.md, *TLS and browsers*).

Every browser that says where a call comes from (`Sec-Fetch-*`, in every current one since March 2023, as MDN says) has
the rest that pages rely on: HSTS, Content Security Policy, `SameSite`, `__Host-`. It says so where there is TLS only.
A browser that lacks it is warned of on every page, and the console does not open in it.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def is_old(request: HttpRequest) -> bool:
    """Whether a request comes from a browser that lacks what our pages are made safe with."""
    return bool(settings.SESSION_COOKIE_SECURE) and request.is_secure() and "Sec-Fetch-Site" not in request.headers
