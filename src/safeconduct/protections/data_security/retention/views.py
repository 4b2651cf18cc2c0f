"""The staff's page of retention: the schedule, what was deleted and the proof, the holds."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.case_pages import term_words
from safeconduct.kernel.paging import Order
from safeconduct.kernel.paging import page as page_of
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.scope import savepoint
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, page
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.parts import Page
from safeconduct.protections.data_security.desk_errors import DataSecurityError
from safeconduct.protections.data_security.retention import holds
from safeconduct.protections.data_security.retention.models import RetentionRun
from safeconduct.protections.data_security.retention.schedule import schedule
from safeconduct.protections.data_security.retention.words import BEGINS, BY, LINES, SCOPES, THEN
from safeconduct.protections.data_security.words import SURE


class HoldForm(forms.Form):
    """What is to stay, why, until when."""

    scope = forms.ChoiceField(label=gettext_lazy("What stays"), choices=list(SCOPES.items()))
    ref = forms.CharField(label=gettext_lazy("Id"), max_length=200)
    basis = forms.CharField(
        label=gettext_lazy("Basis"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("A court's order, an investigation, a claim; with its number."),
    )  # fmt: skip
    until = forms.DateTimeField(
        label=gettext_lazy("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )


@require_GET
@for_role(StaffRole.LEAD)
def retention(request: StaffRequest) -> HttpResponse:
    """Schedule, last runs, holds in force."""
    return _page(request, HoldForm())


@require_POST
@for_role(StaffRole.LEAD)
def hold(request: StaffRequest) -> HttpResponse:
    """Places a hold."""
    form = HoldForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            with savepoint():
                holds.place(
                    given["scope"], given["ref"], given["basis"], given["until"], actor_of(request),
                    at=timezone.now(),
                )  # fmt: skip
        except DataSecurityError as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            return done(request, _("The hold is in force; nothing of it is deleted."), _url())
    return _page(request, form)


@require_POST
@for_role(StaffRole.LEAD)
def hold_end(request: StaffRequest, hold_id: str) -> HttpResponse:
    """Ends a hold before its day."""
    try:
        with savepoint():
            holds.end(hold_id, actor_of(request, request.POST.get("reason", "")[:2000]), at=timezone.now())
    except DataSecurityError as problem:
        return page_again(request, problem, _url())
    return done(request, _("The hold has ended."), _url())


def _page(request: StaffRequest, form: HoldForm) -> HttpResponse:
    runs = page_of(
        RetentionRun.objects.all(), Order("at", descending=True), after=request.GET.get("after", ""),
        before=request.GET.get("before", ""), size=20,
    )  # fmt: skip
    context = {
        "lines": [
            {
                "line": line, "keep": term_words(line.keep) if line.keep else "",
                "name": LINES[line.id], "begins": BEGINS[line.begins], "then": THEN[line.then],
                "by": _("this program") if line.by is None else BY[line.by], "sure": SURE[line.sure],
            }
            for line in schedule().values()
        ],
        "runs": [{"run": run, "name": LINES.get(run.line, run.line)} for run in runs.items],
        "page": Page(runs.next, runs.previous, len(runs.items)), "holds": holds.in_force(timezone.now()),
        "form": form,
    }  # fmt: skip
    return page(request, "data_security/console/retention.html", context, status=422 if form.errors else 200)


def _url() -> str:
    return reverse("console:data_security:retention")
