"""Reading what became of members' acts, payouts and readings in the demo, for their score."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from safeconduct.demo.account_scoring import AccountReport

_ACTS: Final = """
SELECT e.source_id, e.data ->> 'seller', d.action, d.fired, d.decided_at FROM decision d JOIN event e USING (moment)
WHERE d.policy = 'account-risk' AND d.kind = 'live' AND e.source = 'haihang'
"""
_PAYOUTS: Final = """
SELECT s.ref, p.at, p.amount_minor, p.currency FROM ledger_payout p JOIN seller s ON s.key = p.seller_key
WHERE p.returned_at IS NULL
"""
_STOPS: Final = """
SELECT s.ref, p.at, coalesce(p.ended_at, p.until) FROM payout_stop p JOIN seller s ON s.key = p.seller_key
WHERE p.reason = 'account_risk'
"""
_READINGS: Final = """
SELECT s.ref, r.at, r.seller_key IS NOT NULL, r.batch <> '', r.why FROM reading r JOIN seller s ON s.key = r.concerns
WHERE r.side = 'staff'
"""


def read_account_score(folder: Path, *, moved_days: int) -> AccountReport:
    """Compares what was decided about members' acts, and what followed, with what each act truly was."""
    from safeconduct.demo import read_truth
    from safeconduct.demo.account_scoring import Happened, JudgedAct, PaidOut, StaffReading, Stopped, score_accounts
    from safeconduct.demo.orders import CURRENCY
    from safeconduct.kernel.scope import query, staff_scope
    from safeconduct.protections.accounts.risk.acting import level_to_act
    from safeconduct.protections.accounts.risk.signals import Level

    with staff_scope():
        acts, payouts = query(_ACTS).fetchall(), query(_PAYOUTS).fetchall()
        stops, readings = query(_STOPS).fetchall(), query(_READINGS).fetchall()
    moved = timedelta(days=moved_days)
    judged = [
        JudgedAct(
            event, seller, max(level_to_act(action, fired), Level.STEP_UP if fired else Level.ALLOW), at - moved,
            tuple(fired),
        )
        for event, seller, action, fired, at in acts
    ]  # fmt: skip
    return score_accounts(
        read_truth(folder / "truth.jsonl"),
        Happened(
            judged,
            [PaidOut(seller, at - moved, minor) for seller, at, minor, currency in payouts if currency == CURRENCY],
            [Stopped(seller, at - moved, ended and ended - moved) for seller, at, ended in stops],
            [StaffReading(seller, at - moved, shown, case, why) for seller, at, shown, case, why in readings],
        ),
        CURRENCY,
    )
