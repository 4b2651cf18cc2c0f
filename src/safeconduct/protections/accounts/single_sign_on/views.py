"""The way to the company's directory and back.

What was asked is kept in the session for ten minutes under its `state`, and taken out by the first answer. From there
on it is a sign-in like any other: judged, with a second step unless the directory vouches for one, a session, a notice.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.parties import directory_sessions, identities
from safeconduct.kernel.parties.directory import Directory
from safeconduct.kernel.parties.identities import Admitted, NotAdmitted, SignOnRefused
from safeconduct.kernel.parties.members import sellers_of
from safeconduct.kernel.parties.security_events import Level
from safeconduct.kernel.scope import engine_scope, visitor_scope
from safeconduct.protections.accounts.single_sign_on import id_token, logout_token, provider
from safeconduct.protections.accounts.single_sign_on.errors import Fault, SignOnFailed

_ASKED: Final = "single_sign_on"
_ASKED_S: Final = 600
#: So many questions of one browser are open at once: tabs.
_AT_ONCE: Final = 5
_LOG: Final = logging.getLogger(__name__)

_UNTRUSTED: Final = lazy("The answer of your company's sign-in could not be accepted. Start again from this page.")
_WORDS: Final[Mapping[str, str | Promise]] = {
    Fault.UNREACHABLE: lazy("Your company's sign-in does not answer. Try again in a minute, or sign in here."),
    Fault.REFUSED: lazy("Your company's sign-in did not let you in."),
    NotAdmitted.ADDRESS: lazy(
        "Your company's sign-in gives no confirmed e-mail address, so we do not know who you are."
    ),
    NotAdmitted.DOMAIN: lazy("Your e-mail address is not of the company whose staff may come in this way."),
    NotAdmitted.NO_ACCOUNT: lazy("You have no account of the staff here yet. An administrator can invite you."),
    NotAdmitted.SHUT_OUT: lazy("Your account is closed. An administrator can open it again."),
    NotAdmitted.ANOTHER: lazy("Somebody else at your company signs in to this account. Ask an administrator."),
    NotAdmitted.NO_ROLE: lazy("Your company's directory gives you no role here. Ask whoever keeps it."),
}


@never_cache
@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """Sends somebody to the directory, with what only its answer to this browser can match."""
    directory = _directory()
    if request.user.is_authenticated:
        return HttpResponseRedirect(reverse("front_door"))
    try:
        known = provider.provider_of(directory)
    except SignOnFailed as problem:
        return _failed(request, problem)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    _keep(request, state, {"nonce": nonce, "verifier": verifier, "next": _next(request)}, timezone.now())
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code", "client_id": directory.client_id, "redirect_uri": _back(request), "state": state,
        "scope": "openid email profile", "max_age": str(int(id_token.OLDEST_PROOF.total_seconds())), "nonce": nonce,
        "code_challenge_method": "S256", "code_challenge": challenge,
    }  # fmt: skip
    return HttpResponseRedirect(f"{known.authorize}{'&' if '?' in known.authorize else '?'}{urlencode(asked)}")


@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """The directory's answer: whose account it opens, and then the sign-in goes on as every other."""
    directory, now = _directory(), timezone.now()
    if request.user.is_authenticated:
        return HttpResponseRedirect(reverse("front_door"))
    try:
        asked = _taken(request, now)
        claims = _claims(request, directory, asked, now)
        with visitor_scope():
            admitted = identities.admit(directory, claims, now)
    except SignOnFailed as problem:
        return _failed(request, problem)
    except SignOnRefused as problem:
        _LOG.warning("single sign-on refused: %s", problem.why.value)
        if problem.person is not None:
            get_adapter(request).tell(
                request, problem.person, "sign_on_refused", Level.NOTICE, {"why": problem.why}, now
            )
        return _to_sign_in(request, _WORDS[problem.why])
    _tell(request, admitted, now)
    # Whoever acts for a shop besides shows our second step: the directory answers for the marketplace's own pages only.
    vouched = directory.vouches(claims) and not sellers_of(admitted.person, at=now)
    directory_sessions.remember(request, admitted.person, directory.issuer, claims)
    record_authentication(request, admitted.person, "sso", **({"type": "sso"} if vouched else {}))
    login = Login(admitted.person, email_verification="none", redirect_url=asked["next"] or None)
    response: HttpResponse = perform_login(request, login)
    return response


