"""The offer as it was when it was bought, and its inspection before it was sent, as a bank is shown them.

Where no event tells of the offer, the order's own title of it is shown.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from safeconduct.kernel.events.offers import Offer
from safeconduct.protections.transactions.chargebacks.dossier import Exhibit, Row
from safeconduct.protections.transactions.chargebacks.known import Known, joined, minute, money


def exhibits(known: Known, offer: Offer) -> list[Exhibit]:
    """The offer and its inspection, as far as they are known."""
    placed = known.placed
    if placed is None:
        return []
    shown = []
    title = offer.told.get("listing_title") or placed.text("listing_title")
    if title:
        told = (
            (_("Title"), str(title)), (_("Offer"), placed.text("listing")),
            (_("Category"), str(offer.told.get("category") or placed.text("category"))),
            (_("Price"), money(offer.told.get("price"))), (_("As of"), minute(placed.at)),
            (_("Unchanged since"), "" if offer.since is None else minute(offer.since)),
        )  # fmt: skip
        rows = tuple(Row(label, value) for label, value in told if value)
        shown.append(Exhibit("listing_snapshot", placed.source, placed.at, rows))
    if offer.inspected_at is not None:
        counted = joined(
            f"{name} {offer.inspection[name]}" for name in ("units", "defects") if name in offer.inspection
        )
        rows = (Row(_("Outcome"), str(offer.inspection["outcome"])), Row(_("Inspected"), minute(offer.inspected_at)))
        rows += (Row(_("Units and defects"), counted),) if counted else ()
        shown.append(Exhibit("quality_report", placed.source, offer.inspected_at, rows))
    return shown
