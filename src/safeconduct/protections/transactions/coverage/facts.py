"""What is known of one order, as plain values. The order in which facts are listed never matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from safeconduct.protections.transactions.coverage.words import Action, Cause, Channel, Outcome


class News(NamedTuple):
    """Something that happened at a time (microseconds since 2020), and the event that says so."""

    at_us: int
    moment: int


class Payment(NamedTuple):
    """Money that was captured. ``amount_minor`` None: the whole amount of the order."""

    at_us: int
    moment: int
    amount_minor: int | None


class Ruling(NamedTuple):
    """A risk decision about the order, made by the engine or by a person."""

    at_us: int
    moment: int
    action: Action


class AddressChange(NamedTuple):
    """The order goes elsewhere now. ``address``: its pseudonym, None where it was not told."""

    at_us: int
    moment: int
    address: int | None


class Scan(NamedTuple):
    """A carrier's scan of a parcel."""

    at_us: int
    moment: int
    scan: str


class Parcel(NamedTuple):
    """One parcel. ``tracked``: it has a tracking number. ``address``: to which it was sent, ``delivered_to``: where the
    carrier says it left it; None where unknown.
    """

    shipped: News | None
    tracked: bool
    carrier: str | None = None
    address: int | None = None
    delivered_to: int | None = None
    scans: tuple[Scan, ...] = ()
    delivered: News | None = None
    signed: bool | None = None


class Line(NamedTuple):
    """Units of the order that went together, or did not go yet; where the shop tells how many units each parcel has."""

    fulfilled: News | None
    refunded: bool = False


class Refund(NamedTuple):
    """Money that went back to the buyer. ``amount_minor`` None: the whole amount."""

    at_us: int
    moment: int
    amount_minor: int | None


class Claim(NamedTuple):
    """A complaint of the buyer, or of the buyer's bank.

    ``cause`` None: none that coverage knows (charged twice, for instance). ``filed``: when the fund was told.
    ``asked``/``answered``: documents wanted of the seller. ``abuse``: a person found that the buyer abuses refunds.
    """

    opened: News
    cause: Cause | None
    channel: Channel = Channel.BANK
    amount_minor: int | None = None
    closed: News | None = None
    outcome: Outcome | None = None
    filed: News | None = None
    asked: News | None = None
    answered: News | None = None
    abuse: News | None = None


class Hold(NamedTuple):
    """The platform stops the order from a time until a time (None: still)."""

    from_us: int
    until_us: int | None


@dataclass(slots=True)
class OrderFacts:
    """One order. Amounts are minor units of ``currency``, the one the template's amounts were put into as well.

    ``authorised_until_us``: when the card authorisation lapses, where the processor says so. ``limit_left_minor``: what
    is left of the yearly limits of the seller and of the fund, None where there is none.
    """

    placed: News
    amount_minor: int | None
    currency: str
    payments: Sequence[Payment] = ()
    digital: bool = False
    payment_method: str | None = None
    seller_country: str | None = None
    ship_country: str | None = None
    bill_country: str | None = None
    category: str | None = None
    address: int | None = None
    rulings: Sequence[Ruling] = ()
    changes: Sequence[AddressChange] = ()
    parcels: Sequence[Parcel] = ()
    lines: Sequence[Line] = ()
    refunds: Sequence[Refund] = ()
    cancelled: News | None = None
    claims: Sequence[Claim] = ()
    holds: Sequence[Hold] = ()
    authorised_until_us: int | None = None
    limit_left_minor: int | None = None
