"""The staff's access log, with search, and the investigations that hide part of it from sellers.

Whoever looks here is written down as well. Analysts see what they read themselves; leads what sellers may see;
administrators, of whom one is the data-protection officer, everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.events.orders import order_names
from safeconduct.kernel.notices.administrators import tell_administrators
from safeconduct.kernel.parties.models import Seller, StaffRole, User
from safeconduct.kernel.readings import embargoes, queries
from safeconduct.kernel.readings.errors import ReadingsError
from safeconduct.kernel.readings.log import Read, Side, note
from safeconduct.kernel.readings.models import Reading
from safeconduct.kernel.readings.scenes import SCENES, Scene, fields_said, scene_said
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, lasting_scope, page
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import Choice, Filter, Page
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.data_security.errors import EmbargoRefused
from safeconduct.protections.data_security.readings.words import role_said

CSV_HEAD: Final = (
    "id", "at", "side", "role", "actor", "alias", "fields", "scene", "why", "seller", "order", "subject", "batch",
    "hidden", "basis",
)  # fmt: skip
#: Finds nothing: what was asked for does not exist.
_NOBODY: Final = -1
_SEARCHED: Final = ("seller", "actor", "order", "since", "until", "side", "scene")


@require_GET
def access_log(request: StaffRequest) -> HttpResponseBase:
    """All readings that fit the search, the latest first; as CSV too. That somebody looks is written down first."""
    now, all_of_it = timezone.now(), request.user.may(StaffRole.ADMINISTRATOR)
    sought, leads = _sought(request.GET), request.user.may(StaffRole.LEAD)
    if not leads:
        sought = replace(sought, actor=request.user.id)
    note([_look(sought)], actor_of(request), now)
    if request.GET.get("format") == "csv":
        return _csv(request, sought, embargoed=all_of_it)
    found = queries.search(
        sought, embargoed=all_of_it, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    running = embargoes.running(now) if leads else []
    sellers = {
        s.key: s for s in Seller.objects.filter(
            key__in={one.concerns for one in found.items if one.concerns} | {e.seller_key for e in running}
        )
    }  # fmt: skip
    given = request.GET
    scenes = [Choice(name, word) for name, word in SCENES.items()]
    sides = [Choice("staff", _("Staff")), Choice("seller", _("Sellers")), Choice("machine", _("Machines"))]
    context = {
        "rows": _rows(found.items, sellers), "page": Page(found.next, found.previous, len(found.items)),
        "filters": [
            Filter("side", _("Who"), sides, given.get("side", "")),
            Filter("scene", _("Why"), scenes, given.get("scene", "")),
        ],
        "given": {name: given.get(name, "") for name in _SEARCHED[:5]},
        "officer": all_of_it, "leads": leads, "searched": any(given.get(name) for name in _SEARCHED),
        "running": [(one, sellers.get(one.seller_key)) for one in running],
    }  # fmt: skip
    return page(request, "data_security/console/access_log.html", context)


@require_POST
@for_role(StaffRole.LEAD)
def begin_embargo(request: StaffRequest) -> HttpResponse:
    """Hides from a seller, until a day, what the staff reads about them from now on. The administrators, of whom one is
    the data-protection officer, are told."""
    given, now = request.POST, timezone.now()
    ref = given.get("seller", "").strip()[:200].replace("\x00", "")
    key = Seller.objects.filter(ref=ref).values_list("key", flat=True)
    until = _day(given.get("until", ""), end=True)
    try:
        made = embargoes.begin(
            key.first() or _NOBODY, given.get("basis", ""), given.get("reason", ""), until or now, request.user, now
        )  # fmt: skip
    except ReadingsError as problem:
        raise EmbargoRefused(str(problem), problem.status) from None
    values = {"person": request.user.id, "seller": ref, "until": made.until}
    url = reverse("console:data_security:access_log")
    tell_administrators("readings.hidden", values, f"embargo/{made.id}", at=now, url=url)
    return done(
        request, _("What is read about this seller is shown to them when the embargo has ended."),
        reverse("console:data_security:access_log"),
    )  # fmt: skip


@require_POST
@for_role(StaffRole.LEAD)
def end_embargo(request: StaffRequest, embargo_id: str) -> HttpResponse:
    """Ends an embargo early."""
    try:
        embargoes.end(embargo_id, request.user, timezone.now())
    except ReadingsError as problem:
        raise EmbargoRefused(str(problem), problem.status) from None
    return done(
        request, _("The embargo has ended; the seller sees within minutes who looked."),
        reverse("console:data_security:access_log"),
    )  # fmt: skip


def _sought(given: Mapping[str, str]) -> queries.Sought:
    """What the address asks for. A seller, order or person that does not exist finds nothing, not everything."""
    clean = {name: given.get(name, "").strip()[:200].replace("\x00", "") for name in ("seller", "actor", "order")}
    seller = order = None
    if clean["seller"]:
        seller = Seller.objects.filter(ref=clean["seller"]).values_list("key", flat=True).first() or _NOBODY
    if clean["order"]:
        order = lookup("order", clean["order"]) or _NOBODY
    actor = clean["actor"]
    if "@" in actor:
        actor = User.objects.filter(email=actor.lower()).values_list("id", flat=True).first() or "nobody"
    scene, side = given.get("scene", ""), given.get("side", "")
    return queries.Sought(
        seller, actor, order, None, scene if scene in SCENES else "", side if side in set(Side) else "",
        _day(given.get("since", "")), _day(given.get("until", ""), end=True),
    )  # fmt: skip


def _look(sought: queries.Sought) -> Read:
    """The search itself as a reading: of the shop's and the order's data it asked for, if there are such."""
    seller, order = (None if key == _NOBODY else key for key in (sought.seller_key, sought.order_key))
    return Read(Scene.ACCESS_LOG, ("access_log",), seller, order)


def _day(text: str, *, end: bool = False) -> datetime | None:
    """The beginning of a day, or its end, UTC; None for what is no day."""
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day + timedelta(days=1) if end else day, time.min, UTC)
    except (ValueError, OverflowError):
        return None


def _rows(found: Sequence[Reading], sellers: Mapping[int, Seller]) -> list[dict[str, Any]]:
    orders = order_names({one.order_key for one in found if one.order_key is not None})
    people = {one.actor for one in found if one.side != Side.MACHINE}
    names = {user.id: str(user) for user in User.objects.filter(id__in=people)} if people else {}
    return [
        {
            "one": one, "role": role_said(one.role), "who": names.get(one.actor, one.actor),
            "what": fields_said(one.fields), "scene": scene_said(one.scene), "seller": sellers.get(one.concerns or 0),
            "order": orders.get(one.order_key or 0, ""), "hidden": one.seller_key is None and one.concerns is not None,
        }
        for one in found
    ]  # fmt: skip


def _csv(request: StaffRequest, sought: queries.Sought, *, embargoed: bool) -> HttpResponseBase:
    def read(after: str) -> tuple[list[Row], str]:
        found = queries.search(sought, embargoed=embargoed, after=after, size=1000)
        sellers = {s.key: s for s in Seller.objects.filter(key__in={o.concerns for o in found.items if o.concerns})}
        return [
            (
                one.id, one.at.isoformat(), one.side, one.role, one.actor, one.alias, " ".join(one.fields), one.scene,
                one.why, row["seller"].ref if row["seller"] else "", row["order"], one.subject_key or "", one.batch,
                "1" if row["hidden"] else "0", one.embargo_basis,
            )
            for row in _rows(found.items, sellers) for one in (row["one"],)
        ], found.next  # fmt: skip

    return stream("access-log", CSV_HEAD, read, lasting_scope(request))
