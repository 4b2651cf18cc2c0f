"""From what is known of an order to what is shown to its bank: a few rounds of queries for all disputes of a batch.

Only facts of the log and of the order's own cases are shown, never an inference. A fact that speaks against the seller,
such as an address check that failed, is no exhibit. Here personal data is opened, for the defence of a payment and
nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from safeconduct.foundation.moments import at_micros
from safeconduct.kernel.events import refunds
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.offers import Offer, offers
from safeconduct.kernel.events.words import EVENTS
from safeconduct.kernel.readings import defence
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.data_keys import reading_for
from safeconduct.kernel.vault.holder import steady_hashes
from safeconduct.kernel.vault.pseudonyms import reveal
from safeconduct.protections.transactions.chargebacks import (
    casework,
    documents,
    offered,
    rebutting,
    showing_delivery,
    showing_order,
    siblings,
)
from safeconduct.protections.transactions.chargebacks.conversing import conversations
from safeconduct.protections.transactions.chargebacks.dossier import Dossier, Exhibit, Happened
from safeconduct.protections.transactions.chargebacks.earlier import judged
from safeconduct.protections.transactions.chargebacks.known import Fact, Known
from safeconduct.protections.transactions.chargebacks.models import BankDispute
from safeconduct.protections.transactions.chargebacks.packs import Pack, packs
from safeconduct.protections.transactions.chargebacks.reason_codes import table

_TYPES: Final = (
    "order.placed", "order.paid", "order.cancelled", "payment.attempted", "shipment.shipped", "shipment.tracked",
    "shipment.delivered", "service.used", "review.posted", "refund.requested", "refund.created", "refund.failed",
    "return.requested", "return.received",
)  # fmt: skip
_CODES: Final = {CATALOGUE[name].code: name for name in _TYPES}
#: What is opened of an order: of its placing, and of what the buyer did with it.
_OPENED: Final = ("ip", "device", "email", "address", "billing_address")
_ENTITIES: Final = (*_OPENED, "listing")
_OF_THE_BUYER: Final = frozenset({"order.placed", "service.used", "review.posted"})
#: What can come out of the log: facts from records, and no one's own words.
FROM_RECORDS: Final = frozenset({
    "order_details", "listing_snapshot", "payment_checks", "three_ds", "ip_address", "device", "customer",
    "delivery_address", "billing_address", "approval", "chip_read", "pin_entered", "sales_records", "amount_agreed",
    "presented_in_time", "no_other_payment", "distinct_orders", "separate_sales", "policy_accepted",
    "cancellation_accepted", "proof_of_shipment", "tracking", "proof_of_delivery", "delivery_signature",
    "verified_delivery", "recipient_link", "not_yet_due", "replacement", "activity_log", "goods_used", "use_after",
    "quality_report", "not_returned", "outbound_record", "rebuttal", "return_fraud", "proof_of_refund", "credit_basis",
    "earlier_payments",
})  # fmt: skip
#: What is shown to every bank; all else answers one kind of complaint, and is shown where a pack asks for it.
_ALWAYS: Final = frozenset({
    "order_details", "listing_snapshot", "payment_checks", "three_ds", "ip_address", "device", "customer",
    "delivery_address", "billing_address", "proof_of_shipment", "tracking", "proof_of_delivery", "delivery_signature",
    "verified_delivery", "proof_of_refund", "conversation",
})  # fmt: skip

_FACTS: Final = f"""
SELECT f."order", f.type, f.occurred, e.source, e.data, {", ".join(f"f.{name}" for name in _ENTITIES)}
FROM fact f JOIN event e ON e.moment = f.moment
WHERE f."order" = ANY(%b::bigint[]) AND f.type = ANY(%b::smallint[]) ORDER BY f.occurred, f.moment
"""
#: A carrier often names the parcel and no order.
_SCANNED: Final = f"""
SELECT s."order", f.type, f.occurred, e.source, e.data, {", ".join(f"f.{name}" for name in _ENTITIES)}
FROM (SELECT DISTINCT "order", parcel FROM fact
      WHERE "order" = ANY(%b::bigint[]) AND type = %b AND parcel IS NOT NULL) s
