"""What the records know of an order, and evidence made of them: nothing here is anybody's opinion."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from safeconduct.kernel.cases import evidence, files
from safeconduct.kernel.cases.evidence import Piece
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.words import Source
from safeconduct.kernel.cases.workflow import Sentence
from safeconduct.kernel.events import refunds
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.events.offers import Offer, offers
from safeconduct.kernel.scope import ENGINE_ACTOR, query
from safeconduct.protections.disputes import gists

PLACED, PAID, SHIPPED, TRACKED, DELIVERED, REFUNDED, FAILED = (
    "order.placed", "order.paid", "shipment.shipped", "shipment.tracked", "shipment.delivered", "refund.created",
    "refund.failed",
)  # fmt: skip
#: What is kept of an order's events as evidence. Names, addresses and cards are sealed elsewhere.
_KEPT: Final = (
    "order",
    "listing",
    "category",
    "items",
    "amount",
    "ship_country",
    "parcel",
    "carrier",
    "scan",
    "signed",
    "policies_accepted",
    "weight_g",
    "serial",
)
#: A carrier often knows a parcel and no order: its scans are found by the parcels that were shipped.
_EVENTS: Final = """
SELECT asked.o, e.moment, e.type, e.occurred_at, e.seller_key, e.data FROM unnest(%b::bigint[]) AS asked(o)
JOIN event e ON e.order_key = asked.o WHERE e.type = ANY(%s::text[])
UNION
SELECT sent."order", e.moment, e.type, e.occurred_at, e.seller_key, e.data
FROM unnest(%b::bigint[]) AS asked(o) JOIN fact sent ON sent."order" = asked.o AND sent.type = %s
JOIN fact scan ON scan.parcel = sent.parcel AND scan.type = %s AND scan."order" IS NULL
JOIN event e ON e.moment = scan.moment
ORDER BY 1, 4, 2
"""
_CODES: Final = [CATALOGUE[SHIPPED].code, CATALOGUE[TRACKED].code]


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of an order."""

    type: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(slots=True)
class Order:
    """An order as the shop told it. ``amount_minor``: what the buyer paid, None where the shop never said. ``at_home``:
    whether the parcel was delivered to the order's address, None where an address was not told. ``offer``: what was
    offered when it was placed, None where no event told of it."""

    key: int
    ref: str = ""
    seller_key: int | None = None
    buyer_key: int | None = None
    amount_minor: int | None = None
    currency: str = ""
    buyer_country: str = ""
    language: str = ""
    carrier: str = ""
    at_home: bool | None = None
    offer: Offer | None = None
    events: list[Happened] = field(default_factory=list)

    def first(self, *types: str) -> Happened | None:
        """The earliest event of these types."""
        return next((event for event in self.events if event.type in types), None)

    def all(self, kind: str) -> list[Happened]:
        """All events of a type, in the order of time."""
        return [event for event in self.events if event.type == kind]


