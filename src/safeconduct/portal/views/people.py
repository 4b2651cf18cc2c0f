"""Who acts for the shop: members, invitations, and the page behind an invitation's link."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.kernel.member_pages import MemberRequest, done, only_for, page
from safeconduct.kernel.notices.actions import catch_up
from safeconduct.kernel.parties import invitations, members, security_events
from safeconduct.kernel.parties.errors import InvitationGone, NoSuchMember, PartiesError
from safeconduct.kernel.parties.forms import AcceptForm
from safeconduct.kernel.parties.models import Invitation, MemberRole, Membership, Seller, User
from safeconduct.kernel.parties.security_events import Happened, Level
from safeconduct.kernel.scope import Actor, engine_scope, seller_scope, visitor_scope
from safeconduct.portal.access import CHOSEN, refused
from safeconduct.portal.words import MEMBER_ROLES, role_name


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(label=lazy("E-mail address"))
    role = forms.ChoiceField(label=lazy("Role"), choices=[(key, name) for key, (name, _use) in MEMBER_ROLES.items()])


@require_GET
def people(request: MemberRequest) -> HttpResponse:
    """Everybody who acts for this seller; an owner sees open invitations too."""
    return _people(request, InviteForm(initial={"role": MemberRole.SUPPORT}))


def _people(
    request: MemberRequest, form: InviteForm, *, link: str = "", email: str = "", status: int = 200
) -> HttpResponse:
    now, key = timezone.now(), request.seller.key
    manages = request.membership.role == MemberRole.OWNER
    open_ones = members.open_invitations(key, at=now) if manages else []
    context = {
        "rows": [
            {
                "member": m, "role": role_name(m.role), "use": MEMBER_ROLES[m.role][1],
                "me": m.person_id == request.user.id,
            }
            for m in members.members_of(key, at=now)
        ],
        "roles": [(key, name) for key, (name, _use) in MEMBER_ROLES.items()], "manages": manages, "form": form,
        "invitations": [(i, role_name(i.member_role)) for i in open_ones],
        "link": link, "email": email,
    }  # fmt: skip
    return page(request, "portal/people.html", context, status=status)


@require_POST
@only_for()
def invite(request: MemberRequest) -> HttpResponse:
    """Invites by mail; the link is also shown, this once."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _people(request, form, status=422)
    invitation, token = members.invite_member(
        form.cleaned_data["email"], request.seller.key, MemberRole(form.cleaned_data["role"]), request.user,
        at=timezone.now(),
    )  # fmt: skip
    link = request.build_absolute_uri(reverse("portal:welcome", args=[token]))
    if not _send(invitation, link, request):
        messages.warning(request, _("The mail could not be sent. Hand over the link yourself, by a channel you trust."))
    fresh = InviteForm(initial={"role": MemberRole.SUPPORT})
    response = _people(request, fresh, link=link, email=invitation.email)
    response["Cache-Control"] = "no-store"
    return response


def _send(invitation: Invitation, link: str, request: MemberRequest) -> bool:
    text = _(
        "%(name)s invites you to act for %(seller)s on Safeconduct as %(role)s.\n\nOpen this link within %(days)s days:"
        "\n\n%(link)s\n\nIf you did not expect this, delete it: nothing happens without the link."
    ) % {
        "name": request.user, "seller": request.seller, "role": role_name(invitation.member_role),
        "days": invitations.VALID_DAYS, "link": link,
    }  # fmt: skip
    try:
        send_mail(_("Your invitation to %(seller)s") % {"seller": request.seller}, text, None, [invitation.email])
    except OSError:
        return False
    return True


@require_POST
@only_for()
def withdraw(request: MemberRequest, invitation_id: str) -> HttpResponse:
    """Makes an invitation useless."""
    now = timezone.now()
    if not any(i.id == invitation_id for i in members.open_invitations(request.seller.key, at=now)):
        raise NoSuchMember(invitation_id)
    members.withdraw_invitation(invitation_id, request.user, at=now)
    return done(request, _("The invitation does not work any more."), reverse("portal:people"))


