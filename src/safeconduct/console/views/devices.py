"""Browsers of the staff: somebody asks for theirs, administrators let it in or take it out."""

from __future__ import annotations

from datetime import datetime

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from safeconduct.console.access import StaffRequest, done, page, signed_in_again, staff_page
from safeconduct.kernel.notices.administrators import tell_administrators
from safeconduct.kernel.paging import Order
from safeconduct.kernel.paging import page as paged
from safeconduct.kernel.parties import staff_devices
from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.parties.security_events import Level, Noted
from safeconduct.kernel.parties.session_guard import device_of_session, origin_of_request
from safeconduct.kernel.parties.sessions import STAFF_DEVICE
from safeconduct.kernel.parties.sign_in_models import StaffDevice
from safeconduct.kernel.ui.parts import Page

_SHOWN = 30


@never_cache
@require_http_methods(["GET", "POST"])
@staff_page(anywhere=True)
def device(request: StaffRequest) -> HttpResponse:
    """The browser somebody sits at: let in, waiting, or to be asked for. It opens where nothing else of the console
    does, once a passkey is shown."""
    person, now = request.user, timezone.now()
    known, enrolled = device_of_session(request)
    if request.method == "POST":
        made, is_new = staff_devices.ask(person, known, origin_of_request(request).browser, at=now)
        if is_new:
            _tell_administrators(made, now)
        return done(request, _("Asked. An administrator has to let this browser in."), reverse("console:device"))
    found = staff_devices.of_person(person, known)
    context = {
        "enrolled": enrolled or person.staff_role not in settings.STAFF_DEVICES, "found": found,
        "waits": found is not None and found.approved_at is None, "known": bool(known),
        "code": "" if found is None else staff_devices.shown_as(found),
    }  # fmt: skip
    return render(request, "console/device.html", context)


@require_GET
@staff_page(StaffRole.ADMINISTRATOR)
def devices(request: StaffRequest) -> HttpResponse:
    """Browsers that wait, and those that are let in."""
    now = timezone.now()
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    found = paged(staff_devices.enrolled(), Order("id"), after=after, before=before, size=_SHOWN)
    context = {
        "waiting": [_row(one, request) for one in staff_devices.waiting()],
        "enrolled": [{**_row(one, request), "until": one.approved_at + STAFF_DEVICE,
                      "over": one.approved_at + STAFF_DEVICE <= now} for one in found.items if one.approved_at],
        "page": Page(found.next, found.previous, len(found.items)), "demanded": bool(settings.STAFF_DEVICES),
    }  # fmt: skip
    return page(request, "console/devices.html", "people", context)


@require_POST
@signed_in_again
@staff_page(StaffRole.ADMINISTRATOR)
def approve(request: StaffRequest, device_id: str) -> HttpResponse:
    """Lets a browser of somebody else in."""
    now = timezone.now()
    found, noted = staff_devices.approve(device_id, request.user, at=now)
    _tell_person(request, found, noted, "device_enrolled", now)
    return done(
        request, _("%(name)s can work in that browser now.") % {"name": found.person}, reverse("console:devices")
    )


@require_POST
@signed_in_again
@staff_page(StaffRole.ADMINISTRATOR)
def end(request: StaffRequest, device_id: str) -> HttpResponse:
    """Takes a browser out, or refuses one; its sessions end."""
    now = timezone.now()
    found, noted = staff_devices.end(device_id, request.user, at=now)
    _tell_person(request, found, noted, "device_ended", now)
    return done(request, _("That browser of %(name)s is out.") % {"name": found.person}, reverse("console:devices"))


def _row(one: StaffDevice, request: StaffRequest) -> dict[str, object]:
    return {"device": one, "code": staff_devices.shown_as(one), "mine": one.person_id == request.user.id}


def _tell_administrators(made: StaffDevice, now: datetime) -> None:
    values = {"person": made.person.sealed_name, "browser": made.browser or "–", "code": staff_devices.shown_as(made)}
    url = reverse("console:devices")
    tell_administrators("staff.device", values, f"staff-device/{made.id}", at=now, url=url)


def _tell_person(request: HttpRequest, found: StaffDevice, noted: Noted, kind: str, now: datetime) -> None:
    get_adapter(request).tell_all({found.person_id: noted}, kind, Level.ALERT, now)
