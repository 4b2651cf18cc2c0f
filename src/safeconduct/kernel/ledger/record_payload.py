"""What the record commits to about money that is held, paid out or booked by hand: every column that never changes.

The seller is shown all of it but who did it. The public line says that something was held, released, paid or booked,
and never to whom or how much.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from safeconduct.kernel.record.commitments import stamp
from safeconduct.kernel.record.leaves import numbered
from safeconduct.kernel.record.subjects import Content, Subjects
from safeconduct.kernel.scope import query

HOLD: Final = "hold"
PAYOUT: Final = "payout"
PAYOUT_RETURNED: Final = "payout_returned"
BOOKING: Final = "booking"
#: How the keys of what people book begin; who booked it comes next.
BY_HAND: Final = "hand/"
#: Steps of holds are numbered by the database; in the record they stand under their number with this prefix.
STEP: Final = "hst_"


def _hold_steps(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT s.id, s.verb, s.at, s.amount_minor, s.release_at, s.actor, s.why, h.id, h.key, h.seller_key,"
        " h.order_key, h.currency, h.asked_minor, h.reason FROM ledger_hold_step s JOIN ledger_hold h"
        " ON h.id = s.hold_id WHERE s.id = ANY(%b::bigint[])",
        [numbered(STEP, subjects)],
    )
    return {
        f"{STEP}{step}": Content(
            {
                "step": verb, "at": stamp(at), "amount_minor": str(amount), "currency": currency, "why": why,
                "release_at": None if release_at is None else stamp(release_at), "hold": hold, "key": key,
                "seller": str(seller), "order": None if order is None else str(order), "asked_minor": str(asked),
                "reason": reason,
            },
            {"actor": actor},
            verb,
        )
        for step, verb, at, amount, release_at, actor, why, hold, key, seller, order, currency, asked, reason in rows
    }  # fmt: skip


def _payouts(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT id, run_key, seller_key, currency, amount_minor, made_good_minor, at FROM ledger_payout"
        " WHERE id = ANY(%b::text[])",
        [list(subjects)],
    )
    return {
        key: Content(
            {
                "payout": key, "run": run, "seller": str(seller), "currency": currency, "amount_minor": str(amount),
                "made_good_minor": str(made_good), "at": stamp(at),
            }
        )
        for key, run, seller, currency, amount, made_good, at in rows
    }  # fmt: skip


def _returned_payouts(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT id, returned_at, returned_why FROM ledger_payout"
        " WHERE id = ANY(%b::text[]) AND returned_at IS NOT NULL",
        [list(subjects)],
    )
    return {key: Content({"payout": key, "at": stamp(at), "why": why}) for key, at, why in rows}


def _bookings(subjects: Sequence[str]) -> dict[str, Content]:
    rows = query(
        "SELECT id, key, event, at, currency, seller_key, order_key, amounts, memo, reverses FROM ledger_transaction"
        " WHERE id = ANY(%b::text[])",
        [list(subjects)],
    )
    return {
        identity: Content(
            {
                "transaction": identity, "event": event, "at": stamp(at), "currency": currency,
                "seller": None if seller is None else str(seller), "order": None if order is None else str(order),
                "amounts": {name: str(minor) for name, minor in amounts.items()}, "why": memo, "reverses": reverses,
            },
            {"key": key},
            event,
        )
        for identity, key, event, at, currency, seller, order, amounts, memo, reverses in rows
    }  # fmt: skip


def _hold_step_ids(after: str | None, limit: int) -> list[str]:
    start = 0 if after is None else int(after.removeprefix(STEP))
    rows = query("SELECT id FROM ledger_hold_step WHERE id > %s ORDER BY id LIMIT %s", [start, limit])
    return [f"{STEP}{key}" for (key,) in rows]


def _payout_ids(after: str | None, limit: int) -> list[str]:
    rows = query("SELECT id FROM ledger_payout WHERE id > %s ORDER BY id LIMIT %s", [after or "", limit])
    return [key for (key,) in rows]


def _returned_ids(after: str | None, limit: int) -> list[str]:
    rows = query(
        "SELECT id FROM ledger_payout WHERE id > %s AND returned_at IS NOT NULL ORDER BY id LIMIT %s",
        [after or "", limit],
    )
    return [key for (key,) in rows]


def _booking_ids(after: str | None, limit: int) -> list[str]:
    rows = query(
        "SELECT id FROM ledger_transaction WHERE id > %s AND starts_with(key, %s) ORDER BY id LIMIT %s",
        [after or "", BY_HAND, limit],
    )
    return [key for (key,) in rows]


BOOKINGS: Final = Subjects(_bookings, _booking_ids)
HOLDS: Final = Subjects(_hold_steps, _hold_step_ids)
PAYOUTS: Final = Subjects(_payouts, _payout_ids)
RETURNED_PAYOUTS: Final = Subjects(_returned_payouts, _returned_ids)
