"""The member's page about their own data: to ask for it, to follow what was asked, to fetch an archive."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.member_pages import MemberRequest, done, page
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.ui.again import page_again
from safeconduct.protections.data_security.desk_errors import DataSecurityError, NotThere
from safeconduct.protections.data_security.requests import actions, queries
from safeconduct.protections.data_security.requests.archives import GOOD_FOR
from safeconduct.protections.data_security.requests.files import served
from safeconduct.protections.data_security.requests.models import DataRequest
from safeconduct.protections.data_security.requests.terms import law_of
from safeconduct.protections.data_security.requests.words import KINDS, STATES, Kind, State


@require_GET
def mine(request: MemberRequest) -> HttpResponse:
    """What this person asked about their own data, and the form to ask more."""
    return _page(request)


@require_POST
def ask(request: MemberRequest) -> HttpResponse:
    """Asks; the person is signed in, which says who asks."""
    given = request.POST.get("kind", "")
    try:
        if given not in set(Kind):
            raise DataSecurityError(_("Choose what you want."), "kind")
        with engine_scope():
            actions.ask_as_member(
                request.user, request.seller.key, request.seller.country, Kind(given), request.POST.get("words", ""),
                Actor(request.user.id, "member"), at=timezone.now(),
            )  # fmt: skip
    except DataSecurityError as problem:
        return page_again(request, problem, reverse("portal:data_security:my_data"), status=problem.status)
    return done(request, _("Asked for. You can follow it here."), reverse("portal:data_security:my_data"))


@require_POST
def withdraw(request: MemberRequest, request_id: str) -> HttpResponse:
    """The person does not want it any more."""
    url = reverse("portal:data_security:my_data")
    try:
        with engine_scope():
            found = _mine(request, request_id)
            actions.withdraw(found.id, Actor(request.user.id, "member"), at=timezone.now())
    except DataSecurityError as problem:
        return page_again(request, problem, url)
    return done(request, _("Withdrawn."), url)


@require_GET
def archive(request: MemberRequest, request_id: str) -> HttpResponseBase:
    """The archive, for the person who asked and nobody else, whatever their role."""
    with engine_scope():
        found = _mine(request, request_id)
        return served(found, actions.fetched(found, Actor(request.user.id, "member"), at=timezone.now()))


@require_GET
def receipt(request: MemberRequest, request_id: str) -> HttpResponseBase:
    """What was erased and what stays, signed; for the person who asked."""
    with engine_scope():
        found = _mine(request, request_id)
        return served(found, actions.receipts_of(found, Actor(request.user.id, "member"), at=timezone.now()))


def _page(request: MemberRequest, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    rows = [
        {
            "one": one, "kind": KINDS[one.kind], "tone": STATES[one.state][0], "word": STATES[one.state][1],
            "law": law_of(one.rule), "kept": queries.kept_in(one.statement),
            "gone": queries.gone_in(one.statement), "says": one.statement.get("says", ""),
            "longer": one.statement.get("extended_because", ""), "fetch": _may_fetch(one, now),
            "may_withdraw": one.open and one.state != State.APPROVED,
            "receipt": _receipt_url(one),
        }
        for one in queries.of_person(request.user.id)
    ]  # fmt: skip
    context = {"rows": rows, "kinds": list(KINDS.items()), "given": request.POST}
    return page(request, "data_security/my_data.html", context, status=status)


def _receipt_url(one: DataRequest) -> str:
    return reverse("portal:data_security:my_receipt", args=[one.id]) if one.statement.get("receipts") else ""


def _may_fetch(one: DataRequest, now: datetime) -> bool:
    """Whether there is an archive that is still good; the archive itself is not for the seller's scope to see."""
    return "sha256" in one.statement and one.answered_at is not None and now <= one.answered_at + GOOD_FOR


def _mine(request: MemberRequest, request_id: str) -> DataRequest:
    found = queries.request_of(request_id)
    if found is None or found.person_id != request.user.id:
        raise NotThere
    return found
