"""From a record to the data of an event, field by field as the event catalogue names them.

Records stay small and hold the order they are about; the dictionary is made only when somebody reads the event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from safeconduct.demo.almanac import parse_rfc3339, rfc3339
from safeconduct.demo.orders import CURRENCY, Order
from safeconduct.demo.people import Card

#: The terms that every buyer of the made-up marketplace accepts at its checkout.
POLICIES = "returns 2026-01, cancellation 2026-01, terms 3"

Data = dict[str, Any]
Record = tuple[int, int, str, Order | None, Data | None]
"""When (microseconds since 2020), number, event type, the order it is about, fields of its own."""


def money(minor: int) -> Data:
    return {"minor": minor, "currency": CURRENCY}


def _placed(order: Order, extra: Data) -> Data:
    buyer, seller, card = order.buyer, order.seller, order.card
    data: Data = {
        "order": order.id, "seller": seller.id, "buyer": buyer.id, "amount": money(order.amount_minor),
        "device": order.device, "ip": order.ip, "email": order.email, "phone": order.phone, "address": order.address,
        "listing": order.listing.id, "listing_title": order.listing.title, "policies_accepted": POLICIES,
        "ip_country": order.ip_country, "ship_country": order.ship_country,
        "seller_country": seller.country, "email_domain": order.email_domain, "payment_method": order.method,
        "category": order.listing.category, "locale": buyer.locale.locale, "items": order.items,
        "seller_registered_at": seller.registered_text,
        "email_first_seen_at": rfc3339(min(buyer.email_first_seen_at, order.at)), "guest": order.guest,
        "digital": False, "freight_forwarder": order.forwarder, "proxy": order.proxy, "gift_card": order.gift_card,
        "shipping_speed": order.speed, "recipient": order.recipient, "user_agent": order.user_agent,
    }  # fmt: skip
    if not order.guest:
        data["buyer_registered_at"] = rfc3339(min(buyer.registered_at, order.at))
    if order.promotion is not None:
        data["promotion"] = order.promotion
    if order.discount_minor:
        data["discount"] = money(order.discount_minor)
    _put(data, "lines", _lines(order))
    if card is not None:
        _put_card(data, order, card)
        data["name_matches_card"] = order.name_matches
        _put(data, "billing_address", order.billing_address)
        _put(data, "bill_country", order.bill_country)
    return data


def _lines(order: Order) -> list[Data] | None:
    """Half of the orders of two or three units say them one by one, as lines that can be in trouble alone. No dice are
    thrown for it: what the parcel weighs decides."""
    if order.items not in (2, 3) or order.weight_g % 2:
        return None
    each = order.amount_minor // order.items
    prices = [each] * (order.items - 1)
    return [
        {"line": f"{number}", "listing": order.listing.id, "quantity": 1, "price": money(price)}
        for number, price in enumerate([*prices, order.amount_minor - sum(prices)], 1)
    ]


def _put_card(data: Data, order: Order, card: Card) -> None:
    data["card"], data["card_bin"] = card.fingerprint, card.bin
    data["card_country"], data["card_funding"] = card.country, card.funding
    data["liability_shift"] = order.liability_shift
    _put(data, "avs", order.avs)
    _put(data, "cvv", order.cvv)
    _put(data, "three_ds", order.three_ds)


def _put(data: Data, name: str, value: object) -> None:
    if value is not None:
        data[name] = value


def _attempted(order: Order, extra: Data) -> Data:
    card = order.card
    data: Data = {
        "amount": money(order.amount_minor), "seller": order.seller.id, "buyer": order.buyer.id,
        "device": order.device, "ip": order.ip, "email": order.email, "ip_country": order.ip_country,
        "payment_method": order.method, "proxy": order.proxy,
    }  # fmt: skip
    if order.id:
        data["order"] = order.id
    if card is not None:
        _put_card(data, order, card)
    data.update(extra)
    return data


def _parties(order: Order) -> Data:
    return {"order": order.id, "seller": order.seller.id, "buyer": order.buyer.id}


def _paid(order: Order, extra: Data) -> Data:
    data: Data = {
        "order": order.id, "seller": order.seller.id, "buyer": order.buyer.id,
        "amount": {"minor": order.amount_minor, "currency": CURRENCY}, "payment_method": order.method,
    }  # fmt: skip
    if order.card is not None:
        data["card"] = order.card.fingerprint
    return data | extra


def _with_amount(order: Order, extra: Data) -> Data:
    return _parties(order) | {"amount": money(order.amount_minor)} | extra


def _with_parties(order: Order, extra: Data) -> Data:
    return _parties(order) | extra


def _shipped(order: Order, extra: Data) -> Data:
    data = {
        "order": order.id, "seller": order.seller.id, "buyer": order.buyer.id, "parcel": order.parcel,
        "address": order.sent_to or order.address, "ship_country": order.ship_country,
        "carrier": order.carrier, "weight_g": order.weight_g, **extra,
    }  # fmt: skip
    _put(data, "serial", order.serial or None)
    return data


def _tracked(order: Order, extra: Data) -> Data:
    return {
        "order": order.id, "seller": order.seller.id, "parcel": order.parcel, "carrier": order.carrier, **extra,
    }  # fmt: skip


def _delivered(order: Order, extra: Data) -> Data:
    return {
        "order": order.id, "seller": order.seller.id, "buyer": order.buyer.id, "parcel": order.parcel,
        "address": order.sent_to or order.address, "carrier": order.carrier, **extra,
    }  # fmt: skip


def _refund_requested(order: Order, extra: Data) -> Data:
    return _with_amount(order, {"device": order.device, "address": order.address}) | extra


def _refunded(order: Order, extra: Data) -> Data:
    data = _with_amount(order, extra)
    if order.card is not None:
        data["card"] = order.card.fingerprint
    return data


def _reviewed(order: Order, extra: Data) -> Data:
    return _parties(order) | {
        "listing": order.listing.id, "device": order.device, "ip": order.ip, "locale": order.buyer.locale.locale,
    } | extra  # fmt: skip


def _disputed(order: Order, extra: Data) -> Data:
    data = _with_amount(order, {})
    if order.card is not None:
        data["card"] = order.card.fingerprint
    return data | extra


def _dispute_moved(order: Order, extra: Data) -> Data:
    return {"order": order.id, "seller": order.seller.id, "amount": money(order.amount_minor)} | extra


def _warned(order: Order, extra: Data) -> Data:
    assert order.card is not None
    return {
        "order": order.id, "seller": order.seller.id, "card": order.card.fingerprint,
        "amount": money(order.amount_minor),
    } | extra  # fmt: skip


_RENDERERS: dict[str, Callable[[Order, Data], Data]] = {
    "order.placed": _placed, "payment.attempted": _attempted, "order.paid": _paid, "order.cancelled": _with_amount,
    "order.changed": _with_parties, "shipment.shipped": _shipped, "shipment.tracked": _tracked,
    "shipment.delivered": _delivered, "refund.requested": _refund_requested, "refund.created": _refunded,
    "return.requested": _with_parties, "return.received": _with_parties, "review.posted": _reviewed,
    "dispute.opened": _disputed, "dispute.updated": _dispute_moved, "dispute.closed": _dispute_moved,
    "fraud.warned": _warned,
}  # fmt: skip


_TIMES = ("buyer_registered_at", "seller_registered_at", "email_first_seen_at", "due_at")


def envelope(record: Record, event_id: str, shift_micros: int = 0) -> Data:
    """The event as it is sent: a CloudEvents-like envelope around the catalogue's fields, all times moved alike."""
    at, _, type_, order, extra = record
    data = dict(extra or {}) if order is None else _RENDERERS[type_](order, extra or {})
    if shift_micros:
        for name in _TIMES:
            if name in data:
                data[name] = rfc3339(max(0, parse_rfc3339(data[name]) + shift_micros))
    return {
        "specversion": "1.0", "id": event_id, "source": "haihang", "type": type_,
        "time": rfc3339(at + shift_micros), "data": data,
    }  # fmt: skip


def event_id(position: int) -> str:
    """The id of the event at a position of the log, counted from 0."""
    return f"hh-{position + 1:07d}"
