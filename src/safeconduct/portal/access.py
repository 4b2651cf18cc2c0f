"""The door of the portal: members of a seller only, one transaction that sees that seller's rows around each page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from safeconduct.kernel.decisions.errors import DecisionsError
from safeconduct.kernel.parties.errors import PartiesError
from safeconduct.kernel.parties.members import Membership, sellers_of
from safeconduct.kernel.parties.models import Seller, User
from safeconduct.kernel.scope import seller_scope
from safeconduct.kernel.ui.reader import read_as
from safeconduct.kernel.ui.views import fault
from safeconduct.portal.refusals import words_of
from safeconduct.portal.shell import shell_of

P = ParamSpec("P")
#: Which of a person's sellers is looked at; kept in the session.
CHOSEN: Final = "portal_seller"


class MemberRequest(HttpRequest):
    """A request behind the door: `user` acts for `seller`; `memberships` are all the sellers this person acts for."""

    user: User
    seller: Seller
    membership: Membership
    memberships: list[Membership]


View = Callable[Concatenate[MemberRequest, P], HttpResponseBase]


def member_page(*roles: str) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Admits members of a seller, where roles are given only those (an owner may do everything), and opens the scope
    of the seller around the view. Refusals of the kernel become a page with their reason and a way back."""

    def door(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = request.user
            if not user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            assert isinstance(user, User)
            memberships = sellers_of(user, at=timezone.now())
            if not memberships:
                if user.is_staff:
                    return HttpResponseRedirect(reverse("console:queue"))
                return fault(
                    request, 403, detail=_("Your account acts for no seller. Ask the shop's owner to add you.")
                )
            chosen = request.session.get(CHOSEN)
            membership = next((m for m in memberships if m.seller_key == chosen), memberships[0])
            if roles and membership.role not in {"owner", *roles}:
                return fault(
                    request, 403, detail=_("Your role does not include this. The shop's owner can give it to you.")
                )
            read_as(request, user.language, user.time_zone)
            try:
                with seller_scope(membership.seller_key):
                    request.seller = Seller.objects.get(key=membership.seller_key)  # type: ignore[attr-defined]
                    request.membership = membership  # type: ignore[attr-defined]
                    request.memberships = memberships  # type: ignore[attr-defined]
                    return view(request, *args, **kwargs)  # type: ignore[arg-type]
            except (DecisionsError, PartiesError) as problem:
                return refused(request, problem)

        return guarded

    return door


def page(
    request: MemberRequest, template: str, section: str, context: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """A portal page in its shell; `section` is the menu entry that is current. Rendered now, inside the scope."""
    shell = shell_of(request.user, request.seller, section)
    return render(request, template, {"shell": shell, "seller": request.seller, **context}, status=status)


def refused(request: HttpRequest, problem: DecisionsError | PartiesError) -> HttpResponse:
    """The page of a refusal: what it was, and the way out."""
    title, way_out = words_of(problem.code)
    context = {"title": title, "way_out": way_out, "back": reverse("portal:home")}
    return render(request, "portal/refused.html", context, status=problem.status)


def done(request: HttpRequest, text: str, target: str) -> HttpResponse:
    """After an action: says what was done, on the page that follows."""
    messages.success(request, text)
    response = HttpResponseRedirect(target)
    response.status_code = 303
    return response
