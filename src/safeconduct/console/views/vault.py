"""The keys of the vault: which there are, how far a rotation is, what waits to be destroyed; and a new region's key."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.console.access import StaffRequest, done, page, signed_in_again, staff_page
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.parties.security_events import Happened, note
from safeconduct.kernel.scope import Actor
from safeconduct.kernel.vault import rotation
from safeconduct.kernel.vault.errors import VaultError
from safeconduct.kernel.vault.status import glance


@require_GET
@staff_page(StaffRole.ADMINISTRATOR)
def vault(request: StaffRequest) -> HttpResponse:
    """Keys of regions with their roots, how far a rotation is, what waits to be destroyed, the latest erasures."""
    return _page(request)


@require_POST
@signed_in_again
@staff_page(StaffRole.ADMINISTRATOR)
def rotate(request: StaffRequest) -> HttpResponse:
    """Makes the next key of the region, for who has just signed in again; a job wraps every data key with it."""
    now = timezone.now()
    try:
        version, resumed = rotation.begin(now=now)
    except VaultError as problem:
        return _page(request, problem=str(problem))
    if resumed:
        text = _("A rotation is under way already; it goes on by itself.")
    else:
        facts = {"version": version}
        note([Happened("vault_rotated", person_id=request.user.id, facts=facts)], _actor(request), now)
        text = _("Key %(version)s wraps from now on. Within minutes a job begins to wrap all data keys with it.")
    return done(request, text % {"version": version}, reverse("console:vault"))


def _page(request: StaffRequest, *, problem: str = "") -> HttpResponse:
    seen = glance()
    now = timezone.now()
    old = next((one for one in seen.versions if one.region == seen.region and one.is_old(now)), None)
    context = {"seen": seen, "problem": problem or seen.problem, "old": old}
    return page(request, "console/vault.html", "vault", context, status=503 if problem else 200)


def _actor(request: StaffRequest) -> Actor:
    return Actor(request.user.id, request.user.staff_role)
