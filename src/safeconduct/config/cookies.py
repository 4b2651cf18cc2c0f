"""What pages say once, in a cookie that has the name of all others (`foundation.host_cookies`)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage

from safeconduct.foundation.host_cookies import host_cookie


class _MessageCookie(CookieStorage):
    """Django gives this cookie a name that no setting changes."""

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.cookie_name = host_cookie("messages", secure=settings.SESSION_COOKIE_SECURE)


class Messages(FallbackStorage):
    """What a page says once, in a cookie, or in the session where it is too long for one."""

    storage_classes = (_MessageCookie, SessionStorage)
