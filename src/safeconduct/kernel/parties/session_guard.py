"""The guard of sessions, once for each request: one that has ended, or whose time is over, opens nothing.

It also gives a session a new key once its person has confirmed who they are, so that a key somebody saw before is
worth nothing afterwards, writes down that a person has signed out, keeps pages out of caches, and opens nothing but the
account's own pages to who signed in with a password that thieves know, until it is another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from safeconduct.kernel.parties import attempts, sessions
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.security_events import Level, Origin
from safeconduct.kernel.parties.sessions import Ended
from safeconduct.kernel.parties.traits import network_of
from safeconduct.kernel.scope import visitor_scope

#: What ends a session at once, and is told: reason → kind of event.
_STOLEN: Final[Mapping[Ended, str]] = {Ended.MOVED: "session_moved", Ended.OFF_DEVICE: "session_off_device"}
#: What a browser forgets when a session is over (W3C, *Clear Site Data*). Not cookies: a known browser stays known.
CLEARED: Final = '"cache", "storage"'

#: Where a session keeps that its person has to choose another password before anything else.
MUST_CHANGE: Final = "password_must_change"
#: Where a session keeps in which network its person last showed who they are.
_PROVED_IN: Final = "proved_in"
_OPEN_BEFORE: Final = ("/accounts/", "/static/", "/ui/")

Answer = Callable[[HttpRequest], HttpResponse]

_WHY: Final[Mapping[Ended, str | Promise]] = {
    Ended.IDLE: lazy("You were signed out because nothing was done for a while."),
    Ended.EXPIRED: lazy("You were signed out because a session lasts only so long."),
    Ended.TOO_MANY: lazy("You were signed out because you signed in in more than five places."),
    Ended.REVOKED: lazy("This session was ended from another one."),
    Ended.FACTOR_CHANGED: lazy("You were signed out here because your second step was changed elsewhere."),
    Ended.CREDENTIAL_CHANGED: lazy("You were signed out because your password was changed."),
    Ended.NOT_ME: lazy("This session was ended because somebody said that it was not theirs."),
    Ended.MOVED: lazy("This session went on in another browser and another network. Sign in again."),
    Ended.BY_STAFF: lazy("The marketplace has ended your sessions; why stands under Security. Sign in again."),
    Ended.BY_OWNER: lazy("An owner of your shop has ended your sessions. Sign in again."),
    Ended.OFF_DEVICE: lazy("This session was used outside the browser in which it began. Sign in again."),
    Ended.BY_DIRECTORY: lazy("You signed out at your company, and so here as well."),
    Ended.LOCKED: lazy(
        "You were signed out because two things happened that together take an account over. Sign in again; payouts "
        "wait until the marketplace has looked at it."
    ),
    Ended.LEFT: lazy("You were signed out because your access has ended."),
}


class AccessEnded(Exception):
    """Whoever reads a long answer may not do so any more; it breaks off there."""


def session_guard(get_response: Answer) -> Answer:
    """The middleware. It stands after those of sessions, sign-in and messages."""

    def guarded(request: HttpRequest) -> HttpResponse:
        # Who sends no cookie has no session; asking for one would make answers of the API differ by cookie.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return get_response(request)
        assert isinstance(request.user, User)
        identity = _admitted(request, request.user)
        if not identity:
            response = get_response(request)
            response.headers["Clear-Site-Data"] = CLEARED
            return response
        request.sign_in_id = identity  # type: ignore[attr-defined]
        if request.session.get(MUST_CHANGE) and not request.path.startswith(_OPEN_BEFORE):
            messages.warning(request, _("Your password has come to light in a breach. Choose another; then you go on."))
            return HttpResponseRedirect(reverse("account_change_password"))
        person_id, key, confirmed = request.user.id, request.session.session_key, _confirmations(request)
        response = get_response(request)
        # What was read while signed in stays in no cache; what says how long it may be kept knows better.
        response.headers.setdefault("Cache-Control", "private, no-store")
        if _afterwards(request, identity, person_id, key, confirmed):
            response.headers["Clear-Site-Data"] = CLEARED
        return response

    return guarded


def session_of(request: HttpRequest) -> str:
    """The id of the session a request belongs to; empty where it has none."""
    return getattr(request, "sign_in_id", "")


def device_of_session(request: HttpRequest) -> tuple[str, bool]:
    """The known browser that a request's session began in (empty where none is known), and whether it is let in for
    the staff."""
    found: tuple[str, bool] = getattr(request, "session_device", ("", False))
    return found


def proved_here(request: HttpRequest) -> None:
    """The person has just shown who they are, in this network."""
    request.session[_PROVED_IN] = network_of(origin_of_request(request).address)


def left_network(request: HttpRequest) -> bool:
    """Whether this session goes on in another network than that in which its person last showed who they are."""
    return bool(request.session.get(_PROVED_IN) != network_of(origin_of_request(request).address))


def origin_of_request(request: HttpRequest) -> Origin:
    """Where a request comes from."""
    return Origin(str(get_adapter(request).get_client_ip(request) or ""), request.headers.get("User-Agent", ""))


def _admitted(request: HttpRequest, person: User) -> str:
    """The id of the session, in use from now on; empty where it has ended, and then nobody is signed in."""
    now, key, here = timezone.now(), request.session.session_key or "", origin_of_request(request)
    with visitor_scope():
        found = sessions.look_up(person.id, key, now)
        if found is None:
            return sessions.begin(person.id, key, here, now)[0]
        over = found.over or _stolen(request, person, found, here)
        if found.ended is None and over is None:
            request.session_time = (found.idle_s, found.left_s)  # type: ignore[attr-defined]
            request.session_device = (found.device_id, found.enrolled)  # type: ignore[attr-defined]
            if found.stale:
                sessions.seen(found.id, now)
            return found.id
        ends_now = found.ended is None and over is not None and sessions.end(found.id, person.id, over, now)
    auth.logout(request)
    if ends_now and over is not None and over in _STOLEN:
        get_adapter(request).tell(request, person, _STOLEN[over], Level.ALERT, {"session": found.id}, now)
    told = _WHY.get(found.ended or over or Ended.SIGNED_OUT)
    if told:
        messages.warning(request, str(told))
    return ""


def _stolen(request: HttpRequest, person: User, found: sessions.Session, here: Origin) -> Ended | None:
    """Why a session looks stolen: it goes on elsewhere (S11), or without the cookie of the browser it began in (S12),
    which is set with it, lasts longer, and has its own name for each person."""
    token = attempts.cookie_of(request.COOKIES, person.id)
    if found.device is not None and not attempts.is_of(token, found.device):
        return Ended.OFF_DEVICE
    return Ended.MOVED if sessions.has_moved(found.origin, here) else None


def _afterwards(request: HttpRequest, identity: str, person_id: str, key: str | None, confirmed: int) -> bool:
    """Writes down what the request has done to the session; whether the person is signed out now."""
    if request.session.get(auth.SESSION_KEY) != person_id:
        with visitor_scope():
            sessions.end(identity, person_id, Ended.SIGNED_OUT, timezone.now())
        return True
    if _confirmations(request) > confirmed:
        proved_here(request)
        request.session.cycle_key()
    if request.session.session_key not in (key, None):
        with visitor_scope():
            sessions.rotated(identity, request.session.session_key)
    return False


def _confirmations(request: HttpRequest) -> int:
    """How often the person has shown in this session who they are."""
    return len(request.session.get(AUTHENTICATION_METHODS_SESSION_KEY) or ())
