"""The faces of a deployment: portal, console, API, each under a host name of its own where the operator gives one.

A browser keeps what one host may do from the others: its cookies (``__Host-``), its storage, its passkeys, what a
script there could read. So a fault in a page that sellers reach opens no page of the staff. Without host names, as
in the demo, every face answers under every name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from safeconduct.kernel.ui.views import fault

Answer = Callable[[HttpRequest], HttpResponse]


class Face(StrEnum):
    """What answers under a host name of its own."""

    PORTAL = "portal"
    CONSOLE = "console"
    API = "api"
    FILES = "files"


#: Addresses that belong to one face; everything else that is a page is the portal's.
_OWN: Final[Mapping[str, Face]] = {"/console/": Face.CONSOLE, "/v1/": Face.API, "/files/": Face.FILES}
#: What the faces with people share: signing in, preferences, reports of browsers.
_SHARED: Final = ("/accounts/", "/ui/", "/csp-reports/")
#: What every host answers: whether it lives.
_EVERYWHERE: Final = frozenset({"/healthz", "/readyz"})


def host_of(face: Face) -> str:
    """The host name of a face; empty where it shares that of all."""
    return str(settings.FACES.get(face, ""))


def origin_of(face: Face) -> str:
    """Where a face is reached, without a slash at the end; empty where it shares the address of all."""
    host = host_of(face)
    return f"{'https' if settings.SECURE_SSL_REDIRECT else 'http'}://{host}" if host else ""


def site_of(path: str) -> str:
    """Where an address of ours is reached from outside, without a slash at the end; empty where all faces share one."""
    face = next((owner for start, owner in _OWN.items() if path.startswith(start)), Face.PORTAL)
    return origin_of(face)


def link(request: HttpRequest, path: str) -> str:
    """The whole address of a path, as somebody else opens it: under the name of its own face."""
    site = site_of(path)
    return site + path if site else request.build_absolute_uri(path)


def one_face_each(get_response: Answer) -> Answer:
    """The middleware: a host answers what is its face's, and says that there is nothing else. It stands before
    sessions, so that what is asked of the wrong host costs nothing and touches nobody's session."""

    def guarded(request: HttpRequest) -> HttpResponse:
        here = face_of(request)
        if here is None or answers(here, request.path):
            return get_response(request)
        request.refused_as = "wrong_host"  # type: ignore[attr-defined]
        return fault(request, 404, detail=_("There is nothing at this address under this name."))

    return guarded


def face_of(request: HttpRequest) -> Face | None:
    """Under which face's name a request comes in; None under one that all share."""
    name = request.get_host().partition(":")[0]
    return next((face for face in Face if host_of(face) == name), None)


def answers(face: Face, path: str) -> bool:
    """Whether a face has an address."""
    if path in _EVERYWHERE:
        return True
    own = next((owner for start, owner in _OWN.items() if path.startswith(start) or path == start.rstrip("/")), None)
    if own is not None:
        return own is face
    if path == "/" or path.startswith(_SHARED):
        return face in (Face.PORTAL, Face.CONSOLE)
    # Staff look at a shop as its people do in their own session; the portal's door admits nobody else there.
    return face is Face.PORTAL or (face is Face.CONSOLE and path.startswith("/portal/"))
