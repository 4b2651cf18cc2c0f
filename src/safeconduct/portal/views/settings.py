"""A person's settings: language, zone, how often to be told; and which of their shops is shown."""

from __future__ import annotations

import zoneinfo

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST

from safeconduct.kernel.notices import actions as notices
from safeconduct.kernel.parties.members import members_of
from safeconduct.kernel.parties.models import Seller, User
from safeconduct.kernel.record.keys import public_keys
from safeconduct.kernel.scope import engine_scope, visitor_scope
from safeconduct.kernel.ui.reader import ZONE_COOKIE
from safeconduct.portal.access import CHOSEN, MemberRequest, done, member_page, page
from safeconduct.portal.words import MEMBER_ROLES


class SettingsForm(forms.Form):
    """What a member chooses for themselves."""

    name = forms.CharField(label=lazy("Your name"), max_length=120)
    language = forms.ChoiceField(label=lazy("Language"), choices=settings.LANGUAGES)
    time_zone = forms.CharField(
        label=lazy("Time zone"),
        max_length=64,
        help_text=lazy("As the IANA names it, for example America/Santiago. Deadlines are shown in it."),
    )
    digest = forms.ChoiceField(
        label=lazy("E-mail"),
        choices=[
            ("now", lazy("each notice at once")),
            ("daily", lazy("once a day, urgent ones at once")),
            ("urgent", lazy("urgent ones only")),
        ],
    )

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"]
        if name not in zoneinfo.available_timezones():
            raise forms.ValidationError(_("There is no such zone. Write region and city, for example Asia/Tokyo."))
        return name


@require_http_methods(["GET", "POST"])
@member_page()
def settings_page(request: MemberRequest) -> HttpResponse:
    """Shows the settings, and keeps them."""
    user = request.user
    if request.method == "POST":
        form = SettingsForm(request.POST)
        if form.is_valid():
            return _keep(request, form)
    else:
        digest = notices.preferences(user.id).digest
        form = SettingsForm(
            {"name": user.name, "language": user.language, "time_zone": user.time_zone, "digest": digest}
        )
    with engine_scope():  # the seller in scope sees itself only; these are the person's own
        mine = Seller.objects.filter(key__in=[m.seller_key for m in request.memberships])
        names = {seller.key: str(seller) for seller in mine}
    context = {
        "form": form, "memberships": [(m, names.get(m.seller_key, "")) for m in request.memberships],
        "members": [{"person": m.person, "role_name": MEMBER_ROLES[m.role]} for m in members_of(request.seller.key, at=timezone.now())],
        "keys": public_keys(),
    }  # fmt: skip
    return page(request, "portal/settings.html", "settings", context, status=400 if form.errors else 200)


def _keep(request: MemberRequest, form: SettingsForm) -> HttpResponse:
    chosen = form.cleaned_data
    with visitor_scope():
        User.objects.filter(id=request.user.id).update(
            name=chosen["name"], language=chosen["language"], time_zone=chosen["time_zone"]
        )
        notices.set_preferences(request.user.id, digest=chosen["digest"])
    response = done(request, _("Kept."), reverse("portal:settings"))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, chosen["language"], samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
    response.set_cookie(ZONE_COOKIE, chosen["time_zone"], samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response


@require_POST
@member_page()
def choose_seller(request: MemberRequest) -> HttpResponse:
    """Shows another of this person's shops."""
    wanted = request.POST.get("seller", "")
    chosen = next((m.seller_key for m in request.memberships if str(m.seller_key) == wanted), None)
    if chosen is not None:
        request.session[CHOSEN] = chosen
    return done(request, _("Shown now."), reverse("portal:home"))
