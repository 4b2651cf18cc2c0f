"""Ending the sessions of a person, staff or of a seller, or of everybody: after a theft, a leak, a fault."""

from __future__ import annotations

from datetime import datetime

from allauth.account.adapter import get_adapter
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from safeconduct.console.access import StaffRequest, done, page, signed_in_again, staff_page
from safeconduct.console.forms import EndSessionsForm
from safeconduct.kernel.parties import ending_sessions
from safeconduct.kernel.parties.models import StaffRole, User
from safeconduct.kernel.parties.session_guard import session_of


@require_http_methods(["GET", "POST"])
@signed_in_again
@staff_page(StaffRole.ADMINISTRATOR)
def end(request: StaffRequest) -> HttpResponse:
    """How many run, and the form. ``?person=``: the id of whom a page before this one was about."""
    about = User.objects.filter(id=request.GET.get("person", "")[:30]).first()
    first = {"email": about.email} if about is not None else None
    form = EndSessionsForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and form.is_valid():
        answer = _end(request, form, timezone.now())
        if answer is not None:
            return answer
    open_ones, people = ending_sessions.running()
    context = {"form": form, "running": open_ones, "people": people}
    return page(request, "console/ending_sessions.html", "people", context, status=422 if form.errors else 200)


def _end(request: StaffRequest, form: EndSessionsForm, now: datetime) -> HttpResponse | None:
    address, why, here = form.cleaned_data["email"], form.cleaned_data["why"], session_of(request)
    if not address:
        noted = ending_sessions.end_for_everybody(request.user, why, now, but=here)
    else:
        person = User.objects.filter(email=address.strip().lower()).first()
        if person is None:
            form.add_error("email", _("Nobody has an account with this address."))
            return None
        noted = ending_sessions.end_for_person(person, request.user, why, now, but=here)
    get_adapter(request).tell_all(noted, ending_sessions.KIND, ending_sessions.LEVEL, now)
    text = ngettext(
        "The sessions of %(count)s person have ended; they were told.",
        "The sessions of %(count)s people have ended; they were told.",
        len(noted),
    )
    return done(request, text % {"count": len(noted)}, reverse("console:end_sessions"))
