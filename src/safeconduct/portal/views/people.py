"""Who acts for the shop: members, invitations, and the page behind an invitation's link."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.kernel import faces
from safeconduct.kernel.member_pages import MemberRequest, done, only_for, page
from safeconduct.kernel.notices import codes
from safeconduct.kernel.paging import cut
from safeconduct.kernel.parties import ending_sessions, invitations, members, passkey_sign_up
from safeconduct.kernel.parties.again import asked_again
from safeconduct.kernel.parties.errors import EndRefused, InvitationGone, NoSuchMember, PartiesError
from safeconduct.kernel.parties.forms import AcceptForm
from safeconduct.kernel.parties.models import Invitation, MemberRole, Membership, Seller, User
from safeconduct.kernel.parties.session_guard import origin_of_request
from safeconduct.kernel.protection import ActAnswer, judge_member
from safeconduct.kernel.scope import engine_scope, visitor_scope
from safeconduct.kernel.ui.again import page_again
from safeconduct.kernel.ui.parts import Page
from safeconduct.portal import telling
from safeconduct.portal.access import CHOSEN, refused
from safeconduct.portal.rights import deeds
from safeconduct.portal.words import MEMBER_ROLES, role_name

#: A day of access beyond it is a typing error.
LAST_YEAR: Final = 2099
#: People, and open invitations, of one page.
_SHOWN: Final = 30


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(label=lazy("E-mail address"))
    role = forms.ChoiceField(label=lazy("Role"), choices=[(key, name) for key, (name, _use) in MEMBER_ROLES.items()])
    until = forms.DateField(
        label=lazy("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=lazy("Their access ends by itself after this day. Empty: without end."),
    )  # fmt: skip

    def clean(self) -> dict[str, object]:
        given = super().clean() or {}
        until = given.get("until")
        if isinstance(until, date) and given.get("role") == MemberRole.OWNER:
            self.add_error("until", _("An owner's access has no end. Choose another role, or leave this empty."))
        elif isinstance(until, date) and (until.year > LAST_YEAR or _end_of(until) <= timezone.now()):
            self.add_error("until", _("Choose a day to come, of this century."))
        return given


def _last_day(member: Membership) -> dict[str, object]:
    """The last moment of somebody's access, and its day for the field."""
    if member.expires_at is None:
        return {"last_day": "", "last_moment": None}
    last = timezone.localtime(member.expires_at) - timedelta(microseconds=1)
    return {"last_day": last.date().isoformat(), "last_moment": last}


def _end_of(day: date) -> datetime:
    """The end of a day where the reader is. Raises ValueError for one that nobody means."""
    if day.year > LAST_YEAR:
        raise ValueError(day)
    return datetime.combine(day + timedelta(days=1), time(), timezone.get_current_timezone())


@require_GET
def people(request: MemberRequest) -> HttpResponse:
    """Everybody who acts for this seller; an owner sees open invitations too."""
    return _people(request, InviteForm(initial={"role": MemberRole.SUPPORT}))


def _people(
    request: MemberRequest, form: InviteForm, *, link: str = "", email: str = "", status: int = 200
) -> HttpResponse:
    now, key = timezone.now(), request.seller.key
    manages = request.membership.role == MemberRole.OWNER
    open_ones = members.open_invitations(key, at=now)[:_SHOWN] if manages else []
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    found = cut(members.members_of(key, at=now), after=after, before=before, size=_SHOWN)
    context = {
        "rows": [
            {
                "member": m, "role": role_name(m.role), "use": MEMBER_ROLES[m.role][1],
                "me": m.person_id == request.user.id, **_last_day(m),
            }
            for m in found.items
        ],
        "page": Page(found.next, found.previous, len(found.items)),
        "roles": [(key, name) for key, (name, _use) in MEMBER_ROLES.items()], "manages": manages, "form": form,
        "invitations": [(i, role_name(i.member_role)) for i in open_ones],
        "link": link, "email": email,
    }  # fmt: skip
    return page(request, "portal/people.html", context, status=status)


