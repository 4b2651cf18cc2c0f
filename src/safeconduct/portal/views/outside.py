"""A case that its seller takes to a body outside the marketplace."""

from __future__ import annotations

from typing import Final

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.buyer_pages import bundled
from safeconduct.kernel.cases import queries, referrals
from safeconduct.kernel.cases.errors import CasesError, NoSuchCase
from safeconduct.kernel.cases.models import Case
from safeconduct.kernel.cases.telling import url_of
from safeconduct.kernel.cases.words import Role
from safeconduct.kernel.member_pages import MemberRequest, done, only_for
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.ui.again import page_again

#: Who may turn outside for a seller, beside its owner.
ROLES: Final = (MemberRole.SUPPORT, MemberRole.FINANCE)


@require_POST
@only_for(*ROLES, says=lazy("Take a case to a body outside the marketplace"))
def refer(request: MemberRequest, case_id: str) -> HttpResponse:
    """Takes a case to a body; a refusal is told on the page of the case, which keeps what was written."""
    case = _mine(case_id)
    here = f"{url_of(case.kind, case.id)}#outside"
    actor = Actor(request.user.id, "seller", request.POST.get("words", ""))
    try:
        with engine_scope():
            referrals.refer(case.id, request.POST.get("body", ""), actor, at=timezone.now())
    except CasesError as problem:
        return page_again(request, problem, here)
    return done(request, _("Noted. Now file the case with the body, with the file of the case."), here)


@require_GET
def file(request: MemberRequest, case_id: str) -> HttpResponseBase:
    """The case as a ZIP, for the body: what the seller may open, and the hashes."""
    return bundled(_mine(case_id).id, Role.SELLER, Actor(request.user.id, request.membership.role))


def _mine(case_id: str) -> Case:
    try:
        return queries.case(case_id)
    except NoSuchCase:
        raise Http404 from None
