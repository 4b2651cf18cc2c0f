"""The buyer's pages, behind a signed link: to ask for a return, to send it, to follow it and to contest how it ended.
In the buyer's language, without an account, as wide as a telephone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel import buyer_pages
from safeconduct.kernel.cases import referrals
from safeconduct.kernel.cases.errors import CasesError
from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.cases.words import Role, Status
from safeconduct.kernel.claim_pages import refunds_shown
from safeconduct.kernel.claims.errors import ClaimsError
from safeconduct.kernel.claims.orders import lines_of
from safeconduct.kernel.decisions.errors import DecisionsError
from safeconduct.kernel.outside_pages import of_buyer
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.scope import Actor, savepoint
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.parts import Step
from safeconduct.kernel.ui.reader import reader_of
from safeconduct.kernel.ui.views import fault
from safeconduct.protections.returns import actions, advice, queries, rights, sheet
from safeconduct.protections.returns.asks import Ask
from safeconduct.protections.returns.errors import ReturnsError
from safeconduct.protections.returns.gathering import Told, told
from safeconduct.protections.returns.models import Return
from safeconduct.protections.returns.portal_words import DONE_BY_BUYER, REASONS, WISHES
from safeconduct.protections.returns.uploads import MOST_FILES, bring
from safeconduct.protections.returns.words import Reason, Wish

REFUSALS: Final = (CasesError, ClaimsError, DecisionsError, ReturnsError)
#: What a buyer can choose; goods that were refused at customs come back by themselves.
_OFFERED: Final = tuple(reason for reason in Reason if reason is not Reason.CUSTOMS_REFUSED)
#: Steps that have a form of their own on the page; of the others a form asks for words or for nothing.
_OWN_FORM: Final = frozenset({"sent", "destroyed"})
_LONGEST_WORDS: Final = 4_000


class BuyerRequest(HttpRequest):
    """A request behind a good link: `order` is what the link is for, `token` the link's."""

    order: Told
    token: str


behind_the_link = buyer_pages.behind_the_link(lambda key: told([key]).get(key))


@require_GET
@behind_the_link
def show(request: BuyerRequest) -> HttpResponseBase:
    """The latest return of the order where there is one, else the form that asks for one."""
    found = queries.of_order(request.order.order_key)
    if found and not ("again" in request.GET and found[0].case.status == Status.CLOSED):
        return _follow(request, found[0])
    return _form(request)


@require_POST
@behind_the_link
def open_one(request: BuyerRequest) -> HttpResponseBase:
    """Asks for a return; what is wrong with it is told above the form, which keeps what was written."""
    order, at = request.order, timezone.now()
    try:
        with savepoint():
            ask = _ask(request, len(queries.of_order(order.order_key)))
            (made,) = actions.request([ask], _buyer(request), Role.BUYER, at=at)
            bring(actions.find(made), request.FILES.getlist("files"), Role.BUYER, _buyer(request), at=at)
    except REFUSALS as problem:
        return page_again(request, problem, f"{reverse('returns:show', args=[request.token])}?again")
    messages.success(request, _("Your return is asked for. You can follow it here."))
    return _back(request)


@require_POST
@behind_the_link
def act(request: BuyerRequest, return_id: str, verb: str) -> HttpResponseBase:
    """A step of the buyer, or pictures that are added; a refusal is told on the page, which keeps what was written."""
    found, at, given = _mine(request, return_id), timezone.now(), request.POST
    if found is None:
        return fault(request, 404)
    seen = given.get("seen", "")
    try:
        with savepoint():
            if request.FILES or verb == "evidence":
                bring(found, request.FILES.getlist("files"), Role.BUYER, _buyer(request), at=at, wanted=True)
            if verb == "contest_advice":
                advice.contest(found, given.get("decision", ""), given.get("words", ""), at=at)
            elif verb == "refer":
                referrals.refer(found.case_id, given.get("body", ""), _buyer(request), at=at, role=Role.BUYER)
            elif verb == "say":
                words, ready = given.get("words", ""), given.get("template", "")
                actions.say(found.id, _buyer(request), Role.BUYER, words, at=at, template=ready)
            elif verb != "evidence":
                actions.step(
                    found.id, verb, _buyer(request), Role.BUYER, at=at,
                    seen_step=int(seen) if seen.isdecimal() and len(seen) < 9 else None,
                    carrier=given.get("carrier", ""), tracking=given.get("tracking", ""),
                )  # fmt: skip
    except REFUSALS as problem:
        here = reverse("returns:show", args=[request.token])
        return page_again(request, problem, here)
    messages.success(request, str(DONE_BY_BUYER.get(verb, _("Done. The other side reads what you wrote."))))
    return _back(request)


