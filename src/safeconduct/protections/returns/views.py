"""The seller's pages of returns: the list, one return with what left beside what came back, a claim on the fund."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, cast

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.buyer_pages import bundled, served
from safeconduct.kernel.cases.errors import CasesError
from safeconduct.kernel.cases.models import NEVER
from safeconduct.kernel.cases.words import Role, Status
from safeconduct.kernel.claim_pages import claims_of
from safeconduct.kernel.member_pages import MemberRequest, done, lasting_scope, only_for, page
from safeconduct.kernel.outside_pages import of_seller
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import Choice, Filter, Page, Step
from safeconduct.kernel.ui.reader import reader_of
from safeconduct.protections.returns import actions, hubs, queries, reimbursing, sheet
from safeconduct.protections.returns.errors import ReturnsError
from safeconduct.protections.returns.models import Reimbursement, Return
from safeconduct.protections.returns.portal_words import CLAIMED, HUB_PAYERS, REASONS, STATUSES
from safeconduct.protections.returns.uploads import bring, bring_label
from safeconduct.protections.returns.words import Claimed, Payer, Reason

CSV_HEAD: Final = (
    "return", "order", "requested_at", "reason", "state", "amount_minor", "currency", "received_at", "law_due_at",
)  # fmt: skip
#: Returns that wait for the seller, on top of the list.
_MOST_WAITING: Final = 20
#: Steps that need more than a word: each has a form of its own on the page.
_OWN_FORM: Final = frozenset({"keep_goods", "contest"})
REFUSALS: Final = (CasesError, ReturnsError)


@require_GET
def returns(request: MemberRequest) -> HttpResponseBase:
    """What waits for the seller, the nearest deadline first; the list, with filters; as CSV too."""
    status = request.GET.get("status", "")
    wanted = queries.Filtered(
        request.seller.key, status if status in set(Status) else "", bool(request.GET.get("todo"))
    )
    if request.GET.get("format") == "csv":
        return _csv(request, wanted)
    found = queries.returns_page(wanted, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    waiting = queries.waiting(request.seller.key, _MOST_WAITING) if not request.GET else []
    due = queries.due([*waiting, *found.items])
    waiting.sort(key=lambda one: due.get(one.case_id, NEVER))
    context = {
        "waiting": [_row(one, due) for one in waiting], "rows": [_row(one, due) for one in found.items],
        "page": Page(found.next, found.previous, len(found.items)),
        "filters": [
            Filter("status", _("State"), [Choice(s.value, word) for s, (_tone, word) in STATUSES.items()], status),
            Filter("todo", _("Waits for"), [Choice("1", _("you"))], request.GET.get("todo", ""), _("anybody")),
        ],
        "filtered": bool(wanted.status or wanted.waits),
    }  # fmt: skip
    return page(request, "returns/returns.html", context)


def _row(one: Return, due: Mapping[str, datetime]) -> dict[str, object]:
    return {
        "one": one, "status": STATUSES[Status(one.case.status)], "reason": REASONS[Reason(one.reason)],
        "due_at": due.get(one.case_id),
    }  # fmt: skip


def _csv(request: MemberRequest, wanted: queries.Filtered) -> HttpResponseBase:
    def read(after: str) -> tuple[list[Row], str]:
        found = queries.returns_page(wanted, after=after, size=1000)
        return [
            (
                one.id, one.order_ref, one.requested_at.isoformat(), one.reason, one.case.state, one.amount_minor,
                one.currency, one.received_at.isoformat() if one.received_at else "",
                one.law_due_at.isoformat() if one.law_due_at else "",
            )
            for one in found.items
        ], found.next  # fmt: skip

    return stream("returns", CSV_HEAD, read, lasting_scope(request))


@require_GET
def one(request: MemberRequest, return_id: str) -> HttpResponse:
    """One return: what left beside what came back, the lines, where it stands, what to do, how it ended."""
    returned, reader = _mine(return_id), reader_of(request)
    claim = queries.reimbursement_of(returned)
    steps = sheet.steps_of(returned, Role.SELLER, reader.language)
    outside = of_seller(returned.case, reader.language, timezone.now())
    claim_outside = None if claim is None else of_seller(claim.case, reader.language, timezone.now())
    names = {name for name, _title, _words in steps}
    context = {
        **sheet.of_return(returned, reader, Role.SELLER), "exports": True,
        "base": reverse("portal:returns:return", args=[returned.id]),
        "steps": [one for one in steps if one[0] not in _OWN_FORM],
        "may_contest": "contest" in names, "may_keep": "keep_goods" in names, "seen": returned.case.step,
        **_places(returned),
        "claim": None if claim is None else {"row": claim, "ground": CLAIMED[Claimed(claim.ground)]},
        "claim_sheet": None if claim is None else sheet.of_case(claim.case, reader.language),
        "may_claim": claim is None and _may_claim(returned), "grounds": list(CLAIMED.items()),
        "acts": request.membership.role in (MemberRole.OWNER, MemberRole.FULFILMENT, MemberRole.SUPPORT),
        "may_refer": request.membership.role in (MemberRole.OWNER, MemberRole.SUPPORT, MemberRole.FINANCE),
        "outside": outside, "outside_file": reverse("portal:case_file", args=[returned.case_id]),
        "claims": claims_of(returned.order_key, reader.language, here=returned.id),
        "claim_outside": claim_outside, "claim_file": claim and reverse("portal:case_file", args=[claim.case_id]),
    }  # fmt: skip
    context["stops"] = outside.after(_stops(context))
    return page(request, "returns/return.html", context)


def _places(returned: Return) -> dict[str, object]:
    """Whether the seller can say where it goes, and to which of the marketplace's local addresses."""
    may = returned.case.state in hubs.NOT_SENT and not returned.no_travel
    found = hubs.choices(returned, timezone.now()) if may else []
    return {
        "may_direct": may,
        "hubs": [{"hub": hub, "pays": HUB_PAYERS[Payer(hub.paid_by)]} for hub in found],
    }


