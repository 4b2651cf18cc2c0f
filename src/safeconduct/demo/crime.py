"""What the attacks have in common: stolen cards and the places they are used from.

The patterns are realistic and imperfect: a thief often has the security code, sometimes the address, seldom the second
factor; some orders look like anybody's. The shares are the demo's own.
"""

from __future__ import annotations

from random import Random

from safeconduct.demo.orders import Order, honest_checks, set_three_ds
from safeconduct.demo.people import (
    COUNTRIES,
    FURTHER_COUNTRIES,
    Card,
    locale_of,
    new_address,
    new_card,
    new_ip,
)

_THREE_DS = (("none", 72), ("attempted", 10), ("failed", 8), ("unavailable", 7), ("authenticated", 3))
_AVS = (("N", 40), ("U", 36), ("Z", 9), ("A", 7), ("Y", 8))
_CVV = (("M", 72), ("N", 13), ("P", 10), ("U", 5))


def stolen_card(rng: Random, home: str, *, clean: bool = False) -> Card:
    """A card that belongs to somebody else: of the buyer's own country where the order is to look clean."""
    country = home if clean else rng.choice(foreign_countries(home))
    return new_card(rng, country)


def foreign_countries(home: str) -> tuple[str, ...]:
    """Where a thief's connections and cards come from; the further countries twice as often."""
    return tuple(c for c in (*COUNTRIES, *FURTHER_COUNTRIES, *FURTHER_COUNTRIES) if c != home)


def pay_with(rng: Random, order: Order, card: Card, *, clean: bool) -> None:
    """Pay an order with a stolen card: what the issuer says of address, code and second factor."""
    order.method, order.card = "card", card
    order.bill_country = card.country
    if clean:
        order.billing_address = order.address if rng.random() < 0.5 else new_address(rng, locale_of(card.country))
        order.name_matches = rng.random() < 0.8
        honest_checks(rng, order)
        if order.three_ds == "authenticated":
            set_three_ds(order, "none")
        return
    order.billing_address = new_address(rng, locale_of(card.country)) if card.country in COUNTRIES else None
    order.name_matches = rng.random() < 0.35
    order.avs = _draw(rng, _AVS)
    order.cvv = _draw(rng, _CVV)
    set_three_ds(order, _draw(rng, _THREE_DS))


def act_from(rng: Random, order: Order, device: str, *, clean: bool, ip: str | None = None) -> None:
    """Place an order from the attacker's device, through a proxy or from another country unless it looks clean."""
    order.device = device
    if clean:
        order.ip, order.ip_country, order.proxy = ip or new_ip(rng, order.buyer.country), order.buyer.country, False
        return
    country = rng.choice(foreign_countries(order.buyer.country)) if rng.random() < 0.5 else order.buyer.country
    order.ip, order.ip_country, order.proxy = ip or new_ip(rng, country), country, rng.random() < 0.45


def _draw(rng: Random, table: tuple[tuple[str, int], ...]) -> str:
    values, weights = zip(*table, strict=True)
    answer: str = rng.choices(values, weights)[0]
    return answer
