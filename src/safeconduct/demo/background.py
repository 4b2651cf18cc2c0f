"""The honest crowd: ordinary orders by ordinary people, sales by season, and the sellers' own days at the office."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from random import Random

from safeconduct.demo.access import record_steps
from safeconduct.demo.almanac import (
    DAY,
    DAYS,
    END,
    HOUR,
    MINUTE,
    SECOND,
    START,
    day_weight,
    instant_in_day,
)
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.life import ordinary_life
from safeconduct.demo.orders import draft
from safeconduct.demo.people import (
    FURTHER_COUNTRIES,
    Buyer,
    Member,
    Seller,
    new_bank_account,
    new_device,
    new_ip,
)
from safeconduct.demo.rendering import money
from safeconduct.demo.seeds import generator
from safeconduct.demo.steps import Step, changing, usual

SESSIONS = 15_000
"""Sign-ins at full size: a sample of about one in forty. All of them would be half a million."""
EXPORTS = 400
"""Files with contacts at full size."""
_LOYALTY = 0.22
_SECURITY_CHANGES_A_MEMBER_DAY = 0.003
_ACT_OF = {
    "password": "factor_change", "email": "contact_change", "phone": "contact_change",
    "factor_added": "factor_change", "api_key": "key_created", "member_added": "member_added",
}  # fmt: skip


def fill_with_orders(b: WorldBuilder) -> None:
    """Honest orders until the world has as many as asked for."""
    rng = generator(b.parameters.seed, "orders")
    missing = b.parameters.orders - b.orders_placed
    if missing <= 0:
        return
    days = rng.choices(range(DAYS), [day_weight(i) for i in range(DAYS)], k=missing)
    cumulative = list(accumulate(b.buyer_weights))
    buyers = rng.choices(range(len(b.buyers)), cum_weights=cumulative, k=missing)
    plan: list[tuple[int, int]] = []
    for day, who in zip(days, buyers, strict=True):
        buyer = b.buyers[who]
        at = instant_in_day(rng, day, buyer.locale.utc_offset_minutes)
        for _ in range(6):
            if START <= at < END and buyer.registered_at < at:
                break
            who = rng.choices(range(len(b.buyers)), cum_weights=cumulative)[0]
            buyer = b.buyers[who]
            at = instant_in_day(rng, day, buyer.locale.utc_offset_minutes)
        at = min(max(at, START + MINUTE), END - MINUTE)
        if buyer.registered_at >= at:
            buyer.registered_at = at - rng.randrange(2 * MINUTE, 40 * MINUTE)
        plan.append((at, who))
    plan.sort()
    market = Market(b)
    for at, who in plan:
        buyer = b.buyers[who]
        seller = market.seller(rng, buyer, at)
        ordinary_life(b, rng, draft(rng, buyer, seller, at))


class Market:
    """Which shop an order goes to at an instant: by size, loyalty and opening day."""

    def __init__(self, b: WorldBuilder) -> None:
        self._sellers = b.sellers
        self._cumulative = list(accumulate(s.weight for s in b.sellers))
        self._total = self._cumulative[-1]

    def seller(self, rng: Random, buyer: Buyer | None, at: int) -> Seller:
        if buyer is not None and buyer.last_seller is not None and rng.random() < _LOYALTY:
            return buyer.last_seller
        while True:
            seller = self._sellers[bisect(self._cumulative, rng.random() * self._total)]
            if seller.registered_at < at:
                return seller


def open_shops(b: WorldBuilder) -> None:
    """Each shop is registered: those older than the world when it begins, with the date of their true opening."""
    rng = generator(b.parameters.seed, "registrations")
    for i, seller in enumerate(b.sellers):
        at = seller.registered_at if seller.registered_at >= START else START + i * SECOND // 4
        member = seller.members[0]
        b.record("seller.registered", at, None, {
            "seller": seller.id, "seller_country": seller.country, "locale": seller.locale.locale,
            "email": seller.email, "phone": seller.phone, "address": seller.address,
            "bank_account": seller.bank_account, "device": rng.choice(member.devices), "ip": member.ip,
            "ip_country": seller.country, "category": seller.listings[0].category,
            "seller_registered_at": seller.registered_text, "seller_name": seller.name,
            "time_zone": seller.time_zone,
        })  # fmt: skip


def run_offices(b: WorldBuilder) -> None:
    """Sign-ins, credentials, payout accounts, files and promotions of the sellers, and what others do in their name."""
    rng = generator(b.parameters.seed, "offices")
    staff = [(seller, member) for seller in b.sellers for member in seller.members]
    for seller, member in rng.choices(staff, k=b.scaled(SESSIONS)):
        at = _working_instant(rng, seller, member)
        if at > seller.registered_at:
            _sign_in(b, rng, seller, member, at)
    changes = round(_SECURITY_CHANGES_A_MEMBER_DAY * DAYS * len(staff))
    for seller, member in rng.choices(staff, k=changes):
        _change_security(b, rng, seller, member)
    for seller in rng.sample(b.sellers, k=max(2, len(b.sellers) // 8)):
        _change_bank(b, rng, seller)
    _join_promotions(b, rng)
    for seller, member in rng.choices(staff, k=b.scaled(EXPORTS)):
        _export(b, rng, seller, member)
    record_steps(b, generator(b.parameters.seed, "doors"))


def _working_instant(rng: Random, seller: Seller, member: Member) -> int:
    midnight = START + rng.randrange(DAYS) * DAY - seller.locale.utc_offset_minutes * MINUTE
    at = midnight + int((member.works_from_h + rng.triangular(0, 11, 2)) * HOUR)
    return at if START <= at < END else at % DAY + START + rng.randrange(1, DAYS - 1) * DAY


def _sign_in(b: WorldBuilder, rng: Random, seller: Seller, member: Member, at: int) -> None:
    draw = rng.random()
    travels, shared = draw < 0.06, 0.06 <= draw < 0.10
    country = rng.choice(("CN", "JP", "TH", *FURTHER_COUNTRIES[:2])) if travels else seller.country
    fresh = rng.random() < 0.008
    device = new_device(rng) if fresh else rng.choice(member.devices)
    if fresh:
        b.fresh_devices.add(device)
        if len(member.devices) < 5:
            member.devices.append(device)
    ip = new_ip(rng, country) if travels or shared else member.ip
    if rng.random() < 0.03:
        b.record("session.failed", at - rng.randrange(8, 60) * SECOND, None, {
            "seller": seller.id, "member": member.id, "device": device, "ip": ip, "ip_country": country,
            "reason": "wrong_password",
        })  # fmt: skip
    b.steps.append(Step(at, seller, member, "sign_in", device, ip, country, shared))


def _change_security(b: WorldBuilder, rng: Random, seller: Seller, member: Member) -> None:
    at = _working_instant(rng, seller, member)
    if at <= seller.registered_at:
        return
    _sign_in(b, rng, seller, member, at - rng.randrange(2, 30) * MINUTE)
    changes = ("password", "email", "phone", "factor_added", "api_key", "member_added", "member_removed")
    change = rng.choices(changes, (40, 6, 8, 18, 16, 7, 5))[0]
    if change == "member_removed":
        b.record("security.changed", at, None, {
            "seller": seller.id, "member": member.id, "device": member.devices[0], "ip": member.ip,
            "ip_country": seller.country, "change": change, "session_age_s": rng.randrange(60, 5400),
        })  # fmt: skip
        return
    step = changing(usual(seller, member, at, _ACT_OF[change]), change)
    if change == "member_added":
        step.extra = {"member_role": rng.choice(("finance", "fulfilment", "fulfilment", "listing", "support"))}
    b.steps.append(step)


def _change_bank(b: WorldBuilder, rng: Random, seller: Seller) -> None:
    member = seller.members[0]
    at = _working_instant(rng, seller, member)
    if at <= seller.registered_at + 7 * DAY:
        return
    _sign_in(b, rng, seller, member, at - rng.randrange(3, 40) * MINUTE)
    step = usual(seller, member, at, "payout_change")
    step.follows = ("payout_account.changed", {
        "bank_account": new_bank_account(rng, seller.country), "account_country": seller.country,
        "session_age_s": rng.randrange(120, 3600),
    })  # fmt: skip
    b.steps.append(step)


def _export(b: WorldBuilder, rng: Random, seller: Seller, member: Member) -> None:
    """A file with contacts of parcels, as many as shops usually take; now and then more, and never over the quota."""
    usually = rng.randrange(12, 160)
    step = usual(seller, member, _working_instant(rng, seller, member), "mass_export")
    rows = max(1, int(usually * rng.lognormvariate(-0.3, 0.5)))
    step.extra = {"rows": rows, "usual_rows": usually, "over_quota": False}
    step.follows = ("export.requested", {"rows": rows})
    b.steps.append(step)


def _join_promotions(b: WorldBuilder, rng: Random) -> None:
    """Offers enter the two sales in the week before."""
    for promotion, opens in (("9.9", 69), ("11.11", 131)):
        for seller in b.sellers:
            if seller.registered_at > START + (opens - 9) * DAY or rng.random() > 0.6:
                continue
            at = START + int(rng.uniform(opens - 8, opens - 1) * DAY)
            edit = usual(seller, seller.members[-1], at, "mass_edit")
            edit.extra = {"deep_cuts_percent": 0}
            b.steps.append(edit)
            for offer in rng.sample(seller.listings, k=max(1, len(seller.listings) // 4)):
                at += rng.randrange(5, 90) * SECOND
                price = offer.price_minor * rng.choice((80, 85, 88, 90)) // 100
                b.record("promotion.joined", at, None, {
                    "seller": seller.id, "listing": offer.id, "promotion": promotion, "price": money(price),
                })  # fmt: skip
