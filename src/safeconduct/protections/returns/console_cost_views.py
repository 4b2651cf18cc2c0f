"""The staff note freight and duty of a return, and that carrier, customs or buyer were paid."""

from __future__ import annotations

from typing import Final

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from safeconduct.foundation.money import Money, MoneyError
from safeconduct.kernel.scope import savepoint
from safeconduct.kernel.staff_pages import StaffRequest, done
from safeconduct.kernel.ui.again import page_again
from safeconduct.protections.returns import costs, queries
from safeconduct.protections.returns.bearing import Place
from safeconduct.protections.returns.errors import ReturnsError
from safeconduct.protections.returns.words import Cost, Payer

_PLACES: Final = (Place.BACK, Place.SENT)


@require_POST
def note(request: StaffRequest, return_id: str) -> HttpResponse:
    """Notes what a return cost beside the goods, under the name of who is signed in."""
    returned = queries.return_of(return_id)
    if returned is None:
        raise Http404
    url = f"{reverse('console:returns:return', args=[return_id])}#costs"
    try:
        with savepoint():
            kind, paid_by = request.POST.get("kind", ""), request.POST.get("paid_by", "")
            if kind not in set(Cost) or paid_by not in set(Payer):
                raise ReturnsError(_("Choose what it is for, and who paid it."), "kind")
            amount = _amount(request.POST.get("amount", ""), returned.currency)
            source = request.POST.get("source", "")
            costs.note(return_id, request.user, Cost(kind), amount, Payer(paid_by), source, at=timezone.now())
    except ReturnsError as problem:
        return _refused(request, problem, return_id)
    return done(request, _("Noted. The books follow as soon as the return is decided."), url)


@require_POST
def paid(request: StaffRequest, return_id: str, kind: str, place: str) -> HttpResponse:
    """Notes that carrier or customs paid, or that the buyer got what is owed."""
    if kind not in set(Cost) or place not in _PLACES:
        raise Http404
    url = f"{reverse('console:returns:return', args=[return_id])}#costs"
    try:
        with savepoint():
            costs.paid(return_id, Cost(kind), Place(place), at=timezone.now())
    except ReturnsError as problem:
        return _refused(request, problem, return_id)
    return done(request, _("Noted."), url)


def _amount(text: str, currency: str) -> int:
    try:
        return Money.parse(text.strip(), currency).minor
    except MoneyError as problem:
        raise ReturnsError(str(problem), "amount") from None


def _refused(request: StaffRequest, problem: ReturnsError, return_id: str) -> HttpResponse:
    here = reverse("console:returns:return", args=[return_id])
    return page_again(request, problem, here)
