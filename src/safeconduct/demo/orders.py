"""An order before it becomes events: everything a shop knows about it when it is placed."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from random import Random

from safeconduct.demo.almanac import CHERRY_SEASON, beijing_day, promotion_on
from safeconduct.demo.goods import CARRIERS_OF_COUNTRY
from safeconduct.demo.people import Buyer, Card, Listing, Seller, locale_of, new_address, new_ip
from safeconduct.demo.seeds import token

CURRENCY = "CNY"

#: Share of authenticated card payments by buyer country; Europe's from strong authentication. The demo's own figures.
_AUTHENTICATED = {"FR": 0.75, "DE": 0.75, "JP": 0.6, "KR": 0.6, "TH": 0.5, "CN": 0.45, "CL": 0.4, "AU": 0.3, "NZ": 0.3}
_AVS_CHECKED = frozenset({"AU", "NZ", "US", "GB", "CA"})


@dataclass(slots=True, eq=False)
class Order:
    """One order. ``id`` is given when the world is complete, in order of placing. ``at`` in microseconds since 2020.

    ``weight_g`` is what the parcel weighs; ``parcel`` is set when it is shipped. ``sent_to`` is where it goes if the
    address was changed after placing, ``paid_at`` when it was paid. ``placed`` is the number of its order.placed
    record, -1 until then. ``crooked``: the shop itself is the thief, and deserves no protection for it. ``serial``:
    of the goods that were sent, where they have one.
    """

    seller: Seller
    buyer: Buyer
    listing: Listing
    at: int
    amount_minor: int
    items: int
    discount_minor: int
    promotion: str | None
    method: str
    card: Card | None
    device: str
    ip: str
    ip_country: str
    proxy: bool
    user_agent: str
    email: str
    email_domain: str
    phone: str
    recipient: str
    address: str
    ship_country: str
    billing_address: str | None
    bill_country: str | None
    avs: str | None
    cvv: str | None
    three_ds: str | None
    liability_shift: bool
    guest: bool
    forwarder: bool
    gift_card: bool
    name_matches: bool
    speed: str
    weight_g: int
    carrier: str
    id: str = ""
    parcel: str = ""
    sent_to: str | None = None
    placed: int = -1
    paid_at: int = 0
    crooked: bool = False
    serial: str = ""


def draft(rng: Random, buyer: Buyer, seller: Seller, at: int, listing: Listing | None = None) -> Order:
    """An ordinary order of this buyer at this shop; an attack changes what it must before it is placed."""
    if listing is None:
        listing = seller.listings[bisect(seller.cumulative, rng.random() * seller.cumulative[-1])]
        if listing.category == "fruit" and beijing_day(at) < CHERRY_SEASON:
            listing = rng.choice(in_season(seller, at))
    draw = rng.random()
    items = 1 if draw < 0.72 else rng.randint(2, 4) if draw < 0.985 else rng.randint(5, 12)
    gross = listing.price_minor * items
    promotion = promotion_on(beijing_day(at))
    if promotion is not None and rng.random() > 0.8:
        promotion = None
    discount = gross * rng.choice((8, 10, 12, 15, 20)) // 100 if promotion else 0
    abroad = rng.random() < 0.015
    proxy = rng.random() < 0.04
    method = _method(rng, buyer.country)
    card = (buyer.cards[0] if rng.random() < 0.85 else rng.choice(buyer.cards)) if method == "card" else None
    gift = rng.random() < 0.03
    ip_country = rng.choice(("JP", "KR", "TH", "AU", "US")) if abroad else buyer.country
    place = buyer.locale
    draw = rng.random()
    address = buyer.addresses[0] if draw < 0.86 else rng.choice(buyer.addresses)
    order = Order(
        seller=seller, buyer=buyer, listing=listing, at=at, amount_minor=gross - discount, items=items,
        discount_minor=discount, promotion=promotion, method=method, card=card,
        device=buyer.devices[0] if rng.random() < 0.8 else rng.choice(buyer.devices),
        ip=new_ip(rng, ip_country) if abroad or proxy or draw < 0.12 else buyer.ips[int(3 * draw * draw)],
        ip_country=ip_country, proxy=proxy, user_agent=buyer.user_agent, email=buyer.email,
        email_domain=buyer.email_domain, phone=buyer.phone, recipient=buyer.name,
        address=new_address(rng, place) if gift else address, ship_country=buyer.country,
        billing_address=None, bill_country=None, avs=None, cvv=None, three_ds=None, liability_shift=False,
        guest=rng.random() < 0.05, forwarder=buyer.forwarder, gift_card=rng.random() < 0.008,
        name_matches=not gift and rng.random() < 0.96,
        speed="economy" if draw < 0.2 else "standard" if draw < 0.83 else "express",
        weight_g=max(40, round(listing.weight_g * items * rng.uniform(0.96, 1.05)) + 60),
        carrier=rng.choice(CARRIERS_OF_COUNTRY[seller.country]),
    )  # fmt: skip
    if card is not None:
        order.billing_address = buyer.addresses[0]
        order.bill_country = buyer.country if card.country == buyer.country or draw < 0.5 else card.country
        if order.bill_country != buyer.country:
            order.billing_address = new_address(rng, locale_of(order.bill_country))
        honest_checks(rng, order)
    return order


def _method(rng: Random, country: str) -> str:
    draw = rng.random()
    if country == "CN":
        return "card" if draw < 0.55 else "wallet" if draw < 0.94 else "bnpl" if draw < 0.975 else "bank_transfer"
    return "card" if draw < 0.75 else "wallet" if draw < 0.93 else "bnpl" if draw < 0.97 else "bank_transfer"


def honest_checks(rng: Random, order: Order) -> None:
    """What the issuer answers when the card's owner pays: mostly well, sometimes not, often nothing."""
    card = order.card
    assert card is not None
    draw = rng.random()
    if card.country in _AVS_CHECKED:
        order.avs = "Y" if draw < 0.78 else "Z" if draw < 0.86 else "A" if draw < 0.92 else "N" if draw < 0.955 else "U"
    else:
        order.avs = "U" if draw < 0.72 else "S" if draw < 0.9 else "Y" if draw < 0.97 else "R"
    draw = rng.random()
    order.cvv = "M" if draw < 0.925 else "P" if draw < 0.96 else "U" if draw < 0.985 else "N"
    draw = rng.random() / _AUTHENTICATED.get(card.country, 0.4)
    set_three_ds(order, "authenticated" if draw < 1 else "attempted" if draw < 1.12 else "none")


