"""Exhibits of the way to the buyer, of what they did with the goods, and of the way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.utils.translation import gettext_lazy as _

from safeconduct.foundation.clocks.calendars import Calendar
from safeconduct.foundation.clocks.counting import due_at
from safeconduct.kernel.cases import floors
from safeconduct.kernel.cases.floors import Route
from safeconduct.protections.transactions.chargebacks.dossier import Exhibit, Row
from safeconduct.protections.transactions.chargebacks.known import Fact, Known, joined, minute
from safeconduct.protections.transactions.chargebacks.showing_order import accepted
from safeconduct.protections.transactions.coverage.causes import words_of
from safeconduct.protections.transactions.coverage.words import Cause

#: The carrier's scans that a bank is shown; more of them say nothing more.
SCANS: Final = 12
#: Acts of the buyer that a bank is shown, the latest.
_USES: Final = 6
_ASKS: Final = ("refund.requested", "return.requested")
#: Reasons for which only somebody who has the goods can ask for money.
_HAS_THE_GOODS: Final = words_of(Cause.NOT_AS_DESCRIBED) | {"changed_mind"}


def of_the_delivery(known: Known, clear: Mapping[int, str]) -> Iterable[Exhibit]:
    """That it was sent, scanned, and left where it was agreed."""
    parcels = _parcels(known)
    if parcels:
        shipped = parcels[0]
        told = (
            (_("Handed over"), minute(shipped.at)), (_("Carrier"), shipped.text("carrier")),
            (_("Weight"), f"{shipped.text('weight_g')} g" if shipped.data.get("weight_g") else ""),
            (_("Serial number"), shipped.text("serial")),
        )  # fmt: skip
        rows = tuple(Row(label, value) for label, value in told if value)
        yield Exhibit("proof_of_shipment", shipped.source, shipped.at, rows)
        noted = tuple(Row(label, value) for label, value in told[2:] if value)
        if noted:
            yield Exhibit("outbound_record", shipped.source, shipped.at, noted)
        if shipped.data.get("parcel"):
            scans = [Row(minute(one.at), one.text("scan")) for one in known.all("shipment.tracked")[:SCANS]]
            number = Row(_("Tracking number"), shipped.text("parcel"))
            yield Exhibit("tracking", shipped.source, shipped.at, (number, *scans))
    asked = known.first(*_ASKS)
    again = next((one for one in parcels[1:] if asked is not None and one.at > asked.at), None)
    if again is not None and asked is not None:
        rows = (
            Row(_("The buyer asked"), joined((asked.text("reason"), minute(asked.at)))),
            Row(_("Sent again"), joined((again.text("parcel"), minute(again.at)))),
        )
        yield Exhibit("replacement", again.source, again.at, rows)
    yield from _arrival(known, clear)


def of_the_use(known: Known, clear: Mapping[int, str]) -> Iterable[Exhibit]:
    """What the buyer did with it: uses of a service, and a review written from the device that had bought it."""
    placed = known.placed
    used = known.all("service.used")
    device = None if placed is None else placed.keys["device"]
    acts = [*used, *(one for one in known.all("review.posted") if device is not None and one.keys["device"] == device)]
    acts.sort(key=lambda one: one.at)
    if acts:
        yield Exhibit("activity_log", acts[-1].source, acts[-1].at, tuple(_acts(acts[-_USES:], clear)))
    if used:
        yield Exhibit("goods_used", used[-1].source, used[-1].at, tuple(_acts(used[-_USES:], clear)))
    ended = known.first("order.cancelled")
    late = [one for one in used if ended is not None and one.at > ended.at]
    if late and ended is not None:
        rows = (Row(_("Cancelled"), minute(ended.at)), *_acts(late[-_USES:], clear))
        yield Exhibit("use_after", late[-1].source, late[-1].at, rows)


def of_the_way_back(known: Known, at: datetime) -> Iterable[Exhibit]:
    """What the buyer asked for, what came back, and what they got."""
    asks = [one for one in known.all(*_ASKS) if one.text("reason").lower() in _HAS_THE_GOODS]
    if asks:
        rows = tuple(Row(minute(one.at), one.text("reason")) for one in asks)
        yield Exhibit("buyer_admission", asks[0].source, asks[0].at, rows)
    back, delivered = known.last("return.received"), known.last("shipment.delivered")
    if back is None and delivered is not None:
        asked = known.last("return.requested")
        yield Exhibit(
            "not_returned", delivered.source, at,
            (
                Row(_("Delivered"), minute(delivered.at)),
                Row(_("Return asked for"), "–" if asked is None else minute(asked.at)),
                Row(_("Goods back, by the records"), f"– · {minute(at)}"),
                *_could_return(known, delivered),
            ),
        )  # fmt: skip
    shipped = known.first("shipment.shipped")
    left, came = ("" if one is None else one.text("serial") for one in (shipped, back))
    if back is not None and left and came and left != came:
        rows = (Row(_("Serial number that left"), left), Row(_("Serial number that came back"), came))
        yield Exhibit("return_fraud", back.source, back.at, rows)
    refunds = known.all("refund.created")
    if refunds:
        rows = tuple(Row(_("Refunded"), joined((one.amount(), minute(one.at)))) for one in refunds)
        yield Exhibit("proof_of_refund", refunds[-1].source, refunds[-1].at, rows)
        reasons = tuple(Row(minute(one.at), one.text("reason")) for one in refunds if one.text("reason"))
        if reasons:
            yield Exhibit("credit_basis", refunds[-1].source, refunds[-1].at, reasons)


def _could_return(known: Known, delivered: Fact) -> Iterable[Row]:
    """That a return was open to the buyer: by law, until when, and by the terms that they accepted."""
    placed = known.placed
    if placed is None:
        return
    route = Route(placed.text("ship_country"), placed.text("seller_country"))
    for law in floors.of_matter("withdrawal_window", route, delivered.at.date())[:1]:
        until = None if law.least is None else due_at(law.least, delivered.at, Calendar())
        if until is not None:
            yield Row(_("Could be sent back without a reason until"), joined((minute(until), law.source)))
    terms = accepted(placed).get("returns", "")
    if terms:
        yield Row(_("Terms of returns the buyer accepted"), terms)


def _arrival(known: Known, clear: Mapping[int, str]) -> Iterable[Exhibit]:
    placed, delivered = known.placed, known.arrived()
    if placed is None or delivered is None:
        return  # where it was left is not told, or is somewhere else: no proof for the bank
    agreed = placed.keys["address"]
    row = Row(_("Delivered"), minute(delivered.at))
    address = clear.get(agreed or 0, "")
    where = (Row(_("To"), address, "address"),) if address else ()  # it may have been erased
    by = delivered.text("carrier") or delivered.source
    yield Exhibit("proof_of_delivery", by, delivered.at, (row, *where))
    if placed.data.get("avs") == "Y" and placed.keys["billing_address"] == agreed:
        yield Exhibit("verified_delivery", by, delivered.at, (row, *where, Row(_("Address check"), "AVS Y")))
    if delivered.data.get("signed") is not True:
        return
    signed = Row(_("Signed for"), minute(delivered.at))
    yield Exhibit("delivery_signature", by, delivered.at, (signed,))
    if placed.data.get("name_matches_card") is True:
        yield Exhibit("recipient_link", by, delivered.at, (signed, *where, Row(_("Recipient"), _SAME_NAME)))


#: What the shop tells with `name_matches_card`, alike in every language so that its hash is too.
_SAME_NAME: Final = "= cardholder"


def _parcels(known: Known) -> list[Fact]:
    """The handing over of each parcel, the earliest first."""
    seen: dict[str, Fact] = {}
    for one in known.all("shipment.shipped"):
        seen.setdefault(one.text("parcel"), one)
    return list(seen.values())


def _acts(acts: Sequence[Fact], clear: Mapping[int, str]) -> Iterable[Row]:
    for one in acts:
        yield Row(minute(one.at), one.text("activity") or one.name)
        for name, label in (("ip", _("IP address")), ("device", _("Device"))):
            value = clear.get(one.keys[name] or 0)
            if value:
                yield Row(label, value, name)
