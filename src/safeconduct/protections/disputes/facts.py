"""What the records know of an order, and evidence made of them: nothing here is anybody's opinion."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from safeconduct.kernel.cases import evidence, files
from safeconduct.kernel.cases.evidence import Piece
from safeconduct.kernel.cases.evidence_kinds import EvidenceKind
from safeconduct.kernel.cases.words import Source
from safeconduct.kernel.cases.workflow import Sentence
from safeconduct.kernel.events.catalogue import CATALOGUE
from safeconduct.kernel.scope import ENGINE_ACTOR, query
from safeconduct.kernel.ui.formats import calendar_day

PLACED, PAID, SHIPPED, TRACKED, DELIVERED = (
    "order.placed", "order.paid", "shipment.shipped", "shipment.tracked", "shipment.delivered",
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
    """An order as the shop told it. ``amount_minor``: what the buyer paid, None where the shop never said."""

    key: int
    ref: str = ""
    seller_key: int | None = None
    buyer_key: int | None = None
    amount_minor: int | None = None
    currency: str = ""
    buyer_country: str = ""
    language: str = ""
    carrier: str = ""
    events: list[Happened] = field(default_factory=list)

    def first(self, *types: str) -> Happened | None:
        """The earliest event of these types."""
        return next((event for event in self.events if event.type in types), None)


def orders(keys: Collection[int]) -> dict[int, Order]:
    """Order key → what is known of it, for those that were placed. Two queries. In an engine or staff scope."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    found: dict[int, Order] = {}
    rows = query(_EVENTS, [wanted, [PLACED, PAID, SHIPPED, TRACKED, DELIVERED], wanted, *_CODES])
    for key, _moment, kind, at, seller, data in rows:
        order = found.setdefault(key, Order(key))
        order.events.append(Happened(kind, at, data))
        if kind == PLACED:
            _take(order, seller, data)
        order.carrier = order.carrier or str(data.get("carrier") or "")
    buyers = query(
        'SELECT f."order", f.buyer FROM fact f WHERE f."order" = ANY(%b::bigint[]) AND f.type = %s',
        [wanted, CATALOGUE[PLACED].code],
    )
    for key, buyer in buyers:
        if key in found:
            found[key].buyer_key = buyer
    return {key: order for key, order in found.items() if order.seller_key is not None}


def _take(order: Order, seller: int | None, data: Mapping[str, Any]) -> None:
    amount = data.get("amount") or {}
    order.seller_key, order.ref = seller, str(data.get("order") or "")
    order.amount_minor, order.currency = amount.get("minor"), str(amount.get("currency") or "")
    order.buyer_country, order.language = str(data.get("ship_country") or ""), str(data.get("locale") or "")


def collect(known: Sequence[Order], *, at: datetime) -> dict[int, list[str]]:
    """Takes what the records show of these orders in as evidence; returns the ids by order. The same record twice is
    the same piece. In an engine scope."""
    pieces = [piece for order in known for piece in _pieces(order)]
    ids = evidence.collect(pieces, ENGINE_ACTOR, at=at)
    found: dict[int, list[str]] = {order.key: [] for order in known}
    for piece, key in zip(pieces, ids, strict=True):
        assert piece.order_key is not None
        found[piece.order_key].append(key)
    return found


def _pieces(order: Order) -> list[Piece]:
    made = []
    placed, shipped, delivered = order.first(PLACED), order.first(SHIPPED), order.first(DELIVERED)
    scans = [event for event in order.events if event.type == TRACKED]
    if placed is not None:
        made.append(_piece(order, EvidenceKind.ORDER_DETAILS, Source.PLATFORM, [placed], _ordered(placed)))
    if shipped is not None:
        made.append(_piece(order, EvidenceKind.PROOF_OF_SHIPMENT, Source.PLATFORM, [shipped], _sent(shipped)))
    if scans:
        made.append(_piece(order, EvidenceKind.TRACKING, Source.CARRIER, scans, _scanned(scans)))
    if delivered is not None:
        signed = bool(delivered.data.get("signed"))
        made.append(
            _piece(order, EvidenceKind.PROOF_OF_DELIVERY, Source.CARRIER, [delivered], _arrived(delivered, signed))
        )
        if signed:
            made.append(_piece(order, EvidenceKind.DELIVERY_SIGNATURE, Source.CARRIER, [delivered], _signed(delivered)))
    return made


def _piece(order: Order, kind: EvidenceKind, source: Source, events: Sequence[Happened], gist: Sentence) -> Piece:
    assert order.seller_key is not None
    content = files.fact({
        "events": [
            {
                "type": event.type, "at": event.at.astimezone(UTC).isoformat(),
                **{name: event.data[name] for name in _KEPT if name in event.data},
            }
            for event in events
        ]
    })  # fmt: skip
    return Piece(kind, source, content, order.seller_key, events[-1].at, gist, order_key=order.key)


def _when(at: datetime) -> dict[str, str]:
    """A moment as each language writes it, in a sentence that readers of every zone read: in UTC, and saying so."""
    here = at.astimezone(UTC)
    return {language: f"{calendar_day(here, language)}, {here:%H:%M} UTC" for language in ("en", "zh", "es")}


def _ordered(event: Happened) -> Sentence:
    when = _when(event.at)
    return {"en": f"Ordered {when['en']}", "zh": f"下单时间 {when['zh']}", "es": f"Pedido el {when['es']}"}


def _sent(event: Happened) -> Sentence:
    when = _when(event.at)
    return {
        "en": f"Handed to the carrier {when['en']}",
        "zh": f"交运时间 {when['zh']}",
        "es": f"Entregado al transportista el {when['es']}",
    }


def _scanned(events: Sequence[Happened]) -> Sentence:
    number, when = len(events), _when(events[-1].at)
    return {
        "en": f"Scans by the carrier: {number}, the last {when['en']}",
        "zh": f"承运商扫描 {number} 次，最近一次 {when['zh']}",
        "es": f"Registros del transportista: {number}, el último el {when['es']}",
    }


def _arrived(event: Happened, signed: bool) -> Sentence:
    when = _when(event.at)
    en, zh, es = (", signed for", "，已签收", ", firmado") if signed else ("", "", "")
    return {
        "en": f"Delivered {when['en']}{en}",
        "zh": f"妥投时间 {when['zh']}{zh}",
        "es": f"Entregado el {when['es']}{es}",
    }


def _signed(event: Happened) -> Sentence:
    when = _when(event.at)
    return {
        "en": f"Somebody signed for it {when['en']}",
        "zh": f"签收时间 {when['zh']}",
        "es": f"Alguien firmó la entrega el {when['es']}",
    }
