"""The form for who has no access to a shop they claim, and the page behind the link that they get.

The form answers alike whether a shop is known or not. It freezes nothing: the mailbox is confirmed first, then one of
the staff takes it up. It is taken `MOST_FORMS` times an hour from one address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from safeconduct.kernel.link_door import in_addresses
from safeconduct.kernel.parties import ownership
from safeconduct.kernel.parties.errors import OwnershipRefused
from safeconduct.kernel.parties.models import OwnershipClaim
from safeconduct.kernel.parties.session_guard import origin_of_request
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.ui.views import fault
from safeconduct.protections.accounts.ownership import papers
from safeconduct.protections.accounts.ownership.doing import claim_of, moved, write_to
from safeconduct.protections.accounts.ownership.forms import PublicClaimForm
from safeconduct.protections.accounts.ownership.portal_views import shown
from safeconduct.protections.accounts.ownership.words import PAPERS

#: From one address in an hour, and to one mailbox in a day.
MOST_FORMS: Final = 3
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400


@never_cache
@require_http_methods(["GET", "POST"])
def form(request: HttpRequest) -> HttpResponse:
    """GET shows the form; POST sends a link to the mailbox, whatever the shop is."""
    asked = PublicClaimForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not asked.is_valid():
        context = {"form": asked, "papers": PAPERS}
        return render(request, "accounts/ownership/form.html", context, status=422 if asked.errors else 200)
    given = asked.cleaned_data
    if not (_may("from", origin_of_request(request).address, _HOUR_S) and _may("to", given["email"].lower(), _DAY_S)):
        return fault(request, 429, detail=_("Too many claims came from here. Try again tomorrow."))
    contact = {"name": given["name"], "email": given["email"]}
    with engine_scope():
        made = ownership.draft(given["shop"], contact, given["relation"], given["text"], at=timezone.now())
    if made is not None:
        write_to(given["email"], made, _base(request))
    return render(request, "accounts/ownership/sent.html", {})


@never_cache
@require_http_methods(["GET", "POST"])
def claim(request: HttpRequest, token: str) -> HttpResponse:
    """How a claim stands, for whoever has its link. POST confirms the mailbox, adds words, or appeals (`do`)."""
    now = timezone.now()
    with engine_scope():
        found = claim_of(token)
        if found is None:
            return fault(request, 404, detail=_("This link is over, or it is not ours. Fill in the form again."))
        if request.method == "GET":
            context = {"papers": PAPERS} | (
                {"draft": True} if found.state == "draft" else shown(found, _address(in_addresses(request, token)), now)
            )
            return render(request, "accounts/ownership/claim.html", context)
    try:
        with engine_scope():
            _do(request, found, now)
    except OwnershipRefused as refused:
        return fault(request, 409, detail=str(refused))
    return HttpResponseRedirect(reverse("ownership_claim", args=[in_addresses(request, token)]))


@never_cache
@require_GET
def paper(request: HttpRequest, token: str, number: int) -> HttpResponseBase:
    """A paper of the claim as a file, for whoever has its link."""
    with engine_scope():
        found = claim_of(token)
        if found is None or found.state == "draft":
            return fault(request, 404, detail=_("This link is over, or it is not ours. Fill in the form again."))
        return papers.handed_out(found, number, None, at=timezone.now())


def _do(request: HttpRequest, claim: OwnershipClaim, now: datetime) -> None:
    verb, text, actor = request.POST.get("do", ""), request.POST.get("text", ""), Actor("claimant", "claimant")
    if verb == "confirm":
        moved(ownership.confirm(claim.id, at=now), actor, now, _base(request))
        return
    if verb == "appeal":
        moved(ownership.appeal(claim.id, "claimant", "", text, at=now), actor, now, _base(request))
    else:
        ownership.say(claim.id, "claimant", "", text, at=now)
    papers.bring(claim.id, "claimant", "", request.FILES.getlist("files"), at=now)


def _address(token: str) -> Callable[[int], str]:
    return lambda number: reverse("ownership_paper", args=[token, number])


def _may(what: str, who: str, seconds: int) -> bool:
    """Counts a form by a hash, over all processes; whether it is one of the first few."""
    name = f"ownership/{what}/{hashlib.sha256(who.encode()).hexdigest()}"
    return any(cache.add(f"{name}/{place}", 1, seconds) for place in range(MOST_FORMS))


def _base(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")