JOIN fact f ON f.parcel = s.parcel AND f.type = %b AND f."order" IS NULL
JOIN event e ON e.moment = f.moment ORDER BY f.occurred, f.moment
"""


@reading_for(defence.READER)
def dossiers(
    disputes: Sequence[BankDispute], at: datetime, *, records_only: bool = False
) -> dict[str, Dossier]:  # fmt: skip
    """What is known about these disputes, by their ids. ``records_only``: without anybody's own words and files, for
    what is sent without a person who looks at it. In a scope of the engine.
    """
    keys = sorted({one.order_key for one in disputes if one.order_key is not None})
    orders = _orders(keys)
    found, code_of = packs(), {one.id: table(one.opened_at.date()).codes.get(one.code_key) for one in disputes}
    pack_of = {one.id: found.of(code_of[one.id]) for one in disputes}
    shown = _of_the_log(disputes, orders, pack_of, at)
    if not records_only:
        _add_peoples_own(shown, orders)
    names = dict(
        query(
            "SELECT key, name FROM seller WHERE key = ANY(%b::bigint[])",
            [sorted({one.seller_key for one in disputes if one.seller_key is not None})],
        ).fetchall()
    )
    earlier = judged(disputes, at)
    given = {} if records_only else documents.exhibits(disputes, orders, pack_of)
    made = {}
    for one in disputes:
        order = orders.get(one.order_key or 0, Known())
        asked = _ALWAYS.union(pack_of[one.id].wanted)
        exhibits = [each for each in shown.get(one.order_key or 0, ()) if each.document in asked]
        before = earlier.get(one.id)
        if before is not None and before.exhibit is not None:
            exhibits.append(before.exhibit)
        exhibits += given.get(one.id, ())
        exhibits += _rebuttal(order, exhibits, asked, at)
        placed = order.placed
        made[one.id] = Dossier(
            dispute=one.ref, network=one.network, network_code=one.network_code, code=code_of[one.id],
            reason=one.reason, amount_minor=one.amount_minor, currency=one.currency, opened_at=one.opened_at,
            due_at=one.due_at, order="" if placed is None else placed.text("order"),
            merchant=names.get(one.seller_key, ""), at=at, hashes=partial(steady_hashes, "chargebacks/manifest"),
            pack=pack_of[one.id], documents=found.documents, timeline=tuple(_timeline(order)), exhibits=tuple(exhibits),
            earlier={} if before is None else before.answers, fields={} if before is None else before.fields,
        )  # fmt: skip
    return made


def _rebuttal(
    known: Known, shown: Sequence[Exhibit], asked: Collection[str], at: datetime
) -> list[Exhibit]:  # fmt: skip
    """What the records answer to a complaint, where its bank asks and nobody has answered in their own words."""
    if rebutting.DOCUMENT not in asked or any(one.document == rebutting.DOCUMENT for one in shown):
        return []
    offer = next((one for one in shown if one.document == "listing_snapshot"), None)
    found = rebutting.of_the_records(known, offer, at)
    return [] if found is None else [found]


def _of_the_log(
    disputes: Sequence[BankDispute], orders: Mapping[int, Known], pack_of: Mapping[str, Pack], at: datetime
) -> dict[int, list[Exhibit]]:
    clear = _opened(orders, at)
    sold_as = offers(list(orders))
    doubled = {
        one.order_key
        for one in disputes
        if one.order_key is not None
        and one.order_key in orders
        and set(siblings.DOCUMENTS) & set(pack_of[one.id].wanted)
    }
    others = siblings.others(sorted(doubled))
    return {
        key: [
            *showing_order.of_the_order(known, clear, at),
            *offered.exhibits(known, sold_as.get(key, Offer())),
            *showing_delivery.of_the_delivery(known, clear),
            *showing_delivery.of_the_use(known, clear),
            *showing_delivery.of_the_way_back(known, at),
            *siblings.exhibits(known, others.get(key, ())),
        ]
        for key, known in orders.items()
    }


def _add_peoples_own(shown: dict[int, list[Exhibit]], orders: Mapping[int, Known]) -> None:
    """Adds what people said and brought. A record stands before a file that shows the same."""
    said, refused, brought = conversations(orders), casework.refusals(orders), casework.files(orders)
    for key, exhibits in shown.items():
        more = [one[key] for one in (said, refused) if key in one] + brought.get(key, [])
        there = {one.document for one in exhibits}
        exhibits += [one for one in more if one.document not in there]


def _opened(orders: Mapping[int, Known], at: datetime) -> dict[int, str]:
    """What was kept of each order for its bank, and by what the buyer came back later, by their pseudonyms."""
    kept = defence.opened(orders.keys(), at)
    clear: dict[int, str] = {}
    others: set[int] = set()
    for order, known in orders.items():
        for fact in known.facts:
            if fact.name not in _OF_THE_BUYER:
                continue
            told = kept.get(order, {}) if fact.name == "order.placed" else {}
            keys = {name: key for name in _OPENED if (key := fact.keys[name]) is not None}
            clear.update({key: told[name] for name, key in keys.items() if name in told})
            others.update(keys.values() if fact.name != "order.placed" else ())
    later = others - clear.keys()
    return clear | {key: value for key, (_kind, value) in (reveal(later) if later else {}).items()}


def _refunded_once(known: Known) -> list[Fact]:
    """The facts, with each refund once, and without those that did not arrive: they are no proof of anything."""
    told = known.all("refund.created", "refund.failed")
    went_back = refunds.arrived([(fact.at, fact.data, fact.name == "refund.failed") for fact in told])
    shown = {id(fact): replace(fact, data=went_back[n]) for n, fact in enumerate(told) if n in went_back}
    untold = {id(fact) for fact in told} - shown.keys()
    return [shown.get(id(fact), fact) for fact in known.facts if id(fact) not in untold]


def _orders(keys: Sequence[int]) -> dict[int, Known]:
    found: dict[int, Known] = {}
    shipped, tracked = CATALOGUE["shipment.shipped"].code, CATALOGUE["shipment.tracked"].code
    rows = [*query(_FACTS, [list(keys), list(_CODES)]), *query(_SCANNED, [list(keys), shipped, tracked])]
    for order, kind, occurred, source, data, *opened in rows:
        entities = dict(zip(_ENTITIES, opened, strict=True))
        found.setdefault(order, Known()).facts.append(Fact(_CODES[kind], at_micros(occurred), source, data, entities))
    for one in found.values():
        one.facts.sort(key=lambda fact: fact.at)
        one.facts = _refunded_once(one)
    return found


def _timeline(known: Known) -> Iterable[Happened]:
    scans = 0
    for fact in known.facts:
        if fact.name == "shipment.tracked":
            scans += 1
            if scans > showing_delivery.SCANS:
                continue
        yield Happened(fact.at, EVENTS[fact.name][0], fact.text("carrier") or fact.source)
