"""Looking as a seller, from its beginning to its end; the portal's door keeps it to reading."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from safeconduct.console.access import StaffRequest, done, staff_page
from safeconduct.kernel.decisions.errors import NotFound
from safeconduct.kernel.notices.outbox import Notice, notify
from safeconduct.kernel.parties import looks
from safeconduct.kernel.parties.models import Seller, StaffRole


@require_POST
@staff_page(StaffRole.LEAD)
def begin(request: StaffRequest, seller_id: str) -> HttpResponse:
    """Opens the seller's pages for half an hour; the seller is told who not, but that, and why."""
    seller = Seller.objects.filter(id=seller_id).first()
    if seller is None:
        raise NotFound("seller", seller_id)
    now = timezone.now()
    look = looks.begin(request.user, seller.key, request.POST.get("reason", ""), at=now)
    values = {"why": look.why, "at": look.started_at, "until": look.ends_at}
    notify([
        Notice(f"look/{look.id}", "staff.looked", values, now, seller.key, url=reverse("portal:accounts:security"))
    ])  # fmt: skip
    request.session[looks.SESSION_KEY] = look.id
    text = _("You look as %(name)s. The shop was told, with your reason.")
    return done(request, text % {"name": seller}, reverse("portal:home"))


@require_POST
@staff_page()
def end(request: StaffRequest) -> HttpResponse:
    """The end of it, before its time."""
    ended = looks.end(str(request.session.pop(looks.SESSION_KEY, "")), request.user, at=timezone.now())
    seller = None if ended is None else Seller.objects.filter(key=ended.seller_key).first()
    target = reverse("console:queue") if seller is None else reverse("console:seller", args=[seller.id])
    return done(request, _("You do not look as the seller any more."), target)
