"""Deleting rows that are worth nothing once their keys are destroyed, as far as the engine's login has the right to.

What no right deletes (a message in a case, the answer to a bank) stays as a row that nobody can open. In an engine
scope.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from safeconduct.kernel.cases import evidence
from safeconduct.kernel.readings import defence
from safeconduct.kernel.record import erasure
from safeconduct.kernel.scope import query
from safeconduct.kernel.vault.data_keys import Owner


@dataclass(frozen=True, slots=True)
class Others:
    """Answered requests of a person but the one that is carried out; ``archives``: how many of theirs were deleted."""

    ids: Sequence[str]
    archives: int


def other_requests(column: Literal["buyer_key", "person_id"], person: int | str, request_id: str) -> Others:
    """Deletes archives and words of what somebody asked before and was answered."""
    ids = [
        key
        for (key,) in query(
            f"UPDATE data_request SET words = NULL WHERE {column} = %s AND id <> %s AND answered_at IS NOT NULL"
            " RETURNING id",
            [person, request_id],
        )
    ]
    gone = query("DELETE FROM data_request_archive WHERE request_id = ANY(%s::text[])", [ids]).rowcount if ids else 0
    return Others(ids, gone)


def reviews(buyer_key: int) -> int:
    """What a buyer wrote about products."""
    return query(
        "DELETE FROM event_body b USING fact f, event e WHERE f.moment = b.moment AND e.moment = b.moment"
        " AND f.buyer = %s AND e.type = 'review.posted'",
        [buyer_key],
    ).rowcount


def rows(owners: Collection[Owner], *, at: datetime) -> int:
    """The rows that these keys sealed; how many."""
    orders = [int(subject.removeprefix("order/")) for subject, purpose in owners if purpose == "event"]
    defended = [int(subject.removeprefix("order/")) for subject, purpose in owners if purpose == "payment_defence"]
    holders = [subject.removeprefix("case/") for subject, purpose in owners if purpose == "evidence"]
    count = 0
    if orders:
        count += query(
            "DELETE FROM event_body b USING event e WHERE e.moment = b.moment AND e.order_key = ANY(%b::bigint[])",
            [orders],
        ).rowcount
    if defended:
        count += defence.drop(defended)
    if holders:
        found = query(
            "SELECT id FROM case_evidence WHERE holder = ANY(%b::text[]) AND shredded_at IS NULL ORDER BY id",
            [holders],
        )
        count += shred([key for (key,) in found], at=at)
    return count


def shred(evidence_ids: Sequence[str], *, at: datetime) -> int:
    """Evidence, and the salts of its lines in the record."""
    if not evidence_ids:
        return 0
    erasure.erase(evidence_ids, now=at)
    return evidence.shred(evidence_ids, at=at)


def bodies_of(buyer_key: int) -> int:
    """What came with events that name the buyer and no order of theirs."""
    return query(
        "DELETE FROM event_body b USING fact f WHERE f.moment = b.moment AND f.buyer = %s", [buyer_key]
    ).rowcount
