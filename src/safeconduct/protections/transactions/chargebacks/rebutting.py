"""An answer to each point of a complaint that something is not as described, made of records alone.

Four points: what was offered, what left, how it arrived, and whether the buyer asked the shop for anything. It is made
only where the records answer every one of them for the seller: an answer with a gap is no answer, and what speaks
against the seller is no exhibit. Somebody's own words stand in its place where they are there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils.translation import gettext_lazy as _

from safeconduct.protections.transactions.chargebacks.dossier import Exhibit, Row
from safeconduct.protections.transactions.chargebacks.known import Known, joined, minute
from safeconduct.protections.transactions.chargebacks.showing_order import accepted

DOCUMENT: Final = "rebuttal"
_ASKED: Final = ("refund.requested", "return.requested", "return.received", "order.cancelled")


def of_the_records(known: Known, offered: Exhibit | None, at: datetime) -> Exhibit | None:
    """The answer; None where the records leave a point open. ``offered``: the offer as the pack shows it."""
    placed, delivered, shipped = known.placed, known.arrived(), known.first("shipment.shipped")
    if placed is None or delivered is None or shipped is None or offered is None:
        return None
    left = joined((
        f"{shipped.text('weight_g')} g" if shipped.data.get("weight_g") else "", shipped.text("serial"),
    ))  # fmt: skip
    if not left or known.first(*_ASKED) is not None:
        return None
    terms = accepted(placed).get("returns", "")
    rows = (
        Row(_("What was offered"), joined(row.value for row in offered.rows)),
        Row(_("What left"), joined((left, minute(shipped.at)))),
        Row(_("How it arrived"), joined((
            minute(delivered.at), "signed" if delivered.data.get("signed") is True else "",
        ))),
        Row(_("What the buyer asked the shop for, by the records"), f"– · {minute(at)}"),
        *((Row(_("Terms of returns the buyer accepted"), terms),) if terms else ()),
    )  # fmt: skip
    return Exhibit(DOCUMENT, _("Records"), at, rows)
