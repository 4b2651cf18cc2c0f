"""People of the staff: who may do what, invitations, and the page behind an invitation's link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.console.access import StaffRequest, done, page, refused, staff_page
from safeconduct.console.forms import AcceptForm, InviteForm
from safeconduct.console.words import role_name
from safeconduct.kernel import faces
from safeconduct.kernel.cases import assigning, seats
from safeconduct.kernel.decisions.actions import release_reviews
from safeconduct.kernel.decisions.errors import NotFound
from safeconduct.kernel.notices import codes
from safeconduct.kernel.paging import Order
from safeconduct.kernel.paging import page as paged
from safeconduct.kernel.parties import identities, invitations, staff
from safeconduct.kernel.parties.errors import BreakGlassRefused, PartiesError
from safeconduct.kernel.parties.models import Invitation, StaffRole, User
from safeconduct.kernel.parties.security_events import Happened, Level, note_for_person
from safeconduct.kernel.scope import Actor, visitor_scope
from safeconduct.kernel.ui.parts import Page

#: People, and open invitations, of one page: each brings two questions that are asked before it is done.
_SHOWN: Final = 30


@require_GET
@staff_page(StaffRole.ADMINISTRATOR)
def people(request: StaffRequest) -> HttpResponse:
    """Staff and open invitations."""
    return _people(request, InviteForm(initial={"role": StaffRole.ANALYST}))


def _people(
    request: StaffRequest, form: InviteForm, *, link: str = "", email: str = "", status: int = 200
) -> HttpResponse:
    staff_people = User.objects.exclude(staff_role=StaffRole.NONE)
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    found = paged(staff_people, Order("id"), after=after, before=before, size=_SHOWN)
    everyone = sorted(found.items, key=str)  # pages are by who came when: the database knows nobody's name
    secured, linked = staff.with_second_factor(everyone), identities.linked(everyone)
    now = timezone.now()
    open_ones = invitations.meant(
        Invitation.objects.filter(seller_key__isnull=True, accepted_at__isnull=True, expires_at__gt=now)
    ).select_related("invited_by")
    context = {
        "rows": [
            {
                "person": p, "role": role_name(p.staff_role), "secured": p.id in secured, "linked": p.id in linked,
                "me": p.id == request.user.id,
            }
            for p in everyone
        ],
        "invitations": [{"invitation": i, "role": role_name(i.role)} for i in open_ones.order_by("expires_at")[:_SHOWN]],
        "roles": [(value, role_name(value)) for value in StaffRole.values if value], "form": form, "link": link,
        "email": email, "resets": not settings.STAFF_PASSKEY_ONLY, "page": Page(found.next, found.previous, len(found.items)),
    }  # fmt: skip
    return page(request, "console/people.html", "people", context, status=status)


@require_POST
@staff_page(StaffRole.ADMINISTRATOR)
def invite(request: StaffRequest) -> HttpResponse:
    """Invites by mail; the link is also shown, this once."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _people(request, form, status=422)
    invitation, token = invitations.invite(
        form.cleaned_data["email"], StaffRole(form.cleaned_data["role"]), request.user, at=timezone.now()
    )
    link = faces.link(request, reverse("console:welcome", args=[token]))
    sent = _send(invitation, link, request.user)
    if not sent:
        messages.warning(request, _("The mail could not be sent. Hand over the link yourself, by a channel you trust."))
    response = _people(request, InviteForm(initial={"role": StaffRole.ANALYST}), link=link, email=invitation.email)
    response["Cache-Control"] = "no-store"
    return response


def _send(invitation: Invitation, link: str, inviter: User) -> bool:
    text = _(
        "%(name)s invites you to work on Safeconduct as %(role)s.\n\nOpen this link within %(days)s days, choose a password"
        " and set up a second step:\n\n%(link)s\n\nIf you did not expect this, delete it: nothing happens without the link."
    ) % {"name": inviter, "role": role_name(invitation.role), "days": invitations.VALID_DAYS, "link": link}
    try:
        mail = EmailMessage(_("Your invitation to Safeconduct"), text, to=[invitation.email])
        codes.carry(mail, "invitation", at=timezone.now())
        mail.send()
    except OSError:
        return False
    return True


