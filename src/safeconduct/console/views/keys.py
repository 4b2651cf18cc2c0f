"""API keys: which there are, a new one, its successor, its end. A secret is shown once."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.console.access import StaffRequest, done, page, signed_in_again, staff_page
from safeconduct.console.forms import KeyForm
from safeconduct.console.words import KEY_SCOPES, KEY_STATES
from safeconduct.kernel.notices.administrators import tell_administrators
from safeconduct.kernel.parties import keys
from safeconduct.kernel.parties.keys import KeyRefused
from safeconduct.kernel.parties.models import ApiKey, StaffRole, User
from safeconduct.kernel.parties.session_guard import origin_of_request
from safeconduct.kernel.protection import KeyAnswer, judge_key
from safeconduct.kernel.scope import Actor


@require_GET
@staff_page(StaffRole.ADMINISTRATOR)
def keys_page(request: StaffRequest) -> HttpResponse:
    """All keys, the living first."""
    return _keys(request)


@require_http_methods(["GET", "POST"])
@signed_in_again
@staff_page(StaffRole.ADMINISTRATOR)
def new(request: StaffRequest) -> HttpResponse:
    """A new key, for who has just signed in again."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given, now = form.cleaned_data, timezone.now()
        try:
            reads_only = _judged(request, now)
            made, secret = keys.create_key(
                given["name"], given["scopes"], _actor(request), at=now,
                expires_at=now + timedelta(days=given["days"]), networks=given["networks"].split(),
                reads_only=reads_only,
            )  # fmt: skip
        except KeyRefused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            return _shown_once(request, made, secret, reads_only=reads_only)
    return page(request, "console/new_key.html", "keys", {"form": form}, status=422 if form.errors else 200)


@require_POST
@signed_in_again
@staff_page(StaffRole.ADMINISTRATOR)
def rotate(request: StaffRequest, key_id: str) -> HttpResponse:
    """A successor; both live for a week."""
    now = timezone.now()
    try:
        reads_only = _judged(request, now)
        made, secret = keys.rotate_key(key_id, _actor(request), at=now, reads_only=reads_only)
    except KeyRefused as refused:
        return _keys(request, problem=str(refused), status=409)
    return _shown_once(request, made, secret, reads_only=made.reads_only_until is not None)


@require_POST
@staff_page(StaffRole.ADMINISTRATOR)
def revoke(request: StaffRequest, key_id: str) -> HttpResponse:
    """The end of a key, without asking twice: it may be in other hands."""
    try:
        key = keys.revoke_key(key_id, _actor(request), at=timezone.now())
    except KeyRefused as refused:
        return _keys(request, problem=str(refused), status=404)
    return done(request, _("%(name)s does not work any more.") % {"name": key.name}, reverse("console:keys"))


def _judged(request: StaffRequest, now: datetime) -> bool:
    """Whether the key only reads at first. Raises KeyRefused where none may be made."""
    answer = judge_key(request.user.id, origin_of_request(request).address, now)
    if answer is KeyAnswer.REFUSED:
        raise KeyRefused(_("Your account is under a lock, so that it can make no key. Ask another administrator."))
    return answer is KeyAnswer.READS_ONLY


def _shown_once(request: StaffRequest, made: ApiKey, secret: str, *, reads_only: bool) -> HttpResponse:
    tell_administrators(
        "key.made",
        {
            "key": made.id, "name": made.name, "until": made.expires_at,
            "scopes": "reads_only" if reads_only else "as_asked",
        },
        f"key/{made.id}/made", at=made.created_at, url=reverse("console:keys"),
    )  # fmt: skip
    response = _keys(request, made=made, secret=secret)
    response["Cache-Control"] = "no-store"
    return response


def _keys(
    request: StaffRequest, *, made: ApiKey | None = None, secret: str = "", problem: str = "", status: int = 200
) -> HttpResponse:
    now = timezone.now()
    found = keys.keys(at=now)
    makers = {person.id: person for person in User.objects.filter(id__in={key.created_by for key in found})}
    rows = []
    for key in found:
        maker = makers.get(key.created_by)
        state = _state(key, maker, now)
        rows.append({
            "key": key, "maker": maker or _("the command line"), "scopes": [KEY_SCOPES.get(s, s) for s in key.scopes],
            "state": KEY_STATES[state][0], "tone": KEY_STATES[state][1], "live": keys.is_live(key, now),
            "last_used": key.last_used_on and datetime.combine(key.last_used_on, time(12), UTC),
        })  # fmt: skip
    context = {"rows": rows, "made": made, "secret": secret, "problem": problem}
    return page(request, "console/keys.html", "keys", context, status=status)


def _state(key: ApiKey, maker: User | None, now: datetime) -> str:
    """How a key stands: what the gate of the API would say of it."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at <= now:
        return "expired"
    if maker is not None and not maker.is_staff:
        return "gone"
    held = key.demoted_at is not None or (key.reads_only_until is not None and key.reads_only_until > now)
    return "reads_only" if held else "live"


def _actor(request: StaffRequest) -> Actor:
    return Actor(request.user.id, request.user.staff_role)
