"""The closed vocabularies of returns. What is stored and what the API says are these words."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why goods come back. The first is the buyer's own choice, which law or the terms allow without a reason."""

    NO_REASON = "no_reason"
    NOT_AS_DESCRIBED = "not_as_described"
    WRONG_ITEM = "wrong_item"
    DEFECTIVE = "defective"
    DAMAGED_IN_TRANSIT = "damaged_in_transit"
    CUSTOMS_REFUSED = "customs_refused"


class Wish(StrEnum):
    """What the buyer wants for the goods."""

    REFUND = "refund"
    EXCHANGE = "exchange"


class Reception(StrEnum):
    """First axis of a line: where the goods are. The words are those of Solidus (`ReturnItem`), read 2026-11-23."""

    AWAITING = "awaiting"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    LOST_IN_TRANSIT = "lost_in_transit"
    SHORT_SHIPPED = "short_shipped"
    WRONG_ITEM = "wrong_item"
    EMPTY_PACKAGE = "empty_package"
    NOT_SENT = "not_sent"


class Acceptance(StrEnum):
    """Second axis of a line: whether what came is taken for what was to come."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    MANUAL_REVIEW = "manual_review"


class Grade(StrEnum):
    """In which condition a line came back. A is also what silence gives: who does not look, finds nothing wrong."""

    SELLABLE_AS_NEW = "A"
    OPENED_COMPLETE = "B"
    USED_OR_DAMAGED_BY_BUYER = "C"
    PARTS_MISSING = "D"
    DIFFERENT_OR_EMPTY = "E"
    DEFECTIVE_OR_DAMAGED_IN_TRANSIT = "F"


class Payer(StrEnum):
    """Who pays for the way back."""

    BUYER = "buyer"
    SELLER = "seller"
    CARRIER = "carrier"
    PLATFORM = "platform"


#: Who can pay for the work of a local address of the marketplace.
HUB_PAYERS: Final = (Payer.SELLER, Payer.PLATFORM)


class Cost(StrEnum):
    """What a return costs beside the goods. The last is no money: how much of a buyer's yearly quota for imports the
    goods had used, which customs gives back with them."""

    RETURN_FREIGHT = "return_freight"
    #: The first leg: the way out, where the goods came back for a reason that somebody else answers for.
    FIRST_LEG = "first_leg"
    DUTY = "duty"
    QUOTA = "quota"


class Duties(StrEnum):
    """Who pays duties at the border by the listing: the seller (delivered duty paid), or the buyer (duty unpaid)."""

    PAID = "ddp"
    UNPAID = "ddu"


class NoTravel(StrEnum):
    """Why goods must not be sent back: they are destroyed with proof instead."""

    COUNTERFEIT = "counterfeit"
    RECALLED = "recalled"
    DANGEROUS = "dangerous"


class Claimed(StrEnum):
    """Why a seller claims on the fund; the grounds are those of Amazon's SAFE-T (read 2026-11-23)."""

    #: Something else or nothing came back, or it was used up, and the buyer was paid all the same.
    ABUSE = "abuse"
    #: Worn or damaged by the buyer: the fund pays a part.
    DAMAGE = "damage"
    #: The platform or the clock paid the buyer, not the seller.
    PAID_OVER_MY_HEAD = "paid_over_my_head"
    #: The buyer was paid and nothing ever came back.
    NEVER_RETURNED = "never_returned"


#: Grades that lessen nothing. Opening and trying is inspection, which law allows (Directive 2011/83/EU, article 14(2);
#: SAMR measures on seven-day returns, rev. 2020-10-23).
WHOLE: Final = frozenset({Grade.SELLABLE_AS_NEW, Grade.OPENED_COMPLETE, Grade.DEFECTIVE_OR_DAMAGED_IN_TRANSIT})
#: Grades that say somebody sent back less, or something else.
LESSENED: Final = frozenset(Grade) - WHOLE