@require_POST
@staff_page(StaffRole.ADMINISTRATOR)
def withdraw(request: StaffRequest, invitation_id: str) -> HttpResponse:
    """Makes an invitation useless."""
    invitations.withdraw(invitation_id, request.user, at=timezone.now())
    return done(request, _("The invitation does not work any more."), reverse("console:people"))


@require_POST
@staff_page(StaffRole.ADMINISTRATOR)
def role(request: StaffRequest, person_id: str) -> HttpResponse:
    """Another role."""
    wanted = request.POST.get("role", "")
    if wanted not in StaffRole.values or not wanted:
        raise NotFound("role", wanted)
    person = staff.change_role(person_id, StaffRole(wanted), request.user, at=timezone.now())
    text = _("%(name)s is %(role)s now.") % {"name": person, "role": role_name(wanted)}
    return done(request, text, reverse("console:people"))


@require_POST
@staff_page(StaffRole.ADMINISTRATOR)
def act(request: StaffRequest, person_id: str, verb: str) -> HttpResponse:
    """Shuts out, lets in again, takes away a lost second factor, or forgets whom the company's directory meant."""
    match verb:
        case "deactivate":
            person = _shut_out(request, person_id)
            text = _(
                "%(name)s is shut out. Reviews and cases they held are free again, and API keys they made have ended."
            )
        case "reactivate":
            person = staff.reactivate(person_id, request.user, at=timezone.now())
            text = _("%(name)s can sign in again.")
        case "reset-second-step":
            person = _reset_second_step(request, person_id)
            text = _("%(name)s sets up a second step after the next sign-in.")
        case "unlink":
            person = identities.unlink(person_id, request.user)
            _note(request, "identity_unlinked", person.id)
            text = _("%(name)s is found by their address at the next sign-in at the company.")
        case _other:
            raise NotFound("step", verb)
    return done(request, text % {"name": person}, reverse("console:people"))


def _shut_out(request: StaffRequest, person_id: str) -> User:
    """Shuts somebody out; what waited for them is free for others at once."""
    now = timezone.now()
    person = staff.deactivate(person_id, request.user, at=now)
    release_reviews(person)
    seats.release(person, at=now)
    assigning.release(person, at=now)
    return person


def _reset_second_step(request: StaffRequest, person_id: str) -> User:
    """Takes a lost second step away; the person hears of it. Where passkeys are all that opens the console, one
    administrator alone could so put themselves into somebody's place: there two make a sealed code."""
    if settings.STAFF_PASSKEY_ONLY:
        raise BreakGlassRefused("passkeys are all that opens the console; two administrators make a sealed code")
    now = timezone.now()
    person, noted = staff.reset_second_factor(person_id, request.user, at=now)
    get_adapter(request).tell_all({person.id: noted}, "factors_reset", Level.ALERT, now)
    return person


def _actor(request: StaffRequest) -> Actor:
    return Actor(request.user.id, request.user.staff_role)


def _note(request: StaffRequest, kind: str, person_id: str, facts: Mapping[str, str] | None = None) -> None:
    """Writes down what an administrator has done to somebody's access."""
    note_for_person(Happened(kind, Level.NOTICE, person_id, None, facts or {}), _actor(request), timezone.now())


@never_cache
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Behind an invitation's link: name and password; then signing in, and the second step."""
    now = timezone.now()
    try:
        with visitor_scope():
            invitation = invitations.look_up(token, at=now)
        form = AcceptForm(request.POST or None, email=invitation.email)
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            with visitor_scope():
                invitations.accept(
                    token, given["name"], given["password"], at=now, language=get_language() or settings.LANGUAGE_CODE
                )
            messages.success(request, _("Your account is ready. Sign in; then set up a second step."))
            return HttpResponseRedirect(reverse("account_login"))
    except PartiesError as problem:
        return refused(request, problem)
    context = {"form": form, "invitation": invitation, "role": role_name(invitation.role)}
    return render(request, "console/welcome.html", context, status=422 if form.errors else 200)