def _stops(context: Mapping[str, object]) -> Sequence[Step]:
    """The stepper of the return itself."""
    return cast("Sequence[Step]", context["stops"])


@require_GET
def case_page(request: MemberRequest, case_id: str) -> HttpResponse:
    """The page of a case, where a message leads: of the return, or of the return a claim on the fund is about."""
    found = Return.objects.filter(case_id=case_id).values_list("id", flat=True).first()
    found = found or Reimbursement.objects.filter(case_id=case_id).values_list("returned_id", flat=True).first()
    if found is None:
        raise Http404
    return HttpResponseRedirect(reverse("portal:returns:return", args=[found]))


@require_POST
@only_for(MemberRole.FULFILMENT, MemberRole.SUPPORT, says=lazy("Accept, contest or inspect a return"))
def step(request: MemberRequest, return_id: str, name: str) -> HttpResponse:
    """The seller's step on a return; a refusal is said on the page it came from."""
    returned = _mine(return_id)
    url = reverse("portal:returns:return", args=[returned.id])
    actor = Actor(request.user.id, "seller", request.POST.get("reason", "").strip())
    seen_step, at = _number(request.POST.get("seen", "")), timezone.now()
    try:
        with engine_scope():
            if name == "contest":
                bring(returned, request.FILES.getlist("files"), Role.SELLER, actor, at=at, wanted=True)
            if name == "keep_goods":
                rule = request.POST.get("rule", "")
                actions.keep_goods(
                    returned.id, actor, Role.SELLER, rule, Payer.SELLER, at=at, seen_step=seen_step
                )  # fmt: skip
            else:
                given = {field: request.POST.get(field, "") for field in ("send_to", "hub", "carrier", "tracking")}
                actions.step(returned.id, name, actor, Role.SELLER, at=at, seen_step=seen_step, **given)
    except REFUSALS as problem:
        return _again(request, problem, returned)
    return done(request, _("Done. The other side reads what you wrote."), url)


