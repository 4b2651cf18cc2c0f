"""What callers hand to claims, and what they get back. Amounts are minor units of the line's currency."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from safeconduct.kernel.cases.floors import Route
from safeconduct.kernel.claims.words import ChannelKind, ChannelOutcome, Item


def payment_of_order(order_key: int) -> str:
    """What a payment is called of which nothing is known but its order. Every room uses the same name."""
    return f"order/{order_key}"


@dataclass(frozen=True, slots=True)
class Paid:
    """What a payment paid for an order line, with its part of shipping and tax. ``payment``: the caller's name of the
    payment, the same for all its lines."""

    payment: str
    seller_key: int
    order_key: int
    currency: str
    amount_minor: int
    line: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """A claim about a line. ``route``: from whom to whom, for what law says; that of the first opening stays."""

    seller_key: int
    order_key: int
    currency: str
    line: str = ""
    route: Route = field(default_factory=Route)


@dataclass(frozen=True, slots=True)
class Joining:
    """A channel of a claim. ``about``: the matter's id in its own room. ``case_id``: its case, where it has one; the
    evidence of that case belongs to the claim. ``hold_until``: the longest that money is held for it."""

    claim_id: str
    kind: ChannelKind
    about: str
    claimed_minor: int
    hold_until: datetime
    round: int = 1
    case_id: str = ""


@dataclass(frozen=True, slots=True)
class Leaving:
    """The end of a channel."""

    claim_id: str
    kind: ChannelKind
    about: str
    outcome: ChannelOutcome
    round: int = 1


@dataclass(frozen=True, slots=True)
class RefundAsk:
    """A refund to be sent. ``payment``: through which payment it goes back; "" where the line has only one, or it does
    not matter: then it goes where most is left, and must fit there. ``matter``: the duty of law that it fulfils, as
    `floors` names it; the time for it begins at ``due_from`` (None: now). ``or_by_bank``: what is more than is left and
    a bank has already counts as paid by it, and is to be sent if the bank gives it back."""

    key: str
    claim_id: str
    amount_minor: int
    item: Item = Item.REFUND
    payment: str = ""
    matter: str = ""
    due_from: datetime | None = None
    or_by_bank: bool = False


@dataclass(frozen=True, slots=True)
class Lowering:
    """What a later decision leaves of refunds that were asked for, of all of them together."""

    refund_ids: tuple[str, ...]
    owed_minor: int


@dataclass(frozen=True, slots=True)
class ToldRefund:
    """A refund that the shop says it has sent."""

    key: str
    claim_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class FailedRefund:
    """Money that a shop had sent and that did not arrive. ``of``: how the keys begin under which it was told that it
    was sent (`ToldRefund.key`)."""

    key: str
    order_key: int
    of: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Debit:
    """What a bank took from a payment; below zero, what it gave back.

    ``about``: the bank's matter, as its channels have it. ``paid_minor``: the same in the payment's currency, None
    where it is that currency. ``lines``: (order, line name) of those that the bank names, if it names any.
    """

    key: str
    payment: str
    kind: ChannelKind
    about: str
    currency: str
    amount_minor: int
    at: datetime
    paid_minor: int | None = None
    lines: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling changed: keys of holds that ended and that began, ids of claims that were closed."""

    released: tuple[str, ...] = ()
    placed: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
