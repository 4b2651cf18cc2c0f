"""The staff's page of local addresses for returns: which are in force, and for leads how one is named and ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django import forms
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from safeconduct.kernel.decisions.errors import RoleNeeded
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import savepoint
from safeconduct.kernel.staff_pages import StaffRequest, done, for_role, lasting_scope, page
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import Page, View
from safeconduct.protections.returns import hub_csv, hubs, naming_hubs
from safeconduct.protections.returns.errors import HubRefused, NoSuchHub
from safeconduct.protections.returns.naming_hubs import Draft
from safeconduct.protections.returns.portal_words import HUB_PAYERS
from safeconduct.protections.returns.words import Payer

#: Who names local addresses: where all parcels of a country go is not one analyst's to change.
_KEEPS: Final = StaffRole.LEAD
_MOST_BYTES: Final = 2_000_000


class HubForm(forms.Form):
    """A local address."""

    code = forms.CharField(
        label=lazy("Code"), max_length=40,
        help_text=lazy("Small letters, digits and hyphens, such as de-leipzig. Other contents under it are a change."),
    )  # fmt: skip
    name = forms.CharField(label=lazy("Name"), max_length=60, help_text=lazy("The buyer writes it on the parcel."))
    country = forms.CharField(label=lazy("Country"), max_length=2, help_text=lazy("Two letters, such as DE or MX."))
    address = forms.CharField(label=lazy("Address"), max_length=500, widget=forms.Textarea(attrs={"rows": 4}))
    serves = forms.CharField(
        label=lazy("Takes parcels from"), max_length=800, required=False,
        help_text=lazy("Countries of buyers, such as DE AT; EU for its members. Empty: its own country alone."),
    )  # fmt: skip
    goods = forms.CharField(
        label=lazy("Takes goods of"), max_length=8_000, required=False,
        help_text=lazy("Product categories as orders tell them, with semicolons between them. Empty: all goods."),
    )  # fmt: skip
    paid_by = forms.ChoiceField(
        label=lazy("Its work is paid by"), choices=[(who.value, word) for who, word in HUB_PAYERS.items()],
        help_text=lazy("Taking in, keeping and sending on. Who pays the way there follows from why it goes back."),
    )  # fmt: skip
    since = forms.DateField(
        label=lazy("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=lazy("Days are UTC. Empty: from now on."),
    )  # fmt: skip
    until = forms.DateField(
        label=lazy("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=lazy("Empty: no end."),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def named(request: StaffRequest) -> HttpResponseBase:
    """The local addresses in force and to come, those that have ended, and for leads the form for another; as CSV."""
    lead, here, now = request.user.may(_KEEPS), reverse("console:returns:hubs"), timezone.now()
    if request.method == "POST" and not lead:
        raise RoleNeeded(_KEEPS)
    ended = request.GET.get("show") == "ended"
    if request.GET.get("format") == "csv":
        return _csv(request, ended=ended)
    form = HubForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with savepoint():
                naming_hubs.name(_draft(form.cleaned_data), request.user, at=now)
        except HubRefused as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            return done(request, _("It is named. Returns that begin from then on are sent there by the rule."), here)
    found = hubs.listed(ended=ended, at=now, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    to_come = hubs.still_to_come([one.id for one in found.items])
    context = {
        "rows": [
            {
                "one": one, "pays": HUB_PAYERS[Payer(one.paid_by)], "later": one.since > now,
                "last": one.until_at and one.until_at - timedelta(microseconds=1), "to_come": to_come.get(one.id, 0),
            }
            for one in found.items
        ],
        "page": Page(found.next, found.previous, len(found.items)), "form": form if lead else None, "ended": ended,
        "views": [
            View(_("In force"), here, current=not ended), View(_("Ended"), f"{here}?show=ended", current=ended),
        ],
    }  # fmt: skip
    return page(request, "returns/console/hubs.html", context, status=422 if form.errors else 200)


@require_POST
@for_role(_KEEPS)
def bring(request: StaffRequest) -> HttpResponse:
    """Names all local addresses of a CSV, or none of them."""
    here, given = reverse("console:returns:hubs"), request.FILES.get("file")
    try:
        with savepoint():
            text = b"" if given is None else given.read(_MOST_BYTES + 1)
            if not text or len(text) > _MOST_BYTES:
                raise HubRefused(_("Choose a CSV of at most 2 MB."), "file")
            made = hub_csv.bring(hub_csv.read(_text(text)), request.user, at=timezone.now())
    except HubRefused as problem:
        return page_again(request, problem, here)
    count = sum(bool(one.change) for one in made)
    said = ngettext(
        "The file is taken: %(n)s local address is new or changed.",
        "The file is taken: %(n)s local addresses are new or changed.",
        count,
    )
    return done(request, said % {"n": count}, here)


@require_POST
@for_role(_KEEPS)
def end(request: StaffRequest, hub_id: str) -> HttpResponse:
    """Ends a local address now; returns that were told to go there keep it."""
    here = reverse("console:returns:hubs")
    try:
        with savepoint():
            naming_hubs.end(hub_id, request.user, at=timezone.now())
    except (HubRefused, NoSuchHub) as problem:
        return page_again(request, problem, here)
    return done(request, _("It has ended. Buyers who were told to send a parcel there still do."), here)


def _csv(request: StaffRequest, *, ended: bool) -> HttpResponseBase:
    def read(after: str) -> tuple[list[Row], str]:
        found = hubs.listed(ended=ended, at=timezone.now(), after=after, size=500)
        return list(hub_csv.rows(found.items)), found.next

    return stream("return-hubs", hub_csv.HEAD, read, lasting_scope(request))


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise HubRefused(_("This is not text in UTF-8; save the file as CSV in UTF-8."), "file") from None


def _draft(given: dict[str, object]) -> Draft:
    texts = {name: str(given[name]).strip() for name in ("code", "name", "country", "address", "serves", "goods")}
    return Draft(
        texts["code"], texts["name"], texts["country"].upper(), texts["address"], Payer(str(given["paid_by"])),
        tuple(texts["serves"].upper().replace(",", " ").split()), tuple(texts["goods"].split(";")),
        given["since"], given["until"],  # type: ignore[arg-type]
    )  # fmt: skip