@require_GET
@behind_the_link
def piece(request: BuyerRequest, return_id: str, evidence_id: str) -> HttpResponseBase:
    """A piece of evidence, as a file to keep: also the label that the seller has sent."""
    found = _mine(request, return_id)
    return fault(request, 404) if found is None else buyer_pages.served(found.case_id, evidence_id, Role.BUYER, None)


@require_GET
@behind_the_link
def export(request: BuyerRequest, return_id: str) -> HttpResponseBase:
    """The return as a ZIP: what the buyer may open, and the hashes."""
    found = _mine(request, return_id)
    return fault(request, 404) if found is None else buyer_pages.bundled(found.case_id, Role.BUYER, None)


def _ask(request: BuyerRequest, number: int) -> Ask:
    order, given = request.order, request.POST
    latest = queries.of_order(order.order_key)
    if latest and latest[0].case.status != Status.CLOSED:
        raise ReturnsError(_("A return of this order is open already; reload the page to follow it."), "order")
    if given.get("reason", "") not in _OFFERED:
        raise ReturnsError(_("Choose why it goes back."), "reason")
    reason = Reason(given["reason"])
    words = given.get("words", "").strip()
    if reason is not Reason.NO_REASON and len(words) < 3:
        raise ReturnsError(_("Say what is wrong with it; the shop reads it."), "words")
    if len(words) > _LONGEST_WORDS:
        raise ReturnsError(_("Say it in at most %(n)s letters.") % {"n": _LONGEST_WORDS}, "words")
    wish = given.get("wish", "")
    costs, chosen = lines_of([order.order_key])[order.order_key].costs, given.getlist("lines")
    if any(name not in costs for name in chosen):
        raise ReturnsError(_("This is no line of the order; reload the page and choose again."), "lines")
    return Ask(
        f"link/{order.order_key}/{number}", order.order_key, timezone.now(), reason,
        Wish(wish) if wish in set(Wish) else Wish.REFUND, {name: costs[name] for name in chosen},
    )  # fmt: skip


def _form(request: BuyerRequest, *, status: int = 200) -> HttpResponse:
    order = request.order
    law = rights.rights(
        rights.Asked(
            Route(order.buyer_country, order.seller_country), "UTC", order.delivered_at, timezone.now()
        )
    )  # fmt: skip
    context = {
        "order": order, "token": request.token, "seller": _seller(request), "given": request.POST, "law": law,
        "lines": lines_of([order.order_key])[order.order_key].named, "chosen": request.POST.getlist("lines"),
        "reasons": [(reason.value, REASONS[reason]) for reason in _OFFERED], "wishes": list(WISHES.items()),
        "most_files": MOST_FILES,
    }  # fmt: skip
    return render(request, "returns/hosted/open.html", context, status=status)


def _follow(request: BuyerRequest, found: Return) -> HttpResponse:
    reader = reader_of(request)
    steps = sheet.steps_of(found, Role.BUYER, reader.language)
    names = {name for name, _title, _words in steps}
    base = f"{reverse('returns:show', args=[request.token])}{found.id}/"
    shown, outside = sheet.of_return(found, reader, Role.BUYER), of_buyer(found.case, reader.language, timezone.now())
    context = {
        **shown, "order": request.order, "seller": _seller(request), "base": base, "seen": found.case.step,
        "buyer": True,
        "steps": [one for one in steps if one[0] not in _OWN_FORM],
        "may_send": "sent" in names, "may_destroy": "destroyed" in names,
        "may_add": found.case.status != Status.CLOSED, "refunds": refunds_shown(queries.refunds_of(found)),
        "advice": advice.shown(found, timezone.now()),
        "may_open_again": found.case.status == Status.CLOSED, "may_refer": True,
        "refer_url": f"{base}refer/", "outside_file": f"{base}export/", "outside": outside, "exports": True,
    }  # fmt: skip
    context["stops"] = outside.after(cast("Sequence[Step]", shown["stops"]))
    return render(request, "returns/hosted/follow.html", context)


def _mine(request: BuyerRequest, return_id: str) -> Return | None:
    return next((one for one in queries.of_order(request.order.order_key) if one.id == return_id), None)


def _seller(request: BuyerRequest) -> str:
    found = Seller.objects.filter(key=request.order.seller_key).first()
    return found.name if found else ""


def _buyer(request: BuyerRequest) -> Actor:
    return Actor(buyer_pages.BUYER.id, buyer_pages.BUYER.role, request.POST.get("words", "").strip()[:_LONGEST_WORDS])


def _back(request: BuyerRequest) -> HttpResponse:
    return buyer_pages.back(reverse("returns:show", args=[request.token]))
