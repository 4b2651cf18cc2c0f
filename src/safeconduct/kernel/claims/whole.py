"""What makes a seller whole for an order, whoever paid it and in whichever order: nobody is made whole twice.

Coverage, disputes and returns each pay a seller what others bear of a loss. Each asks here what the others have paid
before it pays, and the database refuses what would be more than the order lost (`claim_whole_once`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from safeconduct.kernel.claims.words import AGAIN
from safeconduct.kernel.scope import query

#: Event of the ledger → what it gives a seller for a loss (1), or takes back of that (-1). What a bank gives back to
#: the fund that had paid counts as taken back: from then on the sale stands, and is the seller's.
MADE_WHOLE: Final[Mapping[str, int]] = {
    "protection_reimbursement": 1, "provisional_reimbursement": 1, "abuse_proven": 1, "carrier_claim_to_seller": 1,
    "reimbursement_taken_back": -1, "representment_won_after_reimbursement": -1,
}  # fmt: skip


def made_whole(order_keys: Collection[int], *, but: str = "") -> dict[tuple[int, str], int]:
    """(Order, currency) → what its seller was given for its losses, in minor units; those who were given nothing are
    left out. ``but``: entries whose keys begin so are not counted, for who knows its own."""
    rows = query(
        "SELECT order_key, currency,"
        " sum(sign * ((amounts->>'amount')::bigint - coalesce((amounts->>'fee')::bigint, 0)))"
        " FROM ledger_transaction JOIN unnest(%s::text[], %s::int[]) AS w(name, sign) ON w.name = event"
        " WHERE order_key = ANY(%b::bigint[]) AND (%s = '' OR NOT starts_with(key, %s)) GROUP BY 1, 2",
        [list(MADE_WHOLE), list(MADE_WHOLE.values()), sorted(set(order_keys)), but, but],
    )
    return {(order, currency): int(minor) for order, currency, minor in rows if minor}


class Decided(NamedTuple):
    """A refund that was decided on. ``at``: when."""

    at: datetime
    minor: int


def decided_refunds(order_keys: Collection[int]) -> dict[tuple[int, str], list[Decided]]:
    """(Order, currency) → what buyers are to get back of it, whether it was sent, is on its way, or a bank has paid it:
    what the order loses sooner or later, less what was called off since. Orders of which nothing goes back are left
    out."""
    found: dict[tuple[int, str], list[Decided]] = {}
    for order, currency, at, minor in query(
        "SELECT c.order_key, r.currency, r.requested_at, r.amount_minor - r.called_off_minor - r.not_again_minor"
        " FROM claim c JOIN claim_refund r ON r.claim_id = c.id"
        " WHERE c.order_key = ANY(%b::bigint[]) AND r.item = 'refund' AND r.state <> 'failed'"
        " AND r.amount_minor > r.called_off_minor + r.not_again_minor AND NOT starts_with(r.key, %s)"
        " ORDER BY r.requested_at, r.id",
        [sorted(set(order_keys)), AGAIN],
    ):
        found.setdefault((order, currency), []).append(Decided(at, minor))
    return found
