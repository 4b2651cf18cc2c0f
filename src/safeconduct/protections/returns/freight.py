"""Who pays for the way back: a matrix by reason, with what the inspection found put before what the buyer said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from safeconduct.protections.returns.words import Duties, Grade, Payer, Reason

_BY_REASON: Final[Mapping[Reason, Payer]] = {
    # Directive 2011/83/EU, article 14(1); the law of 7-day returns in China says the same, unless otherwise agreed.
    Reason.NO_REASON: Payer.BUYER,
    # Directive (EU) 2019/771, article 14(1) and (2): remedies for what does not conform are free of charge.
    Reason.NOT_AS_DESCRIBED: Payer.SELLER,
    Reason.WRONG_ITEM: Payer.SELLER,
    Reason.DEFECTIVE: Payer.SELLER,
    Reason.DAMAGED_IN_TRANSIT: Payer.CARRIER,
}
_OF_THE_BUYER: Final = frozenset({Grade.USED_OR_DAMAGED_BY_BUYER, Grade.PARTS_MISSING, Grade.DIFFERENT_OR_EMPTY})


def payer(reason: Reason, *, grade: Grade | None = None, duties: Duties | None = None) -> Payer:
    """Who pays for the way back.

    ``grade``: what a named person found; goods the buyer used up or swapped come back at the buyer's cost, a defect
    that was found is the seller's although no reason was given. ``duties``: of the listing, for goods that were refused
    at customs; unknown ones are the seller's to have said. Goods that are kept have no way back.
    """
    if grade in _OF_THE_BUYER:
        return Payer.BUYER
    if reason is Reason.CUSTOMS_REFUSED:
        return Payer.BUYER if duties is Duties.UNPAID else Payer.SELLER
    if reason is Reason.NO_REASON and grade is Grade.DEFECTIVE_OR_DAMAGED_IN_TRANSIT:
        return Payer.SELLER
    return _BY_REASON[reason]
