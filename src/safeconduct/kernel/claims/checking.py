"""Do holds fit what is open? What can still be lost in open claims is held, and nothing for a claim that ended; and the
fund pays for now only beside them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from safeconduct.kernel.claims import following, reading
from safeconduct.kernel.claims.whole import FOR_NOW, NO_LONGER
from safeconduct.kernel.ledger.checking import Answer
from safeconduct.kernel.scope import query

QUESTIONS: Final = 3
#: Claims that are read at once, and how many wrong ones are named.
_AT_ONCE: Final = 1_000
_NAMED: Final = 20
_NO_CLAIM: Final = """
SELECT format('%%s: %%s %%s', h.key, h.currency, h.held_minor) FROM ledger_hold h
WHERE h.ended_at IS NULL AND starts_with(h.key, 'claim/') AND h.held_minor > 0
  AND NOT EXISTS (SELECT FROM claim c WHERE c.order_key = h.order_key AND c.hold_key = h.key AND c.closed_at IS NULL)
ORDER BY h.id LIMIT %s
"""
_FOR_NOW: Final = """
WITH standing AS (
    SELECT order_key, currency, sum(CASE event WHEN %s THEN 1 ELSE -1 END * (amounts->>'amount')::bigint) AS minor
    FROM ledger_transaction WHERE event IN (%s, %s) GROUP BY 1, 2
)
SELECT format('order %%s: %%s %%s', s.order_key, s.currency, s.minor) FROM standing s
WHERE s.minor < 0 OR s.minor > 0 AND NOT EXISTS (
    SELECT FROM claim c JOIN claim_channel h ON h.claim_id = c.id
    WHERE c.order_key = s.order_key AND h.kind = 'chargeback' AND h.ended_at IS NULL)
ORDER BY s.order_key LIMIT %s
"""


def asked(at: datetime) -> Iterator[Answer]:
    """The questions, one after the other, in the scope of engine or staff. What others change meanwhile is looked at a
    second time before it is called wrong."""
    short = tuple(f"{claim}: {held} held of {wanted} {currency}" for claim, currency, held, wanted in _short(at))
    yield Answer("open claims hold what can still be lost of them", not short, short[:_NAMED])
    loose = tuple(str(text) for (text,) in query(_NO_CLAIM, [_NAMED]))
    if loose:
        still = {str(text) for (text,) in query(_NO_CLAIM, [_NAMED])}
        loose = tuple(text for text in loose if text in still)
    yield Answer("what is held for a claim belongs to one that is open", not loose, loose)
    ahead = tuple(str(text) for (text,) in query(_FOR_NOW, [FOR_NOW, FOR_NOW, NO_LONGER, _NAMED]))
    yield Answer("the fund pays for now only while a bank decides", not ahead, ahead)


def _short(at: datetime) -> list[tuple[str, str, int, int]]:
    """Claims whose hold is smaller than what can be lost: claim, currency, held, wanted; in minor units."""
    found: list[tuple[str, str, int, int]] = []
    after = ""
    while len(found) < _NAMED:
        rows = query(
            "SELECT id, line_id FROM claim WHERE closed_at IS NULL AND id > %s ORDER BY id LIMIT %s", [after, _AT_ONCE]
        ).fetchall()
        if not rows:
            break
        after = rows[-1][0]
        wrong = _among([line for _, line in rows], at)
        if wrong:  # a settling may have come between two of the reads
            again = _among([line for claim, line in rows if claim in wrong], at)
            found += [again[claim] for claim in wrong if claim in again]
    return found


def _among(lines: list[str], at: datetime) -> dict[str, tuple[str, str, int, int]]:
    claims = reading.active(lines)
    fees = reading.commissions({claim.order_key for claim in claims})
    held = reading.held([claim.hold_key for claim in claims if claim.hold_key])
    wrong = {}
    for claim in claims:
        fee, kept = fees.get((claim.order_key, claim.currency), (0, 0))
        wanted = following.net_of_fee(following.exposure(claim, at).amount_minor, fee, kept)
        there = held.get(claim.hold_key, (0, ""))[0]
        if there < wanted:
            wrong[claim.id] = (claim.id, claim.currency, there, wanted)
    return wrong
