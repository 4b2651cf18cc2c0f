"""The buyer's pages, behind a signed link: to open a dispute about one order and to follow it. In the buyer's language,
without an account, as wide as a telephone."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel import buyer_pages
from safeconduct.kernel.cases import referrals
from safeconduct.kernel.cases.words import Remedy, Role
from safeconduct.kernel.claim_pages import refunds_shown
from safeconduct.kernel.claims.orders import lines_of
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.outside_pages import of_buyer
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.reader import reader_of
from safeconduct.kernel.ui.views import fault
from safeconduct.protections.disputes import channels, facts, queries
from safeconduct.protections.disputes.burden import ClaimType, burdens
from safeconduct.protections.disputes.case_page import context_of
from safeconduct.protections.disputes.doing import Asked, do
from safeconduct.protections.disputes.errors import RequestMalformed
from safeconduct.protections.disputes.forms import OFFERED, EvidenceForm, OfferForm, minor_of, values_of
from safeconduct.protections.disputes.models import Dispute, Opened
from safeconduct.protections.disputes.opening import Request, open_disputes
from safeconduct.protections.disputes.reading import view_of
from safeconduct.protections.disputes.views import REFUSED
from safeconduct.protections.disputes.words import DONE, REMEDIES

_BUYER: Final = buyer_pages.BUYER


class BuyerRequest(HttpRequest):
    """A request behind a good link: `order` is what the link is for, `token` the link's."""

    order: facts.Order
    token: str


behind_the_link = buyer_pages.behind_the_link(lambda key: facts.orders([key]).get(key))


@require_GET
@behind_the_link
def show(request: BuyerRequest) -> HttpResponseBase:
    """The dispute of the order where there is one, else the form that opens one."""
    return _follow(request) if _latest(request) is not None and "again" not in request.GET else _form(request)


@require_POST
@behind_the_link
def open_one(request: BuyerRequest) -> HttpResponseBase:
    """Opens a dispute; what is wrong with it is told above the form, which keeps what was written."""
    given, order = request.POST, request.order
    try:
        asked = _asked(given.get("asked", ""))
        amount = None
        if asked is Remedy.PARTIAL_REFUND:
            amount = minor_of(given.get("amount", ""), order.currency)
        kind = given.get("type", "")
        if kind not in set(ClaimType):
            raise RequestMalformed("type", _("choose what is wrong"))
        number = len(queries.of_order(order.key))
        open_disputes(
            [
                Request(
                    f"link/{order.key}/{number}", order.key, ClaimType(kind), asked, _BUYER, Opened.LINK, amount,
                    given.get("words", "").strip(), language=get_language() or "",
                    lines=tuple(given.getlist("lines")),
                )
            ],
            at=timezone.now(),
        )  # fmt: skip
    except REFUSED as problem:
        return page_again(request, problem, f"{reverse('disputes:show', args=[request.token])}?again")
    messages.success(request, _("Your dispute is open. The shop has been told, and you can follow it here."))
    return _back(request)


@require_POST
@behind_the_link
def act(request: BuyerRequest, number: int, verb: str) -> HttpResponseBase:
    """Does a verb for the buyer; a refusal is told on the page, which keeps what was written."""
    found = _mine(request, number)
    if found is None:
        return fault(request, 404)
    try:
        if verb == "refer":
            actor = Actor(_BUYER.id, _BUYER.role, request.POST.get("words", ""))
            body = request.POST.get("body", "")
            referrals.refer(found.case_id, body, actor, at=timezone.now(), role=Role.BUYER)
            messages.success(request, _("Noted. Now file the case with the body yourself."))
            return _back(request)
        values, content, step = values_of(request, found)
        do(verb, Asked(found, Role.BUYER, _BUYER, values, content, step, values["currency"]), at=timezone.now())
    except REFUSED as problem:
        return page_again(request, problem, reverse("disputes:show", args=[request.token]))
    messages.success(request, str(DONE[verb]))
    return _back(request)


@require_GET
@behind_the_link
def piece(request: BuyerRequest, number: int, evidence_id: str) -> HttpResponseBase:
    """A piece of evidence, as a file to keep."""
    found = _mine(request, number)
    return fault(request, 404) if found is None else buyer_pages.served(found.case_id, evidence_id, Role.BUYER, None)


@require_GET
@behind_the_link
def export(request: BuyerRequest, number: int) -> HttpResponseBase:
    """The dispute as a ZIP: what the buyer may open, and the hashes."""
    found = _mine(request, number)
    return fault(request, 404) if found is None else buyer_pages.bundled(found.case_id, Role.BUYER, None)


def _form(request: BuyerRequest, *, status: int = 200) -> HttpResponse:
    language = get_language() or "en"
    context = {
        "order": request.order, "token": request.token, "seller": _seller(request), "given": request.POST,
        "lines": lines_of([request.order.key])[request.order.key].named, "chosen": request.POST.getlist("lines"),
        "types": [(kind.value, spoken(burden.title, language)) for kind, burden in burdens().items()],
        "asks": [(remedy.value, REMEDIES[remedy]) for remedy in sorted(OFFERED, key=_first)],
    }  # fmt: skip
    return render(request, "disputes/hosted/open.html", context, status=status)


def _first(remedy: Remedy) -> int:
    return 0 if remedy is Remedy.REFUND else 1


def _follow(request: BuyerRequest) -> HttpResponse:
    found = _latest(request)
    assert found is not None
    language, view = get_language() or "en", view_of(found, Role.BUYER, at=timezone.now())
    wanted = [
        (row.wanted.kind.value, spoken(row.wanted.shows, language))
        for row in view.help.rows
        if row.wanted.of is Role.BUYER
    ]
    context = {
        **context_of(view, language), "order": request.order, "seller": _seller(request),
        "base": f"{reverse('disputes:show', args=[request.token])}{found.number}/",
        "offer_form": OfferForm(view.case.currency), "evidence_form": EvidenceForm(wanted),
        "may_open_again": found.ended_at is not None, "reader": reader_of(request), "may_refer": True, "exports": True,
        "refunds": refunds_shown(channels.refunds_of(found.case_id)),
        "outside": of_buyer(view.case, language, timezone.now()),
    }  # fmt: skip
    context["refer_url"], context["outside_file"] = f"{context['base']}refer/", f"{context['base']}export/"
    context["stops"] = context["outside"].after(context["stops"])
    return render(request, "disputes/hosted/follow.html", context)


def _latest(request: BuyerRequest) -> Dispute | None:
    return next(iter(queries.of_order(request.order.key)), None)


def _mine(request: BuyerRequest, number: int) -> Dispute | None:
    return next((one for one in queries.of_order(request.order.key) if one.number == number), None)


def _seller(request: BuyerRequest) -> str:
    found = Seller.objects.filter(key=request.order.seller_key or 0).first()
    return found.name if found else ""


def _asked(word: str) -> Remedy:
    try:
        return Remedy(word)
    except ValueError:
        raise RequestMalformed("asked", _("choose what you would like")) from None


def _back(request: BuyerRequest) -> HttpResponse:
    response = HttpResponseRedirect(reverse("disputes:show", args=[request.token]))
    response.status_code = 303
    return response
