"""What the promise costs, for the staff; each table also as CSV (``?format=csv&list=…``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from safeconduct.kernel.parties.models import Seller
from safeconduct.kernel.staff_pages import StaffRequest, page
from safeconduct.kernel.ui.charts import Series
from safeconduct.kernel.ui.csv_export import Row, stream
from safeconduct.kernel.ui.formats import calendar_month
from safeconduct.protections.transactions.console_words import CAUSES
from safeconduct.protections.transactions.costs import Costs, Used, costs

_HEADS: Final = {
    "exposure": ("template", "version", "orders", "up_to_minor", "currency"),
    "claims": ("month", "cause", "template", "version", "paid", "denied", "waiting", "paid_minor", "currency"),
    "fees": ("month", "currency", "amount_minor", "value_minor", "value_currency"),
    "limits": ("year", "seller", "paid_minor", "claims", "limit_minor", "currency"),
}


@require_GET
def costs_page(request: StaffRequest) -> HttpResponseBase:
    """Exposure, claims by month and cause, the claims ratio, the fund, limits, all by template version."""
    wanted = request.GET.get("list", "")
    if request.GET.get("format") == "csv" and wanted in _HEADS:
        return stream(f"coverage-{wanted}", _HEADS[wanted], lambda _after: (_rows(wanted), ""))
    return _page(request, costs(timezone.now()))


def _page(request: StaffRequest, found: Costs) -> HttpResponse:
    months = sorted({line.month for line in found.claims} | {line.month for line in found.fees})
    labels = [calendar_month(month, get_language() or "en") for month in months]
    paid = [float(sum(c.paid_minor for c in found.claims if c.month == month)) for month in months]
    fees = [float(sum(f.value_minor or 0 for f in found.fees if f.month == month)) for month in months]
    names = _sellers(found.used)
    context = {
        "costs": found, "currency": found.currency, "labels": labels, "since": found.since.date(),
        "series": [Series(_("Paid for claims"), paid, "violet"), Series(_("Fees for protection"), fees, "good")],
        "claims": [{"line": line, "cause": CAUSES[line.cause]} for line in found.claims],
        "used": [{"line": line, "seller": names.get(line.seller_key or 0)} for line in found.used],
    }  # fmt: skip
    return page(request, "transactions/console/costs.html", context)


def _sellers(used: Iterable[Used]) -> dict[int, Seller]:
    keys = {line.seller_key for line in used if line.seller_key is not None}
    return {s.key: s for s in Seller.objects.filter(key__in=keys)} if keys else {}


def _rows(wanted: str) -> list[Row]:
    found = costs(timezone.now())
    rows: list[Any]
    match wanted:
        case "exposure":
            rows = [(e.name, e.number, e.orders, e.up_to_minor, found.currency) for e in found.exposed]
        case "claims":
            rows = [
                (f"{c.month:%Y-%m}", c.cause.value, c.name, c.number, c.paid, c.denied, c.waiting, c.paid_minor,
                 found.currency)
                for c in found.claims
            ]  # fmt: skip
        case "fees":
            rows = [(f"{f.month:%Y-%m}", f.currency, f.amount_minor, f.value_minor, found.currency) for f in found.fees]
        case _other:
            names = _sellers(found.used)
            rows = [
                (found.year, "" if u.seller_key is None else getattr(names.get(u.seller_key), "ref", ""), u.paid_minor,
                 u.claims, u.limit_minor, found.currency)
                for u in found.used
            ]  # fmt: skip
    return rows
