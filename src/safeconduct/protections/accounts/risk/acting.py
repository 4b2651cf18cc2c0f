"""What follows of decisions about sensitive acts, in their transaction: payouts of the seller wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from safeconduct.foundation.moments import moment_time
from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions.reactions import Decided
from safeconduct.kernel.ledger import payout_accounts
from safeconduct.protections.accounts.risk.judging import POLICY, ActKind
from safeconduct.protections.accounts.risk.signals import Level, level_of

#: Security research of 2026-11-23, 2.3: A3 holds payouts for 72 hours, after a recovery for 7 days.
HOLD: Final = timedelta(hours=72)
HOLD_AFTER_RECOVERY: Final = timedelta(days=7)
#: A changed payout account ages, and money goes on to the old one meanwhile: that is its hold.
_AGES: Final = "payout_account_changes"
#: What it locks is the session, which has ended (2.3: "A4 session"); whoever held it reached no payout yet.
_SESSION: Final = "session_off_its_device"


def level_to_act(action: str, fired: Sequence[str]) -> Level:
    """What follows for a seller's payouts. A payout account that changes, and nothing else, stops none of them; a
    session that was used outside its browser, and nothing else, has them wait and no more."""
    others = [rule for rule in fired if rule != _AGES]
    if others == [_SESSION]:
        return Level.HOLD
    return level_of(Action(action), others) if others else Level.ALLOW


def act(rows: Sequence[Mapping[str, Any]], made: Sequence[Decided], at: datetime | None) -> None:
    """Stops payouts after decisions of level *hold*, and without end after those of level *lock*."""
    mine = [d for d in made if d.policy == POLICY and d.seller_key is not None]
    acts = {row["moment"]: row["act"] for row in rows if "act" in row}
    for decision in sorted(mine, key=lambda d: (d.seller_key, d.moment)):
        fired = [line["rule"] for line in decision.reasons.get("statement", ())]
        level = level_to_act(decision.action, fired)
        if level < Level.HOLD:
            continue
        assert decision.seller_key is not None
        when = moment_time(decision.moment) if at is None else at
        recovers = acts.get(decision.moment) == ActKind.RECOVERY
        # Each sign-in of the days after a recovery says so again: that must not put the end off.
        if level < Level.LOCK and not recovers and payout_accounts.stops([decision.seller_key], when):
            continue
        held = HOLD_AFTER_RECOVERY if "recovered_lately" in fired else HOLD
        until = None if level >= Level.LOCK else when + held
        payout_accounts.stop(decision.seller_key, "account_risk", at=when, until=until, replay=at is None)
