"""A person's sessions on the security page: which run, where from, and an end to each."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from safeconduct.kernel.member_pages import MemberRequest, done, only_for
from safeconduct.kernel.parties import security_events, sessions
from safeconduct.kernel.parties.browsers import browser_of
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.parties.security_events import Happened, Level
from safeconduct.kernel.parties.session_guard import session_of
from safeconduct.kernel.scope import Actor
from safeconduct.protections.accounts.sign_in.words import ENDED, FACTORS

EVERYONE = tuple(MemberRole)


def sessions_shown(request: MemberRequest) -> list[dict[str, object]]:
    """The person's sessions as the page shows them: those that run first. One query."""
    here = session_of(request)
    rows: list[dict[str, object]] = []
    for one in sessions.of_person(request.user):
        origin = sessions.origin_of(one)
        rows.append(
            {
                "id": one.id, "browser": str(browser_of(origin.browser)), "address": origin.address,
                "here": one.id == here, "started_at": one.started_at, "last_seen_at": one.last_seen_at,
                "factor": FACTORS.get(one.factor, ""), "runs": one.ended_at is None,
                "why": ENDED.get(one.ended_why, ""),
            }
        )  # fmt: skip
    return rows


@require_POST
@only_for(*EVERYONE)
def end_one(request: MemberRequest, session_id: str) -> HttpResponse:
    """Ends one of the person's sessions. One that has ended, or is somebody else's, is as good as ended."""
    now = timezone.now()
    if sessions.end(session_id, request.user.id, sessions.Ended.REVOKED, now):
        _note(request, 1)
    return done(request, _("That session has ended."), reverse("portal:accounts:security"))


@require_POST
@only_for(*EVERYONE)
def end_others(request: MemberRequest) -> HttpResponse:
    """Ends all of the person's sessions but this one."""
    ended = sessions.end_all(request.user.id, sessions.Ended.REVOKED, timezone.now(), but=session_of(request))
    if ended:
        _note(request, ended)
    return done(request, _("All your other sessions have ended."), reverse("portal:accounts:security"))


def _note(request: MemberRequest, ended: int) -> None:
    happened = Happened(
        "session_revoked",
        Level.NOTICE,
        request.user.id,
        request.seller.key,
        {"ended": ended, "by": session_of(request)},
    )
    security_events.note([happened], Actor(request.user.id, request.membership.role), timezone.now())
