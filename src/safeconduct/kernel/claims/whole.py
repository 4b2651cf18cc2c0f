"""What makes a seller whole for an order, whoever paid it and in whichever order: nobody is made whole twice.

Coverage, disputes and returns each pay a seller what others bear of a loss. Each asks here what the others have paid
before it pays, and the database refuses what would be more than the order lost (`claim_whole_once`).

What the fund pays for now, while a bank decides, makes nobody whole: nothing is lost yet. So nobody counts it when they
pay for a loss, and it gives way to whatever is paid for good (`give`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from safeconduct.kernel.claims.words import AGAIN
from safeconduct.kernel.ledger import actions as ledger
from safeconduct.kernel.ledger.entries import Entry
from safeconduct.kernel.scope import query

#: Event of the ledger → what it gives a seller for a loss (1), or takes back of that (-1). What a bank gives back to
#: the fund that had paid counts as taken back: from then on the sale stands, and is the seller's.
MADE_WHOLE: Final[Mapping[str, int]] = {
    "protection_reimbursement": 1, "abuse_proven": 1, "carrier_claim_to_seller": 1,
    "reimbursement_taken_back": -1, "representment_won_after_reimbursement": -1,
}  # fmt: skip
#: What the fund pays while a bank decides, and how that goes back to it.
FOR_NOW: Final = "provisional_reimbursement"
NO_LONGER: Final = "provisional_reimbursement_ended"


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


def paid_for_now(order_keys: Collection[int]) -> dict[tuple[int, str], int]:
    """(Order, currency) → what the fund has paid its seller for now and has not back, in minor units."""
    return {place: minor for place, (minor, _, _) in _standing(order_keys).items() if minor}


def give(entries: Sequence[Entry]) -> None:
    """Posts what makes sellers whole. What the fund has paid for now of the same orders goes back to it, as far as both
    together are more than the orders brought: its own look at the order says later what of it is due again.

    Waits for the sellers' accounts first, so that nothing is paid for now between the look and the entry.
    """
    if not entries:
        return
    ledger.stand_by({(one.seller_key, one.currency) for one in entries if one.seller_key is not None})
    standing = _standing({one.order_key for one in entries if one.order_key is not None})
    ways = []
    for one in entries:
        if one.order_key is None or one.event not in MADE_WHOLE:
            continue
        place = (one.order_key, one.currency)
        for_now, given, brought = standing.get(place, (0, 0, 0))
        given += MADE_WHOLE[one.event] * one.amounts["amount"]
        back = min(for_now, max(0, for_now + given - brought))
        standing[place] = (for_now - back, given, brought)
        if back:
            ways.append(
                Entry(
                    NO_LONGER, f"{one.key}/instead", one.at, one.currency, one.seller_key, one.order_key,
                    {"amount": back}, one.memo,
                )
            )  # fmt: skip
    ledger.post([*entries, *ways])


def _standing(order_keys: Collection[int]) -> dict[tuple[int, str], tuple[int, int, int]]:
    """(Order, currency) → what is paid for now, what was given for good, what the order brought after commission."""
    if not order_keys:
        return {}
    rows = query(
        "SELECT order_key, currency, sum(CASE event WHEN %s THEN amount WHEN %s THEN -amount ELSE 0 END)::bigint,"
        " sum(coalesce(sign, 0) * (amount - fee))::bigint,"
        " sum(CASE event WHEN 'capture' THEN sale - fee ELSE 0 END)::bigint"
        " FROM (SELECT order_key, currency, event, coalesce((amounts->>'amount')::bigint, 0) AS amount,"
        "  coalesce((amounts->>'fee')::bigint, 0) AS fee, coalesce((amounts->>'sale')::bigint, 0) AS sale"
        "  FROM ledger_transaction WHERE order_key = ANY(%b::bigint[])) t"
        " LEFT JOIN unnest(%s::text[], %s::int[]) AS w(name, sign) ON w.name = event GROUP BY 1, 2",
        [FOR_NOW, NO_LONGER, sorted(set(order_keys)), list(MADE_WHOLE), list(MADE_WHOLE.values())],
    )
    return {(order, currency): (for_now, given, brought) for order, currency, for_now, given, brought in rows}


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