@require_POST
@only_for(MemberRole.FULFILMENT, MemberRole.SUPPORT, says=lazy("Say where a return goes, and give its label"))
def address(request: MemberRequest, return_id: str) -> HttpResponse:
    """Where the parcel goes, and the label to send it with."""
    returned, at, place = _mine(return_id), timezone.now(), request.POST.get("place", "")
    url = reverse("portal:returns:return", args=[returned.id])
    try:
        with engine_scope():
            if not place or place != returned.at_hub_id:
                actions.direct(
                    returned.id, request.POST.get("send_to", ""), request.POST.get("hub", ""), at=at, hub_id=place
                )
            bring_label(returned, request.FILES.getlist("label"), Actor(request.user.id, "seller"), at=at)
    except REFUSALS as problem:
        return _again(request, problem, returned)
    return done(request, _("Noted. The buyer sees it on the page of the return."), url)


@require_POST
@only_for(MemberRole.FULFILMENT, MemberRole.SUPPORT, says=lazy("Write to the buyer about a return"))
def say(request: MemberRequest, return_id: str) -> HttpResponse:
    """Writes to the buyer."""
    returned = _mine(return_id)
    url = f"{reverse('portal:returns:return', args=[returned.id])}#conversation"
    try:
        with engine_scope():
            actor = Actor(request.user.id, "seller")
            words, ready = request.POST.get("words", ""), request.POST.get("template", "")
            actions.say(returned.id, actor, Role.SELLER, words, at=timezone.now(), template=ready)
    except REFUSALS as problem:
        return _again(request, problem, returned)
    return done(request, _("Sent. The buyer is told that there is a message."), url)


@require_GET
def piece(request: MemberRequest, return_id: str, evidence_id: str) -> HttpResponseBase:
    """A piece of evidence, as a file to keep."""
    return served(_mine(return_id).case_id, evidence_id, Role.SELLER, Actor(request.user.id, request.membership.role))


@require_GET
def export(request: MemberRequest, return_id: str) -> HttpResponseBase:
    """The return as a ZIP: what the seller may open, and the hashes."""
    return bundled(_mine(return_id).case_id, Role.SELLER, Actor(request.user.id, request.membership.role))


@require_POST
@only_for(
    MemberRole.FULFILMENT, MemberRole.SUPPORT, MemberRole.FINANCE, says=lazy("Ask the fund for the money of a return")
)
def reimbursement(request: MemberRequest, return_id: str) -> HttpResponse:
    """The seller claims on the fund."""
    returned = _mine(return_id)
    url = reverse("portal:returns:return", args=[returned.id])
    given = request.POST.get("ground", "")
    actor = Actor(request.user.id, "seller", request.POST.get("reason", "").strip())
    try:
        if given not in set(Claimed):
            raise ReturnsError(_("Choose why you claim."), "ground")
        with engine_scope():
            reimbursing.file(returned.id, Claimed(given), actor, at=timezone.now())
    except REFUSALS as problem:
        return _again(request, problem, returned)
    return done(request, _("Your claim is with a person now. You are told of the decision, with its reasons."), url)


def _may_claim(returned: Return) -> bool:
    try:
        return bool(reimbursing.most_of(returned, Claimed.ABUSE, timezone.now()))
    except ReturnsError:
        return False


def _mine(return_id: str) -> Return:
    found = queries.return_of(return_id)
    if found is None:
        raise Http404
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _again(request: MemberRequest, problem: Exception, returned: Return) -> HttpResponse:
    """The page of the return, with why a step was refused and what was written for it."""
    here = reverse("portal:returns:return", args=[returned.id])
    return page_again(request, problem, here)
