"""Names of cookies. In production each begins with ``__Host-``: browsers then take it from this host only, over TLS."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


def host_cookie(name: str, *, secure: bool) -> str:
    """The whole name of a cookie; without TLS browsers refuse the prefix (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{name}" if secure else name


class _MessageCookie(CookieStorage):
    """Django gives this cookie a name that no setting changes."""

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.cookie_name = host_cookie("messages", secure=settings.SESSION_COOKIE_SECURE)


class Messages(FallbackStorage):
    """What a page says once, in a cookie, or in the session where it is too long for one."""

    storage_classes = (_MessageCookie, SessionStorage)
