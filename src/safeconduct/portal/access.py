"""The door of the portal: members of a seller only, one transaction that sees that seller's rows around each page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any, Final, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from safeconduct.kernel.decisions.errors import DecisionsError
from safeconduct.kernel.faces import Face, face_of, site_of
from safeconduct.kernel.member_pages import ROLES, MemberRequest
from safeconduct.kernel.notices.errors import NoticesError
from safeconduct.kernel.parties.errors import PartiesError
from safeconduct.kernel.parties.members import Membership, sellers_of
from safeconduct.kernel.parties.models import MemberRole, Seller, StaffLook, User
from safeconduct.kernel.parties.staff import has_second_factor
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import WRITE_REFUSED, looking_only, seller_scope
from safeconduct.kernel.ui.again import At, came_from, field_of, page_again, refusal_page
from safeconduct.kernel.ui.reader import read_as
from safeconduct.kernel.ui.views import fault
from safeconduct.portal import looking
from safeconduct.portal.looking import as_member, look_of, note_reading
from safeconduct.portal.refusals import words_of
from safeconduct.portal.shell import shell_of

#: Which of a person's sellers is looked at; kept in the session.
CHOSEN: Final = "portal_seller"
REFUSALS: Final = (DecisionsError, NoticesError, PartiesError, Refusal)


def door(view: Callable[..., Any]) -> Callable[..., HttpResponseBase]:
    """Admits members of a seller, where the view is for some roles only those, and opens the scope of the seller.

    Refusals of the kernel become a page with their reason and a way back.
    """
    roles: frozenset[str] | None = getattr(view, ROLES, None)

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        if not user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        assert isinstance(user, User)
        now = timezone.now()
        look = look_of(request, user, now)
        if look is not None and (turned_away := looking.refusal(request)) is not None:
            return turned_away
        if look is None and face_of(request) is Face.CONSOLE:
            return HttpResponseRedirect(site_of(request.path) + request.get_full_path())
        memberships = sellers_of(user, at=now) if look is None else [as_member(look, user)]
        if not memberships:
            return _acts_for_nobody(request, user)
        membership = _chosen(request, memberships)
        if look is None and _second_step_missing(user, membership):
            messages.warning(
                request, _("Set up a second step first: an authenticator app or a passkey. Then your shop opens.")
            )
            return HttpResponseRedirect(reverse("mfa_index"))
        if roles is not None and membership.role not in roles:
            return fault(
                request, 403, detail=_("Your role does not include this. The shop's owner can give you another.")
            )
        read_as(request, user.language, user.time_zone)
        mine = cast(MemberRequest, request)
        try:
            with _looked_at(request, look, user, now), seller_scope(membership.seller_key):
                mine.seller = Seller.objects.get(key=membership.seller_key)
                mine.membership, mine.memberships = membership, memberships
                mine.shell = SimpleLazyObject(lambda: shell_of(mine, look))  # type: ignore[assignment]
                return cast(HttpResponseBase, view(mine, *args, **kwargs))
        except REFUSALS as problem:
            return refused(request, problem)
        except WRITE_REFUSED:
            if look is None:
                raise
            return looking.changes_nothing(request)

    return guarded


@contextmanager
def _looked_at(request: HttpRequest, look: StaffLook | None, user: User, now: datetime) -> Iterator[None]:
    """Around a page that a member of staff opens as the seller: it is written down, and then nothing is."""
    if look is None:
        yield
        return
    note_reading(request, look, user, now)
    with looking_only():
        yield


def _chosen(request: HttpRequest, memberships: list[Membership]) -> Membership:
    """The seller that was chosen, as long as the person still acts for it; else the first."""
    chosen = request.session.get(CHOSEN)
    return next((m for m in memberships if m.seller_key == chosen), memberships[0])


def _second_step_missing(user: User, membership: Membership) -> bool:
    """Whether a password alone would open what the operator wants behind a second step (SAFECONDUCT_SECOND_STEP)."""
    near_money = membership.role in (MemberRole.OWNER, MemberRole.FINANCE)
    asked = settings.SECOND_STEP == "everyone" or (settings.SECOND_STEP == "money" and near_money)
    return asked and not has_second_factor(user)


def _acts_for_nobody(request: HttpRequest, user: User) -> HttpResponse:
    if user.is_staff:
        console = reverse("console:queue")
        return HttpResponseRedirect(site_of(console) + console)
    return fault(request, 403, detail=_("Your account acts for no seller. Ask the shop's owner to add you."))


def refused(request: HttpRequest, problem: DecisionsError | NoticesError | PartiesError | Refusal) -> HttpResponse:
    """What was refused, and the way out; a protection's refusal says that itself. A form's page stands once more."""
    title, way_out = words_of(problem.code)
    here = came_from(request) if request.method == "POST" else ""
    if not here:
        text = str(problem) if isinstance(problem, Refusal) else way_out
        return refusal_page(request, title, text, reverse("front_door"), status=problem.status)
    if isinstance(problem, Refusal):
        return page_again(request, problem, here, status=problem.status)
    return page_again(request, At(way_out, field_of(problem)), here, status=problem.status, title=title)
