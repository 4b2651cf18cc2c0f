"""The buyer's pages about their own data, behind the signed link of an order.

The link is worth what a parcel's tracking page is. So before anything is answered the buyer shows that they know the
contact the order was placed with, and again to fetch an archive.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel import buyer_pages
from safeconduct.kernel.buyer_pages import BUYER
from safeconduct.kernel.scope import savepoint
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.views import fault
from safeconduct.protections.data_security.desk_errors import DataSecurityError, NotThere
from safeconduct.protections.data_security.requests import actions, queries
from safeconduct.protections.data_security.requests.files import served
from safeconduct.protections.data_security.requests.models import DataRequest
from safeconduct.protections.data_security.requests.queries import Told
from safeconduct.protections.data_security.requests.terms import law_of
from safeconduct.protections.data_security.requests.words import KINDS, STATES, Kind, State


class BuyerRequest(HttpRequest):
    """A request behind a good link: `order` is what the link is for, `token` the link's."""

    order: Told
    token: str


behind_the_link = buyer_pages.behind_the_link(queries.told)


@require_GET
@behind_the_link
def show(request: BuyerRequest) -> HttpResponseBase:
    """What was asked behind this link, and the form to ask. What was asked behind others is not shown."""
    return _page(request)


@require_POST
@behind_the_link
def ask(request: BuyerRequest) -> HttpResponseBase:
    """Asks for something."""
    given = request.POST.get("kind", "")
    try:
        with savepoint():
            if given not in set(Kind) or request.order.buyer_key is None:
                raise DataSecurityError(_("Choose what you want."), "kind")
            actions.ask_as_buyer(
                request.order.order_key, request.order.buyer_key, request.order.place,
                (get_language() or "en").split("-")[0], Kind(given), request.POST.get("words", ""), BUYER,
                at=timezone.now(),
            )  # fmt: skip
    except DataSecurityError as problem:
        return _refused(request, problem)
    messages.success(request, _("Asked for. Now show that it is you who asks."))
    return _back(request)


@require_POST
@behind_the_link
def identify(request: BuyerRequest, request_id: str) -> HttpResponseBase:
    """Checks that the buyer knows the contact of the order."""
    given = request.POST
    try:
        with savepoint():
            right = actions.identify_buyer(
                _mine(request, request_id).id, given.get("email", "")[:320], given.get("phone", "")[:60], BUYER,
                at=timezone.now(),
            )  # fmt: skip
    except DataSecurityError as problem:
        return _refused(request, problem)
    if right:
        messages.success(request, _("Thank you. We work on it now, and you can follow it here."))
        return _back(request)
    return _refused(request, _not_right())


@require_POST
@behind_the_link
def fetch(request: BuyerRequest, request_id: str) -> HttpResponseBase:
    """The archive, for whoever knows the contact of the order: who only has the link does not get it."""
    given, at = request.POST, timezone.now()
    try:
        with savepoint():
            found = _mine(request, request_id)
            if actions.may_try(_buyer(request), at, lock=True) and actions.knows(
                found, given.get("email", "")[:320], given.get("phone", "")[:60]
            ):
                return served(found, actions.fetched(found, BUYER, at=at))
            actions.failed_again(found.id, BUYER, at=at)
    except DataSecurityError as problem:
        return _refused(request, problem)
    return _refused(request, _not_right())


@require_GET
@behind_the_link
def receipt(request: BuyerRequest, request_id: str) -> HttpResponseBase:
    """What was erased and what stays, signed. It names nobody, and says no more than this page: the link is enough, as
    nobody can be asked for a contact that was erased."""
    try:
        found = _mine(request, request_id)
        return served(found, actions.receipts_of(found, BUYER, at=timezone.now()))
    except DataSecurityError as problem:
        return fault(request, problem.status, detail=str(problem))


@require_POST
@behind_the_link
def withdraw(request: BuyerRequest, request_id: str) -> HttpResponseBase:
    """The buyer does not want it any more."""
    try:
        with savepoint():
            actions.withdraw(_mine(request, request_id).id, BUYER, at=timezone.now())
    except DataSecurityError as problem:
        return _refused(request, problem)
    messages.success(request, _("Withdrawn."))
    return _back(request)


def _refused(request: BuyerRequest, problem: DataSecurityError | str) -> HttpResponse:
    """The page once more, with what was refused and what was written."""
    here, status = reverse("data_security:my_data", args=[request.token]), getattr(problem, "status", 422)
    return page_again(request, problem, here, status=status)


def _not_right() -> str:
    return _("This is not the contact of the order. Give the e-mail address and telephone number it was placed with.")


def _page(request: BuyerRequest, *, status: int = 200) -> HttpResponse:
    now, mine = timezone.now(), _here(request)
    may_try = not mine or actions.may_try(_buyer(request), now)
    rows = []
    for one in mine:
        archive = getattr(one, "archive", None)
        rows.append({
            "one": one, "kind": KINDS[one.kind], "tone": STATES[one.state][0], "word": STATES[one.state][1],
            "law": law_of(one.rule), "check": one.state == State.ASKED and may_try,
            "by_hand": one.state == State.ASKED and not may_try,
            "fetch": archive is not None and now <= archive.good_until, "archive": archive,
            "kept": queries.kept_in(one.statement), "gone": queries.gone_in(one.statement),
            "says": one.statement.get("says", ""), "longer": one.statement.get("extended_because", ""),
            "may_withdraw": one.open and one.state != State.APPROVED,
            "receipt": reverse("data_security:my_receipt", args=[request.token, one.id]) if _proved(one) else "",
        })  # fmt: skip
    context = {
        "order": request.order, "token": request.token, "rows": rows, "kinds": list(KINDS.items()),
        "given": request.POST, "may_ask": request.order.buyer_key is not None,
    }  # fmt: skip
    return render(request, "data_security/hosted/my_data.html", context, status=status)


def _proved(one: DataRequest) -> bool:
    return bool(one.statement.get("receipts"))


def _buyer(request: BuyerRequest) -> int:
    """The buyer of a request that is there."""
    assert request.order.buyer_key is not None
    return request.order.buyer_key


def _here(request: BuyerRequest) -> list[DataRequest]:
    if request.order.buyer_key is None:
        return []
    return [one for one in queries.of_buyer(request.order.buyer_key) if one.order_key == request.order.order_key]


def _mine(request: BuyerRequest, request_id: str) -> DataRequest:
    found = next((one for one in _here(request) if one.id == request_id), None)
    if found is None:
        raise NotThere
    return found


def _back(request: BuyerRequest) -> HttpResponse:
    return buyer_pages.back(reverse("data_security:my_data", args=[request.token]))