@require_POST
@only_for(says=lazy("Invite people to act for the shop"))
def invite(request: MemberRequest) -> HttpResponse:
    """Invites by mail; the link is also shown, this once."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _people(request, form, status=422)
    now, role = timezone.now(), MemberRole(form.cleaned_data["role"])
    turned_away = _doubted(request, role, now)
    if turned_away is not None:
        return turned_away
    invitation, token = members.invite_member(
        form.cleaned_data["email"], request.seller.key, role, request.user, at=now,
        until=_end_of(form.cleaned_data["until"]) if form.cleaned_data["until"] else None,
    )  # fmt: skip
    telling.invited(request, invitation, now)
    link = faces.link(request, reverse("portal:welcome", args=[token]))
    if not _send(invitation, link, request):
        messages.warning(request, _("The mail could not be sent. Hand over the link yourself, by a channel you trust."))
    fresh = InviteForm(initial={"role": MemberRole.SUPPORT})
    response = _people(request, fresh, link=link, email=invitation.email)
    response["Cache-Control"] = "no-store"
    return response


def _doubted(request: MemberRequest, role: MemberRole, now: datetime) -> HttpResponse | None:
    """What comes before somebody is let in, or near the money, where the account of who asks is in doubt; None where
    nothing does."""
    target = reverse("portal:people")
    address = origin_of_request(request).address
    match judge_member(request.user.id, request.seller.ref, role, address, now):
        case ActAnswer.REFUSED:
            refused_because = _(
                "Nobody can be let in or given more rights now, because of what happened to the account lately. "
                "Nothing was changed. The marketplace's staff help you."
            )
            return page_again(request, refused_because, target)
        case ActAnswer.PROVE:
            return asked_again(request, target)
        case ActAnswer.AS_ASKED:
            return None


def _send(invitation: Invitation, link: str, request: MemberRequest) -> bool:
    text = _(
        "%(name)s invites you to act for %(seller)s on Safeconduct as %(role)s.\n\nOpen this link within %(days)s days:"
        "\n\n%(link)s\n\nIf you did not expect this, delete it: nothing happens without the link."
    ) % {
        "name": request.user, "seller": request.seller, "role": role_name(invitation.member_role),
        "days": invitations.VALID_DAYS, "link": link,
    }  # fmt: skip
    try:
        mail = EmailMessage(
            _("Your invitation to %(seller)s") % {"seller": request.seller}, text, to=[invitation.email]
        )
        codes.carry(mail, "invitation", at=timezone.now(), seller_key=request.seller.key)
        mail.send()
    except OSError:
        return False
    return True


@require_POST
@only_for(says=lazy("Withdraw an invitation"))
def withdraw(request: MemberRequest, invitation_id: str) -> HttpResponse:
    """Makes an invitation useless."""
    now = timezone.now()
    if not any(i.id == invitation_id for i in members.open_invitations(request.seller.key, at=now)):
        raise NoSuchMember(invitation_id)
    members.withdraw_invitation(invitation_id, request.user, at=now)
    return done(request, _("The invitation does not work any more."), reverse("portal:people"))


@require_POST
@only_for(says=lazy("Change somebody's role"))
def change_role(request: MemberRequest, membership_id: str) -> HttpResponse:
    """Another role."""
    now = timezone.now()
    wanted = request.POST.get("role", "")
    if wanted not in MemberRole.values:
        raise NoSuchMember(membership_id)
    before = _of_this_shop(request, membership_id, now)
    turned_away = _doubted(request, MemberRole(wanted), now) if wanted in telling.NEAR_MONEY else None
    turned_away = turned_away or _owner_ends(request, before)
    if turned_away is not None:
        return turned_away
    was = MemberRole(before.role)
    member = members.change_member_role(membership_id, MemberRole(wanted), request.user, at=now)
    telling.has_another_role(request, member, was, now)
    text = _("%(name)s is %(role)s now.") % {"name": member.person, "role": role_name(wanted)}
    return done(request, text, reverse("portal:people"))


@require_POST
@only_for(says=lazy("Set the day on which somebody's access ends"))
def end_later(request: MemberRequest, membership_id: str) -> HttpResponse:
    """The day after which somebody's access ends by itself; none: it does not."""
    now = timezone.now()
    _of_this_shop(request, membership_id, now)
    given = request.POST.get("until", "")
    try:
        until = _end_of(date.fromisoformat(given)) if given else None
    except ValueError:
        raise EndRefused(_("“%s” is no day; write it as 2027-03-31") % given[:20]) from None
    member = members.end_later(membership_id, until, request.user, at=now)
    telling.note(request, "access_until", member, now)
    return done(request, _("Noted."), reverse("portal:people"))


@require_GET
def powers(request: MemberRequest) -> HttpResponse:
    """What whoever looks at this could do, and so could whoever sat down at their desk."""
    return _powers(request, request.membership)


@require_GET
@only_for(says=lazy("See what each person could do"))
def member_powers(request: MemberRequest, membership_id: str) -> HttpResponse:
    """What somebody of the shop could do."""
    return _powers(request, _of_this_shop(request, membership_id, timezone.now()))


