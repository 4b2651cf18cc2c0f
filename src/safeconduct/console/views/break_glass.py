"""Sealed codes for staff who have lost every passkey: asked for, agreed to, withdrawn, and used."""

from __future__ import annotations

from datetime import datetime

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from safeconduct.console.access import StaffRequest, done, page, signed_in_again, staff_page
from safeconduct.console.forms import BreakGlassForm, SealedCodeForm
from safeconduct.kernel import faces
from safeconduct.kernel.notices.administrators import tell_administrators
from safeconduct.kernel.parties import break_glass
from safeconduct.kernel.parties.models import BreakGlass, StaffRole, User
from safeconduct.kernel.scope import staff_scope, visitor_scope


@require_http_methods(["GET", "POST"])
@signed_in_again
@staff_page(StaffRole.ADMINISTRATOR)
def requests(request: StaffRequest) -> HttpResponse:
    """Open requests, and the form for one."""
    form = _form(request, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        made = break_glass.ask(form.cleaned_data["person"], form.cleaned_data["why"], request.user, at=now)
        _tell(made, "asked", now)
        return done(
            request, _("Asked. A second administrator has to agree within 24 hours."), reverse("console:break_glass")
        )  # fmt: skip
    return _requests(request, form)


def _form(request: StaffRequest, given: object = None) -> BreakGlassForm:
    others = User.objects.filter(is_active=True).exclude(staff_role=StaffRole.NONE).exclude(id=request.user.id)
    people = sorted(
        ((person.id, f"{person} ({person.email})") for person in others.order_by("id")[:500]), key=lambda one: one[1]
    )
    return BreakGlassForm(given, people=people)


def _requests(
    request: StaffRequest, form: BreakGlassForm, *, made: BreakGlass | None = None, code: str = ""
) -> HttpResponse:
    me = request.user.id
    rows = [
        {"request": r, "may_agree": r.agreed_by_id is None and me not in (r.asked_by_id, r.person_id)}
        for r in break_glass.open_requests(at=timezone.now())
    ]
    context = {
        "rows": rows, "form": form, "made": made, "code": code,
        "address": faces.link(request, reverse("console:sealed_code")),
    }  # fmt: skip
    return page(request, "console/break_glass.html", "people", context, status=422 if form.errors else 200)


@require_POST
@signed_in_again
@staff_page(StaffRole.ADMINISTRATOR)
def agree(request: StaffRequest, request_id: str) -> HttpResponse:
    """Makes the code, and shows it this once."""
    now = timezone.now()
    made, code = break_glass.agree(request_id, request.user, at=now)
    _tell(made, "made", now)
    response = _requests(request, _form(request), made=made, code=code)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@staff_page(StaffRole.ADMINISTRATOR)
def withdraw(request: StaffRequest, request_id: str) -> HttpResponse:
    """Makes a request or its code useless."""
    break_glass.withdraw(request_id, request.user, at=timezone.now())
    return done(request, _("The code does not work any more."), reverse("console:break_glass"))


@never_cache
@require_http_methods(["GET", "POST"])
def use(request: HttpRequest) -> HttpResponse:
    """Where a sealed code is typed: no door before it, because nobody who needs it can open one."""
    form = SealedCodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        now, email = timezone.now(), form.cleaned_data["email"]
        with visitor_scope():
            may_try = break_glass.may_try(email, now)
        used = _use(email, form.cleaned_data["code"], now) if may_try else None
        if used is not None:
            return _let_in(request, used.person)
        form.add_error(
            None,
            _("This code is not good: mistyped, used, older than a day, or for another address. After several tries there is a wait."),
        )  # fmt: skip
    return render(request, "console/sealed_code.html", {"form": form}, status=422 if form.errors else 200)


def _use(email: str, code: str, now: datetime) -> BreakGlass | None:
    with staff_scope():
        used = break_glass.use(email, code, at=now)
        if used is not None:
            _tell(used, "used", now)
    return used


def _let_in(request: HttpRequest, person: User) -> HttpResponse:
    """Signs the person in for one thing: setting up a passkey. The console opens after that."""
    get_adapter(request).login(request, person)
    record_authentication(request, person, method="break_glass", reauthenticated=True)
    messages.warning(
        request, _("You are in. Your earlier passkeys and codes do not work any more: set up a new passkey now.")
    )
    return HttpResponseRedirect(reverse("mfa_index"))


def _tell(made: BreakGlass, step: str, now: datetime) -> None:
    values = {"person": made.person.sealed_name, "step": step, "why": made.why, "at": now}
    tell_administrators(
        "staff.break_glass", values, f"break-glass/{made.id}/{step}", at=now, url=reverse("console:people")
    )  # fmt: skip
