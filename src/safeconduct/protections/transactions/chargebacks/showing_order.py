"""Exhibits of an order's own facts: what was bought, how it was paid, who bought it, and which terms they accepted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext_lazy as _

from safeconduct.protections.transactions.chargebacks.dossier import Exhibit, Row
from safeconduct.protections.transactions.chargebacks.known import Fact, Known, joined, minute, money

#: Kind of terms, as `policies_accepted` names it → the document that shows they were accepted.
ACCEPTED: Final = {"returns": "policy_accepted", "cancellation": "cancellation_accepted"}
#: A payment captured this soon after its approval is in time with every scheme: they count in days, never in less.
_AT_ONCE: Final = timedelta(days=1)


def of_the_order(known: Known, clear: Mapping[int, str], at: datetime) -> Iterable[Exhibit]:
    """What the placing of the order and its payment show. ``clear``: pseudonym → value, of what may be opened."""
    placed = known.placed
    if placed is None:
        return
    rows = [Row(_("Order"), placed.text("order")), Row(_("Amount"), placed.amount())]
    for name, label in (("items", _("Units")), ("listing", _("Offer")), ("category", _("Category"))):
        if placed.data.get(name):
            rows.append(Row(label, placed.text(name)))
    yield Exhibit("order_details", placed.source, placed.at, tuple(rows))
    yield from _checks(placed)
    yield from _people(placed, clear)
    yield from _terms(placed, clear)
    yield from _payments(known, placed, at)
    due = _time(placed.text("deliver_by"))
    if due is not None and due > at and known.first("shipment.delivered") is None:
        yield Exhibit("not_yet_due", placed.source, placed.at, (Row(_("Agreed day of delivery"), minute(due)),))


def accepted(placed: Fact) -> dict[str, str]:
    """Kind of terms → the version that was accepted at checkout."""
    given = (part.split() for part in placed.text("policies_accepted").split(","))
    return {words[0].lower(): " ".join(words[1:]) for words in given if words}


def _checks(placed: Fact) -> Iterable[Exhibit]:
    checks = []
    if placed.data.get("avs") == "Y":
        checks.append(Row(_("Address check of the card's bank"), "AVS Y"))
    if placed.data.get("cvv") == "M":
        checks.append(Row(_("Card security code"), "CVV M"))
    if checks:
        yield Exhibit("payment_checks", placed.source, placed.at, tuple(checks))
    if placed.data.get("three_ds") == "authenticated":
        shift = (Row(_("Liability"), "issuer"),) if placed.data.get("liability_shift") else ()
        yield Exhibit("three_ds", placed.source, placed.at, (Row("3-D Secure", "authenticated"), *shift))


def _people(placed: Fact, clear: Mapping[int, str]) -> Iterable[Exhibit]:
    for document, name, label, masked in (
        ("ip_address", "ip", _("IP address"), "ip"),
        ("device", "device", _("Device"), "device"),
        ("customer", "email", _("E-mail address"), "email"),
        ("delivery_address", "address", _("Delivery address"), "address"),
        ("billing_address", "billing_address", _("Billing address"), "address"),
    ):
        value = clear.get(placed.keys[name] or 0)
        if value:
            yield Exhibit(document, placed.source, placed.at, (Row(label, value, masked),))


def _terms(placed: Fact, clear: Mapping[int, str]) -> Iterable[Exhibit]:
    for kind, version in accepted(placed).items():
        if kind in ACCEPTED:
            rows = [Row(_("Shown and accepted before buying"), minute(placed.at)), Row(_("Version"), version or "–")]
            address = clear.get(placed.keys["ip"] or 0)
            if address:
                rows.append(Row(_("IP address"), address, "ip"))
            yield Exhibit(ACCEPTED[kind], placed.source, placed.at, tuple(rows))


def _payments(known: Known, placed: Fact, at: datetime) -> Iterable[Exhibit]:
    approved = [one for one in known.all("payment.attempted") if one.data.get("outcome") == "approved"]
    paid = known.all("order.paid")
    if approved:
        first = approved[0]
        yield Exhibit(
            "approval", first.source, first.at, (Row(_("Approved"), joined((first.amount(), minute(first.at)))),)
        )
        if first.data.get("card_entry") == "chip":
            yield Exhibit("chip_read", first.source, first.at, (Row(_("Card read by"), "chip"),))
        if first.data.get("cardholder_check") == "pin":
            yield Exhibit("pin_entered", first.source, first.at, (Row(_("Cardholder checked by"), "PIN"),))
    if not paid:
        return
    took = [
        *(Row(_("Approved"), joined((one.amount(), minute(one.at)))) for one in approved),
        *(Row(_("Paid"), joined((one.amount(), minute(one.at)))) for one in paid),
    ]
    ordered = Row(_("Ordered"), joined((placed.text("order"), minute(placed.at))))
    yield Exhibit("sales_records", paid[0].source, paid[0].at, (ordered, *took))
    if approved and timedelta(0) <= paid[0].at - approved[0].at <= _AT_ONCE:
        yield Exhibit("presented_in_time", paid[0].source, paid[0].at, tuple(took))
    if len(paid) == 1:
        rows = (took[-1], Row(_("Other payments in the records"), f"0 · {minute(at)}"))
        yield Exhibit("no_other_payment", paid[0].source, at, rows)
        if paid[0].data.get("amount") == placed.data.get("amount"):
            agreed = [Row(_("Amount"), placed.amount())]
            if placed.data.get("discount"):
                agreed.append(Row(_("Discount"), money(placed.data["discount"])))
            yield Exhibit("amount_agreed", placed.source, placed.at, (*agreed, took[-1]))


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
