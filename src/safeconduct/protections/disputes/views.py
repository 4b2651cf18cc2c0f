"""The seller's pages of disputes: the list, and one dispute with everything that can be done about it.

Pages are read in the seller's scope. What a member does is done in an engine scope, after the door has said who they
are and the view for which roles it is.
"""

from __future__ import annotations

from typing import Final

from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.buyer_pages import bundled, served
from safeconduct.kernel.cases.errors import CasesError
from safeconduct.kernel.cases.words import Role, Turn
from safeconduct.kernel.claim_pages import claims_of
from safeconduct.kernel.claims.errors import ClaimsError
from safeconduct.kernel.member_pages import MemberRequest, done, only_for, page
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.outside_pages import of_seller
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.protection import Refusal, order_url
from safeconduct.kernel.record.proving import proof_of
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.parts import Choice, Filter, Page
from safeconduct.protections.disputes import automatic, queries
from safeconduct.protections.disputes.burden import ClaimType, burdens
from safeconduct.protections.disputes.case_page import context_of
from safeconduct.protections.disputes.doing import Asked, do
from safeconduct.protections.disputes.errors import NoSuchDispute
from safeconduct.protections.disputes.forms import AnswerForm, EvidenceForm, OfferForm, values_of
from safeconduct.protections.disputes.help import draft
from safeconduct.protections.disputes.models import Dispute
from safeconduct.protections.disputes.reading import View, view_of
from safeconduct.protections.disputes.words import DONE, TURNS

REFUSED: Final = (CasesError, ClaimsError, Refusal)


@require_GET
def disputes(request: MemberRequest) -> HttpResponse:
    """What waits for the seller, the nearest deadline first; then all, the newest first."""
    seller, open_only = request.seller.key, request.GET.get("open") == "1"
    found = queries.of_seller(seller, open_only=open_only, after=request.GET.get("after", ""))
    language = get_language() or "en"
    context = {
        "waiting": [_row(line, language) for line in queries.waiting(seller)],
        "rows": [_row(line, language) for line in found.lines], "page": Page(found.next, "", len(found.lines)),
        "filters": [
            Filter("open", _("State"), [Choice("1", _("open"))], "1" if open_only else "", everything=_("any"))
        ],
        "authorised": automatic.standing(seller), "may_authorise": request.membership.role in _AUTHORISE,
    }  # fmt: skip
    return page(request, "disputes/list.html", context)


_REFER: Final = (MemberRole.OWNER, MemberRole.SUPPORT, MemberRole.FINANCE)
_AUTHORISE: Final = (MemberRole.OWNER, MemberRole.SUPPORT)


def _row(line: queries.Line, language: str) -> dict[str, object]:
    tone, turn = TURNS[Turn(line.turn)]
    title = spoken(burdens()[ClaimType(line.type)].title, language)
    return {"line": line, "title": title, "tone": tone, "turn": turn}


@require_GET
def dispute(request: MemberRequest, case_id: str) -> HttpResponse:
    """One dispute."""
    return _page(request, _mine(case_id))


def _mine(case_id: str) -> Dispute:
    try:
        return queries.one(case_id)
    except NoSuchDispute:
        raise Http404 from None


def _page(request: MemberRequest, found: Dispute, *, status: int = 200) -> HttpResponse:
    view, language = view_of(found, Role.SELLER, at=timezone.now()), get_language() or "en"
    words, outside = draft(view.help), of_seller(view.case, language, timezone.now())
    context = {
        **context_of(view, language), "base": reverse("portal:disputes:dispute", args=[found.case_id]),
        "answer": AnswerForm(initial={"words": spoken(words, language) if words else ""}), "has_draft": bool(words),
        "offer_form": OfferForm(view.case.currency), "evidence_form": _evidence_form(view, language),
        "order_url": order_url(found.order_key), "authorised": automatic.standing(found.seller_key),
        "sent_under": found.sent_under, "exports": True, "outside": outside,
        "may_refer": request.membership.role in _REFER,
        "outside_file": reverse("portal:case_file", args=[found.case_id]),
        "claims": claims_of(found.order_key, language, here=found.case_id),
    }  # fmt: skip
    context["stops"] = outside.after(context["stops"])
    return page(request, "disputes/case.html", context, status=status)


def _evidence_form(view: View, language: str) -> EvidenceForm:
    wanted = [
        (row.wanted.kind.value, spoken(row.wanted.shows, language))
        for row in view.help.rows
        if row.wanted.of is view.role
    ]
    return EvidenceForm(wanted)


@require_POST
@only_for(
    MemberRole.SUPPORT,
    MemberRole.FULFILMENT,
    MemberRole.FINANCE,
    says=lazy("Answer a dispute, offer a solution, appeal"),
)
def act(request: MemberRequest, case_id: str, verb: str) -> HttpResponse:
    """Does a verb for the seller; a refusal is told on the page of the dispute, which keeps what was written."""
    found = _mine(case_id)
    here = reverse("portal:disputes:dispute", args=[case_id])
    try:
        with engine_scope():
            values, content, step = values_of(request, found)
            actor = Actor(request.user.id, "member")
            do(verb, Asked(found, Role.SELLER, actor, values, content, step, values["currency"]), at=timezone.now())
    except REFUSED as problem:
        return page_again(request, problem, here)
    return done(request, str(DONE[verb]), here)


@require_POST
@only_for(MemberRole.SUPPORT, says=lazy("Let the marketplace answer disputes from its records"))
def authorisation(request: MemberRequest) -> HttpResponse:
    """Gives or ends the standing authorisation to send what the records hold."""
    here, seller, person = reverse("portal:disputes:disputes"), request.seller.key, request.user.id
    with engine_scope():
        if request.POST.get("give"):
            automatic.authorise(seller, person, at=timezone.now())
            return done(request, _("Drafts are sent before a deadline ends, from now on."), here)
        automatic.end(seller, person, at=timezone.now())
    return done(request, _("Nothing is sent by itself any more."), here)


@require_GET
def piece(request: MemberRequest, case_id: str, evidence_id: str) -> HttpResponseBase:
    """A piece of evidence, as a file to keep."""
    return served(_mine(case_id).case_id, evidence_id, Role.SELLER, Actor(request.user.id, request.membership.role))


@require_GET
def export(request: MemberRequest, case_id: str) -> HttpResponseBase:
    """The dispute as a ZIP: what the seller may open, and the hashes."""
    return bundled(_mine(case_id).case_id, Role.SELLER, Actor(request.user.id, request.membership.role))


@require_GET
def proof(request: MemberRequest, case_id: str) -> HttpResponse:
    """The file with which anybody can check the outcome, offline."""
    case = view_of(_mine(case_id), Role.SELLER, at=timezone.now()).case
    with engine_scope():
        file = proof_of("case_outcome", case.outcome_id) if case.outcome_id else None
    if file is None:
        raise Http404
    response = JsonResponse(file, json_dumps_params={"indent": 1, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{case.outcome_id}.proof.json"'
    return response
