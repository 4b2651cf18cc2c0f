"""The door of the console: staff with a second factor only, one transaction of the login `staff` around each page.

Everything of a page, also its rendering, happens inside the scope; whoever is signed in is known before it opens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from safeconduct.console.refusals import words_of
from safeconduct.console.shell import shell_of
from safeconduct.console.words import role_name
from safeconduct.kernel.decisions.errors import DecisionsError
from safeconduct.kernel.notices.errors import NoticesError
from safeconduct.kernel.parties.errors import PartiesError
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.parties.sign_in import factor_of
from safeconduct.kernel.parties.staff import has_passkey, has_second_factor
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import staff_scope
from safeconduct.kernel.ui.views import fault

P = ParamSpec("P")
#: Requests that change nothing.
_LOOKING = ("GET", "HEAD", "OPTIONS")


class StaffRequest(HttpRequest):
    """A request behind the door: `user` is a member of staff."""

    user: User


View = Callable[Concatenate[StaffRequest, P], HttpResponseBase]


def staff_page(
    role: StaffRole = StaffRole.ANALYST, *, scoped: bool = True
) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Admits staff of at least this role, and opens their scope around the view.

    ``scoped``: False for a view that opens scopes itself, one for each thing it does: what one of them has done stays,
    whatever becomes of the next. Refusals of the kernel become a page with their status, its reason, and a way back.
    """

    def door(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            turned_away = _turn_away(request, role)
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


def _turn_away(request: HttpRequest, role: StaffRole) -> HttpResponse | None:
    user = request.user
    if not user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    assert isinstance(user, User)
    if not user.is_staff:
        return fault(
            request, 403, detail=_("The console is for the marketplace's staff. Your account is not one of them.")
        )
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
    if not user.may(role):
        text = _("This page needs the role %(role)s. An administrator can give it to you.")
        return fault(request, 403, detail=text % {"role": role_name(role)})
    return None


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
    """The page of a refusal: its status, what it was, and the way back. A protection's says its way out itself."""
    title, way_out = words_of(problem.code)
    detail = str(problem)
    if isinstance(problem, Refusal):
        way_out, detail = detail, ""
    context = {
        "status": problem.status, "title": title, "way_out": way_out, "detail": detail,
        "back": back_to(request, reverse("console:queue")),
    }  # fmt: skip
    return render(request, "console/refused.html", context, status=problem.status)


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
