"""From what is known of an order to what is shown to its bank: one round of queries for all disputes of a batch.

Only facts of the log are shown, never an inference. A fact that speaks against the seller, such as an address check
that failed, is no exhibit. Here personal data is opened, for the defence of a payment and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from safeconduct.foundation.moments import at_micros
from safeconduct.foundation.money import Money
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.words import EVENTS
from safeconduct.kernel.readings import defence
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.keys import purpose_key
from safeconduct.protections.transactions.chargebacks.conversing import conversations
from safeconduct.protections.transactions.chargebacks.dossier import Dossier, Exhibit, Happened, Row
from safeconduct.protections.transactions.chargebacks.earlier import earlier_payments
from safeconduct.protections.transactions.chargebacks.models import BankDispute
from safeconduct.protections.transactions.chargebacks.packs import packs
from safeconduct.protections.transactions.chargebacks.reason_codes import table

_TYPES: Final = (
    "order.placed", "order.paid", "payment.attempted", "shipment.shipped", "shipment.tracked", "shipment.delivered",
    "refund.requested", "refund.created", "return.requested", "return.received",
)  # fmt: skip
_CODES: Final = {CATALOGUE[name].code: name for name in _TYPES}
#: What is opened of an order, with the kind under which the seller's copy masks it.
_OPENED: Final = ("ip", "device", "email", "address", "billing_address")
#: What can come out of the log: facts from records, and no one's own words.
FROM_RECORDS: Final = frozenset({
    "order_details", "payment_checks", "three_ds", "ip_address", "device", "customer", "delivery_address",
    "billing_address", "approval", "proof_of_shipment", "tracking", "proof_of_delivery", "delivery_signature",
    "verified_delivery", "proof_of_refund", "earlier_payments",
})  # fmt: skip
#: The carrier's scans that a bank is shown; more of them say nothing more.
_SCANS: Final = 12

_FACTS: Final = f"""
SELECT f."order", f.type, f.occurred, e.source, e.data, {", ".join(f"f.{name}" for name in _OPENED)}, f.parcel
FROM fact f JOIN event e ON e.moment = f.moment
WHERE f."order" = ANY(%b::bigint[]) AND f.type = ANY(%b::smallint[]) ORDER BY f.occurred, f.moment
"""
#: A carrier often names the parcel and no order.
_SCANNED: Final = f"""
SELECT s."order", f.type, f.occurred, e.source, e.data, {", ".join(f"f.{name}" for name in _OPENED)}, f.parcel
FROM (SELECT DISTINCT "order", parcel FROM fact
      WHERE "order" = ANY(%b::bigint[]) AND type = %b AND parcel IS NOT NULL) s
