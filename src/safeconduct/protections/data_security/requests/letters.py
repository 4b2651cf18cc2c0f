"""Requests that came by letter, mail or telephone: entered by the staff, due from the day on which they came.

Who writes is not known by that: a person checks it, as of every request that nobody signed in for.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from safeconduct.kernel.parties.models import Membership, Seller, StaffRole, User
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, page
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.data_security.desk_errors import DataSecurityError
from safeconduct.protections.data_security.requests import actions, queries
from safeconduct.protections.data_security.requests.words import KINDS, Kind

#: A letter that lay longer is a matter for counsel, or a slip of the hand.
_OLDEST: Final = timedelta(days=365)


class LetterForm(forms.Form):
    """Who asks for what, since when."""

    order = forms.CharField(
        label=gettext_lazy("Order"), required=False, max_length=200,
        help_text=gettext_lazy("Of a buyer: your id of an order of theirs."),
    )  # fmt: skip
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"), required=False, max_length=254,
        help_text=gettext_lazy("Of somebody who has or had an account here, instead of the order."),
    )  # fmt: skip
    kind = forms.ChoiceField(label=gettext_lazy("What they want"), choices=list(KINDS.items()))
    came_on = forms.DateField(
        label=gettext_lazy("When it came"), widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("The time to answer runs from this day."),
    )  # fmt: skip
    words = forms.CharField(
        label=gettext_lazy("What they wrote"), required=False, max_length=actions.LONGEST_WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("It is sealed. A correction needs it: what is wrong, and what is right."),
    )  # fmt: skip


def of_buyer(order_ref: str, kind: Kind, words: str, came_on: date, actor: Actor, *, at: datetime) -> str:
    """Enters what a buyer asked for, found by an order of theirs; the request's id. In an engine scope. Raises
    DataSecurityError."""
    key = lookup("order", order_ref.strip())
    told = queries.told(key) if key is not None else None
    if told is None or told.buyer_key is None:
        raise DataSecurityError(_("There is no order %(ref)s with a buyer; write its id as it stands on its page.")
                                % {"ref": order_ref.strip() or "–"}, "order")  # fmt: skip
    return actions.ask_as_buyer(
        told.order_key, told.buyer_key, told.place, told.language.split("-")[0], kind, words, actor,
        at=_since(came_on, at),
    )  # fmt: skip


def of_person(email: str, kind: Kind, words: str, came_on: date, actor: Actor, *, at: datetime) -> str:
    """Enters what somebody with an account asked for, who may not get in any more; the request's id. In an engine
    scope. Raises DataSecurityError."""
    person = User.objects.filter(email=email.strip().lower()).first()
    last = Membership.objects.filter(person=person).order_by("-created_at", "-id").first()
    if person is None or last is None:
        raise DataSecurityError(_("Nobody who acts or acted for a shop has an account with this address."), "email")
    seller = Seller.objects.get(key=last.seller_key)
    return actions.ask_by_letter(
        person, seller.key, seller.country, kind, words, actor, at=_since(came_on, at)
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@for_role(StaffRole.LEAD)
def enter(request: StaffRequest) -> HttpResponse:
    """Enters a request that came by letter, mail or telephone."""
    form = LetterForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = _entered(form, actor_of(request), timezone.now())
        except DataSecurityError as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            url = reverse("console:data_security:request", args=[made])
            return done(request, _("Entered. Now check who asks, and say how."), url)
    context = {"form": form}
    return page(request, "data_security/console/request_form.html", context, status=422 if form.errors else 200)


def _entered(form: LetterForm, actor: Actor, at: datetime) -> str:
    given = form.cleaned_data
    if bool(given["order"]) == bool(given["email"]):
        raise DataSecurityError(_("Give the order of a buyer, or the address of an account; one of them."), "order")
    asked = (Kind(given["kind"]), given["words"], given["came_on"], actor)
    with engine_scope():
        if given["order"]:
            return of_buyer(given["order"], *asked, at=at)
        return of_person(given["email"], *asked, at=at)


def _since(day: date, at: datetime) -> datetime:
    """From when the time runs: the beginning of the day on which it came, or now. Raises DataSecurityError."""
    if not at.date() - _OLDEST <= day <= at.date() + timedelta(days=1):
        raise DataSecurityError(_("It came on a day of the last twelve months."), "came_on")
    return min(at, datetime.combine(day, time.min, UTC))
