"""The marketplace's own terms, as answers to banks show them: which version of which terms is in force since when."""

from __future__ import annotations

from typing import Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.kernel.cases.errors import CasesError
from safeconduct.kernel.decisions.errors import RoleNeeded
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, page
from safeconduct.protections.transactions.chargebacks import documents
from safeconduct.protections.transactions.chargebacks.documents import Given
from safeconduct.protections.transactions.chargebacks.packs import packs
from safeconduct.protections.transactions.chargebacks.reading import said

#: Who puts terms in force: what is shown to every bank is not one analyst's to change.
_KEEPS: Final = StaffRole.LEAD


class TermsForm(forms.Form):
    """A version of the marketplace's terms."""

    document = forms.ChoiceField(label=lazy("Which terms"))
    version = forms.CharField(
        label=lazy("Version"), max_length=40,
        help_text=lazy("As the shop sends it with orders in policies_accepted, such as 2026-03."),
    )  # fmt: skip
    since = forms.DateField(
        label=lazy("In force since"), widget=forms.DateInput(attrs={"type": "date"}),
        help_text=lazy("The first day on which the checkout showed it."),
    )  # fmt: skip
    title = forms.CharField(
        label=lazy("Title"), max_length=120, required=False, help_text=lazy("The bank reads it above the text.")
    )
    file = forms.FileField(
        label=lazy("File"), help_text=lazy("PDF of at most 6 pages, or plain text; PNG, JPEG. At most 2 MB.")
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["document"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, _title(name)) for name in documents.TERMS]


@require_http_methods(["GET", "POST"])
def terms(request: StaffRequest) -> HttpResponse:
    """What is in force, what was, and for leads the form for another version."""
    may, here = request.user.may(_KEEPS), reverse("console:transactions:terms")
    form = TermsForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and not may:
        raise RoleNeeded(_KEEPS)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        wanted = Given(
            given["document"], given["file"].read(documents.MOST_BYTES + 1), given["title"], given["version"],
            since=given["since"],
        )  # fmt: skip
        try:
            with engine_scope():
                documents.keep(None, wanted, actor_of(request), timezone.now())
        except (Refusal, CasesError) as problem:
            field = getattr(problem, "field", "")
            form.add_error(field if field in form.fields else None, str(problem))
        else:
            return done(request, _("It is kept. Answers to banks show it for orders that accepted this version."), here)
    today = timezone.localdate()
    context = {
        "groups": [
            {"name": _title(name), "kind": kind, "rows": documents.in_force(name, today)}
            for name, kind in documents.TERMS.items()
        ],
        "form": form if may else None,
    }  # fmt: skip
    return page(request, "transactions/console/terms.html", context, status=422 if form.errors else 200)


@require_POST
@for_role(_KEEPS)
def remove(request: StaffRequest, document_id: str) -> HttpResponse:
    """Shows a version to no bank any more; what was sent keeps it."""
    here = reverse("console:transactions:terms")
    with engine_scope():
        was_there = documents.of_the_marketplace(document_id) is not None and documents.remove(
            document_id, actor_of(request), timezone.now()
        )
    if not was_there:
        messages.error(request, _("There is no such file any more."))
        return HttpResponseRedirect(here)
    return done(request, _("It is shown to no bank any more. What was sent keeps it."), here)


@require_GET
def file(request: StaffRequest, document_id: str) -> HttpResponse:
    """The file of a version, to look at."""
    with engine_scope():
        found = documents.of_the_marketplace(document_id)
        data = None if found is None else documents.opened(found)
    if found is None or data is None:
        raise Http404
    response = HttpResponse(data, content_type=found.media_type)
    ending = {"application/pdf": "pdf", "text/plain": "txt", "image/png": "png"}.get(found.media_type, "jpg")
    response["Content-Disposition"] = f'attachment; filename="{found.document}-{found.id}.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _title(name: str) -> str:
    return said(packs().documents[name].title, get_language() or "en")
