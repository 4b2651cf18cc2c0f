"""Preferences (language, theme, zone) and the pages of refusal and fault, each with a way out."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from safeconduct.foundation.host_cookies import host_cookie
from safeconduct.kernel.ui.reader import THEME_COOKIE, THEMES, ZONE_COOKIE, known_zone, reader_of
from safeconduct.kernel.vault.errors import KeyProcessUnavailable

_YEAR_SECONDS: Final = 365 * 24 * 3600
#: A key process that is started again answers within about a second.
_KEYS_AGAIN_S: Final = 2


@dataclass(frozen=True, slots=True)
class Fault:
    """What a page of refusal says: what happened, and what the reader can do."""

    status: int
    title: str | Promise
    text: str | Promise


FAULTS: Final = {
    fault.status: fault
    for fault in (
        Fault(400, _("We could not read that request"),
              _("Something in the address or the form was not as expected. Go back, check it and send it again.")),
        Fault(403, _("You may not see this page"),
              _("Your role does not include it. If it should, ask the owner of your account or an administrator.")),
        Fault(404, _("There is nothing here"),
              _("The address may be mistyped, or what it named belongs to another account. Nothing is lost: "
                "start from the first page or search.")),
        Fault(409, _("This has changed in the meantime"),
              _("Someone else, or another window of yours, was faster. Load the page again to see how it stands now, "
                "then decide.")),
        Fault(429, _("Too many attempts"),
              _("To protect your account we pause after many tries in a short time. Wait a little, then try again.")),
        Fault(500, _("Something broke on our side"),
              _("The fault is recorded and is not yours. What you sent may not have been saved: load the page again "
                "to see.")),
        Fault(503, _("This cannot be answered at the moment"),
              _("A part of the system does not answer. Nothing was done and nothing is lost: try again in a moment.")),
    )
}  # fmt: skip


def fault(
    request: HttpRequest, status: int, *, detail: str = "", code: str = "", retry_after_seconds: int | None = None
) -> HttpResponse:
    """A page of refusal or fault. `detail` is shown as written (name the field and the way out); `code` is what the
    reader can quote to support. It queries nothing, so that it works while the database does not."""
    context = {
        "reader": reader_of(request), "fault": FAULTS[status], "detail": detail, "quote": code,
        "retry_after_seconds": retry_after_seconds, "home_url": "/", "again_url": request.get_full_path(),
        "safe_method": request.method in ("GET", "HEAD"),
    }  # fmt: skip
    response = HttpResponse(render_to_string("ui/error.html", context), status=status)
    if retry_after_seconds is not None:
        response["Retry-After"] = str(retry_after_seconds)
    return response


def handler400(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """For ``handler400`` of the root URL configuration."""
    return fault(request, 400)


def handler403(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """For ``handler403``; a text given to PermissionDenied is shown."""
    return fault(request, 403, detail=str(exception or ""))


def handler404(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """For ``handler404``."""
    return fault(request, 404)


def handler500(request: HttpRequest) -> HttpResponse:
    """For ``handler500``. While the keys do not answer nothing is broken, and coming again helps."""
    if isinstance(sys.exc_info()[1], KeyProcessUnavailable):
        return fault(request, 503, retry_after_seconds=_KEYS_AGAIN_S)
    return fault(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For CSRF_FAILURE_VIEW."""
    request.refused_as = "form_token"  # type: ignore[attr-defined]
    return fault(request, 403, detail=str(_(
        "The form was open too long or cookies are blocked. Go back, load the page again and send the form once more."
    )))  # fmt: skip


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Keeps language, theme and zone in cookies and returns to ``next``. What is not named stays as it is."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    language, theme, zone = (request.POST.get(name) for name in ("language", "theme", "zone"))
    if language in dict(settings.LANGUAGES):
        _keep(response, settings.LANGUAGE_COOKIE_NAME, language)
    if theme in THEMES:
        _keep(response, THEME_COOKIE, theme)
    elif theme == "system":
        secure = bool(settings.SESSION_COOKIE_SECURE)
        # Deleted as it was set: a browser takes nothing under the host's prefix that does not say secure.
        response.set_cookie(host_cookie(THEME_COOKIE, secure=secure), "", max_age=0, secure=secure, samesite="Lax")
    if zone and known_zone(zone) is not None:
        _keep(response, ZONE_COOKIE, zone)
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    secure = bool(settings.SESSION_COOKIE_SECURE)
    named = name if name == settings.LANGUAGE_COOKIE_NAME else host_cookie(name, secure=secure)
    response.set_cookie(
        named, value, max_age=_YEAR_SECONDS, secure=secure, samesite="Lax", httponly=name != ZONE_COOKIE
    )
