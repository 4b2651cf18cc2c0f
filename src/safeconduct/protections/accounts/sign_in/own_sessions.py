"""A person's own sessions, staff or member: which run, where from, and an end to each. The seller's page of security
shows the same list."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from safeconduct.kernel.member_pages import done
from safeconduct.kernel.parties import sessions
from safeconduct.kernel.parties.again import asked_again
from safeconduct.kernel.parties.browsers import browser_of
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.parties.security_events import Happened, Level, note_for_person
from safeconduct.kernel.parties.session_guard import session_of
from safeconduct.kernel.scope import Actor, engine_scope, visitor_scope
from safeconduct.protections.accounts.sign_in.words import ENDED, FACTORS


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def own_sessions(request: HttpRequest) -> HttpResponse:
    """GET lists them; POST ends one (`end`: its id) or all but this one (`end`: `others`), once the person has shown
    anew who they are. One that has ended, or is somebody else's, is as good as ended."""
    person, here = request.user, session_of(request)
    assert isinstance(person, User)
    if request.method == "POST":
        back = _back(request)
        return asked_again(request, back) or _end(request, person, here, request.POST.get("end", ""), back)
    with visitor_scope():
        return render(request, "accounts/own_sessions.html", shown(person, here))


def shown(person: User, here: str) -> dict[str, object]:
    """A person's sessions as pages show them, those that run first; `here` is the one that asks. One past its limits
    has ended, though nobody came back to be told so. `elsewhere`: whether another one runs."""
    rows: list[dict[str, object]] = []
    now = timezone.now()
    limits = sessions.limits_of(person, now)
    for one in sessions.of_person(person):
        origin = sessions.origin_of(one)
        over = limits.over(one.started_at, one.last_seen_at, now) if one.ended_at is None else None
        rows.append(
            {
                "id": one.id, "browser": str(browser_of(origin.browser)), "address": origin.address,
                "here": one.id == here, "started_at": one.started_at, "last_seen_at": one.last_seen_at,
                "factor": FACTORS.get(one.factor, ""), "runs": one.ended_at is None and over is None,
                "why": ENDED.get(over or one.ended_why, ""),
            }
        )  # fmt: skip
    return {"sessions": rows, "elsewhere": any(row["runs"] and not row["here"] for row in rows)}


def _end(request: HttpRequest, person: User, here: str, which: str, back: str) -> HttpResponse:
    now, why = timezone.now(), sessions.Ended.REVOKED
    with visitor_scope():
        if which == "others":
            ended, text = sessions.end_all(person.id, why, now, but=here), _("All your other sessions have ended.")
        else:
            ended, text = int(sessions.end(which, person.id, why, now)), _("That session has ended.")
    if ended:
        happened = Happened("session_revoked", Level.NOTICE, person.id, None, {"ended": ended, "by": here})
        with engine_scope():
            note_for_person(happened, Actor(person.id, "person"), now)
    return done(request, text, back)


def _back(request: HttpRequest) -> str:
    """The page of ours that the form stood on."""
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return back if safe else reverse("own_sessions")