def set_three_ds(order: Order, result: str) -> None:
    """Set the 3-D Secure result and what follows from it: who bears the loss of fraud."""
    order.three_ds = result
    order.liability_shift = result in ("authenticated", "attempted")


def in_season(seller: Seller, at: int) -> list[Listing]:
    """What a shop really sells at an instant: Chilean fruit waits for November."""
    if beijing_day(at) >= CHERRY_SEASON:
        return seller.listings
    return [offer for offer in seller.listings if offer.category != "fruit"] or seller.listings


def costly(rng: Random, seller: Seller, at: int, top: int = 6) -> Listing:
    """One of the dearest offers a shop has at an instant."""
    return rng.choice(sorted(in_season(seller, at), key=lambda offer: (-offer.price_minor, offer.id))[:top])


def set_amount(order: Order, minor: int) -> None:
    """Let the order be worth about this much, by its number of units; discounts are dropped."""
    units = minor / max(order.listing.price_minor, 1)  # house-rule: float-money because it is a number of units
    order.items = max(1, min(12, round(units)))
    order.amount_minor, order.discount_minor, order.promotion = order.items * order.listing.price_minor, 0, None
    order.weight_g = order.listing.weight_g * order.items + 60


def exact_amount(order: Order, minor: int) -> None:
    """One unit at exactly this price: trial packs, brushing."""
    order.items, order.amount_minor, order.discount_minor, order.promotion = 1, minor, 0, None


def parcel_number(rng: Random, carrier: str) -> str:
    return f"{carrier}:{int(token(rng, 12), 16):015d}"
