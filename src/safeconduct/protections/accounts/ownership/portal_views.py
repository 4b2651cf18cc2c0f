"""The shop's page of claims: a member opens one, the owners and the claimant see how it stands, speak and appeal."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from safeconduct.kernel.member_pages import MemberRequest, done, only_for, page
from safeconduct.kernel.parties import ownership
from safeconduct.kernel.parties.again import asked_again
from safeconduct.kernel.parties.models import MemberRole, OwnershipClaim
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.protections.accounts.ownership.doing import ClaimRefused, moved, said
from safeconduct.protections.accounts.ownership.forms import ClaimForm
from safeconduct.protections.accounts.ownership.words import FINDINGS, PAPERS, SIDES, STATES

_ENDED: Final = ("decided", "closed")


@never_cache
@require_http_methods(["GET", "POST"])
@only_for(*MemberRole, says=lazy("Say that the shop is theirs, which the marketplace then decides"))
@said
def claims(request: MemberRequest) -> HttpResponse:
    """GET shows the latest claim to who is of it, and the form; POST opens one, adds words, or appeals (`do`)."""
    now, target = timezone.now(), reverse("portal:accounts:ownership")
    if request.method == "GET":
        return _page(request, ClaimForm(), now)
    turned_away = asked_again(request, target)
    if turned_away is not None:
        return turned_away
    verb, text = request.POST.get("do", ""), request.POST.get("text", "")
    if verb == "open":
        form = ClaimForm(request.POST)
        if not form.is_valid():
            return _page(request, form, now, status=422)
        with engine_scope():
            claim = ownership.by_member(
                request.seller.key, request.user, form.cleaned_data["relation"], form.cleaned_data["text"], at=now
            )
            moved(claim, Actor(request.user.id, request.membership.role), now, _base(request))
        return done(request, _("It is heard. Owners and payouts stay as they are until it is decided."), target)
    with engine_scope():
        claim_of, side = _mine(request)
        if verb == "appeal":
            claim = ownership.appeal(claim_of.id, side, request.user.id, text, at=now)
            moved(claim, Actor(request.user.id, request.membership.role), now, _base(request))
            return done(request, _("Another person decides now."), target)
        ownership.say(claim_of.id, side, request.user.id, text, at=now)
    return done(request, _("Noted. Both sides and the marketplace read it."), target)


def _page(request: MemberRequest, form: ClaimForm, now: datetime, *, status: int = 200) -> HttpResponse:
    with engine_scope():
        claim = ownership.latest_of(request.seller.key)
        side = "" if claim is None else _side(request, claim)
        words = ownership.words_of(claim) if claim is not None and side else []
    context = {
        "form": form, "papers": PAPERS, **(shown(claim, words, now) if claim is not None and side else {}),
        "hidden": claim is not None and not side and claim.state not in _ENDED, "side": side,
        "may_open": claim is None or claim.state in _ENDED,
    }  # fmt: skip
    return page(request, "accounts/ownership.html", context, status=status)


def shown(claim: OwnershipClaim, words: list[ownership.Said], now: datetime) -> dict[str, object]:
    """A claim as both sides see it: who decided is named."""
    name, tone, means = STATES[claim.state]
    decisions = [
        (FINDINGS[finding][0], FINDINGS[finding][1], why, by, at)
        for finding, why, by, at in (
            (claim.finding, claim.why, claim.decided_by, claim.decided_at),
            (claim.final_finding, claim.final_why, claim.final_by, claim.final_at),
        )
        if finding
    ]
    return {
        "claim": claim, "state": name, "tone": tone, "means": means, "decisions": decisions,
        "words": [(SIDES[one.side], one) for one in words],
        "may_say": claim.state in ("waiting", "open", "appealed"),
        "may_appeal": claim.state == "decided" and claim.appeal_until is not None and claim.appeal_until > now,
    }  # fmt: skip


def _side(request: MemberRequest, claim: OwnershipClaim) -> str:
    """On which side somebody of the shop stands; empty for members who are none of it."""
    if claim.claimant_id == request.user.id:
        return "claimant"
    return "shop" if request.membership.role == MemberRole.OWNER else ""


def _mine(request: MemberRequest) -> tuple[OwnershipClaim, str]:
    claim = ownership.latest_of(request.seller.key)
    side = "" if claim is None else _side(request, claim)
    if claim is None or not side:
        raise ClaimRefused(_("There is no claim of yours. Load the page again."))
    return claim, side


def _base(request: MemberRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")