@require_POST
@only_for()
def change_role(request: MemberRequest, membership_id: str) -> HttpResponse:
    """Another role."""
    now = timezone.now()
    wanted = request.POST.get("role", "")
    if wanted not in MemberRole.values:
        raise NoSuchMember(membership_id)
    _of_this_shop(request, membership_id, now)
    member = members.change_member_role(membership_id, MemberRole(wanted), request.user, at=now)
    _note(request, "role_changed", member, now)
    text = _("%(name)s is %(role)s now.") % {"name": member.person, "role": role_name(wanted)}
    return done(request, text, reverse("portal:people"))


@require_POST
def end(request: MemberRequest, membership_id: str) -> HttpResponse:
    """Ends a membership: an owner anybody's, everybody their own."""
    now = timezone.now()
    _of_this_shop(request, membership_id, now)
    _note(request, "access_ended", members.end_membership(membership_id, request.user, at=now), now)
    if membership_id == request.membership.id:
        return done(request, _("You do not act for this shop any more."), reverse("front_door"))
    return done(request, _("They do not act for the shop any more."), reverse("portal:people"))


def _note(request: MemberRequest, kind: str, membership: Membership, now: datetime) -> None:
    """Tells the shop's people what became of somebody's access."""
    happened = Happened(kind, Level.NOTICE, membership.person_id, membership.seller_key, {"role": membership.role})
    security_events.note([happened], Actor(request.user.id, request.membership.role), now)


def _of_this_shop(request: MemberRequest, membership_id: str, now: datetime) -> Membership:
    """The member of the shop that is shown: who owns two shops changes the one they look at."""
    found = next((m for m in members.members_of(request.seller.key, at=now) if m.id == membership_id), None)
    if found is None:
        raise NoSuchMember(membership_id)
    return found


@never_cache
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Behind an invitation's link: who has an account signs in and joins, who has none makes one."""
    now = timezone.now()
    try:
        with visitor_scope():
            invitation = invitations.look_up(token, at=now)
            known = User.objects.filter(email=invitation.email).exists()
        if invitation.seller_key is None:
            raise InvitationGone
        if request.user.is_authenticated or known:
            return _join(request, token, invitation, now)
        return _accept(request, token, invitation, now)
    except PartiesError as problem:
        return refused(request, problem)


def _accept(request: HttpRequest, token: str, invitation: Invitation, now: datetime) -> HttpResponse:
    form = AcceptForm(request.POST or None, email=invitation.email)
    if request.method == "POST" and form.is_valid():
        given, language = form.cleaned_data, get_language() or settings.LANGUAGE_CODE
        with visitor_scope():
            person = invitations.accept(token, given["name"], given["password"], at=now, language=language)
        for membership in members.sellers_of(person, at=now):
            _tell_what_was(membership, now)
        messages.success(request, _("Your account is ready. Sign in."))
        return HttpResponseRedirect(reverse("account_login"))
    return _welcome(request, invitation, {"form": form}, status=422 if form.errors else 200)


def _join(request: HttpRequest, token: str, invitation: Invitation, now: datetime) -> HttpResponse:
    if not isinstance(request.user, User):
        return _welcome(request, invitation, {"sign_in": f"{reverse('account_login')}?next={request.path}"})
    if request.method == "POST":
        with visitor_scope():
            membership = members.join(token, request.user, at=now)
        _tell_what_was(membership, now)
        request.session[CHOSEN] = membership.seller_key
        return done(request, _("You act for this shop now."), reverse("portal:home"))
    return _welcome(request, invitation, {"join": True})


def _tell_what_was(membership: Membership, now: datetime) -> None:
    """A newcomer finds in the inbox what the shop was told before."""
    with seller_scope(membership.seller_key):
        catch_up(membership, at=now)


def _welcome(
    request: HttpRequest, invitation: Invitation, context: dict[str, object], *, status: int = 200
) -> HttpResponse:
    with engine_scope():
        seller = Seller.objects.filter(key=invitation.seller_key or 0).first()
    shown = {"invitation": invitation, "role": role_name(invitation.member_role), "seller": seller, **context}
    return render(request, "portal/welcome.html", shown, status=status)
