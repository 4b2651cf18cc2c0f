"""The shop's page of claims: a member opens one, the owners and the claimant see how it stands, speak and appeal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from safeconduct.kernel.member_pages import MemberRequest, done, only_for, page
from safeconduct.kernel.parties import ownership
from safeconduct.kernel.parties.again import asked_again
from safeconduct.kernel.parties.models import MemberRole, OwnershipClaim
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.protections.accounts.ownership import papers
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
    verb, text, files = request.POST.get("do", ""), request.POST.get("text", ""), request.FILES.getlist("files")
    if verb == "open":
        form = ClaimForm(request.POST)
        if not form.is_valid():
            return _not_so(request, form, now)
        with engine_scope():
            claim = ownership.by_member(
                request.seller.key, request.user, form.cleaned_data["relation"], form.cleaned_data["text"], at=now
            )
            papers.bring(claim.id, "claimant", request.user.id, files, at=now)
            moved(claim, Actor(request.user.id, request.membership.role), now, _base(request))
        return done(request, _("It is heard. Owners and payouts stay as they are until it is decided."), target)
    with engine_scope():
        claim_of, side = _mine(request)
        if verb == "appeal":
            claim = ownership.appeal(claim_of.id, side, request.user.id, text, at=now)
            papers.bring(claim.id, side, request.user.id, files, at=now)
            moved(claim, Actor(request.user.id, request.membership.role), now, _base(request))
            return done(request, _("Another person decides now."), target)
        ownership.say(claim_of.id, side, request.user.id, text, at=now)
        papers.bring(claim_of.id, side, request.user.id, files, at=now)
    return done(request, _("Noted. Both sides and the marketplace read it."), target)


@never_cache
@require_GET
@only_for(*MemberRole, says=lazy("Read a paper of a claim to the shop, where the claim is theirs or against them"))
@said
def paper(request: MemberRequest, number: int) -> HttpResponseBase:
    """A paper of the latest claim, as a file, for both sides; that it was read is written down."""
    with engine_scope():
        claim, _side = _mine(request)
        actor = Actor(request.user.id, request.membership.role)
        return papers.handed_out(claim, number, actor, at=timezone.now())


def _not_so(request: MemberRequest, form: ClaimForm, now: datetime) -> HttpResponse:
    """The form once more, with what is wrong. Raises ClaimRefused where a claim is heard, and its page has no form."""
    with engine_scope():
        claim = ownership.latest_of(request.seller.key)
    if claim is not None and claim.state not in _ENDED:
        raise ClaimRefused(_("Somebody has claimed this shop already, and is being heard. Ask the marketplace."))
    return _page(request, form, now, status=422)


def _page(request: MemberRequest, form: ClaimForm, now: datetime, *, status: int = 200) -> HttpResponse:
    with engine_scope():
        claim = ownership.latest_of(request.seller.key)
        side = "" if claim is None else _side(request, claim)
        of_it = {} if claim is None or not side else shown(claim, _address, now)
    context = {
        "form": form, "papers": PAPERS, **of_it,
        "hidden": claim is not None and not side and claim.state not in _ENDED, "side": side,
        "may_open": claim is None or claim.state in _ENDED,
    }  # fmt: skip
    return page(request, "accounts/ownership.html", context, status=status)


def shown(claim: OwnershipClaim, address: Callable[[int], str], now: datetime) -> dict[str, object]:
    """A claim as both sides see it: who decided is named. ``address``: of the paper with a number. In a scope of the
    engine or of staff."""
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
        "words": [(SIDES[one.side], one) for one in ownership.words_of(claim)],
        "brought": [
            (SIDES[one.side], one, papers.KINDS[one.media_type].upper(), address(one.number))
            for one in papers.of_claim(claim)
        ],
        "may_say": claim.state in ("waiting", "open", "appealed"),
        "may_appeal": claim.state == "decided" and claim.appeal_until is not None and claim.appeal_until > now,
    }  # fmt: skip


def _address(number: int) -> str:
    return reverse("portal:accounts:ownership_paper", args=[number])


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