def orders(keys: Collection[int]) -> dict[int, Order]:
    """Order key → what is known of it, for those that were placed. Two queries. In an engine or staff scope."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    found: dict[int, Order] = {}
    rows = query(_EVENTS, [wanted, [PLACED, PAID, SHIPPED, TRACKED, DELIVERED, REFUNDED, FAILED], wanted, *_CODES])
    for key, _moment, kind, at, seller, data in rows:
        order = found.setdefault(key, Order(key))
        order.events.append(Happened(kind, at, data))
        if kind == PLACED:
            _take(order, seller, data)
        order.carrier = order.carrier or str(data.get("carrier") or "")
    people = query(
        'SELECT f."order", f.type, f.buyer, f.address FROM fact f WHERE f."order" = ANY(%b::bigint[])'
        " AND f.type = ANY(%b::smallint[]) ORDER BY f.moment",
        [wanted, [CATALOGUE[PLACED].code, CATALOGUE[DELIVERED].code]],
    )
    homes: dict[int, int | None] = {}
    for key, kind, buyer, address in people:
        if key in found and kind == CATALOGUE[PLACED].code:
            found[key].buyer_key, homes[key] = buyer, address
        elif key in found and address is not None and homes.get(key) is not None:
            found[key].at_home = address == homes[key] and found[key].at_home is not False
    return {key: order for key, order in found.items() if order.seller_key is not None}


def _take(order: Order, seller: int | None, data: Mapping[str, Any]) -> None:
    amount = data.get("amount") or {}
    order.seller_key, order.ref = seller, str(data.get("order") or "")
    order.amount_minor, order.currency = amount.get("minor"), str(amount.get("currency") or "")
    order.buyer_country, order.language = str(data.get("ship_country") or ""), str(data.get("locale") or "")


def collect(known: Sequence[Order], *, at: datetime) -> dict[int, list[str]]:
    """Takes what the records show of these orders in as evidence; returns the ids by order. The same record twice is
    the same piece. In an engine scope."""
    sold_as = offers([order.key for order in known])
    for order in known:
        order.offer = sold_as.get(order.key)
    pieces = [piece for order in known for piece in _pieces(order)]
    ids = evidence.collect(pieces, ENGINE_ACTOR, at=at)
    found: dict[int, list[str]] = {order.key: [] for order in known}
    for piece, key in zip(pieces, ids, strict=True):
        assert piece.order_key is not None
        found[piece.order_key].append(key)
    return found


def collect_scans(scans: Sequence[tuple[int, int, Happened]], *, at: datetime) -> list[str]:
    """Takes scans of orders of sellers (keys) in as evidence, each by itself; returns the ids in order. The same scan
    twice is the same piece. In an engine scope."""
    pieces = [
        _piece(
            Order(order_key, seller_key=seller_key), EvidenceKind.TRACKING, Source.CARRIER, [scan],
            gists.scanned_once(scan.at, str(scan.data.get("scan") or "")),
        )
        for order_key, seller_key, scan in scans
    ]  # fmt: skip
    return evidence.collect(pieces, ENGINE_ACTOR, at=at)


def _pieces(order: Order) -> list[Piece]:
    made = []
    placed, delivered = order.first(PLACED), order.first(DELIVERED)
    if placed is not None:
        made.append(_piece(order, EvidenceKind.ORDER_DETAILS, Source.PLATFORM, [placed], gists.ordered(placed.at)))
        made += _terms(order, placed)
    made += _of_sending(order)
    if delivered is not None:
        signed = bool(delivered.data.get("signed"))
        gist = gists.arrived(delivered.at, signed=signed, at_home=order.at_home)
        told = {} if order.at_home is None else {"to_the_orders_address": order.at_home}
        made.append(_piece(order, EvidenceKind.PROOF_OF_DELIVERY, Source.CARRIER, [delivered], gist, **told))
        if signed:
            gist = gists.signed(delivered.at)
            made.append(_piece(order, EvidenceKind.DELIVERY_SIGNATURE, Source.CARRIER, [delivered], gist))
    sent = [event for event in order.events if event.type in (REFUNDED, FAILED)]
    went_back = refunds.arrived([(event.at, event.data, event.type == FAILED) for event in sent])
    for place, data in went_back.items():  # each once, and none that did not arrive
        refund = replace(sent[place], data=data)
        gist = gists.refunded(refund.at, data.get("amount") or {})
        made.append(_piece(order, EvidenceKind.PROOF_OF_REFUND, Source.PLATFORM, [refund], gist))
    return made


def _terms(order: Order, placed: Happened) -> list[Piece]:
    """What was offered and agreed to: the offer as it was then, and the terms that the buyer accepted."""
    made = []
    offer = order.offer or Offer()
    title = str(offer.told.get("listing_title") or placed.data.get("listing_title") or "")
    if title:
        gist = gists.offered(title, offer.told.get("price") or {}, offer.since)
        told = {**offer.told, "listing_title": title, "since": offer.since and offer.since.astimezone(UTC).isoformat()}
        made.append(_piece(order, EvidenceKind.LISTING_SNAPSHOT, Source.PLATFORM, [placed], gist, offer=told))
    if placed.data.get("policies_accepted"):
        gist = gists.accepted(placed.at, str(placed.data["policies_accepted"]))
        made.append(_piece(order, EvidenceKind.POLICY_ACCEPTED, Source.PLATFORM, [placed], gist))
    return made


def _of_sending(order: Order) -> list[Piece]:
    """What was handed over, what was noted of it, and the carrier's scans.

    A picture's hash alone shows nothing to anybody's eyes; the picture is the seller's to bring.
    """
    made, sent, scans = [], order.all(SHIPPED), order.all(TRACKED)
    if sent:
        gist = gists.sent(sent[0].at)
        made.append(_piece(order, EvidenceKind.PROOF_OF_SHIPMENT, Source.PLATFORM, [sent[0]], gist))
    weighed = [event for event in sent if event.data.get("weight_g")]
    if weighed:
        gist = gists.weighed(sum(int(event.data["weight_g"]) for event in weighed))
        made.append(_piece(order, EvidenceKind.OUTBOUND_WEIGHT, Source.CARRIER, weighed, gist))
    serials = [event for event in sent if event.data.get("serial")]
    if serials:
        gist = gists.numbered([str(event.data["serial"]) for event in serials])
        made.append(_piece(order, EvidenceKind.OUTBOUND_SERIAL, Source.SELLER, serials, gist))
    if scans:
        gist = gists.scanned(scans[-1].at, len(scans))
        made.append(_piece(order, EvidenceKind.TRACKING, Source.CARRIER, scans, gist))
    return made


def _piece(
    order: Order, kind: EvidenceKind, source: Source, events: Sequence[Happened], gist: Sentence, **told: object
) -> Piece:  # fmt: skip
    assert order.seller_key is not None
    content = files.fact({
        "events": [
            {
                "type": event.type, "at": event.at.astimezone(UTC).isoformat(),
                **{name: event.data[name] for name in _KEPT if name in event.data},
            }
            for event in events
        ],
        **told,
    })  # fmt: skip
    return Piece(kind, source, content, order.seller_key, events[-1].at, gist, order_key=order.key)