@csrf_exempt
@never_cache
@require_POST
def signed_out(request: HttpRequest) -> HttpResponse:
    """The directory says, behind the browser's back, that somebody signed out there: what they began here with it ends.
    Whoever says so is believed for its signature alone."""
    directory, now = _directory(), timezone.now()
    try:
        known = provider.provider_of(directory)
        token = request.POST.get("logout_token", "")
        told = logout_token.read(token, directory, lambda key: provider.keys_of(directory, known, key), now)
    except SignOnFailed as problem:
        _LOG.warning("sign-out at the directory refused: %s", problem)
        # One that cannot be checked now may be sent again; one that does not hold never holds.
        status = 503 if problem.fault is Fault.UNREACHABLE else 400
        return JsonResponse({"error": "invalid_request", "error_description": problem.fault.value}, status=status)
    with engine_scope():
        directory_sessions.sign_out(directory.issuer, told.subject, told.session, told.began_until, now)
    return HttpResponse(status=200)


def _claims(request: HttpRequest, directory: Directory, asked: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    known = provider.provider_of(directory)
    issuer, code = request.GET.get("iss"), request.GET.get("code", "")
    if issuer != directory.issuer and (issuer is not None or known.says_issuer):
        raise SignOnFailed(Fault.ISSUER, "the answer is of another directory")
    if "error" in request.GET or not code:
        raise SignOnFailed(Fault.REFUSED, request.GET.get("error", "no code")[:40])
    token = provider.identity_token(directory, known, code, asked["verifier"], _back(request))
    return id_token.read(token, directory, lambda key: provider.keys_of(directory, known, key), asked["nonce"], at)


def _tell(request: HttpRequest, admitted: Admitted, at: datetime) -> None:
    tell = get_adapter(request).tell
    if admitted.linked:
        tell(request, admitted.person, "identity_linked", Level.ALERT, {"made": admitted.made}, at)
    if admitted.role_before is not None:
        facts = {"from": admitted.role_before, "to": admitted.person.staff_role, "by": "directory"}
        tell(request, admitted.person, "role_changed", Level.ALERT, facts, at)


def _directory() -> Directory:
    found: Directory | None = settings.DIRECTORY
    if found is None:
        raise Http404
    return found


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("single_sign_on_back"))


def _next(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is ours."""
    wanted = request.GET.get("next", "")[:2000]
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else ""


def _keep(request: HttpRequest, state: str, asked: dict[str, Any], at: datetime) -> None:
    open_ones = dict(request.session.get(_ASKED) or {})
    newest = sorted(open_ones, key=lambda key: open_ones[key]["at"])[-(_AT_ONCE - 1) :]
    request.session[_ASKED] = {key: open_ones[key] for key in newest} | {state: {**asked, "at": at.timestamp()}}


def _taken(request: HttpRequest, at: datetime) -> dict[str, Any]:
    """What was asked under the answer's `state`; it is good for one answer. Raises SignOnFailed."""
    open_ones = dict(request.session.get(_ASKED) or {})
    asked: dict[str, Any] | None = open_ones.pop(request.GET.get("state", ""), None)
    request.session[_ASKED] = open_ones
    if asked is None or asked["at"] + _ASKED_S < at.timestamp():
        raise SignOnFailed(Fault.STATE, "this browser has not asked, or too long ago")
    return asked


def _failed(request: HttpRequest, problem: SignOnFailed) -> HttpResponse:
    _LOG.warning("single sign-on failed: %s", problem)
    return _to_sign_in(request, _WORDS.get(problem.fault, _UNTRUSTED))


def _to_sign_in(request: HttpRequest, text: str | Promise) -> HttpResponse:
    messages.error(request, str(text))
    return HttpResponseRedirect(reverse("account_login"))
