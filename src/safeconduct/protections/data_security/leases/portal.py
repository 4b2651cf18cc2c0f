"""The seller's pages of leases: an order's recipient as masks and in clear, and files with contacts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.member_pages import MemberRequest, done, only_for, page
from safeconduct.kernel.parties.members import members_of
from safeconduct.kernel.parties.models import MemberRole
from safeconduct.kernel.parties.session_guard import origin_of_request
from safeconduct.kernel.protection import order_url
from safeconduct.kernel.readings.contacts import Contact, masked
from safeconduct.kernel.readings.scenes import FIELDS, OTHER, SCENES, SHIP, Scene, fields_said, scene_said
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.ui import formats
from safeconduct.kernel.ui.reader import reader_of
from safeconduct.protections.data_security import errors
from safeconduct.protections.data_security.leases import actions, granting, quota, rights
from safeconduct.protections.data_security.leases.models import BuyerLease, ContactExport
from safeconduct.protections.data_security.leases.orders import OrderStanding, standings

#: Without a telephone number unless it is asked for (a proposal of ours, 2026-11-23).
_IN_FILE: Final = ("name", "address")
_MORE_IN_FILE: Final = ("phone", "email")
_LISTED: Final = 20


@never_cache
@require_GET
@only_for(MemberRole.FULFILMENT, says=lazy("See where an order goes"))
def recipient(request: MemberRequest, order_key: int) -> HttpResponse:
    """An order's recipient as masks, and for what it may be shown."""
    now = timezone.now()
    with engine_scope():
        order, contact = _order(request, order_key, now)
        tenth = quota.tenth_of(request.seller.key, now)
    running = BuyerLease.objects.filter(
        order_key=order_key, person_id=request.user.id, export=None, expires_at__gt=now
    ).order_by("expires_at")  # fmt: skip
    own_spent = BuyerLease.objects.filter(order_key=order_key, paid="order").exists()
    context = {
        "order": order, "order_url": order_url(order_key), "masked": _pairs(contact), "recipient": contact.recipient,
        "scenes": [(scene.value, SCENES[scene]) for scene in (*SHIP, *OTHER) if actions.may(order, scene, now)],
        "running": [(lease, scene_said(lease.scene)) for lease in running], "tenth": tenth,
        "own_left": not own_spent and actions.may(order, Scene.MANUAL_SHIP, now),
        "minutes": int(granting.RUNS.total_seconds() // 60), "days": granting.CLOSED_KEPT.days,
    }  # fmt: skip
    return page(request, "data_security/recipient.html", context)


@require_POST
@only_for(MemberRole.FULFILMENT, says=lazy("Borrow an order's recipient"))
def reveal(request: MemberRequest, order_key: int) -> HttpResponse:
    """Leases the recipient to who asks, for one purpose; the page that follows shows it."""
    scene = _scene(request)
    try:
        lease = actions.reveal(
            request.seller, order_key, scene, _actor(request), timezone.now(),
            address=origin_of_request(request).address, confirmed=bool(did_recently_reauthenticate(request)),
        )  # fmt: skip
    except errors.ConfirmFirst:
        # The sign-in asks for it, and then does what was asked for here.
        raise ReauthenticationRequired from None
    except errors.OverQuota as problem:
        raise _dated(request, problem) from None
    response = HttpResponseRedirect(reverse("portal:data_security:lease", args=[lease.id]))
    response.status_code = 303
    return response


@never_cache
@require_GET
@only_for(MemberRole.FULFILMENT, says=lazy("See an order's recipient in clear"))
def lease(request: MemberRequest, lease_id: str) -> HttpResponse:
    """The recipient in clear, as long as the lease runs. Each look is written down first."""
    now = timezone.now()
    found, contact = actions.look(request.seller.key, lease_id, _actor(request), now)
    with engine_scope():
        order, _masked = _order(request, found.order_key, now)
    context = {
        "lease": found, "clear": _pairs(contact), "recipient": contact.recipient, "order": order,
        "scene": scene_said(found.scene), "back": reverse("portal:data_security:recipient", args=[found.order_key]),
    }  # fmt: skip
    return page(request, "data_security/lease.html", context)


@require_GET
def exports(request: MemberRequest) -> HttpResponse:
    """Files with contacts: what was taken, who may, and the form for a new one."""
    now, key = timezone.now(), request.seller.key
    members = members_of(key, at=now)
    names = {m.person_id: str(m.person) for m in members}
    may = rights.may_export(request.membership, now)
    owner = request.membership.role == MemberRole.OWNER
    made = ContactExport.objects.filter(seller_key=key).defer("canaries").order_by("-id")[:_LISTED]
    context: dict[str, Any] = {
        "rows": [
            {
                "made": one, "who": names.get(one.person_id, _("somebody who acted for the shop then")),
                "scene": scene_said(one.scene), "fields": fields_said(one.fields),
            }
            for one in made
        ],
        "may": may and request.membership.role != MemberRole.READ_ONLY, "owner": owner,
        "scenes": [(scene.value, SCENES[scene]) for scene in (*SHIP, *OTHER)],
        "fields": [(name, capfirst(str(FIELDS[name]))) for name in _MORE_IN_FILE], "most_days": rights.MOST_DAYS,
        "first": (now - timedelta(days=7)).date().isoformat(), "last": now.date().isoformat(),
        "most": actions.MOST_ROWS,
    }  # fmt: skip
    if owner:
        context["rights"] = [(right, names.get(right.person_id, "–")) for right in rights.in_force(key, now)]
        context["members"] = [
            m for m in members if m.role not in (MemberRole.OWNER, MemberRole.READ_ONLY)
        ]  # fmt: skip
    return page(request, "data_security/exports.html", context)


@require_POST
@only_for(
    MemberRole.FULFILMENT,
    MemberRole.SUPPORT,
    MemberRole.FINANCE,
    MemberRole.LISTING,
    says=lazy("Make a file of contacts"),
)
def export(request: MemberRequest) -> HttpResponse:
    """Makes a file and hands it over; it is not kept here."""
    now = timezone.now()
    if not rights.may_export(request.membership, now):
        raise errors.RightMissing
    scene = _scene(request)
    since, until = _span(request)
    more = set(request.POST.getlist("field"))
    fields = [*_IN_FILE, *(name for name in _MORE_IN_FILE if name in more)]
    try:
        made, file = actions.export(
            request.seller, scene, fields, since, until, _actor(request), now,
            address=origin_of_request(request).address, confirmed=bool(did_recently_reauthenticate(request)),
        )  # fmt: skip
    except errors.ConfirmFirst:
        raise ReauthenticationRequired from None
    except errors.OverQuota as problem:
        raise _dated(request, problem) from None
    # The mark tells spreadsheets that this is UTF-8.
    response = HttpResponse("\ufeff" + file, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="contacts-{made.id}.csv"'
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@only_for(says=lazy("Give somebody the right to make files of contacts"))
def give_right(request: MemberRequest) -> HttpResponse:
    """An owner lets a member make files with contacts, for some days."""
    now = timezone.now()
    person, days = request.POST.get("person", ""), request.POST.get("days", "")
    to = next((m for m in members_of(request.seller.key, at=now) if m.person_id == person), None)
    number = int(days) if days.isascii() and days.isdigit() and len(days) < 4 else 0
    given = rights.give(request.membership, to, number, now)
    said = formats.day(given.expires_at, reader_of(request).zone, reader_of(request).language, now)
    return done(
        request, _("They may make files with contacts until %(day)s.") % {"day": said},
        reverse("portal:data_security:exports"),
    )  # fmt: skip


@require_POST
@only_for(says=lazy("End somebody's right to make files of contacts"))
def end_right(request: MemberRequest, right_id: str) -> HttpResponse:
    """An owner takes the right back."""
    rights.end(request.membership, right_id, timezone.now())
    return done(request, _("They make no files with contacts any more."), reverse("portal:data_security:exports"))


def _order(request: MemberRequest, order_key: int, at: datetime) -> tuple[OrderStanding, Contact]:
    key = request.seller.key
    order = standings([order_key], key).get(order_key)
    contact = masked([order_key], key, at).get(order_key)
    if order is None or contact is None:
        raise errors.NoSuchOrder
    return order, contact


def _pairs(contact: Contact) -> list[tuple[str, str]]:
    return [(capfirst(str(FIELDS[name])), value) for name, value in contact.values.items()]


def _scene(request: MemberRequest) -> Scene:
    given = request.POST.get("scene", "")
    found = next((scene for scene in granting.SCENES if scene.value == given), None)
    if found is None:
        raise errors.SceneMissing
    return found


def _actor(request: MemberRequest) -> Actor:
    return Actor(request.user.id, request.membership.role)


def _span(request: MemberRequest) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last, in the reader's zone."""
    zone = reader_of(request).zone
    try:
        first = date.fromisoformat(request.POST.get("first", ""))
        last = date.fromisoformat(request.POST.get("last", ""))
        since = datetime.combine(first, time.min, zone).astimezone(UTC)
        until = datetime.combine(last + timedelta(days=1), time.min, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise errors.SpanMalformed from None
    if not datetime(2020, 1, 1, tzinfo=UTC) <= since < until <= datetime(2090, 1, 1, tzinfo=UTC):
        raise errors.SpanMalformed
    return since, until


def _dated(request: MemberRequest, problem: errors.OverQuota) -> errors.OverQuota:
    """The same refusal, with the day on which the next one is free in the reader's words."""
    if problem.next_at is None:
        return problem
    reader = reader_of(request)
    said = formats.absolute(problem.next_at, reader.zone, reader.language, reader.now)
    return errors.OverQuota(problem.needed, problem.left, problem.next_at, said)
