"""When clocks of cases stand still: holidays, strikes and outages that a lead declares, and when they end."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from safeconduct.console.access import StaffRequest, done, page, staff_page
from safeconduct.console.forms import PauseEndForm, PauseForm
from safeconduct.console.words import PAUSE_SCOPES
from safeconduct.kernel.cases import pauses as clocks
from safeconduct.kernel.cases.errors import CaseMalformed
from safeconduct.kernel.cases.words import PauseScope
from safeconduct.kernel.decisions.errors import RoleNeeded
from safeconduct.kernel.notices.rendering import spoken
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.scope import Actor, savepoint
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.parts import Page, View

_LANGUAGES: Final = ("en", "zh", "es")


@require_http_methods(["GET", "POST"])
@staff_page()
def declared(request: StaffRequest) -> HttpResponse:
    """Pauses that people have declared, and for leads the form for another."""
    lead, here, now = request.user.may(StaffRole.LEAD), reverse("console:pauses"), timezone.now()
    if request.method == "POST" and not lead:
        raise RoleNeeded(StaffRole.LEAD)
    form = PauseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with savepoint():
                said = _declare(request.user, form.cleaned_data)
        except CaseMalformed as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            return done(request, said, here)
    over, language = request.GET.get("show") == "over", get_language() or "en"
    found = clocks.declared(now, over=over, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    people = User.objects.in_bulk({one.declared_by for one in found.items})
    context = {
        "rows": [
            {
                "one": one, "scope": PAUSE_SCOPES[PauseScope(one.scope)], "why": spoken(one.why, language),
                "by": people.get(one.declared_by), "begun": one.begins_at <= now,
            }
            for one in found.items
        ],
        "page": Page(found.next, found.previous, len(found.items)), "form": form if lead else None, "over": over,
        "views": [
            View(_("In force or to come"), here, current=not over), View(_("Over"), f"{here}?show=over", current=over),
        ],
    }  # fmt: skip
    return page(request, "console/pauses.html", "cases", context, status=422 if form.errors else 200)


@require_POST
@staff_page(StaffRole.LEAD)
def end(request: StaffRequest, pause_id: str) -> HttpResponse:
    """Says when a pause ends: now, or at a time to come. Nobody loses time they were told they have."""
    form, now, back = PauseEndForm(request.POST), timezone.now(), reverse("console:pauses")
    try:
        if not form.is_valid():
            raise CaseMalformed("ends_at", _("give a day and a time"))
        clocks.end(pause_id, form.cleaned_data["ends_at"] or now, at=now)
    except CaseMalformed as problem:
        return page_again(request, problem, back)
    return done(request, _("The end is set; clocks run on from then."), back)


def _declare(person: User, given: dict[str, Any]) -> str:
    scope, value, at = PauseScope(given["scope"]), given["value"].strip(), timezone.now()
    if scope is PauseScope.COUNTRY:
        value = value.upper()
    why = {language: given[f"why_{language}"].strip() for language in _LANGUAGES}
    actor = Actor(person.id, person.staff_role)
    clocks.declare(scope, value, given["begins_at"], given["ends_at"], why, actor, at=at)
    number = clocks.concerned(scope, value)
    if number >= clocks.MOST_COUNTED:
        return _("Declared. It concerns %(n)s open cases or more.") % {"n": number}
    return ngettext(
        "Declared. It concerns %(n)s open case.", "Declared. It concerns %(n)s open cases.", number
    ) % {"n": number}  # fmt: skip
