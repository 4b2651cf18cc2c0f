"""What pages say once, in a cookie that has the name of all others (`foundation.host_cookies`)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.base import BaseStorage
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage

from safeconduct.foundation.host_cookies import host_cookie
from safeconduct.kernel.vault.signed_text import TimedSigner


class _MessageCookie(CookieStorage):
    """Django gives this cookie a name that no setting changes, and signs it with the secret that it has not."""

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        BaseStorage.__init__(self, request, *args, **kwargs)  # past `CookieStorage`, which takes the secret
        self.signer = TimedSigner("signed/messages of pages")
        self.cookie_name = host_cookie("messages", secure=settings.SESSION_COOKIE_SECURE)


class Messages(FallbackStorage):
    """What a page says once, in a cookie, or in the session where it is too long for one."""

    storage_classes = (_MessageCookie, SessionStorage)
