"""What follows of decisions about sensitive acts, in their transaction: payouts of the seller wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from safeconduct.foundation.moments import moment_time
from safeconduct.foundation.policy.nodes import Action
from safeconduct.kernel.decisions.reactions import Decided
from safeconduct.kernel.ledger import payout_accounts, payout_reading
from safeconduct.protections.accounts.risk.judging import POLICY, ActKind
from safeconduct.protections.accounts.risk.signals import SIGNALS, Level, level_of

#: A proposal of ours, 2026-11-23: level 3 holds payouts for 72 hours, after a recovery for 7 days.
HOLD: Final = timedelta(hours=72)
HOLD_AFTER_RECOVERY: Final = timedelta(days=7)
#: A changed payout account ages, and money goes on to the old one meanwhile: that is its hold.
_AGES: Final = "payout_account_changes"
#: What it locks is the session, which has ended; whoever held it reached no payout yet.
_SESSION: Final = "session_off_its_device"
_RECOVERED: Final = "recovered_lately"
_REASON: Final = "account_risk"
#: Whoever tries again and again must not fill mailboxes with stops: one an hour at most.
_AT_MOST_EVERY: Final = timedelta(hours=1)


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
        until = _until(decision.seller_key, level, fired, when, recovers=recovers)
        if until is None or until > when:
            payout_accounts.stop(decision.seller_key, _REASON, at=when, until=until, replay=at is None)


def _until(seller_key: int, level: Level, fired: Sequence[str], when: datetime, *, recovers: bool) -> datetime | None:
    """Until when a seller's payouts are to be stopped; None: until two people end it. The time itself where the stops
    in force say all of it: each sign-in of the days after a recovery repeats it, and must not put the end off."""
    running = payout_reading.stops_of(seller_key, when)
    if level >= Level.LOCK:
        return when if any(one.until is None and one.reason == _REASON for one in running) else None
    if recovers or not running:
        return when + (HOLD_AFTER_RECOVERY if _RECOVERED in fired else HOLD)
    more = [rule for rule in fired if rule not in (_RECOVERED, _AGES)]
    if not any(SIGNALS.get(rule, ("", Level.HOLD))[1] >= Level.HOLD for rule in more):
        return when
    enough = when + HOLD
    lasting = any(one.until is None or one.until >= enough - _AT_MOST_EVERY for one in running)
    return when if lasting else enough
