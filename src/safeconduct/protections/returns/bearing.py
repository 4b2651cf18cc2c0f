"""What the costs of a return post: pure, from who paid, who bears it, and what has come back since.

Each cost has a few places in the books, each with at most one event that stands: *paid* (the marketplace paid it out),
*borne* (who bears it is not who paid), *back* (carrier or customs paid), *sent* (the buyer got what was owed), *debt*
(the buyer got what by a later decision was not owed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from safeconduct.protections.returns.words import Cost, Duties, Payer, Reason

#: Who can have paid what. What a buyer paid for delivery is a part of the order, and goes back with it.
PAID_BY: Final[Mapping[Cost, tuple[Payer, ...]]] = {
    Cost.RETURN_FREIGHT: (Payer.SELLER, Payer.BUYER, Payer.PLATFORM),
    Cost.FIRST_LEG: (Payer.SELLER,),
    Cost.DUTY: (Payer.SELLER, Payer.BUYER),
    Cost.QUOTA: (Payer.BUYER,),
}


class Place(StrEnum):
    """A place in the books; what is before another is posted before it."""

    PAID = "paid"
    BORNE = "borne"
    BACK = "back"
    SENT = "sent"
    DEBT = "debt"


#: (Cost, who paid, who bears it) → what moves it from the one to the other. A carrier owes it until it pays: the seller
#: advances it, also to a buyer who had paid.
_BORNE: Final[Mapping[tuple[Cost, Payer, Payer], str]] = {
    (Cost.RETURN_FREIGHT, Payer.SELLER, Payer.PLATFORM): "return_freight_repaid",
    (Cost.RETURN_FREIGHT, Payer.SELLER, Payer.BUYER): "return_freight_of_buyer",
    (Cost.RETURN_FREIGHT, Payer.BUYER, Payer.SELLER): "return_freight_owed",
    (Cost.RETURN_FREIGHT, Payer.BUYER, Payer.CARRIER): "return_freight_owed",
    (Cost.RETURN_FREIGHT, Payer.BUYER, Payer.PLATFORM): "return_freight_owed_by_fund",
    (Cost.RETURN_FREIGHT, Payer.PLATFORM, Payer.SELLER): "return_freight_charged",
    (Cost.RETURN_FREIGHT, Payer.PLATFORM, Payer.BUYER): "return_freight_of_buyer",
    (Cost.FIRST_LEG, Payer.SELLER, Payer.BUYER): "first_leg_of_buyer",
}
#: (Cost, who is out of pocket) → what its coming back posts: of a carrier who bears it, of customs for duty.
_BACK: Final[Mapping[tuple[Cost, Payer], str]] = {
    (Cost.RETURN_FREIGHT, Payer.SELLER): "return_freight_from_carrier",
    (Cost.RETURN_FREIGHT, Payer.BUYER): "return_freight_from_carrier",
    (Cost.RETURN_FREIGHT, Payer.PLATFORM): "return_freight_from_carrier_to_fund",
    (Cost.FIRST_LEG, Payer.SELLER): "first_leg_from_carrier",
    (Cost.DUTY, Payer.SELLER): "duty_refunded",
    (Cost.DUTY, Payer.BUYER): "duty_refund_owed",
}
_OWED_TO_BUYER: Final = frozenset({"return_freight_owed", "return_freight_owed_by_fund", "duty_refund_owed"})


@dataclass(frozen=True, slots=True)
class Borne:
    """A cost as the books look at it. ``bears``: who bears it by the outcome that stands; None before there is one.
    ``recovered``: carrier or customs paid. ``sent``: the buyer got what was owed."""

    kind: Cost
    paid_by: Payer
    bears: Payer | None
    recovered: bool = False
    sent: bool = False


def bearer(kind: Cost, reason: Reason, freight: Payer, duties: Duties | None) -> Payer | None:
    """Who bears a cost, by who pays the way back (`freight.payer`); None for what customs gives back, or keeps.

    The way out is the seller's cost of selling, except where the carrier spoilt it, or the buyer left goods at customs
    of which the listing says that the buyer pays the duties.
    """
    match kind:
        case Cost.RETURN_FREIGHT:
            return freight
        case Cost.FIRST_LEG:
            if freight is Payer.CARRIER:
                return Payer.CARRIER
            unpaid = reason is Reason.CUSTOMS_REFUSED and duties is Duties.UNPAID
            return Payer.BUYER if unpaid and freight is Payer.BUYER else Payer.SELLER
        case _:
            return None


def comes_back(cost: Borne) -> bool:
    """Whether somebody outside owes it: the carrier who bears it, or customs."""
    return cost.kind in (Cost.DUTY, Cost.QUOTA) or cost.bears is Payer.CARRIER


def goes_to_buyer(cost: Borne) -> bool:
    """Whether the buyer is owed it."""
    return bool(_OWED_TO_BUYER.intersection(events(cost).values()))


def events(cost: Borne) -> dict[Place, str]:
    """Place → the event that is to stand there; places where none is are left out."""
    found: dict[Place, str] = {}
    freight = cost.kind is Cost.RETURN_FREIGHT
    if freight and cost.paid_by is Payer.PLATFORM:
        found[Place.PAID] = "return_freight_advanced"
    if freight and cost.sent and cost.paid_by is cost.bears is Payer.BUYER:
        # A later decision: the buyer has it and bears it. The buyer owes it, and the seller does not wait for it.
        found[Place.BORNE], found[Place.DEBT] = "return_freight_owed_by_fund", "return_freight_of_buyer"
    elif cost.bears is not None and (event := _BORNE.get((cost.kind, cost.paid_by, cost.bears))):
        found[Place.BORNE] = event
    if cost.recovered and comes_back(cost) and (event := _BACK.get((cost.kind, cost.paid_by))):
        found[Place.BACK] = event
    if cost.sent and _OWED_TO_BUYER.intersection(found.values()):
        found[Place.SENT] = "return_costs_sent"
    return found
