"""The seller's page of who looked: what was read of the shop's data in clear, by which role, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from safeconduct.kernel.events.orders import order_names
from safeconduct.kernel.member_pages import MemberRequest, lasting_scope, page
from safeconduct.kernel.parties.models import User
from safeconduct.kernel.protection import order_url
from safeconduct.kernel.readings import queries
from safeconduct.kernel.readings.log import Side
from safeconduct.kernel.readings.models import Reading
from safeconduct.kernel.readings.scenes import fields_said, scene_said
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import Page, View
from safeconduct.protections.data_security.readings.words import role_said

CSV_HEAD: Final = ("at", "side", "role", "who", "what", "why", "order", "investigation")


@require_GET
def readings(request: MemberRequest) -> HttpResponseBase:
    """Who looked, the latest first: the marketplace's staff and machines, or the shop's own people. As CSV too."""
    seller, side = request.seller.key, request.GET.get("side", "")
    side = side if side == Side.SELLER else Side.STAFF.value
    if request.GET.get("format") == "csv":
        return _csv(request, side)
    found = queries.of_seller(
        seller, side, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )  # fmt: skip
    own = side == Side.SELLER
    context = {
        "rows": _rows(found.items), "own": own, "page": Page(found.next, found.previous, len(found.items)),
        "views": [
            View(_("The marketplace"), "?", current=not own), View(_("Your people"), "?side=seller", current=own),
        ],
    }  # fmt: skip
    return page(request, "data_security/readings.html", context)


def _rows(found: Sequence[Reading]) -> list[dict[str, Any]]:
    orders = order_names({one.order_key for one in found if one.order_key is not None})
    members = {one.alias for one in found if one.side == Side.SELLER}
    names = {user.id: str(user) for user in User.objects.filter(id__in=members)} if members else {}
    return [
        {
            "one": one, "role": role_said(one.role), "who": names.get(one.alias, one.alias),
            "what": fields_said(one.fields), "scene": scene_said(one.scene),
            "order": orders.get(one.order_key or 0, ""),
            "url": order_url(one.order_key) if one.order_key in orders else "",
        }
        for one in found
    ]  # fmt: skip


def _csv(request: MemberRequest, side: str) -> HttpResponseBase:
    def read(after: str) -> tuple[list[Row], str]:
        found = queries.of_seller(request.seller.key, side, after=after, size=1000)
        return [
            (
                row["one"].at.isoformat(), row["one"].side, row["one"].role, row["who"], " ".join(row["one"].fields),
                row["one"].scene, row["order"], row["one"].embargo_basis,
            )
            for row in _rows(found.items)
        ], found.next  # fmt: skip

    return stream("who-looked", CSV_HEAD, read, lasting_scope(request))