JOIN fact f ON f.parcel = s.parcel AND f.type = %b AND f."order" IS NULL
JOIN event e ON e.moment = f.moment ORDER BY f.occurred, f.moment
"""


@dataclass(frozen=True, slots=True)
class _Fact:
    name: str
    at: datetime
    source: str
    data: Mapping[str, Any]
    keys: Mapping[str, int | None]


@dataclass(slots=True)
class _Order:
    facts: list[_Fact] = field(default_factory=list)

    def all(self, name: str) -> list[_Fact]:
        return [fact for fact in self.facts if fact.name == name]

    def first(self, name: str) -> _Fact | None:
        return next((fact for fact in self.facts if fact.name == name), None)


def dossiers(
    disputes: Sequence[BankDispute], at: datetime, *, records_only: bool = False
) -> dict[str, Dossier]:  # fmt: skip
    """What is known about these disputes, by their ids. ``records_only``: without anybody's own words, for what is sent
    without a person who looks at it. In a scope of the engine.
    """
    orders = _orders(sorted({one.order_key for one in disputes if one.order_key is not None}))
    kept = defence.opened(orders.keys(), at)
    clear = {
        fact.keys[name] or 0: kept[key][name]
        for key, order in orders.items() if key in kept
        for fact in order.facts if fact.name == "order.placed"
        for name in _OPENED if name in kept[key]
    }  # fmt: skip
    names = dict(
        query(
            "SELECT key, name FROM seller WHERE key = ANY(%b::bigint[])",
            [sorted({one.seller_key for one in disputes if one.seller_key is not None})],
        ).fetchall()
    )
    proofs = earlier_payments(disputes, at)
    said = {} if records_only else conversations(orders.keys())
    found = packs()
    made = {}
    for one in disputes:
        code = table(one.opened_at.date()).codes.get(one.code_key)
        order = orders.get(one.order_key or 0, _Order())
        exhibits = [*_exhibits(order, clear), *([proofs[one.id]] if one.id in proofs else [])]
        if one.order_key in said:
            exhibits.append(said[one.order_key])
        placed = order.first("order.placed")
        made[one.id] = Dossier(
            dispute=one.ref, network=one.network, network_code=one.network_code, code=code, reason=one.reason,
            amount_minor=one.amount_minor, currency=one.currency, opened_at=one.opened_at, due_at=one.due_at,
            order="" if placed is None else str(placed.data.get("order", "")),
            merchant=names.get(one.seller_key, ""), at=at, secret=purpose_key("chargebacks/manifest"),
            pack=found.of(code), documents=found.documents, timeline=tuple(_timeline(order)), exhibits=tuple(exhibits),
        )  # fmt: skip
    return made


def _orders(keys: Sequence[int]) -> dict[int, _Order]:
    found: dict[int, _Order] = {}
    shipped, tracked = CATALOGUE["shipment.shipped"].code, CATALOGUE["shipment.tracked"].code
    rows = [*query(_FACTS, [list(keys), list(_CODES)]), *query(_SCANNED, [list(keys), shipped, tracked])]
    for order, kind, occurred, source, data, *rest in rows:
        opened = dict(zip((*_OPENED, "parcel"), rest, strict=True))
        found.setdefault(order, _Order()).facts.append(_Fact(_CODES[kind], at_micros(occurred), source, data, opened))
    for one in found.values():
        one.facts.sort(key=lambda fact: fact.at)
    return found


def _timeline(order: _Order) -> Iterable[Happened]:
    scans = 0
    for fact in order.facts:
        if fact.name == "shipment.tracked":
            scans += 1
            if scans > _SCANS:
                continue
        yield Happened(fact.at, EVENTS[fact.name][0], str(fact.data.get("carrier") or fact.source))


def _exhibits(order: _Order, clear: Mapping[int, str]) -> Iterable[Exhibit]:
    placed = order.first("order.placed")
    if placed is not None:
        yield from _of_the_order(placed, clear)
    approved = next((f for f in order.all("payment.attempted") if f.data.get("outcome") == "approved"), None)
    if approved is not None:
        yield Exhibit("approval", approved.source, approved.at, (Row(_("Approved"), _amount(approved)),))
    yield from _of_the_delivery(order, placed, clear)
    refunds = order.all("refund.created")
    if refunds:
        rows = tuple(Row(_("Refunded"), f"{_amount(fact)} · {_minute(fact.at)} UTC") for fact in refunds)
        yield Exhibit("proof_of_refund", refunds[-1].source, refunds[-1].at, rows)


def _of_the_order(placed: _Fact, clear: Mapping[int, str]) -> Iterable[Exhibit]:
    data, source, at = placed.data, placed.source, placed.at
    rows = [Row(_("Order"), str(data.get("order", ""))), Row(_("Amount"), _amount(placed))]
    for name, label in (("items", _("Units")), ("listing", _("Offer")), ("category", _("Category"))):
        if data.get(name):
            rows.append(Row(label, str(data[name])))
    yield Exhibit("order_details", source, at, tuple(rows))
    checks = []
    if data.get("avs") == "Y":
        checks.append(Row(_("Address check of the card's bank"), "AVS Y"))
    if data.get("cvv") == "M":
        checks.append(Row(_("Card security code"), "CVV M"))
    if checks:
        yield Exhibit("payment_checks", source, at, tuple(checks))
    if data.get("three_ds") == "authenticated":
        shift = (Row(_("Liability"), "issuer"),) if data.get("liability_shift") else ()
        yield Exhibit("three_ds", source, at, (Row("3-D Secure", "authenticated"), *shift))
    for document, name, label, masked in (
        ("ip_address", "ip", _("IP address"), "ip"),
        ("device", "device", _("Device"), "device"),
        ("customer", "email", _("E-mail address"), "email"),
        ("delivery_address", "address", _("Delivery address"), "address"),
        ("billing_address", "billing_address", _("Billing address"), "address"),
    ):
        value = clear.get(placed.keys[name] or 0)
        if value:
            yield Exhibit(document, source, at, (Row(label, value, masked),))


def _of_the_delivery(order: _Order, placed: _Fact | None, clear: Mapping[int, str]) -> Iterable[Exhibit]:
    shipped = order.first("shipment.shipped")
    if shipped is not None:
        rows = [
            Row(_("Handed over"), f"{_minute(shipped.at)} UTC"),
            Row(_("Carrier"), str(shipped.data.get("carrier") or "")),
        ]
        yield Exhibit("proof_of_shipment", shipped.source, shipped.at, tuple(row for row in rows if row.value))
        if shipped.data.get("parcel"):
            scans = order.all("shipment.tracked")[:_SCANS]
            told = (Row(f"{_minute(scan.at)} UTC", str(scan.data.get("scan") or "")) for scan in scans)
            number = Row(_("Tracking number"), str(shipped.data["parcel"]))
            yield Exhibit("tracking", shipped.source, shipped.at, (number, *told))
    delivered = next(iter(order.all("shipment.delivered")[-1:]), None)
    if delivered is None or placed is None:
        return
    agreed = placed.keys["address"]
    if delivered.keys["address"] is None or delivered.keys["address"] != agreed:
        return  # where it was left is not told, or is somewhere else: no proof for the bank
    row = Row(_("Delivered"), f"{_minute(delivered.at)} UTC")
    where = Row(_("To"), clear.get(agreed or 0, ""), "address")
    by = str(delivered.data.get("carrier") or delivered.source)
    facts = (row, where) if where.value else (row,)  # erased, or past its time
    yield Exhibit("proof_of_delivery", by, delivered.at, facts)
    if delivered.data.get("signed") is True:
        yield Exhibit("delivery_signature", by, delivered.at, (Row(_("Signed for"), f"{_minute(delivered.at)} UTC"),))
    if placed.data.get("avs") == "Y" and placed.keys["billing_address"] == agreed:
        yield Exhibit("verified_delivery", by, delivered.at, (*facts, Row(_("Address check"), "AVS Y")))


def _amount(fact: _Fact) -> str:
    given = fact.data.get("amount")
    if not isinstance(given, Mapping):
        return ""
    return Money(given["minor"], given["currency"]).format()


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
