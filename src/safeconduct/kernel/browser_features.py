"""What a browser has to support, told from what it sends (docs/operations.md, *TLS and browsers*).

Every browser that sends where a call comes from (`Sec-Fetch-*`: Chrome and Edge 80, Firefox 90, Safari 16.4, as MDN's
tables of 2026 have it) has all the rest that pages rely on: HSTS, Content Security Policy, `SameSite`, `__Host-`. It is
sent to addresses with TLS only. A browser that lacks it is warned of everywhere, and the console does not open in it.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def is_old(request: HttpRequest) -> bool:
    """Whether a request comes from a browser that lacks what our pages are made safe with."""
    return bool(settings.SESSION_COOKIE_SECURE) and request.is_secure() and "Sec-Fetch-Site" not in request.headers
