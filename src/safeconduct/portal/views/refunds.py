"""Refunds due: what the shop's buyers are still to get, until when, and who bears it."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from safeconduct.kernel import refund_pages as words
from safeconduct.kernel.claims import due
from safeconduct.kernel.claims.due import Group, When
from safeconduct.kernel.events.orders import order_names
from safeconduct.kernel.member_pages import MemberRequest, lasting_scope, page
from safeconduct.kernel.protection import ToDo, order_url
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import Page

#: Of a list that is not the page's own, so many are shown beneath it.
_BESIDE = 10
_CSV_PAGE = 500


@require_GET
def refunds_due(request: MemberRequest) -> HttpResponseBase:
    """Refunds of the shop's own orders that are to be sent, by date of law; the others in lists of their own"""
    now = timezone.now()
    when, group = words.when_of(request.GET.get("when", "")), words.group_of(request.GET.get("group", ""))
    if when is not None:
        group = Group.DATED
    mine = [request.seller.key]
    if request.GET.get("format") == "csv":
        return _csv(request, group, when)
    found = due.refunds(group, now=now, when=when, sellers=mine, after=request.GET.get("after", ""))
    lists = {group: found}
    if group is Group.DATED and when is None and not request.GET.get("after"):
        for other in (Group.UNDATED, Group.WITH_A_BANK):
            lists[other] = due.refunds(other, now=now, sellers=mine, size=_BESIDE)
    names = order_names({one.order_key for part in lists.values() for one in part.items})
    context = {
        "totals": words.totals(due.sums(now=now, sellers=mine)), "group": group, "filtered": when is not None,
        "lists": [
            {
                "group": part, "more": bool(of.next) and part is not group,
                "rows": [
                    {
                        "line": line, "order": names.get(line.refund.order_key, ""),
                        "url": order_url(line.refund.order_key),
                    }
                    for line in words.shown(of.items, part, staff=False)
                ],
            }
            for part, of in lists.items()
        ],
        "filters": words.filters(group, when), "page": Page(found.next, shown=len(found.items)),
    }  # fmt: skip
    return page(request, "portal/refunds_due.html", context)


def overdue_to_do() -> list[ToDo]:
    """For the seller's home: that the time of refunds is over; nothing where it is not."""
    late = due.overdue(timezone.now())
    if late is None:
        return []
    title = ngettext("%(n)s refund is overdue", "%(n)s refunds are overdue", late.refunds) % {"n": late.refunds}
    detail = _("The law's time is over, and the shop has not said that the money went out.")
    return [ToDo(title, f"{reverse('portal:refunds_due')}?when={When.OVERDUE}", detail, late.since)]


def _csv(request: MemberRequest, group: Group, when: When | None) -> HttpResponseBase:
    now, mine = timezone.now(), [request.seller.key]

    def rows(after: str) -> tuple[list[Row], str]:
        found = due.refunds(group, now=now, when=when, sellers=mine, after=after, size=_CSV_PAGE)
        names = order_names({one.order_key for one in found.items})
        return [(names.get(o.order_key, ""), *words.csv_columns(o, group)) for o in found.items], found.next

    return stream(f"refunds-{group}", ("order", *words.CSV_HEAD), rows, lasting_scope(request))
