"""Refunds due: what buyers are still to get, until when, and who bears it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from safeconduct.console.access import StaffRequest, page, staff_page
from safeconduct.console.case import Names
from safeconduct.kernel import refund_pages as words
from safeconduct.kernel.claims import due
from safeconduct.kernel.claims.due import Group, When
from safeconduct.kernel.decisions import queries as decisions
from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.refund_pages import RefundShown
from safeconduct.kernel.staff_pages import lasting_scope
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.parts import Page

#: Of a list that is not the page's own, so many are shown beneath it.
_BESIDE = 10
_CSV_PAGE = 1000
#: As many sellers may be meant by what was typed; who means more says it better.
_MOST_SELLERS = 200


@require_GET
@staff_page()
def refunds_due(request: StaffRequest) -> HttpResponseBase:
    """Refunds that are to be sent, by date of law; those without one, and those a bank decides about, in lists of
    their own"""
    now, typed = timezone.now(), request.GET.get("q", "").strip()[:200]
    sellers = list(decisions.seller_keys(typed)[:_MOST_SELLERS]) if typed else None
    when, group = words.when_of(request.GET.get("when", "")), words.group_of(request.GET.get("group", ""))
    if when is not None:
        group = Group.DATED
    if request.GET.get("format") == "csv":
        return _csv(request, group, when, sellers)
    found = due.refunds(group, now=now, when=when, sellers=sellers, after=request.GET.get("after", ""))
    lists = {group: found}
    if group is Group.DATED and when is None and not request.GET.get("after"):
        for other in (Group.UNDATED, Group.WITH_A_BANK):
            lists[other] = due.refunds(other, now=now, sellers=sellers, size=_BESIDE)
    everything = [one for part in lists.values() for one in part.items]
    names, known = (
        Names(one.order_key for one in everything),
        decisions.sellers_by_key(o.seller_key for o in everything),
    )
    context = {
        "totals": words.totals(due.sums(now=now, sellers=sellers)), "group": group,
        "lists": [
            {
                "group": part, "more": bool(of.next) and part is not group,
                "rows": [
                    _row(line, names.of(line.refund.order_key), known.get(line.refund.seller_key))
                    for line in words.shown(of.items, part, staff=True)
                ],
            }
            for part, of in lists.items()
        ],
        "filters": words.filters(group, when), "filtered": bool(typed or when),
        "page": Page(found.next, shown=len(found.items)),
    }  # fmt: skip
    return page(request, "console/refunds_due.html", "money", context)


def _row(line: RefundShown, order: str, seller: Seller | None) -> dict[str, object]:
    """A line with its order, which leads to what was decided about it, and its seller."""
    return {
        "line": line, "order": order, "seller": seller,
        "url": f"{reverse('console:decisions')}?{urlencode({'q': order})}",
        "seller_url": reverse("console:seller", args=[seller.id]) if seller else "",
    }  # fmt: skip


def _csv(request: StaffRequest, group: Group, when: When | None, sellers: list[int] | None) -> HttpResponseBase:
    now = timezone.now()

    def rows(after: str) -> tuple[list[Row], str]:
        found = due.refunds(group, now=now, when=when, sellers=sellers, after=after, size=_CSV_PAGE)
        names = Names(one.order_key for one in found.items)
        known = decisions.sellers_by_key(one.seller_key for one in found.items)
        refs = {key: seller.ref for key, seller in known.items()}
        return [
            (names.of(one.order_key), refs.get(one.seller_key, ""), *words.csv_columns(one, group))
            for one in found.items
        ], found.next

    return stream(f"refunds-{group}", ("order", "seller", *words.CSV_HEAD), rows, lasting_scope(request))