def _powers(request: MemberRequest, member: Membership) -> HttpResponse:
    name, use = MEMBER_ROLES[member.role]
    every = deeds()
    context = {
        "member": member, "me": member.person_id == request.user.id, "role": name, "use": use,
        "may": [deed.says for deed in every if member.role in deed.roles],
        "may_not": [deed.says for deed in every if member.role not in deed.roles],
        "sees": [entry.label for entry in request.shell.menu],
        "others": len(request.memberships) - 1 if member.person_id == request.user.id else 0,
    }  # fmt: skip
    return page(request, "portal/powers.html", context)


@require_POST
def end(request: MemberRequest, membership_id: str) -> HttpResponse:
    """Ends a membership: an owner anybody's, everybody their own."""
    now = timezone.now()
    turned_away = _owner_ends(request, _of_this_shop(request, membership_id, now))
    if turned_away is not None:
        return turned_away
    member = members.end_membership(membership_id, request.user, at=now)
    telling.ended(request, member, now)
    if membership_id == request.membership.id:
        return done(request, _("You do not act for this shop any more."), reverse("front_door"))
    return done(request, _("They do not act for the shop any more."), reverse("portal:people"))


@require_POST
@only_for(says=lazy("End somebody's open sessions"))
def end_sessions(request: MemberRequest, membership_id: str) -> HttpResponse:
    """Signs somebody of the shop out everywhere; they keep their access, and sign in again."""
    now, target = timezone.now(), reverse("portal:people")
    member = _of_this_shop(request, membership_id, now)
    turned_away = asked_again(request, target)
    if turned_away is not None:
        return turned_away
    # A person's sessions are of no seller, nor only of this one: the engine ends them, and tells.
    with engine_scope():
        noted = ending_sessions.end_for_member(member.person_id, request.seller.key, request.user, now)
        get_adapter(request).tell_all(noted, ending_sessions.KIND, ending_sessions.LEVEL, now)
    if not noted:
        return done(request, _("%(name)s was signed in nowhere.") % {"name": member.person}, target)
    return done(request, _("%(name)s is signed out everywhere, and was told.") % {"name": member.person}, target)


def _owner_ends(request: MemberRequest, member: Membership) -> HttpResponse | None:
    """Whoever would put another owner out shows anew who they are: a thief at an open session would do that first."""
    owners = member.role == request.membership.role == MemberRole.OWNER
    if not owners or member.person_id == request.user.id:
        return None
    return asked_again(request, reverse("portal:people"))


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
    language = get_language() or settings.LANGUAGE_CODE
    form = AcceptForm(request.POST or None, email=invitation.email)
    if request.POST.get("credential"):
        form = AcceptForm(initial={"name": request.POST.get("name", "")}, email=invitation.email)
        with_passkey = passkey_sign_up.PasskeyForm(request.POST)
        try:
            if with_passkey.is_valid():
                given = with_passkey.cleaned_data
                return _made(request, passkey_sign_up.accept(
                    request, invitation, token, given, at=now, language=language
                ), now)  # fmt: skip
            problems = [str(told) for errors in with_passkey.errors.values() for told in errors]
        except ValidationError as refused_key:
            problems = refused_key.messages
        return _welcome(request, invitation, {"form": form, "problems": problems}, status=422)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with visitor_scope():
            person = invitations.accept(token, given["name"], given["password"], at=now, language=language)
        return _made(request, person, now)
    return _welcome(request, invitation, {"form": form}, status=422 if form.errors else 200)


def _made(request: HttpRequest, person: User, now: datetime) -> HttpResponse:
    """Signing in is the next step, whatever the account was made with: that is what is judged and written down."""
    for membership in members.sellers_of(person, at=now):
        telling.joined(membership, now)
    messages.success(request, _("Your account is ready. Sign in."))
    return HttpResponseRedirect(reverse("account_login"))


def _join(request: HttpRequest, token: str, invitation: Invitation, now: datetime) -> HttpResponse:
    if not isinstance(request.user, User):
        return _welcome(request, invitation, {"sign_in": f"{reverse('account_login')}?next={request.path}"})
    if request.method == "POST":
        with visitor_scope():
            membership = members.join(token, request.user, at=now)
        telling.joined(membership, now)
        request.session[CHOSEN] = membership.seller_key
        return done(request, _("You act for this shop now."), reverse("portal:home"))
    return _welcome(request, invitation, {"join": True})


def _welcome(
    request: HttpRequest, invitation: Invitation, context: dict[str, object], *, status: int = 200
) -> HttpResponse:
    with engine_scope():
        seller = Seller.objects.filter(key=invitation.seller_key or 0).first()
    shown = {"invitation": invitation, "role": role_name(invitation.member_role), "seller": seller, **context}
    if "form" in context:
        shown["js_data"] = {"creation_options": passkey_sign_up.begin(request, invitation)}
    return render(request, "portal/welcome.html", shown, status=status)
