"""How many orders could be defended with Compelling Evidence 3.0, and what shops should log: for the staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from safeconduct.kernel.parties.models import StaffRole
from safeconduct.kernel.staff_pages import StaffRequest, for_role, page
from safeconduct.kernel.vault.pseudonyms import lookup
from safeconduct.protections.transactions.chargebacks.readiness import WINDOW, Readiness, readiness

Text = str | Promise

#: Element → its name, and what a shop must begin to send.
ELEMENTS: Final[Mapping[str, tuple[Text, Text]]] = {
    "card": (
        lazy("Card"), lazy("The processor's fingerprint of the card, as `card` of each order and payment."),
    ),
    "ip": (
        lazy("IP address"),
        lazy("The buyer's public IP address as `ip` of each order: as the shop's front server sees it, no proxy's."),
    ),
    "device": (
        lazy("Device"),
        lazy("The device's fingerprint as `device`: at least 20 characters, made of two or more of its properties, in"
             " clear text."),
    ),
    "address": (
        lazy("Delivery address"),
        lazy("The whole delivery address as `address`: street, city, postal code, state, country."),
    ),
}  # fmt: skip


class AskForm(forms.Form):
    """Of whom it is counted."""

    seller = forms.CharField(
        label=lazy("Seller"), max_length=200, required=False,
        help_text=lazy("The shop's id of the seller; empty: the whole marketplace."),
    )  # fmt: skip


@require_GET
@for_role(StaffRole.ANALYST)
def report(request: StaffRequest) -> HttpResponse:
    """The form, and the count where it is asked for: over many orders it takes some seconds."""
    asked = request.GET.get("count") == "1"
    form = AskForm(request.GET if asked else None)
    name = request.GET.get("seller", "").strip()[:200]
    seller = lookup("seller", name) if name else None
    unknown = bool(name) and seller is None
    found = None
    if asked and not unknown:
        across = settings.MERCHANT_OF_RECORD == "platform"
        found = readiness(timezone.now(), seller=seller, across_sellers=across)
    context = {
        "form": form, "found": found, "unknown": unknown, "name": name, "days": WINDOW.days,
        "share": found.could_qualify / found.orders if found and found.orders else None,
        "lacking": _lacking(found) if found else [],
    }  # fmt: skip
    return page(request, "transactions/console/readiness.html", context)


def _lacking(found: Readiness) -> list[dict[str, object]]:
    """What is missing, what adds most first. A card that was not told has no earlier payments to be counted with."""
    rows: list[dict[str, object]] = [
        {"name": ELEMENTS[name][0], "log": ELEMENTS[name][1], "orders": one.orders, "adds": one.would_add}
        for name, one in sorted(found.lacking.items(), key=lambda pair: -pair[1].would_add)
        if one.orders
    ]
    without_card = found.orders - found.by_card
    if without_card:
        rows.append(
            {"name": ELEMENTS["card"][0], "log": ELEMENTS["card"][1], "orders": without_card, "adds": None}
        )  # fmt: skip
    return rows
