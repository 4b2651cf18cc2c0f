"""The staff's pages of transfers: where data goes and how near each threshold is; the record of processing."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import savepoint
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, page
from safeconduct.kernel.ui.again import page_again
from safeconduct.protections.data_security.desk_errors import DataSecurityError
from safeconduct.protections.data_security.incidents.words import CATEGORIES
from safeconduct.protections.data_security.retention.words import LINES
from safeconduct.protections.data_security.transfers import destinations
from safeconduct.protections.data_security.transfers.gate import WARN_PERCENT
from safeconduct.protections.data_security.transfers.processing import people_words, processing
from safeconduct.protections.data_security.transfers.thresholds import Kind, Mechanism, Window, rules
from safeconduct.protections.data_security.transfers.words import (
    ASSESS,
    CLASSES,
    GROUNDS,
    MECHANISMS,
    PURPOSES,
    RECIPIENTS,
    ROLES,
    WINDOWS,
    Role,
)
from safeconduct.protections.data_security.words import SURE


class DestinationForm(forms.Form):
    """Who is given data, where, what for, and what makes it lawful above a threshold."""

    name = forms.CharField(
        label=gettext_lazy("Recipient"), max_length=120,
        help_text=gettext_lazy(
            "A processor that answers to banks are sent to: by its own name, such as Stripe, with addresses, contact, "
            "devices, messages, orders and payment. Until then no answer leaves."
        ),
    )  # fmt: skip
    country = forms.CharField(label=gettext_lazy("Country"), max_length=2, help_text=gettext_lazy("Two letters."))
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=list(ROLES.items()))
    purpose = forms.CharField(label=gettext_lazy("What for"), max_length=300)
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("Kinds of data"), choices=list(CATEGORIES.items()), widget=forms.CheckboxSelectMultiple
    )
    mechanism = forms.ChoiceField(
        label=gettext_lazy("What makes it lawful above thresholds"), choices=list(MECHANISMS.items()), required=False
    )
    reference = forms.CharField(label=gettext_lazy("Its number"), max_length=200, required=False)
    good_until = forms.DateField(
        label=gettext_lazy("Good until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()

    def clean(self) -> None:
        given = self.cleaned_data
        if given.get("mechanism") and not given.get("good_until"):
            self.add_error("good_until", _("Say until when it is good."))

    def lawful(self) -> destinations.Lawful | None:
        """What makes it lawful, or None."""
        given = self.cleaned_data
        if not given["mechanism"]:
            return None
        return destinations.Lawful(Mechanism(given["mechanism"]), given["reference"], given["good_until"])


@require_GET
@for_role(StaffRole.LEAD)
def transfers(request: StaffRequest) -> HttpResponse:
    """Destinations with their counters, and how far each threshold is used."""
    return _page(request, DestinationForm())


@require_POST
@for_role(StaffRole.LEAD)
def declare(request: StaffRequest) -> HttpResponse:
    """Declares a destination."""
    form = DestinationForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            with savepoint():
                destinations.declare(
                    given["name"], given["country"], Role(given["role"]), given["purpose"],
                    tuple(given["categories"]), form.lawful(), actor_of(request), at=timezone.now(),
                )  # fmt: skip
        except DataSecurityError as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            return done(request, _("Declared. Data may go there as far as the gate allows."), _url())
    return _page(request, form)


@require_POST
@for_role(StaffRole.LEAD)
def end(request: StaffRequest, destination_id: str) -> HttpResponse:
    """Nothing more goes there."""
    try:
        with savepoint():
            destinations.end(destination_id, actor_of(request), at=timezone.now())
    except DataSecurityError as problem:
        return page_again(request, problem, _url())
    return done(request, _("Nothing goes there any more."), _url())


@require_GET
@for_role(StaffRole.LEAD)
def record(request: StaffRequest) -> HttpResponse:
    """The record of processing, with the destinations that get data."""
    context = {
        "rows": [
            {
                "purpose": PURPOSES[one.id], "role": ROLES[one.role], "people": people_words(one),
                "categories": ", ".join(str(CATEGORIES[name]) for name in one.categories),
                "recipients": ", ".join(str(RECIPIENTS[name]) for name in one.recipients),
                "kept": [LINES[name] for name in one.retention], "basis": one.basis, "sure": SURE[one.sure],
                "assess": [ASSESS[why] for why in one.assess],
            }
            for one in processing().values()
        ],
        "destinations": [one for one in destinations.destinations() if one.ended_at is None],
    }  # fmt: skip
    return page(request, "data_security/console/processing.html", context)


def _page(request: StaffRequest, form: DestinationForm) -> HttpResponse:
    year = timezone.now().year
    counts = destinations.people_of(year)
    context = {
        "year": year, "form": form,
        "rows": [
            {
                "one": one, "role": ROLES[one.role], "people": counts.get(one.id, 0),
                "categories": ", ".join(str(CATEGORIES[name]) for name in one.categories),
                "mechanism": MECHANISMS[one.mechanism],
            }
            for one in destinations.destinations()
        ],
        "used": [
            {
                "one": one, "kind": CLASSES[Kind(one.kind)], "window": WINDOWS[Window(one.window)],
                "near": one.share * 100 > WARN_PERCENT, "sure": SURE[rules()[one.rule].sure],
                "source": rules()[one.rule].source,
                "exempt": ", ".join(str(GROUNDS[g]) for g in sorted(rules()[one.rule].exempt)),
            }
            for one in destinations.used(year)
        ],
    }  # fmt: skip
    return page(request, "data_security/console/transfers.html", context, status=422 if form.errors else 200)


def _url() -> str:
    return reverse("console:data_security:transfers")
