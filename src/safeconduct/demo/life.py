"""What happens to an order: tried, placed, paid, shipped, delivered; and what goes wrong, honestly or not.

Shares from the world's plan: 93 % dispatched within 48 hours, reviews on 28 % of orders (five stars 74 %, one star
8 %), return rates by category, refund without return for 30 % of those under ¥100. The others are the demo's own.
Parcels that never move, that are split, or paid for in parts are in `safeconduct.demo.parcels`.
"""

from __future__ import annotations

from random import Random

from safeconduct.demo.almanac import DAY, HOUR, MINUTE, SECOND, in_golden_week, rfc3339
from safeconduct.demo.builder import WorldBuilder
from safeconduct.demo.complaints import Channel, Fault
from safeconduct.demo.goods import CATEGORIES, delivery_days, dispatch_hours
from safeconduct.demo.orders import Order, parcel_number
from safeconduct.demo.rendering import money
from safeconduct.demo.seeds import token

REVIEW_SHARE = 0.28
#: Parcels that the carrier scans within a day of the handing over, and after three; the rest move unseen.
SCANNED_SOON, SCANNED_LATE = 0.955, 0.02
REFUND_ONLY_LIMIT_MINOR = 10_000
REFUND_ONLY_SHARE = 0.3
#: Orders worth this much or more are delivered against a signature, but for a tenth of them.
SIGNATURE_FROM_MINOR, UNSIGNED_SHARE = 100_000, 0.1
#: Of delivered orders: those that get a part of their money back, for a dent or a missing piece.
GOODWILL_SHARE = 0.012
#: Of all orders: the buyer wants them elsewhere after paying; of these, those whose shop sends them there all the same.
REDIRECTED_SHARE, HEEDED_SHARE = 0.006, 0.6
#: Of open bank disputes: those the bank lets drop before it decides.
WITHDRAWN_SHARE = 0.04
#: Of disputes whose shop is no thief: those that it answers before the bank's last day.
ANSWERED_SHARE = 0.85
#: The schemes' codes for the processors' words; UnionPay's are in no table of ours, so it tells none.
_CODES = {
    ("visa", "fraudulent"): "10.4",
    ("visa", "product_not_received"): "13.1",
    ("visa", "product_unacceptable"): "13.3",
    ("visa", "duplicate"): "12.6.1",
    ("mastercard", "fraudulent"): "4837",
    ("mastercard", "product_not_received"): "4853",
    ("mastercard", "product_unacceptable"): "4853",
    ("mastercard", "duplicate"): "4834",
}
#: Goods that have a serial number.
_NUMBERED = "tools"
_STARS = ((5, 0.74), (4, 0.84), (3, 0.89), (2, 0.92), (1, 1.0))
_DECLINES = ("insufficient_funds", "do_not_honor", "authentication_required", "expired_card", "try_again_later")
CUSTOMS_STRIKE = "customs_strike"
#: Of the buyers whose parcels stand still in the strike: those who say that nothing came. It comes, and they let it be.
STRIKE_CLAIM_SHARE = 0.08
#: Of those: who also opens a dispute, whose clocks stand still until the customs work again.
STRIKE_DISPUTE_SHARE = 0.3


def sell(
    b: WorldBuilder, rng: Random, order: Order, *, declines: int = 0, captured_minor: int | None = None
) -> Order:  # fmt: skip
    """Let the order be placed and paid, after ``declines`` refused tries; ``captured_minor``: less than all of it."""
    b.orders_placed += 1
    order.buyer.orders += 1
    order.buyer.last_seller = order.seller
    at = order.at
    for i in range(declines):
        attempt(b, order, at - (declines - i) * rng.randrange(15, 70) * SECOND, decline_code=rng.choice(_DECLINES))
    if order.method != "bank_transfer":
        attempt(b, order, at - rng.randrange(SECOND, 4 * SECOND))
    order.placed = b.record("order.placed", at, order)
    order.at = b.time_of(order.placed)
    delay = rng.randrange(SECOND, 30 * SECOND) if order.method != "bank_transfer" else rng.randrange(HOUR, 18 * HOUR)
    extra = None if captured_minor is None else {"amount": money(captured_minor)}
    order.paid_at = b.time_of(b.record("order.paid", at + delay, order, extra))
    return order


