"""What time alone does to money: what is released by date, and payouts. Each call opens scopes of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.conf import settings

from safeconduct.kernel.claims.whole import paid_for_now
from safeconduct.kernel.ledger import actions as ledger
from safeconduct.kernel.ledger import payout_accounts
from safeconduct.kernel.ledger.entries import PayoutOutcome, PayoutRun
from safeconduct.kernel.ledger.payouts import PayoutReturn
from safeconduct.kernel.ledger.telling import tell_of_holds
from safeconduct.kernel.scope import engine_scope, query
from safeconduct.presets.numbers import Payouts, preset
from safeconduct.protections.transactions.gathering import lock
from safeconduct.protections.transactions.money import acting, telling

#: How much is released in one transaction, and how many transactions one call may be.
_AT_ONCE: Final = 500
_ROUNDS: Final = 40


def release(now: datetime, *, replay: bool = False) -> int:
    """Makes pending money available whose date has come, and ends holds whose date has; returns how many of both."""
    done = 0
    for _ in range(_ROUNDS):
        with engine_scope():
            rows = query(
                "SELECT key, order_key FROM ledger_hold WHERE ended_at IS NULL AND release_at <= %s"
                " ORDER BY release_at, id LIMIT %s",
                [now, _AT_ONCE],
            ).fetchall()
            # The fund pays for now only as long as the seller's money is held for the bank.
            advanced = sorted({order for order, _ in paid_for_now([order for _, order in rows if order is not None])})
            if advanced:
                lock(advanced)
            moved = ledger.release_due(now, _AT_ONCE)
            tell_of_holds([key for key, _ in rows], (), now, replay=replay)
            if advanced:
                acting.settle(set(advanced), now, quiet=replay)
        done += moved
        if moved < _AT_ONCE:
            break
    return done


def run_payouts(now: datetime, *, key: str | None = None, replay: bool = False) -> PayoutRun:
    """Pays all sellers what is available by now, and tells them (``replay``: in the inbox only). What is held is not
    available.

    ``key``: makes the run happen once; None: the run of the schedule that was due last. Going on after a crash pays
    nobody twice.
    """
    rules = schedule(now)
    run_key = key or scheduled_key(rules, now)
    outcomes: list[PayoutOutcome] = []
    after: int | None = None
    while True:
        with engine_scope():
            run = ledger.pay_out(
                None, now, run_key=run_key, minimums=rules.minimums, after=after, limit=_AT_ONCE
            )  # fmt: skip
            telling.tell_of_payouts(run, replay=replay)
        outcomes += run.outcomes
        if run.next_after is None:
            return PayoutRun(run_key, now, tuple(outcomes))
        after = run.next_after


def ripen_accounts(now: datetime) -> int:
    """Makes new payout accounts active that have aged; returns how many moved."""
    with engine_scope():
        return payout_accounts.ripen(now)


def take_back(returns: Sequence[PayoutReturn], at: datetime) -> list[str]:
    """Books payouts that banks sent back, and tells the sellers; returns those that were not known as returned."""
    with engine_scope():
        done = ledger.payout_returned(returns, at)
        telling.tell_of_returns(done, at)
    return done


def schedule(now: datetime) -> Payouts:
    """When sellers are paid, by the preset's numbers of the day."""
    return preset(settings.PRESET).on(now.date()).payouts


def scheduled_key(rules: Payouts, now: datetime) -> str:
    """The key of the scheduled run that was due last."""
    return f"payouts:{rules.due(now).isoformat()}"
