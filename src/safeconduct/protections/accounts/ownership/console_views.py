"""The staff's pages of claims to shops: which wait, what both sides say, and the decision."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel import paging
from safeconduct.kernel.parties import ownership
from safeconduct.kernel.parties.models import OwnershipClaim, Seller, StaffRole
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, page
from safeconduct.kernel.ui.parts import Page
from safeconduct.protections.accounts.ownership import papers
from safeconduct.protections.accounts.ownership.doing import ClaimRefused, moved, said
from safeconduct.protections.accounts.ownership.portal_views import shown
from safeconduct.protections.accounts.ownership.words import FINDINGS, PAPERS, RELATIONS, STATES

_ORDER = paging.Order("opened_at", descending=True)


@require_GET
def claims(request: StaffRequest) -> HttpResponse:
    """All claims, the newest first."""
    rows = OwnershipClaim.objects.exclude(state="draft").select_related("claimant")
    found = paging.page(rows, _ORDER, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    shops = {one.key: one for one in Seller.objects.filter(key__in={claim.seller_key for claim in found.items})}
    context = {
        "rows": [
            (claim, shops.get(claim.seller_key), RELATIONS[claim.relation], *STATES[claim.state][:2])
            for claim in found.items
        ],
        "page": Page(found.next, found.previous, len(found.items)),
    }  # fmt: skip
    return page(request, "accounts/console/ownership.html", context)


@require_GET
@for_role(StaffRole.LEAD)
def claim(request: StaffRequest, claim_id: str) -> HttpResponse:
    """One claim: who, what both sides say, and how it was decided."""
    found = ownership.one(claim_id)
    if found is None or found.state == "draft":
        raise Http404
    context = {
        **shown(found, _address(found.id), timezone.now()), "contact": ownership.contact_of(found),
        "shop": Seller.objects.get(key=found.seller_key), "relation": RELATIONS[found.relation], "papers": PAPERS,
        "findings": [(key, *words) for key, words in FINDINGS.items()],
        "may_decide": found.state in ("waiting", "open", "appealed"),
    }  # fmt: skip
    return page(request, "accounts/console/ownership_claim.html", context)


@require_GET
@for_role(StaffRole.LEAD)
def paper(request: StaffRequest, claim_id: str, number: int) -> HttpResponseBase:
    """A paper that a side has brought, as a file; that it was read is written down, and the shop sees it."""
    found = ownership.one(claim_id)
    if found is None or found.state == "draft":
        raise Http404
    return papers.handed_out(found, number, actor_of(request), at=timezone.now())


@require_POST
@for_role(StaffRole.LEAD)
@said
def act(request: StaffRequest, claim_id: str, verb: str) -> HttpResponse:
    """Takes a claim up, asks both sides for something, or decides."""
    now, target = timezone.now(), reverse("console:accounts:ownership_claim", args=[claim_id])
    text, base = request.POST.get("text", ""), request.build_absolute_uri("/").rstrip("/")
    match verb:
        case "take-up":
            moved(ownership.take_up(claim_id, request.user, at=now), actor_of(request), now, base)
            told = _("It is heard. Owners and payouts of the shop stay as they are until it is decided.")
        case "ask":
            ownership.say(claim_id, "staff", request.user.id, text, at=now)
            told = _("Asked. Both sides read it.")
        case "decide":
            finding = request.POST.get("finding", "")
            moved(ownership.decide(claim_id, finding, text, request.user, at=now), actor_of(request), now, base)
            told = _("Decided, under your name. Both sides were told.")
        case _other:
            raise ClaimRefused(_("There is no such step. Load the page again."))
    return done(request, told, target)


def _address(claim_id: str) -> Callable[[int], str]:
    return lambda number: reverse("console:accounts:ownership_paper", args=[claim_id, number])
