"""The seller's page about security: how the shop is guarded, who acts for it, and what happened in 90 days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from operator import itemgetter
from typing import Final

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.member_pages import MemberRequest, done, only_for, page
from safeconduct.kernel.parties import app_grants, attempts, keys, members, security_events, sessions
from safeconduct.kernel.parties.models import MemberRole, SecurityEvent
from safeconduct.kernel.parties.security_events import Happened, Level
from safeconduct.kernel.parties.session_guard import session_of
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.protections.accounts.queries import guards_of
from safeconduct.protections.accounts.sign_in.own_sessions import shown
from safeconduct.protections.accounts.words import LEVELS, PAYOUT_KINDS, sentence_of

#: What the page shows of the past, and how much of it at once.
SHOWN: Final = timedelta(days=90)
ROWS: Final = 50
EVERYONE: Final = tuple(MemberRole)


@require_GET
def security(request: MemberRequest) -> HttpResponse:
    """How the shop is guarded, and what happened to the accounts of its people."""
    now = timezone.now()
    people = members.members_of(request.seller.key, at=now)
    guards = guards_of(people)
    names = {m.person_id: str(m.person) for m in people}
    sees_money = request.membership.role in (MemberRole.OWNER, MemberRole.FINANCE)
    owns = request.membership.role == MemberRole.OWNER
    places = sessions.running_of([m.person_id for m in people], now) if owns else {}
    found = security_events.of_seller(
        request.seller.key, since=now - SHOWN, limit=ROWS + 1, before=request.GET.get("before") or None,
        without="" if sees_money else PAYOUT_KINDS,
    )  # fmt: skip
    rows = [
        {
            "at": e.at, "who": _who(e, names),
            "sentence": sentence_of(e), "tone": LEVELS[e.level][0], "level": LEVELS[e.level][1],
        }
        for e in found[:ROWS]
    ]  # fmt: skip
    context = {
        "guards": guards.each, "score": guards.score, "full": len(guards.each), "rows": rows,
        # Whoever lacks a second step comes first; of very many people the others stand on the page of people only.
        "people": sorted(
            ((m, m.person_id in guards.second_step, places.get(m.person_id)) for m in people), key=itemgetter(1)
        )[:ROWS],
        "apps": _apps(request.seller.key, now) if owns else [],
        "next": found[ROWS - 1].id if len(found) > ROWS else "",
        "browsers": attempts.devices_of(request.user), "sees_money": sees_money,
        "owns": owns,
        **shown(request.user, session_of(request)),
    }  # fmt: skip
    return page(request, "accounts/security.html", context)


def _apps(seller_key: int, now: datetime) -> list[dict[str, object]]:
    """The apps that read the shop's data with a key that works."""
    with engine_scope():
        found = [one for one in app_grants.of_seller(seller_key) if keys.is_live(one, now)]
    return [
        {
            "name": one.name, "expires_at": one.expires_at,
            "last_used": one.last_used_on and datetime.combine(one.last_used_on, time(12), UTC),
        }
        for one in found
    ]  # fmt: skip


def _who(event: SecurityEvent, names: Mapping[str, str]) -> str:
    """Who did it, as the shop may know: its people by name, the marketplace's as one."""
    if event.role == "mailbox":
        return _("whoever opened the link in the mail")
    if event.role not in MemberRole.values and event.role != "person":
        return _("the marketplace")
    return names.get(event.person_id or "", _("somebody who acted for the shop then"))


@require_POST
@only_for(*EVERYONE, says=lazy("Make their own browsers unknown"))
def forget_browsers(request: MemberRequest) -> HttpResponse:
    """Every browser of the person who asks is unknown again; the next sign-in from each is told as a new one."""
    attempts.forget_devices(request.user)
    happened = Happened("browsers_forgotten", Level.NOTICE, request.user.id, request.seller.key)
    security_events.note([happened], Actor(request.user.id, request.membership.role), timezone.now())
    return done(
        request, _("No browser is known any more. Yours becomes known with your next sign-in."),
        reverse("portal:accounts:security"),
    )  # fmt: skip
