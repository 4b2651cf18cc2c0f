"""The seller's pages about apps. Only an owner lets one in, once they have shown anew who they are and seen what it can
do and cannot; any owner ends it in one step."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.kernel.member_pages import MemberRequest, done, only_for, page
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties import app_grants, keys, members, whereabouts
from safeconduct.kernel.parties.again import asked_again
from safeconduct.kernel.parties.keys import KeyRefused
from safeconduct.kernel.parties.models import ApiKey, MemberRole, User
from safeconduct.kernel.parties.session_guard import origin_of_request
from safeconduct.kernel.protection import Refusal
from safeconduct.kernel.scope import engine_scope
from safeconduct.protections.accounts.apps_of_sellers.forms import AppForm
from safeconduct.protections.accounts.apps_of_sellers.words import NEVER, POWERS, STATES
from safeconduct.protections.accounts.risk.judging import Act, ActKind, judge


class NoSuchApp(Refusal):
    code = "no_such_app"
    status = 404


class AppRefused(Refusal):
    """A new key that cannot be given; the text says why, and what to do instead."""

    code = "app_refused"


@require_GET
@only_for(says=lazy("See which apps read the shop's data"))
def apps(request: MemberRequest) -> HttpResponse:
    """Which apps there are, what each may read, who let it in, and when it last did."""
    return _apps(request)


def _apps(request: MemberRequest, *, made: ApiKey | None = None, secret: str = "") -> HttpResponse:
    now, key = timezone.now(), request.seller.key
    with engine_scope():
        found = app_grants.of_seller(key)
        people = {one.id: str(one) for one in User.objects.filter(id__in={grant.created_by for grant in found})}
    owners = {m.person_id for m in members.members_of(key, at=now) if m.role == MemberRole.OWNER}
    replaced = {grant.replaces_id for grant in found if grant.revoked_at is None}
    rows = []
    for grant in found:
        state = _state(grant, owners, replaced, now)
        rows.append({
            "grant": grant, "powers": [POWERS[scope] for scope in grant.scopes],
            "who": people.get(grant.created_by, ""), "state": STATES[state][0], "tone": STATES[state][1],
            "live": keys.is_live(grant, now), "renewable": keys.is_live(grant, now) and grant.id not in replaced,
            "last_used": grant.last_used_on and datetime.combine(grant.last_used_on, time(12), UTC),
        })  # fmt: skip
    context = {"rows": rows, "made": made, "secret": secret, "never": NEVER}
    return page(request, "accounts/apps.html", context)


def _state(grant: ApiKey, owners: set[str], replaced: set[str | None], now: datetime) -> str:
    """How a grant stands: what the gate of the API would say of it."""
    if grant.revoked_at is not None:
        return "ended"
    if grant.expires_at <= now:
        return "expired"
    if grant.created_by not in owners:
        return "gone"
    return "replaced" if grant.id in replaced else "live"


@never_cache
@require_http_methods(["GET", "POST"])
@only_for(says=lazy("Let an app read the shop's data"))
def connect(request: MemberRequest) -> HttpResponse:
    """The form; then what the app will be able to do and what not, to be agreed to; then its secret, once."""
    turned_away = asked_again(request, reverse("portal:accounts:app_connect"))
    if turned_away is not None:
        return turned_away
    form = AppForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        return page(request, "accounts/app_connect.html", {"form": form}, status=422 if form.errors else 200)
    if request.POST.get("agreed") != "yes":
        return _consent(request, form)
    try:
        made, secret = _granted(request, form.cleaned_data, timezone.now())
    except KeyRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return page(request, "accounts/app_connect.html", {"form": form}, status=422)
    response = _apps(request, made=made, secret=secret)
    response["Cache-Control"] = "no-store"
    return response


def _consent(request: MemberRequest, form: AppForm) -> HttpResponse:
    given = form.cleaned_data
    context = {
        "form": form, "name": given["name"], "powers": [POWERS[scope] for scope in given["scopes"]],
        "not_given": [words for scope, words in POWERS.items() if scope not in given["scopes"]], "never": NEVER,
        "until": timezone.now() + timedelta(days=given["days"]), "networks": given["networks"].split(),
    }  # fmt: skip
    return page(request, "accounts/app_consent.html", context)


def _granted(request: MemberRequest, given: dict[str, Any], now: datetime) -> tuple[ApiKey, str]:
    _judge(request, now)
    with engine_scope():
        granted = app_grants.grant(
            given["name"], given["scopes"], request.seller.key, request.user, at=now, days=given["days"],
            networks=given["networks"].split(),
        )  # fmt: skip
        _tell(granted[0], "connected")
        return granted


def _judge(request: MemberRequest, now: datetime) -> None:
    """Judged as a key that is created (S20). An app only reads and the owner has just shown who they are, so nothing
    short of a lock refuses it. Raises KeyRefused."""
    with engine_scope():
        place = whereabouts.asked_from(request.user.id, origin_of_request(request).address, now)
    if judge(Act(ActKind.KEY_CREATED, request.user.id, now, request.seller.ref, place)).refused:
        raise KeyRefused(_("This is refused because of what happened to your account lately. Nothing was changed."))


def _tell(made: ApiKey, step: str) -> None:
    """Every owner hears of it, at once: a thief at an open session would read with an app."""
    values = {"step": step, "name": made.name, "until": made.expires_at}
    url = reverse("portal:accounts:apps")
    notify([Notice(f"app/{made.id}/{step}", "app.key", values, made.created_at, made.seller_key, url=url)])


@never_cache
@require_POST
@only_for(says=lazy("Give an app a new key"))
def renew(request: MemberRequest, key_id: str) -> HttpResponse:
    """A new key for who has just shown who they are; the old one goes on for a week beside it, and ends by itself."""
    turned_away = asked_again(request, reverse("portal:accounts:apps"))
    if turned_away is not None:
        return turned_away
    now = timezone.now()
    try:
        _judge(request, now)
        with engine_scope():
            made, secret = app_grants.renew(key_id, request.seller.key, request.user, at=now)
            _tell(made, "renewed")
    except KeyRefused as refused:
        raise AppRefused(str(refused)) from None
    response = _apps(request, made=made, secret=secret)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@only_for(says=lazy("End an app's right to read"))
def end(request: MemberRequest, key_id: str) -> HttpResponse:
    """The end of an app's right, without asking who one is: its secret may be in other hands."""
    try:
        with engine_scope():
            grant = app_grants.end(key_id, request.seller.key, request.user, at=timezone.now())
    except KeyRefused as refused:
        raise NoSuchApp(str(refused)) from None
    text = _("%(name)s reads nothing any more.") % {"name": grant.name}
    return done(request, text, reverse("portal:accounts:apps"))
