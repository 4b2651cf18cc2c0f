"""A person's settings: language, zone, how often to be told; and which of their shops is shown."""

from __future__ import annotations

import zoneinfo

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST

from safeconduct.foundation.host_cookies import host_cookie
from safeconduct.kernel.member_pages import MemberRequest, done, page
from safeconduct.kernel.notices.actions import preferences, set_preferences
from safeconduct.kernel.notices.models import Pace
from safeconduct.kernel.parties.forms import NameField
from safeconduct.kernel.parties.models import Seller, User
from safeconduct.kernel.record.keys import chain
from safeconduct.kernel.scope import engine_scope
from safeconduct.kernel.ui.reader import ZONE_COOKIE
from safeconduct.portal.access import CHOSEN
from safeconduct.portal.words import role_name

HOURS = [(str(hour), f"{hour:02d}:00") for hour in range(24)]
NO_HOUR = [("", "–"), *HOURS]


class SettingsForm(forms.Form):
    """What a member chooses for themselves."""

    name = NameField(label=lazy("Your name"), max_length=120)
    language = forms.ChoiceField(label=lazy("Language"), choices=settings.LANGUAGES)
    time_zone = forms.CharField(
        label=lazy("Time zone"),
        max_length=64,
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
        help_text=lazy("As the IANA names it, for example America/Santiago. Deadlines are shown in it."),
    )
    digest = forms.ChoiceField(
        label=lazy("E-mail"),
        choices=[
            (Pace.NOW, lazy("each notice at once")),
            (Pace.DAILY, lazy("once a day, urgent ones at once")),
            (Pace.URGENT, lazy("urgent ones only")),
        ],
        help_text=lazy("All notices stand in your inbox here, whatever you choose."),
    )
    daily_hour = forms.ChoiceField(label=lazy("Collected mail at"), choices=HOURS)
    quiet_from_hour = forms.ChoiceField(label=lazy("No mail from"), choices=NO_HOUR, required=False)
    quiet_until_hour = forms.ChoiceField(label=lazy("until"), choices=NO_HOUR, required=False)

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"]
        if name not in zoneinfo.available_timezones():
            raise forms.ValidationError(_("There is no such zone. Write region and city, for example Asia/Tokyo."))
        return name

    def clean(self) -> dict[str, object]:
        given = super().clean() or {}
        start, end = given.get("quiet_from_hour"), given.get("quiet_until_hour")
        if bool(start) != bool(end):
            self.add_error("quiet_until_hour", _("Quiet hours need a beginning and an end; leave both empty for none."))
        elif start and start == end:
            self.add_error(
                "quiet_until_hour", _("Quiet hours cannot last all day; choose “urgent ones only” above instead.")
            )
        return given


@require_http_methods(["GET", "POST"])
def settings_page(request: MemberRequest) -> HttpResponse:
    """Shows the settings, and keeps them."""
    if request.method == "POST":
        form = SettingsForm(request.POST)
        if form.is_valid():
            return _keep(request, form)
    else:
        form = SettingsForm(initial=_settled(request.user))
    with engine_scope():  # the seller in scope sees itself only; these are the person's own
        mine = Seller.objects.filter(key__in=[m.seller_key for m in request.memberships])
        names = {seller.key: str(seller) for seller in mine}
    context = {
        "form": form, "keys": [str(key.verifier) for key in chain()], "zones": sorted(zoneinfo.available_timezones()),
        "shops": [(m.seller_key, names.get(m.seller_key, ""), role_name(m.role)) for m in request.memberships],
    }  # fmt: skip
    return page(request, "portal/settings.html", context, status=422 if form.errors else 200)


def _settled(user: User) -> dict[str, object]:
    wish = preferences(user.id)
    return {
        "name": user.name, "language": user.language, "time_zone": user.time_zone, "digest": wish.digest,
        "daily_hour": wish.daily_hour, "quiet_from_hour": _hour_text(wish.quiet_from_hour),
        "quiet_until_hour": _hour_text(wish.quiet_until_hour),
    }  # fmt: skip


def _hour_text(hour: int | None) -> str:
    return "" if hour is None else str(hour)


def _hour(text: str) -> int | None:
    return int(text) if text else None


def _keep(request: MemberRequest, form: SettingsForm) -> HttpResponse:
    chosen = form.cleaned_data
    User.objects.filter(id=request.user.id).update(
        name=chosen["name"], language=chosen["language"], time_zone=chosen["time_zone"]
    )
    set_preferences(
        request.user.id, digest=chosen["digest"], daily_hour=int(chosen["daily_hour"]),
        quiet_from_hour=_hour(chosen["quiet_from_hour"]), quiet_until_hour=_hour(chosen["quiet_until_hour"]),
    )  # fmt: skip
    response = done(request, _("Kept."), reverse("portal:settings"))
    secure = bool(settings.SESSION_COOKIE_SECURE)
    zone = host_cookie(ZONE_COOKIE, secure=secure)
    for name, value in ((settings.LANGUAGE_COOKIE_NAME, chosen["language"]), (zone, chosen["time_zone"])):
        response.set_cookie(name, value, samesite="Lax", secure=secure)
    return response


@require_POST
def choose_seller(request: MemberRequest) -> HttpResponse:
    """Shows another of this person's shops."""
    wanted = request.POST.get("seller", "")
    chosen = next((m.seller_key for m in request.memberships if str(m.seller_key) == wanted), None)
    if chosen is not None:
        request.session[CHOSEN] = chosen
    return done(request, _("Shown now."), reverse("portal:home"))