def attempt(b: WorldBuilder, order: Order, at: int, *, decline_code: str | None = None) -> int:
    """A try to pay, approved unless the issuer's reason for refusing is given. Answers the record's number."""
    extra = {"outcome": "approved"} if decline_code is None else {"outcome": "declined", "decline_code": decline_code}
    return b.record("payment.attempted", at, order, extra)


def ship(
    b: WorldBuilder, rng: Random, order: Order, *, hours: float | None = None, delivered: bool = True,
    parcel: str | None = None,
) -> int | None:  # fmt: skip
    """Hand the parcel over and, where it arrives, answer when."""
    at = order.paid_at + int((dispatch_hours(rng) if hours is None else hours) * HOUR) + 10 * MINUTE
    order.parcel = parcel or parcel_number(rng, order.carrier)
    if order.listing.category == _NUMBERED:
        order.serial = serial_number(rng)
    b.record("shipment.shipped", at, order)
    cold = CATEGORIES[order.listing.category].cold_chain
    arrives = at + int(delivery_days(rng, cold) * DAY)
    draw = rng.random()
    scanned = rng.random()
    if scanned < SCANNED_SOON:
        b.record("shipment.tracked", at + rng.randrange(HOUR, 20 * HOUR), order, {"scan": "accepted"})
    elif scanned < SCANNED_SOON + SCANNED_LATE:
        b.record("shipment.tracked", at + rng.randrange(76 * HOUR, 110 * HOUR), order, {"scan": "accepted"})
    if 0.38 < draw < 0.45:
        b.record("shipment.tracked", (at + arrives) // 2, order, {"scan": "customs"})
    if not cold and in_golden_week(arrives):
        arrives += int(rng.uniform(1, 4) * DAY)
    if b.strike is not None and order.seller.country == b.strike[0] and b.strike[1] <= at < b.strike[2]:
        b.record("shipment.tracked", at + rng.randrange(HOUR, 6 * HOUR), order, {"scan": "exception"})
        arrives = max(arrives, b.strike[2] + int(rng.uniform(0.5, 4) * DAY))
        b.label_decoy(order, CUSTOMS_STRIKE)
        if rng.random() < STRIKE_CLAIM_SHARE:
            impatient = b.strike[2] - int(rng.uniform(0.3, 3) * DAY)  # mostly while the strike lasts
            asked = max(at + DAY, min(impatient, arrives - int(0.4 * DAY)))
            ask_refund(b, order, asked, "not_received", keeps_goods=False)
            b.complain(
                order, asked, Channel.MARKETPLACE, Fault.CARRIER, CUSTOMS_STRIKE,
                opens="not_received" if rng.random() < STRIKE_DISPUTE_SHARE else "",
            )  # fmt: skip
    if not delivered:
        return None
    if draw > 0.97:
        b.record("shipment.tracked", arrives - rng.randrange(2 * HOUR, 9 * HOUR), order, {"scan": "out_for_delivery"})
    b.record("shipment.delivered", arrives, order, {"signed": signed(rng, order)})
    return arrives


def serial_number(rng: Random) -> str:
    """A number as it stands on a machine's plate."""
    return f"SN{token(rng, 10).upper()}"


def signed(rng: Random, order: Order) -> bool:
    """Whether somebody signs for a parcel: a third do, and nine of ten where the order is worth it."""
    draw = rng.random()
    return draw >= UNSIGNED_SHARE if order.amount_minor >= SIGNATURE_FROM_MINOR else draw < 0.35


def ordinary_life(b: WorldBuilder, rng: Random, order: Order) -> None:
    """The rest of an honest order's life, from its placing on."""
    draw = rng.random()
    declines = 0 if order.card is None or draw > 0.06 else 1 if draw > 0.012 else 2
    sell(b, rng, order, declines=declines)
    if rng.random() < 0.018:
        reason = rng.choice(("buyer_request", "buyer_request", "out_of_stock", "address_wrong"))
        at = order.at + rng.randrange(10 * MINUTE, 20 * HOUR)
        b.record("order.cancelled", at, order, {"reason": reason})
        b.record("refund.created", at + rng.randrange(MINUTE, 9 * HOUR), order, {"reason": "cancelled"})
        return
    if rng.random() < REDIRECTED_SHARE and len(order.buyer.addresses) > 1:
        at = order.at + rng.randrange(5 * MINUTE, 3 * HOUR)
        change_address(b, order, at, order.buyer.addresses[1], heeded=rng.random() < HEEDED_SHARE)
    if rng.random() < 0.005:
        ship(b, rng, order, delivered=False)
        not_arrived(b, rng, order)
        return
    arrived = ship(b, rng, order)
    assert arrived is not None
    after_delivery(b, rng, order, arrived)


def after_delivery(b: WorldBuilder, rng: Random, order: Order, arrived: int) -> None:
    """Returns, reviews and the honest disputes."""
    category = CATEGORIES[order.listing.category]
    if rng.random() < category.return_rate:
        reason = "damaged" if category.cold_chain or rng.random() < 0.3 else rng.choice(
            ("changed_mind", "not_as_described", "wrong_item")
        )  # fmt: skip
        send_back(b, rng, order, arrived, reason)
    elif rng.random() < GOODWILL_SHARE:
        give_back(b, order, arrived + int(rng.uniform(0.2, 6) * DAY), rng.randint(10, 40), "goodwill")
    elif order.card is not None and rng.random() < 0.0012:
        dispute(b, rng, order, rng.choice(("product_unacceptable", "product_unacceptable", "duplicate")), lost=0.4)
    if rng.random() < REVIEW_SHARE:
        review(b, rng, order, arrived + int(rng.expovariate(1 / 3) * DAY) + 20 * MINUTE)


def not_arrived(b: WorldBuilder, rng: Random, order: Order) -> None:
    """A lost parcel: the buyer asks, and mostly gets the money; some go to their bank."""
    asked = order.at + int(rng.uniform(18, 30) * DAY)
    if order.card is not None and rng.random() < 0.2:
        dispute(b, rng, order, "product_not_received", lost=0.8)
        return
    ask_refund(b, order, asked, "not_received", keeps_goods=True)
    b.record("refund.created", asked + int(rng.uniform(0.5, 4) * DAY), order, {"reason": "not_received"})


def change_address(b: WorldBuilder, order: Order, at: int, address: str, *, heeded: bool = True) -> int:
    """Let the buyer ask for another address after placing; the parcel goes there where the shop heeds it. Answers the
    record's number.
    """
    if heeded:
        order.sent_to = address
    extra = {"address": address, "ship_country": order.ship_country, "address_changed": True}
    return b.record("order.changed", at, order, extra)


def give_back(b: WorldBuilder, order: Order, at: int, percent: int, reason: str) -> None:
    """Send a part of the money back to the buyer."""
    b.record("refund.created", at, order, {"amount": money(order.amount_minor * percent // 100), "reason": reason})


def ask_refund(b: WorldBuilder, order: Order, at: int, reason: str, *, keeps_goods: bool) -> int:
    return b.record("refund.requested", at, order, {"reason": reason, "keeps_goods": keeps_goods})


def send_back(b: WorldBuilder, rng: Random, order: Order, arrived: int, reason: str) -> None:
    """A return within seven days of delivery; small amounts are sometimes refunded without one."""
    asked = arrived + int(rng.uniform(0.1, 6.9) * DAY)
    if order.amount_minor < REFUND_ONLY_LIMIT_MINOR and rng.random() < REFUND_ONLY_SHARE:
        ask_refund(b, order, asked, reason, keeps_goods=True)
        b.record("refund.created", asked + int(rng.uniform(0.2, 2) * DAY), order, {"reason": reason})
        return
    ask_refund(b, order, asked, reason, keeps_goods=False)
    category = order.listing.category
    b.record("return.requested", asked + MINUTE, order, {"reason": reason, "category": category})
    back = asked + int(rng.uniform(4, 12) * DAY)
    weight = max(30, round(order.weight_g * rng.uniform(0.97, 1.03)))
    came_back(b, rng, order, back, weight, order.serial)
    b.record("refund.created", back + int(rng.uniform(0.3, 3) * DAY), order, {"reason": reason})


def came_back(b: WorldBuilder, rng: Random, order: Order, at: int, weight_g: int, serial: str) -> int:
    """A parcel with goods arrives at the shop that sent them."""
    extra: dict[str, object] = {"parcel": parcel_number(rng, order.carrier), "weight_g": weight_g}
    if serial:
        extra["serial"] = serial
    return b.record("return.received", at, order, extra)


def review(b: WorldBuilder, rng: Random, order: Order, at: int, stars: int | None = None) -> int:
    """A review in the buyer's language, with a text in two of five."""
    if stars is None:
        draw = rng.random()
        stars = next(s for s, bound in _STARS if draw <= bound)
    extra: dict[str, object] = {"stars": stars}
    if rng.random() < 0.4:
        mood = "good" if stars >= 4 else "middling" if stars == 3 else "bad"
        extra["review_text"] = rng.choice(order.buyer.locale.reviews[mood])
    return b.record("review.posted", at, order, extra)


def dispute_delay_days(rng: Random) -> float:
    """Days from the order to the bank's dispute: 20 to 100, most between 25 and 60."""
    return 20 + 80 * rng.betavariate(1.4, 3.0)


def dispute(
    b: WorldBuilder, rng: Random, order: Order, reason: str, *, lost: float, opened_at: int | None = None
) -> int:
    """Let the card's bank take the money back, and decide weeks later; ``lost`` is the probability the shop loses.

    Answers when it was opened. An order not paid by card is never disputed: the demo's wallets do not know it.
    """
    assert order.card is not None
    opened = order.at + int(dispute_delay_days(rng) * DAY) if opened_at is None else opened_at
    case = f"dp_{token(rng)}"
    term = rng.choice((7, 10, 14)) * DAY
    told: dict[str, object] = {
        "dispute": case, "reason": reason, "network": order.card.network, "due_at": rfc3339(opened + term),
        "stage": "chargeback",
    }  # fmt: skip
    code = _CODES.get((order.card.network, reason))
    if code is not None:
        told["network_reason"] = code
    b.record("dispute.opened", opened, order, told)
    if not order.crooked and rng.random() < ANSWERED_SHARE:
        answered = opened + int(rng.uniform(0.3, 0.95) * term)
        b.record("dispute.updated", answered, order, {"dispute": case, "reason": reason, "outcome": "under_review"})
    outcome = "lost" if rng.random() < lost else "withdrawn" if rng.random() < WITHDRAWN_SHARE else "won"
    b.record("dispute.closed", opened + int(rng.uniform(25, 60) * DAY), order, {
        "dispute": case, "reason": reason, "outcome": outcome,
    })  # fmt: skip
    return opened


def warn(b: WorldBuilder, rng: Random, order: Order, before: int) -> None:
    """An issuer's early warning, some days after the order and before the dispute."""
    at = min(order.at + int(rng.uniform(3, 25) * DAY), before - HOUR)
    b.record("fraud.warned", at, order, {"reason": rng.choice(("unauthorized_use_of_card", "made_with_stolen_card"))})


def fraud_aftermath(b: WorldBuilder, rng: Random, order: Order, *, share: float = 0.92) -> None:
    """The card's owner notices: an early warning for some, a dispute for most, nothing for a few."""
    if order.card is None or rng.random() > share:
        return
    opened = dispute(b, rng, order, "fraudulent", lost=0.15 if order.liability_shift else 0.85)
    if rng.random() < 0.45:
        warn(b, rng, order, opened)
