"""The staff's page of what comes before a chargeback: issuers' early warnings, and banks that only ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from safeconduct.kernel.parties.models import Seller, StaffRole
from safeconduct.kernel.scope import Actor, engine_scope
from safeconduct.kernel.staff_pages import StaffRequest, actor_of, done, for_role, page
from safeconduct.kernel.ui.parts import Page, View
from safeconduct.protections.transactions.chargebacks import before, early
from safeconduct.protections.transactions.chargebacks.foreseen import Foreseen
from safeconduct.protections.transactions.chargebacks.models import BankDispute, EarlyWarning
from safeconduct.protections.transactions.chargebacks.portal import line_of
from safeconduct.protections.transactions.chargebacks.portal_early import lines, words_of

_VIEWS: Final = ("", "inquiries", "all-warnings", "all-inquiries")


@require_GET
def early_signs(request: StaffRequest) -> HttpResponse:
    """Warnings or inquiries, those that can still be answered or all of them, the newest first, with what they cost."""
    chosen = request.GET.get("view", "") if request.GET.get("view", "") in _VIEWS else ""
    place = request.GET.get("after", ""), request.GET.get("before", "")
    here, now = reverse("console:transactions:early_signs"), timezone.now()
    labels = {
        "": _("Warnings that wait"), "inquiries": _("Inquiries that wait"), "all-warnings": _("All warnings"),
        "all-inquiries": _("All inquiries"),
    }  # fmt: skip
    rows, found = _inquiries(chosen, place, now) if "inquiries" in chosen else _warnings(chosen, place, now)
    context = {
        "rows": rows, "page": found, "inquiries": "inquiries" in chosen,
        "views": [
            View(labels[name], f"{here}?view={name}" if name else here, current=name == chosen) for name in _VIEWS
        ],
        "may_act": request.user.may(StaffRole.LEAD),
    }  # fmt: skip
    return page(request, "transactions/console/early_signs.html", context)


@require_POST
@for_role(StaffRole.LEAD)
def refund_warned(request: StaffRequest, warning_id: str) -> HttpResponse:
    """Pays the buyer back before the bank does, in the seller's place."""
    return _do(request, warning_id, early.refund_warned, _("The refund is asked for. The shop sends it."), "")


@require_POST
@for_role(StaffRole.LEAD)
def wait(request: StaffRequest, warning_id: str) -> HttpResponse:
    """Leaves it at that."""
    return _do(request, warning_id, early.wait, _("Noted. If the bank goes on, the dispute comes to its list."), "")


@require_POST
@for_role(StaffRole.LEAD)
def refund_inquiry(request: StaffRequest, dispute_id: str) -> HttpResponse:
    """A refund in answer to a bank that only asks, in the seller's place."""
    said = _("The refund is asked for. The shop sends it.")
    return _do(request, dispute_id, early.refund_asked, said, "?view=inquiries")


def _warnings(chosen: str, place: tuple[str, str], now: datetime) -> tuple[list[dict[str, object]], Page]:
    found = before.warnings_page(None, open_only=not chosen, after=place[0], before=place[1])
    costs, names = before.weighed(found.items, [], now), _sellers(found.items)
    rows = [
        {**line, "seller": names.get(one.seller_key or 0), **_cost(costs, one.id)}
        for line, one in zip(lines(found.items), found.items, strict=True)
    ]
    return rows, Page(found.next, found.previous, len(rows))


def _inquiries(chosen: str, place: tuple[str, str], now: datetime) -> tuple[list[dict[str, object]], Page]:
    found = before.inquiries_page(None, open_only=chosen == "inquiries", after=place[0], before=place[1])
    costs, names, language = before.weighed([], found.items, now), _sellers(found.items), get_language() or "en"
    rows = [
        {**line_of(one, language, now), "seller": names.get(one.seller_key or 0), **_cost(costs, one.id)}
        for one in found.items
    ]
    return rows, Page(found.next, found.previous, len(rows))


def _cost(costs: dict[str, Foreseen], key: str) -> dict[str, object]:
    return words_of(costs[key]) if key in costs else {"foreseen": None}


def _sellers(rows: list[EarlyWarning] | list[BankDispute]) -> dict[int, Seller]:
    return {one.key: one for one in Seller.objects.filter(key__in={row.seller_key for row in rows if row.seller_key})}


def _do(
    request: StaffRequest, key: str, verb: Callable[[str, Actor, datetime], object], said: str, view: str
) -> HttpResponse:  # fmt: skip
    with engine_scope():
        verb(key, actor_of(request), timezone.now())
    return done(request, said, reverse("console:transactions:early_signs") + view)
