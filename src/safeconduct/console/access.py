"""The door of the console: staff with a second factor only, one transaction of the login `staff` around each page.

Everything of a page, also its rendering, happens inside the scope; whoever is signed in is known before it opens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import timedelta
from functools import wraps
from typing import Concatenate, Final, ParamSpec, cast

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from safeconduct.console.browsers import unfit
from safeconduct.console.refusals import words_of
from safeconduct.console.shell import shell_of
from safeconduct.console.words import role_name
from safeconduct.kernel.decisions.errors import DecisionsError
from safeconduct.kernel.notices.errors import NoticesError
from safeconduct.kernel.parties.errors import PartiesError
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.parties.session_guard import device_of_session, left_network
from safeconduct.kernel.parties.sign_in import factor_of
from safeconduct.kernel.parties.staff import has_passkey, has_second_factor
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import staff_scope
from safeconduct.kernel.ui.again import At, came_from, field_of, page_again, refusal_page
from safeconduct.kernel.ui.views import fault

P = ParamSpec("P")
#: So long an act needs no new proof of who acts; the house's own number.
_PROOF_HOLDS: Final = timedelta(hours=2)
#: Requests that change nothing.
_LOOKING = ("GET", "HEAD", "OPTIONS")


class StaffRequest(HttpRequest):
    """A request behind the door: `user` is a member of staff."""

    user: User


View = Callable[Concatenate[StaffRequest, P], HttpResponseBase]


def staff_page(
    role: StaffRole = StaffRole.ANALYST, *, scoped: bool = True, anywhere: bool = False
) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Admits staff of at least this role, and opens their scope around the view.

    ``scoped``: False for a view that opens scopes itself, one for each thing it does: what one of them has done stays,
    whatever becomes of the next. ``anywhere``: it opens in a browser that is not let in as well, for whoever asks for
    that. Refusals of the kernel become a page with their status, its reason, and a way back.
    """

    def door(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            turned_away = _turn_away(request, role, anywhere=anywhere)
            if turned_away is not None:
                return turned_away
            try:
                with staff_scope() if scoped else nullcontext():
                    return view(request, *args, **kwargs)  # type: ignore[arg-type]
            except (DecisionsError, NoticesError, PartiesError, Refusal) as problem:
                return refused(request, problem)

        return guarded

    return door


def signed_in_again(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Asks whoever comes to show anew who they are, unless they did so in the last minutes. Stands before the door."""
    return cast(Callable[..., HttpResponseBase], reauthentication_required(view))


def _turn_away(request: HttpRequest, role: StaffRole, *, anywhere: bool = False) -> HttpResponse | None:
    user = request.user
    if not user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    assert isinstance(user, User)
    if not user.is_staff:
        return fault(
            request, 403, detail=_("The console is for the marketplace's staff. Your account is not one of them.")
        )
    browser = unfit(request, user)
    if browser:
        return fault(request, 403, detail=browser)
    shown = factor_of(request, user)
    # The directory's word opens the console to look; whoever acts, and so moves money, shows a passkey of ours as well.
    if shown == "sso" and request.method not in _LOOKING:
        return _passkey_first(request, user, back_to(request, reverse("console:queue")))
    if shown != "sso" and not has_second_factor(user):
        messages.warning(
            request, _("Set up a second step first: an authenticator app or a passkey. Then the console opens.")
        )
        return HttpResponseRedirect(reverse("mfa_index"))
    if settings.STAFF_PASSKEY_ONLY and shown not in ("passkey", "sso"):
        return _passkey_first(request, user, request.get_full_path())
    if user.staff_role in settings.STAFF_DEVICES and not anywhere and not device_of_session(request)[1]:
        return HttpResponseRedirect(reverse("console:device"))
    if settings.STAFF_PASSKEY_ONLY and request.method not in _LOOKING:
        proved_elsewhere = _prove_again(request, user)
        if proved_elsewhere is not None:
            return proved_elsewhere
    if not user.may(role):
        text = _("This page needs the role %(role)s. An administrator can give it to you.")
        return fault(request, 403, detail=text % {"role": role_name(role)})
    return None


def _prove_again(request: HttpRequest, user: User) -> HttpResponse | None:
    """Acts ask anew for the passkey when it was shown too long ago, or in another network, which is judged as well;
    None where it holds."""
    shown_at = max(
        (one["at"] for one in get_authentication_records(request, user) if one.get("type") == "webauthn"), default=0.0
    )
    now, moved = timezone.now(), left_network(request)
    if not moved and shown_at + _PROOF_HOLDS.total_seconds() > now.timestamp():
        return None
    after = back_to(request, reverse("console:queue"))
    if moved and not get_adapter(request).acts_elsewhere(request, user, now):
        logout(request)
        messages.warning(
            request, _("This session went on in another network, and does not look like yours. Sign in again.")
        )
        return redirect_to_login(after)
    return _passkey_first(request, user, after)


def _passkey_first(request: HttpRequest, user: User, after: str) -> HttpResponse:
    """The way to show a passkey, or to set one up, and from there to ``after``."""
    acts = request.method not in _LOOKING
    if not has_passkey(user):
        messages.warning(
            request,
            _("Set up a passkey first: acts ask for one.")
            if acts
            else _("Set up a passkey first. Then the console opens."),
        )
        return HttpResponseRedirect(reverse("mfa_add_webauthn"))
    messages.info(
        request,
        _("Acts ask for your passkey. Confirm with it; then do it once more.") if acts
        else _("The console asks for your passkey."),
    )  # fmt: skip
    return redirect_to_login(after, reverse("mfa_reauthenticate_webauthn"))


def page(
    request: StaffRequest, template: str, section: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """A console page in its shell; `section` is the menu entry that is current. Rendered now, inside the scope."""
    return render(request, template, {"shell": shell_of(request.user, section), **context}, status=status)


def refused(request: HttpRequest, problem: DecisionsError | NoticesError | PartiesError | Refusal) -> HttpResponse:
    """What was refused, and the way out; a protection's refusal says that itself. A form's page stands once more."""
    title, way_out = words_of(problem.code)
    detail, status = str(problem), problem.status
    here = came_from(request) if request.method == "POST" else ""
    if isinstance(problem, Refusal):
        way_out, detail = detail, ""
    if not here:
        return refusal_page(
            request, title, way_out, back_to(request, reverse("console:queue")), status=status, detail=detail
        )
    title = "" if isinstance(problem, Refusal) else title
    return page_again(request, At(way_out, field_of(problem)), here, status=status, title=title, detail=detail)


def back_to(request: HttpRequest, default: str) -> str:
    """Where a form wants to return: its `back`, else the page it stood on, if that is ours; else `default`."""
    for target in (request.GET.get("back", ""), request.POST.get("back", ""), request.headers.get("Referer", "")):
        if target and url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
            return target
    return default


def done(request: HttpRequest, text: str, target: str) -> HttpResponse:
    """After an action: says what was done, on the page that follows."""
    messages.success(request, text)
    response = HttpResponseRedirect(target)
    response.status_code = 303
    return response
