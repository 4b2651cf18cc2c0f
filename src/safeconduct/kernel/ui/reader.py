"""Who reads the page and how: language, direction, theme, time zone, and the one moment of the page.

The theme and the zone live in cookies and are applied by the server, so that nothing flashes and nothing needs a
script. The language is Django's (its own cookie, then the browser's wish).
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import activate, get_language, get_language_info

from safeconduct.foundation.host_cookies import host_cookie
from safeconduct.kernel.browser_features import is_old
from safeconduct.kernel.ui.formats import direction

THEME_COOKIE: Final = "sc_theme"
ZONE_COOKIE: Final = "sc_zone"
#: The zone of a person who never settled one.
UNSETTLED_ZONE: Final = "UTC"
THEMES: Final = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Reader:
    """How this reader sees the page. `theme` is empty where the system decides."""

    language: str
    theme: str
    zone: tzinfo
    now: datetime

    @property
    def direction(self) -> str:
        return direction(self.language)

    @property
    def zone_name(self) -> str:
        return str(self.zone)

    @property
    def languages(self) -> list[tuple[str, str, bool]]:
        """(code, its own name, whether it is in use)."""
        return [
            (code, capfirst(get_language_info(code)["name_local"]), code == self.language)
            for code, _name in settings.LANGUAGES
        ]


def kept(request: HttpRequest, name: str) -> str:
    """What the browser keeps under this name; where TLS is not demanded, with or without the host's prefix: the script
    that finds out the zone goes by the address alone."""
    secure = request.COOKIES.get(host_cookie(name, secure=True), "")
    return secure or ("" if settings.SESSION_COOKIE_SECURE else request.COOKIES.get(name, ""))


def reader_of(request: HttpRequest) -> Reader:
    """The reader of a request; the active language and zone are Django's."""
    theme = kept(request, THEME_COOKIE)
    return Reader(
        language=get_language() or settings.LANGUAGE_CODE,
        theme=theme if theme in THEMES else "",
        zone=timezone.get_current_timezone(),
        now=timezone.now(),
    )


def reader(request: HttpRequest) -> dict[str, object]:
    """Context processor: on every page ``reader``, and whether the staff sign in at a directory of their company; for
    who is signed in ``session_time``, the seconds after which the session ends when it is not used, and at the latest;
    and whether the browser lacks what pages are made safe with.
    """
    return {
        "reader": reader_of(request), "single_sign_on": settings.DIRECTORY is not None,
        "session_time": getattr(request, "session_time", None), "old_browser": is_old(request),
    }  # fmt: skip


def known_zone(name: str) -> tzinfo | None:
    """The zone of this IANA name, or None. Names are untrusted (a cookie)."""
    if not name or len(name) > 64:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def read_as(request: HttpRequest, language: str, zone_name: str) -> None:
    """Shows the page as this person has settled it: in their zone, whatever the device's is, unless they never settled
    one; in their language, unless another was chosen in this browser."""
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and language in dict(settings.LANGUAGES):
        activate(language)
        request.LANGUAGE_CODE = language
    settled = zone_name not in ("", UNSETTLED_ZONE) or not kept(request, ZONE_COOKIE)
    zone = known_zone(zone_name) if settled else None
    if zone is not None:
        timezone.activate(zone)


def zone_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Activates the reader's zone for the request: the cookie's, else the operator's TIME_ZONE."""

    def middleware(request: HttpRequest) -> HttpResponse:
        zone = known_zone(kept(request, ZONE_COOKIE))
        if zone is None:
            timezone.deactivate()
        else:
            timezone.activate(zone)
        try:
            return get_response(request)
        finally:
            timezone.deactivate()

    return middleware
